import Opcodes
import Testing

/// Which row an encoding belongs to (SDM Vol. 2, appendix "Opcode Map"): every byte, every ModRM byte, every mandatory
/// prefix, tried one by one. Of several rows that claim an encoding the first in the table has it.
@Suite struct EncodingTests {
  /// One point of the opcode map.
  private struct Encoding {
    var mandatory: UInt8?
    var modRM: UInt8
    var is64Bit: Bool
    var hasW: Bool
  }

  private static let encodings: [Encoding] = [nil, 0x66, 0xF2, 0xF3].flatMap { mandatory in
    [(true, true), (true, false), (false, false)].flatMap { is64Bit, hasW in
      (0...UInt8.max).map { Encoding(mandatory: mandatory, modRM: $0, is64Bit: is64Bit, hasW: hasW) }
    }
  }

  private let opcodes: [Opcode]
  /// Numbers of the rows that may claim a byte of a map.
  private var candidates: [[Int]]

  init() throws {
    opcodes = try Opcode.all()
    candidates = .init(repeating: [], count: 8 * 256)
    for (number, opcode) in opcodes.enumerated() {
      let first = opcode.map.rawValue * 256 + Int(opcode.byte)
      for place in first..<first + opcode.spread { candidates[place].append(number) }
    }
  }

  private func claims(_ opcode: Opcode, _ encoding: Encoding) -> Bool {
    switch opcode.modes {
    case .all: break
    case .only64: guard encoding.is64Bit else { return false }
    case .legacy: guard !encoding.is64Bit else { return false }
    }
    switch opcode.prefix {
    case .any: break
    case .none: guard encoding.mandatory == nil || encoding.mandatory == 0x66 && !opcode.map.isVEX else { return false }
    case .strictlyNone: guard encoding.mandatory == nil else { return false }
    case .byte(let byte): guard encoding.mandatory == byte else { return false }
    }
    if opcode.needsREXW && !encoding.hasW { return false }
    let (mod, reg, rm) = (encoding.modRM >> 6, encoding.modRM >> 3 & 7, encoding.modRM & 7)
    if let digit = opcode.digit, digit != reg { return false }
    if let exact = opcode.exactRM { return mod == 3 && rm == exact }
    if mod != 3 { return !opcode.needsRegister }
    return !opcode.operands.contains(.memory) || opcode.excludesRegister
  }

  /// How much of an encoding a row insists on: prefix and its presence, REX.W, mode, ModRM.reg, ModRM.rm, a memory operand,
  /// the whole byte.
  private func demands(_ opcode: Opcode) -> [Bool] {
    let hasPrefix = if case .byte = opcode.prefix { true } else { false }
    return [
      opcode.prefix != .any, hasPrefix, opcode.needsREXW, opcode.modes != .all, opcode.digit != nil,
      opcode.exactRM != nil,
      opcode.operands.contains(.memory), opcode.spread == 1,
    ]
  }

  private func text(_ number: Int) -> String {
    let opcode = opcodes[number]
    return "row \(number), \(opcode.mnemonic) \(String(opcode.byte, radix: 16))"
  }

  /// Two rows may claim one encoding only if the first insists on something the other does not (as 90 is NOP before it is
  /// XCHG), and on all that the other insists on.
  @Test func noTwoRowsAreTheSame() {
    for byte in candidates where byte.count > 1 {
      for (position, later) in byte.enumerated() {
        for earlier in byte[..<position] {
          let first = demands(opcodes[earlier])
          let second = demands(opcodes[later])
          let isNarrower = zip(first, second).allSatisfy { $0 || !$1 } && first != second
          let clash = EncodingTests.encodings.first { claims(opcodes[earlier], $0) && claims(opcodes[later], $0) }
          let rows = "\(text(earlier)) and \(text(later))"
          #expect(clash == nil || isNarrower, "\(rows) both claim \(String(describing: clash))")
        }
      }
    }
  }

  /// Every row has an encoding that no earlier one takes: otherwise it is never found.
  @Test func everyRowIsReached() {
    for (number, opcode) in opcodes.enumerated() {
      let isReached = (0..<opcode.spread).contains { offset in
        let rivals = candidates[opcode.map.rawValue * 256 + Int(opcode.byte) + offset].prefix { $0 != number }
        return EncodingTests.encodings.contains { encoding in
          claims(opcode, encoding) && !rivals.contains { claims(opcodes[$0], encoding) }
        }
      }
      #expect(isReached, "\(text(number)) is never found")
    }
  }

  /// Either all rows of a byte read a ModRM byte or none does, unless prefix or mode tells them apart.
  @Test func rowsOfAByteAgreeOnModRM() {
    for byte in candidates {
      for encoding in EncodingTests.encodings {
        let rows = byte.filter { claims(opcodes[$0], encoding) }
        #expect(Set(rows.map { opcodes[$0].hasModRM }).count <= 1, "\(rows.map(text))")
      }
    }
  }

  /// SDM Vol. 2, "Instruction Prefixes" and "Opcode Map": bytes that are prefixes in 64-bit mode, VEX among them, and the
  /// escape byte are no opcodes.
  @Test func prefixesAreNoOpcodes() {
    let legacy: [UInt8] = [0x0F, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xC4, 0xC5, 0xF0, 0xF2, 0xF3]
    for prefix in legacy + Array(0x40...0x4F) {
      #expect(candidates[Int(prefix)].allSatisfy { opcodes[$0].modes == .legacy }, "\(String(prefix, radix: 16))")
    }
    #expect(candidates[1 * 256 + 0x38].isEmpty && candidates[1 * 256 + 0x3A].isEmpty)
  }
}
