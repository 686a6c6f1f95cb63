// One instruction of a random program: opcode, operand size, registers and a memory operand in the scratch area.
extension StructuredProgram {
  /// What stands behind the prefixes.
  private struct Encoding {
    var opcode: [UInt8]
    /// ModRM.reg when it is part of the opcode.
    var digit: Int?
    var isByte = false
    var mayLock = false
    /// Bytes of the immediate; 4 is cut to the operand size.
    var immediate = 0
    var registerOnly = false
  }

  /// Emits one.
  mutating func instruction() {
    if random.oneIn(8) { return plain() }
    let encoding = pickEncoding()
    let size = encoding.isByte ? 8 : random.pick([16, 32, 32, 64, 64]) ?? 32
    let usesMemory = !encoding.registerOnly && random.oneIn(2)
    let registers = [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    let reg = encoding.digit ?? random.pick(registers) ?? 0
    let rm = random.pick(registers) ?? 0
    if encoding.mayLock && usesMemory && random.oneIn(3) { emit(0xF0) }
    if size == 16 { emit(0x66) }
    var opcode = encoding.opcode
    if opcode.first == 0xF3 { emit(opcode.removeFirst()) }
    let extended = (reg >= 8 ? 4 : 0) | (size == 64 ? 8 : 0)
    if usesMemory {
      memoryOperand(opcode, reg: reg & 7, prefix: UInt8(0x40 | extended))
    } else {
      emit(UInt8(0x40 | extended | (rm >= 8 ? 1 : 0)))
      for byte in opcode { emit(byte) }
      emit(UInt8(0xC0 | (reg & 7) << 3 | rm & 7))
    }
    let count = encoding.immediate == 4 && size == 16 ? 2 : encoding.immediate
    emit(Int(truncatingIfNeeded: random.next()), count: count)
  }

  private mutating func pickEncoding() -> Encoding {
    let isByte = random.oneIn(4)
    let wide: UInt8 = isByte ? 0 : 1
    switch random.pick(0...13) {
    case 0, 1, 2:
      let operation = UInt8(random.pick(0...7))
      let toRegister: UInt8 = random.oneIn(2) ? 2 : 0
      return Encoding(
        opcode: [operation << 3 | toRegister | wide], isByte: isByte, mayLock: toRegister == 0 && operation != 7)
    case 3:
      let digit = random.pick(0...7)
      if !isByte && random.oneIn(2) { return Encoding(opcode: [0x83], digit: digit, mayLock: digit != 7, immediate: 1) }
      return Encoding(
        opcode: [0x80 | wide], digit: digit, isByte: isByte, mayLock: digit != 7, immediate: isByte ? 1 : 4)
    case 4: return Encoding(opcode: [(random.oneIn(2) ? 0x88 : 0x8A) | wide], isByte: isByte)
    case 5: return Encoding(opcode: [0xC6 | wide], digit: 0, isByte: isByte, immediate: isByte ? 1 : 4)
    case 6:
      let form: UInt8 = random.pick([0xC0, 0xD0, 0xD2]) ?? 0xD0
      return Encoding(opcode: [form | wide], digit: random.pick(0...7), isByte: isByte, immediate: form == 0xC0 ? 1 : 0)
    case 7:
      let digit = random.pick(2...5)
      return Encoding(opcode: [0xF6 | wide], digit: digit, isByte: isByte, mayLock: digit < 4)
    case 8: return Encoding(opcode: [0xFE | wide], digit: random.pick(0...1), isByte: isByte, mayLock: true)
    case 9:
      let opcode: UInt8 = random.pick([0x84, 0x86]) ?? 0x84
      return Encoding(opcode: [opcode | wide], isByte: isByte, mayLock: opcode == 0x86)
    case 10:
      let opcode: UInt8 = random.pick([0xB0, 0xC0]) ?? 0xC0
      return Encoding(opcode: [0x0F, opcode | wide], isByte: isByte, mayLock: true)
    case 11:
      return Encoding(opcode: [0x0F, UInt8(random.oneIn(2) ? random.pick(0x40...0x4F) : 0xAF)])
    case 12: return pickBits()
    default: return pickConversion()
    }
  }

  private mutating func pickBits() -> Encoding {
    switch random.pick(0...4) {
    case 0: Encoding(opcode: [0x0F, random.oneIn(2) ? 0xA4 : 0xAC], immediate: 1)
    case 1: Encoding(opcode: [0x0F, random.oneIn(2) ? 0xA5 : 0xAD])
    case 2: Encoding(opcode: [0x0F, random.pick([0xA3, 0xAB, 0xB3, 0xBB]) ?? 0xA3], registerOnly: true)
    case 3: Encoding(opcode: [0x0F, 0xBA], digit: random.pick(4...7), immediate: 1)
    default:
      // BSF, BSR, TZCNT, POPCNT.
      Encoding(
        opcode: random.pick([[0x0F, 0xBC], [0x0F, 0xBD], [0xF3, 0x0F, 0xBC], [0xF3, 0x0F, 0xB8]]) ?? [0x0F, 0xBC])
    }
  }

  private mutating func pickConversion() -> Encoding {
    switch random.pick(0...3) {
    case 0: Encoding(opcode: [0x0F, UInt8(random.pick([0xB6, 0xB7, 0xBE, 0xBF]) ?? 0xB6)])
    case 1: Encoding(opcode: [0x63])
    case 2: Encoding(opcode: [0x69], immediate: 4)
    default: Encoding(opcode: [0x0F, UInt8(random.pick(0x90...0x9F))], digit: 0, isByte: true)
    }
  }

  /// REX, opcode, ModRM and what follows: [RBX + disp32], half of the time near the end of a page, [R15 + disp8], or
  /// [RBX + disp8] with a SIB byte.
  private mutating func memoryOperand(_ opcode: [UInt8], reg: Int, prefix: UInt8) {
    switch random.pick(0...3) {
    case 0, 1:
      let page = random.pick(0...6) << 12
      let nearEnd = page + 0xFF8 + random.pick(0...8)
      emit(prefix)
      for byte in opcode { emit(byte) }
      emit(UInt8(0x83 | reg << 3))
      emit(random.oneIn(2) ? nearEnd : page + random.pick(0...0xFFF), count: 4)
    case 2:
      emit(prefix | 1)
      for byte in opcode { emit(byte) }
      emit(UInt8(0x47 | reg << 3), UInt8(random.pick(0...255)))
    default:
      emit(prefix)
      for byte in opcode { emit(byte) }
      emit(UInt8(0x44 | reg << 3), 0x23, UInt8(random.pick(0...127)))
    }
  }

  /// Instructions without ModRM.
  private mutating func plain() {
    switch random.pick(0...6) {
    case 0: emit(random.pick([0x98, 0x99, 0x9E, 0x9F, 0xF5, 0xF8, 0xF9, 0xFC]) ?? 0x98)
    case 1: emit(0x48, random.oneIn(2) ? 0x98 : 0x99)
    case 2: emit(0x48, 0x0F, 0xC8 + (random.pick([0, 1, 2, 5, 6, 7]) ?? 0))
    case 3:
      emit(0xB8 + (random.pick([0, 1, 2, 5, 6, 7]) ?? 0))
      emit(Int(truncatingIfNeeded: random.next()), count: 4)
    case 4: emit(0xB0 + (random.pick([0, 1, 2, 4, 5, 6]) ?? 0), UInt8(random.pick(0...255)))
    case 5:
      // AND EDX, FFFh; MOV RAX, [RBX + RDX * 4 + disp8].
      emit(0x81, 0xE2, 0xFF, 0x0F, 0x00, 0x00, 0x48, 0x8B, 0x44, 0x93, UInt8(random.pick(0...127)))
    default:
      // AND EDX, FFFh; ADD [RBX + RDX * 4 + disp8], RCX.
      emit(0x81, 0xE2, 0xFF, 0x0F, 0x00, 0x00, 0x48, 0x01, 0x4C, 0x93, UInt8(random.pick(0...127)))
    }
  }
}
