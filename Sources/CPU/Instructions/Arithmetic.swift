/// ADD, "ADD—Add" (SDM Vol. 2A).
enum ADD: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    let sum = a &+ b
    flags = .add(a, b, sum)
    return sum
  }
}

/// ADC, "ADC—Add With Carry" (SDM Vol. 2A).
enum ADC: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    let sum = a &+ b &+ flags.carryBit(W.self)
    flags = .add(a, b, sum)
    return sum
  }
}

/// SUB, "SUB—Subtract" (SDM Vol. 2B).
enum SUB: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    let difference = a &- b
    flags = .subtract(a, b, difference)
    return difference
  }
}

/// SBB, "SBB—Integer Subtraction With Borrow" (SDM Vol. 2B).
enum SBB: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    let difference = a &- b &- flags.carryBit(W.self)
    flags = .subtract(a, b, difference)
    return difference
  }
}

/// CMP, "CMP—Compare Two Operands" (SDM Vol. 2A).
typealias CMP = SUB

/// AND, "AND—Logical AND" (SDM Vol. 2A).
enum AND: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    flags = .logic(a & b)
    return a & b
  }
}

/// TEST, "TEST—Logical Compare" (SDM Vol. 2B).
typealias TEST = AND

/// OR, "OR—Logical Inclusive OR" (SDM Vol. 2B).
enum OR: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    flags = .logic(a | b)
    return a | b
  }
}

/// XOR, "XOR—Logical Exclusive OR" (SDM Vol. 2B).
enum XOR: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    flags = .logic(a ^ b)
    return a ^ b
  }
}

/// INC, "INC—Increment by 1" (SDM Vol. 2A): CF stays.
enum INC: Unary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ flags: inout Flags) -> W {
    let carry = flags.carry
    let sum = a &+ 1
    flags = .add(a, 1, sum)
    flags.set(carry: carry)
    return sum
  }
}

/// DEC, "DEC—Decrement by 1" (SDM Vol. 2A): CF stays.
enum DEC: Unary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ flags: inout Flags) -> W {
    let carry = flags.carry
    let difference = a &- 1
    flags = .subtract(a, 1, difference)
    flags.set(carry: carry)
    return difference
  }
}

/// NEG, "NEG—Two's Complement Negation" (SDM Vol. 2B).
enum NEG: Unary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ flags: inout Flags) -> W {
    let difference = 0 &- a
    flags = .subtract(0, a, difference)
    return difference
  }
}

/// NOT, "NOT—One's Complement Negation" (SDM Vol. 2B): no flags.
enum NOT: Unary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ flags: inout Flags) -> W { ~a }
}

/// IMUL with two or three operands, "IMUL—Signed Multiply" (SDM Vol. 2A). CF and OF say that the product did not fit; SF,
/// ZF, AF and PF are undefined.
enum IMUL2: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    let (product, overflow) = a.signed.multipliedReportingOverflow(by: b.signed)
    let result = W(truncatingIfNeeded: product)
    flags = .shifted(result, carry: overflow, overflow: overflow)
    return result
  }
}

/// MUL, "MUL—Unsigned Multiply" (SDM Vol. 2B).
enum MUL: Multiply {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W) -> (high: W, low: W, significant: Bool) {
    let product = a.multipliedFullWidth(by: b)
    return (product.high, W(truncatingIfNeeded: product.low), product.high != 0)
  }
}

/// IMUL with one operand, "IMUL—Signed Multiply" (SDM Vol. 2A).
enum IMUL: Multiply {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W) -> (high: W, low: W, significant: Bool) {
    let product = a.signed.multipliedFullWidth(by: b.signed)
    let low = W(truncatingIfNeeded: product.low)
    let high = W(truncatingIfNeeded: product.high)
    let fill: W = low.sign ? .max : 0
    return (high, low, high != fill)
  }
}

/// DIV, "DIV—Unsigned Divide" (SDM Vol. 2A).
enum DIV: Divide {
  @inline(__always)
  static func apply<W: Word>(high: W, low: W, by divisor: W) -> (quotient: W, remainder: W)? {
    guard high < divisor else { return nil }
    if high == 0 { return (low / divisor, low % divisor) }
    return divisor.dividingFullWidth((high, W.Magnitude(truncatingIfNeeded: low)))
  }
}

/// IDIV, "IDIV—Signed Divide" (SDM Vol. 2A): the quotient is truncated towards zero, the remainder has the dividend's
/// sign.
enum IDIV: Divide {
  @inline(__always)
  static func apply<W: Word>(high: W, low: W, by divisor: W) -> (quotient: W, remainder: W)? {
    let isNegative = high.sign
    let lowMagnitude = isNegative ? 0 &- low : low
    let highMagnitude = isNegative ? ~high &+ (low == 0 ? 1 : 0) : high
    let divisorMagnitude = divisor.sign ? 0 &- divisor : divisor
    guard let result = DIV.apply(high: highMagnitude, low: lowMagnitude, by: divisorMagnitude) else { return nil }
    let quotientIsNegative = isNegative != divisor.sign
    let limit = (1 as W) &<< W(truncatingIfNeeded: W.bits - 1)
    guard result.quotient < limit || quotientIsNegative && result.quotient == limit else { return nil }
    return (
      quotientIsNegative ? 0 &- result.quotient : result.quotient,
      isNegative ? 0 &- result.remainder : result.remainder
    )
  }
}
