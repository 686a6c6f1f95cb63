import Layout
import MMU

// CPUID, RDMSR and WRMSR: what they do beyond the tables of the processor's model.

extension Processor {
  /// CPUID.
  func identify(_ s: State, _ op: OpRef) {
    let leaf = s.get(.rax, as: UInt32.self)
    let values = model.cpuid(leaf: leaf, subleaf: s.get(.rcx, as: UInt32.self), identification)
    // Leaf 1 loads the revision of the microcode ("Microcode Update Facilities").
    if leaf == 1, let number = model.number(of: 0x8B) { modelSpecific[number] = model.registers[number].reset }
    s.set(.rax, values.eax)
    s.set(.rbx, values.ebx)
    s.set(.rcx, values.ecx)
    s.set(.rdx, values.edx)
    return s.fallThrough(op)
  }

  /// What CPUID depends on now.
  private var identification: CPUIDInputs {
    var inputs = identity
    inputs.xcr0 = state.vectors.pointee.xcr0
    inputs.cr4 = state.pointee.cr4
    inputs.is64Bit = state.is64Bit
    inputs.apicBase = apic.base
    inputs.miscEnable = self[modelSpecific: 0x1A0]
    return inputs
  }

  /// The value of a register that has a place of its own; 0 when the model does not have it.
  public subscript(modelSpecific index: UInt32) -> UInt64 {
    guard let number = model.number(of: index) else { return 0 }
    return model.registers[number].storage == .apicBase ? apic.base : modelSpecific[number]
  }

  /// IA32_DEBUGCTL, which every VM entry and exit looks at.
  public var debugControl: UInt64 { debugControlNumber < 0 ? 0 : modelSpecific[debugControlNumber] }

  /// Its index.
  public static let debugControlIndex: UInt32 = 0x1D9

  /// Values after power-up and RESET. The time-stamp counter counts from there.
  func resetModelSpecificRegisters() {
    let s = state
    s.pointee.tscOffset = 0 &- s.pointee.cycles
    for (number, register) in model.registers.enumerated() {
      modelSpecific[number] = register.reset
      place(register.reset, in: register.storage)
    }
    memoryTypesChanged()
  }

  /// RDMSR: #GP(0) for a register that the model does not have, unless those read as zero.
  func readMSR(_ s: State, _ op: OpRef) {
    let index = s.get(.rcx, as: UInt32.self)
    guard !exits(msr: index, isWrite: false, s, op) else { return }
    observer?.accessedModelSpecific(index, isWrite: false, by: self)
    guard let value = readMSR(index, s, op) else { return raise(s, op, .generalProtection) }
    s.set(.rax, UInt32(truncatingIfNeeded: value))
    s.set(.rdx, UInt32(truncatingIfNeeded: value >> 32))
    return s.fallThrough(op)
  }

  private func readMSR(_ index: UInt32, _ s: State, _ op: OpRef) -> UInt64? {
    if isGuest, let virtualization {
      if let value = virtualization.virtualRead(msr: index) { return value }
      if index == 0x10 { return virtualization.timeStamp(s.cycles(before: op) &+ s.pointee.tscOffset) }
    }
    if isWideAPICRegister(index) { return apic.readWide(Int(index - 0x800), at: s.cycles(before: op)) }
    guard let number = model.number(of: index) else { return ignoresUnknownRegisters ? 0 : nil }
    guard model.registers[number].isReadable else { return nil }
    return value(of: number, at: s.cycles(before: op))
  }

  func value(of number: Int, at cycle: UInt64) -> UInt64 {
    let s = state
    return switch model.registers[number].storage {
    case .own, .timeStampAdjust, .memoryTypes, .pageAttributes: modelSpecific[number]
    case .apicBase: apic.base
    case .timerDeadline: apic.timer.deadline
    case .timeStampCounter: cycle &+ s.pointee.tscOffset
    case .coreThreadCount: UInt64(identity.processorCount) << 16 | UInt64(identity.processorCount)
    case .sysenterCS: s.pointee.sysenterCS
    case .sysenterESP: s.pointee.sysenterESP
    case .sysenterEIP: s.pointee.sysenterEIP
    case .efer: s.pointee.efer
    case .star: s.pointee.star
    case .lstar: s.pointee.lstar
    case .cstar: s.pointee.cstar
    case .fmask: s.pointee.fmask
    case .fsBase: s.segment(.fs).pointee.base
    case .gsBase: s.segment(.gs).pointee.base
    case .kernelGSBase: s.pointee.kernelGSBase
    case .timeStampAux: s.pointee.tscAux
    case .supervisorKeys: UInt64(s.pointee.supervisorKeys)
    }
  }

  /// WRMSR: #GP(0) for a register that the model does not have, unless those are ignored, a reserved bit, or a value that is not valid. Of what is
  /// cached only an MTRR's write drops anything (TLB rules, section I).
  func writeMSR(_ s: State, _ op: OpRef) {
    let written = UInt64(s.get(.rdx, as: UInt32.self)) << 32 | UInt64(s.get(.rax, as: UInt32.self))
    let index = s.get(.rcx, as: UInt32.self)
    guard !exits(msr: index, isWrite: true, s, op) else { return }
    observer?.accessedModelSpecific(index, isWrite: true, by: self)
    if isGuest, let isDone = virtualization?.virtualWrite(msr: index, written) {
      guard isDone else { return raise(s, op, .generalProtection) }
      // What it asks for may be due at once.
      if s.pointee.exit == UInt32(ExitNone) { s.pointee.exit = UInt32(ExitStop) }
      return s.fallThrough(op)
    }
    if isWideAPICRegister(index) {
      guard let effect = apic.writeWide(Int(index - 0x800), written, at: s.cycles(before: op)) else {
        return raise(s, op, .generalProtection)
      }
      accessOp = op
      perform(effect)
      accessOp = nil
      return s.fallThrough(op)
    }
    guard let number = model.number(of: index) else {
      return ignoresUnknownRegisters ? s.fallThrough(op) : raise(s, op, .generalProtection)
    }
    let register = model.registers[number]
    guard register.isWritable, written & ~(register.writable | register.kept | featureBits(register)) == 0 else {
      return raise(s, op, .generalProtection)
    }
    let old = value(of: number, at: s.cycles(before: op))
    let stored = register.writable | featureBits(register)
    let value = old & ~stored | written & stored
    guard isValid(value, old, for: register) else { return raise(s, op, .generalProtection) }
    guard store(value, old, at: number) else { return raise(s, op, .generalProtection) }
    return s.fallThrough(op)
  }

  /// Whether a value may be written to a register, by VMX on somebody's behalf.
  package func mayWrite(msr index: UInt32, _ value: UInt64) -> Bool {
    if isWideAPICRegister(index) { return true }
    guard let number = model.number(of: index) else { return ignoresUnknownRegisters }
    let register = model.registers[number]
    guard register.isWritable, value & ~(register.writable | register.kept | featureBits(register)) == 0 else {
      return false
    }
    return isValid(value, currentValue(of: number), for: register)
  }

  /// Writes a register from an MSR area (SDM Vol. 3, "Loading MSRs"); false: it cannot be.
  package func load(msr index: UInt32, _ value: UInt64) -> Bool {
    if isWideAPICRegister(index) {
      guard let effect = apic.writeWide(Int(index - 0x800), value, at: state.pointee.cycles) else { return false }
      perform(effect)
      return true
    }
    guard mayWrite(msr: index, value) else { return false }
    guard let number = model.number(of: index) else { return true }
    let register = model.registers[number]
    let old = currentValue(of: number)
    let stored = register.writable | featureBits(register)
    return store(old & ~stored | value & stored, old, at: number)
  }

  /// Reads a register for an MSR area (SDM Vol. 3, "Saving MSRs"); nil: there is none.
  package func stored(msr index: UInt32) -> UInt64? {
    if isWideAPICRegister(index) { return apic.readWide(Int(index - 0x800), at: state.pointee.cycles) }
    guard let number = model.number(of: index) else { return ignoresUnknownRegisters ? 0 : nil }
    guard model.registers[number].isReadable else { return nil }
    return currentValue(of: number)
  }

  /// A register's value at an instruction boundary.
  private func currentValue(of number: Int) -> UInt64 {
    model.registers[number].storage == .timeStampCounter
      ? state.pointee.cycles &+ state.pointee.tscOffset : value(of: number, at: state.pointee.cycles)
  }

  /// Bits that are reserved in a model without the feature that they belong to: EFER.NXE.
  private func featureBits(_ register: ModelSpecificRegister) -> UInt64 {
    switch register.check {
    case .efer:
      model.partHas("NX") && self[modelSpecific: 0x1A0] & MiscEnable.executeDisableOff == 0 ? EFER.executeDisable : 0
    case .apicBase: model.has("x2APIC") ? 1 << 10 : 0
    default: 0
    }
  }

  private func isValid(_ value: UInt64, _ old: UInt64, for register: ModelSpecificRegister) -> Bool {
    guard (value ^ old) & register.fixed == 0 else { return false }
    return switch register.check {
    case .none: true
    case .physical: value >> UInt64(model.physicalBits) == 0
    case .canonical: LinearAddress(value).isCanonical(bits: model.linearBits)
    case .memoryType: MemoryTypeEncoding.isMTRRType(value)
    case .memoryTypes: MemoryTypeEncoding.every(value, MemoryTypeEncoding.isMTRRType)
    case .patTypes: MemoryTypeEncoding.every(value, MemoryTypeEncoding.isPATType)
    case .unlocked: old & 1 == 0
    case .allOrNone: value == 0 || value == .max
    // The change of mode decides, when it is made.
    case .apicBase: true
    // "Extended Feature Enable Register": LME does not change while paging is on.
    case .efer: (value ^ old) & EFER.longModeEnable == 0 || state.pointee.cr0 & CR0.paging == 0
    }
  }

  /// - Returns: whether the register takes the value.
  private func store(_ value: UInt64, _ old: UInt64, at number: Int) -> Bool {
    let s = state
    let storage = model.registers[number].storage
    switch storage {
    case .own: modelSpecific[number] = value
    case .memoryTypes, .pageAttributes:
      modelSpecific[number] = value
      memoryTypesChanged()
      if storage == .memoryTypes { translation.rangesWritten() }
    case .timeStampCounter, .timeStampAdjust:
      moveTimeStamp(by: value &- old, s)
      perform(nil)
    case .apicBase:
      guard apic.setBase(value) else { return false }
      apicMoved()
    case .timerDeadline:
      apic.timer.setDeadline(value)
      perform(nil)
    default: place(value, in: storage)
    }
    guard storage == .efer || storage == .supervisorKeys else { return true }
    contextChanged()
    // NXE decides whether the next instruction may be fetched, also where a link leads to it.
    if s.pointee.exit == UInt32(ExitNone) { s.pointee.exit = UInt32(ExitStop) }
    return true
  }

  /// Puts a value where the instructions that use it look for it.
  private func place(_ value: UInt64, in storage: ModelSpecificRegister.Storage) {
    let s = state
    switch storage {
    case .own, .timeStampCounter, .timeStampAdjust, .apicBase, .timerDeadline, .coreThreadCount, .memoryTypes,
      .pageAttributes:
      break
    case .sysenterCS: s.pointee.sysenterCS = value
    case .sysenterESP: s.pointee.sysenterESP = value
    case .sysenterEIP: s.pointee.sysenterEIP = value
    case .efer: s.pointee.efer = value
    case .star: s.pointee.star = value
    case .lstar: s.pointee.lstar = value
    case .cstar: s.pointee.cstar = value
    case .fmask: s.pointee.fmask = value
    case .fsBase: s.segment(.fs).pointee.base = value
    case .gsBase: s.segment(.gs).pointee.base = value
    case .kernelGSBase: s.pointee.kernelGSBase = value
    case .timeStampAux: s.pointee.tscAux = value
    case .supervisorKeys: s.pointee.supervisorKeys = UInt32(truncatingIfNeeded: value)
    }
  }

  /// IA32_TSC_ADJUST and the counter move together ("Time-Stamp Counter Adjustment").
  private func moveTimeStamp(by distance: UInt64, _ s: State) {
    s.pointee.tscOffset &+= distance
    if let number = model.number(of: 0x3B) { modelSpecific[number] &+= distance }
  }
}
