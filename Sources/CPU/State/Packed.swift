/// 128 bits as packed integers, or 64 in the low half with zeros above. The views are named as the manual's suffixes
/// are: signed and unsigned bytes, words, doublewords and quadwords.
struct Packed {
  var uq: SIMD2<UInt64>

  @inline(__always) init(_ value: SIMD2<UInt64>) { uq = value }
  @inline(__always) init(_ value: SIMD2<Int64>) { uq = unsafeBitCast(value, to: SIMD2<UInt64>.self) }
  @inline(__always) init(_ value: SIMD4<UInt32>) { uq = unsafeBitCast(value, to: SIMD2<UInt64>.self) }
  @inline(__always) init(_ value: SIMD4<Int32>) { uq = unsafeBitCast(value, to: SIMD2<UInt64>.self) }
  @inline(__always) init(_ value: SIMD8<UInt16>) { uq = unsafeBitCast(value, to: SIMD2<UInt64>.self) }
  @inline(__always) init(_ value: SIMD8<Int16>) { uq = unsafeBitCast(value, to: SIMD2<UInt64>.self) }
  @inline(__always) init(_ value: SIMD16<UInt8>) { uq = unsafeBitCast(value, to: SIMD2<UInt64>.self) }
  @inline(__always) init(_ value: SIMD16<Int8>) { uq = unsafeBitCast(value, to: SIMD2<UInt64>.self) }
  /// The value of both halves.
  @inline(__always) init(low: UInt64, high: UInt64) { uq = SIMD2(low, high) }
  @inline(__always) init(_ value: UInt128) {
    uq = SIMD2(UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64))
  }

  @inline(__always) var sq: SIMD2<Int64> { unsafeBitCast(uq, to: SIMD2<Int64>.self) }
  @inline(__always) var ud: SIMD4<UInt32> { unsafeBitCast(uq, to: SIMD4<UInt32>.self) }
  @inline(__always) var sd: SIMD4<Int32> { unsafeBitCast(uq, to: SIMD4<Int32>.self) }
  @inline(__always) var uw: SIMD8<UInt16> { unsafeBitCast(uq, to: SIMD8<UInt16>.self) }
  @inline(__always) var sw: SIMD8<Int16> { unsafeBitCast(uq, to: SIMD8<Int16>.self) }
  @inline(__always) var ub: SIMD16<UInt8> { unsafeBitCast(uq, to: SIMD16<UInt8>.self) }
  @inline(__always) var sb: SIMD16<Int8> { unsafeBitCast(uq, to: SIMD16<Int8>.self) }
  @inline(__always) var low: UInt64 { uq[0] }
  @inline(__always) var high: UInt64 { uq[1] }
  /// All of it as one number.
  @inline(__always) var dq: UInt128 { UInt128(truncatingIfNeeded: uq[1]) << 64 | UInt128(truncatingIfNeeded: uq[0]) }

  /// Words of the results, a doubleword each, of even and of odd words: for multiplications and horizontal sums.
  @inline(__always) init(evenWords: SIMD4<Int32>, oddWords: SIMD4<Int32>) {
    self.init(evenWords & 0xFFFF | oddWords &<< 16)
  }
  /// Words 0, 2, 4 and 6, sign-extended.
  @inline(__always) var evenWords: SIMD4<Int32> { (sd &<< 16) &>> 16 }
  /// Words 1, 3, 5 and 7, sign-extended.
  @inline(__always) var oddWords: SIMD4<Int32> { sd &>> 16 }
}
