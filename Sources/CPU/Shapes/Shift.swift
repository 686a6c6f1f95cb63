import Layout
import MMU

/// destination = destination shifted or rotated by a count of 1 to 63, already masked.
protocol Shift {
  static func apply<W: Word>(_ a: W, _ count: Int, _ flags: inout Flags) -> W
}

/// Counts are taken modulo 32, with 64-bit operands modulo 64; a count of 0 leaves the flags.
@inline(__always) func shiftCount<W: Word>(_ count: UInt8, _: W.Type) -> Int {
  Int(count & (W.bits == 64 ? 63 : 31))
}

@inline(__always)
func shift<I: Shift, W: Word, S: Operand>(_: I.Type, _: W.Type, _: Reg.Type, _: S.Type, _ s: State, _ op: OpRef) {
  let count = shiftCount(S.value(UInt8.self, s, op), W.self)
  var value = s.register(op.pointee.destination, as: W.self)
  if count != 0 {
    var flags = s.flags
    value = I.apply(value, count, &flags)
    s.flags = flags
  }
  s.setRegister(op.pointee.destination, value)
  return s.next(op)
}

@inline(__always)
func shift<I: Shift, W: Word, S: Operand>(_: I.Type, _: W.Type, _: Mem.Type, _: S.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  let count = shiftCount(S.value(UInt8.self, s, op), W.self)
  if count != 0 {
    var flags = s.flags
    memory.put(I.apply(memory.get(W.self), count, &flags))
    s.flags = flags
  }
  return s.next(op)
}

/// destination = destination shifted by a count of 1 to 63, filled from a source.
protocol DoubleShift {
  static func apply<W: Word>(_ a: W, _ fill: W, _ count: Int, _ flags: inout Flags) -> W
}

@inline(__always)
func doubleShift<I: DoubleShift, W: Word, S: Operand>(
  _: I.Type, _: W.Type, _: Reg.Type, _: S.Type, _ s: State, _ op: OpRef
) {
  let count = shiftCount(S.value(UInt8.self, s, op), W.self)
  var value = s.register(op.pointee.destination, as: W.self)
  if count != 0 {
    var flags = s.flags
    value = I.apply(value, Src.value(W.self, s, op), count, &flags)
    s.flags = flags
  }
  s.setRegister(op.pointee.destination, value)
  return s.next(op)
}

@inline(__always)
func doubleShift<I: DoubleShift, W: Word, S: Operand>(
  _: I.Type, _: W.Type, _: Mem.Type, _: S.Type, _ s: State, _ op: OpRef
) {
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  let count = shiftCount(S.value(UInt8.self, s, op), W.self)
  if count != 0 {
    var flags = s.flags
    memory.put(I.apply(memory.get(W.self), Src.value(W.self, s, op), count, &flags))
    s.flags = flags
  }
  return s.next(op)
}

/// CF = the selected bit; the bit may then change.
protocol BitTest {
  static func apply<W: Word>(_ a: W, _ mask: W) -> W
  static var writes: Bool { get }
}

@inline(__always)
func bitTest<I: BitTest, W: Word, S: Operand>(_: I.Type, _: W.Type, _: Reg.Type, _: S.Type, _ s: State, _ op: OpRef) {
  let mask = 1 &<< (S.value(W.self, s, op) & W(truncatingIfNeeded: W.bits - 1)) as W
  let value = s.register(op.pointee.destination, as: W.self)
  if I.writes { s.setRegister(op.pointee.destination, I.apply(value, mask)) }
  setCarry(s, value & mask != 0)
  return s.next(op)
}

@inline(__always)
func bitTest<I: BitTest, W: Word>(_: I.Type, _: W.Type, _: Mem.Type, _: Imm.Type, _ s: State, _ op: OpRef) {
  let mask = 1 &<< (Imm.value(W.self, s, op) & W(truncatingIfNeeded: W.bits - 1)) as W
  return bitTest(I.self, mask, at: s.effectiveAddress(op), s, op)
}

/// A bit offset in a register addresses a bit string: it is signed, and the operand is the word that holds the bit
/// (SDM Vol. 2A, "BT—Bit Test").
@inline(__always)
func bitTest<I: BitTest, W: Word>(_: I.Type, _: W.Type, _: Mem.Type, _: Src.Type, _ s: State, _ op: OpRef) {
  let offset = Src.value(W.self, s, op)
  let mask = 1 &<< (offset & W(truncatingIfNeeded: W.bits - 1)) as W
  let words = Int64(truncatingIfNeeded: offset.signed) >> Int64(W.bits.trailingZeroBitCount)
  return bitTest(I.self, mask, at: s.effectiveAddress(op) &+ UInt64(bitPattern: words) &* W.bytes, s, op)
}

@inline(__always)
private func bitTest<I: BitTest, W: Word>(_: I.Type, _ mask: W, at linear: UInt64, _ s: State, _ op: OpRef) {
  let pointer = I.writes ? s.writePointer(linear, bytes: W.bytes) : s.readPointer(linear, bytes: W.bytes)
  guard let memory = pointer else { return missed(s, op) }
  let value = memory.get(W.self)
  if I.writes { memory.put(I.apply(value, mask)) }
  setCarry(s, value & mask != 0)
  return s.next(op)
}

/// Sets CF and leaves the other flags.
@inline(__always) func setCarry(_ s: State, _ carry: Bool) {
  var flags = s.flags
  flags.set(carry: carry)
  s.flags = flags
}
