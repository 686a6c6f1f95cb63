import Layout

/// How often the fetch pointers of linear pages have lapsed, by a hash of the page; the counts lie behind the processor's
/// state. A fetch pointer's tag holds the sum of its page's count and the count of times that all have lapsed.
@usableFromInline enum FetchGenerations {
  /// Where a page's count is.
  @inlinable @inline(__always) static func index(_ linear: UInt64) -> Int {
    Int(truncatingIfNeeded: (linear >> 12 &* 0x9E37_79B9_7F4A_7C15) >> 56) & Int(FetchGenerationCount - 1)
  }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// The count of the page that a linear address lies in.
  @inlinable @inline(__always)
  public func fetchGeneration(_ linear: UInt64) -> UnsafeMutablePointer<UInt64> {
    (UnsafeMutableRawPointer(self) + FetchGenerationsOffset).assumingMemoryBound(to: UInt64.self)
      + FetchGenerations.index(linear)
  }
}
