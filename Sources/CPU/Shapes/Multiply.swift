import Layout
import MMU

/// rDX:rAX = rAX × source; with bytes AX = AL × source.
protocol Multiply {
  /// The product's halves, and whether the upper one is significant.
  static func apply<W: Word>(_ a: W, _ b: W) -> (high: W, low: W, significant: Bool)
}

@inline(__always)
func multiply<I: Multiply, W: Word>(_: I.Type, _: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  multiplyAccumulator(I.self, s.register(op.pointee.destination, as: W.self), s)
  return s.next(op)
}

@inline(__always)
func multiply<I: Multiply, W: Word>(_: I.Type, _: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  multiplyAccumulator(I.self, memory.get(W.self), s)
  return s.next(op)
}

@inline(__always)
private func multiplyAccumulator<I: Multiply, W: Word>(_: I.Type, _ b: W, _ s: State) {
  let product = I.apply(s.get(.rax, as: W.self), b)
  setDataAndAccumulator(s, high: product.high, low: product.low)
  s.flags = .shifted(product.low, carry: product.significant, overflow: product.significant)
}

/// Writes rDX:rAX, or with bytes AH and AL.
@inline(__always)
private func setDataAndAccumulator<W: Word>(_ s: State, high: W, low: W) {
  if W.bits == 8 {
    s.set(.rax, UInt16(truncatingIfNeeded: high) &<< 8 | UInt16(truncatingIfNeeded: low))
  } else {
    s.set(.rax, low)
    s.set(.rdx, high)
  }
}

/// rAX, rDX = quotient and remainder of rDX:rAX ÷ source; with bytes AL, AH of AX ÷ source.
protocol Divide {
  /// Nil: #DE, the divisor is 0 or the quotient does not fit.
  static func apply<W: Word>(high: W, low: W, by divisor: W) -> (quotient: W, remainder: W)?
}

@inline(__always)
func divide<I: Divide, W: Word>(_: I.Type, _: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  return divideAccumulator(I.self, s.register(op.pointee.destination, as: W.self), s, op)
}

@inline(__always)
func divide<I: Divide, W: Word>(_: I.Type, _: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  return divideAccumulator(I.self, memory.get(W.self), s, op)
}

@inline(__always)
private func divideAccumulator<I: Divide, W: Word>(_: I.Type, _ divisor: W, _ s: State, _ op: OpRef) {
  let low = s.get(.rax, as: W.self)
  let high = W.bits == 8 ? W(truncatingIfNeeded: s.get(.rax, as: UInt16.self) &>> 8) : s.get(.rdx, as: W.self)
  guard let result = I.apply(high: high, low: low, by: divisor) else { return raise(s, op, .divideError) }
  setDataAndAccumulator(s, high: result.remainder, low: result.quotient)
  return s.next(op)
}
