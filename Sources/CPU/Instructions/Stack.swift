import Layout
import MMU

// The stack in 64-bit mode: 64-bit stack addresses, operands of 64 or 16 bits.

@inline(__always) private func push<W: Word>(_ value: W, _ s: State, _ op: OpRef) {
  let top = s[.rsp] &- W.bytes
  guard let stack = s.writePointer(top, bytes: W.bytes, isStack: true) else { return missed(s, op) }
  stack.put(value)
  s[.rsp] = top
  return s.next(op)
}

/// PUSH r, "PUSH—Push Word, Doubleword, or Quadword Onto the Stack" (SDM Vol. 2B).
@inline(__always) func pushRegister<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return push(s.register(op.pointee.destination, as: W.self), s, op)
}

/// PUSH imm, "PUSH—Push Word, Doubleword, or Quadword Onto the Stack" (SDM Vol. 2B).
@inline(__always) func pushImmediate<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return push(Imm.value(W.self, s, op), s, op)
}

/// PUSHF, PUSHFQ, "PUSHF/PUSHFD/PUSHFQ—Push RFLAGS Register Onto the Stack" (SDM Vol. 2B): VM and RF are pushed as 0.
@inline(__always) func pushFlags<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return push(W(truncatingIfNeeded: s.rflags & ~(FlagBit.resume | FlagBit.virtual8086)), s, op)
}

/// POP r, "POP—Pop a Value From the Stack" (SDM Vol. 2B): RSP is incremented before the register is written.
@inline(__always) func popRegister<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  let top = s[.rsp]
  guard let stack = s.readPointer(top, bytes: W.bytes, isStack: true) else { return missed(s, op) }
  let value = stack.get(W.self)
  s[.rsp] = top &+ W.bytes
  s.setRegister(op.pointee.destination, value)
  return s.next(op)
}

/// PUSH m (and its register form), "PUSH—Push Word, Doubleword, or Quadword Onto the Stack" (SDM Vol. 2B).
@inline(__always) func push<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let value = s.read(s.effectiveAddress(op), as: W.self) else { return leaveBlock(s, op, ExitFault) }
  let top = s[.rsp] &- W.bytes
  guard s.write(top, value, isStack: true) else { return leaveBlock(s, op, ExitFault) }
  s[.rsp] = top
  return s.fallThrough(op)
}

@inline(__always) func push<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  let top = s[.rsp] &- W.bytes
  guard s.write(top, s.register(op.pointee.destination, as: W.self), isStack: true) else {
    return leaveBlock(s, op, ExitFault)
  }
  s[.rsp] = top
  return s.fallThrough(op)
}

/// POP m, "POP—Pop a Value From the Stack" (SDM Vol. 2B): an address based on RSP uses its incremented value.
@inline(__always) func pop<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  let top = s[.rsp]
  guard let value = s.read(top, as: W.self, isStack: true) else { return leaveBlock(s, op, ExitFault) }
  s[.rsp] = top &+ W.bytes
  guard s.write(s.effectiveAddress(op), value) else {
    s[.rsp] = top
    return leaveBlock(s, op, ExitFault)
  }
  return s.fallThrough(op)
}

@inline(__always) func pop<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  let top = s[.rsp]
  guard let value = s.read(top, as: W.self, isStack: true) else { return leaveBlock(s, op, ExitFault) }
  s[.rsp] = top &+ W.bytes
  s.setRegister(op.pointee.destination, value)
  return s.fallThrough(op)
}

/// POPF, POPFQ, "POPF/POPFD/POPFQ—Pop Stack Into RFLAGS Register" (SDM Vol. 2B) at CPL 0: VM stays, RF is cleared.
@inline(__always) func popFlags<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  let top = s[.rsp]
  guard let value = s.read(top, as: W.self, isStack: true) else { return leaveBlock(s, op, ExitFault) }
  let mask: UInt64 =
    FlagBit.arithmetic | FlagBit.trap | FlagBit.interrupt | FlagBit.direction | FlagBit.ioPrivilege
    | FlagBit.nestedTask | (W.bits == 16 ? 0 : FlagBit.alignment | FlagBit.identification | 3 << 19)
  guard value.zeroExtended & (FlagBit.trap | FlagBit.interrupt | FlagBit.alignment) & mask == 0 else {
    return refuse(s, op, .flagsWithEffects)
  }
  s[.rsp] = top &+ W.bytes
  s.rflags = s.rflags & ~(mask | FlagBit.resume) | value.zeroExtended & mask
  return s.fallThrough(op)
}

/// LEAVE, "LEAVE—High Level Procedure Exit" (SDM Vol. 2A).
@inline(__always) func leave(_ s: State, _ op: OpRef) {
  let frame = s[.rbp]
  guard let stack = s.readPointer(frame, bytes: 8, isStack: true) else { return missed(s, op) }
  s[.rbp] = stack.get(UInt64.self)
  s[.rsp] = frame &+ 8
  return s.next(op)
}
