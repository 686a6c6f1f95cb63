// MMX and SSE integer arithmetic: lanes of the operands as the suffix says.

// MARK: Wrapping

/// PADDB, "PADDB/PADDW/PADDD/PADDQ—Add Packed Integers" (SDM Vol. 2B).
enum PADDB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.ub &+ b.ub) }
}

/// PADDW, "PADDB/PADDW/PADDD/PADDQ—Add Packed Integers" (SDM Vol. 2B).
enum PADDW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.uw &+ b.uw) }
}

/// PADDD, "PADDB/PADDW/PADDD/PADDQ—Add Packed Integers" (SDM Vol. 2B).
enum PADDD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.ud &+ b.ud) }
}

/// PADDQ, "PADDB/PADDW/PADDD/PADDQ—Add Packed Integers" (SDM Vol. 2B).
enum PADDQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.uq &+ b.uq) }
}

/// PSUBB, "PSUBB/PSUBW/PSUBD—Subtract Packed Integers" (SDM Vol. 2B).
enum PSUBB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.ub &- b.ub) }
}

/// PSUBW, "PSUBB/PSUBW/PSUBD—Subtract Packed Integers" (SDM Vol. 2B).
enum PSUBW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.uw &- b.uw) }
}

/// PSUBD, "PSUBB/PSUBW/PSUBD—Subtract Packed Integers" (SDM Vol. 2B).
enum PSUBD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.ud &- b.ud) }
}

/// PSUBQ, "PSUBQ—Subtract Packed Quadword Integers" (SDM Vol. 2B).
enum PSUBQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.uq &- b.uq) }
}

// MARK: Saturating

/// PADDUSB, "PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation" (SDM Vol. 2B).
enum PADDUSB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let sum = a.ub &+ b.ub
    return Packed(sum.replacing(with: .max, where: sum .< a.ub))
  }
}

/// PSUBUSB, "PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation" (SDM Vol. 2B).
enum PSUBUSB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed((a.ub &- b.ub).replacing(with: 0, where: a.ub .< b.ub))
  }
}

/// PADDUSW, "PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation" (SDM Vol. 2B).
enum PADDUSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let sum = a.uw &+ b.uw
    return Packed(sum.replacing(with: .max, where: sum .< a.uw))
  }
}

/// PSUBUSW, "PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation" (SDM Vol. 2B).
enum PSUBUSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed((a.uw &- b.uw).replacing(with: 0, where: a.uw .< b.uw))
  }
}

/// PADDSB, "PADDSB/PADDSW—Add Packed Signed Integers With Signed Saturation" (SDM Vol. 2B).
enum PADDSB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(saturatingSum(a.sb, b.sb)) }
}

/// PSUBSB, "PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation" (SDM Vol. 2B).
enum PSUBSB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let difference = a.sb &- b.sb
    let overflows = ((a.sb ^ b.sb) & (a.sb ^ difference)) .< SIMD16<Int8>.zero
    return Packed(difference.replacing(with: limit(a.sb), where: overflows))
  }
}

/// PADDSW, "PADDSB/PADDSW—Add Packed Signed Integers With Signed Saturation" (SDM Vol. 2B).
enum PADDSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(saturatingSum(a.sw, b.sw)) }
}

/// PSUBSW, "PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation" (SDM Vol. 2B).
enum PSUBSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let difference = a.sw &- b.sw
    let overflows = ((a.sw ^ b.sw) & (a.sw ^ difference)) .< SIMD8<Int16>.zero
    return Packed(difference.replacing(with: limit(a.sw), where: overflows))
  }
}

/// The largest number of a's sign, what a sum or difference that overflows becomes.
@inline(__always) private func limit(_ a: SIMD16<Int8>) -> SIMD16<Int8> {
  (a &>> SIMD16<Int8>(repeating: 7)) ^ SIMD16<Int8>(repeating: .max)
}

@inline(__always) private func saturatingSum(_ a: SIMD16<Int8>, _ b: SIMD16<Int8>) -> SIMD16<Int8> {
  let sum = a &+ b
  return sum.replacing(with: limit(a), where: ((a ^ sum) & (b ^ sum)) .< SIMD16<Int8>.zero)
}

/// The largest number of a's sign, what a sum or difference that overflows becomes.
@inline(__always) private func limit(_ a: SIMD8<Int16>) -> SIMD8<Int16> {
  (a &>> SIMD8<Int16>(repeating: 15)) ^ SIMD8<Int16>(repeating: .max)
}

@inline(__always) private func saturatingSum(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD8<Int16> {
  let sum = a &+ b
  return sum.replacing(with: limit(a), where: ((a ^ sum) & (b ^ sum)) .< SIMD8<Int16>.zero)
}

// MARK: Multiplication

/// PMULLW, "PMULLW—Multiply Packed Signed Integers and Store Low Result" (SDM Vol. 2B).
enum PMULLW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.uw &* b.uw) }
}

/// PMULHW, "PMULHW—Multiply Packed Signed Integers and Store High Result" (SDM Vol. 2B).
enum PMULHW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(
      evenWords: (a.evenWords &* b.evenWords) &>> 16, oddWords: (a.oddWords &* b.oddWords) &>> 16)
  }
}

/// PMULHUW, "PMULHUW—Multiply Packed Unsigned Integers and Store High Result" (SDM Vol. 2B).
enum PMULHUW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let even = ((a.ud & 0xFFFF) &* (b.ud & 0xFFFF)) &>> 16
    let odd = ((a.ud &>> 16) &* (b.ud &>> 16)) & 0xFFFF_0000
    return Packed(even | odd)
  }
}

/// PMULHRSW, "PMULHRSW—Packed Multiply High With Round and Scale" (SDM Vol. 2B).
enum PMULHRSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let even = ((a.evenWords &* b.evenWords) &>> 14) &+ 1
    let odd = ((a.oddWords &* b.oddWords) &>> 14) &+ 1
    return Packed(evenWords: even &>> 1, oddWords: odd &>> 1)
  }
}

/// PMULLD, "PMULLD/PMULLQ—Multiply Packed Integers and Store Low Result" (SDM Vol. 2B).
enum PMULLD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(a.ud &* b.ud) }
}

/// PMULUDQ, "PMULUDQ—Multiply Packed Unsigned Doubleword Integers" (SDM Vol. 2B).
enum PMULUDQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed((a.uq & 0xFFFF_FFFF) &* (b.uq & 0xFFFF_FFFF))
  }
}

/// PMULDQ, "PMULDQ—Multiply Packed Doubleword Integers" (SDM Vol. 2B).
enum PMULDQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(((a.sq &<< 32) &>> 32) &* ((b.sq &<< 32) &>> 32))
  }
}

/// PMADDWD, "PMADDWD—Multiply and Add Packed Integers" (SDM Vol. 2B).
enum PMADDWD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.evenWords &* b.evenWords &+ a.oddWords &* b.oddWords)
  }
}

/// PMADDUBSW, "PMADDUBSW—Multiply and Add Packed Signed and Unsigned Bytes" (SDM Vol. 2B):
/// bytes of the destination are unsigned, those of the source signed.
enum PMADDUBSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let even = (a.sw & 0xFF) &* ((b.sw &<< 8) &>> 8)
    let odd = Packed(a.uw &>> 8).sw &* (b.sw &>> 8)
    return Packed(saturatingSum(even, odd))
  }
}

// MARK: Average, absolute value, sign

/// PAVGB, "PAVGB/PAVGW—Average Packed Integers" (SDM Vol. 2B).
enum PAVGB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed((a.ub | b.ub) &- ((a.ub ^ b.ub) &>> 1))
  }
}

/// PAVGW, "PAVGB/PAVGW—Average Packed Integers" (SDM Vol. 2B).
enum PAVGW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed((a.uw | b.uw) &- ((a.uw ^ b.uw) &>> 1))
  }
}

/// PABSB, "PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value" (SDM Vol. 2B).
enum PABSB: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let sign = a.sb &>> SIMD16<Int8>(repeating: 7)
    return Packed((a.sb ^ sign) &- sign)
  }
}

/// PABSW, "PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value" (SDM Vol. 2B).
enum PABSW: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let sign = a.sw &>> SIMD8<Int16>(repeating: 15)
    return Packed((a.sw ^ sign) &- sign)
  }
}

/// PABSD, "PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value" (SDM Vol. 2B).
enum PABSD: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let sign = a.sd &>> SIMD4<Int32>(repeating: 31)
    return Packed((a.sd ^ sign) &- sign)
  }
}

/// PSIGNB, "PSIGNB/PSIGNW/PSIGND—Packed SIGN" (SDM Vol. 2B).
enum PSIGNB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let sign = b.sb &>> SIMD16<Int8>(repeating: 7)
    let negated = (a.sb ^ sign) &- sign
    return Packed(negated.replacing(with: 0, where: b.sb .== SIMD16<Int8>.zero))
  }
}

/// PSIGNW, "PSIGNB/PSIGNW/PSIGND—Packed SIGN" (SDM Vol. 2B).
enum PSIGNW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let sign = b.sw &>> SIMD8<Int16>(repeating: 15)
    let negated = (a.sw ^ sign) &- sign
    return Packed(negated.replacing(with: 0, where: b.sw .== SIMD8<Int16>.zero))
  }
}

/// PSIGND, "PSIGNB/PSIGNW/PSIGND—Packed SIGN" (SDM Vol. 2B).
enum PSIGND: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let sign = b.sd &>> SIMD4<Int32>(repeating: 31)
    let negated = (a.sd ^ sign) &- sign
    return Packed(negated.replacing(with: 0, where: b.sd .== SIMD4<Int32>.zero))
  }
}

// MARK: Minimum, maximum

/// PMINUB, "PMINUB/PMINUW—Minimum of Packed Unsigned Integers" (SDM Vol. 2B).
enum PMINUB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.ub.replacing(with: b.ub, where: b.ub .< a.ub))
  }
}

/// PMINUW, "PMINUB/PMINUW—Minimum of Packed Unsigned Integers" (SDM Vol. 2B).
enum PMINUW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.uw.replacing(with: b.uw, where: b.uw .< a.uw))
  }
}

/// PMINUD, "PMINUD/PMINUQ—Minimum of Packed Unsigned Integers" (SDM Vol. 2B).
enum PMINUD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.ud.replacing(with: b.ud, where: b.ud .< a.ud))
  }
}

/// PMINSB, "PMINSB/PMINSW—Minimum of Packed Signed Integers" (SDM Vol. 2B).
enum PMINSB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.sb.replacing(with: b.sb, where: b.sb .< a.sb))
  }
}

/// PMINSW, "PMINSB/PMINSW—Minimum of Packed Signed Integers" (SDM Vol. 2B).
enum PMINSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.sw.replacing(with: b.sw, where: b.sw .< a.sw))
  }
}

/// PMINSD, "PMINSD/PMINSQ—Minimum of Packed Signed Integers" (SDM Vol. 2B).
enum PMINSD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.sd.replacing(with: b.sd, where: b.sd .< a.sd))
  }
}

/// PMAXUB, "PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers" (SDM Vol. 2B).
enum PMAXUB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.ub.replacing(with: b.ub, where: b.ub .> a.ub))
  }
}

/// PMAXUW, "PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers" (SDM Vol. 2B).
enum PMAXUW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.uw.replacing(with: b.uw, where: b.uw .> a.uw))
  }
}

/// PMAXUD, "PMAXUD/PMAXUQ—Maximum of Packed Unsigned Integers" (SDM Vol. 2B).
enum PMAXUD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.ud.replacing(with: b.ud, where: b.ud .> a.ud))
  }
}

/// PMAXSB, "PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers" (SDM Vol. 2B).
enum PMAXSB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.sb.replacing(with: b.sb, where: b.sb .> a.sb))
  }
}

/// PMAXSW, "PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers" (SDM Vol. 2B).
enum PMAXSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.sw.replacing(with: b.sw, where: b.sw .> a.sw))
  }
}

/// PMAXSD, "PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers" (SDM Vol. 2B).
enum PMAXSD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(a.sd.replacing(with: b.sd, where: b.sd .> a.sd))
  }
}

/// PHMINPOSUW, "PHMINPOSUW—Packed Horizontal Word Minimum" (SDM Vol. 2B): the first of
/// equal ones.
enum PHMINPOSUW: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let words = a.uw
    var minimum = UInt64(words[0])
    for index in 1..<8 {
      let candidate = UInt64(index) << 16 | UInt64(words[index])
      if candidate & 0xFFFF < minimum & 0xFFFF { minimum = candidate }
    }
    return Packed(low: minimum, high: 0)
  }
}

// MARK: Sums across lanes

/// PHADDW, "PHADDW/PHADDD—Packed Horizontal Add" (SDM Vol. 2B).
enum PHADDW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    words(a.evenWords &+ a.oddWords, b.evenWords &+ b.oddWords)
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// PHADDSW, "PHADDSW—Packed Horizontal Add and Saturate" (SDM Vol. 2B).
enum PHADDSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    PACKSSDW.apply(Packed(a.evenWords &+ a.oddWords), Packed(b.evenWords &+ b.oddWords))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// PHADDD, "PHADDW/PHADDD—Packed Horizontal Add" (SDM Vol. 2B).
enum PHADDD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let (x, y) = (a.ud, b.ud)
    return Packed(SIMD4(x[0] &+ x[1], x[2] &+ x[3], y[0] &+ y[1], y[2] &+ y[3]))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// PHSUBW, "PHSUBW/PHSUBD—Packed Horizontal Subtract" (SDM Vol. 2B).
enum PHSUBW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    words(a.evenWords &- a.oddWords, b.evenWords &- b.oddWords)
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// PHSUBSW, "PHSUBSW—Packed Horizontal Subtract and Saturate" (SDM Vol. 2B).
enum PHSUBSW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    PACKSSDW.apply(Packed(a.evenWords &- a.oddWords), Packed(b.evenWords &- b.oddWords))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// PHSUBD, "PHSUBW/PHSUBD—Packed Horizontal Subtract" (SDM Vol. 2B).
enum PHSUBD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let (x, y) = (a.ud, b.ud)
    return Packed(SIMD4(x[0] &- x[1], x[2] &- x[3], y[0] &- y[1], y[2] &- y[3]))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// The low words of doublewords.
@inline(__always) private func words(_ low: SIMD4<Int32>, _ high: SIMD4<Int32>) -> Packed {
  PACKSSDW.apply(Packed((low &<< 16) &>> 16), Packed((high &<< 16) &>> 16))
}

/// PSADBW, "PSADBW—Compute Sum of Absolute Differences" (SDM Vol. 2B).
enum PSADBW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let pairs = Packed(absoluteDifference(a.ub, b.ub)).uw
    let sums = Packed((pairs & 0xFF) &+ (pairs &>> 8)).uq
    return Packed((sums &* 0x0001_0001_0001_0001) &>> 48)
  }
}

/// MPSADBW, "MPSADBW—Compute Multiple Packed Sums of Absolute Difference" (SDM Vol. 2B).
enum MPSADBW: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let first = a.dq &>> (UInt128(control & 4) &* 8)
    let second = UInt32(truncatingIfNeeded: b.dq &>> (UInt128(control & 3) &* 32))
    var sums = SIMD8<UInt16>(repeating: 0)
    for index in 0..<4 {
      let bytes = PMOVZXBW.apply(Packed(first &>> (UInt128(index) &* 8))).uw
      let byte = SIMD8<UInt16>(repeating: UInt16(second &>> (UInt32(index) &* 8) & 0xFF))
      sums = sums &+ PABSW.apply(Packed(bytes &- byte)).uw
    }
    return Packed(sums)
  }
}

@inline(__always) private func absoluteDifference(_ a: SIMD16<UInt8>, _ b: SIMD16<UInt8>) -> SIMD16<UInt8> {
  (a &- b).replacing(with: b &- a, where: a .< b)
}
