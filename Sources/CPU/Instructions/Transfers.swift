import Layout
import MMU

// Near transfers. A target that is not canonical, or beyond CS's limit, is #GP(0) on the transfer itself.

/// JMP rel, "JMP—Jump" (SDM Vol. 2A).
@inline(__always) func jump<M: ModeForm>(_: M.Type, _ s: State, _ op: OpRef) { return s.branch(M.self, op) }

/// JMP r, "JMP—Jump" (SDM Vol. 2A).
@inline(__always) func jumpNear<W: Word, M: ModeForm>(_: W.Type, _: Reg.Type, _: M.Type, _ s: State, _ op: OpRef) {
  return s.branch(M.self, op, to: s.register(op.pointee.destination, as: W.self).zeroExtended)
}

/// JMP m, "JMP—Jump" (SDM Vol. 2A).
@inline(__always) func jumpNear<W: Word, M: ModeForm>(_: W.Type, _: Mem.Type, _: M.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  return s.branch(M.self, op, to: memory.get(W.self).zeroExtended)
}

/// CALL rel, "CALL—Call Procedure" (SDM Vol. 2A).
@inline(__always) func call<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  guard M.isDirectTargetInside(s, op) else { return raise(s, op, .generalProtection) }
  guard let room = M.pushRoom(s, bytes: W.bytes) else { return missed(s, op) }
  room.memory.put(W(truncatingIfNeeded: s.pointee.rip &+ op.endOffset))
  M.setStackPointer(s, room.pointer)
  return s.branch(M.self, op)
}

/// CALL r, "CALL—Call Procedure" (SDM Vol. 2A).
@inline(__always) func callNear<W: Word, M: ModeForm>(_: W.Type, _: Reg.Type, _: M.Type, _ s: State, _ op: OpRef) {
  let register = s.register(op.pointee.destination, as: W.self).zeroExtended
  guard let target = M.target(s, op, register) else { return raise(s, op, .generalProtection) }
  guard let room = M.pushRoom(s, bytes: W.bytes) else { return missed(s, op) }
  room.memory.put(W(truncatingIfNeeded: s.pointee.rip &+ op.endOffset))
  M.setStackPointer(s, room.pointer)
  return s.branch(to: target)
}

/// CALL m, "CALL—Call Procedure" (SDM Vol. 2A).
@inline(__always) func callNear<W: Word, M: ModeForm>(_: W.Type, _: Mem.Type, _: M.Type, _ s: State, _ op: OpRef) {
  guard let value = s.read(s.effectiveAddress(op), as: W.self, isStack: op.isBasedOnStack) else {
    return leaveBlock(s, op, ExitFault)
  }
  guard let target = M.target(s, op, value.zeroExtended) else { return raise(s, op, .generalProtection) }
  let pointer = M.stackPointer(s, movedBy: 0 &- W.bytes)
  guard M.put(s, at: pointer, W(truncatingIfNeeded: s.pointee.rip &+ op.endOffset)) else {
    return leaveBlock(s, op, ExitFault)
  }
  M.setStackPointer(s, pointer)
  return s.branch(to: target)
}

/// RET and RET imm16, "RET—Return From Procedure" (SDM Vol. 2B); without an immediate the decoder puts 0.
@inline(__always) func ret<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  guard let top = M.top(s, bytes: W.bytes) else { return missed(s, op) }
  guard let target = M.target(s, op, top.get(W.self).zeroExtended) else { return raise(s, op, .generalProtection) }
  let released = W.bytes &+ UInt64(UInt16(truncatingIfNeeded: op.pointee.immediate))
  M.setStackPointer(s, M.stackPointer(s, movedBy: released))
  return s.branch(to: target)
}

/// LOOP, "LOOP/LOOPcc—Loop According to ECX Counter" (SDM Vol. 2A): the address size decides between RCX, ECX and CX.
@inline(__always) func loop<M: ModeForm>(_: M.Type, _ s: State, _ op: OpRef) {
  return countedBranch(M.self, s, op, true)
}

/// LOOPE, "LOOP/LOOPcc—Loop According to ECX Counter" (SDM Vol. 2A).
@inline(__always) func loope<M: ModeForm>(_: M.Type, _ s: State, _ op: OpRef) {
  return countedBranch(M.self, s, op, s.flags.zero)
}

/// LOOPNE, "LOOP/LOOPcc—Loop According to ECX Counter" (SDM Vol. 2A).
@inline(__always) func loopne<M: ModeForm>(_: M.Type, _ s: State, _ op: OpRef) {
  return countedBranch(M.self, s, op, !s.flags.zero)
}

/// JRCXZ, JECXZ and JCXZ, "Jcc—Jump if Condition Is Met" (SDM Vol. 2A).
@inline(__always) func jrcxz<M: ModeForm>(_: M.Type, _ s: State, _ op: OpRef) {
  if s.counter(op) == 0 { return s.branch(M.self, op) }
  return s.passBranch(op)
}

/// A branch that is refused leaves the counter as it was.
@inline(__always) private func countedBranch<M: ModeForm>(_: M.Type, _ s: State, _ op: OpRef, _ condition: Bool) {
  let count = s.counter(op) &- 1
  let isTaken = s.masked(count, op) != 0 && condition
  if isTaken && !M.isDirectTargetInside(s, op) { return raise(s, op, .generalProtection) }
  s.setAddressRegister(.rcx, count, op)
  if isTaken { return s.branch(M.self, op) }
  return s.passBranch(op)
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// A number truncated to an op's address size.
  @inline(__always) func masked(_ value: UInt64, _ op: OpRef) -> UInt64 {
    if op.has(.address32) { return value & 0xFFFF_FFFF }
    return op.has(.address16) ? value & 0xFFFF : value
  }

  /// RCX, ECX or CX by the address size.
  @inline(__always) func counter(_ op: OpRef) -> UInt64 { masked(self[.rcx], op) }

  /// Writes a register with an op's address size: 16 bits leave the rest, 32 bits clear it.
  @inline(__always) func setAddressRegister(_ register: GeneralRegister, _ value: UInt64, _ op: OpRef) {
    if op.has(.address16) {
      set(register, UInt16(truncatingIfNeeded: value))
    } else {
      self[register] = masked(value, op)
    }
  }
}
