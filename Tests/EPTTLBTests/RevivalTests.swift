import EPTTLB
import Testing

/// Entries that an invalidation drops, and that are cached again where a walk would make the same.
@Suite struct RevivalTests {
  /// An entry kept aside for an address of a PCID, made from root 1.
  private func aside(_ cache: TranslationCache, _ address: UInt64, pcid: UInt16) throws -> Slot {
    try #require(cache.retiredTranslation(address, Tag(pcid: pcid), root: 1))
  }

  /// Lists of address spaces that are used no more are used again for others, and an entry that was kept aside meanwhile is
  /// on its own tag's when it is revived: an invalidation of its PCID drops it, of no other.
  @Test func aRevivedEntryIsOnItsTagsList() throws {
    let cache = TranslationCache.unbounded()
    cache.insert(.translation(0x1000, tag: Tag(pcid: 1), serial: 1))
    cache.movToCR3(vpid: 0, pcid: 1)
    // As many empty lists as make the next one look for those that are.
    for pcid in 2...64 as ClosedRange<UInt16> {
      cache.insert(.translation(0x1000, tag: Tag(pcid: pcid), serial: 2))
      cache.movToCR3(vpid: 0, pcid: pcid)
    }
    cache.insert(.translation(0x1000, tag: Tag(pcid: 65), serial: 2))
    cache.revive(try aside(cache, 0x1000, pcid: 1))
    // Every list that was found empty is another's now.
    let others = 66...140 as ClosedRange<UInt16>
    for pcid in others { cache.insert(.translation(0x1000, tag: Tag(pcid: pcid), serial: 2)) }
    #expect(cache.checkInvariants() == nil)
    for pcid in 65...others.upperBound { cache.movToCR3(vpid: 0, pcid: pcid) }
    #expect(cache.count == 1 && cache.translation(.linear, 0x1000, Tag(pcid: 1)) != nil)
    cache.movToCR3(vpid: 0, pcid: 1)
    #expect(cache.count == 0)
  }

  /// What a walk went through is revived before what it made, in the order of the walk, and as the youngest of all.
  @Test func parentsComeFirst() throws {
    let cache = TranslationCache.unbounded()
    let top = cache.insert(.structure(0, shift: 39, serial: 1))
    let middle = cache.insert(.structure(0, shift: 30, serial: 1))
    cache.setParent(of: middle, cache.lineage(top))
    let page = cache.insert(.translation(0x20_0000, shift: 21, serial: 1))
    cache.setParent(of: page, cache.lineage(middle))
    cache.movToCR3(vpid: 0, pcid: 0)
    let other = cache.insert(.translation(0x5000, serial: 7))
    let slot = try aside(cache, 0x20_0000, pcid: 0)
    #expect(slot == page && cache.retiredParent(page) == middle && cache.retiredParent(middle) == top)
    cache.revive(page, withParents: 2)
    var order: [Slot] = []
    cache.forEach { slot, _ in order.append(slot) }
    #expect(order == [other, top, middle, page])
    #expect(cache.retiredCount == 0)
    #expect(cache.checkInvariants() == nil)
  }

  /// An entry that takes the slot of a parent is none.
  @Test func aParentsSlotMayBeAnothers() {
    let cache = TranslationCache.unbounded()
    let parent = cache.insert(.structure(0, serial: 1))
    let lineage = cache.lineage(parent)
    cache.evict(parent)
    let page = cache.insert(.translation(0x1000, serial: 1))
    #expect(page == parent)
    cache.setParent(of: page, lineage)
    #expect(!cache.isParent(page, of: page))
    cache.movToCR3(vpid: 0, pcid: 0)
    #expect(cache.retiredParent(page) == nil)
  }

  /// A budget holds for revived entries too: the oldest ones go.
  @Test func theBudgetHolds() throws {
    let cache = TranslationCache(policy: .retain(budget: 16))
    let parent = cache.insert(.structure(0x4000_0000, shift: 30, serial: 1))
    let page = cache.insert(.translation(0x4000_0000, serial: 1))
    cache.setParent(of: page, cache.lineage(parent))
    cache.movToCR3(vpid: 0, pcid: 0)
    for number in 0..<16 as Range<UInt64> { cache.insert(.translation(number << 12, serial: 9)) }
    #expect(cache.evictions == 0)
    cache.revive(try aside(cache, 0x4000_0000, pcid: 0), withParents: 1)
    #expect(cache.count == 16)
    #expect(cache.evictions == 2)
    #expect(cache.checkInvariants() == nil)
  }
}
