// MMX and SSE moves between lanes: unpacking, packing, shuffles, blends, extensions, insertion and extraction.

// MARK: Moves

/// Moves of whole registers: MOVDQA, MOVDQU, MOVAPS, MOVUPS, MOVAPD, MOVUPD, LDDQU, MOVNTDQA (SDM Vol. 2, each under its
/// name).
enum MOVDQA: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed { a }
}

/// MOVQ between registers, "MOVQ—Move Quadword" (SDM Vol. 2B).
enum MOVQ: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed { Packed(low: a.low, high: 0) }
}

/// MOVSS between registers, "MOVSS—Move or Merge Scalar Single Precision Floating-Point Value" (SDM Vol. 2B).
enum MOVSS: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(low: a.low & ~0xFFFF_FFFF | b.low & 0xFFFF_FFFF, high: a.high)
  }
}

/// MOVLPS and MOVLPD from memory, and MOVSD between registers (SDM Vol. 2B, each under its name).
enum MOVLPD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(low: b.low, high: a.high) }
}

/// MOVHLPS, "MOVHLPS—Move Packed Single Precision Floating-Point Values High to Low" (SDM Vol. 2B).
enum MOVHLPS: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(low: b.high, high: a.high) }
}

/// MOVHPS and MOVHPD to memory (SDM Vol. 2B, each under its name).
enum MOVHPD: VectorExtract {
  @inline(__always) static func apply<W: Word>(_ a: Packed, _ lane: UInt8, as: W.Type) -> W { W(low: a.high) }
}

/// MOVDDUP, "MOVDDUP—Replicate Double Precision Floating-Point Values" (SDM Vol. 2B).
enum MOVDDUP: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed { Packed(low: a.low, high: a.low) }
}

/// MOVSLDUP, "MOVSLDUP—Replicate Single Precision Floating-Point Values" (SDM Vol. 2B).
enum MOVSLDUP: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed { Packed(a.uq & 0xFFFF_FFFF | a.uq &<< 32) }
}

/// MOVSHDUP, "MOVSHDUP—Replicate Single Precision Floating-Point Values" (SDM Vol. 2B).
enum MOVSHDUP: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed { Packed(a.uq &>> 32 | a.uq & 0xFFFF_FFFF_0000_0000) }
}

// MARK: Unpacking

/// PUNPCKLBW, "PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data" (SDM Vol. 2B).
enum PUNPCKLBW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let (x, y) = (a.ub, b.ub)
    return Packed(
      SIMD16(
        x[0], y[0], x[1], y[1], x[2], y[2], x[3], y[3],
        x[4], y[4], x[5], y[5], x[6], y[6], x[7], y[7]))
  }
}

/// PUNPCKLWD, "PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data" (SDM Vol. 2B).
enum PUNPCKLWD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let (x, y) = (a.uw, b.uw)
    return Packed(SIMD8(x[0], y[0], x[1], y[1], x[2], y[2], x[3], y[3]))
  }
}

/// PUNPCKLDQ, "PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data" (SDM Vol. 2B).
enum PUNPCKLDQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let (x, y) = (a.ud, b.ud)
    return Packed(SIMD4(x[0], y[0], x[1], y[1]))
  }
}

/// PUNPCKHBW, "PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data" (SDM Vol. 2B).
enum PUNPCKHBW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let (x, y) = (a.ub, b.ub)
    return Packed(
      SIMD16(
        x[8], y[8], x[9], y[9], x[10], y[10], x[11], y[11],
        x[12], y[12], x[13], y[13], x[14], y[14], x[15], y[15]))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    Packed(low: PUNPCKLBW.apply(a, b).high, high: 0)
  }
}

/// PUNPCKHWD, "PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data" (SDM Vol. 2B).
enum PUNPCKHWD: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let (x, y) = (a.uw, b.uw)
    return Packed(SIMD8(x[4], y[4], x[5], y[5], x[6], y[6], x[7], y[7]))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    Packed(low: PUNPCKLWD.apply(a, b).high, high: 0)
  }
}

/// PUNPCKHDQ, "PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data" (SDM Vol. 2B).
enum PUNPCKHDQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let (x, y) = (a.ud, b.ud)
    return Packed(SIMD4(x[2], y[2], x[3], y[3]))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    Packed(low: PUNPCKLDQ.apply(a, b).high, high: 0)
  }
}

/// PUNPCKLQDQ, UNPCKLPD, MOVLHPS, and MOVHPS and MOVHPD from memory, "PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low
/// Data" (SDM Vol. 2B).
enum PUNPCKLQDQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(low: a.low, high: b.low) }
}

/// PUNPCKHQDQ and UNPCKHPD, "PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data" (SDM Vol. 2B).
enum PUNPCKHQDQ: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed { Packed(low: a.high, high: b.high) }
}

// MARK: Packing

/// PACKSSWB, "PACKSSWB/PACKSSDW—Pack With Signed Saturation" (SDM Vol. 2B).
enum PACKSSWB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(low: bytes(Packed(signed(a.sw))), high: bytes(Packed(signed(b.sw))))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// PACKSSDW, "PACKSSWB/PACKSSDW—Pack With Signed Saturation" (SDM Vol. 2B).
enum PACKSSDW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(low: words(Packed(signed(a.sd))), high: words(Packed(signed(b.sd))))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// PACKUSWB, "PACKUSWB—Pack With Unsigned Saturation" (SDM Vol. 2B).
enum PACKUSWB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(low: bytes(Packed(unsigned(a.sw))), high: bytes(Packed(unsigned(b.sw))))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// PACKUSDW, "PACKUSDW—Pack With Unsigned Saturation" (SDM Vol. 2B).
enum PACKUSDW: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    Packed(low: words(Packed(unsigned(a.sd))), high: words(Packed(unsigned(b.sd))))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed {
    apply(Packed(low: a.low, high: b.low), a)
  }
}

/// The nearest number that a lane of half the size holds.
@inline(__always) private func signed(_ x: SIMD8<Int16>) -> SIMD8<Int16> {
  let (lowest, highest) = (SIMD8<Int16>(repeating: -0x80), SIMD8<Int16>(repeating: 0x7F))
  let small = x.replacing(with: highest, where: x .> highest)
  return small.replacing(with: lowest, where: small .< lowest)
}

/// The nearest number without a sign that a lane of half the size holds.
@inline(__always) private func unsigned(_ x: SIMD8<Int16>) -> SIMD8<Int16> {
  let highest = SIMD8<Int16>(repeating: 0xFF)
  let positive = x & ~(x &>> SIMD8<Int16>(repeating: 15))
  return positive.replacing(with: highest, where: positive .> highest)
}

/// The nearest number that a lane of half the size holds.
@inline(__always) private func signed(_ x: SIMD4<Int32>) -> SIMD4<Int32> {
  let (lowest, highest) = (SIMD4<Int32>(repeating: -0x8000), SIMD4<Int32>(repeating: 0x7FFF))
  let small = x.replacing(with: highest, where: x .> highest)
  return small.replacing(with: lowest, where: small .< lowest)
}

/// The nearest number without a sign that a lane of half the size holds.
@inline(__always) private func unsigned(_ x: SIMD4<Int32>) -> SIMD4<Int32> {
  let highest = SIMD4<Int32>(repeating: 0xFFFF)
  let positive = x & ~(x &>> SIMD4<Int32>(repeating: 31))
  return positive.replacing(with: highest, where: positive .> highest)
}

/// The low bytes of words, brought together.
@inline(__always) private func bytes(_ x: Packed) -> UInt64 {
  let pairs = x.ud & 0xFF | (x.ud &>> 8) & 0xFF00
  return words(Packed(pairs))
}

/// The low words of doublewords, brought together.
@inline(__always) private func words(_ x: Packed) -> UInt64 {
  let pairs = x.uq & 0xFFFF | (x.uq &>> 16) & 0xFFFF_0000
  return pairs[0] | pairs[1] &<< 32
}

// MARK: Shuffles

/// Two bits of a control byte.
@inline(__always) private func selector(_ control: UInt8, _ position: UInt8) -> Int {
  Int(control &>> (position &* 2) & 3)
}

/// PSHUFD, "PSHUFD—Shuffle Packed Doublewords" (SDM Vol. 2B).
enum PSHUFD: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let x = b.ud
    return Packed(
      SIMD4(x[selector(control, 0)], x[selector(control, 1)], x[selector(control, 2)], x[selector(control, 3)]))
  }
}

/// PSHUFLW, "PSHUFLW—Shuffle Packed Low Words", and PSHUFW, "PSHUFW—Shuffle Packed Words" (SDM Vol. 2B).
enum PSHUFLW: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let x = b.uw
    return Packed(
      SIMD8(
        x[selector(control, 0)], x[selector(control, 1)], x[selector(control, 2)], x[selector(control, 3)], x[4], x[5],
        x[6], x[7]))
  }
}

/// PSHUFHW, "PSHUFHW—Shuffle Packed High Words" (SDM Vol. 2B).
enum PSHUFHW: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let x = b.uw
    return Packed(
      SIMD8(
        x[0], x[1], x[2], x[3], x[4 + selector(control, 0)], x[4 + selector(control, 1)], x[4 + selector(control, 2)],
        x[4 + selector(control, 3)]))
  }
}

/// SHUFPS, "SHUFPS—Packed Interleave Shuffle of Quadruplets of Single Precision Floating-Point
/// Values" (SDM Vol. 2B).
enum SHUFPS: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let (x, y) = (a.ud, b.ud)
    return Packed(
      SIMD4(x[selector(control, 0)], x[selector(control, 1)], y[selector(control, 2)], y[selector(control, 3)]))
  }
}

/// SHUFPD, "SHUFPD—Packed Interleave Shuffle of Pairs of Double Precision Floating-Point Values" (SDM Vol. 2B).
enum SHUFPD: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    Packed(low: control & 1 == 0 ? a.low : a.high, high: control & 2 == 0 ? b.low : b.high)
  }
}

/// PSHUFB, "PSHUFB—Packed Shuffle Bytes" (SDM Vol. 2B): a selector with its high bit set gives 0.
enum PSHUFB: VectorBinary {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed) -> Packed {
    let x = a.ub
    var low: UInt64 = 0
    var high: UInt64 = 0
    for index in 0..<8 as Range<UInt64> {
      low |= UInt64(x[Int(truncatingIfNeeded: b.low &>> (index &* 8) & 15)]) &<< (index &* 8)
      high |= UInt64(x[Int(truncatingIfNeeded: b.high &>> (index &* 8) & 15)]) &<< (index &* 8)
    }
    return Packed(Packed(low: low, high: high).ub.replacing(with: 0, where: b.sb .< SIMD16<Int8>.zero))
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed { apply(a, Packed(b.ub & 0x87)) }
}

/// PALIGNR, "PALIGNR—Packed Align Right" (SDM Vol. 2B): bytes of destination:source.
enum PALIGNR: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let count = UInt128(control & 15) &* 8
    switch control {
    case 0: return b
    case 1..<16: return Packed(b.dq &>> count | a.dq &<< (128 &- count))
    case 16..<32: return Packed(a.dq &>> count)
    default: return Packed(low: 0, high: 0)
    }
  }
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    PSRLDQ.apply(Packed(low: b.low, high: a.low), UInt64(control))
  }
}

// MARK: Blends

/// PBLENDVB, "PBLENDVB—Variable Blend Packed Bytes" (SDM Vol. 2B).
enum PBLENDVB: VectorBlend {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ mask: Packed) -> Packed {
    Packed(a.ub.replacing(with: b.ub, where: mask.sb .< SIMD16<Int8>.zero))
  }
}

/// BLENDVPS, "BLENDVPS—Variable Blend Packed Single Precision Floating-Point Values" (SDM Vol. 2A).
enum BLENDVPS: VectorBlend {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ mask: Packed) -> Packed {
    Packed(a.ud.replacing(with: b.ud, where: mask.sd .< SIMD4<Int32>.zero))
  }
}

/// BLENDVPD, "BLENDVPD—Variable Blend Packed Double Precision Floating-Point Values" (SDM Vol. 2A).
enum BLENDVPD: VectorBlend {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ mask: Packed) -> Packed {
    Packed(a.uq.replacing(with: b.uq, where: mask.sq .< SIMD2<Int64>.zero))
  }
}

/// PBLENDW, "PBLENDW—Blend Packed Words" (SDM Vol. 2B).
enum PBLENDW: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let bits = SIMD8<UInt16>(1, 2, 4, 8, 16, 32, 64, 128)
    return Packed(a.uw.replacing(with: b.uw, where: bits & SIMD8<UInt16>(repeating: UInt16(control)) .== bits))
  }
}

/// BLENDPS, "BLENDPS—Blend Packed Single Precision Floating-Point Values" (SDM Vol. 2A).
enum BLENDPS: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let bits = SIMD4<UInt32>(1, 2, 4, 8)
    return Packed(a.ud.replacing(with: b.ud, where: bits & SIMD4<UInt32>(repeating: UInt32(control)) .== bits))
  }
}

/// BLENDPD, "BLENDPD—Blend Packed Double Precision Floating-Point Values" (SDM Vol. 2A).
enum BLENDPD: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    Packed(low: control & 1 == 0 ? a.low : b.low, high: control & 2 == 0 ? a.high : b.high)
  }
}

// MARK: Extension

/// PMOVSXBW, "PMOVSX—Packed Move With Sign Extend" (SDM Vol. 2B).
enum PMOVSXBW: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed { Packed(PUNPCKLBW.apply(a, a).sw &>> 8) }
}

/// PMOVSXBD, "PMOVSX—Packed Move With Sign Extend" (SDM Vol. 2B).
enum PMOVSXBD: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    Packed(SIMD4<Int32>(truncatingIfNeeded: a.sb.lowHalf.lowHalf))
  }
}

/// PMOVSXBQ, "PMOVSX—Packed Move With Sign Extend" (SDM Vol. 2B).
enum PMOVSXBQ: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let x = a.sb
    return Packed(SIMD2<Int64>(Int64(x[0]), Int64(x[1])))
  }
}

/// PMOVSXWD, "PMOVSX—Packed Move With Sign Extend" (SDM Vol. 2B).
enum PMOVSXWD: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed { Packed(PUNPCKLWD.apply(a, a).sd &>> 16) }
}

/// PMOVSXWQ, "PMOVSX—Packed Move With Sign Extend" (SDM Vol. 2B).
enum PMOVSXWQ: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let x = a.sw
    return Packed(SIMD2<Int64>(Int64(x[0]), Int64(x[1])))
  }
}

/// PMOVSXDQ, "PMOVSX—Packed Move With Sign Extend" (SDM Vol. 2B).
enum PMOVSXDQ: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let x = a.sd
    return Packed(SIMD2<Int64>(Int64(x[0]), Int64(x[1])))
  }
}

/// PMOVZXBW, "PMOVZX—Packed Move With Zero Extend" (SDM Vol. 2B).
enum PMOVZXBW: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed { PUNPCKLBW.apply(a, Packed(low: 0, high: 0)) }
}

/// PMOVZXBD, "PMOVZX—Packed Move With Zero Extend" (SDM Vol. 2B).
enum PMOVZXBD: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    Packed(SIMD4<UInt32>(truncatingIfNeeded: a.ub.lowHalf.lowHalf))
  }
}

/// PMOVZXBQ, "PMOVZX—Packed Move With Zero Extend" (SDM Vol. 2B).
enum PMOVZXBQ: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let x = a.ub
    return Packed(SIMD2<UInt64>(UInt64(x[0]), UInt64(x[1])))
  }
}

/// PMOVZXWD, "PMOVZX—Packed Move With Zero Extend" (SDM Vol. 2B).
enum PMOVZXWD: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed { PUNPCKLWD.apply(a, Packed(low: 0, high: 0)) }
}

/// PMOVZXWQ, "PMOVZX—Packed Move With Zero Extend" (SDM Vol. 2B).
enum PMOVZXWQ: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let x = a.uw
    return Packed(SIMD2<UInt64>(UInt64(x[0]), UInt64(x[1])))
  }
}

/// PMOVZXDQ, "PMOVZX—Packed Move With Zero Extend" (SDM Vol. 2B).
enum PMOVZXDQ: VectorUnary {
  @inline(__always) static func apply(_ a: Packed) -> Packed {
    let x = a.ud
    return Packed(SIMD2<UInt64>(UInt64(x[0]), UInt64(x[1])))
  }
}

// MARK: Insertion and extraction

/// MOVD, "MOVD/MOVQ—Move Doubleword/Move Quadword" (SDM Vol. 2B); loads and stores of a low doubleword or quadword are
/// the same.
enum MOVD: VectorInsert, VectorExtract {
  @inline(__always) static func apply<W: Word>(_ a: Packed, _ value: W, _ lane: UInt8) -> Packed {
    Packed(low: value.zeroExtended, high: 0)
  }
  @inline(__always) static func apply<W: Word>(_ a: Packed, _ lane: UInt8, as: W.Type) -> W { W(low: a.low) }
}

/// PINSRB, PINSRW, PINSRD, PINSRQ (SDM Vol. 2B, "PINSRB/PINSRD/PINSRQ—Insert Byte/Dword/Qword", "PINSRW—Insert Word").
enum PINSR: VectorInsert {
  @inline(__always) static func apply<W: Word>(_ a: Packed, _ value: W, _ lane: UInt8) -> Packed {
    let bit = UInt64(lane) &* UInt64(W.bits)
    let mask = W.max.zeroExtended &<< bit
    let bits = value.zeroExtended &<< bit
    return bit < 64
      ? Packed(low: a.low & ~mask | bits, high: a.high) : Packed(low: a.low, high: a.high & ~mask | bits)
  }
}

/// PEXTRB, PEXTRW, PEXTRD, PEXTRQ, EXTRACTPS (SDM Vol. 2B, "PEXTRB/PEXTRD/PEXTRQ—Extract Byte/Dword/Qword",
/// "PEXTRW—Extract Word"; Vol. 2A, "EXTRACTPS—Extract Packed Floating-Point Values").
enum PEXTR: VectorExtract {
  @inline(__always) static func apply<W: Word>(_ a: Packed, _ lane: UInt8, as: W.Type) -> W {
    let bit = UInt64(lane) &* UInt64(W.bits)
    return W(low: (bit < 64 ? a.low : a.high) &>> bit)
  }
}

/// INSERTPS, "INSERTPS—Insert Scalar Single Precision Floating-Point Value" (SDM Vol. 2A).
enum INSERTPS: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let value = b.ud[selector(control, 3)]
    return INSERTPSLow.apply(a, Packed(low: UInt64(value), high: 0), control)
  }
}

/// INSERTPS from memory: the value is the lowest doubleword, whatever the control byte says.
enum INSERTPSLow: VectorControlled {
  @inline(__always) static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed {
    let lanes = SIMD4<UInt32>(0, 1, 2, 3)
    let bits = SIMD4<UInt32>(1, 2, 4, 8)
    let place = SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: selector(control, 2)))
    let value = SIMD4<UInt32>(repeating: b.ud[0])
    let inserted = a.ud.replacing(with: value, where: lanes .== place)
    return Packed(inserted.replacing(with: 0, where: bits & SIMD4<UInt32>(repeating: UInt32(control)) .== bits))
  }
}

// MARK: Masks of signs

/// PMOVMSKB, "PMOVMSKB—Move Byte Mask" (SDM Vol. 2B).
enum PMOVMSKB: VectorExtract {
  @inline(__always) static func apply<W: Word>(_ a: Packed, _ lane: UInt8, as: W.Type) -> W {
    // The product brings the eight bits of a half together in its top byte.
    let products = ((a.uq &>> 7) & 0x0101_0101_0101_0101) &* 0x0102_0408_1020_4080
    let signs = products &>> 56
    return W(low: signs[0] | signs[1] &<< 8)
  }
}

/// MOVMSKPS, "MOVMSKPS—Extract Packed Single Precision Floating-Point Sign Mask" (SDM Vol. 2B).
enum MOVMSKPS: VectorExtract {
  @inline(__always) static func apply<W: Word>(_ a: Packed, _ lane: UInt8, as: W.Type) -> W {
    W(low: a.low &>> 31 & 1 | a.low &>> 62 & 2 | a.high &>> 29 & 4 | a.high &>> 60 & 8)
  }
}

/// MOVMSKPD, "MOVMSKPD—Extract Packed Double Precision Floating-Point Sign Mask" (SDM Vol. 2B).
enum MOVMSKPD: VectorExtract {
  @inline(__always) static func apply<W: Word>(_ a: Packed, _ lane: UInt8, as: W.Type) -> W {
    W(low: a.low &>> 63 | a.high &>> 62 & 2)
  }
}
