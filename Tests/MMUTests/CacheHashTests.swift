import EPTTLB
import MMU
import Testing

/// The hash of a translation cache: what is remembered and its order, not where it lies (`TranslationCache.hash`).
@Suite struct CacheHashTests {
  private func hash(_ cache: TranslationCache) -> String {
    var hasher = StateHasher()
    cache.hash(into: &hasher)
    return hasher.description
  }

  private func hash(of entries: [CachedEntry]) -> String {
    let cache = TranslationCache(policy: .retain(budget: 100))
    for entry in entries { cache.insert(entry) }
    return hash(cache)
  }

  private var entry: CachedEntry {
    var entry = CachedEntry(
      kind: .linear, isStructure: false, shift: 12, tag: Tag(), prefix: 0x40_0000, target: 0x20_0000, rights: .all,
      root: 0x1000)
    entry.append(Source(address: 0x1008, value: 0x2003))
    return entry
  }

  /// `TranslationCache.hash`: age decides which of two is used (rule C5) and which goes first: it counts.
  @Test func ageCounts() {
    var other = entry
    other.prefix = 0x80_0000
    #expect(hash(of: [entry, other]) == hash(of: [entry, other]))
    #expect(hash(of: [entry, other]) != hash(of: [other, entry]))
    #expect(hash(of: [entry]) != hash(of: [entry, entry]))
    #expect(hash(of: []) != hash(of: [entry]))
  }

  /// `TranslationCache.hash`: everything that an entry says counts.
  @Test func everyFieldCounts() {
    let changes: [(inout CachedEntry) -> Void] = [
      { $0.kind = .combined }, { $0.isStructure = true }, { $0.shift = 21 }, { $0.isGlobal = true },
      { $0.isDirty = true }, { $0.rights = .write }, { $0.memoryType = 0 }, { $0.protectionKey = 1 },
      { $0.tag.vpid = 1 }, { $0.tag.pcid = 1 }, { ($0.kind, $0.tag.ep4ta) = (.combined, 0x1000) },
      { $0.prefix = 0x60_0000 },
      { $0.target = 0x40_0000 }, { $0.root = 0x2000 }, { $0.sources[0].address = 0x1010 },
      { $0.sources[0].value = 0x2023 }, { $0.sourceCount = 0 },
    ]
    var seen: Set<String> = [hash(of: [entry])]
    for (index, change) in changes.enumerated() {
      var changed = entry
      change(&changed)
      #expect(seen.insert(hash(of: [changed])).inserted, "change \(index)")
    }
  }

  /// `TranslationCache.hash`: slots are ours; what was dropped meanwhile leaves no trace.
  @Test func slotsDoNotCount() {
    let cache = TranslationCache(policy: .retain(budget: 100))
    let first = cache.insert(entry)
    var other = entry
    other.prefix = 0x80_0000
    cache.insert(other)
    cache.evict(first)
    cache.insert(entry)
    #expect(hash(cache) == hash(of: [other, entry]))
  }
}
