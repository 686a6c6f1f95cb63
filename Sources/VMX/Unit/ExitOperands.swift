import CPU
import Layout
import MMU

/// What an exit reports of its instruction's operands, beside the reason (SDM Vol. 3, "VM-Exit Instruction-Information
/// Field").
enum ExitOperands: Equatable {
  case none
  /// A memory operand.
  case memory
  /// INVEPT, INVVPID, INVPCID: memory and a register.
  case descriptor
  /// VMREAD, VMWRITE: register or memory, and a register.
  case field
  /// LGDT and its like, by number.
  case table(UInt32)
  /// LLDT and its like, by number.
  case selector(UInt32)
  /// RDRAND and RDSEED.
  case random
  /// INS and OUTS.
  case string(isOutput: Bool)
  /// INVLPG: the linear address is the qualification.
  case page
}

/// The bytes of an instruction that exits, taken apart as far as operands need it.
struct InstructionBytes {
  private var modRM: UInt8 = 0
  private var sib: UInt8?
  private var displacement: UInt64 = 0
  private var isRIPRelative = false
  private var segmentOverride: UInt32?
  private var rex: UInt8 = 0
  private var hasOperandPrefix = false
  private let addressSize: UInt32
  private let isLong: Bool
  private let isCode32: Bool
  private let length: UInt32

  init(_ bytes: [UInt8], length: UInt32, mode: UInt64) {
    let code = mode & UInt64(ModeCodeMask)
    isLong = code == UInt64(ModeCode64)
    isCode32 = code != UInt64(ModeCode16)
    self.length = length
    var index = 0
    var hasAddressPrefix = false
    func byte(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }
    let segments: [UInt8: UInt32] = [0x26: 0, 0x2E: 1, 0x36: 2, 0x3E: 3, 0x64: 4, 0x65: 5]
    while index < 15 {
      let value = byte(index)
      if let segment = segments[value] {
        segmentOverride = isLong && segment < 4 ? segmentOverride : segment
      } else if value == 0x66 {
        hasOperandPrefix = true
      } else if value == 0x67 {
        hasAddressPrefix = true
      } else if value != 0xF0 && value != 0xF2 && value != 0xF3 {
        break
      }
      index += 1
    }
    if isLong, byte(index) & 0xF0 == 0x40 {
      rex = byte(index)
      index += 1
    }
    addressSize = isLong ? (hasAddressPrefix ? 1 : 2) : (isCode32 != hasAddressPrefix ? 1 : 0)
    // Opcodes: 0F xx, 0F 38 xx, or one byte.
    if byte(index) == 0x0F {
      index += byte(index + 1) == 0x38 ? 3 : 2
    } else {
      index += 1
    }
    modRM = byte(index)
    index += 1
    guard modRM >> 6 != 3 else { return }
    if addressSize == 0 {
      let isDirect = modRM >> 6 == 0 && modRM & 7 == 6
      switch modRM >> 6 {
      case 1: displacement = InstructionBytes.signed(UInt64(byte(index)), bytes: 1)
      case 2: displacement = UInt64(byte(index)) | UInt64(byte(index + 1)) << 8
      default: displacement = isDirect ? UInt64(byte(index)) | UInt64(byte(index + 1)) << 8 : 0
      }
      return
    }
    if modRM & 7 == 4 {
      sib = byte(index)
      index += 1
    }
    var size = modRM >> 6 == 1 ? 1 : modRM >> 6 == 2 ? 4 : 0
    if modRM >> 6 == 0, modRM & 7 == 5 {
      size = 4
      isRIPRelative = isLong
    }
    if modRM >> 6 == 0, let sib, sib & 7 == 5 { size = 4 }
    var value: UInt64 = 0
    for offset in 0..<size { value |= UInt64(byte(index + offset)) << UInt64(8 * offset) }
    displacement = size == 0 ? 0 : InstructionBytes.signed(value, bytes: UInt64(size))
  }

  private static func signed(_ value: UInt64, bytes: UInt64) -> UInt64 {
    let shift = 64 - bytes * 8
    return UInt64(bitPattern: Int64(bitPattern: value << shift) >> Int64(shift))
  }

  private var register: UInt32 { UInt32(modRM >> 3 & 7) | UInt32(rex & 4) << 1 }
  private var isRegister: Bool { modRM >> 6 == 3 }

  /// Base and index registers, nil where there is none, and the scaling.
  private var parts: (base: UInt32?, index: UInt32?, scale: UInt32) {
    if addressSize == 0 {
      let table: [(UInt32?, UInt32?)] = [(3, 6), (3, 7), (5, 6), (5, 7), (6, nil), (7, nil), (5, nil), (3, nil)]
      if modRM >> 6 == 0, modRM & 7 == 6 { return (nil, nil, 0) }
      let (base, index) = table[Int(modRM & 7)]
      return (base, index, 0)
    }
    guard let sib else {
      if modRM >> 6 == 0, modRM & 7 == 5 { return (nil, nil, 0) }
      return (UInt32(modRM & 7) | UInt32(rex & 1) << 3, nil, 0)
    }
    let index = UInt32(sib >> 3 & 7) | UInt32(rex & 2) << 2
    let hasBase = !(sib & 7 == 5 && modRM >> 6 == 0)
    return (hasBase ? UInt32(sib & 7) | UInt32(rex & 1) << 3 : nil, index == 4 ? nil : index, UInt32(sib >> 6))
  }

  private var segment: UInt32 {
    if let segmentOverride { return segmentOverride }
    let base = parts.base
    return base == 4 || base == 5 ? 2 : 3
  }

  /// Scaling, address size, segment, index and base: what the formats for memory operands have in common.
  private var memory: UInt32 {
    let parts = parts
    var information = addressSize << 7 | segment << 15
    if let index = parts.index { information |= index << 18 | parts.scale } else { information |= 1 << 22 }
    if let base = parts.base { information |= base << 23 } else { information |= 1 << 27 }
    return information
  }

  /// Fills in instruction information and qualification.
  func describe(_ exit: inout VMExit, _ unit: VMXUnit) {
    let rm = UInt32(modRM & 7) | UInt32(rex & 1) << 3
    if !isRegister {
      exit.qualification =
        isRIPRelative
        ? displacement &+ unit.state.pointee.rip &+ UInt64(length) : displacement
    }
    switch exit.operands {
    case .none: break
    case .memory: exit.information = memory
    case .descriptor: exit.information = memory | register << 28
    case .field:
      exit.information = isRegister ? 1 << 10 | rm << 3 | register << 28 : memory | register << 28
    case .table(let number):
      exit.information = memory | number << 28 | (isLong || isCode32 != hasOperandPrefix ? 1 << 11 : 0)
    case .selector(let number):
      exit.information = (isRegister ? 1 << 10 | rm << 3 : memory) | number << 28
    case .random:
      let size: UInt32 = rex & 8 != 0 ? 2 : isCode32 != hasOperandPrefix ? 1 : 0
      exit.information = rm << 3 | size << 11
    case .string(let isOutput):
      exit.information = addressSize << 7 | (isOutput ? (segmentOverride ?? 3) << 15 : 0)
    case .page:
      exit.qualification = linear(unit)
      exit.linearAddress = nil
    }
  }

  /// The linear address of the memory operand.
  private func linear(_ unit: VMXUnit) -> UInt64 {
    let s = unit.state
    func value(_ register: UInt32) -> UInt64 {
      UnsafeRawPointer(s).load(fromByteOffset: Int(register) * 8, as: UInt64.self)
    }
    let parts = parts
    var address = displacement
    if isRIPRelative { address &+= s.pointee.rip &+ UInt64(length) }
    if let base = parts.base { address &+= value(base) }
    if let index = parts.index { address &+= value(index) << UInt64(parts.scale) }
    switch addressSize {
    case 0: address &= 0xFFFF
    case 1: address &= 0xFFFF_FFFF
    default: break
    }
    let segments = s.pointee.segments
    let all = [segments.0, segments.1, segments.2, segments.3, segments.4, segments.5]
    if !isLong || segment >= 4 { address &+= all[Int(segment % 6)].base }
    return isLong ? address : address & 0xFFFF_FFFF
  }
}

extension VMXUnit {
  /// The bytes of the instruction at this boundary.
  func instructionBytes(length: UInt32) -> InstructionBytes {
    let linear = state.pointee.codeBase &+ state.pointee.rip
    return InstructionBytes(
      processor.peek(state.is64Bit ? linear : linear & 0xFFFF_FFFF, count: 15), length: length,
      mode: state.pointee.mode)
  }
}
