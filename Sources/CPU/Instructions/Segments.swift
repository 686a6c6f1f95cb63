import Layout
import MMU

// Instructions that load, store or inspect segment registers and descriptor-table registers. All end their block.

/// Runs what may fault on its way and changes RIP only at its end; the run loop looks afterwards.
private func attempt(_ s: State, _ op: OpRef, _ body: (Processor) throws(Fault) -> Void) {
  let isLeaving = withProcessor(s) { processor in
    processor.isTaskCommitted = false
    do throws(Fault) {
      try body(processor)
      s.pointee.link = nil
      processor.contextChanged()
      if s.pointee.exit == UInt32(ExitNone) { s.pointee.exit = UInt32(ExitStop) }
      return false
    } catch {
      setFault(s, error.vector, error.error)
      guard processor.isTaskCommitted else { return true }
      // The fault belongs to the new task.
      s.pointee.link = nil
      s.pointee.exit = UInt32(ExitFault)
      return false
    }
  }
  if isLeaving { leaveBlock(s, op, ExitFault) }
}

/// The same for instructions that go on behind themselves.
private func attemptAndPass(_ s: State, _ op: OpRef, _ body: (Processor) throws(Fault) -> Void) {
  attempt(s, op) { processor throws(Fault) in
    try body(processor)
    s.pointee.rip = s.nextRIP(op)
  }
}

/// Raises what only protected mode has: #UD in real-address and virtual-8086 mode.
@inline(__always) private func needsProtection(_ s: State, _ op: OpRef) -> Bool {
  guard s.usesParagraphs else { return true }
  raise(s, op, .invalidOpcode)
  return false
}

/// Raises #GP(0) above CPL 0.
@inline(__always) func needsPrivilege(_ s: State, _ op: OpRef) -> Bool {
  guard s.privilege == 0 else {
    raise(s, op, .generalProtection)
    return false
  }
  return true
}

/// CR4.UMIP keeps descriptor tables, selectors and CR0 from programs: #GP(0) above CPL 0 (SDM Vol. 3, "Control Registers").
private func mayShowSystemState(_ s: State, _ op: OpRef) -> Bool {
  s.pointee.cr4 & CR4.userModeInstructionPrevention == 0 || needsPrivilege(s, op)
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// RIP behind an op, as wide as the mode has it.
  func nextRIP(_ op: OpRef) -> UInt64 {
    let next = pointee.rip &+ op.endOffset
    return is64Bit ? next : next & (pointee.mode & UInt64(ModeCodeMask) == UInt64(ModeCode32) ? 0xFFFF_FFFF : 0xFFFF)
  }
}

/// Bytes of the operand: 2, 4 or 8.
@inline(__always) private func operandBytes(_ op: OpRef) -> UInt64 { 1 << UInt64(op.pointee.scale) }

// MARK: MOV, PUSH, POP

/// MOV Sreg, r/m16, "MOV—Move" (SDM Vol. 2B): CS is #UD; SS holds off interrupts and debug traps for an instruction.
func moveToSegment(_: Reg.Type, _ s: State, _ op: OpRef) {
  loadSegment(s, op, s.register(op.pointee.source, as: UInt16.self))
}

func moveToSegment(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard let selector = s.read(s.effectiveAddress(op), as: UInt16.self) else { return leaveBlock(s, op, ExitFault) }
  loadSegment(s, op, selector)
}

private func loadSegment(_ s: State, _ op: OpRef, _ selector: UInt16) {
  guard let segment = Segment(rawValue: Int(op.pointee.immediate)), segment != .cs else {
    return raise(s, op, .invalidOpcode)
  }
  attemptAndPass(s, op) { processor throws(Fault) in
    try processor.load(segment, selector)
    if segment == .ss { s.pointee.interruptShadow = 2 }
  }
}

/// MOV r/m, Sreg, "MOV—Move" (SDM Vol. 2B): a register is zero-extended to the operand size, memory takes 16 bits.
func moveFromSegment(_: Reg.Type, _ s: State, _ op: OpRef) {
  guard let segment = Segment(rawValue: Int(op.pointee.immediate)) else { return raise(s, op, .invalidOpcode) }
  let selector = s.segment(segment).pointee.selector
  if op.pointee.scale == 1 {
    s.setRegister(op.pointee.destination, selector)
  } else {
    s.setRegister(op.pointee.destination, UInt64(selector))
  }
  return s.fallThrough(op)
}

func moveFromSegment(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard let segment = Segment(rawValue: Int(op.pointee.immediate)) else { return raise(s, op, .invalidOpcode) }
  guard s.write(s.effectiveAddress(op), s.segment(segment).pointee.selector) else {
    return leaveBlock(s, op, ExitFault)
  }
  return s.fallThrough(op)
}

/// PUSH Sreg, "PUSH—Push Word, Doubleword, or Quadword Onto the Stack" (SDM Vol. 2B): with 32-bit operands only the low
/// word is written, as on recent processors.
@inline(__always) func pushSegment<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  let selector = s.segment(Int(op.pointee.immediate)).pointee.selector
  let pointer = M.stackPointer(s, movedBy: 0 &- W.bytes)
  let isPut =
    W.bits == 32 ? M.put(s, at: pointer, selector) : M.put(s, at: pointer, W(truncatingIfNeeded: selector))
  guard isPut else { return leaveBlock(s, op, ExitFault) }
  M.setStackPointer(s, pointer)
  return s.fallThrough(op)
}

/// POP Sreg, "POP—Pop a Value From the Stack" (SDM Vol. 2B).
@inline(__always) func popSegment<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  guard let selector = M.get(s, at: M.stackPointer(s, movedBy: 0), as: UInt16.self),
    let segment = Segment(rawValue: Int(op.pointee.immediate))
  else { return leaveBlock(s, op, ExitFault) }
  return finishPop(segment, selector, M.stackPointer(s, movedBy: W.bytes), s, op)
}

/// SS's size before the load decides how much of the stack pointer is written.
private func finishPop(_ segment: Segment, _ selector: UInt16, _ pointer: UInt64, _ s: State, _ op: OpRef) {
  let old = s.segment(.ss).pointee
  attemptAndPass(s, op) { processor throws(Fault) in
    try processor.load(segment, selector)
    processor.setStackPointer(TransferStack(segment: old, pointer: pointer, size: 2))
    if segment == .ss { s.pointee.interruptShadow = 2 }
  }
}

/// LES, LDS, LSS, LFS, LGS, "LDS/LES/LFS/LGS/LSS—Load Far Pointer" (SDM Vol. 2A).
@inline(__always) func loadFarPointer<W: Word>(_: W.Type, _ segment: Segment, _ s: State, _ op: OpRef) {
  let address = s.effectiveAddress(op)
  guard let offset = s.read(address, as: W.self), let selector = s.read(address &+ W.bytes, as: UInt16.self) else {
    return leaveBlock(s, op, ExitFault)
  }
  attemptAndPass(s, op) { processor throws(Fault) in
    try processor.load(segment, selector)
    s.setRegister(op.pointee.destination, offset)
  }
}

@inline(__always) func les<W: Word>(_: W.Type, _ s: State, _ op: OpRef) { loadFarPointer(W.self, .es, s, op) }
@inline(__always) func lds<W: Word>(_: W.Type, _ s: State, _ op: OpRef) { loadFarPointer(W.self, .ds, s, op) }
@inline(__always) func lss<W: Word>(_: W.Type, _ s: State, _ op: OpRef) { loadFarPointer(W.self, .ss, s, op) }
@inline(__always) func lfs<W: Word>(_: W.Type, _ s: State, _ op: OpRef) { loadFarPointer(W.self, .fs, s, op) }
@inline(__always) func lgs<W: Word>(_: W.Type, _ s: State, _ op: OpRef) { loadFarPointer(W.self, .gs, s, op) }

// MARK: Far transfers

/// JMP ptr16:16, ptr16:32, "JMP—Jump" (SDM Vol. 2A): the selector stands above the offset in the immediate.
func jumpFar(_ s: State, _ op: OpRef) { farDirect(s, op, isCall: false) }

/// CALL ptr16:16, ptr16:32, "CALL—Call Procedure" (SDM Vol. 2A).
func callFar(_ s: State, _ op: OpRef) { farDirect(s, op, isCall: true) }

private func farDirect(_ s: State, _ op: OpRef, isCall: Bool) {
  let value = UInt64(bitPattern: op.pointee.immediate)
  let selector = UInt16(truncatingIfNeeded: value >> 32)
  attempt(s, op) { processor throws(Fault) in
    try processor.farTransfer(
      selector, value & 0xFFFF_FFFF, size: operandBytes(op), isCall: isCall, next: s.nextRIP(op))
  }
}

/// JMP m16:16, m16:32, m16:64, "JMP—Jump" (SDM Vol. 2A).
@inline(__always) func jumpFarMemory<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  farIndirect(W.self, s, op, isCall: false)
}

/// CALL m16:16, m16:32, m16:64, "CALL—Call Procedure" (SDM Vol. 2A).
@inline(__always) func callFarMemory<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  farIndirect(W.self, s, op, isCall: true)
}

@inline(__always) private func farIndirect<W: Word>(_: W.Type, _ s: State, _ op: OpRef, isCall: Bool) {
  let address = s.effectiveAddress(op)
  guard let offset = s.read(address, as: W.self), let selector = s.read(address &+ W.bytes, as: UInt16.self) else {
    return leaveBlock(s, op, ExitFault)
  }
  attempt(s, op) { processor throws(Fault) in
    try processor.farTransfer(
      selector, offset.zeroExtended, size: W.bytes, isCall: isCall, next: s.nextRIP(op))
  }
}

/// RETF, "RET—Return From Procedure" (SDM Vol. 2B).
@inline(__always) func returnFar<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  attempt(s, op) { processor throws(Fault) in
    try processor.farReturn(size: W.bytes, releasing: UInt64(UInt16(truncatingIfNeeded: op.pointee.immediate)))
  }
}

/// IRET, IRETD, IRETQ, "IRET/IRETD/IRETQ—Interrupt Return" (SDM Vol. 2A).
@inline(__always) func interruptReturn<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  attempt(s, op) { processor throws(Fault) in
    try processor.interruptReturn(size: W.bytes, next: s.nextRIP(op))
  }
}

// MARK: Descriptor-table registers

/// LGDT, "LGDT/LIDT—Load Global/Interrupt Descriptor Table Register" (SDM Vol. 2A): with 16-bit operands the base has 24
/// bits.
func loadGDT(_ s: State, _ op: OpRef) {
  guard needsPrivilege(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(.lgdt, s, op) { return }
  guard let table = descriptorTable(s, op) else { return leaveBlock(s, op, ExitFault) }
  s.pointee.gdtr = table
  return s.fallThrough(op)
}

/// LIDT, "LGDT/LIDT—Load Global/Interrupt Descriptor Table Register" (SDM Vol. 2A).
func loadIDT(_ s: State, _ op: OpRef) {
  guard needsPrivilege(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(.lidt, s, op) { return }
  guard let table = descriptorTable(s, op) else { return leaveBlock(s, op, ExitFault) }
  s.pointee.idtr = table
  return s.fallThrough(op)
}

private func descriptorTable(_ s: State, _ op: OpRef) -> DescriptorTableRegister? {
  let address = s.effectiveAddress(op)
  guard let limit = s.read(address, as: UInt16.self) else { return nil }
  if s.is64Bit {
    guard let base = s.read(address &+ 2, as: UInt64.self) else { return nil }
    guard LinearAddress(base).isCanonical(bits: processor(s).model.linearBits) else {
      setFault(s, .generalProtection, 0)
      return nil
    }
    return DescriptorTableRegister(base: base, limit: UInt64(limit))
  }
  guard let base = s.read(address &+ 2, as: UInt32.self) else { return nil }
  let mask: UInt64 = op.pointee.scale == 1 ? 0xFF_FFFF : 0xFFFF_FFFF
  return DescriptorTableRegister(base: UInt64(base) & mask, limit: UInt64(limit))
}

/// SGDT, "SGDT—Store Global Descriptor Table Register" (SDM Vol. 2B).
func storeGDT(_ s: State, _ op: OpRef) { storeTable(s, op, s.pointee.gdtr, .sgdt) }

/// SIDT, "SIDT—Store Interrupt Descriptor Table Register" (SDM Vol. 2B).
func storeIDT(_ s: State, _ op: OpRef) { storeTable(s, op, s.pointee.idtr, .sidt) }

private func storeTable(
  _ s: State, _ op: OpRef, _ table: DescriptorTableRegister, _ instruction: InterceptedInstruction
) {
  guard mayShowSystemState(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(instruction, s, op) { return }
  let address = s.effectiveAddress(op)
  // Both parts of it are aligned when its first byte is.
  guard processor(s).isAligned(address, bytes: 4) else { return raise(s, op, .alignmentCheck) }
  guard s.write(address, UInt16(truncatingIfNeeded: table.limit)),
    s.write(address &+ 2, UInt16(truncatingIfNeeded: table.base)),
    s.is64Bit
      ? s.write(address &+ 4, UInt32(truncatingIfNeeded: table.base >> 16))
        && s.write(address &+ 8, UInt16(truncatingIfNeeded: table.base >> 48))
      : s.write(address &+ 4, UInt16(truncatingIfNeeded: table.base >> 16))
  else { return leaveBlock(s, op, ExitFault) }
  return s.fallThrough(op)
}

/// LLDT, "LLDT—Load Local Descriptor Table Register" (SDM Vol. 2A).
func loadLDT(_: Reg.Type, _ s: State, _ op: OpRef) {
  guard needsProtection(s, op), needsPrivilege(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(.lldt, s, op) { return }
  setLDT(s, op, s.register(op.pointee.destination, as: UInt16.self))
}

func loadLDT(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard needsProtection(s, op), needsPrivilege(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(.lldt, s, op) { return }
  guard let selector = s.read(s.effectiveAddress(op), as: UInt16.self) else { return leaveBlock(s, op, ExitFault) }
  setLDT(s, op, selector)
}

private func setLDT(_ s: State, _ op: OpRef, _ selector: UInt16) {
  attemptAndPass(s, op) { processor throws(Fault) in
    guard !Selector(selector).isNull else {
      s.pointee.ldtr = processor.nullSegment(selector)
      return
    }
    guard !Selector(selector).isLocal else { throw Fault(.generalProtection, selector: selector) }
    let descriptor = try processor.descriptor(selector)
    guard descriptor.system == .ldt else { throw Fault(.generalProtection, selector: selector) }
    guard descriptor.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
    try processor.checkSystemBase(descriptor, selector)
    s.pointee.ldtr = descriptor.register(selector)
  }
}

/// LTR, "LTR—Load Task Register" (SDM Vol. 2A): the TSS becomes busy.
func loadTask(_: Reg.Type, _ s: State, _ op: OpRef) {
  guard needsProtection(s, op), needsPrivilege(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(.ltr, s, op) { return }
  setTask(s, op, s.register(op.pointee.destination, as: UInt16.self))
}

func loadTask(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard needsProtection(s, op), needsPrivilege(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(.ltr, s, op) { return }
  guard let selector = s.read(s.effectiveAddress(op), as: UInt16.self) else { return leaveBlock(s, op, ExitFault) }
  setTask(s, op, selector)
}

private func setTask(_ s: State, _ op: OpRef, _ selector: UInt16) {
  attemptAndPass(s, op) { processor throws(Fault) in
    guard !Selector(selector).isNull else { throw Fault(.generalProtection) }
    guard !Selector(selector).isLocal else { throw Fault(.generalProtection, selector: selector) }
    var descriptor = try processor.descriptor(selector)
    guard descriptor.system == .tss32Available || descriptor.system == .tss16Available && !s.isLong else {
      throw Fault(.generalProtection, selector: selector)
    }
    guard descriptor.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
    try processor.checkSystemBase(descriptor, selector)
    try processor.setBusy(true, &descriptor)
    s.pointee.tr = descriptor.register(selector)
  }
}

/// SLDT, "SLDT—Store Local Descriptor Table Register" (SDM Vol. 2B).
func storeLDT(_: Reg.Type, _ s: State, _ op: OpRef) { storeSelector(s, op, s.pointee.ldtr.selector, .sldt) }
func storeLDT(_: Mem.Type, _ s: State, _ op: OpRef) { storeSelectorToMemory(s, op, s.pointee.ldtr.selector, .sldt) }

/// STR, "STR—Store Task Register" (SDM Vol. 2B).
func storeTask(_: Reg.Type, _ s: State, _ op: OpRef) { storeSelector(s, op, s.pointee.tr.selector, .str) }
func storeTask(_: Mem.Type, _ s: State, _ op: OpRef) { storeSelectorToMemory(s, op, s.pointee.tr.selector, .str) }

private func storeSelector(_ s: State, _ op: OpRef, _ selector: UInt16, _ instruction: InterceptedInstruction) {
  guard needsProtection(s, op), mayShowSystemState(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(instruction, s, op) { return }
  if op.pointee.scale == 1 {
    s.setRegister(op.pointee.destination, selector)
  } else {
    s.setRegister(op.pointee.destination, UInt64(selector))
  }
  return s.fallThrough(op)
}

private func storeSelectorToMemory(_ s: State, _ op: OpRef, _ selector: UInt16, _ instruction: InterceptedInstruction) {
  guard needsProtection(s, op), mayShowSystemState(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(instruction, s, op) { return }
  guard s.write(s.effectiveAddress(op), selector) else { return leaveBlock(s, op, ExitFault) }
  return s.fallThrough(op)
}

/// SMSW, "SMSW—Store Machine Status Word" (SDM Vol. 2B): a register takes as much of CR0 as the operand has.
func storeMachineStatus(_: Reg.Type, _ s: State, _ op: OpRef) {
  guard mayShowSystemState(s, op) else { return }
  let cr0 = processor(s).visibleCR0
  switch op.pointee.scale {
  case 1: s.setRegister(op.pointee.destination, UInt16(truncatingIfNeeded: cr0))
  case 2: s.setRegister(op.pointee.destination, UInt32(truncatingIfNeeded: cr0))
  default: s.setRegister(op.pointee.destination, cr0)
  }
  return s.fallThrough(op)
}

func storeMachineStatus(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard mayShowSystemState(s, op) else { return }
  guard s.write(s.effectiveAddress(op), UInt16(truncatingIfNeeded: processor(s).visibleCR0)) else {
    return leaveBlock(s, op, ExitFault)
  }
  return s.fallThrough(op)
}

/// LMSW, "LMSW—Load Machine Status Word" (SDM Vol. 2A): PE, MP, EM and TS; PE can only be set.
func loadMachineStatus(_: Reg.Type, _ s: State, _ op: OpRef) {
  setMachineStatus(s, op, s.register(op.pointee.destination, as: UInt16.self), linear: nil)
}

func loadMachineStatus(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard let value = s.read(s.effectiveAddress(op), as: UInt16.self) else { return leaveBlock(s, op, ExitFault) }
  setMachineStatus(s, op, value, linear: s.effectiveAddress(op))
}

private func setMachineStatus(_ s: State, _ op: OpRef, _ value: UInt16, linear: UInt64?) {
  guard needsPrivilege(s, op) else { return }
  guard !processor(s).exits(.lmsw(value, linear: linear), s, op) else { return }
  attemptAndPass(s, op) { processor throws(Fault) in
    let wanted = s.pointee.cr0 & ~14 | UInt64(value) & 15
    let new = processor.writtenByGuest(0, s.pointee.cr0, wanted)
    try processor.setCR0(new)
    processor.observer?.wroteControlRegister(0, new, of: processor)
  }
}

/// CLTS, "CLTS—Clear Task-Switched Flag in CR0" (SDM Vol. 2A).
func clts(_ s: State, _ op: OpRef) {
  guard needsPrivilege(s, op) else { return }
  guard !processor(s).exits(.clts, s, op) else { return }
  s.pointee.cr0 = processor(s).writtenByGuest(0, s.pointee.cr0, s.pointee.cr0 & ~CR0.taskSwitched)
  s.vectorControlsChanged()
  return s.fallThrough(op)
}

// MARK: Inspection

/// LAR, "LAR—Load Access Rights Byte" (SDM Vol. 2A).
@inline(__always) func lar<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  loadRights(W.self, s.register(op.pointee.source, as: UInt16.self), s, op)
}

@inline(__always) func lar<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let selector = s.read(s.effectiveAddress(op), as: UInt16.self) else { return leaveBlock(s, op, ExitFault) }
  loadRights(W.self, selector, s, op)
}

@inline(__always) private func loadRights<W: Word>(_: W.Type, _ selector: UInt16, _ s: State, _ op: OpRef) {
  inspect(s, op, selector) { descriptor, isVisible in
    guard isVisible, describesSegment(descriptor, s, orGate: true) else { return false }
    let rights = descriptor.low >> 32 & (W.bits == 16 ? 0xFF00 : 0xFF_FF00)
    s.setRegister(op.pointee.destination, W(truncatingIfNeeded: rights))
    return true
  }
}

/// LSL, "LSL—Load Segment Limit" (SDM Vol. 2A).
@inline(__always) func lsl<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  loadLimit(W.self, s.register(op.pointee.source, as: UInt16.self), s, op)
}

@inline(__always) func lsl<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let selector = s.read(s.effectiveAddress(op), as: UInt16.self) else { return leaveBlock(s, op, ExitFault) }
  loadLimit(W.self, selector, s, op)
}

@inline(__always) private func loadLimit<W: Word>(_: W.Type, _ selector: UInt16, _ s: State, _ op: OpRef) {
  inspect(s, op, selector) { descriptor, isVisible in
    guard isVisible, describesSegment(descriptor, s, orGate: false) else { return false }
    s.setRegister(op.pointee.destination, W(truncatingIfNeeded: descriptor.limit))
    return true
  }
}

/// Whether a descriptor is of a type that LSL knows, or LAR, which knows call and task gates too.
private func describesSegment(_ descriptor: Descriptor, _ s: State, orGate: Bool) -> Bool {
  guard descriptor.isSystem else { return true }
  switch descriptor.system {
  case .ldt, .tss32Available, .tss32Busy: return true
  case .tss16Available, .tss16Busy: return !s.isLong
  case .callGate32: return orGate
  case .callGate16, .taskGate: return orGate && !s.isLong
  default: return false
  }
}

/// VERR, "VERR/VERW—Verify a Segment for Reading or Writing" (SDM Vol. 2B).
func verr(_: Reg.Type, _ s: State, _ op: OpRef) {
  inspect(s, op, s.register(op.pointee.destination, as: UInt16.self)) { $1 && $0.isReadable }
}

func verr(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard let selector = s.read(s.effectiveAddress(op), as: UInt16.self) else { return leaveBlock(s, op, ExitFault) }
  inspect(s, op, selector) { $1 && $0.isReadable }
}

/// VERW, "VERR/VERW—Verify a Segment for Reading or Writing" (SDM Vol. 2B).
func verw(_: Reg.Type, _ s: State, _ op: OpRef) {
  inspect(s, op, s.register(op.pointee.destination, as: UInt16.self)) { $1 && $0.isWritableData }
}

func verw(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard let selector = s.read(s.effectiveAddress(op), as: UInt16.self) else { return leaveBlock(s, op, ExitFault) }
  inspect(s, op, selector) { $1 && $0.isWritableData }
}

/// Sets ZF by a test of a selector's descriptor, which is told whether the privilege levels let it be seen.
private func inspect(_ s: State, _ op: OpRef, _ selector: UInt16, _ test: (Descriptor, Bool) -> Bool) {
  guard needsProtection(s, op) else { return }
  let processor = processor(s)
  var isPassed = false
  if !Selector(selector).isNull {
    do {
      let descriptor = try processor.descriptor(selector)
      let isVisible =
        descriptor.isConforming || descriptor.privilege >= max(s.privilege, Selector(selector).privilege)
      isPassed = test(descriptor, isVisible)
    } catch {
      // A selector beyond its table fails the test; a page fault on the table is one.
      if error.vector == .pageFault {
        setFault(s, error.vector, error.error)
        return leaveBlock(s, op, ExitFault)
      }
    }
  }
  s.flags = Flags(bits: s.flags.bits & ~FlagBit.zero | (isPassed ? FlagBit.zero : 0))
  return s.fallThrough(op)
}

/// ARPL, "ARPL—Adjust RPL Field of Segment Selector" (SDM Vol. 2A).
func arpl(_: Reg.Type, _ s: State, _ op: OpRef) {
  guard needsProtection(s, op) else { return }
  let old = s.register(op.pointee.destination, as: UInt16.self)
  s.setRegister(op.pointee.destination, adjusted(old, s, op))
  return s.fallThrough(op)
}

/// Memory is only written when the selector changes, and only then must the segment be writable: the address op before
/// this one knows which it is.
func arpl(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard needsProtection(s, op) else { return }
  let address = s.effectiveAddress(op)
  guard let old = s.read(address, as: UInt16.self) else { return leaveBlock(s, op, ExitFault) }
  let flags = s.flags
  let new = adjusted(old, s, op)
  guard new != old else { return s.fallThrough(op) }
  let segment = Int((op - 1).pointee.source)
  guard s.linear(segment, s.offset(op - 1), bytes: 2, isWrite: true) != nil else {
    s.flags = flags
    return raise(s, op, segment == Segment.ss.rawValue ? .stackFault : .generalProtection)
  }
  guard s.write(address, new) else {
    s.flags = flags
    return leaveBlock(s, op, ExitFault)
  }
  return s.fallThrough(op)
}

private func adjusted(_ selector: UInt16, _ s: State, _ op: OpRef) -> UInt16 {
  let privilege = s.register(op.pointee.source, as: UInt16.self) & 3
  let isRaised = selector & 3 < privilege
  s.flags = Flags(bits: s.flags.bits & ~FlagBit.zero | (isRaised ? FlagBit.zero : 0))
  return isRaised ? selector & ~3 | privilege : selector
}
