import Tables

/// The TLBs and paging-structure caches of a real part: arrays of sets and ways.
public struct TLBPart: Equatable, Sendable {
  /// What an array holds.
  public enum Role: String, Sendable, CaseIterable {
    /// First-level translations of fetches.
    case instruction
    /// First-level translations of data accesses.
    case data
    /// Second-level translations of both.
    case second
    /// Paging-structure-cache entries.
    case structure
    /// Guest-physical translations.
    case nested
  }

  /// An array.
  public struct Array: Equatable, Sendable {
    /// What it holds.
    public var role: Role
    /// Address bits below the pages or prefixes it holds.
    public var shifts: [UInt8]
    /// Entries.
    public var entries: Int
    /// Entries of a set.
    public var ways: Int

    /// An array.
    public init(role: Role, shifts: [UInt8], entries: Int, ways: Int) {
      self.role = role
      self.shifts = shifts
      self.entries = entries
      self.ways = ways
    }
  }

  /// The part's name on the command line.
  public let name: String
  /// Its arrays.
  public let arrays: [Array]

  /// Every part.
  public static let names = ["sandybridge", "haswell", "skylake", "icelake"]

  // Geometry as in CPUID leaves 2 and 18h and the tables of the Intel 64 and IA-32 Architectures Optimization Reference
  // Manual. Where a part has no array of a size, its pages share the one named here, which is an estimate, as are all
  // sizes of paging-structure caches: none is published.
  private static let table: StaticString = """
    part         role         shifts       entries  ways  source
    sandybridge  instruction  12           128      4     Optimization Manual, "Sandy Bridge", ITLB
    sandybridge  instruction  21,22,30     8        8     CPUID leaf 2, descriptor 76h; 1-GByte pages share it: estimate
    sandybridge  data         12           64       4     CPUID leaf 2, descriptor 03h
    sandybridge  data         21,22,30     32       4     CPUID leaf 2, descriptor 5Ah; 1-GByte pages share it: estimate
    sandybridge  second       12           512      4     CPUID leaf 2, descriptor CAh
    sandybridge  structure    21,22        32       4     estimate
    sandybridge  structure    30           4        4     estimate
    sandybridge  structure    39,48        4        4     estimate
    sandybridge  nested       12,21,30     64       4     estimate
    haswell      instruction  12           64       8     CPUID leaf 2, descriptor B5h
    haswell      instruction  21,22,30     8        8     CPUID leaf 2, descriptor 76h; 1-GByte pages share it: estimate
    haswell      data         12           64       4     CPUID leaf 2, descriptor 03h
    haswell      data         21,22        32       4     CPUID leaf 2, descriptor 63h
    haswell      data         30           4        4     CPUID leaf 2, descriptor 63h
    haswell      second       12,21,22     1024     8     CPUID leaf 2, descriptor C1h
    haswell      structure    21,22        32       4     estimate
    haswell      structure    30           4        4     estimate
    haswell      structure    39,48        4        4     estimate
    haswell      nested       12,21,30     64       4     estimate
    skylake      instruction  12           64       8     CPUID leaf 2, descriptor B5h
    skylake      instruction  21,22,30     8        8     CPUID leaf 2, descriptor 76h; 1-GByte pages share it: estimate
    skylake      data         12           64       4     CPUID leaf 2, descriptor 03h
    skylake      data         21,22        32       4     CPUID leaf 2, descriptor 63h
    skylake      data         30           4        4     CPUID leaf 2, descriptor 63h
    skylake      second       12,21,22     1536     6     CPUID leaf 2, descriptor C3h
    skylake      second       30           16       4     CPUID leaf 2, descriptor C3h
    skylake      structure    21,22        32       4     estimate
    skylake      structure    30           4        4     estimate
    skylake      structure    39,48        4        4     estimate
    skylake      nested       12,21,30     64       4     estimate
    icelake      instruction  12           128      8     Optimization Manual, "Ice Lake Client", ITLB
    icelake      instruction  21,22,30     16       16    Optimization Manual, "Ice Lake Client"; 1-GByte pages share it: estimate
    icelake      data         12           64       4     CPUID leaf 18h: loads; stores have 16 more, which are not modelled
    icelake      data         21,22        32       4     CPUID leaf 18h
    icelake      data         30           8        8     CPUID leaf 18h
    icelake      second       12,21,22     1024     8     CPUID leaf 18h
    icelake      second       30           1024     8     CPUID leaf 18h; 4-KByte pages in it are not modelled
    icelake      structure    21,22        32       4     estimate
    icelake      structure    30           4        4     estimate
    icelake      structure    39,48        4        4     estimate
    icelake      nested       12,21,30     64       4     estimate
    """

  /// The part of a name; nil when there is none.
  ///
  /// - Throws: `TableError` when the built-in table is wrong; a test reads all of it.
  public static func named(_ name: String) throws(TableError) -> TLBPart? {
    guard names.contains(name) else { return nil }
    var arrays: [Array] = []
    for row in try Table("TLB parts", table).rows where row["part"] == name {
      guard let role = Role(rawValue: row["role"]) else { throw row.error("role", "'\(row["role"])' is none") }
      let shifts = row["shifts"].split(separator: ",").compactMap { UInt8($0) }
      guard !shifts.isEmpty, shifts.allSatisfy({ (12...48).contains($0) }) else {
        throw row.error("shifts", "'\(row["shifts"])' are none")
      }
      guard let entries = Int(row["entries"]), let ways = Int(row["ways"]), ways > 1, entries >= ways,
        entries.isMultiple(of: ways)
      else { throw row.error("entries", "are not sets of two ways or more") }
      guard !row["source"].isEmpty else { throw row.error("source", "is empty: a figure without one is an estimate") }
      arrays.append(Array(role: role, shifts: shifts, entries: entries, ways: ways))
    }
    return TLBPart(name: name, arrays: arrays)
  }

  /// A part of one's own, for tests.
  public init(name: String, arrays: [Array]) {
    self.name = name
    self.arrays = arrays
  }
}
