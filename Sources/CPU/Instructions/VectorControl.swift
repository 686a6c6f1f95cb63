import Layout
import MMU

// MMX, SSE and x87 instructions that are about state; FXSAVE, XSAVE and their like are the processor's.

// MARK: Between the register files

/// MOVQ2DQ, "MOVQ2DQ—Move Quadword From MMX Technology to XMM Register" (SDM Vol. 2B).
@inline(__always) func movq2dq(_ s: State, _ op: OpRef) {
  let fault = s.faultOfBothFiles
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  XMM.set(s, op.pointee.destination, MMX.get(s, op.pointee.source))
  MMX.enter(s)
  return s.next(op)
}

/// MOVDQ2Q, "MOVDQ2Q—Move Quadword From XMM to MMX Technology Register" (SDM Vol. 2B).
@inline(__always) func movdq2q(_ s: State, _ op: OpRef) {
  let fault = s.faultOfBothFiles
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  MMX.set(s, op.pointee.destination, XMM.get(s, op.pointee.source))
  MMX.enter(s)
  return s.next(op)
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// What an instruction with an XMM and an MMX operand raises.
  @inline(__always) fileprivate var faultOfBothFiles: UInt8 {
    vectors.pointee.sseFault != 0 ? vectors.pointee.sseFault : vectors.pointee.mmxFault
  }
}

// MARK: Selected bytes

/// MASKMOVDQU, "MASKMOVDQU—Store Selected Bytes of Double Quadword" (SDM Vol. 2B).
@inline(__always) func maskmovdqu(_ s: State, _ op: OpRef) {
  let fault = XMM.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  guard let memory = s.writePointer(s.effectiveAddress(op), bytes: 16) else { return missed(s, op) }
  let old = M128.load(memory)
  let new = PBLENDVB.apply(old, XMM.get(s, op.pointee.destination), XMM.get(s, op.pointee.source))
  memory.storeBytes(of: new.uq, as: SIMD2<UInt64>.self)
  return s.next(op)
}

/// MASKMOVQ, "MASKMOVQ—Store Selected Bytes of Quadword" (SDM Vol. 2B).
@inline(__always) func maskmovq(_ s: State, _ op: OpRef) {
  let fault = MMX.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  guard let memory = s.writePointer(s.effectiveAddress(op), bytes: 8) else { return missed(s, op) }
  let old = M64.load(memory)
  let new = PBLENDVB.apply(old, MMX.get(s, op.pointee.destination), MMX.get(s, op.pointee.source))
  memory.put(new.low)
  MMX.enter(s)
  return s.next(op)
}

// MARK: MXCSR

/// LDMXCSR, "LDMXCSR—Load MXCSR Register" (SDM Vol. 2A).
@inline(__always) func ldmxcsr(_ s: State, _ op: OpRef) {
  let fault = XMM.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  guard let memory = Mem.read(UInt32.self, s, op) else { return missed(s, op) }
  let value = memory.get(UInt32.self)
  guard value & ~MXCSR.mask == 0 else { return raise(s, op, .generalProtection) }
  s.vectors.pointee.mxcsr = value
  return s.next(op)
}

/// STMXCSR, "STMXCSR—Store MXCSR Register State" (SDM Vol. 2B).
@inline(__always) func stmxcsr(_ s: State, _ op: OpRef) {
  let fault = XMM.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  guard let memory = Mem.write(UInt32.self, s, op) else { return missed(s, op) }
  memory.put(s.vectors.pointee.mxcsr)
  return s.next(op)
}

// MARK: x87 control

/// EMMS, "EMMS—Empty MMX Technology State" (SDM Vol. 2A).
@inline(__always) func emms(_ s: State, _ op: OpRef) {
  let fault = MMX.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  MMX.enter(s)
  s.vectors.pointee.fpuFull = 0
  return s.next(op)
}

/// WAIT, "WAIT/FWAIT—Wait" (SDM Vol. 2D).
@inline(__always) func fwait(_ s: State, _ op: OpRef) {
  let both = CR0.monitorCoprocessor | CR0.taskSwitched
  guard s.pointee.cr0 & both != both else { return unavailable(s, op, Vector.deviceNotAvailable.rawValue) }
  guard s.vectors.pointee.fpuStatus & FPUStatus.errorSummary == 0 else {
    return unavailable(s, op, Vector.x87FloatingPoint.rawValue)
  }
  return s.next(op)
}

/// FNINIT, "FINIT/FNINIT—Initialize Floating-Point Unit" (SDM Vol. 2A): the data registers stay.
@inline(__always) func fninit(_ s: State, _ op: OpRef) {
  let fault = s.vectors.pointee.fpuFault
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  s.initializeFPU()
  return s.next(op)
}

/// FNCLEX, "FCLEX/FNCLEX—Clear Exceptions" (SDM Vol. 2A).
@inline(__always) func fnclex(_ s: State, _ op: OpRef) {
  let fault = s.vectors.pointee.fpuFault
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  s.vectors.pointee.fpuStatus &= ~(FPUStatus.exceptions | FPUStatus.stackFault)
  s.summarizeFPUErrors()
  return s.next(op)
}

/// FLDCW, "FLDCW—Load x87 FPU Control Word" (SDM Vol. 2A): a pending error is raised first; one that the new masks let
/// through is raised by the next instruction that looks.
@inline(__always) func fldcw(_ s: State, _ op: OpRef) {
  let fault = s.vectors.pointee.fpuFault
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  guard s.vectors.pointee.fpuStatus & FPUStatus.errorSummary == 0 else {
    return unavailable(s, op, Vector.x87FloatingPoint.rawValue)
  }
  guard let memory = Mem.read(UInt16.self, s, op) else { return missed(s, op) }
  s.vectors.pointee.fpuControl = FPUControl.loaded(memory.get(UInt16.self))
  s.summarizeFPUErrors()
  return s.next(op)
}

/// FNSTCW, "FSTCW/FNSTCW—Store x87 FPU Control Word" (SDM Vol. 2A).
@inline(__always) func fnstcw(_ s: State, _ op: OpRef) {
  let fault = s.vectors.pointee.fpuFault
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  guard let memory = Mem.write(UInt16.self, s, op) else { return missed(s, op) }
  memory.put(s.vectors.pointee.fpuControl)
  return s.next(op)
}

/// FNSTSW m16, "FSTSW/FNSTSW—Store x87 FPU Status Word" (SDM Vol. 2A).
@inline(__always) func fnstsw(_ s: State, _ op: OpRef) {
  let fault = s.vectors.pointee.fpuFault
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  guard let memory = Mem.write(UInt16.self, s, op) else { return missed(s, op) }
  memory.put(s.vectors.pointee.fpuStatus)
  return s.next(op)
}

/// FNSTSW AX, "FSTSW/FNSTSW—Store x87 FPU Status Word" (SDM Vol. 2A).
@inline(__always) func fnstswAX(_ s: State, _ op: OpRef) {
  let fault = s.vectors.pointee.fpuFault
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  s.set(.rax, s.vectors.pointee.fpuStatus)
  return s.next(op)
}

/// FNSTENV, "FSTENV/FNSTENV—Store x87 FPU Environment" (SDM Vol. 2A): all exceptions are masked then.
@inline(__always) func fnstenv<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).storeEnvironment(s, op, size: Int(W.bytes), registers: false)
}

/// FLDENV, "FLDENV—Load x87 FPU Environment" (SDM Vol. 2A).
@inline(__always) func fldenv<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).loadEnvironment(s, op, size: Int(W.bytes), registers: false)
}

/// FNSAVE, "FSAVE/FNSAVE—Store x87 FPU State" (SDM Vol. 2A): the state is initialized then.
@inline(__always) func fnsave<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).storeEnvironment(s, op, size: Int(W.bytes), registers: true)
}

/// FRSTOR, "FRSTOR—Restore x87 FPU State" (SDM Vol. 2A).
@inline(__always) func frstor<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).loadEnvironment(s, op, size: Int(W.bytes), registers: true)
}

/// What an x87 instruction that waits for pending errors raises, or 0.
@inline(__always) private func faultOfWaiting(_ s: State) -> UInt8 {
  let isPending = s.vectors.pointee.fpuStatus & FPUStatus.errorSummary != 0
  let fault = s.vectors.pointee.fpuFault
  return fault != 0 ? fault : isPending ? Vector.x87FloatingPoint.rawValue : 0
}

/// FNOP, "FNOP—No Operation" (SDM Vol. 2A).
@inline(__always) func fnop(_ s: State, _ op: OpRef) {
  let fault = faultOfWaiting(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  return s.next(op)
}

@inline(__always) private func moveTop(by distance: UInt16, _ s: State, _ op: OpRef) {
  let fault = faultOfWaiting(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  let status = s.vectors.pointee.fpuStatus
  let top = (status &+ distance &<< 11) & FPUStatus.top
  // C1 is cleared.
  s.vectors.pointee.fpuStatus = status & ~(FPUStatus.top | 1 << 9) | top
  return s.next(op)
}

/// FINCSTP, "FINCSTP—Increment Stack-Top Pointer" (SDM Vol. 2A).
@inline(__always) func fincstp(_ s: State, _ op: OpRef) { return moveTop(by: 1, s, op) }

/// FDECSTP, "FDECSTP—Decrement Stack-Top Pointer" (SDM Vol. 2A).
@inline(__always) func fdecstp(_ s: State, _ op: OpRef) { return moveTop(by: 7, s, op) }

/// FFREE, "FFREE—Free Floating-Point Register" (SDM Vol. 2A).
@inline(__always) func ffree(_ s: State, _ op: OpRef) {
  let fault = faultOfWaiting(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  let number = (s.vectors.pointee.fpuStatus &>> 11 &+ UInt16(truncatingIfNeeded: op.pointee.immediate)) & 7
  s.vectors.pointee.fpuFull &= ~(1 &<< UInt8(truncatingIfNeeded: number))
  return s.next(op)
}

// MARK: Save areas: the operand size, 64 with REX.W, is the layout of the x87 pointers

@inline(__always) func fxsave<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).fxsave(s, op, isWide: W.bits == 64)
}

@inline(__always) func fxrstor<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).fxrstor(s, op, isWide: W.bits == 64)
}

@inline(__always) func xsave<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).xsave(s, op, .standard, isWide: W.bits == 64)
}

@inline(__always) func xsaveopt<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).xsave(s, op, .optimized, isWide: W.bits == 64)
}

@inline(__always) func xsavec<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).xsave(s, op, .compacted, isWide: W.bits == 64)
}

@inline(__always) func xsaves<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).xsave(s, op, .supervisor, isWide: W.bits == 64)
}

@inline(__always) func xrstor<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).xrstor(s, op, isSupervisor: false, isWide: W.bits == 64)
}

@inline(__always) func xrstors<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).xrstor(s, op, isSupervisor: true, isWide: W.bits == 64)
}

/// XGETBV, "XGETBV—Get Value of Extended Control Register" (SDM Vol. 2D).
@inline(__always) func xgetbv(_ s: State, _ op: OpRef) { return processor(s).xgetbv(s, op) }

/// XSETBV, "XSETBV—Set Extended Control Register" (SDM Vol. 2D).
@inline(__always) func xsetbv(_ s: State, _ op: OpRef) { return processor(s).xsetbv(s, op) }
