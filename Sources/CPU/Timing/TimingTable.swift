import Tables

/// What things cost in cycles, by timing class; each figure with its source.
public struct TimingTable: Sendable {
  /// Its name on the command line.
  public let name: String
  let cycles: [String: UInt64]

  /// Cycles of a class; classes the table does not name cost what `simple` does.
  public subscript(timingClass: String) -> UInt64 { cycles[timingClass] ?? cycles["simple"] ?? 1 }

  /// One structure read of a page walk.
  public var walkReference: UInt64 { self["walk"] }
  /// One iteration of a repeated string instruction.
  public var iteration: UInt64 { self["iteration"] }
  /// Delivery of an exception or interrupt.
  public var delivery: UInt64 { self["delivery"] }

  /// The table of a name: `unit`.
  public static func named(_ name: String) throws -> TimingTable {
    guard name == "unit" else {
      throw TableError(table: "timing", line: 0, column: "", problem: "timing '\(name)' is not built yet; 'unit' is")
    }
    return try TimingTable(name: "unit", unit)
  }

  init(name: String, _ text: StaticString) throws {
    self.name = name
    var cycles: [String: UInt64] = [:]
    for row in try Table("timing \(name)", text).rows {
      guard let value = UInt64(row["cycles"]), (1...1000).contains(value) else {
        throw row.error("cycles", "'\(row["cycles"])' is not 1 to 1000")
      }
      cycles[row["class"]] = value
    }
    self.cycles = cycles
  }

  /// Everything costs 1: clocks count instructions, walk references and iterations.
  static let unit: StaticString = """
    class      cycles  source
    simple     1       by definition
    multiply   1       by definition
    divide     1       by definition
    branch     1       by definition
    port       1       by definition
    invlpg     1       by definition
    control    1       by definition
    iteration  1       by definition
    walk       1       by definition
    delivery   1       by definition
    """
}
