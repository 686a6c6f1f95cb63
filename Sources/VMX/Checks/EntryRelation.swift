import Tables

/// The words of column `relation` in the tables of checks and conditions.
public enum EntryRelation: String, Sendable {
  /// Bits that must be 0, or 1: `7`, `11:0`, names of `EntryConstants`, joined by `+`; `!` before a name, its complement.
  case clear, set
  /// The operand is a number; is not; is at most a number.
  case `is`, differs, atMost
  /// The operand is one of some numbers below 64, or one whose bit is set in a constant.
  case `in`
  /// The word is a canonical address, of as many bits as the processor has, 48, or 57.
  case canonical, canonical48, canonical57
  /// The bits above a canonical address's are equal.
  case uniform
  /// Every byte is a memory type of the PAT.
  case patTypes
  /// The operand equals another one; is sixteen times it; is not above it; if it is not 0, the other is all ones.
  case sameAs, sixteenTimes, notAbove, implies
  /// The operand is the address of an MSR area whose count is the other, and the area ends below 2^MAXPHYADDR.
  case area
  /// Every one of some conditions holds; some one does.
  case holds, any
  /// A predicate of `EntryPredicate` holds.
  case check
}

/// An operand of a check: a word, and which bits of it.
public struct EntryOperand: Hashable, Sendable {
  /// The field; nil for what an MSR-load area's entry has.
  public let field: VMCSField?
  /// The number of the word.
  public let word: UInt8
  /// The lowest and the highest bit.
  public let low, high: UInt8

  /// The bits' mask, shifted down.
  public var mask: UInt64 { UInt64.max >> UInt64(63 - (high - low)) }
  /// Whether it is a whole word.
  public var isWhole: Bool { low == 0 && high == 63 }

  /// An entry of an MSR-load area as words: its name in the table, by number.
  static let areaEntry = ["msr.index", "msr.reserved", "msr.faults"]

  /// `FIELD`, `FIELD[7]` or `FIELD[7:0]`.
  package init?(_ text: String) {
    let parts = text.split(separator: "[")
    guard let name = parts.first, parts.count <= 2 else { return nil }
    if let word = EntryOperand.areaEntry.firstIndex(of: String(name)) {
      (field, self.word) = (nil, UInt8(word))
    } else if let field = VMCSField.named(String(name)) {
      (self.field, word) = (field, field.rawValue)
    } else {
      return nil
    }
    guard parts.count == 2 else {
      (low, high) = (0, 63)
      return
    }
    let bits = parts[1].dropLast().split(separator: ":").compactMap { UInt8($0) }
    guard parts[1].hasSuffix("]"), let high = bits.first, let low = bits.last, low <= high, high < 64 else {
      return nil
    }
    (self.low, self.high) = (low, high)
  }

  /// What a person reads.
  var title: String {
    let name = field.map { VMCSFields.all[$0].title } ?? EntryOperand.areaEntry[Int(word)]
    return isWhole ? name : low == high ? "\(name) bit \(low)" : "\(name) bits \(high):\(low)"
  }
}

extension VMCSField {
  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { (String(describing: $0), $0) })

  /// The field of a name in the tables.
  static func named(_ name: String) -> VMCSField? { byName[name] }
}

/// A row of the table of checks or of conditions, read, with `{}` replaced.
public struct EntryRow: Sendable {
  /// Its name.
  public let name: String
  /// Conditions that must hold, and those that must not.
  public let when: [(name: String, isTrue: Bool)]
  /// The operand; nil where the relation is one of conditions.
  public let operand: EntryOperand?
  /// What must hold.
  public let relation: EntryRelation
  /// With what.
  public let value: String
  /// How a test makes it fail; empty where that follows from the row.
  public let violation: String
  /// Where it stands, for messages.
  let row: Table.Row

  /// Reads a row, or as many as column `for` has words.
  static func read(_ row: Table.Row, guardedBy column: String) throws(TableError) -> [EntryRow] {
    let words = row["for"].isEmpty ? [""] : row["for"].split(separator: ",").map(String.init)
    var rows: [EntryRow] = []
    for word in words { rows.append(try EntryRow(row, column, word)) }
    return rows
  }

  private init(_ row: Table.Row, _ column: String, _ word: String) throws(TableError) {
    func cell(_ column: String) -> String { row[column].filled("{}", with: word) }
    self.row = row
    name = cell("name")
    when = EntryRow.conditions(cell(column))
    guard let relation = EntryRelation(rawValue: cell("relation")) else {
      throw row.error("relation", "'\(row["relation"])' is unknown")
    }
    self.relation = relation
    operand = EntryOperand(cell("field"))
    guard operand != nil || cell("field").isEmpty else { throw row.error("field", "'\(cell("field"))' is no field") }
    value = cell("value")
    violation = cell("violated by")
  }

  /// A list of conditions, `!` before one that must not hold.
  package static func conditions(_ text: String) -> [(name: String, isTrue: Bool)] {
    text.split(separator: ",").map { $0.hasPrefix("!") ? (String($0.dropFirst()), false) : (String($0), true) }
  }
}
