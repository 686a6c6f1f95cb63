import EPTTLB
import Testing

/// When a mapping may be used (TLB rules U1, U2, C5; SDM Vol. 3, "Caching Translation Information").
@Suite struct LookUpTests {
  private let address: UInt64 = 0x7F12_3456_7000

  /// Rule U1: a linear mapping serves its VPID and PCID only, over its whole page and nowhere else.
  @Test func aMappingServesItsTagAndPage() throws {
    let cache = TranslationCache.unbounded()
    let tag = Tag(vpid: 1, pcid: 2)
    let slot = cache.insert(.translation(address, to: 0x5000, tag: tag))
    #expect(cache.translation(.linear, address, tag) == slot)
    #expect(cache.translation(.linear, address + 0xFFF, tag) == slot)
    #expect(cache.translation(.linear, address - 1, tag) == nil)
    #expect(cache.translation(.linear, address + 0x1000, tag) == nil)
    #expect(cache.translation(.linear, address, Tag(vpid: 2, pcid: 2)) == nil)
    #expect(cache.translation(.linear, address, Tag(vpid: 1, pcid: 3)) == nil)
    #expect(cache[slot].physical(address + 0x123) == 0x5123)
  }

  /// Rule U1; SDM Vol. 3, "Global Pages": a global mapping serves any PCID, but its own VPID only.
  @Test func aGlobalMappingServesAnyPCID() {
    let cache = TranslationCache.unbounded()
    let slot = cache.insert(.translation(address, tag: Tag(vpid: 1, pcid: 2), isGlobal: true))
    for pcid in [0, 2, 3, 0xFFF] as [UInt16] {
      #expect(cache.translation(.linear, address, Tag(vpid: 1, pcid: pcid)) == slot)
      #expect(cache.translation(.linear, address, Tag(vpid: 0, pcid: pcid)) == nil)
    }
  }

  /// Rule U2: a combined mapping serves its EP4TA only; a global one any PCID of it.
  @Test func aCombinedMappingServesItsEP4TA() {
    let cache = TranslationCache.unbounded()
    let tag = Tag(vpid: 1, pcid: 2, ep4ta: 0x9000)
    let plain = cache.insert(.translation(address, kind: .combined, tag: tag))
    let global = cache.insert(.translation(address + 0x1000, kind: .combined, tag: tag, isGlobal: true))
    let otherPCID = Tag(vpid: 1, pcid: 5, ep4ta: 0x9000)
    let otherEP4TA = Tag(vpid: 1, pcid: 2, ep4ta: 0xA000)
    #expect(cache.translation(.combined, address, tag) == plain)
    #expect(cache.translation(.combined, address, otherPCID) == nil)
    #expect(cache.translation(.combined, address, otherEP4TA) == nil)
    #expect(cache.translation(.combined, address + 0x1000, otherPCID) == global)
    #expect(cache.translation(.combined, address + 0x1000, otherEP4TA) == nil)
  }

  /// Rules U1, U2: each kind is used for itself, never for another.
  @Test(arguments: MappingKind.allCases)
  func kindsAreKeptApart(_ kind: MappingKind) {
    let cache = TranslationCache.unbounded()
    cache.insert(.translation(address, kind: kind))
    cache.insert(.structure(address, kind: kind))
    for asked in MappingKind.allCases {
      #expect((cache.translation(asked, address, Tag()) != nil) == (asked == kind))
      #expect((cache.structure(asked, address, Tag()) != nil) == (asked == kind))
    }
  }

  /// Rule U2: a guest-physical mapping serves its EP4TA only.
  @Test func aGuestPhysicalMappingServesItsEP4TA() {
    let cache = TranslationCache.unbounded()
    let slot = cache.insert(.translation(0x4000, kind: .guestPhysical, tag: Tag(ep4ta: 0x9000)))
    #expect(cache.translation(.guestPhysical, 0x4ABC, Tag(ep4ta: 0x9000)) == slot)
    #expect(cache.translation(.guestPhysical, 0x4ABC, Tag(ep4ta: 0xA000)) == nil)
    // And nothing else: whatever VPID and PCID are in force, now or when it was made.
    #expect(cache.translation(.guestPhysical, 0x4ABC, Tag(vpid: 3, pcid: 5, ep4ta: 0x9000)) == slot)
    let other = cache.insert(.translation(0x5000, kind: .guestPhysical, tag: Tag(vpid: 7, pcid: 8, ep4ta: 0x9000)))
    #expect(cache.translation(.guestPhysical, 0x5000, Tag(ep4ta: 0x9000)) == other)
    let structure = cache.insert(.structure(0x4000, kind: .guestPhysical, tag: Tag(vpid: 7, ep4ta: 0x9000)))
    #expect(cache.structure(.guestPhysical, 0x4ABC, Tag(vpid: 1, pcid: 2, ep4ta: 0x9000)) == structure)
  }

  /// Rule U1: linear mappings know no EP4TA.
  @Test func aLinearMappingGoesByVPIDAndPCID() {
    let cache = TranslationCache.unbounded()
    let slot = cache.insert(.translation(address, tag: Tag(vpid: 1, pcid: 2, ep4ta: 0x9000)))
    #expect(cache.translation(.linear, address, Tag(vpid: 1, pcid: 2)) == slot)
    #expect(cache[slot].tag == Tag(vpid: 1, pcid: 2))
  }

  /// SDM Vol. 3, "Details of TLB Use": a large page serves every address in it, with the low bits of the address.
  @Test(arguments: [12, 21, 30] as [UInt8])
  func aPageServesItsWholeSize(_ shift: UInt8) throws {
    let cache = TranslationCache.unbounded()
    let size: UInt64 = 1 << UInt64(shift)
    let first: UInt64 = 0xFFFF_8123_4567_8000 & ~(size - 1)
    let slot = cache.insert(.translation(first, to: 7 << 30, shift: shift))
    for offset in [0, 1, size / 2, size - 1] {
      #expect(cache.translation(.linear, first + offset, Tag()) == slot)
      #expect(cache[slot].physical(first + offset) == 7 << 30 + offset)
    }
    #expect(cache.translation(.linear, first - 1, Tag()) == nil)
    #expect(cache.translation(.linear, first + size, Tag()) == nil)
  }

  /// Rule C5: after a change of page size both may be cached; ours, the older is used, whichever is larger.
  @Test(arguments: [[12, 21], [21, 12], [30, 12], [12, 30], [21, 30], [30, 21]] as [[UInt8]])
  func ofTwoSizesTheOlderIsUsed(_ shifts: [UInt8]) throws {
    let cache = TranslationCache.unbounded()
    let slots = shifts.map { cache.insert(.translation(address, shift: $0)) }
    let older = try #require(slots.first)
    let younger = try #require(slots.last)
    #expect(cache.translation(.linear, address, Tag()) == older)
    cache.evict(older)
    #expect(cache.translation(.linear, address, Tag()) == younger)
  }

  /// Rule C5 (ours): of two of one size the older is used, a global one and one of the PCID alike.
  @Test(arguments: [true, false])
  func ofTwoOfOneSizeTheOlderIsUsed(_ isFirstGlobal: Bool) {
    let cache = TranslationCache.unbounded()
    let tag = Tag(pcid: 3)
    let older = cache.insert(.translation(address, tag: tag, isGlobal: isFirstGlobal))
    let younger = cache.insert(.translation(address, tag: tag, isGlobal: !isFirstGlobal))
    #expect(cache.translation(.linear, address, tag) == older)
    #expect(cache.translation(.linear, address, Tag(pcid: 4)) == (isFirstGlobal ? older : younger))
  }

  /// SDM Vol. 3, "Using the Paging-Structure Caches to Translate Linear Addresses": the entry with the longest prefix.
  @Test func theLongestPrefixIsUsed() {
    let cache = TranslationCache.unbounded()
    var slots: [UInt8: Slot] = [:]
    for shift in [30, 48, 21, 39] as [UInt8] { slots[shift] = cache.insert(.structure(address, shift: shift)) }
    for shift in [21, 30, 39, 48] as [UInt8] {
      #expect(cache.structure(.linear, address, Tag()) == slots[shift])
      if let slot = slots[shift] { cache.evict(slot) }
    }
    #expect(cache.structure(.linear, address, Tag()) == nil)
  }

  /// SDM Vol. 3, "Caches for Paging Structures": they are found by the bits above their span, under their PCID and VPID.
  @Test(arguments: [21, 30, 39, 48] as [UInt8])
  func aStructureServesItsPrefix(_ shift: UInt8) {
    let cache = TranslationCache.unbounded()
    let span: UInt64 = 1 << UInt64(shift)
    let first: UInt64 = 3 << UInt64(shift)
    let tag = Tag(vpid: 1, pcid: 2)
    let slot = cache.insert(.structure(first, shift: shift, tag: tag))
    #expect(cache.structure(.linear, first, tag) == slot)
    #expect(cache.structure(.linear, first + span - 1, tag) == slot)
    #expect(cache.structure(.linear, first - 1, tag) == nil)
    #expect(cache.structure(.linear, first &+ span, tag) == nil)
    #expect(cache.structure(.linear, first, Tag(vpid: 1, pcid: 3)) == nil)
    #expect(cache.structure(.linear, first, Tag(vpid: 0, pcid: 2)) == nil)
  }

  /// SDM Vol. 3, "Caching Translation Information": translations and paging-structure-cache entries are not mixed up.
  @Test func aStructureIsNoTranslation() {
    let cache = TranslationCache.unbounded()
    let structure = cache.insert(.structure(address, shift: 21))
    #expect(cache.translation(.linear, address, Tag()) == nil)
    let translation = cache.insert(.translation(address, shift: 21))
    #expect(cache.translation(.linear, address, Tag()) == translation)
    #expect(cache.structure(.linear, address, Tag()) == structure)
  }
}
