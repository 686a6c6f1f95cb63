import EPTTLB
import Testing

/// How many mappings are kept (`RetentionPolicy.retain`; rule C4: any mapping may be dropped at any time).
@Suite struct CapacityTests {
  /// `RetentionPolicy.retain`: over the budget the oldest goes, is counted, and is reported.
  @Test func theOldestIsEvictedAndCounted() {
    let cache = TranslationCache(policy: .retain(budget: 32))
    for serial in 0..<100 as Range<UInt64> { cache.insert(.translation(serial << 12, serial: serial)) }
    #expect(cache.count == 32)
    #expect(cache.evictions == 68)
    #expect(cache.serials == Array(68..<100))
    #expect(cache.dropped.map(\.prefix) == (0..<68).map { $0 << 12 })
    #expect(cache.checkInvariants() == nil)
  }

  /// `RetentionPolicy.retain`: paging-structure-cache entries count and age like translations.
  @Test func structuresAreEvictedToo() {
    let cache = TranslationCache(policy: .retain(budget: 16))
    cache.insert(.structure(0, serial: 0))
    for serial in 1...16 as ClosedRange<UInt64> { cache.insert(.translation(serial << 12, serial: serial)) }
    #expect(cache.evictions == 1)
    #expect(cache.structure(.linear, 0, Tag()) == nil)
    #expect(cache.dropped.isEmpty)
  }

  /// `RetentionPolicy.retain`: use does not make a mapping younger, so that reading never changes what is kept.
  @Test func useDoesNotRejuvenate() {
    let cache = TranslationCache(policy: .retain(budget: 16))
    for serial in 0..<16 as Range<UInt64> { cache.insert(.translation(serial << 12, serial: serial)) }
    #expect(cache.translation(.linear, 0, Tag()) != nil)
    cache.insert(.translation(16 << 12, serial: 16))
    #expect(cache.translation(.linear, 0, Tag()) == nil)
    #expect(cache.translation(.linear, 1 << 12, Tag()) != nil)
  }

  /// `RetentionPolicy.retain`: what a rule drops makes room, and is no eviction.
  @Test func invalidationMakesRoom() {
    let cache = TranslationCache(policy: .retain(budget: 16))
    for number in 0..<16 as Range<UInt64> {
      cache.insert(.translation(number << 12, tag: Tag(pcid: UInt16(number % 2))))
    }
    cache.movToCR3(vpid: 0, pcid: 1)
    for serial in 0..<8 as Range<UInt64> { cache.insert(.translation(serial << 30)) }
    #expect(cache.count == 16)
    #expect(cache.evictions == 0)
    cache.insert(.translation(9 << 30))
    #expect(cache.evictions == 1)
  }

  /// `TranslationCache`: it grows and is chained anew without losing, doubling or ageing anything.
  @Test func growingLosesNothing() {
    let cache = TranslationCache.unbounded()
    let total: UInt64 = 20_000
    for serial in 0..<total {
      if serial % 4 == 0 {
        cache.insert(.structure(serial << 21, to: serial << 12, tag: Tag(pcid: UInt16(serial % 7)), serial: serial))
      } else {
        let tag = Tag(vpid: UInt16(serial % 3), pcid: UInt16(serial % 7))
        cache.insert(.translation(serial << 12, to: ~serial << 12, tag: tag, serial: serial))
      }
      // The same page again and again, so that chains with more than one match are chained anew too.
      if serial % 100 == 1 { cache.insert(.translation(0x7000_0000_0000, serial: total + serial)) }
    }
    #expect(cache.checkInvariants() == nil)
    #expect(cache.count == Int(total + total / 100))
    var missing = 0
    for serial in 0..<total {
      let tag = Tag(vpid: serial % 4 == 0 ? 0 : UInt16(serial % 3), pcid: UInt16(serial % 7))
      let slot =
        serial % 4 == 0
        ? cache.structure(.linear, serial << 21, tag) : cache.translation(.linear, serial << 12, tag)
      if slot.map({ cache[$0].root }) != serial { missing += 1 }
    }
    #expect(missing == 0)
    // Rule C5 (ours): still the oldest of the equal ones.
    #expect(cache.translation(.linear, 0x7000_0000_0000, Tag()).map { cache[$0].root } == total + 1)
    cache.pagingModeChanged(vpid: 0)
    #expect(cache.serials.allSatisfy { $0 < total && $0 % 4 != 0 && $0 % 3 != 0 })
    #expect(cache.checkInvariants() == nil)
    cache.reset()
    #expect(cache.count == 0)
    #expect(cache.checkInvariants() == nil)
  }
}
