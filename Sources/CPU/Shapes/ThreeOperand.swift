import Layout
import MMU

/// destination = source op a second one in VEX.vvvv, whose place in the state stands in the immediate.
protocol ThreeOperand {
  /// - Parameters:
  ///   - a: register or memory, ModRM.rm.
  ///   - b: register, VEX.vvvv.
  static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W
  /// Whether flags change.
  static var setsFlags: Bool { get }
}

extension ThreeOperand {
  @inline(__always) static var setsFlags: Bool { true }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// The register in VEX.vvvv.
  @inline(__always) func vexRegister<W: Word>(_ op: OpRef, as: W.Type) -> W {
    register(UInt8(truncatingIfNeeded: op.pointee.immediate), as: W.self)
  }

  /// Writes the register in VEX.vvvv.
  @inline(__always) func setVEXRegister<W: Word>(_ op: OpRef, _ value: W) {
    setRegister(UInt8(truncatingIfNeeded: op.pointee.immediate), value)
  }
}

@inline(__always)
func threeOperand<I: ThreeOperand, W: Word, S: Operand>(_: I.Type, _: W.Type, _: S.Type, _ s: State, _ op: OpRef) {
  var flags = s.flags
  let result = I.apply(S.value(W.self, s, op), s.vexRegister(op, as: W.self), &flags)
  s.setRegister(op.pointee.destination, result)
  if I.setsFlags { s.flags = flags }
  return s.next(op)
}

@inline(__always)
func threeOperand<I: ThreeOperand, W: Word>(_: I.Type, _: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  var flags = s.flags
  let result = I.apply(memory.get(W.self), s.vexRegister(op, as: W.self), &flags)
  s.setRegister(op.pointee.destination, result)
  if I.setsFlags { s.flags = flags }
  return s.next(op)
}
