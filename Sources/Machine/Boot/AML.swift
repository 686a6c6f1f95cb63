/// Terms of ACPI Machine Language, as their bytes (ACPI Specification 5.0, "ACPI Machine Language (AML) Specification"). They are
/// named as in ACPI Source Language; a term is written as one writes it there.
enum AML {
  /// A term, encoded.
  typealias Term = [UInt8]

  // MARK: Names and data

  /// A name: segments of four characters behind dots, from the root behind `\`.
  static func path(_ text: String) -> Term {
    let isRooted = text.hasPrefix("\\")
    let segments = (isRooted ? text.dropFirst() : text[...]).split(separator: ".").map { segment in
      Array(segment.utf8.prefix(4)) + [UInt8](repeating: 0x5F, count: max(0, 4 - segment.utf8.count))
    }
    let prefix: Term
    switch segments.count {
    case 1: prefix = []
    case 2: prefix = [0x2E]
    default: prefix = [0x2F, UInt8(truncatingIfNeeded: segments.count)]
    }
    return (isRooted ? [0x5C] : []) + prefix + segments.joined()
  }

  /// An integer, as short as it can be.
  static func integer(_ value: UInt32) -> Term {
    switch value {
    case 0, 1: [UInt8(truncatingIfNeeded: value)]
    case ...0xFF: [0x0A] + little(value, 1)
    case ...0xFFFF: [0x0B] + little(value, 2)
    default: [0x0C] + little(value, 4)
    }
  }

  /// `EisaId`: three letters in five bits each, and four hexadecimal digits.
  static func eisaID(_ text: String) -> Term {
    let letters = text.utf8.prefix(3).reduce(UInt32(0)) { $0 << 5 | UInt32($1 & 0x1F) }
    let digits = UInt32(text.dropFirst(3), radix: 16) ?? 0
    return [0x0C] + little((letters << 16 | digits).byteSwapped, 4)
  }

  /// `Buffer`.
  static func buffer(_ bytes: [UInt8]) -> Term { [0x11] + packaged(integer(UInt32(bytes.count)) + bytes) }

  /// `Package`.
  static func package(_ elements: [Term]) -> Term {
    [0x12] + packaged([UInt8(truncatingIfNeeded: elements.count)] + elements.joined())
  }

  // MARK: Objects

  /// `Name`.
  static func name(_ name: String, _ value: Term) -> Term { [0x08] + path(name) + value }

  /// `Scope`.
  static func scope(_ name: String, _ body: Term...) -> Term { [0x10] + packaged(path(name) + body.joined()) }

  /// `Device`.
  static func device(_ name: String, _ body: Term...) -> Term { [0x5B, 0x82] + packaged(path(name) + body.joined()) }

  /// `Method`, not serialized.
  static func method(_ name: String, arguments: UInt8 = 0, _ body: Term...) -> Term {
    [0x14] + packaged(path(name) + [arguments] + body.joined())
  }

  /// `OperationRegion` in PCI configuration space.
  static func configurationRegion(_ name: String, offset: UInt32, bytes: UInt32) -> Term {
    [0x5B, 0x80] + path(name) + [0x02] + integer(offset) + integer(bytes)
  }

  /// `Field` of bytes, one behind the other: ByteAcc, NoLock, Preserve.
  static func byteField(of region: String, _ names: [String]) -> Term {
    [0x5B, 0x81] + packaged(path(region) + [0x01] + names.flatMap { path($0) + [8] })
  }

  // MARK: Statements and expressions

  /// `Arg0` and `Local0`.
  static let argument0: Term = [0x68]
  static let local0: Term = [0x60]

  /// `If`.
  static func `if`(_ condition: Term, _ body: Term...) -> Term { [0xA0] + packaged(condition + body.joined()) }

  /// `Return`.
  static func `return`(_ value: Term) -> Term { [0xA4] + value }

  /// `Store`.
  static func store(_ value: Term, _ target: Term) -> Term { [0x70] + value + target }

  /// `And` and `Or`, whose result is stored nowhere unless a target is given.
  static func and(_ one: Term, _ other: Term, _ target: Term = [0]) -> Term { [0x7B] + one + other + target }
  static func or(_ one: Term, _ other: Term, _ target: Term = [0]) -> Term { [0x7D] + one + other + target }

  /// `LNot`.
  static func not(_ value: Term) -> Term { [0x92] + value }

  /// `Index`: a reference to an element.
  static func index(_ object: Term, _ number: UInt32) -> Term { [0x88] + object + integer(number) + [0] }

  /// `DerefOf`.
  static func dereference(_ reference: Term) -> Term { [0x83] + reference }

  // MARK: Encoding

  private static func little(_ value: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
  }

  /// "Package Length Encoding": bytes behind their length, which counts itself.
  static func packaged(_ bytes: [UInt8]) -> Term {
    if bytes.count + 1 < 0x40 { return [UInt8(bytes.count + 1)] + bytes }
    let following = bytes.count + 2 < 0x1000 ? 1 : bytes.count + 3 < 0x10_0000 ? 2 : 3
    let length = UInt32(truncatingIfNeeded: bytes.count + 1 + following)
    return [UInt8(following) << 6 | UInt8(length & 0xF)] + little(length >> 4, following) + bytes
  }
}

/// Descriptors of resources (ACPI Specification 5.0, "Resource Data Types for ACPI").
enum AMLResource {
  /// What a bus passes on or a device takes.
  enum Kind: UInt8 {
    case memory = 0
    case io = 1
    case busNumber = 2
  }

  /// `WordBusNumber`, `WordIO`: what a bus passes on to those behind it.
  static func words(_ kind: Kind, _ range: ClosedRange<UInt16>) -> [UInt8] {
    var bytes = TableBytes()
    bytes.add(0x88 as UInt8)
    bytes.add(13 as UInt16)
    // MinFixed, MaxFixed, PosDecode; I/O of the entire range.
    bytes.add(kind.rawValue, 0x0C, kind == .io ? 3 : 0 as UInt8)
    // Granularity, minimum, maximum, translation, length.
    bytes.add(0, range.lowerBound, range.upperBound, 0, range.upperBound - range.lowerBound &+ 1)
    return bytes.bytes
  }

  /// `DWordMemory`, read and write, not cached.
  static func memory(_ range: ClosedRange<UInt32>) -> [UInt8] {
    var bytes = TableBytes()
    bytes.add(0x87 as UInt8)
    bytes.add(23 as UInt16)
    bytes.add(Kind.memory.rawValue, 0x0C, 0x01 as UInt8)
    bytes.add(0, range.lowerBound, range.upperBound, 0, range.upperBound - range.lowerBound &+ 1)
    return bytes.bytes
  }

  /// `IO`: ports that the device itself takes, with 16 address lines decoded.
  static func ports(_ range: ClosedRange<UInt16>) -> [UInt8] {
    var bytes = TableBytes()
    bytes.add(0x47, 0x01 as UInt8)
    bytes.add(range.lowerBound, range.lowerBound)
    bytes.add(0x01, UInt8(truncatingIfNeeded: range.count))
    return bytes.bytes
  }

  /// `IRQNoFlags`: a line of the ISA bus that the device itself takes.
  static func line(_ number: Int) -> [UInt8] {
    [0x22] + [UInt8(truncatingIfNeeded: 1 << number), UInt8(truncatingIfNeeded: (1 << number) >> 8)]
  }

  /// Where the number stands in `interrupts`.
  static let interruptNumber: UInt32 = 5

  /// `Interrupt`: one that the device itself takes, level-triggered, active high and shared.
  static func interrupts(_ numbers: [UInt32]) -> [UInt8] {
    var bytes = TableBytes()
    bytes.add(0x89 as UInt8)
    bytes.add(UInt16(truncatingIfNeeded: 2 + 4 * numbers.count))
    bytes.add(0x09, UInt8(truncatingIfNeeded: numbers.count))
    for number in numbers { bytes.add(number) }
    return bytes.bytes
  }

  /// `ResourceTemplate`: descriptors and the tag that ends them.
  static func template(_ descriptors: [UInt8]...) -> AML.Term { AML.buffer(descriptors.joined() + [0x79, 0x00]) }
}
