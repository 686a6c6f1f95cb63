import EPTTLB

// What the person at the machine does to translations: all of it something that a processor may do by itself.

extension Translation {
  /// A mapping goes, as if for want of room.
  public func evictByHand(_ slot: Slot) {
    cache.evict(slot)
    drain()
  }

  /// Every mapping goes, with what paging-structure caches hold.
  public func flushByHand() {
    cache.reset()
    drain()
  }

  /// An address is translated, as by speculation (TLB rule C4): accessed flags are set, and it takes no time.
  public func fillByHand(_ address: LinearAddress) {
    fill(address)
    drain()
  }
}
