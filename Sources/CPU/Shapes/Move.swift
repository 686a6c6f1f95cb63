import Layout
import MMU

/// MOV: the one operation of shape `move`; the type is there so that the table's rows read alike.
enum MOV {}

@inline(__always)
func move<W: Word, S: Operand>(_: MOV.Type, _: W.Type, _: Reg.Type, _: S.Type, _ s: State, _ op: OpRef) {
  s.setRegister(op.pointee.destination, S.value(W.self, s, op))
  return s.next(op)
}

@inline(__always)
func move<W: Word>(_: MOV.Type, _: W.Type, _: Reg.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  s.setRegister(op.pointee.destination, memory.get(W.self))
  return s.next(op)
}

@inline(__always)
func move<W: Word, S: Operand>(_: MOV.Type, _: W.Type, _: Mem.Type, _: S.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  memory.put(S.value(W.self, s, op))
  return s.next(op)
}

// MARK: Extensions

/// How a narrower source fills a wider destination.
protocol Extension {
  static func apply<N: Word, W: Word>(_ value: N, to: W.Type) -> W
}

enum MOVZX: Extension {
  @inline(__always) static func apply<N: Word, W: Word>(_ value: N, to: W.Type) -> W {
    W(truncatingIfNeeded: value.zeroExtended)
  }
}

enum MOVSX: Extension {
  @inline(__always) static func apply<N: Word, W: Word>(_ value: N, to: W.Type) -> W {
    W(truncatingIfNeeded: value.signExtended)
  }
}

typealias MOVSXD = MOVSX

@inline(__always)
func extend<I: Extension, N: Word, W: Word, S: Operand>(
  _: I.Type, _: N.Type, _: W.Type, _: S.Type, _ s: State, _ op: OpRef
) {
  s.setRegister(op.pointee.destination, I.apply(S.value(N.self, s, op), to: W.self))
  return s.next(op)
}

@inline(__always)
func extend<I: Extension, N: Word, W: Word>(
  _: I.Type, _: N.Type, _: W.Type, _: Mem.Type, _ s: State, _ op: OpRef
) {
  guard let memory = Mem.read(N.self, s, op) else { return missed(s, op) }
  s.setRegister(op.pointee.destination, I.apply(memory.get(N.self), to: W.self))
  return s.next(op)
}

// MARK: Conditional

@inline(__always)
func moveIf<C: Condition, W: Word, S: Operand>(_: C.Type, _: W.Type, _: S.Type, _ s: State, _ op: OpRef) {
  let old = s.register(op.pointee.destination, as: W.self)
  s.setRegister(op.pointee.destination, C.holds(s.flags) ? S.value(W.self, s, op) : old)
  return s.next(op)
}

/// The source is read, and may fault, whether or not the condition holds.
@inline(__always)
func moveIf<C: Condition, W: Word>(_: C.Type, _: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  let old = s.register(op.pointee.destination, as: W.self)
  s.setRegister(op.pointee.destination, C.holds(s.flags) ? memory.get(W.self) : old)
  return s.next(op)
}

@inline(__always)
func setIf<C: Condition>(_: C.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  s.setRegister(op.pointee.destination, C.holds(s.flags) ? 1 : 0 as UInt8)
  return s.next(op)
}

@inline(__always)
func setIf<C: Condition>(_: C.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.write(UInt8.self, s, op) else { return missed(s, op) }
  memory.put(C.holds(s.flags) ? 1 : 0 as UInt8)
  return s.next(op)
}
