import EPTTLB
import Testing

/// Sources and suspicion of entries (`Suspicion`).
@Suite struct SuspicionTests {
  private func change(_ new: UInt64) -> StructureChange {
    StructureChange(writer: .processor(1), cycle: new * 10, rip: 0x1000 + new, address: 0x2008, old: 7, new: new)
  }

  /// The first change and the latest are kept, and how many there were; dropping the entry ends it.
  @Test func changesAreKept() throws {
    let cache = TranslationCache.unbounded()
    let slot = cache.insert(.translation(0x1000))
    #expect(!cache.isSuspect(slot) && cache.suspicion(slot) == nil)
    #expect(cache.suspect(slot, change(1)))
    #expect(!cache.suspect(slot, change(2)))
    #expect(!cache.suspect(slot, change(3)))
    let suspicion = try #require(cache.suspicion(slot))
    #expect(suspicion.first == change(1) && suspicion.latest == change(3) && suspicion.count == 3)
    #expect(!suspicion.isInherited)
    #expect(cache.checkInvariants() == nil)
    cache.evict(slot)
    #expect(cache.suspicion(slot) == nil)
    #expect(cache.insert(.translation(0x1000)) == slot)
    #expect(!cache.isSuspect(slot))
    #expect(cache.checkInvariants() == nil)
  }

  /// A mapping made by way of a suspect entry is suspect for the same reason.
  @Test func suspicionIsInherited() throws {
    let cache = TranslationCache.unbounded()
    let structure = cache.insert(.structure(0x20_0000))
    cache.suspect(structure, change(5))
    let slot = cache.insert(.translation(0x20_1000))
    cache.inherit(slot, try #require(cache.suspicion(structure)))
    #expect(cache.suspicion(slot)?.first == change(5))
    #expect(cache.suspicion(slot)?.isInherited == true)
    cache.clear(structure)
    #expect(!cache.isSuspect(structure) && cache.isSuspect(slot))
  }

  /// `TranslationCache.insert(_:sources:)`: up to 36 sources, in order, whether an entry holds them or not; `Source` keeps
  /// EPT entries apart.
  @Test(arguments: [0, 1, 4, 5, 6, 24, 36])
  func sourcesAreKept(_ count: Int) {
    let cache = TranslationCache.unbounded()
    let sources = (0..<UInt64(count)).map { Source(address: 0x1000 + $0 * 8, value: $0 << 12 | 7, isEPT: $0 % 5 != 4) }
    var slots: [Slot] = []
    for round in 0..<3 as Range<UInt64> {
      slots = (0..<10 as Range<UInt64>).map { number in
        cache.insert(.translation(number << 12, kind: .combined, serial: round), sources: sources)
      }
      for slot in slots {
        #expect(cache.sourceCount(slot) == count)
        #expect(cache.sources(slot) == sources)
        #expect((0..<count).map { cache.source(slot, $0) } == sources)
      }
      if round < 2 { cache.reset() }
    }
    #expect(cache.sources(slots[0]).map(\.address) == (0..<UInt64(count)).map { 0x1000 + $0 * 8 })
  }
}
