import Layout
import MMU

/// destination = destination op source, with flags.
protocol Binary {
  static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W
}

@inline(__always)
func binary<I: Binary, W: Word, S: Operand>(_: I.Type, _: W.Type, _: Reg.Type, _: S.Type, _ s: State, _ op: OpRef) {
  var flags = s.flags
  let a = s.register(op.pointee.destination, as: W.self)
  s.setRegister(op.pointee.destination, I.apply(a, S.value(W.self, s, op), &flags))
  s.flags = flags
  return s.next(op)
}

@inline(__always)
func binary<I: Binary, W: Word>(_: I.Type, _: W.Type, _: Reg.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  let a = s.register(op.pointee.destination, as: W.self)
  s.setRegister(op.pointee.destination, I.apply(a, memory.get(W.self), &flags))
  s.flags = flags
  return s.next(op)
}

@inline(__always)
func binary<I: Binary, W: Word, S: Operand>(_: I.Type, _: W.Type, _: Mem.Type, _: S.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  memory.put(I.apply(memory.get(W.self), S.value(W.self, s, op), &flags))
  s.flags = flags
  return s.next(op)
}

// MARK: Compare: the same without writing back

@inline(__always)
func compare<I: Binary, W: Word, S: Operand>(_: I.Type, _: W.Type, _: Reg.Type, _: S.Type, _ s: State, _ op: OpRef) {
  var flags = s.flags
  _ = I.apply(s.register(op.pointee.destination, as: W.self), S.value(W.self, s, op), &flags)
  s.flags = flags
  return s.next(op)
}

@inline(__always)
func compare<I: Binary, W: Word>(_: I.Type, _: W.Type, _: Reg.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  _ = I.apply(s.register(op.pointee.destination, as: W.self), memory.get(W.self), &flags)
  s.flags = flags
  return s.next(op)
}

@inline(__always)
func compare<I: Binary, W: Word, S: Operand>(_: I.Type, _: W.Type, _: Mem.Type, _: S.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  _ = I.apply(memory.get(W.self), S.value(W.self, s, op), &flags)
  s.flags = flags
  return s.next(op)
}

// MARK: IMUL with three operands

@inline(__always)
func product<W: Word, S: Operand>(_: W.Type, _: S.Type, _ s: State, _ op: OpRef) {
  var flags = s.flags
  s.setRegister(
    op.pointee.destination, IMUL2.apply(S.value(W.self, s, op), Imm.value(W.self, s, op), &flags))
  s.flags = flags
  return s.next(op)
}

@inline(__always)
func product<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  s.setRegister(op.pointee.destination, IMUL2.apply(memory.get(W.self), Imm.value(W.self, s, op), &flags))
  s.flags = flags
  return s.next(op)
}
