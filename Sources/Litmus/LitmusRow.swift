import EPTTLB
import Tables

/// A litmus test: a program, the rule it is about, and what may come of it.
public struct LitmusRow: Sendable {
  /// Whether the software of a pair omits what the rule says, or does it.
  public enum Form: String, Sendable {
    /// It omits it.
    case wrong
    /// It does it.
    case right
  }

  /// The program's name.
  public let name: String
  /// The rule, as docs/TLB-RULES.md names it.
  public let rule: String
  /// The mistake of the field that the pair shows.
  public let pattern: String?
  /// Processors of its machine.
  public let processors: Int
  /// Whether a stale memory type counts: the word `type-stale` or `type-fresh` follows the program's own.
  public let watchesType: Bool
  /// Outcomes that the architecture allows.
  public let allowed: [OutcomePattern]
  /// Outcomes that it forbids.
  public let forbidden: [OutcomePattern]
  /// What policies that keep mappings must show: `retain`, the parts, and `speculate` unless it has its own.
  public let keeps: OutcomePattern?
  /// What `speculate` must show.
  public let speculates: OutcomePattern?
  /// What `flush` must show.
  public let flushes: OutcomePattern?
  /// What the program does.
  public let title: String

  /// Which form of a pair it is; the name says it.
  public var form: Form? {
    name.split(separator: "-").last.flatMap { Form(rawValue: String($0)) }
  }

  /// The name of the pair.
  public var pair: String? { form.map { String(name.dropLast($0.rawValue.count + 1)) } }

  /// What a policy must show; nil when anything that is allowed will do.
  public func required(of policy: RetentionPolicy) -> OutcomePattern? {
    switch policy {
    case .retain, .part: keeps
    case .speculate: speculates ?? keeps
    case .flush: flushes
    case .random: nil
    }
  }

  /// What is wrong with an outcome under a policy, each in a line.
  public func problems(of outcome: String, under policy: RetentionPolicy) -> [String] {
    var problems: [String] = []
    if forbidden.contains(where: { $0.matches(outcome) }) {
      problems.append("'\(outcome)' is forbidden")
    } else if !allowed.contains(where: { $0.matches(outcome) }) {
      problems.append("'\(outcome)' is nothing that is allowed")
    }
    if let required = required(of: policy), !required.matches(outcome) {
      problems.append("'\(required)' is required, it was '\(outcome)'")
    }
    return problems
  }

  /// Every row.
  ///
  /// - Throws: `TableError` when the built-in table is wrong; a test reads it.
  public static func all() throws(TableError) -> [LitmusRow] {
    var rows: [LitmusRow] = []
    for row in try Table("litmus", LitmusTable.text).rows { rows.append(try LitmusRow(row)) }
    return rows
  }

  private init(_ row: Table.Row) throws(TableError) {
    name = row["name"]
    rule = row["rule"]
    pattern = row["pattern"].isEmpty ? nil : row["pattern"]
    guard let processors = Int(row["cpus"].prefix(1)), (1...2).contains(processors) else {
      throw row.error("cpus", "'\(row["cpus"])' is not 1 or 2")
    }
    self.processors = processors
    watchesType = row["cpus"].hasSuffix("t")
    allowed = try LitmusRow.patterns(row, "allowed")
    forbidden = try LitmusRow.patterns(row, "forbidden")
    keeps = try LitmusRow.patterns(row, "keeps").first
    speculates = try LitmusRow.patterns(row, "speculates").first
    flushes = try LitmusRow.patterns(row, "flushes").first
    title = row["title"]
    guard !rule.isEmpty else { throw row.error("rule", "is empty") }
    guard !allowed.isEmpty else { throw row.error("allowed", "is empty") }
    guard !title.isEmpty else { throw row.error("title", "is empty") }
  }

  private static func patterns(_ row: Table.Row, _ column: String) throws(TableError) -> [OutcomePattern] {
    var patterns: [OutcomePattern] = []
    for text in row[column].split(separator: ",") {
      guard let pattern = OutcomePattern(String(text.trimmingPrefix(" "))) else {
        throw row.error(column, "'\(text)' is no pattern")
      }
      patterns.append(pattern)
    }
    return patterns
  }
}

/// A rule that no program can show yet.
public struct LitmusGap: Sendable {
  /// The rule, as docs/TLB-RULES.md names it.
  public let rule: String
  /// Why.
  public let reason: String

  /// Every one.
  ///
  /// - Throws: `TableError` when the built-in table is wrong; a test reads it.
  public static func all() throws(TableError) -> [LitmusGap] {
    try Table("litmus gaps", LitmusTable.gaps).rows.map { LitmusGap(rule: $0["rule"], reason: $0["reason"]) }
  }
}
