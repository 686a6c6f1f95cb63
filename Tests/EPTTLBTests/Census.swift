import EPTTLB
import Testing

/// A cache with one entry of every sort: every kind, tag, size, global or not, at an address and away from it.
struct Census {
  /// The address that rules are tried with.
  static let address: UInt64 = 0xFFFF_8880_4060_3000

  let cache = TranslationCache.unbounded()
  /// Every entry, in order of age; `root` is its place here.
  private(set) var entries: [CachedEntry] = []

  init() {
    // The other page of 4 KiB lies in the same one of 2 MiB, the farther ones in none that is the same.
    let addresses = [Census.address, Census.address ^ 0x1000, Census.address ^ 0x77_4020_1000]
    for kind in MappingKind.allCases {
      for tag in Census.tags(of: kind) {
        for address in addresses {
          for shift in [12, 21, 30] as [UInt8] {
            for isGlobal in kind == .guestPhysical ? [false] : [false, true] {
              add(.translation(address, to: 0x4000_0000, shift: shift, kind: kind, tag: tag, isGlobal: isGlobal))
            }
          }
          for shift in [21, 30, 39, 48] as [UInt8] { add(.structure(address, shift: shift, kind: kind, tag: tag)) }
        }
      }
    }
  }

  private static func tags(of kind: MappingKind) -> [Tag] {
    let roots: [UInt64] = kind == .linear ? [0] : [0x1000, 0x2000]
    if kind == .guestPhysical { return roots.map { Tag(ep4ta: $0) } }
    return [0, 1, 2].flatMap { vpid in
      [0, 1, 2].flatMap { pcid in roots.map { Tag(vpid: vpid, pcid: pcid, ep4ta: $0) } }
    }
  }

  private mutating func add(_ entry: CachedEntry) {
    var entry = entry
    entry.root = UInt64(entries.count)
    entries.append(entry)
    cache.insert(entry)
  }

  /// Applies a rule, and compares what is gone with what must go and what was reported with what is gone.
  func expect(_ operation: (TranslationCache) -> Void, drops mustGo: (CachedEntry) -> Bool) throws {
    cache.forgetDropped()
    operation(cache)
    let alive = Set(cache.serials)
    for (serial, entry) in entries.enumerated() {
      let isGone = !alive.contains(UInt64(serial))
      let goes = mustGo(entry)
      #expect(isGone == goes, "\(entry.text) \(goes ? "must go" : "must stay")")
    }
    #expect(cache.count == alive.count)
    #expect(cache.serials == cache.serials.sorted(), "age survives an invalidation")
    let gone = entries.filter { !$0.isStructure && mustGo($0) }.map { Page(prefix: $0.prefix, shift: $0.shift) }
    let reported = cache.dropped.map { Page(prefix: $0.prefix, shift: $0.shift) }
    #expect(gone.sorted() == reported.sorted(), "every translation that went is reported, and nothing else")
    #expect(Set(cache.dropped.map(\.slot)).count == cache.dropped.count)
    #expect(cache.evictions == 0)
    #expect(cache.checkInvariants() == nil)
  }

  private struct Page: Comparable {
    var prefix: UInt64
    var shift: UInt8
    static func < (a: Page, b: Page) -> Bool { (a.prefix, a.shift) < (b.prefix, b.shift) }
  }
}
