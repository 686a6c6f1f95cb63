import Layout
import MMU

// Between general registers or memory and MMX or XMM registers.

/// destination = destination with a value of some bits put in.
protocol VectorInsert {
  /// - Parameter lane: the immediate, without the bits that number no lane.
  static func apply<W: Word>(_ a: Packed, _ value: W, _ lane: UInt8) -> Packed
}

/// destination = some bits of the source.
protocol VectorExtract {
  /// - Parameter lane: the immediate, without the bits that number no lane.
  static func apply<W: Word>(_ a: Packed, _ lane: UInt8, as: W.Type) -> W
}

extension VectorFile {
  /// The lane that an immediate means: its low bits.
  @inline(__always) static func lane<W: Word>(_: W.Type, _ s: State, _ op: OpRef) -> UInt8 {
    Imm.value(UInt8.self, s, op) & ((wordMask &* 2 &+ 2) / UInt8(truncatingIfNeeded: W.bytes) &- 1)
  }
}

@inline(__always)
func vectorInsert<I: VectorInsert, F: VectorFile, W: Word, S: Operand>(
  _: I.Type, _: F.Type, _: W.Type, _: S.Type, _ s: State, _ op: OpRef
) {
  let fault = F.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  let a = F.get(s, op.pointee.destination)
  F.set(s, op.pointee.destination, I.apply(a, S.value(W.self, s, op), F.lane(W.self, s, op)))
  F.enter(s)
  return s.next(op)
}

@inline(__always)
func vectorInsert<I: VectorInsert, F: VectorFile, W: Word>(
  _: I.Type, _: F.Type, _: W.Type, _: Mem.Type, _ s: State, _ op: OpRef
) {
  let fault = F.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  let a = F.get(s, op.pointee.destination)
  F.set(s, op.pointee.destination, I.apply(a, memory.get(W.self), F.lane(W.self, s, op)))
  F.enter(s)
  return s.next(op)
}

/// A general register receives the value zero-extended to all its bits.
@inline(__always)
func vectorExtract<I: VectorExtract, F: VectorFile, W: Word>(
  _: I.Type, _: F.Type, _: W.Type, _: Reg.Type, _ s: State, _ op: OpRef
) {
  let fault = F.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  let value = I.apply(F.get(s, op.pointee.source), F.lane(W.self, s, op), as: W.self)
  s.setRegister(op.pointee.destination, value.zeroExtended)
  F.enter(s)
  return s.next(op)
}

@inline(__always)
func vectorExtract<I: VectorExtract, F: VectorFile, W: Word>(
  _: I.Type, _: F.Type, _: W.Type, _: Mem.Type, _ s: State, _ op: OpRef
) {
  let fault = F.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  memory.put(I.apply(F.get(s, op.pointee.source), F.lane(W.self, s, op), as: W.self))
  F.enter(s)
  return s.next(op)
}
