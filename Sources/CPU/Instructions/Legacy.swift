import Layout
import MMU

// Instructions that 64-bit mode does not have.

extension UnsafeMutablePointer where Pointee == ProcessorState {
  @inline(__always) fileprivate var al: UInt8 {
    get { get(.rax, as: UInt8.self) }
    nonmutating set { set(.rax, newValue) }
  }
  @inline(__always) fileprivate var ah: UInt8 {
    get { register(1, as: UInt8.self) }
    nonmutating set { setRegister(1, newValue) }
  }
}

/// Flags of a decimal result: SF, ZF and PF of AL; OF clear (undefined).
@inline(__always) private func decimalFlags(_ s: State, carry: Bool, adjust: Bool) {
  var flags = Flags.shifted(s.al, carry: carry, overflow: false)
  if adjust { flags.carries |= 8 }
  s.flags = flags
}

/// DAA, "DAA—Decimal Adjust AL After Addition" (SDM Vol. 2A).
@inline(__always) func daa(_ s: State, _ op: OpRef) {
  let old = s.al
  let flags = s.flags
  var result = old
  let adjust = old & 15 > 9 || flags.adjust
  let carry = old > 0x99 || flags.carry
  if adjust { result &+= 6 }
  if carry { result &+= 0x60 }
  s.al = result
  decimalFlags(s, carry: carry, adjust: adjust)
  return s.next(op)
}

/// DAS, "DAS—Decimal Adjust AL After Subtraction" (SDM Vol. 2A).
@inline(__always) func das(_ s: State, _ op: OpRef) {
  let old = s.al
  let flags = s.flags
  var result = old
  let adjust = old & 15 > 9 || flags.adjust
  var carry = flags.carry && adjust ? true : adjust && old < 6
  if adjust { result &-= 6 }
  if old > 0x99 || flags.carry {
    result &-= 0x60
    carry = true
  }
  s.al = result
  decimalFlags(s, carry: carry, adjust: adjust)
  return s.next(op)
}

/// AAA, "AAA—ASCII Adjust After Addition" (SDM Vol. 2A).
@inline(__always) func aaa(_ s: State, _ op: OpRef) {
  let adjust = s.al & 15 > 9 || s.flags.adjust
  if adjust { s.set(.rax, s.get(.rax, as: UInt16.self) &+ 0x106) }
  s.al &= 15
  decimalFlags(s, carry: adjust, adjust: adjust)
  return s.next(op)
}

/// AAS, "AAS—ASCII Adjust AL After Subtraction" (SDM Vol. 2A).
@inline(__always) func aas(_ s: State, _ op: OpRef) {
  let adjust = s.al & 15 > 9 || s.flags.adjust
  if adjust { s.set(.rax, s.get(.rax, as: UInt16.self) &- 0x106) }
  s.al &= 15
  decimalFlags(s, carry: adjust, adjust: adjust)
  return s.next(op)
}

/// AAM, "AAM—ASCII Adjust AX After Multiply" (SDM Vol. 2A).
@inline(__always) func aam(_ s: State, _ op: OpRef) {
  let divisor = UInt8(truncatingIfNeeded: op.pointee.immediate)
  guard divisor != 0 else { return raise(s, op, .divideError) }
  let value = s.al
  s.ah = value / divisor
  s.al = value % divisor
  s.flags = .logic(s.al)
  return s.next(op)
}

/// AAD, "AAD—ASCII Adjust AX Before Division" (SDM Vol. 2A).
@inline(__always) func aad(_ s: State, _ op: OpRef) {
  let base = UInt8(truncatingIfNeeded: op.pointee.immediate)
  let value = s.al &+ s.ah &* base
  s.set(.rax, UInt16(value))
  s.flags = .logic(value)
  return s.next(op)
}

/// SALC: AL = CF ? FFh : 0. Not in the manual; every processor has it.
@inline(__always) func salc(_ s: State, _ op: OpRef) {
  s.al = s.flags.carry ? 0xFF : 0
  return s.next(op)
}

/// BOUND, "BOUND—Check Array Index Against Bounds" (SDM Vol. 2A).
@inline(__always) func bound<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  let address = s.effectiveAddress(op)
  guard let lower = s.read(address, as: W.self), let upper = s.read(address &+ W.bytes, as: W.self) else {
    return leaveBlock(s, op, ExitFault)
  }
  let index = s.register(op.pointee.destination, as: W.self).signed
  guard index >= lower.signed, index <= upper.signed else { return raise(s, op, .boundRange) }
  return s.fallThrough(op)
}

/// PUSHA, PUSHAD, "PUSHA/PUSHAD—Push All General-Purpose Registers" (SDM Vol. 2B).
@inline(__always) func pushAll<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  for (index, register) in GeneralRegister.allCases.prefix(8).enumerated() {
    let pointer = M.stackPointer(s, movedBy: 0 &- W.bytes &* UInt64(index + 1))
    guard M.put(s, at: pointer, s.get(register, as: W.self)) else { return leaveBlock(s, op, ExitFault) }
  }
  M.setStackPointer(s, M.stackPointer(s, movedBy: 0 &- W.bytes &* 8))
  return s.fallThrough(op)
}

/// POPA, POPAD, "POPA/POPAD—Pop All General-Purpose Registers" (SDM Vol. 2B): SP's image is skipped.
@inline(__always) func popAll<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  var values: [W] = []
  for index in 0..<UInt64(8) {
    guard let value = M.get(s, at: M.stackPointer(s, movedBy: W.bytes &* index), as: W.self) else {
      return leaveBlock(s, op, ExitFault)
    }
    values.append(value)
  }
  M.setStackPointer(s, M.stackPointer(s, movedBy: W.bytes &* 8))
  for (value, register) in zip(values, GeneralRegister.allCases.prefix(8).reversed()) where register != .rsp {
    s.set(register, value)
  }
  return s.fallThrough(op)
}
