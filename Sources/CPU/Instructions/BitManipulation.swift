import Layout
import MMU

// BMI1 and BMI2. Where the manual leaves AF and PF undefined they come out as after a logical instruction: AF clear, PF
// that of the result.

/// ANDN, "ANDN—Logical AND NOT" (SDM Vol. 2A): the register in VEX.vvvv is the inverted one.
enum ANDN: ThreeOperand {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    flags = .logic(a & ~b)
    return a & ~b
  }
}

/// BEXTR, "BEXTR—Bit Field Extract" (SDM Vol. 2A): bits 7:0 of the control are the first bit, bits 15:8 the length. SF is
/// undefined, and that of the result.
enum BEXTR: ThreeOperand {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    let start = b & 0xFF
    let length = b &>> 8 & 0xFF
    let bits = W(truncatingIfNeeded: W.bits)
    let field = start < bits ? a &>> start : 0
    let result = length < bits ? field & ((1 as W) &<< length &- 1) : field
    flags = .logic(result)
    return result
  }
}

/// BLSI, "BLSI—Extract Lowest Set Isolated Bit" (SDM Vol. 2A): CF says that the source is not 0.
enum BLSI: BitScan {
  @inline(__always) static func apply<W: Word>(_ source: W, old: W, _ flags: inout Flags) -> W {
    let result = source & (0 &- source)
    flags = .shifted(result, carry: source != 0, overflow: false)
    return result
  }
}

/// BLSMSK, "BLSMSK—Get Mask Up to Lowest Set Bit" (SDM Vol. 2A): CF says that the source is 0; the result never is.
enum BLSMSK: BitScan {
  @inline(__always) static func apply<W: Word>(_ source: W, old: W, _ flags: inout Flags) -> W {
    let result = source ^ (source &- 1)
    flags = .shifted(result, carry: source == 0, overflow: false)
    return result
  }
}

/// BLSR, "BLSR—Reset Lowest Set Bit" (SDM Vol. 2A): CF says that the source is 0.
enum BLSR: BitScan {
  @inline(__always) static func apply<W: Word>(_ source: W, old: W, _ flags: inout Flags) -> W {
    let result = source & (source &- 1)
    flags = .shifted(result, carry: source == 0, overflow: false)
    return result
  }
}

/// BZHI, "BZHI—Zero High Bits Starting With Specified Bit Position" (SDM Vol. 2A): CF says that the position lies beyond
/// the operand.
enum BZHI: ThreeOperand {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    let position = b & 0xFF
    let isBeyond = position >= W(truncatingIfNeeded: W.bits)
    let result = isBeyond ? a : a & ((1 as W) &<< position &- 1)
    flags = .shifted(result, carry: isBeyond, overflow: false)
    return result
  }
}

/// PDEP, "PDEP—Parallel Bits Deposit" (SDM Vol. 2B): the low bits of VEX.vvvv go where the mask has ones.
enum PDEP: ThreeOperand {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    var mask = a
    var source = b
    var result: W = 0
    while mask != 0 {
      let rest = mask & (mask &- 1)
      if source & 1 != 0 { result |= mask ^ rest }
      source &>>= 1
      mask = rest
    }
    return result
  }

  @inline(__always) static var setsFlags: Bool { false }
}

/// PEXT, "PEXT—Parallel Bits Extract" (SDM Vol. 2B): the bits of VEX.vvvv where the mask has ones, side by side.
enum PEXT: ThreeOperand {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    var mask = a
    var bit: W = 1
    var result: W = 0
    while mask != 0 {
      let rest = mask & (mask &- 1)
      if b & (mask ^ rest) != 0 { result |= bit }
      bit &<<= 1
      mask = rest
    }
    return result
  }

  @inline(__always) static var setsFlags: Bool { false }
}

/// SARX, "SARX/SHLX/SHRX—Shift Without Affecting Flags" (SDM Vol. 2B): counts modulo the operand size.
enum SARX: ThreeOperand {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    W(truncatingIfNeeded: a.signed &>> W.Signed(truncatingIfNeeded: b))
  }

  @inline(__always) static var setsFlags: Bool { false }
}

/// SHLX, "SARX/SHLX/SHRX—Shift Without Affecting Flags" (SDM Vol. 2B).
enum SHLX: ThreeOperand {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W { a &<< b }
  @inline(__always) static var setsFlags: Bool { false }
}

/// SHRX, "SARX/SHLX/SHRX—Shift Without Affecting Flags" (SDM Vol. 2B).
enum SHRX: ThreeOperand {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W { a &>> b }
  @inline(__always) static var setsFlags: Bool { false }
}

/// MULX, "MULX—Unsigned Multiply Without Affecting Flags" (SDM Vol. 2B): rDX × source; the upper half is written last,
/// and stays where both go to one register.
@inline(__always) func mulx<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  multiplyIntoBoth(s.register(op.pointee.source, as: W.self), s, op)
  return s.next(op)
}

@inline(__always) func mulx<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  multiplyIntoBoth(memory.get(W.self), s, op)
  return s.next(op)
}

@inline(__always) private func multiplyIntoBoth<W: Word>(_ source: W, _ s: State, _ op: OpRef) {
  let product = s.get(.rdx, as: W.self).multipliedFullWidth(by: source)
  s.setVEXRegister(op, W(truncatingIfNeeded: product.low))
  s.setRegister(op.pointee.destination, product.high)
}

/// RORX, "RORX—Rotate Right Logical Without Affecting Flags" (SDM Vol. 2B).
@inline(__always) func rorx<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  s.setRegister(op.pointee.destination, rotated(s.register(op.pointee.source, as: W.self), op))
  return s.next(op)
}

@inline(__always) func rorx<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  s.setRegister(op.pointee.destination, rotated(memory.get(W.self), op))
  return s.next(op)
}

@inline(__always) private func rotated<W: Word>(_ value: W, _ op: OpRef) -> W {
  let count = W(truncatingIfNeeded: op.pointee.immediate)
  return value &>> count | value &<< (0 &- count)
}
