import Layout
import MMU

// Near transfers in 64-bit mode. Non-canonical targets fault when they are fetched; the manual's #GP on the transfer
// itself comes with the full set of transfers.

/// JMP rel, "JMP—Jump" (SDM Vol. 2A).
@inline(__always) func jump(_ s: State, _ op: OpRef) { return s.branch(op) }

/// JMP r64, "JMP—Jump" (SDM Vol. 2A).
@inline(__always) func jumpNear(_: Reg.Type, _ s: State, _ op: OpRef) {
  return s.branch(to: s.register(op.pointee.destination, as: UInt64.self))
}

/// JMP m64, "JMP—Jump" (SDM Vol. 2A).
@inline(__always) func jumpNear(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(UInt64.self, s, op) else { return missed(s, op) }
  return s.branch(to: memory.get(UInt64.self))
}

/// CALL rel, "CALL—Call Procedure" (SDM Vol. 2A).
@inline(__always) func call(_ s: State, _ op: OpRef) {
  let top = s[.rsp] &- 8
  guard let stack = s.writePointer(top, bytes: 8, isStack: true) else { return missed(s, op) }
  stack.put(s.pointee.rip &+ op.endOffset)
  s[.rsp] = top
  return s.branch(op)
}

/// CALL r64, "CALL—Call Procedure" (SDM Vol. 2A).
@inline(__always) func callNear(_: Reg.Type, _ s: State, _ op: OpRef) {
  let target = s.register(op.pointee.destination, as: UInt64.self)
  let top = s[.rsp] &- 8
  guard let stack = s.writePointer(top, bytes: 8, isStack: true) else { return missed(s, op) }
  stack.put(s.pointee.rip &+ op.endOffset)
  s[.rsp] = top
  return s.branch(to: target)
}

/// CALL m64, "CALL—Call Procedure" (SDM Vol. 2A).
@inline(__always) func callNear(_: Mem.Type, _ s: State, _ op: OpRef) {
  guard let target = s.read(s.effectiveAddress(op), as: UInt64.self) else { return leaveBlock(s, op, ExitFault) }
  let top = s[.rsp] &- 8
  guard s.write(top, s.pointee.rip &+ op.endOffset, isStack: true) else { return leaveBlock(s, op, ExitFault) }
  s[.rsp] = top
  return s.branch(to: target)
}

/// RET and RET imm16, "RET—Return From Procedure" (SDM Vol. 2B); without an immediate the decoder puts 0.
@inline(__always) func ret(_ s: State, _ op: OpRef) {
  let top = s[.rsp]
  guard let stack = s.readPointer(top, bytes: 8, isStack: true) else { return missed(s, op) }
  s[.rsp] = top &+ 8 &+ UInt64(UInt16(truncatingIfNeeded: op.pointee.immediate))
  return s.branch(to: stack.get(UInt64.self))
}

/// LOOP, "LOOP/LOOPcc—Loop According to ECX Counter" (SDM Vol. 2A). The address size decides between RCX and ECX.
@inline(__always) func loop(_ s: State, _ op: OpRef) { countedBranch(s, op, true) }

/// LOOPE, "LOOP/LOOPcc—Loop According to ECX Counter" (SDM Vol. 2A).
@inline(__always) func loope(_ s: State, _ op: OpRef) { countedBranch(s, op, s.flags.zero) }

/// LOOPNE, "LOOP/LOOPcc—Loop According to ECX Counter" (SDM Vol. 2A).
@inline(__always) func loopne(_ s: State, _ op: OpRef) { countedBranch(s, op, !s.flags.zero) }

/// JRCXZ and JECXZ, "Jcc—Jump if Condition Is Met" (SDM Vol. 2A).
@inline(__always) func jrcxz(_ s: State, _ op: OpRef) {
  let isZero = op.has(.address32) ? s.get(.rcx, as: UInt32.self) == 0 : s[.rcx] == 0
  if isZero { return s.branch(op) }
  return s.passBranch(op)
}

@inline(__always) private func countedBranch(_ s: State, _ op: OpRef, _ condition: Bool) {
  let count: UInt64
  if op.has(.address32) {
    count = UInt64(s.get(.rcx, as: UInt32.self) &- 1)
  } else {
    count = s[.rcx] &- 1
  }
  s[.rcx] = count
  if count != 0 && condition { return s.branch(op) }
  return s.passBranch(op)
}
