import CPU
import Layout
import MMU

/// The state that a case begins with.
struct FuzzState {
  let processor: Processor
  private let gpr: UnsafeMutablePointer<UInt64>

  init(_ processor: Processor) {
    self.processor = processor
    gpr = UnsafeMutableRawPointer(processor.state).assumingMemoryBound(to: UInt64.self)
  }

  /// Makes it: a mode at a privilege level, the rest at random.
  ///
  /// - Returns: what ports hold.
  func prepare(_ mode: FuzzMode, _ privilege: UInt8, _ random: inout FuzzRandom) -> UInt32 {
    let s = processor.state
    s.pointee.cycles = 0
    s.pointee.instructions = 0
    processor.reset()
    s.pointee.random = random.next()
    s.pointee.tscAux = random.next() & 0xFFFF_FFFF
    let ports = UInt32(truncatingIfNeeded: random.next())
    for register in 0..<16 { gpr[register] = value(&random) }
    gpr[4] = FuzzTables.stack + 0x8000 + UInt64(random.below(64)) * 8 &- (random.once(in: 8) ? 0x7FFB : 0)
    for register in 0..<16 { s[xmm: register] = SIMD2(random.next(), random.next()) }
    for register in 0..<8 { s[fpu: register] = FPURegister(significand: random.next(), signAndExponent: 0x3FFF) }
    setControls(mode, &random)
    setFlags(mode, &random)
    setTables(mode)
    setSegments(mode, privilege, &random)
    return ports
  }

  /// Most often an address in the data, or a small number; else anything.
  private func value(_ random: inout FuzzRandom) -> UInt64 {
    switch random.below(8) {
    case 0...3: return FuzzTables.data + (random.next() & (random.once(in: 2) ? 0xFFF0 : 0xFFFF))
    case 4: return random.next() & 0x3F
    case 5: return 0 &- (random.next() & 0xFF)
    case 6: return random.next() & 0x3F_FFFF
    default: return random.next()
    }
  }

  private func setControls(_ mode: FuzzMode, _ random: inout FuzzRandom) {
    let s = processor.state
    var cr0: UInt64 = 0x30
    if mode != .real { cr0 |= 1 }
    let hasPaging = mode.isLong || mode != .real && random.once(in: 2)
    if hasPaging { cr0 |= 1 << 31 }
    if random.once(in: 2) { cr0 |= 1 << 16 }
    // MP, EM, TS, AM.
    for bit: UInt64 in [1, 2, 3, 18] where random.once(in: 10) { cr0 |= 1 << bit }
    if random.once(in: 10) { cr0 &= ~0x20 }
    s.pointee.cr0 = cr0
    var cr4: UInt64 = 0x650 & (random.once(in: 4) ? random.next() : .max) | (random.once(in: 4) ? 0 : 1 << 18 | 1 << 16)
    // TSD, DE, PGE, PCE.
    for bit: UInt64 in [2, 3, 7, 8] where random.once(in: 6) { cr4 |= 1 << bit }
    // SMEP, SMAP, PKE, PKS: seldom, because stacks are a user's too, and key 0 is everybody's.
    for bit: UInt64 in [20, 21, 22, 24] where random.once(in: 40) { cr4 |= 1 << bit }
    s.pointee.userKeys = UInt32(truncatingIfNeeded: random.next() & 0xFFFF_FFFE)
    s.pointee.supervisorKeys = UInt32(truncatingIfNeeded: random.next() & 0xFFFF_FFFC)
    if mode.isLong {
      cr4 |= 0x20
      s.pointee.cr3 = FuzzTables.pml4
      if random.once(in: 8) { cr4 |= 1 << 17 }
      if random.once(in: 8) {
        cr4 |= 1 << 12
        s.pointee.cr3 = FuzzTables.pml5
      }
    } else if random.once(in: 2) {
      cr4 |= 0x20
      s.pointee.cr3 = hasPaging ? FuzzTables.pointers : 0
      if hasPaging { s.pointee.pointers = (FuzzTables.pml4 + 0x2000 | 1, 0, 0, FuzzTables.pml4 + 0x2000 | 1) }
    } else {
      s.pointee.cr3 = hasPaging ? FuzzTables.pageDirectory : 0
    }
    s.pointee.cr4 = cr4
    s.pointee.efer = (mode.isLong ? 0x500 : 0) | (random.once(in: 8) ? 0 : 0x801)
    s.pointee.star = UInt64(FuzzTables.Selector.code32) << 32 | UInt64(FuzzTables.Selector.userCode32) << 48
    s.pointee.lstar = FuzzTables.handlers + 0x90
    s.pointee.fmask = random.next() & 0x4_7700
    s.pointee.sysenterCS = random.once(in: 4) ? 0 : UInt64(FuzzTables.Selector.code32)
    s.pointee.sysenterESP = FuzzTables.stack + 0x4000
    s.pointee.sysenterEIP = FuzzTables.handlers + 0x91
    s.pointee.kernelGSBase = FuzzTables.data
  }

  private func setFlags(_ mode: FuzzMode, _ random: inout FuzzRandom) {
    var flags = random.next() & (FlagBit.arithmetic | FlagBit.interrupt) | FlagBit.fixed
    if random.once(in: 4) { flags |= FlagBit.direction }
    if random.once(in: 4) { flags |= random.next() & FlagBit.ioPrivilege }
    if random.once(in: 4) { flags |= FlagBit.ioPrivilege }
    if random.once(in: 32) { flags |= FlagBit.trap }
    if random.once(in: 32) { flags |= FlagBit.nestedTask }
    if random.once(in: 32) { flags |= FlagBit.resume }
    if random.once(in: 16) { flags |= FlagBit.alignment }
    if mode == .virtual8086 { flags |= FlagBit.virtual8086 }
    processor.state.rflags = flags
  }

  private func setTables(_ mode: FuzzMode) {
    let s = processor.state
    s.pointee.gdtr = DescriptorTableRegister(base: FuzzTables.gdt, limit: FuzzTables.gdtLimit)
    if mode == .real {
      s.pointee.idtr = DescriptorTableRegister(base: 0, limit: 0x3FF)
      return
    }
    s.pointee.idtr =
      mode.isLong
      ? DescriptorTableRegister(base: FuzzTables.idt64, limit: 0xFFF)
      : DescriptorTableRegister(base: FuzzTables.idt32, limit: 0x7FF)
    s.pointee.tr = SegmentRegister(
      base: mode.isLong ? FuzzTables.tss64 : FuzzTables.tss32, limit: 0x1FF, attributes: 0x8B,
      selector: FuzzTables.Selector.task, reserved: (0, 0, 0))
    s.pointee.ldtr = SegmentRegister(
      base: FuzzTables.ldt, limit: 0x3F, attributes: 0x82, selector: FuzzTables.Selector.ldt, reserved: (0, 0, 0))
  }

  private func setSegments(_ mode: FuzzMode, _ privilege: UInt8, _ random: inout FuzzRandom) {
    typealias Selector = FuzzTables.Selector
    let s = processor.state
    if mode == .real || mode == .virtual8086 {
      let access: UInt32 = mode == .real ? 0x93 : 0xF3
      func paragraph(_ base: UInt64) -> SegmentRegister {
        SegmentRegister(
          base: base, limit: 0xFFFF, attributes: access, selector: UInt16(base >> 4), reserved: (0, 0, 0))
      }
      let data = paragraph(FuzzTables.data)
      s.pointee.segments = (
        data, paragraph(FuzzTables.code), paragraph(FuzzTables.stack), data, paragraph(0x1_0000), paragraph(0x5_0000)
      )
      return
    }
    let isUser = privilege == 3
    let code: UInt16
    switch mode {
    case .long: code = isUser ? Selector.userCode64 : Selector.code64
    case .protected16: code = isUser ? Selector.userCode16 : Selector.code16
    default: code = isUser ? Selector.userCode32 : Selector.code32
    }
    let flat = segment(isUser ? Selector.userData32 : Selector.data32)
    let small = segment(isUser ? Selector.userData16 : Selector.data16)
    func any() -> SegmentRegister {
      switch random.below(12) {
      case 0: small
      case 1: segment(0x73)
      case 2: segment(0x83)
      case 3:
        SegmentRegister(base: 0, limit: 0, attributes: 1 << 16, selector: 0, reserved: (0, 0, 0))
      default: flat
      }
    }
    let stack = mode == .protected16 && random.once(in: 2) ? small : flat
    let es = any()
    let ds = any()
    var (fs, gs) = (any(), any())
    if mode == .long { (fs.base, gs.base) = (random.next() & 0xFFF8, FuzzTables.data) }
    s.pointee.segments = (es, segment(code), stack, ds, fs, gs)
  }

  /// A segment register as loading a selector of the descriptor table leaves it.
  private func segment(_ selector: UInt16) -> SegmentRegister {
    let value = FuzzTables.descriptors[Int(selector >> 3)]
    var limit = UInt32(truncatingIfNeeded: value & 0xFFFF | value >> 32 & 0xF_0000)
    if value >> 55 & 1 != 0 { limit = limit << 12 | 0xFFF }
    return SegmentRegister(
      base: value >> 16 & 0xFF_FFFF | value >> 32 & 0xFF00_0000, limit: limit,
      attributes: UInt32(truncatingIfNeeded: value >> 40) & 0xF0FF, selector: selector, reserved: (0, 0, 0))
  }
}
