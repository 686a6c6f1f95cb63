// MMX and SSE logic, comparison and shifts.

// MARK: Logic

/// PAND, ANDPS and ANDPD, "PAND—Logical AND" (SDM Vol. 2B).
enum PAND: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.uq & b.uq) }
}

/// PANDN, ANDNPS and ANDNPD, "PANDN—Logical AND NOT" (SDM Vol. 2B).
enum PANDN: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(~a.uq & b.uq) }
}

/// POR, ORPS and ORPD, "POR—Bitwise Logical OR" (SDM Vol. 2B).
enum POR: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.uq | b.uq) }
}

/// PXOR, XORPS and XORPD, "PXOR—Logical Exclusive OR" (SDM Vol. 2B).
enum PXOR: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.uq ^ b.uq) }
}

/// PTEST, "PTEST—Logical Compare" (SDM Vol. 2B): ZF and CF; the other flags are cleared.
enum PTEST: VectorTest {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Flags {
    let common = a.uq & b.uq
    let missing = ~a.uq & b.uq
    let zero = common[0] | common[1] == 0 ? FlagBit.zero : 0
    return Flags(bits: zero | (missing[0] | missing[1] == 0 ? FlagBit.carry : 0))
  }
}

// MARK: Comparison: all ones where it holds

/// PCMPEQB, "PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal" (SDM Vol. 2B).
enum PCMPEQB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(SIMD16<UInt8>.zero.replacing(with: .max, where: a.ub .== b.ub))
  }
}

/// PCMPEQW, "PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal" (SDM Vol. 2B).
enum PCMPEQW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(SIMD8<UInt16>.zero.replacing(with: .max, where: a.uw .== b.uw))
  }
}

/// PCMPEQD, "PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal" (SDM Vol. 2B).
enum PCMPEQD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(SIMD4<UInt32>.zero.replacing(with: .max, where: a.ud .== b.ud))
  }
}

/// PCMPEQQ, "PCMPEQQ—Compare Packed Qword Data for Equal" (SDM Vol. 2B).
enum PCMPEQQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(SIMD2<UInt64>.zero.replacing(with: .max, where: a.uq .== b.uq))
  }
}

/// PCMPGTB, "PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than" (SDM Vol. 2B).
enum PCMPGTB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(SIMD16<Int8>.zero.replacing(with: -1, where: a.sb .> b.sb))
  }
}

/// PCMPGTW, "PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than" (SDM Vol. 2B).
enum PCMPGTW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(SIMD8<Int16>.zero.replacing(with: -1, where: a.sw .> b.sw))
  }
}

/// PCMPGTD, "PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than" (SDM Vol. 2B).
enum PCMPGTD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(SIMD4<Int32>.zero.replacing(with: -1, where: a.sd .> b.sd))
  }
}

/// PCMPGTQ, "PCMPGTQ—Compare Packed Data for Greater Than" (SDM Vol. 2B).
enum PCMPGTQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(SIMD2<Int64>.zero.replacing(with: -1, where: a.sq .> b.sq))
  }
}

// MARK: Shifts: a count beyond the lane leaves zeros, or copies of the sign

/// PSLLW, "PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical" (SDM Vol. 2B).
enum PSLLW: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    count < 16 ? Packed(a.uw &<< SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: count))) : Packed(a.uq ^ a.uq)
  }
}

/// PSLLD, "PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical" (SDM Vol. 2B).
enum PSLLD: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    count < 32 ? Packed(a.ud &<< SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: count))) : Packed(a.uq ^ a.uq)
  }
}

/// PSLLQ, "PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical" (SDM Vol. 2B).
enum PSLLQ: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    count < 64 ? Packed(a.uq &<< SIMD2<UInt64>(repeating: UInt64(truncatingIfNeeded: count))) : Packed(a.uq ^ a.uq)
  }
}

/// PSRLW, "PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical" (SDM Vol. 2B).
enum PSRLW: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    count < 16 ? Packed(a.uw &>> SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: count))) : Packed(a.uq ^ a.uq)
  }
}

/// PSRLD, "PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical" (SDM Vol. 2B).
enum PSRLD: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    count < 32 ? Packed(a.ud &>> SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: count))) : Packed(a.uq ^ a.uq)
  }
}

/// PSRLQ, "PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical" (SDM Vol. 2B).
enum PSRLQ: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    count < 64 ? Packed(a.uq &>> SIMD2<UInt64>(repeating: UInt64(truncatingIfNeeded: count))) : Packed(a.uq ^ a.uq)
  }
}

/// PSRAW, "PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic" (SDM Vol. 2B).
enum PSRAW: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    Packed(a.sw &>> SIMD8<Int16>(repeating: Int16(truncatingIfNeeded: min(count, 15))))
  }
}

/// PSRAD, "PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic" (SDM Vol. 2B).
enum PSRAD: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    Packed(a.sd &>> SIMD4<Int32>(repeating: Int32(truncatingIfNeeded: min(count, 31))))
  }
}

/// PSLLDQ, "PSLLDQ—Shift Double Quadword Left Logical" (SDM Vol. 2B): by bytes.
enum PSLLDQ: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    Packed(count < 16 ? a.dq &<< UInt128(count &* 8) : 0)
  }
}

/// PSRLDQ, "PSRLDQ—Shift Double Quadword Right Logical" (SDM Vol. 2B): by bytes.
enum PSRLDQ: VectorShift {
  @inline(__always) static func apply(_ a: Packed, _ count: UInt64) -> Packed {
    Packed(count < 16 ? a.dq &>> UInt128(count &* 8) : 0)
  }
}
