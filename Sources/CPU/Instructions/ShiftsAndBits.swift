/// SHL, "SAL/SAR/SHL/SHR—Shift" (SDM Vol. 2B). OF is defined for a count of 1; the same formula serves the others.
enum SHL: Shift {
  @inline(__always) static func apply<W: Word>(_ a: W, _ count: Int, _ flags: inout Flags) -> W {
    let result: W
    let carry: Bool
    if W.bits == 64 {
      result = a &<< W(truncatingIfNeeded: count)
      carry = a &>> W(truncatingIfNeeded: 64 &- count) & 1 != 0
    } else {
      let wide = a.zeroExtended &<< UInt64(truncatingIfNeeded: count)
      result = W(low: wide)
      carry = wide &>> UInt64(W.bits) & 1 != 0
    }
    flags = .shifted(result, carry: carry, overflow: result.sign != carry)
    return result
  }
}

/// SHR, "SAL/SAR/SHL/SHR—Shift" (SDM Vol. 2B).
enum SHR: Shift {
  @inline(__always) static func apply<W: Word>(_ a: W, _ count: Int, _ flags: inout Flags) -> W {
    let before = a.zeroExtended &>> UInt64(truncatingIfNeeded: count &- 1)
    let result = W(low: before &>> 1)
    flags = .shifted(result, carry: before & 1 != 0, overflow: a.sign)
    return result
  }
}

/// SAR, "SAL/SAR/SHL/SHR—Shift" (SDM Vol. 2B).
enum SAR: Shift {
  @inline(__always) static func apply<W: Word>(_ a: W, _ count: Int, _ flags: inout Flags) -> W {
    let before = Int64(bitPattern: a.signExtended) &>> Int64(truncatingIfNeeded: count &- 1)
    let result = W(truncatingIfNeeded: before &>> 1)
    flags = .shifted(result, carry: before & 1 != 0, overflow: false)
    return result
  }
}

/// ROL, "RCL/RCR/ROL/ROR—Rotate" (SDM Vol. 2B).
enum ROL: Shift {
  @inline(__always) static func apply<W: Word>(_ a: W, _ count: Int, _ flags: inout Flags) -> W {
    let left = count & (W.bits &- 1)
    let result =
      a &<< W(truncatingIfNeeded: left) | a &>> W(truncatingIfNeeded: (W.bits &- left) & (W.bits &- 1))
    let carry = result & 1 != 0
    flags.set(carry: carry, overflow: result.sign != carry)
    return result
  }
}

/// ROR, "RCL/RCR/ROL/ROR—Rotate" (SDM Vol. 2B).
enum ROR: Shift {
  @inline(__always) static func apply<W: Word>(_ a: W, _ count: Int, _ flags: inout Flags) -> W {
    let right = count & (W.bits &- 1)
    let result =
      a &>> W(truncatingIfNeeded: right) | a &<< W(truncatingIfNeeded: (W.bits &- right) & (W.bits &- 1))
    flags.set(carry: result.sign, overflow: result.sign != (result &<< 1).sign)
    return result
  }
}

/// RCL, "RCL/RCR/ROL/ROR—Rotate" (SDM Vol. 2B): through CF, bytes and words modulo 9 and 17.
enum RCL: Shift {
  @inline(__always) static func apply<W: Word>(_ a: W, _ count: Int, _ flags: inout Flags) -> W {
    var result = a
    var carry = flags.carry
    for _ in 0..<(W.bits < 32 ? count % (W.bits &+ 1) : count) {
      let out = result.sign
      result = result &<< 1 | (carry ? 1 : 0)
      carry = out
    }
    flags.set(carry: carry, overflow: result.sign != carry)
    return result
  }
}

/// RCR, "RCL/RCR/ROL/ROR—Rotate" (SDM Vol. 2B): through CF, bytes and words modulo 9 and 17.
enum RCR: Shift {
  @inline(__always) static func apply<W: Word>(_ a: W, _ count: Int, _ flags: inout Flags) -> W {
    var result = a
    var carry = flags.carry
    for _ in 0..<(W.bits < 32 ? count % (W.bits &+ 1) : count) {
      let out = result & 1 != 0
      result = result &>> 1 | (carry ? (1 as W) &<< W(truncatingIfNeeded: W.bits &- 1) : 0)
      carry = out
    }
    flags.set(carry: carry, overflow: result.sign != (result &<< 1).sign)
    return result
  }
}

/// SHLD, "SHLD—Double Precision Shift Left" (SDM Vol. 2B). With words and a count over 16 the result is undefined; the
/// operands are taken as a ring of destination, source, destination.
enum SHLD: DoubleShift {
  @inline(__always)
  static func apply<W: Word>(_ a: W, _ fill: W, _ count: Int, _ flags: inout Flags) -> W {
    let result: W
    let carry: Bool
    if W.bits == 16 {
      let ring = a.zeroExtended &<< 32 | fill.zeroExtended &<< 16 | a.zeroExtended
      let shifted = ring &<< UInt64(truncatingIfNeeded: count)
      result = W(low: shifted &>> 32)
      carry = shifted &>> 48 & 1 != 0
    } else {
      let back = W(truncatingIfNeeded: W.bits &- count)
      result = a &<< W(truncatingIfNeeded: count) | fill &>> back
      carry = a &>> back & 1 != 0
    }
    flags = .shifted(result, carry: carry, overflow: result.sign != a.sign)
    return result
  }
}

/// SHRD, "SHRD—Double Precision Shift Right" (SDM Vol. 2B).
enum SHRD: DoubleShift {
  @inline(__always)
  static func apply<W: Word>(_ a: W, _ fill: W, _ count: Int, _ flags: inout Flags) -> W {
    let result: W
    let carry: Bool
    if W.bits == 16 {
      let ring = a.zeroExtended &<< 32 | fill.zeroExtended &<< 16 | a.zeroExtended
      let before = ring &>> UInt64(truncatingIfNeeded: count &- 1)
      result = W(low: before &>> 1)
      carry = before & 1 != 0
    } else {
      result =
        a &>> W(truncatingIfNeeded: count) | fill &<< W(truncatingIfNeeded: W.bits &- count)
      carry = a &>> W(truncatingIfNeeded: count &- 1) & 1 != 0
    }
    flags = .shifted(result, carry: carry, overflow: result.sign != a.sign)
    return result
  }
}

/// BT, "BT—Bit Test" (SDM Vol. 2A).
enum BT: BitTest {
  @inline(__always) static func apply<W: Word>(_ a: W, _ mask: W) -> W { a }
  @inline(__always) static var writes: Bool { false }
}

/// BTS, "BTS—Bit Test and Set" (SDM Vol. 2A).
enum BTS: BitTest {
  @inline(__always) static func apply<W: Word>(_ a: W, _ mask: W) -> W { a | mask }
  @inline(__always) static var writes: Bool { true }
}

/// BTR, "BTR—Bit Test and Reset" (SDM Vol. 2A).
enum BTR: BitTest {
  @inline(__always) static func apply<W: Word>(_ a: W, _ mask: W) -> W { a & ~mask }
  @inline(__always) static var writes: Bool { true }
}

/// BTC, "BTC—Bit Test and Complement" (SDM Vol. 2A).
enum BTC: BitTest {
  @inline(__always) static func apply<W: Word>(_ a: W, _ mask: W) -> W { a ^ mask }
  @inline(__always) static var writes: Bool { true }
}

/// BSF, "BSF—Bit Scan Forward" (SDM Vol. 2A): a source of 0 leaves the destination.
enum BSF: BitScan {
  @inline(__always) static func apply<W: Word>(_ source: W, old: W, _ flags: inout Flags) -> W {
    flags = .logic(source)
    return source == 0 ? old : W(truncatingIfNeeded: source.trailingZeroBitCount)
  }
}

/// BSR, "BSR—Bit Scan Reverse" (SDM Vol. 2A): a source of 0 leaves the destination.
enum BSR: BitScan {
  @inline(__always) static func apply<W: Word>(_ source: W, old: W, _ flags: inout Flags) -> W {
    flags = .logic(source)
    return source == 0 ? old : W(truncatingIfNeeded: W.bits &- 1 &- source.leadingZeroBitCount)
  }
}

/// TZCNT, "TZCNT—Count the Number of Trailing Zero Bits" (SDM Vol. 2B): CF says that the source is 0, ZF the result.
enum TZCNT: BitScan {
  @inline(__always) static func apply<W: Word>(_ source: W, old: W, _ flags: inout Flags) -> W {
    let count = W(truncatingIfNeeded: source.trailingZeroBitCount)
    flags = .shifted(count, carry: source == 0, overflow: false)
    return count
  }
}

/// LZCNT, "LZCNT—Count the Number of Leading Zero Bits" (SDM Vol. 2A): CF says that the source is 0, ZF the result.
enum LZCNT: BitScan {
  @inline(__always) static func apply<W: Word>(_ source: W, old: W, _ flags: inout Flags) -> W {
    let count = W(truncatingIfNeeded: source.leadingZeroBitCount)
    flags = .shifted(count, carry: source == 0, overflow: false)
    return count
  }
}

/// POPCNT, "POPCNT—Return the Count of Number of Bits Set to 1" (SDM Vol. 2B): ZF says that the source is 0, the other
/// flags are clear.
enum POPCNT: BitScan {
  @inline(__always) static func apply<W: Word>(_ source: W, old: W, _ flags: inout Flags) -> W {
    flags = .only(zero: source == 0)
    return W(truncatingIfNeeded: source.nonzeroBitCount)
  }
}
