import Layout
import MMU

// The stack, in every mode.

@inline(__always) private func push<W: Word, M: ModeForm>(_ value: W, _: M.Type, _ s: State, _ op: OpRef) {
  guard let room = M.pushRoom(s, bytes: W.bytes) else { return missed(s, op) }
  room.memory.put(value)
  M.setStackPointer(s, room.pointer)
  return s.next(op)
}

/// PUSH r, "PUSH—Push Word, Doubleword, or Quadword Onto the Stack" (SDM Vol. 2B).
@inline(__always) func pushRegister<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  return push(s.register(op.pointee.destination, as: W.self), M.self, s, op)
}

/// PUSH imm, "PUSH—Push Word, Doubleword, or Quadword Onto the Stack" (SDM Vol. 2B).
@inline(__always) func pushImmediate<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  return push(Imm.value(W.self, s, op), M.self, s, op)
}

/// PUSHF, PUSHFQ, "PUSHF/PUSHFD/PUSHFQ—Push RFLAGS Register Onto the Stack" (SDM Vol. 2B): VM and RF are pushed as 0.
@inline(__always) func pushFlags<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  var flags = s.rflags & ~(FlagBit.resume | FlagBit.virtual8086)
  if s.isVirtual8086 && s.pointee.rflags & FlagBit.ioPrivilege != FlagBit.ioPrivilege {
    guard s.virtualizesFlags(bytes: W.bytes) else { return raise(s, op, .generalProtection) }
    flags = s.virtualized(flags)
  }
  return push(W(truncatingIfNeeded: flags), M.self, s, op)
}

/// POP r, "POP—Pop a Value From the Stack" (SDM Vol. 2B): RSP is incremented before the register is written.
@inline(__always) func popRegister<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  guard let top = M.top(s, bytes: W.bytes) else { return missed(s, op) }
  let value = top.get(W.self)
  M.setStackPointer(s, M.stackPointer(s, movedBy: W.bytes))
  s.setRegister(op.pointee.destination, value)
  return s.next(op)
}

/// PUSH m (and its register form), "PUSH—Push Word, Doubleword, or Quadword Onto the Stack" (SDM Vol. 2B).
@inline(__always) func push<W: Word, M: ModeForm>(_: W.Type, _: Mem.Type, _: M.Type, _ s: State, _ op: OpRef) {
  guard let value = s.read(s.effectiveAddress(op), as: W.self, isStack: op.isBasedOnStack) else {
    return leaveBlock(s, op, ExitFault)
  }
  return pushAndEnd(value, M.self, s, op)
}

@inline(__always) func push<W: Word, M: ModeForm>(_: W.Type, _: Reg.Type, _: M.Type, _ s: State, _ op: OpRef) {
  return pushAndEnd(s.register(op.pointee.destination, as: W.self), M.self, s, op)
}

@inline(__always) func pushAndEnd<W: Word, M: ModeForm>(_ value: W, _: M.Type, _ s: State, _ op: OpRef) {
  let pointer = M.stackPointer(s, movedBy: 0 &- W.bytes)
  guard M.put(s, at: pointer, value) else { return leaveBlock(s, op, ExitFault) }
  M.setStackPointer(s, pointer)
  return s.fallThrough(op)
}

/// POP m, "POP—Pop a Value From the Stack" (SDM Vol. 2B): an address based on RSP uses its incremented value, which the
/// decoder puts into the displacement.
@inline(__always) func pop<W: Word, M: ModeForm>(_: W.Type, _: Mem.Type, _: M.Type, _ s: State, _ op: OpRef) {
  guard let value = M.get(s, at: M.stackPointer(s, movedBy: 0), as: W.self),
    s.write(s.effectiveAddress(op), value, isStack: op.isBasedOnStack)
  else { return leaveBlock(s, op, ExitFault) }
  M.setStackPointer(s, M.stackPointer(s, movedBy: W.bytes))
  return s.fallThrough(op)
}

@inline(__always) func pop<W: Word, M: ModeForm>(_: W.Type, _: Reg.Type, _: M.Type, _ s: State, _ op: OpRef) {
  guard let value = M.get(s, at: M.stackPointer(s, movedBy: 0), as: W.self) else {
    return leaveBlock(s, op, ExitFault)
  }
  M.setStackPointer(s, M.stackPointer(s, movedBy: W.bytes))
  s.setRegister(op.pointee.destination, value)
  return s.fallThrough(op)
}

/// LEAVE, "LEAVE—High Level Procedure Exit" (SDM Vol. 2A): the stack's address size decides between RBP, EBP and BP.
@inline(__always) func leave<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  let frame = s[.rbp]
  let pointer = M.stackPointer(s, movedBy: frame &- s[.rsp])
  guard let linear = M.stackLinear(s, pointer, bytes: W.bytes, isWrite: false),
    let stack = s.readPointer(linear, bytes: W.bytes, isStack: true)
  else { return missed(s, op) }
  let value = stack.get(W.self)
  M.setStackPointer(s, M.stackPointer(s, movedBy: frame &- s[.rsp] &+ W.bytes))
  s.set(.rbp, value)
  return s.next(op)
}

/// POPF, POPFQ, "POPF/POPFD/POPFQ—Pop Stack Into RFLAGS Register" (SDM Vol. 2B): IOPL changes at CPL 0 only, IF where CPL
/// is at most IOPL; VM stays, RF is cleared.
@inline(__always) func popFlags<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  let isVirtualized = s.isVirtual8086 && s.pointee.rflags & FlagBit.ioPrivilege != FlagBit.ioPrivilege
  guard !isVirtualized || s.virtualizesFlags(bytes: W.bytes) else { return raise(s, op, .generalProtection) }
  guard let value = M.get(s, at: M.stackPointer(s, movedBy: 0), as: W.self) else {
    return leaveBlock(s, op, ExitFault)
  }
  guard !isVirtualized || s.mayLoadVirtualized(value.zeroExtended) else { return raise(s, op, .generalProtection) }
  M.setStackPointer(s, M.stackPointer(s, movedBy: W.bytes))
  if isVirtualized {
    processor(s).loadVirtualized(value.zeroExtended)
    return s.fallThrough(op)
  }
  return processor(s).loadFlags(value.zeroExtended, bits: W.bits, s, op)
}
