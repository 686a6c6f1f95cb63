import Tables

/// What CPUID returns in its four registers.
public struct CPUIDRegisters: Equatable, Sendable {
  /// The registers, 32 bits each.
  public var eax, ebx, ecx, edx: UInt32

  /// Values, zero unless given.
  public init(eax: UInt32 = 0, ebx: UInt32 = 0, ecx: UInt32 = 0, edx: UInt32 = 0) {
    self.eax = eax
    self.ebx = ebx
    self.ecx = ecx
    self.edx = edx
  }

  /// One of the four.
  public enum Name: String, CaseIterable, Sendable {
    /// The manual's names.
    case eax = "EAX"
    case ebx = "EBX"
    case ecx = "ECX"
    case edx = "EDX"
  }

  /// A register by name.
  public subscript(_ name: Name) -> UInt32 {
    get {
      switch name {
      case .eax: eax
      case .ebx: ebx
      case .ecx: ecx
      case .edx: edx
      }
    }
    set {
      switch name {
      case .eax: eax = newValue
      case .ebx: ebx = newValue
      case .ecx: ecx = newValue
      case .edx: edx = newValue
      }
    }
  }
}

/// A leaf of CPUID, or one of its subleaves.
public struct CPUIDLeaf: Hashable, Comparable, Sendable {
  /// EAX.
  public let leaf: UInt32
  /// ECX; 0 for a leaf that does not look at it.
  public let subleaf: UInt32

  /// A leaf.
  public init(_ leaf: UInt32, _ subleaf: UInt32 = 0) {
    self.leaf = leaf
    self.subleaf = subleaf
  }

  /// By leaf, then by subleaf.
  public static func < (a: CPUIDLeaf, b: CPUIDLeaf) -> Bool { (a.leaf, a.subleaf) < (b.leaf, b.subleaf) }
}

/// Bits that are taken from a model's CPUID: `LEAF.REG=MASK` or `LEAF:SUBLEAF.REG=MASK`, all hexadecimal.
public struct CPUIDMask: Hashable, Sendable, CustomStringConvertible {
  /// Where.
  public let leaf: CPUIDLeaf
  /// In which register.
  public let register: CPUIDRegisters.Name
  /// The bits that read as zero.
  public let bits: UInt32

  /// Reads a mask; nil when the text is none.
  public init?(_ text: String) {
    let sides = text.split(separator: "=", omittingEmptySubsequences: false)
    guard sides.count == 2, let bits = CPUIDMask.hex(sides[1]) else { return nil }
    let place = sides[0].split(separator: ".", omittingEmptySubsequences: false)
    guard place.count == 2, let register = CPUIDRegisters.Name(rawValue: place[1].uppercased()) else { return nil }
    let numbers = place[0].split(separator: ":", omittingEmptySubsequences: false)
    guard (1...2).contains(numbers.count), let leaf = CPUIDMask.hex(numbers[0]) else { return nil }
    var subleaf: UInt32 = 0
    if numbers.count == 2 {
      guard let number = CPUIDMask.hex(numbers[1]) else { return nil }
      subleaf = number
    }
    self.leaf = CPUIDLeaf(leaf, subleaf)
    self.register = register
    self.bits = bits
  }

  private static func hex(_ text: Substring) -> UInt32? {
    guard !text.isEmpty, text.allSatisfy(\.isHexDigit) else { return nil }
    return UInt32(text, radix: 16)
  }

  /// As it is written on the command line.
  public var description: String {
    func hex(_ value: UInt32) -> String { String(value, radix: 16, uppercase: true) }
    let subleaf = leaf.subleaf == 0 ? "" : ":" + hex(leaf.subleaf)
    return "\(hex(leaf.leaf))\(subleaf).\(register.rawValue)=\(hex(bits))"
  }
}

extension Table.Row {
  /// The number in a cell, in hexadecimal.
  func hex<Number: FixedWidthInteger>(_ column: String, as: Number.Type) throws(TableError) -> Number {
    guard let value = Number(self[column], radix: 16) else {
      throw error(column, "'\(self[column])' is no hexadecimal number of \(Number.bitWidth) bits")
    }
    return value
  }
}
