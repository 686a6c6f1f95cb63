import EPTTLB
import Testing

/// What each operation must invalidate, and that nothing else goes: the rows of TLB rules, section I (SDM Vol. 3,
/// "Operations that Invalidate TLBs and Paging-Structure Caches"), each over one entry of every sort.
@Suite struct InvalidationTests {
  private let address = Census.address

  /// Section I, "INVLPG m": of the current VPID that page under the current PCID, or any if global, in every size, and all
  /// paging-structure-cache entries of the PCID; combined ones for every EP4TA; guest-physical ones stay.
  @Test(arguments: [0, 1] as [UInt16], [0, 2] as [UInt16])
  func invlpg(_ vpid: UInt16, _ pcid: UInt16) throws {
    try Census().expect {
      $0.invlpg(address + 0xABC, vpid: vpid, pcid: pcid)
    } drops: { entry in
      guard entry.kind != .guestPhysical, entry.tag.vpid == vpid else { return false }
      if entry.isStructure { return entry.tag.pcid == pcid }
      return entry.covers(address) && (entry.tag.pcid == pcid || entry.isGlobal)
    }
  }

  /// Section I, "MOV to CR3": what is not global, of the current VPID and the (new) PCID.
  @Test(arguments: [0, 1] as [UInt16], [0, 2] as [UInt16])
  func movToCR3(_ vpid: UInt16, _ pcid: UInt16) throws {
    try Census().expect {
      $0.movToCR3(vpid: vpid, pcid: pcid)
    } drops: { entry in
      entry.kind != .guestPhysical && entry.tag.vpid == vpid && entry.tag.pcid == pcid && !entry.isGlobal
    }
  }

  /// Section I, "MOV to CR0 changing PG or PE" and "MOV to CR4 changing PGE, PSE or PAE, or PCIDE 1->0": the current VPID,
  /// all PCIDs, global or not.
  @Test(arguments: [0, 1, 2] as [UInt16])
  func pagingModeChanged(_ vpid: UInt16) throws {
    try Census().expect {
      $0.pagingModeChanged(vpid: vpid)
    } drops: { entry in
      entry.kind != .guestPhysical && entry.tag.vpid == vpid
    }
  }

  /// Section I, "MOV to CR4 changing SMEP 0->1": the current VPID and PCID; a global translation serves the current PCID
  /// whichever it was made under, and goes too.
  @Test(arguments: [0, 1] as [UInt16], [0, 2] as [UInt16])
  func smepSet(_ vpid: UInt16, _ pcid: UInt16) throws {
    try Census().expect {
      $0.smepSet(vpid: vpid, pcid: pcid)
    } drops: { entry in
      entry.kind != .guestPhysical && entry.tag.vpid == vpid && (entry.tag.pcid == pcid || entry.isGlobal)
    }
  }

  /// Section I, "#PF on an address": of the current VPID and PCID that page and the cache entries that would be used for
  /// it; ours: a global page too.
  @Test(arguments: [0, 1] as [UInt16], [0, 2] as [UInt16])
  func pageFault(_ vpid: UInt16, _ pcid: UInt16) throws {
    try Census().expect {
      $0.pageFault(address + 0x123, vpid: vpid, pcid: pcid)
    } drops: { entry in
      guard entry.kind != .guestPhysical, entry.tag.vpid == vpid, entry.covers(address) else { return false }
      return entry.tag.pcid == pcid || entry.isGlobal
    }
  }

  /// Section I, "INIT, RESET, power-up": all.
  @Test func reset() throws {
    try Census().expect {
      $0.reset()
    } drops: { _ in
      true
    }
  }

  /// Section I: an operation that names a VPID and PCID nobody has drops nothing.
  @Test func foreignTagsDropNothing() throws {
    try Census().expect {
      $0.invlpg(address, vpid: 9, pcid: 9)
      $0.movToCR3(vpid: 0, pcid: 9)
      $0.pagingModeChanged(vpid: 9)
      $0.smepSet(vpid: 9, pcid: 0)
      $0.pageFault(address, vpid: 9, pcid: 9)
    } drops: { _ in
      false
    }
  }

  /// Section I, "INVLPG m": an address that nothing maps still drops the paging-structure-cache entries of the PCID.
  @Test func invlpgOfAnUnmappedPage() throws {
    try Census().expect {
      $0.invlpg(0x1234_5678_9000, vpid: 0, pcid: 1)
    } drops: { entry in
      entry.isStructure && entry.kind != .guestPhysical && entry.tag.vpid == 0 && entry.tag.pcid == 1
    }
  }

  /// Rules C2, C5: the walk of a write through a clean translation replaces every linear one that would serve the
  /// address, in every size; those of other pages, PCIDs and VPIDs and the paging-structure caches stay.
  @Test func walkedForDirty() {
    let cache = TranslationCache.unbounded()
    let tag = Tag(vpid: 1, pcid: 2)
    let other = Tag(vpid: 1, pcid: 3)
    for shift in [12, 21, 30] as [UInt8] { cache.insert(.translation(address, shift: shift, tag: tag, serial: 1)) }
    cache.insert(.translation(address, tag: other, isGlobal: true, serial: 1))
    cache.insert(.translation(address, tag: other, serial: 2))
    cache.insert(.translation(address, tag: Tag(vpid: 2, pcid: 2), isGlobal: true, serial: 3))
    cache.insert(.translation(address + 0x1000, tag: tag, serial: 4))
    cache.insert(.structure(address, tag: tag, serial: 5))
    // What would not serve the access stays: other kinds, and combined ones of another EP4TA.
    for ep4ta in [0x1000, 0x2000] as [UInt64] {
      let combined = Tag(vpid: 1, pcid: 2, ep4ta: ep4ta)
      cache.insert(.translation(address, kind: .combined, tag: combined, serial: 5 + ep4ta))
    }
    cache.walkedForDirty(.linear, address + 0x10, tag)
    #expect(cache.serials == [2, 3, 4, 5, 0x1005, 0x2005])
    #expect(cache.dropped.count == 4)
    cache.walkedForDirty(.combined, address + 0x10, Tag(vpid: 1, pcid: 2, ep4ta: 0x2000))
    #expect(cache.serials == [2, 3, 4, 5, 0x1005])
    #expect(cache.checkInvariants() == nil)
  }

  /// Rule C4: one mapping alone may be dropped; an equal one of another tag stays.
  @Test func evictDropsOneSlot() throws {
    let cache = TranslationCache.unbounded()
    let slot = cache.insert(.translation(address, tag: Tag(pcid: 1), serial: 1))
    cache.insert(.translation(address, tag: Tag(pcid: 2), serial: 2))
    cache.insert(.translation(address, shift: 21, tag: Tag(pcid: 1), serial: 3))
    cache.evict(slot)
    #expect(cache.serials == [2, 3])
    #expect(cache.dropped.map(\.slot) == [slot])
    #expect(cache.dropped.map(\.prefix) == [address])
    #expect(cache.checkInvariants() == nil)
  }

  /// Rule C5: INVLPG drops every piece and every duplicate of a page, not only the one in use.
  @Test func invlpgDropsDuplicates() {
    let cache = TranslationCache.unbounded()
    for serial in 0..<10 as Range<UInt64> {
      cache.insert(.translation(address, shift: serial < 5 ? 12 : 21, isGlobal: serial % 2 == 0, serial: serial))
    }
    cache.insert(.translation(address + 0x1000, serial: 10))
    cache.invlpg(address, vpid: 0, pcid: 0)
    #expect(cache.serials == [10])
    #expect(cache.checkInvariants() == nil)
  }

  /// Rule C5: of a guest's page that EPT maps in smaller pieces, INVLPG, INVPCID and INVVPID of one address drop every
  /// piece of the tags that they name; a page fault, only the one that would let it recur.
  @Test func everyPieceOfAPageGoes() {
    let operations: [(name: String, serials: [UInt64], operation: (TranslationCache) -> Void)] = [
      ("INVLPG", [3, 4, 5, 6], { $0.invlpg(address + 0x5123, vpid: 1, pcid: 2) }),
      ("INVPCID 0", [1, 3, 4, 5, 6], { $0.invpcid(address: address + 0x5123, vpid: 1, pcid: 2) }),
      ("INVVPID 0", [3, 4, 6], { $0.invvpid(address: address + 0x5123, vpid: 1) }),
      ("#PF", [0, 1, 3, 4, 5, 6], { $0.pageFault(address + 0x2123, vpid: 1, pcid: 2) }),
    ]
    for (name, serials, operation) in operations {
      let cache = TranslationCache.unbounded()
      func add(_ offset: UInt64, vpid: UInt16 = 1, pcid: UInt16 = 2, isGlobal: Bool = false, pageShift: UInt8 = 21) {
        let serial = cache.insertions
        var piece = CachedEntry.translation(
          address + offset, kind: .combined, tag: Tag(vpid: vpid, pcid: pcid, ep4ta: 0x1000), isGlobal: isGlobal,
          serial: serial)
        piece.pageShift = pageShift
        cache.insert(piece)
      }
      add(0)
      add(0x1000, pcid: 7, isGlobal: true)
      add(0x2000)
      add(0x3000, pageShift: 12)
      add(0x20_0000)
      add(0x4000, pcid: 3)
      add(0x5000, vpid: 2)
      operation(cache)
      #expect(cache.serials == serials, "\(name)")
      #expect(cache.checkInvariants() == nil)
    }
  }

  /// `TranslationCache.dropped`: a paging-structure-cache entry is in use nowhere else and is not reported.
  @Test func structuresAreNotReported() {
    let cache = TranslationCache.unbounded()
    cache.insert(.structure(address))
    cache.movToCR3(vpid: 0, pcid: 0)
    #expect(cache.count == 0)
    #expect(cache.dropped.isEmpty)
  }
}
