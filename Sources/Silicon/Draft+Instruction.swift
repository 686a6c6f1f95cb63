import Opcodes
import SiliconNative

/// The parts of an encoding while they are chosen.
private struct Parts {
  var width = 0
  var isMemory = false
  var isOffset = false
  var legacy: [UInt8] = []
  var rex: UInt8 = 0
  var needsREX = false
  var address32 = false
  var isLocked = false
  var reg: UInt8 = 0
  var rm: UInt8 = 0
  var spread: UInt8 = 0
  var addressing = Addressing()
  /// Linear address and size of the memory operand.
  var target: UInt64 = 0
  var bytes = 0
  /// The last immediate, for shifts.
  var immediate: UInt64?
  var traits: PlannedInstruction.Traits = []
}

extension Opcode.Size {
  /// Bytes of an operand of this size.
  fileprivate func bytes(width: Int) -> Int {
    switch self {
    case .b: 1
    case .w: 2
    case .d: 4
    case .q: 8
    case .v: max(width, 16) / 8
    case .z: width == 16 ? 2 : 4
    case .y: width == 64 ? 8 : 4
    }
  }
}

extension Draft {
  /// Writes one instruction of a row at the cursor, with operands that suit it.
  mutating func write(_ encoding: Encoding, number: Int) -> PlannedInstruction {
    let opcode = encoding.opcode
    let start = cursor
    var parts = Parts()
    parts.width = opcode.widths.isEmpty ? 0 : random.pick(opcode.widths)
    chooseForm(encoding, &parts)
    chooseRegisters(encoding, &parts)
    choosePrefixes(encoding, &parts)
    chooseRoles(encoding, &parts)
    if parts.isMemory || parts.isOffset { chooseMemory(encoding, &parts) }
    emitPrefixes(encoding, &parts)
    emitOpcode(opcode, parts)
    let end = emitOperands(encoding, &parts)
    if end >= 0, parts.addressing.isRIPRelative {
      let value = parts.target &- slot &- UInt64(cursor)
      for index in 0..<4 { code[end + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    return planned(encoding, number, parts, start)
  }

  private mutating func chooseForm(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    parts.isOffset = opcode.operands.contains { if case .offset = $0 { true } else { false } }
    let forms = opcode.forms
    parts.isMemory = !parts.isOffset && (forms.count == 2 ? random.once(in: 2) : forms.first == .memory)
    // What vendors do differently is run alone, where nothing else can hide behind it.
    if isSequence && isPrefetch0D(opcode) { parts.isMemory = true }
    // Behind others the bit's offset is not known, and with it where it lies.
    if !isFirst && opcode.shape == .bitTest && opcode.operands.last == .reg(.v) { parts.isMemory = false }
  }

  private mutating func chooseRegisters(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    var registers = 0
    for operand in opcode.operands {
      switch operand {
      case .reg:
        parts.reg = anyRegister()
        registers |= Int(parts.reg)
      case .registerOrMemory, .register:
        parts.rm = anyRegister()
        if random.once(in: 16) { parts.rm = parts.reg }
        if !parts.isMemory { registers |= Int(parts.rm) }
      case .opcodeRegister:
        parts.rm = anyRegister()
        registers |= Int(parts.rm)
      default: break
      }
    }
    if let digit = opcode.digit { parts.reg = digit }
    if let rm = opcode.exactRM { parts.rm = rm }
    parts.spread = opcode.spread == 16 ? UInt8(random.below(16)) : opcode.spread == 8 ? parts.rm & 7 : 0
    parts.needsREX = registers > 7
  }

  // MARK: Prefixes

  private mutating func choosePrefixes(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    let isAny = opcode.prefix == .any
    if case .byte(let byte) = opcode.prefix { parts.legacy.append(byte) }
    let hasWidths = opcode.widths.count > 1
    if parts.width == 16 && (hasWidths || opcode.operands.contains(.registerOrMemory(.v))) { parts.legacy.append(0x66) }
    var rexW = parts.width == 64 && !opcode.defaultsTo64
    let freeW = parts.width == 8 || parts.width == 64 && opcode.defaultsTo64 || hasNoSize(opcode)
    if freeW && random.once(in: 8) { rexW = true }
    if rexW {
      parts.rex |= 8
      parts.needsREX = true
    }
    if encoding.isBranch {
      if !isSequence && random.once(in: 32) && !rexW { parts.legacy.append(0x66) }
    } else if isAny && random.once(in: 16) && (parts.width == 64 && rexW || !hasWidths && parts.width != 16) {
      parts.legacy.append(0x66)
    }
    guard random.once(in: 3) else { return }
    if random.once(in: 4) { parts.legacy.append(random.pick([0x26, 0x2E, 0x36, 0x3E])) }
    if random.once(in: 8) { parts.legacy.append(parts.isMemory || parts.isOffset || mayAccess(encoding) ? 0x65 : 0x64) }
    if random.once(in: 4) {
      parts.legacy.append(0x67)
      parts.address32 = true
      parts.traits.insert(.address32)
    }
    if isAny && !encoding.hasRepeatedSibling && !(isSequence && isConditionalLoop(encoding)) && random.once(in: 6) {
      parts.legacy.append(random.pick([0xF2, 0xF3]))
    }
    if opcode.allowsLock && parts.isMemory ? random.once(in: 2) : random.once(in: 48) {
      parts.legacy.append(0xF0)
      parts.isLocked = true
    }
  }

  private func isConditionalLoop(_ encoding: Encoding) -> Bool {
    ["LOOPE", "LOOPNE"].contains(encoding.opcode.mnemonic)
  }

  private func hasNoSize(_ opcode: Opcode) -> Bool {
    opcode.widths.isEmpty && !opcode.hasModRM && opcode.map == .oneByte
  }

  /// It may access memory that no operand names: FS, which is the host program's, must not stand before it.
  private func mayAccess(_ encoding: Encoding) -> Bool {
    !encoding.pointers.isEmpty || encoding.isBranch || encoding.opcode.operands.isEmpty
  }

  private mutating func emitPrefixes(_ encoding: Encoding, _ parts: inout Parts) {
    if encoding.opcode.shape == .string && random.once(in: 2) { parts.legacy.append(random.pick([0xF2, 0xF3])) }
    // Repeated prefixes mean what one means; F2 and F3 are another matter, the last one counts.
    if let first = parts.legacy.first, random.once(in: 32) { parts.legacy.append(first) }
    if encoding.opcode.prefix == .any { parts.legacy.shuffle(using: &random) }
    if !isSequence && random.once(in: 400) {
      for _ in 0..<(9 + random.below(7)) { parts.legacy.insert(random.pick([0x2E, 0x3E, 0x26]), at: 0) }
    }
    for (index, byte) in parts.legacy.enumerated() {
      emit(byte)
      // A REX that a legacy prefix follows is ignored.
      if index + 1 < parts.legacy.count && random.once(in: 128) { emit(0x40 | UInt8(random.below(16))) }
    }
    let addressing = parts.addressing
    let hasReg = encoding.opcode.operands.contains { if case .reg = $0 { true } else { false } }
    if hasReg { parts.rex |= (parts.reg >> 3) << 2 }
    if parts.isMemory {
      parts.rex |= addressing.rexX << 1 | addressing.rexB
    } else if !parts.isOffset && encoding.opcode.exactRM == nil {
      parts.rex |= parts.rm >> 3
    }
    if random.once(in: 6) {
      parts.needsREX = true
      let hasRM = encoding.opcode.hasModRM || encoding.opcode.spread == 8
      if !hasReg { parts.rex |= UInt8(random.below(2)) << 2 }
      if !parts.isMemory || addressing.freeX { parts.rex |= UInt8(random.below(2)) << 1 }
      if parts.isMemory ? addressing.freeB : !hasRM { parts.rex |= UInt8(random.below(2)) }
    }
    if parts.rex != 0 { parts.needsREX = true }
    if parts.needsREX { emit(0x40 | parts.rex) }
  }

  // MARK: Operands

  /// What an instruction wants of registers before its addresses are made.
  private mutating func chooseRoles(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    for register in encoding.pointers { set(register, random.once(in: 6) ? random.place(8) : random.roomyPlace()) }
    switch opcode.shape {
    case .string: set(1, random.once(in: 24) ? random.value() : UInt64(random.below(20)))
    case .shift, .doubleShift:
      if opcode.operands.last == .cl { set(1, random.next() & ~0xFF | random.count()) }
    case .divide: if random.once(in: 2) { chooseDividend(parts) }
    case .sized where opcode.isNearIndirect: if !parts.isMemory { set(Int(parts.rm), indirectTarget()) }
    case .bitTest:
      guard opcode.operands.last == .reg(.v), parts.isMemory else { break }
      let offset = UInt64(bitPattern: Int64(bitPattern: random.next()) >> Int64(50 + random.below(13)))
      let upper: UInt64 = parts.width == 64 ? 0 : random.next() << UInt64(parts.width)
      let low: UInt64 = parts.width == 64 ? offset : offset & (1 << UInt64(parts.width) - 1)
      set(Int(parts.reg), upper | low)
    default: break
    }
    switch opcode.mnemonic {
    case "LOOP", "LOOPE", "LOOPNE", "JRCXZ":
      if random.once(in: 2) { set(1, random.once(in: 2) ? UInt64(random.below(3)) : random.next() << 32) }
    case "RET": patch(gpr[4], indirectTarget(), bytes: 8)
    case "POPF": patch(gpr[4], random.next() & 0x20_4CD5 | 2, bytes: parts.width / 8)
    default: break
    }
  }

  /// A dividend that leaves no overflow: a small upper half, or the sign.
  private mutating func chooseDividend(_ parts: Parts) {
    guard isFirst else { return }
    if parts.width == 8 {
      set(0, random.next() & ~0xFF00 | UInt64(random.below(4)) << 8)
    } else {
      let isNegative = gpr[0] >> UInt64(parts.width - 1) & 1 != 0
      set(2, isNegative && random.once(in: 2) ? ~0 : UInt64(random.below(3)))
    }
  }

  /// Where an indirect transfer goes.
  private mutating func indirectTarget() -> UInt64 {
    random.once(in: 24) ? 0x8000_0000_0000 + (random.next() >> 18) : branchTarget(isShort: false)
  }

  private mutating func chooseMemory(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    parts.bytes = 8
    for operand in opcode.operands {
      switch operand {
      case .registerOrMemory(let size), .offset(let size): parts.bytes = size.bytes(width: parts.width)
      case .memory: parts.bytes = 16
      default: continue
      }
      break
    }
    if encoding.isBranch { parts.bytes = 8 }
    parts.target = random.place(parts.bytes)
    if opcode.mnemonic == "LEA" { parts.target = random.once(in: 2) ? parts.target : random.value() >> 33 }
    if parts.address32 && parts.target >= 1 << 32 || !isFirst && parts.target >= 1 << 31 {
      parts.target = random.roomyPlace()
    }
    if opcode.isNearIndirect {
      patch(parts.target, indirectTarget(), bytes: 8)
    } else if random.once(in: 2) {
      patch(parts.target, random.value(), bytes: min(parts.bytes, 8))
    } else if opcode.mnemonic == "CMPXCHG" && isFirst {
      patch(parts.target, gpr[0], bytes: parts.bytes)
      pin(0)
    }
    guard parts.isMemory else { return }
    var operand = parts.target
    if opcode.shape == .bitTest, opcode.operands.last == .reg(.v) {
      operand = operand &- bitDisplacement(gpr[Int(parts.reg)], width: parts.width)
      if parts.address32 { operand &= 0xFFFF_FFFF }
    }
    parts.addressing = addressing(of: operand, address32: parts.address32)
    if parts.addressing.isRIPRelative { parts.target = operand }
  }

  /// How far from the operand's address a bit offset in a register reaches.
  private func bitDisplacement(_ offset: UInt64, width: Int) -> UInt64 {
    let unused = UInt64(64 - width)
    let signed = Int64(bitPattern: offset << unused) >> Int64(unused)
    let shift: Int64 = width == 16 ? 4 : width == 32 ? 5 : 6
    return UInt64(bitPattern: (signed >> shift) * Int64(width / 8))
  }

  private mutating func emitOpcode(_ opcode: Opcode, _ parts: Parts) {
    switch opcode.map {
    case .oneByte: break
    case .escape0F: emit(0x0F)
    case .escape0F38:
      emit(0x0F)
      emit(0x38)
    case .escape0F3A:
      emit(0x0F)
      emit(0x3A)
    // Not drawn: `Knowledge.reasonToSkip`.
    case .vex0F, .vex0F38, .vex0F3A: break
    }
    emit(opcode.byte + parts.spread)
  }

  /// Writes ModRM and all that follows; returns the place of a RIP-relative displacement, or -1.
  private mutating func emitOperands(_ encoding: Encoding, _ parts: inout Parts) -> Int {
    let opcode = encoding.opcode
    var displacementPlace = -1
    if opcode.hasModRM {
      let addressing = parts.addressing
      if parts.isMemory {
        emit(addressing.mod << 6 | (parts.reg & 7) << 3 | addressing.rm)
        if let sib = addressing.sib { emit(sib) }
        if addressing.isRIPRelative { displacementPlace = cursor }
        emit(addressing.displacement, bytes: addressing.displacementBytes)
      } else {
        emit(0xC0 | (parts.reg & 7) << 3 | parts.rm & 7)
      }
    }
    for operand in opcode.operands {
      switch operand {
      case .immediate(.b), .signedByte:
        let value = [.shift, .doubleShift, .bitTest].contains(opcode.shape) ? random.count() : random.value()
        parts.immediate = value & 0xFF
        emit(value, bytes: 1)
      case .immediate(let size): emit(random.value(), bytes: size.bytes(width: parts.width))
      case .one: parts.immediate = 1
      case .offset: emit(parts.target, bytes: parts.address32 ? 4 : 8)
      case .relative(let size):
        let bytes = size == .b ? 1 : 4
        let target = branchTarget(isShort: bytes == 1)
        emit(target &- slot &- UInt64(cursor + bytes), bytes: bytes)
      default: break
      }
    }
    return displacementPlace
  }

  // MARK: What is undefined

  private func isPrefetch0D(_ opcode: Opcode) -> Bool { opcode.map == .escape0F && opcode.byte == 0x0D }

  private func vendor(_ encoding: Encoding, _ parts: Parts) -> VendorRule? {
    let opcode = encoding.opcode
    if encoding.isBranch && parts.legacy.contains(0x66) { return .nearBranch66 }
    if isConditionalLoop(encoding) && parts.legacy.contains(where: { $0 & 0xFE == 0xF2 }) { return .repeatedLoop }
    if opcode.isNearIndirect, opcode.mnemonic == "CALL" { return .callOrder }
    return isPrefetch0D(opcode) && !parts.isMemory ? .prefetch0D : nil
  }

  private func planned(_ encoding: Encoding, _ number: Int, _ parts: Parts, _ start: Int) -> PlannedInstruction {
    let opcode = encoding.opcode
    var count = parts.immediate
    if opcode.operands.last == .cl { count = isFirst ? gpr[1] & 0xFF : nil }
    var flags: UInt64 = 0
    var isResultUndefined = false
    for rule in encoding.undefined
    where rule.applies(width: parts.width, count: count, isSourceZero: isSourceZero(parts)) {
      flags |= rule.flags
      isResultUndefined = isResultUndefined || rule.isResult
    }
    var traits = parts.traits
    if parts.isMemory || parts.isOffset { traits.insert(.memory) }
    if parts.legacy.contains(where: { $0 & 0xFE == 0x64 }) { traits.insert(.segment) }
    return PlannedInstruction(
      encoding: number, start: start, length: cursor - start, width: parts.width, undefined: flags,
      isResultUndefined: isResultUndefined, vendor: vendor(encoding, parts), traits: traits)
  }

  private func isSourceZero(_ parts: Parts) -> Bool? {
    guard isFirst else { return nil }
    let mask: UInt64 = parts.width == 64 || parts.width == 0 ? ~0 : 1 << UInt64(parts.width) - 1
    if parts.isMemory { return initial(parts.target, bytes: parts.bytes).map { $0 & mask == 0 } ?? false }
    return gpr[Int(parts.rm)] & mask == 0
  }
}
