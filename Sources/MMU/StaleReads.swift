import EPTTLB

/// Where reads that are like one that was told of are counted; given by whoever was told of it.
@frozen public struct StaleReadCounter {
  let count: UnsafeMutablePointer<UInt64>
  let facts: UnsafePointer<UInt64>
  let factsThen: UInt64

  /// Where they are counted, and for how long.
  ///
  /// - Parameters:
  ///   - count: how many there have been.
  ///   - facts: a number; when it is no longer what it is now, a read is told of in full again.
  public init(count: UnsafeMutablePointer<UInt64>, facts: UnsafePointer<UInt64>) {
    (self.count, self.facts, factsThen) = (count, facts, facts.pointee)
  }

  /// Counts one more; false: it must be told of.
  @inline(__always) func add() -> Bool {
    guard facts.pointee == factsThen else { return false }
    count.pointee &+= 1
    return true
  }
}

/// The read by a stale mapping that was told of last, when others like it may be counted only.
struct StaleRead {
  let slot: Slot
  let root: UInt64
  let access: Access
  /// How often the controls had changed.
  let changes: UInt64
  let counter: StaleReadCounter
  /// The linear page, once it is known where its bytes lie; 1, which is no page's address, until then.
  var page: UInt64 = 1
  /// From linear addresses of the page to the host's.
  var addend: UInt64 = 0
  /// How many mappings had been made by then.
  var insertions: UInt64 = 0
}

// A loop that reads by one stale mapping makes the same use of it each time. The first two are told of, with all that a walk
// finds; the others are counted, while no structure entry, no controls and nothing that the observer knows has changed.

extension Translation {
  /// No read is like one that was told of: the next one is told of too.
  public func forgetStaleRead() { lastStaleRead.pointee = nil }

  /// The same, if that was by a mapping.
  @inline(__always) func forgetStaleRead(by slot: Slot) {
    if lastStaleRead.pointee?.slot == slot { forgetStaleRead() }
  }

  /// A read by a stale mapping has been told of: the next one may be the same.
  func keepStaleRead(by slot: Slot, root: UInt64, _ access: Access) {
    guard let counter = staleUseObserver?.staleReadCounter(slot, by: processorNumber) else { return }
    lastStaleRead.pointee = StaleRead(
      slot: slot, root: root, access: access, changes: controlsChanges, counter: counter)
  }

  /// Counts a use of a mapping under a root, if it is the read that was told of last once more.
  @inline(__always) func countsStaleRead(by slot: Slot, root: UInt64, _ access: Access) -> Bool {
    guard let last = lastStaleRead.pointee, last.slot == slot, last.root == root, last.access == access,
      last.changes == controlsChanges
    else { return false }
    return last.counter.add()
  }

  /// Remembers where the page lies that the last stale read was of, so that another one finds it at once.
  public func keepStaleRead(_ linear: UInt64, _ slot: Slot, at host: UnsafeMutableRawPointer) {
    guard let last = lastStaleRead.pointee, last.slot == slot, last.page == 1, last.changes == controlsChanges,
      last.access == Access(isUser: isUser), !cache.hasLevels, !controls.checksAlignment
    else { return }
    lastStaleRead.pointee?.page = linear & ~0xFFF
    lastStaleRead.pointee?.addend = UInt64(UInt(bitPattern: host)) &- linear
    lastStaleRead.pointee?.insertions = cache.insertions
  }

  /// Where bytes lie that an instruction reads by the mapping that the last stale read was by, and the read is counted; nil:
  /// something may have changed since, and they must be translated.
  public func staleReadAgain(_ linear: UInt64, bytes: UInt64) -> UnsafeMutableRawPointer? {
    guard let last = lastStaleRead.pointee, linear & ~0xFFF == last.page, linear & 0xFFF &+ bytes <= 0x1000,
      last.access.isUser == isUser, last.changes == controlsChanges, last.insertions == cache.insertions,
      last.counter.add()
    else { return nil }
    return UnsafeMutableRawPointer(bitPattern: UInt(linear &+ last.addend))
  }
}
