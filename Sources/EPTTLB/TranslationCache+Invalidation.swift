// What must be invalidated, a rule a function (SDM Vol. 3, "Operations that Invalidate TLBs and Paging-Structure
// Caches"). Each acts only on this processor. Rules of VMX come with VMX.

extension TranslationCache {
  /// INVLPG: the page of the current PCID, or of any if global; all paging-structure-cache entries of the current PCID.
  /// Linear and combined mappings of the VPID, these for every EP4TA; guest-physical ones stay.
  public func invlpg(_ address: UInt64, vpid: UInt16, pcid: UInt16) {
    dropPage(address, vpid: vpid, pcid: pcid)
    dropLists { $0.kind != .guestPhysical && $0.tag.vpid == vpid && $0.tag.pcid == pcid && $0.type == .structure }
  }

  /// MOV to CR3: everything of the VPID and PCID that is not global. With CR4.PCIDE the PCID is the new one, and bit 63
  /// of the source says not to (the caller then does not call).
  public func movToCR3(vpid: UInt16, pcid: UInt16) {
    dropLists { $0.kind != .guestPhysical && $0.tag.vpid == vpid && $0.tag.pcid == pcid && $0.type != .global }
  }

  /// MOV to CR0 or CR4 that changes PG, PE, PGE, PSE, PAE, or clears PCIDE ("Invalidating the Translation Lookaside
  /// Buffers", in "Memory Cache Control"): everything of the VPID, global or not.
  public func pagingModeChanged(vpid: UInt16) {
    dropLists { $0.kind != .guestPhysical && $0.tag.vpid == vpid }
  }

  /// MOV to CR4 that sets SMEP: everything of the VPID and PCID, global translations too.
  public func smepSet(vpid: UInt16, pcid: UInt16) {
    dropLists {
      $0.kind != .guestPhysical && $0.tag.vpid == vpid && ($0.tag.pcid == pcid || $0.type == .global)
    }
  }

  /// WRMSR to an MTRR ("Invalidating the Translation Lookaside Buffers", in "Memory Cache Control"): as above.
  public func memoryTypeRangesWritten(vpid: UInt16) { pagingModeChanged(vpid: vpid) }

  /// INVPCID type 0: the address's page of a PCID, unless global, and the paging-structure-cache entries used for it.
  public func invpcid(address: UInt64, vpid: UInt16, pcid: UInt16) {
    for shift in TranslationCache.translationShifts where translationsBySize[Int(shift)] > 0 {
      dropMatching(address, shift: shift, isStructure: false) {
        $0.tag.vpid == vpid && $0.tag.pcid == pcid && !$0.isGlobal
      }
    }
    dropStructures(of: address, vpid: vpid, pcid: pcid)
  }

  /// INVPCID type 1: everything of a PCID that is not global.
  public func invpcid(pcid: UInt16, vpid: UInt16) { movToCR3(vpid: vpid, pcid: pcid) }

  /// INVPCID types 2 and 3: everything of every PCID, or all of it that is not global.
  public func invpcidAll(vpid: UInt16, includingGlobal: Bool) {
    dropLists { $0.kind != .guestPhysical && $0.tag.vpid == vpid && (includingGlobal || $0.type != .global) }
  }

  /// A page fault on an address: that page, global or not (ours: a global one would let the fault recur), and the
  /// paging-structure-cache entries that would be used for it.
  public func pageFault(_ address: UInt64, vpid: UInt16, pcid: UInt16) {
    dropPage(address, vpid: vpid, pcid: pcid)
    dropStructures(of: address, vpid: vpid, pcid: pcid)
  }

  /// A write through a translation whose dirty flag was 0 walks memory again (rule C2). What the walk finds replaces
  /// every translation of the address, of whatever page size: of two, the older would be used, and walk for ever.
  public func walkedForDirty(_ address: UInt64, vpid: UInt16, pcid: UInt16) {
    dropPage(address, vpid: vpid, pcid: pcid)
  }

  /// A processor may drop any mapping at any time (rule C4).
  public func evict(_ slot: Slot) { drop(slot) }

  /// RESET: everything.
  public func reset() { dropLists { _ in true } }

  // MARK: Words the rules are made of

  /// The paging-structure-cache entries that would be used for an address.
  private func dropStructures(of address: UInt64, vpid: UInt16, pcid: UInt16) {
    for shift in TranslationCache.structureShifts where structuresBySize[Int(shift)] > 0 {
      dropMatching(address, shift: shift, isStructure: true) { $0.tag.vpid == vpid && $0.tag.pcid == pcid }
    }
  }

  private func dropPage(_ address: UInt64, vpid: UInt16, pcid: UInt16) {
    for shift in TranslationCache.translationShifts where translationsBySize[Int(shift)] > 0 {
      dropMatching(address, shift: shift, isStructure: false) {
        $0.tag.vpid == vpid && ($0.isGlobal || $0.tag.pcid == pcid)
      }
    }
  }

  private func dropMatching(
    _ address: UInt64, shift: UInt8, isStructure: Bool, _ condition: (CachedEntry) -> Bool
  ) {
    var slot = buckets[bucket(address, shift)]
    while slot != TranslationCache.none {
      let node = nodes[Int(slot)]
      if node.entry.shift == shift, node.entry.isStructure == isStructure, node.entry.kind != .guestPhysical,
        node.entry.covers(address), condition(node.entry)
      {
        drop(slot)
      }
      slot = node.nextInBucket
    }
  }

  private func dropLists(_ condition: (ListKey) -> Bool) {
    for (list, key) in keys.enumerated() where condition(key) {
      while heads[list] != TranslationCache.none { drop(heads[list]) }
    }
  }
}
