import Layout
import MMU
import Opcodes

// FXSAVE, FXRSTOR and the XSAVE feature set, for the components x87, SSE and PKRU (SDM Vol. 1, "Managing State Using the XSAVE
// Feature Set"). Of the optimizations, INIT is in force: a component is in use unless its registers hold their initial
// values. The modified optimization is not: every component counts as modified, which the manual allows.

/// State components (SDM Vol. 1, "XSAVE-Supported Features and State-Component Bitmaps").
private enum Component {
  static let x87: UInt64 = 1 << 0
  static let sse: UInt64 = 1 << 1
  static let avx: UInt64 = 1 << 2
  static let keys: UInt64 = 1 << 9
}

extension Processor {
  /// The instructions that save by components.
  enum SaveForm {
    /// XSAVE, XSAVEOPT, XSAVEC, XSAVES.
    case standard, optimized, compacted, supervisor
  }

  // MARK: FXSAVE and FXRSTOR

  /// FXSAVE, "FXSAVE—Save x87 FPU, MMX Technology, and SSE State" (SDM Vol. 2A). Without CR4.OSFXSR the XMM registers
  /// are left out; reserved and available bytes stay what they were.
  func fxsave(_ s: State, _ op: OpRef, isWide: Bool) {
    guard let place = legacyPlace(s, op, isWrite: true) else { return }
    let area = gather(place)
    area.storeFPU(s, isWide: isWide)
    area.storeMXCSR(s)
    if s.pointee.cr4 & CR4.osFXSR != 0 { area.storeXMM(s, count: registerCount) }
    scatter(place)
    return s.fallThrough(op)
  }

  /// FXRSTOR, "FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State" (SDM Vol. 2A). Without CR4.OSFXSR the XMM registers
  /// and MXCSR are left alone.
  func fxrstor(_ s: State, _ op: OpRef, isWide: Bool) {
    guard let place = legacyPlace(s, op, isWrite: false) else { return }
    let area = gather(place)
    if s.pointee.cr4 & CR4.osFXSR != 0 {
      guard area.mxcsr & ~MXCSR.mask == 0 else { return raise(s, op, .generalProtection) }
      s.vectors.pointee.mxcsr = area.mxcsr
      area.loadXMM(s, count: registerCount)
    }
    area.loadFPU(s, isWide: isWide)
    return s.fallThrough(op)
  }

  /// The operand of FXSAVE or FXRSTOR; nil: a fault has been raised.
  private func legacyPlace(_ s: State, _ op: OpRef, isWrite: Bool) -> Place? {
    let fault = s.fault(ofUnit: Opcode.Unit.fxsave.rawValue)
    guard fault == 0 else {
      unavailable(s, op, fault)
      return nil
    }
    return place(s, op, bytes: SaveArea.legacySize, alignment: 16, isWrite: isWrite)
  }

  // MARK: XSAVE and XRSTOR

  /// XSAVE, XSAVEOPT, XSAVEC and XSAVES (SDM Vol. 2D, each under its name).
  func xsave(_ s: State, _ op: OpRef, _ form: SaveForm, isWide: Bool) {
    guard mayUseXSAVE(s, op, isSupervisor: form == .supervisor),
      let place = place(s, op, bytes: SaveArea.size, alignment: 64, isWrite: true)
    else { return }
    let requested = s.vectors.pointee.xcr0 & instructionMask(s)
    var inUse = componentsInUse & requested
    let isCompacted = form == .compacted || form == .supervisor
    if isCompacted && s.vectors.pointee.mxcsr != MXCSR.initial { inUse |= Component.sse & requested }
    let saved = form == .standard ? requested : inUse
    var keys: PhysicalAddress?
    if saved & Component.keys != 0 {
      keys = keysPlace(s, op, compactedWith: isCompacted ? requested : nil, isWrite: true)
      guard keys != nil else { return }
    }
    let area = gather(place)
    if saved & Component.x87 != 0 { area.storeFPU(s, isWide: isWide) }
    if saved & Component.sse != 0 { area.storeXMM(s, count: registerCount) }
    let savesMXCSR = isCompacted ? saved & Component.sse != 0 : requested & (Component.sse | Component.avx) != 0
    if savesMXCSR { area.storeMXCSR(s) }
    if isCompacted {
      area.components = inUse
      area.format = requested | SaveArea.isCompacted
    } else {
      area.components = area.components & ~requested | inUse
    }
    scatter(place)
    if let keys { memory.write(keys, UInt64(s.pointee.userKeys)) }
    return s.fallThrough(op)
  }

  /// XRSTOR and XRSTORS (SDM Vol. 2D, each under its name).
  func xrstor(_ s: State, _ op: OpRef, isSupervisor: Bool, isWide: Bool) {
    guard mayUseXSAVE(s, op, isSupervisor: isSupervisor),
      let place = place(s, op, bytes: SaveArea.size, alignment: 64, isWrite: false)
    else { return }
    let area = gather(place)
    let enabled = s.vectors.pointee.xcr0
    let isCompacted = area.format & SaveArea.isCompacted != 0
    let isValid: Bool
    if isCompacted {
      let room = area.format & ~SaveArea.isCompacted
      isValid = room & ~enabled == 0 && area.components & ~room == 0 && area.headerIsZero(16..<64)
    } else {
      isValid = !isSupervisor && area.components & ~enabled == 0 && area.headerIsZero(8..<24)
    }
    guard isValid else { return raise(s, op, .generalProtection) }
    let requested = enabled & instructionMask(s)
    let restored = requested & area.components
    let initialized = requested & ~area.components
    let loadsMXCSR =
      isCompacted ? restored & Component.sse != 0 : requested & (Component.sse | Component.avx) != 0
    guard !loadsMXCSR || area.mxcsr & ~MXCSR.mask == 0 else { return raise(s, op, .generalProtection) }
    if restored & Component.keys != 0 {
      let room = isCompacted ? area.format : nil
      guard let keys = keysPlace(s, op, compactedWith: room, isWrite: false) else { return }
      setKeys(memory.read(keys, as: UInt32.self))
    } else if initialized & Component.keys != 0 {
      setKeys(0)
    }
    if restored & Component.x87 != 0 {
      area.loadFPU(s, isWide: isWide)
    } else if initialized & Component.x87 != 0 {
      s.initializeFPU()
      for number in 0..<8 { s[fpu: number] = FPURegister() }
    }
    if restored & Component.sse != 0 {
      area.loadXMM(s, count: registerCount)
    } else if initialized & Component.sse != 0 {
      for number in 0..<registerCount { s[xmm: number] = .zero }
      if isCompacted { s.vectors.pointee.mxcsr = MXCSR.initial }
    }
    if loadsMXCSR { s.vectors.pointee.mxcsr = area.mxcsr }
    return s.fallThrough(op)
  }

  /// EDX:EAX, which names the components that an instruction is about.
  private func instructionMask(_ s: State) -> UInt64 {
    UInt64(s.get(.rdx, as: UInt32.self)) << 32 | UInt64(s.get(.rax, as: UInt32.self))
  }

  /// XINUSE: the components that are not in their initial configuration (SDM Vol. 1, "Processor Tracking of
  /// XSAVE-Managed State"); MXCSR does not count.
  private var componentsInUse: UInt64 {
    let vectors = state.vectors.pointee
    var registers: UInt64 = 0
    for number in 0..<8 { registers |= state[fpu: number].significand | state[fpu: number].signAndExponent }
    let words =
      vectors.fpuControl ^ FPUControl.initial | vectors.fpuStatus | UInt16(vectors.fpuFull) | vectors.fpuOpcode
      | vectors.fpuCodeSelector | vectors.fpuDataSelector
    let isFPUInUse = registers | vectors.fpuInstruction | vectors.fpuData | UInt64(words) != 0
    var lanes = SIMD2<UInt64>.zero
    for number in 0..<registerCount { lanes |= state[xmm: number] }
    return (isFPUInUse ? Component.x87 : 0) | (lanes != .zero ? Component.sse : 0)
      | (state.pointee.userKeys != 0 ? Component.keys : 0)
  }

  /// The checks that come before the operand's; false: a fault has been raised.
  private func mayUseXSAVE(_ s: State, _ op: OpRef, isSupervisor: Bool) -> Bool {
    let fault = s.fault(ofUnit: Opcode.Unit.xsave.rawValue)
    if isSupervisor, !isEnabledForGuest(.xsaves) {
      raise(s, op, .invalidOpcode)
    } else if fault != 0 {
      unavailable(s, op, fault)
    } else if isSupervisor && s.privilege != 0 {
      raise(s, op, .generalProtection)
    } else {
      return true
    }
    return false
  }

  // MARK: XCR0

  /// XGETBV, "XGETBV—Get Value of Extended Control Register" (SDM Vol. 2D).
  func xgetbv(_ s: State, _ op: OpRef) {
    guard s.pointee.cr4 & CR4.osXSAVE != 0 else { return raise(s, op, .invalidOpcode) }
    let value: UInt64
    switch s.get(.rcx, as: UInt32.self) {
    case 0: value = s.vectors.pointee.xcr0
    case 1:
      let sse = s.vectors.pointee.mxcsr != MXCSR.initial ? Component.sse : 0
      value = s.vectors.pointee.xcr0 & (componentsInUse | sse)
    default: return raise(s, op, .generalProtection)
    }
    s.set(.rax, UInt32(truncatingIfNeeded: value))
    s.set(.rdx, UInt32(truncatingIfNeeded: value >> 32))
    return s.fallThrough(op)
  }

  /// XSETBV, "XSETBV—Set Extended Control Register" (SDM Vol. 2D): x87 cannot be left out.
  func xsetbv(_ s: State, _ op: OpRef) {
    guard s.pointee.cr4 & CR4.osXSAVE != 0 else { return raise(s, op, .invalidOpcode) }
    let value = instructionMask(s)
    guard s.privilege == 0 else { return raise(s, op, .generalProtection) }
    if isGuest, exits(.xsetbv, s, op) { return }
    guard s.get(.rcx, as: UInt32.self) == 0, value & Component.x87 != 0,
      value & ~model.stateComponents == 0
    else { return raise(s, op, .generalProtection) }
    s.vectors.pointee.xcr0 = value
    return s.fallThrough(op)
  }

  // MARK: What they stand on

  /// XMM registers that can be named: 16 in 64-bit mode, else 8.
  private var registerCount: Int { state.is64Bit ? 16 : 8 }

  /// Where an operand's bytes lie in memory: in one piece or, across a page boundary, in two.
  struct Place {
    var first: PhysicalAddress
    var head: Int
    var second: PhysicalAddress
    var tail: Int
  }

  private func raised(_ s: State, _ op: OpRef, _ vector: Vector) -> Place? {
    raise(s, op, vector)
    return nil
  }

  /// Translates all of a memory operand; nil: a fault has been raised.
  func place(_ s: State, _ op: OpRef, bytes: Int, alignment: UInt64, isWrite: Bool) -> Place? {
    let linear = s.effectiveAddress(op)
    guard linear & (alignment - 1) == 0 else { return raised(s, op, .generalProtection) }
    let isStack = op.isBasedOnStack
    let access = Access(isWrite: isWrite, isUser: translation.isUser)
    let head = min(bytes, 0x1000 - Int(linear & 0xFFF))
    guard let first = physical(linear, access, isStack: isStack) else {
      leaveBlock(s, op, ExitFault)
      return nil
    }
    var second = first.address
    if head < bytes {
      guard let found = physical(linear &+ UInt64(head), access, isStack: isStack) else {
        leaveBlock(s, op, ExitFault)
        return nil
      }
      second = found.address
    }
    noteAccess(linear, bytes: UInt64(bytes), isWrite: isWrite)
    return Place(first: first.address, head: head, second: second, tail: bytes - head)
  }

  /// Where PKRU lies in an area, 8 bytes that cross no page; nil: a fault has been raised.
  private func keysPlace(_ s: State, _ op: OpRef, compactedWith components: UInt64?, isWrite: Bool) -> PhysicalAddress?
  {
    let linear = s.effectiveAddress(op) &+ model.offset(ofComponent: 9, compactedWith: components)
    let access = Access(isWrite: isWrite, isUser: translation.isUser)
    guard let found = physical(linear, access, isStack: op.isBasedOnStack) else {
      leaveBlock(s, op, ExitFault)
      return nil
    }
    return found.address
  }

  private func setKeys(_ value: UInt32) {
    state.pointee.userKeys = value
    contextChanged()
  }

  func gather(_ place: Place) -> SaveArea {
    let buffer = state.raw + Int(SaveAreaOffset)
    memory.read(place.first, into: UnsafeMutableRawBufferPointer(start: buffer, count: place.head))
    if place.tail > 0 {
      memory.read(place.second, into: UnsafeMutableRawBufferPointer(start: buffer + place.head, count: place.tail))
    }
    return SaveArea(base: buffer)
  }

  func scatter(_ place: Place) {
    let buffer = state.raw + Int(SaveAreaOffset)
    memory.write(place.first, UnsafeRawBufferPointer(start: buffer, count: place.head))
    if place.tail > 0 {
      memory.write(place.second, UnsafeRawBufferPointer(start: buffer + place.head, count: place.tail))
    }
  }
}
