import Silicon

/// What a campaign against Unicorn found.
public struct UnicornReport: Sendable {
  /// Cases that were run on both sides and compared.
  public internal(set) var compared = 0
  /// Of these, cases that end with an exception or a software interrupt on ours.
  public internal(set) var events = 0
  /// Of these, by mode and privilege.
  public internal(set) var byMode: [String: Int] = [:]
  /// Differences that no row explains.
  public internal(set) var mismatchCount = 0
  /// How often each group of them was seen.
  public internal(set) var groups: [String: Int] = [:]
  /// The first of each group, line by line.
  public internal(set) var mismatches: [[String]] = []
  /// Differences that a row explains, by its name.
  public internal(set) var explained: [String: Int] = [:]
  /// Cases not compared, by reason.
  public internal(set) var skipped: [String: Int] = [:]
  /// Rows of the opcode table that are not run.
  public internal(set) var skippedRows: [SkippedRow] = []
}
