import Layout
import MMU

/// destination = op destination.
protocol Unary {
  static func apply<W: Word>(_ a: W, _ flags: inout Flags) -> W
}

@inline(__always)
func unary<I: Unary, W: Word>(_: I.Type, _: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  var flags = s.flags
  s.setRegister(op.pointee.destination, I.apply(s.register(op.pointee.destination, as: W.self), &flags))
  s.flags = flags
  return s.next(op)
}

@inline(__always)
func unary<I: Unary, W: Word>(_: I.Type, _: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  memory.put(I.apply(memory.get(W.self), &flags))
  s.flags = flags
  return s.next(op)
}

/// destination = op source; the destination's old value may stay.
protocol BitScan {
  static func apply<W: Word>(_ source: W, old: W, _ flags: inout Flags) -> W
}

@inline(__always)
func bitScan<I: BitScan, W: Word, S: Operand>(_: I.Type, _: W.Type, _: S.Type, _ s: State, _ op: OpRef) {
  var flags = s.flags
  let old = s.register(op.pointee.destination, as: W.self)
  s.setRegister(op.pointee.destination, I.apply(S.value(W.self, s, op), old: old, &flags))
  s.flags = flags
  return s.next(op)
}

@inline(__always)
func bitScan<I: BitScan, W: Word>(_: I.Type, _: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  let old = s.register(op.pointee.destination, as: W.self)
  s.setRegister(op.pointee.destination, I.apply(memory.get(W.self), old: old, &flags))
  s.flags = flags
  return s.next(op)
}
