import Opcodes
import Silicon

/// Writes a case: an instruction of a row in a scenario's mode, with operands that suit it.
struct ModeDraft {
  let scenario: Scenario
  let row: ModeRow
  var it: ModeCase
  var random: Randomness
  var pinned: UInt16 = 0

  var legacy: [UInt8] = []
  var rex: UInt8 = 0
  var needsREX = false
  var reg: UInt8 = 0
  var rm: UInt8 = 0
  var spread: UInt8 = 0
  var isMemory = false
  var isOffset = false
  /// The number of the segment register that a prefix names.
  var override: Int?
  /// ModRM.mod, SIB and displacement of a memory operand; a RIP-relative one is filled in at the end.
  var mod: UInt8 = 3
  var sib: UInt8?
  var displacement: UInt64 = 0
  var displacementBytes = 0
  var ripRelativePlace: Int?
  var effective: UInt64 = 0
  /// Linear address of the memory operand.
  var target: UInt64 = 0
  var immediate: UInt64?

  var mode: ScenarioMode { scenario.mode }
  var is64: Bool { mode == .long }
  var opcode: Opcode { row.opcode }
  var registers: Int { is64 ? 16 : 8 }
  var start: UInt64 { scenario.start(it.slot) }
  /// Address and stack masks.
  var addressMask: UInt64 { it.addressWidth == 64 ? ~0 : 1 << UInt64(it.addressWidth) - 1 }
  var stackMask: UInt64 { is64 ? ~0 : scenario.isStack32 ? 0xFFFF_FFFF : 0xFFFF }

  init(_ row: ModeRow, number: Int, slot: Int, scenario: Scenario, random: Randomness) {
    self.scenario = scenario
    self.row = row
    self.random = random
    it = ModeCase()
    it.row = number
    it.slot = slot
    for register in 0..<16 {
      it.gpr[register] = self.random.value() & (mode == .long ? ~0 : 0xFFFF_FFFF)
    }
    it.gpr[4] = stackOffset() | it.gpr[4] & ~stackMask
    pinned = 1 << 4
    var flags = 2 | self.random.next() & 0x8D5
    if self.random.once(in: 6) { flags |= 0x400 }
    if self.random.once(in: 4) { flags |= 0x200 }
    if self.random.once(in: 4) { flags |= 0x4000 }
    if self.random.once(in: 2) { flags |= UInt64(self.random.below(4)) << 12 }
    // NT makes an IRET a task switch, and none in IA-32e mode.
    if row.opcode.mnemonic == "IRET" { flags &= ~0x4000 }
    it.flags = flags
  }

  /// An offset in SS with data on both sides of it.
  private mutating func stackOffset() -> UInt64 {
    let linear = UInt64(
      ModeLayout.data + 0x400 + random.below(ModeLayout.dataBytes - 0x800) & ~(random.once(in: 4) ? 0 : 7))
    return linear &- base(2)
  }

  func base(_ segment: Int) -> UInt64 { is64 && segment < 4 ? 0 : scenario.bases[segment] }

  // MARK: Registers and data

  /// Sets the low bits of a register, unless another value is needed there; says whether it now has them.
  @discardableResult
  mutating func set(_ register: Int, _ value: UInt64, bits: Int) -> Bool {
    guard pinned >> UInt16(register) & 1 == 0 else { return false }
    let mask: UInt64 = bits >= 64 ? ~0 : 1 << UInt64(bits) - 1
    it.gpr[register] = it.gpr[register] & ~mask | value & mask
    pinned |= 1 << UInt16(register)
    return true
  }

  mutating func patch(_ address: UInt64, _ value: UInt64, bytes: Int) {
    guard address >= UInt64(ModeLayout.data), address + UInt64(bytes) <= UInt64(ModeLayout.comparedEnd) else { return }
    it.patches.append((Int(address), value, bytes))
  }

  /// What the data hold before the case.
  func initial(_ address: UInt64, bytes: Int) -> UInt64? {
    guard address >= UInt64(ModeLayout.data), address + UInt64(bytes) <= UInt64(ModeLayout.comparedEnd) else {
      return nil
    }
    var value: UInt64 = 0
    for index in 0..<bytes {
      var byte = scenario.image[Int(address) + index]
      for patch in it.patches {
        let place = Int(address) + index - patch.address
        if place >= 0 && place < patch.bytes { byte = UInt8(truncatingIfNeeded: patch.value >> UInt64(8 * place)) }
      }
      value |= UInt64(byte) << UInt64(8 * index)
    }
    return value
  }

  // MARK: The instruction

  mutating func write() -> ModeCase {
    chooseWidth()
    let forms = opcode.forms
    isOffset = opcode.operands.contains { if case .offset = $0 { true } else { false } }
    isMemory = !isOffset && (forms.count == 2 ? random.once(in: 2) : forms.first == .memory)
    it.hasMemory = isMemory || isOffset
    chooseRegisters()
    choosePrefixes()
    chooseRoles()
    if isMemory || isOffset { chooseMemory() }
    emit()
    judge()
    if row.loadsSegment { probe() }
    return it
  }

  private mutating func chooseWidth() {
    let widths = opcode.widths.filter { width in
      switch width {
      case 64: is64
      case 32: !(is64 && opcode.defaultsTo64)
      case 16: !(is64 && opcode.isAlways64)
      default: true
      }
    }
    it.width = widths.isEmpty ? 0 : random.pick(widths)
    it.addressWidth = is64 ? 64 : mode.isCode16 ? 16 : 32
    if random.once(in: 6) {
      legacy.append(0x67)
      it.addressWidth = it.addressWidth == 32 ? 16 : 32
    }
    if case .byte(let byte) = opcode.prefix { legacy.append(byte) }
    let isNarrow = mode.isCode16 ? it.width == 32 : it.width == 16
    // Operands of 32 or 64 bits (y) have 32 in 16-bit code without a prefix; BSWAP has not.
    let sized = opcode.widths.contains(16) && opcode.widths.count > 1 || opcode.mnemonic == "BSWAP"
    if sized && isNarrow { legacy.append(0x66) }
    if it.width == 64 && !opcode.defaultsTo64 || opcode.needsREXW {
      rex |= 8
      needsREX = true
    }
  }

  private mutating func anyRegister() -> UInt8 { UInt8(random.below(registers)) }

  private mutating func chooseRegisters() {
    var highest = 0
    for operand in opcode.operands {
      switch operand {
      case .reg:
        reg = anyRegister()
        // SP keeps its value, which reaches too far as the offset of a bit.
        if opcode.shape == .bitTest && reg == 4 { reg = 2 }
        highest = max(highest, Int(reg))
      case .segment:
        // CS cannot be loaded; 6 and 7 are none.
        reg = UInt8(random.once(in: 12) ? random.below(8) : random.pick([0, 2, 3, 4, 5]))
      case .control: reg = random.pick(row.controls)
      case .registerOrMemory, .register, .registerOnly, .opcodeRegister:
        rm = anyRegister()
        if !isMemory { highest = max(highest, Int(rm)) }
      default: break
      }
    }
    if let digit = opcode.digit { reg = digit }
    if let exact = opcode.exactRM { rm = exact }
    spread = opcode.spread == 16 ? UInt8(random.below(16)) : opcode.spread == 8 ? rm & 7 : 0
    if highest > 7 { needsREX = true }
    if case .control = opcode.operands.first, reg == 8 { needsREX = true }
    if case .control = opcode.operands.last, reg == 8 { needsREX = true }
  }

  private mutating func choosePrefixes() {
    if random.once(in: 5) {
      var number = random.below(6)
      // CS cannot be written, which Unicorn does not know.
      if number == 1 && (opcode.writesMemory || opcode.mnemonic == "ARPL") { number = 3 }
      legacy.append([0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65][number])
      if !is64 || number >= 4 { override = number }
    }
    if row.isString {
      if random.once(in: 2) { legacy.append(random.pick([0xF2, 0xF3])) }
    }
    // Elsewhere it is #UD, which Unicorn does not know: on CMP it even aborts.
    if opcode.allowsLock && isMemory && random.once(in: 4) { legacy.append(0xF0) }
    if is64 && random.once(in: 8) { needsREX = true }
    legacy.shuffle(using: &random)
  }

  // MARK: Addresses

  /// An address of data, sometimes near their end.
  mutating func place(_ bytes: Int) -> UInt64 {
    let offset = 0x10 + random.below(ModeLayout.dataBytes - 0x20 - bytes)
    return UInt64(ModeLayout.data + (random.once(in: 2) ? offset & ~15 : offset))
  }

  private mutating func chooseMemory() {
    let bytes = row.memoryBytes(width: it.width)
    target = place(max(bytes, 16))
    if isOffset {
      effective = target &- base(override ?? 3) & addressMask
    } else if it.addressWidth == 16 {
      address16(bytes)
    } else {
      address32(bytes)
    }
    row.fill(&self, bytes)
  }

  private static let pairs: [[Int]] = [[3, 6], [3, 7], [5, 6], [5, 7], [6], [7], [5], [3]]

  private mutating func address16(_ bytes: Int) {
    for _ in 0..<8 {
      rm = UInt8(random.below(8))
      mod = UInt8(random.below(3))
      let isAbsolute = mod == 0 && rm == 6
      let usesBP = [2, 3].contains(rm) || rm == 6 && mod != 0
      let wanted = target &- base(override ?? (usesBP ? 2 : 3))
      displacementBytes = isAbsolute ? 2 : Int(mod)
      displacement = mod == 1 ? signed(random.next(), bits: 8) : random.next()
      if displacementBytes == 0 { displacement = 0 }
      target = base(override ?? (usesBP ? 2 : 3)) &+ (wanted & 0xFFFF)
      if isAbsolute {
        displacement = wanted
        return
      }
      let registers = ModeDraft.pairs[Int(rm)]
      guard let free = registers.first(where: { pinned >> UInt16($0) & 1 == 0 }) else { continue }
      let others = registers.filter { $0 != free }.reduce(0) { $0 &+ it.gpr[$1] }
      set(free, wanted &- displacement &- others, bits: 16)
      for register in registers { pinned |= 1 << UInt16(register) }
      return
    }
    (mod, rm, displacementBytes) = (0, 6, 2)
    displacement = target &- base(override ?? 3)
  }

  private mutating func address32(_ bytes: Int) {
    let bits = it.addressWidth
    mod = UInt8(random.below(3))
    let kind = random.below(6)
    if kind == 0 {
      // Without a base: behind RIP in 64-bit mode.
      (mod, rm, displacementBytes) = (0, 5, 4)
      displacement = target &- base(override ?? 3)
      if is64 {
        effective = displacement
        ripRelativePlace = 0
      }
      return
    }
    var number = random.below(registers)
    for _ in 0..<16 where pinned >> UInt16(number) & 1 != 0 { number = random.below(registers) }
    guard pinned >> UInt16(number) & 1 == 0 else {
      (mod, rm, displacementBytes) = (0, 4, 4)
      sib = 0x25
      displacement = target &- base(override ?? 3)
      return
    }
    if mod == 0 && number & 7 == 5 { mod = 1 }
    displacementBytes = mod == 0 ? 0 : mod == 1 ? 1 : 4
    displacement =
      mod == 0
      ? 0 : mod == 1 ? signed(random.next(), bits: 8) : signed(random.next() >> UInt64(random.below(32)), bits: 32)
    var rest = target &- base(override ?? (number == 4 || number == 5 ? 2 : 3)) &- displacement
    let index = random.below(registers)
    if random.once(in: 2) && index != 4 && index != number {
      let scale = UInt8(random.below(4))
      rest = rest &- it.gpr[index] &<< UInt64(scale)
      pinned |= 1 << UInt16(index)
      rm = 4
      sib = scale << 6 | UInt8(index & 7) << 3 | UInt8(number & 7)
      rex |= UInt8(index >> 3) << 1
    } else if number & 7 == 4 {
      rm = 4
      sib = 0x20 | UInt8(number & 7)
    } else {
      rm = UInt8(number & 7)
    }
    rex |= UInt8(number >> 3)
    if rex & 3 != 0 { needsREX = true }
    set(number, rest, bits: bits)
  }

  func signed(_ value: UInt64, bits: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: value << (64 - bits)) >> Int64(64 - bits))
  }

  // MARK: Bytes

  private mutating func emit(_ value: UInt64, _ bytes: Int) {
    for index in 0..<bytes { it.code.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  private mutating func emit() {
    it.code = legacy
    it.prefixes = legacy
    let hasReg = opcode.operands.contains {
      switch $0 {
      case .reg, .control: true
      default: false
      }
    }
    if hasReg { rex |= (reg >> 3) << 2 }
    if !isMemory && !isOffset && opcode.exactRM == nil { rex |= rm >> 3 }
    it.hasREX = is64 && (rex != 0 || needsREX)
    it.isRIPRelative = ripRelativePlace != nil
    if it.hasREX { it.code.append(0x40 | rex) }
    if opcode.map != .oneByte { it.code.append(0x0F) }
    if opcode.map == .escape0F38 { it.code.append(0x38) }
    if opcode.map == .escape0F3A { it.code.append(0x3A) }
    it.code.append(opcode.byte + spread)
    if opcode.hasModRM {
      if isMemory {
        it.code.append(mod << 6 | (reg & 7) << 3 | rm & 7)
        if let sib { it.code.append(sib) }
        if ripRelativePlace != nil { ripRelativePlace = it.code.count }
        emit(displacement, displacementBytes)
      } else {
        it.code.append(0xC0 | (reg & 7) << 3 | rm & 7)
      }
    }
    for operand in opcode.operands { emitImmediate(operand) }
    if let place = ripRelativePlace {
      let value = effective &- start &- UInt64(it.code.count)
      for index in 0..<4 { it.code[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
  }

  private mutating func emitImmediate(_ operand: Opcode.Operand) {
    switch operand {
    case .immediate(.b), .signedByte:
      let value = row.isShift ? random.count() : row.immediate(&self)
      immediate = value & 0xFF
      emit(value, 1)
    case .immediate(let size): emit(row.immediate(&self), row.bytes(size, width: it.width))
    case .one: immediate = 1
    case .offset: emit(effective, it.addressWidth / 8)
    case .farPointer:
      let size = has66 != mode.isCode16 ? 2 : 4
      let far = farTarget()
      emit(far.offset, size)
      emit(UInt64(far.selector), 2)
    case .relative(let size):
      let bytes = size == .b ? 1 : is64 || has66 == mode.isCode16 ? 4 : 2
      let isBehind = random.once(in: 2)
      let near = start &+ random.haltOffset() % UInt64(ModeLayout.slotBytes)
      let goal = bytes > 1 ? codeOffset() : isBehind || it.slot == 0 ? near : near &- UInt64(ModeLayout.slotBytes)
      emit(goal &- start &- UInt64(it.code.count + bytes), bytes)
    default: break
    }
  }

  var has66: Bool { legacy.contains(0x66) }

  /// An offset in CS where there is a HLT.
  mutating func codeOffset() -> UInt64 { UInt64(ModeLayout.code) + random.haltOffset() &- base(1) }

  /// Any selector, often one of a descriptor that may be used.
  mutating func selector() -> UInt16 {
    let ring = random.once(in: 2) ? scenario.privilege : UInt16(random.below(4))
    if random.once(in: 6) { return UInt16(random.below(Scenario.localEntries + 2)) << 3 | 4 | ring }
    let number = random.once(in: 3) ? random.pick([0, 1, 2, 4, 5, 6, 7]) : random.below(Scenario.entries + 2)
    return UInt16(number) << 3 | ring
  }

  mutating func farTarget() -> (offset: UInt64, selector: UInt16) {
    if mode == .real {
      let selector = UInt16((UInt64(ModeLayout.code) - UInt64(random.below(0x800) * 16)) >> 4)
      return (UInt64(ModeLayout.code) + random.haltOffset() - UInt64(selector) << 4, selector)
    }
    return (random.once(in: 2) ? codeOffset() : random.haltOffset(), selector())
  }

  // MARK: What is undefined

  private mutating func judge() {
    var count = immediate
    if opcode.operands.last == .cl { count = it.gpr[1] & 0xFF }
    for rule in row.undefined where rule.applies(width: it.width, count: count, isSourceZero: isSourceZero) {
      it.undefined |= rule.flags
      it.isResultUndefined = it.isResultUndefined || rule.isResult
    }
  }

  private var isSourceZero: Bool? {
    let mask: UInt64 = it.width == 64 || it.width == 0 ? ~0 : 1 << UInt64(it.width) - 1
    if isMemory { return initial(target, bytes: max(it.width, 8) / 8).map { $0 & mask == 0 } }
    return it.gpr[Int(rm)] & mask == 0
  }

  /// Behind an instruction that loads a segment register, a read through it shows what was loaded with it.
  private mutating func probe() {
    guard let segment = row.loadedSegment(self), segment != 1, segment != 2, !(is64 && segment < 4) else { return }
    it.code.append([0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65][segment])
    // MOV AX or EAX, [moffs]
    it.code.append(0xA1)
    emit(UInt64(random.below(0x4000)), is64 ? 8 : mode.isCode16 ? 2 : 4)
  }
}
