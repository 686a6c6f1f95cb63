import Layout

/// The host-pointer cache: for a linear page under a context, where its bytes lie in the host.
///
/// Direct-mapped by linear page; lives behind the processor's state. A hit is a load, a compare and an add; both the
/// page and the context are compared at once, and the last byte's page is compared with a tag found by the first byte's,
/// so that an access that crosses a page never hits.
///
/// Invariant: each entry is backed by a live mapping of room EPTTLB, or by no paging at all.
extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// The entry that a linear address falls into.
  @inlinable @inline(__always)
  public func hostPointer(_ linear: UInt64) -> UnsafeMutablePointer<HostPointer> {
    let offset = Int(truncatingIfNeeded: linear >> 7 & UInt64((HostPointerCount - 1) * 32))
    return (UnsafeMutableRawPointer(self) + HostPointersOffset + offset)
      .assumingMemoryBound(to: HostPointer.self)
  }

  /// What an entry's tag must be for an access of some bytes to hit.
  @inlinable @inline(__always)
  public func hostTag(_ linear: UInt64, bytes: UInt64) -> UInt64 {
    (linear &+ (bytes &- 1)) & ~0xFFF | pointee.context
  }

  /// Host address of bytes that may be read, or nil: the access must go the long way.
  @inlinable @inline(__always)
  public func readPointer(_ linear: UInt64, bytes: UInt64, isStack: Bool = false) -> UnsafeMutableRawPointer? {
    let entry = hostPointer(linear)
    guard entry.pointee.readTag == hostTag(linear, bytes: bytes) else {
      return missed(linear, bytes, kind: isStack ? 2 : 0)
    }
    // Never nil: nothing is mapped at the host's address 0.
    return UnsafeMutableRawPointer(bitPattern: UInt(linear &+ entry.pointee.addend)).unsafelyUnwrapped
  }

  /// Host address of bytes that may be written (and read), or nil: the access must go the long way.
  @inlinable @inline(__always)
  public func writePointer(_ linear: UInt64, bytes: UInt64, isStack: Bool = false) -> UnsafeMutableRawPointer? {
    let entry = hostPointer(linear)
    guard entry.pointee.writeTag == hostTag(linear, bytes: bytes) else {
      return missed(linear, bytes, kind: isStack ? 3 : 1)
    }
    // Never nil: nothing is mapped at the host's address 0.
    return UnsafeMutableRawPointer(bitPattern: UInt(linear &+ entry.pointee.addend)).unsafelyUnwrapped
  }

  /// Notes an access that no host pointer serves; always nil.
  @inlinable @inline(__always)
  public func missed(_ linear: UInt64, _ bytes: UInt64, kind: UInt32) -> UnsafeMutableRawPointer? {
    pointee.missAddress = linear
    pointee.missSize = UInt32(truncatingIfNeeded: bytes)
    pointee.missKind = kind
    return nil
  }
}
