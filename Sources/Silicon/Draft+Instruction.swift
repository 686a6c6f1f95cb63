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
  /// VEX.vvvv, not inverted; what else a VEX prefix says is in `rex`.
  var vexRegister: UInt8 = 0
  /// REX.B means nothing, because the operand is an MMX register.
  var freeRM = false
  var addressing = Addressing()
  /// Base of the segment that a prefix names: the effective address is that much less.
  var base: UInt64 = 0
  /// Linear address and size of the memory operand.
  var target: UInt64 = 0
  var bytes = 0
  /// What the addressing form must come to: the effective address, or that of a bit string's start.
  var effective: UInt64 = 0
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
    if opcode.unit != .general { useVectors() }
    parts.width = opcode.widths.isEmpty ? 0 : random.pick(opcode.widths)
    chooseForm(encoding, &parts)
    chooseRegisters(encoding, &parts)
    choosePrefixes(encoding, &parts)
    chooseRoles(encoding, &parts)
    if parts.isMemory || parts.isOffset { chooseMemory(encoding, &parts) }
    emitPrefixes(encoding, &parts)
    if opcode.map.isVEX { emitVEX(encoding, &parts) }
    emitOpcode(opcode, parts)
    let end = emitOperands(encoding, &parts)
    if end >= 0, parts.addressing.isRIPRelative {
      let value = parts.effective &- slot &- UInt64(cursor)
      for index in 0..<4 { code[end + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    return planned(encoding, number, parts, start)
  }

  private mutating func chooseForm(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    parts.isOffset = opcode.operands.contains { if case .offset = $0 { true } else { false } }
    // Memory at rDI is no ModRM operand.
    let forms = opcode.operands.contains(.atDestinationIndex) ? [.register] : opcode.forms
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
      case .registerOrMemory, .register, .registerOnly:
        parts.rm = anyRegister()
        if random.once(in: 16) { parts.rm = parts.reg }
        if !parts.isMemory { registers |= Int(parts.rm) }
      case .vexRegister: parts.vexRegister = anyRegister()
      case .vector: parts.reg = UInt8(random.below(16))
      case .vectorOrMemory, .vectorOnly: parts.rm = UInt8(random.below(16))
      case .mmx: parts.reg = UInt8(random.below(8))
      case .mmxOrMemory, .mmxOnly:
        parts.rm = UInt8(random.below(8))
        parts.freeRM = true
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
    if case .byte(let byte) = opcode.prefix, !opcode.map.isVEX { parts.legacy.append(byte) }
    let hasWidths = opcode.widths.count > 1
    guard opcode.unit == .general && !opcode.map.isVEX else { return chooseVectorPrefixes(encoding, &parts) }
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
    chooseAddressPrefixes(encoding, &parts)
    if isAny && !encoding.hasRepeatedSibling && !(isSequence && isConditionalLoop(encoding)) && random.once(in: 6) {
      parts.legacy.append(random.pick([0xF2, 0xF3]))
    }
    if opcode.allowsLock && parts.isMemory ? random.once(in: 2) : random.once(in: 48) {
      parts.legacy.append(0xF0)
      parts.isLocked = true
    }
  }

  /// MMX, SSE and VEX: operand sizes are W alone, and a prefix that VEX does not admit is #UD.
  private mutating func chooseVectorPrefixes(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    let hasWidths = opcode.widths.count > 1
    if parts.width == 64 && hasWidths || !hasWidths && random.once(in: 8) { parts.rex |= 8 }
    if !opcode.map.isVEX, case .byte(let byte) = opcode.prefix, byte != 0x66, random.once(in: 16) {
      parts.legacy.append(0x66)
    }
    guard random.once(in: 3) else { return }
    if random.once(in: 4) { parts.legacy.append(random.pick([0x26, 0x2E, 0x36, 0x3E])) }
    chooseAddressPrefixes(encoding, &parts)
    if random.once(in: 48) { parts.legacy.append(0xF0) }
    if opcode.map.isVEX && random.once(in: 24) { parts.legacy.append(random.pick([0x66, 0xF2, 0xF3, 0x48])) }
  }

  /// FS or GS, and 67h.
  private mutating func chooseAddressPrefixes(_ encoding: Encoding, _ parts: inout Parts) {
    let isOwn = it.pointee.usesBases != 0
    if random.once(in: isOwn ? 2 : 8) {
      // FS is the host program's, unless the case has a base of its own for it.
      let accesses = parts.isMemory || parts.isOffset || encoding.mayAccess
      let override: UInt8 = isOwn ? random.pick([0x64, 0x65]) : accesses ? 0x65 : 0x64
      // The last one counts.
      parts.legacy.append(override)
      parts.base = base(override) ?? 0
    }
    if random.once(in: 4) {
      parts.legacy.append(0x67)
      parts.address32 = true
      parts.traits.insert(.address32)
    }
  }

  private func isConditionalLoop(_ encoding: Encoding) -> Bool {
    ["LOOPE", "LOOPNE"].contains(encoding.opcode.mnemonic)
  }

  private func hasNoSize(_ opcode: Opcode) -> Bool {
    opcode.widths.isEmpty && !opcode.hasModRM && opcode.map == .oneByte
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
    guard !encoding.opcode.map.isVEX else { return }
    let hasReg = encoding.opcode.operands.contains {
      switch $0 {
      case .reg, .vector: true
      default: false
      }
    }
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
      if parts.isMemory ? addressing.freeB : !hasRM || parts.freeRM { parts.rex |= UInt8(random.below(2)) }
    }
    if parts.rex != 0 { parts.needsREX = true }
    if parts.needsREX { emit(0x40 | parts.rex) }
  }

  /// A three-byte VEX prefix; now and then one with L = 1, or with a register where none is named: #UD.
  private mutating func emitVEX(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    var rex = parts.rex
    if opcode.digit == nil { rex |= (parts.reg >> 3) << 2 }
    if parts.isMemory {
      rex |= parts.addressing.rexX << 1 | parts.addressing.rexB
    } else {
      rex |= parts.rm >> 3
    }
    if opcode.digit != nil && random.once(in: 8) { rex |= 4 }
    if (!parts.isMemory || parts.addressing.freeX) && random.once(in: 8) { rex |= 2 }
    let hasThird = opcode.operands.contains { if case .vexRegister = $0 { true } else { false } }
    if !hasThird { parts.vexRegister = random.once(in: 32) ? UInt8(random.below(16)) : 0 }
    let length: UInt8 = random.once(in: 48) ? 4 : 0
    let prefix: UInt8 =
      switch opcode.prefix {
      case .byte(0x66): 1
      case .byte(0xF3): 2
      case .byte(0xF2): 3
      default: 0
      }
    emit(0xC4)
    emit(~rex << 5 | UInt8(opcode.map.rawValue - Opcode.Map.vex0F.rawValue + 1))
    emit((rex & 8) << 4 | (~parts.vexRegister & 15) << 3 | length | prefix)
  }

  // MARK: Operands

  /// What an instruction wants of registers before its addresses are made.
  private mutating func chooseRoles(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    for register in encoding.pointers {
      let place = random.once(in: 6) ? random.place(opcode.memoryBytes ?? 8) : random.roomyPlace()
      // RDI of string instructions and RBP have segments that no prefix changes.
      let isFixed = register == 5 || register == 7 && opcode.shape == .string
      set(register, isFixed ? place : place &- parts.base)
    }
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

  /// Whether a 16-byte memory operand of the row must be aligned.
  private func needsAlignment(_ opcode: Opcode, _ bytes: Int) -> Bool {
    opcode.unit == .sse && bytes == 16 && !opcode.allowsUnaligned
  }

  private mutating func chooseMemory(_ encoding: Encoding, _ parts: inout Parts) {
    let opcode = encoding.opcode
    parts.bytes = opcode.memoryBytes ?? (opcode.unit == .general ? 8 : max(parts.width, 8) / 8)
    for operand in opcode.operands {
      switch operand {
      case _ where opcode.unit != .general: break
      case .registerOrMemory(let size), .offset(let size): parts.bytes = size.bytes(width: parts.width)
      case .memory: parts.bytes = 16
      default: continue
      }
      break
    }
    if encoding.isBranch { parts.bytes = 8 }
    parts.target = random.place(parts.bytes)
    if opcode.mnemonic == "LEA" { parts.target = random.once(in: 2) ? parts.target : random.value() >> 33 }
    if needsAlignment(opcode, parts.bytes) && !random.once(in: 6) { parts.target &= ~15 }
    let reach: UInt64 = parts.address32 ? 1 << 32 : isFirst ? .max : 1 << 31
    if parts.target &- parts.base >= reach {
      parts.target = random.roomyPlace()
      // No address reaches it then: any place will do.
      if parts.target &- parts.base >= reach { parts.target = parts.base &+ random.roomyPlace() }
    }
    if opcode.isNearIndirect {
      patch(parts.target, indirectTarget(), bytes: 8)
    } else if random.once(in: 2) || opcode.mnemonic == "LDMXCSR" {
      let bytes = min(parts.bytes, 8)
      if opcode.mnemonic == "LDMXCSR" {
        let invalid: UInt64 = random.once(in: 16) ? 1 << UInt64(18 + random.below(14)) : 0
        patch(parts.target, UInt64(random.controlAndStatus()) | invalid, bytes: bytes)
      } else {
        patch(parts.target, opcode.unit == .general ? random.value() : random.lanes(), bytes: bytes)
      }
    } else if opcode.mnemonic == "CMPXCHG" && isFirst {
      patch(parts.target, gpr[0], bytes: parts.bytes)
      pin(0)
    }
    parts.effective = parts.target &- parts.base
    guard parts.isMemory else { return }
    if opcode.shape == .bitTest, opcode.operands.last == .reg(.v) {
      parts.effective = parts.effective &- bitDisplacement(gpr[Int(parts.reg)], width: parts.width)
      if parts.address32 { parts.effective &= 0xFFFF_FFFF }
    }
    parts.addressing = addressing(of: parts.effective, address32: parts.address32)
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
    // The prefix says it.
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
      case .offset: emit(parts.effective, bytes: parts.address32 ? 4 : 8)
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

  private func vendor(_ encoding: Encoding, _ parts: Parts, length: Int) -> VendorRule? {
    let opcode = encoding.opcode
    if encoding.isBranch && parts.legacy.contains(0x66) { return .nearBranch66 }
    if isConditionalLoop(encoding) && parts.legacy.contains(where: { $0 & 0xFE == 0xF2 }) { return .repeatedLoop }
    if opcode.isNearIndirect, opcode.mnemonic == "CALL" { return .callOrder }
    if opcode.mnemonic == "MASKMOVQ" { return .maskedMove }
    if opcode.map.isVEX && length >= 15 { return .longVEX }
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
      isResultUndefined: isResultUndefined, vendor: vendor(encoding, parts, length: cursor - start), traits: traits,
      hasBase: it.pointee.usesBases != 0 && traits.contains(.segment))
  }

  private func isSourceZero(_ parts: Parts) -> Bool? {
    guard isFirst else { return nil }
    let mask: UInt64 = parts.width == 64 || parts.width == 0 ? ~0 : 1 << UInt64(parts.width) - 1
    if parts.isMemory { return initial(parts.target, bytes: parts.bytes).map { $0 & mask == 0 } ?? false }
    return gpr[Int(parts.rm)] & mask == 0
  }
}
