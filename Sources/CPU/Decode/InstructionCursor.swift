/// Legacy and REX prefixes of one instruction (SDM Vol. 2A, "Instruction Prefixes").
struct Prefixes {
  var operandSize = false
  var addressSize = false
  var lock = false
  /// F2 or F3, the last one.
  var mandatory: UInt8?
  /// The segment an override names; in 64-bit mode only FS and GS mean something.
  var segment: Segment?
  /// With VEX, the bits that it gives like REX.
  var rex: UInt8 = 0
  /// VEX.vvvv, not inverted.
  var vexRegister: UInt8 = 0
  /// VEX.L.
  var vexLength: UInt8 = 0
  /// Nothing is encoded behind these prefixes: #UD.
  var isInvalid = false

  var hasREX: Bool { rex != 0 }
  var rexW: Bool { rex & 8 != 0 }
  var rexR: UInt8 { rex >> 2 & 1 }
  var rexX: UInt8 { rex >> 1 & 1 }
  var rexB: UInt8 { rex & 1 }
}

/// Reads an instruction's bytes, never past those at hand nor past the fifteenth.
struct InstructionCursor {
  private let bytes: UnsafeRawBufferPointer
  /// Bytes read.
  private(set) var count = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Whether the instruction is longer than the architecture allows.
  var isTooLong: Bool { count >= 15 }

  /// The next byte, not yet read.
  var peek: UInt8? { count < 15 && count < bytes.count ? bytes[count] : nil }

  mutating func next() -> UInt8? {
    guard let byte = peek else { return nil }
    count += 1
    return byte
  }

  /// A little-endian number of 1, 2, 4 or 8 bytes, sign-extended.
  mutating func signed(_ size: Int) -> Int64? {
    var value: UInt64 = 0
    for index in 0..<size {
      guard let byte = next() else { return nil }
      value |= UInt64(byte) << UInt64(8 * index)
    }
    let unused = UInt64(64 - 8 * size)
    return Int64(bitPattern: value << unused) >> Int64(unused)
  }

  /// Reads prefixes: legacy ones in any order, then, in 64-bit mode, REX; a REX that another prefix follows is ignored.
  mutating func prefixes(in64BitMode is64: Bool) -> Prefixes {
    var result = Prefixes()
    while let byte = peek {
      switch byte {
      case 0x66: result.operandSize = true
      case 0x67: result.addressSize = true
      case 0xF0: result.lock = true
      case 0xF2, 0xF3: result.mandatory = byte
      case 0x64: result.segment = .fs
      case 0x65: result.segment = .gs
      case 0x26: if !is64 { result.segment = .es }
      case 0x2E: if !is64 { result.segment = .cs }
      case 0x36: if !is64 { result.segment = .ss }
      case 0x3E: if !is64 { result.segment = .ds }
      case 0x40...0x4F where is64:
        result.rex = byte
        count += 1
        continue
      default: return result
      }
      result.rex = 0
      count += 1
    }
    return result
  }

  /// Reads the opcode: its map and last byte. A VEX prefix before it is added to the others; in protected mode outside of
  /// 64-bit mode it is LES or LDS, unless its second byte would be a ModRM byte that names a register.
  mutating func opcode(
    _ prefixes: inout Prefixes, in64BitMode is64: Bool, isProtected: Bool
  ) -> (map: Int, byte: UInt8)? {
    guard let first = next() else { return nil }
    if first & 0xFE == 0xC4, is64 || isProtected {
      guard let second = peek else { return nil }
      if is64 || second >= 0xC0 { return vexOpcode(isLong: first == 0xC4, in64BitMode: is64, &prefixes) }
    }
    guard first == 0x0F else { return (0, first) }
    guard let second = next() else { return nil }
    guard second == 0x38 || second == 0x3A else { return (1, second) }
    guard let third = next() else { return nil }
    return (second == 0x38 ? 2 : 3, third)
  }

  /// Reads what follows the first byte of a VEX prefix, and the opcode (SDM Vol. 2A, "The VEX Prefix").
  private mutating func vexOpcode(
    isLong: Bool, in64BitMode is64: Bool, _ prefixes: inout Prefixes
  ) -> (map: Int, byte: UInt8)? {
    prefixes.isInvalid = prefixes.lock || prefixes.operandSize || prefixes.mandatory != nil || prefixes.hasREX
    guard let first = next() else { return nil }
    var map: UInt8 = 1
    var last = first & 0x7F
    // R, X and B are inverted; the short form has only R, at the place where the long form has W in its last byte.
    prefixes.rex = 0x40 | ~first >> 5 & 4
    if isLong {
      guard let second = next() else { return nil }
      last = second
      map = first & 31
      prefixes.rex = 0x40 | second >> 4 & 8 | ~first >> 5 & 7
    }
    prefixes.vexRegister = ~last >> 3 & 15
    if !is64 {
      // There are eight registers: R, X and B are ignored.
      prefixes.rex &= 0x48
    }
    prefixes.vexLength = last >> 2 & 1
    prefixes.mandatory = [nil, 0x66, 0xF3, 0xF2][Int(last & 3)]
    guard (1...3).contains(map) else {
      prefixes.isInvalid = true
      return (0, 0)
    }
    guard let byte = next() else { return nil }
    return (4 + Int(map), byte)
  }
}
