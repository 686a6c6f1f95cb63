/// How many entries there are of each size, and which sizes there are.
@frozen public struct SizeCounts {
  /// Bit s: there are entries of shift s. Small pages, which are long prefixes, come first.
  public private(set) var used: UInt64 = 0
  /// Bit s: there are, or were.
  public private(set) var everUsed: UInt64 = 0
  private var counts = InlineArray<64, UInt32>(repeating: 0)

  /// No entries.
  public init() {}

  /// One more.
  @inline(__always) public mutating func add(_ shift: UInt8) {
    counts[Int(shift & 63)] &+= 1
    used |= 1 << UInt64(shift & 63)
    everUsed |= used
  }

  /// One less.
  @inline(__always) public mutating func remove(_ shift: UInt8) {
    counts[Int(shift & 63)] &-= 1
    if counts[Int(shift & 63)] == 0 { used &= ~(1 << UInt64(shift & 63)) }
  }

  /// Takes the smallest shift out of a set like `used`.
  @inlinable @inline(__always) public static func next(_ sizes: inout UInt64) -> UInt8? {
    guard sizes != 0 else { return nil }
    defer { sizes &= sizes &- 1 }
    return UInt8(truncatingIfNeeded: sizes.trailingZeroBitCount)
  }

  /// Whether two count the same.
  public static func != (first: SizeCounts, second: SizeCounts) -> Bool {
    (0..<64).contains { first.counts[$0] != second.counts[$0] }
  }
}
