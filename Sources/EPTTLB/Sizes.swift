/// Sets of page sizes: bit s is shift s. Small pages, which are long prefixes, come first.
@usableFromInline enum Sizes {
  /// Takes the smallest shift out of a set.
  @inlinable @inline(__always) static func next(_ sizes: inout UInt64) -> UInt8? {
    guard sizes != 0 else { return nil }
    defer { sizes &= sizes &- 1 }
    return UInt8(truncatingIfNeeded: sizes.trailingZeroBitCount)
  }
}
