import Tables

/// What things cost in cycles, by timing class; each figure with its source.
public struct TimingTable: Sendable {
  /// Its name on the command line.
  public let name: String
  /// Every class it names, in its order.
  public let classes: [String]
  private let cycles: [String: UInt64]

  /// Cycles of a class; classes the table does not name cost what `simple` does.
  public subscript(timingClass: String) -> UInt64 { TimingTable.cycles(of: timingClass, cycles) }

  private static func cycles(of timingClass: String, _ cycles: [String: UInt64]) -> UInt64 {
    cycles[timingClass] ?? cycles["simple"] ?? 1
  }

  /// One structure read of a page walk.
  public let walkReference: UInt64
  /// A translation found in the second level of a part's TLB.
  public let secondLevel: UInt64
  /// One iteration of a repeated string instruction.
  public let iteration: UInt64
  /// Delivery of an exception or interrupt.
  public let delivery: UInt64

  /// Every table's name.
  public static let names = ["unit", "core2", "sandybridge", "haswell", "skylake"]

  /// The table of a name; nil when there is none.
  ///
  /// - Throws: `TableError` when the built-in table is wrong; a test reads all of them.
  public static func named(_ name: String) throws -> TimingTable? {
    guard let text = TimingFigures.text(name) else { return nil }
    return try TimingTable(name: name, text)
  }

  private init(name: String, _ text: StaticString) throws {
    self.name = name
    var cycles: [String: UInt64] = [:]
    var classes: [String] = []
    for row in try Table("timing \(name)", text).rows {
      guard let value = UInt64(row["cycles"]), (1...1000).contains(value) else {
        throw row.error("cycles", "'\(row["cycles"])' is not 1 to 1000")
      }
      guard !row["source"].isEmpty else {
        throw row.error("source", "is empty: a figure without a source is an estimate")
      }
      guard cycles.updateValue(value, forKey: row["class"]) == nil else { throw row.error("class", "is there twice") }
      classes.append(row["class"])
    }
    self.cycles = cycles
    walkReference = TimingTable.cycles(of: "walk", cycles)
    secondLevel = TimingTable.cycles(of: "stlb", cycles)
    iteration = TimingTable.cycles(of: "iteration", cycles)
    delivery = TimingTable.cycles(of: "delivery", cycles)
    self.classes = classes
  }
}
