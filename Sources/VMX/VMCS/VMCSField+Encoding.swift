import Tables

/// What a field's encoding says of it (SDM Vol. 3, "Structure of VMCS Component Encoding").
public struct VMCSFieldDescription: Sendable {
  /// Bits 14:13 of an encoding.
  public enum Width: UInt32, Sendable {
    /// The manual's widths; natural is 64 bits on processors that support Intel 64 architecture.
    case word, quadword, doubleword, natural
  }

  /// Bits 11:10 of an encoding.
  public enum Kind: UInt32, Sendable {
    /// VM-execution, VM-exit or VM-entry control; VM-exit information, which is read-only; guest state; host state.
    case control, exitInformation, guestState, hostState
  }

  /// The field.
  public let field: VMCSField
  /// Encoding with access type "full".
  public let encoding: UInt32
  /// The manual's name.
  public let title: String
  /// The control that must be allowed to be 1, as `set:control`; empty: the field is always there.
  public let condition: String

  /// How wide it is.
  public var width: Width { Width(rawValue: encoding >> 13 & 3) ?? .natural }
  /// What it is for.
  public var kind: Kind { Kind(rawValue: encoding >> 10 & 3) ?? .control }
  /// Bits that a write keeps.
  public var mask: UInt64 {
    switch width {
    case .word: 0xFFFF
    case .doubleword: 0xFFFF_FFFF
    case .quadword, .natural: .max
    }
  }
}

/// `VMCSFieldTable`, read: descriptions by field, and fields by encoding.
public struct VMCSFields: Sendable {
  /// By the field's raw value.
  public let descriptions: [VMCSFieldDescription]
  /// By width, kind and index: the field's raw value, or 255.
  private let byEncoding: [UInt8]

  /// The table, read once.
  public static let all: VMCSFields = {
    do { return try VMCSFields() } catch { return VMCSFields(empty: ()) }
  }()

  private init(empty: ()) { (descriptions, byEncoding) = ([], []) }

  /// Reads the table.
  ///
  /// - Throws: `TableError` for a row that is not what `VMCSField` has at its place.
  public init() throws {
    var descriptions: [VMCSFieldDescription] = []
    var byEncoding = [UInt8](repeating: 255, count: 1024)
    let rows = try Table("VMCS fields", VMCSFieldTable.text).rows
    for (field, row) in zip(VMCSField.allCases, rows) {
      guard row["name"] == String(describing: field) else { throw row.error("name", "is not the field \(field)") }
      guard let encoding = UInt32(row["encoding"], radix: 16), encoding & 1 == 0,
        let place = VMCSFields.place(encoding), byEncoding[place] == 255
      else { throw row.error("encoding", "is no encoding of its own") }
      byEncoding[place] = field.rawValue
      descriptions.append(
        VMCSFieldDescription(field: field, encoding: encoding, title: row["title"], condition: row["exists with"]))
    }
    guard rows.count == VMCSField.allCases.count else {
      throw TableError(table: "VMCS fields", line: 0, column: "name", problem: "has \(rows.count) rows")
    }
    (self.descriptions, self.byEncoding) = (descriptions, byEncoding)
  }

  /// A field's description.
  public subscript(field: VMCSField) -> VMCSFieldDescription { descriptions[Int(field.rawValue)] }

  /// The field of an encoding, whatever its access type; nil: there is none.
  public func field(_ encoding: UInt32) -> VMCSField? {
    guard let place = VMCSFields.place(encoding & ~1), place < byEncoding.count else { return nil }
    return VMCSField(rawValue: byEncoding[place])
  }

  /// Where an encoding stands among all that there may be: 0 to 1023.
  static func place(_ encoding: UInt32) -> Int? {
    let index = encoding >> 1 & 0x1FF
    guard encoding & ~0x6FFE == 0, index < 64 else { return nil }
    let group = (encoding >> 13 & 3) << 2 | encoding >> 10 & 3
    return Int(group << 6 | index)
  }
}
