import Layout
import MMU

// System instructions. All of them end their block; the slow part is the processor's.

// MARK: Ports ("IN—Input From Port", SDM Vol. 2A; "OUT—Output to Port", Vol. 2B)

@inline(__always) func inImmediate<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return input(W.self, UInt16(truncatingIfNeeded: op.pointee.immediate & 0xFF), s, op, isImmediate: true)
}

@inline(__always) func inData<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return input(W.self, s.get(.rdx, as: UInt16.self), s, op, isImmediate: false)
}

@inline(__always) func outImmediate<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return output(W.self, UInt16(truncatingIfNeeded: op.pointee.immediate & 0xFF), s, op, isImmediate: true)
}

@inline(__always) func outData<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return output(W.self, s.get(.rdx, as: UInt16.self), s, op, isImmediate: false)
}

@inline(__always) private func input<W: Word>(
  _: W.Type, _ port: UInt16, _ s: State, _ op: OpRef, isImmediate: Bool
) {
  guard processor(s).mayUsePort(port, bytes: Int(W.bytes)) else { return leaveBlock(s, op, ExitFault) }
  if processor(s).isGuest {
    let access = PortAccess(
      port: port, bytes: Int(W.bytes), isInput: true, isString: false, isRepeated: false, isImmediate: isImmediate,
      linear: 0)
    if processor(s).exits(access, s, op) { return }
  }
  let value = processor(s).ports.read(port: port, size: Int(W.bytes), at: s.cycles(before: op))
  processor(s).notePort(port, bytes: W.bytes)
  s.set(.rax, W(truncatingIfNeeded: value))
  return s.fallThrough(op)
}

@inline(__always) private func output<W: Word>(
  _: W.Type, _ port: UInt16, _ s: State, _ op: OpRef, isImmediate: Bool
) {
  guard processor(s).mayUsePort(port, bytes: Int(W.bytes)) else { return leaveBlock(s, op, ExitFault) }
  if processor(s).isGuest {
    let access = PortAccess(
      port: port, bytes: Int(W.bytes), isInput: false, isString: false, isRepeated: false, isImmediate: isImmediate,
      linear: 0)
    if processor(s).exits(access, s, op) { return }
  }
  let value = UInt32(truncatingIfNeeded: s.get(.rax, as: W.self))
  processor(s).ports.write(port: port, size: Int(W.bytes), value: value, at: s.cycles(before: op))
  processor(s).notePort(port, bytes: W.bytes)
  return s.fallThrough(op)
}

// MARK: Interrupts

/// HLT, "HLT—Halt" (SDM Vol. 2A).
@inline(__always) func hlt(_ s: State, _ op: OpRef) {
  guard needsPrivilege(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(.hlt, s, op) { return }
  s.pointee.activity = 1
  s.pointee.exit = UInt32(ExitStop)
  return s.fallThrough(op)
}

/// CLI, "CLI—Clear Interrupt Flag" (SDM Vol. 2A).
@inline(__always) func cli(_ s: State, _ op: OpRef) {
  guard mayChangeInterrupts(s) else { return changeVirtualInterrupt(s, op, false) }
  s.pointee.rflags &= ~FlagBit.interrupt
  return s.fallThrough(op)
}

/// STI, "STI—Set Interrupt Flag" (SDM Vol. 2B): interrupts are held off for one more instruction.
@inline(__always) func sti(_ s: State, _ op: OpRef) {
  guard mayChangeInterrupts(s) else { return changeVirtualInterrupt(s, op, true) }
  if s.pointee.rflags & FlagBit.interrupt == 0 { s.pointee.interruptShadow = 1 }
  s.pointee.rflags |= FlagBit.interrupt
  s.pointee.exit = UInt32(ExitStop)
  return s.fallThrough(op)
}

/// CLI and STI need CPL at most IOPL; in virtual-8086 mode IOPL 3.
@inline(__always) private func mayChangeInterrupts(_ s: State) -> Bool {
  !s.isProtected || UInt64(s.privilege) << 12 <= s.pointee.rflags & FlagBit.ioPrivilege
}

/// INT3, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure" (SDM Vol. 2A).
@inline(__always) func breakpoint(_ s: State, _ op: OpRef) {
  return softwareInterrupt(Vector.breakpoint.rawValue, s, op, marked: 2)
}

/// INT n, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure" (SDM Vol. 2A).
@inline(__always) func interrupt(_ s: State, _ op: OpRef) {
  let vector = UInt8(truncatingIfNeeded: op.pointee.immediate)
  if s.isVirtual8086 { return processor(s).interruptInVirtual8086(vector, s, op) }
  return softwareInterrupt(vector, s, op)
}

/// INT1, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure" (SDM Vol. 2A): #DB as a trap, which DR6 does not tell. The
/// gate's DPL is not checked, and error codes of its delivery have EXT set, as for an event from outside.
@inline(__always) func debugTrap(_ s: State, _ op: OpRef) {
  return softwareInterrupt(Vector.debug.rawValue, s, op, marked: 1)
}

/// - Parameter mark: 0, INT n; 1, INT1; 2, INT3 and INTO, which VMX calls software exceptions.
@inline(__always) func softwareInterrupt(_ vector: UInt8, _ s: State, _ op: OpRef, marked mark: UInt32 = 0) {
  s.pointee.faultVector = vector
  s.pointee.faultHasError = 0
  s.pointee.faultError = mark
  s.pointee.faultLength = UInt16(op.pointee.length)
  s.pointee.exit = UInt32(ExitInterrupt)
  return s.fallThrough(op)
}

/// INTO, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure" (SDM Vol. 2A).
@inline(__always) func interruptOnOverflow(_ s: State, _ op: OpRef) {
  guard s.flags.overflow else { return s.fallThrough(op) }
  return softwareInterrupt(Vector.overflow.rawValue, s, op, marked: 2)
}

/// UD2, "UD—Undefined Instruction" (SDM Vol. 2B).
@inline(__always) func undefined(_ s: State, _ op: OpRef) { return raise(s, op, .invalidOpcode) }

// MARK: Control

/// INVLPG, "INVLPG—Invalidate TLB Entries" (SDM Vol. 2A): nothing happens for an address that is not canonical.
@inline(__always) func invlpg(_ s: State, _ op: OpRef) {
  guard needsPrivilege(s, op) else { return }
  if withProcessor(s, { $0.isGuest && $0.exits(.invlpg, s, op) }) { return }
  let address = s.effectiveAddress(op)
  if s.isCanonical(address) { withProcessor(s) { $0.translation.invalidatePage(address) } }
  return s.fallThrough(op)
}

/// MOV r64, CRn, "MOV—Move to/from Control Registers" (SDM Vol. 2B).
@inline(__always) func readControl(_ s: State, _ op: OpRef) {
  return processor(s).readControlRegister(s, op)
}

/// MOV CRn, r64, "MOV—Move to/from Control Registers" (SDM Vol. 2B).
@inline(__always) func writeControl(_ s: State, _ op: OpRef) {
  return processor(s).writeControlRegister(s, op)
}

/// RDMSR, "RDMSR—Read From Model Specific Register" (SDM Vol. 2B).
@inline(__always) func readMSR(_ s: State, _ op: OpRef) {
  guard needsPrivilege(s, op) else { return }
  return processor(s).readMSR(s, op)
}

/// WRMSR, "WRMSR—Write to Model Specific Register" (SDM Vol. 2B).
@inline(__always) func writeMSR(_ s: State, _ op: OpRef) {
  guard needsPrivilege(s, op) else { return }
  return processor(s).writeMSR(s, op)
}

/// CPUID, "CPUID—CPU Identification" (SDM Vol. 2A). That it serialises shows nowhere: stores are visible at once.
@inline(__always) func cpuid(_ s: State, _ op: OpRef) {
  if withProcessor(s, { $0.isGuest && $0.exits(.cpuid, s, op) }) { return }
  return processor(s).identify(s, op)
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// CR4.TSD keeps the time-stamp counter for CPL 0.
  @inline(__always) var mayReadTimeStamp: Bool { pointee.cr4 & CR4.timeStampDisable == 0 || isMostPrivileged }
}

/// RDPMC, "RDPMC—Read Performance-Monitoring Counters" (SDM Vol. 2B): there are no counters, so that each number is #GP(0).
func readPMC(_ s: State, _ op: OpRef) {
  if processor(s).isGuest, s.pointee.cr4 & CR4.performanceCounterEnable != 0 || s.isMostPrivileged,
    processor(s).exits(.rdpmc, s, op)
  {
    return
  }
  raise(s, op, .generalProtection)
}

/// MONITOR, "MONITOR—Set Up Monitor Address" (SDM Vol. 2B): a load of the byte at rAX; no range is watched.
@inline(__always) func monitor(_ s: State, _ op: OpRef) {
  guard s.privilege == 0 else { return raise(s, op, .invalidOpcode) }
  if processor(s).isGuest, processor(s).exits(.monitor, s, op) { return }
  guard s.get(.rcx, as: UInt32.self) == 0 else { return raise(s, op, .generalProtection) }
  let segment = Int(op.pointee.source)
  guard let linear = s.linear(segment, s.masked(s[.rax], op), bytes: 1, isWrite: false) else {
    return raise(s, op, segment == Segment.ss.rawValue ? .stackFault : .generalProtection)
  }
  guard s.read(linear, as: UInt8.self) != nil else { return leaveBlock(s, op, ExitFault) }
  return s.fallThrough(op)
}

/// MWAIT, "MWAIT—Monitor Wait" (SDM Vol. 2B): returns at once, as an implementation may. Of the extensions there is the one
/// that takes masked interrupts for events.
@inline(__always) func mwait(_ s: State, _ op: OpRef) {
  guard s.privilege == 0 else { return raise(s, op, .invalidOpcode) }
  if processor(s).isGuest, processor(s).exits(.mwait, s, op) { return }
  guard s.get(.rcx, as: UInt32.self) & ~1 == 0 else { return raise(s, op, .generalProtection) }
  return s.fallThrough(op)
}

/// RDTSC, "RDTSC—Read Time-Stamp Counter" (SDM Vol. 2B).
@inline(__always) func readTSC(_ s: State, _ op: OpRef) {
  guard _fastPath(s.mayReadTimeStamp) else { return raise(s, op, .generalProtection) }
  guard _fastPath(s.pointee.intercepts & Intercepts.timeStamp == 0) else { return readGuestTSC(s, op, .timeStamp) }
  let count = s.cycles(before: op) &+ s.pointee.tscOffset
  s.set(.rax, UInt32(truncatingIfNeeded: count))
  s.set(.rdx, UInt32(truncatingIfNeeded: count >> 32))
  return s.next(op)
}

/// RDTSC and RDTSCP in a guest: they exit, or read what VMX makes of the counter.
@inline(never)
func readGuestTSC(_ s: State, _ op: OpRef, _ instruction: InterceptedInstruction) {
  let processor = processor(s)
  guard !processor.exits(instruction, s, op) else { return }
  let own = s.cycles(before: op) &+ s.pointee.tscOffset
  let count = processor.virtualization?.timeStamp(own) ?? own
  s.set(.rax, UInt32(truncatingIfNeeded: count))
  s.set(.rdx, UInt32(truncatingIfNeeded: count >> 32))
  if instruction == .rdtscp { s.set(.rcx, UInt32(truncatingIfNeeded: s.pointee.tscAux)) }
  return s.next(op)
}

/// MOV r, DRn, "MOV—Move to/from Debug Registers" (SDM Vol. 2B).
@inline(__always) func readDebug(_ s: State, _ op: OpRef) {
  return processor(s).readDebugRegister(s, op)
}

/// MOV DRn, r, "MOV—Move to/from Debug Registers" (SDM Vol. 2B).
@inline(__always) func writeDebug(_ s: State, _ op: OpRef) {
  return processor(s).writeDebugRegister(s, op)
}
