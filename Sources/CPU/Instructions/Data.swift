import Layout
import MMU

/// LEA, "LEA—Load Effective Address" (SDM Vol. 2A).
@inline(__always) func lea<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  s.setRegister(op.pointee.destination, W(truncatingIfNeeded: s.offset(op)))
  return s.next(op)
}

/// MOV rAX, moffs, "MOV—Move" (SDM Vol. 2B): a 64-bit offset stands in the immediate.
@inline(__always) func loadOffset<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  guard let memory = s.readPointer(offsetAddress(s, op), bytes: W.bytes) else {
    return missed(s, op)
  }
  s.set(.rax, memory.get(W.self))
  return s.next(op)
}

/// MOV moffs, rAX, "MOV—Move" (SDM Vol. 2B).
@inline(__always) func storeOffset<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  guard let memory = s.writePointer(offsetAddress(s, op), bytes: W.bytes) else {
    return missed(s, op)
  }
  memory.put(s.get(.rax, as: W.self))
  return s.next(op)
}

@inline(__always) private func offsetAddress(_ s: State, _ op: OpRef) -> UInt64 {
  s.effectiveAddress(op) &+ UInt64(bitPattern: op.pointee.immediate)
}

/// XCHG, "XCHG—Exchange Register/Memory With Register" (SDM Vol. 2B): locked with or without the prefix.
@inline(__always) func xchg<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  let a = s.register(op.pointee.destination, as: W.self)
  s.setRegister(op.pointee.destination, s.register(op.pointee.source, as: W.self))
  s.setRegister(op.pointee.source, a)
  return s.next(op)
}

@inline(__always) func xchg<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  let a = memory.get(W.self)
  memory.put(s.register(op.pointee.source, as: W.self))
  s.setRegister(op.pointee.source, a)
  return s.next(op)
}

/// XCHG rAX, r (SDM Vol. 2B).
@inline(__always) func xchgAccumulator<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  let a = s.get(.rax, as: W.self)
  s.set(.rax, s.register(op.pointee.destination, as: W.self))
  s.setRegister(op.pointee.destination, a)
  return s.next(op)
}

/// XADD, "XADD—Exchange and Add" (SDM Vol. 2B).
@inline(__always) func xadd<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  var flags = s.flags
  let a = s.register(op.pointee.destination, as: W.self)
  let sum = ADD.apply(a, s.register(op.pointee.source, as: W.self), &flags)
  s.setRegister(op.pointee.source, a)
  s.setRegister(op.pointee.destination, sum)
  s.flags = flags
  return s.next(op)
}

@inline(__always) func xadd<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  let a = memory.get(W.self)
  memory.put(ADD.apply(a, s.register(op.pointee.source, as: W.self), &flags))
  s.setRegister(op.pointee.source, a)
  s.flags = flags
  return s.next(op)
}

/// CMPXCHG, "CMPXCHG—Compare and Exchange" (SDM Vol. 2A): a memory destination is written in any case.
@inline(__always) func cmpxchg<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  var flags = s.flags
  let old = s.register(op.pointee.destination, as: W.self)
  let accumulator = s.get(.rax, as: W.self)
  _ = CMP.apply(accumulator, old, &flags)
  s.flags = flags
  if accumulator == old {
    s.setRegister(op.pointee.destination, s.register(op.pointee.source, as: W.self))
  } else {
    s.set(.rax, old)
  }
  return s.next(op)
}

@inline(__always) func cmpxchg<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  let old = memory.get(W.self)
  let accumulator = s.get(.rax, as: W.self)
  _ = CMP.apply(accumulator, old, &flags)
  s.flags = flags
  if accumulator == old {
    memory.put(s.register(op.pointee.source, as: W.self))
  } else {
    s.set(.rax, old)
  }
  return s.next(op)
}

/// BSWAP, "BSWAP—Byte Swap" (SDM Vol. 2A).
@inline(__always) func bswap<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  s.setRegister(op.pointee.destination, s.register(op.pointee.destination, as: W.self).byteSwapped)
  return s.next(op)
}

/// CBW, CWDE, CDQE, "CBW/CWDE/CDQE—Convert Byte to Word/Convert Word to Doubleword/Convert Doubleword to Quadword" (SDM
/// Vol. 2A).
@inline(__always) func extendAccumulator<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  let half = s.get(.rax, as: W.self) &<< W(truncatingIfNeeded: W.bits / 2)
  s.set(.rax, W(truncatingIfNeeded: half.signed &>> W.Signed(truncatingIfNeeded: W.bits / 2)))
  return s.next(op)
}

/// CWD, CDQ, CQO, "CWD/CDQ/CQO—Convert Word to Doubleword/Convert Doubleword to Quadword" (SDM Vol. 2A).
@inline(__always) func signIntoData<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  s.set(.rdx, s.get(.rax, as: W.self).sign ? ~0 : 0 as W)
  return s.next(op)
}

/// NOP, PAUSE, fences and prefetches: with no store buffer and no caches there is nothing to order.
@inline(__always) func nop(_ s: State, _ op: OpRef) { return s.next(op) }

/// PAUSE, "PAUSE—Spin Loop Hint" (SDM Vol. 2B).
@inline(__always) func pause(_ s: State, _ op: OpRef) {
  guard _fastPath(s.pointee.intercepts & Intercepts.pause == 0) else { return guestPause(s, op) }
  return s.next(op)
}

@inline(never)
private func guestPause(_ s: State, _ op: OpRef) {
  guard !processor(s).exits(.pause, s, op) else { return }
  return s.next(op)
}

/// SAHF, "SAHF—Store AH Into Flags" (SDM Vol. 2B).
@inline(__always) func sahf(_ s: State, _ op: OpRef) {
  let kept: UInt64 = s.flags.overflow ? FlagBit.overflow : 0
  s.flags = Flags(bits: UInt64(s.register(1, as: UInt8.self)) & 0xD5 | kept)
  return s.next(op)
}

/// LAHF, "LAHF—Load Status Flags Into AH Register" (SDM Vol. 2A).
@inline(__always) func lahf(_ s: State, _ op: OpRef) {
  s.setRegister(1, UInt8(truncatingIfNeeded: s.flags.bits & 0xD5 | FlagBit.fixed))
  return s.next(op)
}

/// CMC, "CMC—Complement Carry Flag" (SDM Vol. 2A).
@inline(__always) func cmc(_ s: State, _ op: OpRef) {
  setCarry(s, !s.flags.carry)
  return s.next(op)
}

/// CLC, "CLC—Clear Carry Flag" (SDM Vol. 2A).
@inline(__always) func clc(_ s: State, _ op: OpRef) {
  setCarry(s, false)
  return s.next(op)
}

/// STC, "STC—Set Carry Flag" (SDM Vol. 2B).
@inline(__always) func stc(_ s: State, _ op: OpRef) {
  setCarry(s, true)
  return s.next(op)
}

/// CLD, "CLD—Clear Direction Flag" (SDM Vol. 2A).
@inline(__always) func cld(_ s: State, _ op: OpRef) {
  s.pointee.rflags &= ~FlagBit.direction
  return s.next(op)
}

/// STD, "STD—Set Direction Flag" (SDM Vol. 2B).
@inline(__always) func std(_ s: State, _ op: OpRef) {
  s.pointee.rflags |= FlagBit.direction
  return s.next(op)
}
