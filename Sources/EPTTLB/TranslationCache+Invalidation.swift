// What must be invalidated, a rule a function (SDM Vol. 3, "Operations that Invalidate TLBs and Paging-Structure Caches"
// and "Operations that Invalidate Cached Mappings" for VMX). Each acts only on this processor, on translations and
// paging-structure-cache entries, and for combined mappings on every EP4TA unless it names one.
//
// WRMSR to EFER, PAT and PKRS, WRPKRU, EPT misconfigurations, page-modification-log-full and APIC-access exits, VMXON,
// VMXOFF, VMCLEAR, VMPTRLD, a change of EPTP and VMFUNC 0 have no function: they invalidate nothing.

extension TranslationCache {
  // MARK: Instructions and events of any mode

  /// INVLPG: the page of the current PCID, or of any if global; all paging-structure-cache entries of the current PCID.
  public func invlpg(_ address: UInt64, vpid: UInt16, pcid: UInt16) {
    guard !isFlushed() else { return }
    dropTranslations(.invlpg, address, home: EntryIdentity.home(vpid: vpid)) {
      $0.isOfLinear(vpid) && ($0.isGlobal || $0.tag.pcid == pcid)
    }
    dropPieces(.invlpg, address) { $0.isOfLinear(vpid) && ($0.isGlobal || $0.tag.pcid == pcid) }
    dropLists(.invlpg) { $0.isOfLinear(vpid) && $0.tag.pcid == pcid && $0.type == .structure }
  }

  /// INVPCID type 0: the address's page of a PCID, unless global, and the paging-structure-cache entries used for it.
  public func invpcid(address: UInt64, vpid: UInt16, pcid: UInt16) {
    guard !isFlushed() else { return }
    dropAll(.invpcidAddress, address, home: EntryIdentity.home(vpid: vpid)) {
      $0.isOfLinear(vpid) && $0.tag.pcid == pcid && !$0.isGlobal
    }
    dropPieces(.invpcidAddress, address) { $0.isOfLinear(vpid) && $0.tag.pcid == pcid && !$0.isGlobal }
  }

  /// INVPCID type 1: everything of a PCID that is not global.
  public func invpcid(pcid: UInt16, vpid: UInt16) { dropContext(.invpcidContext, vpid: vpid, pcid: pcid) }

  /// INVPCID types 2 and 3: everything of every PCID, or all of it that is not global.
  public func invpcidAll(vpid: UInt16, includingGlobal: Bool) {
    guard !isFlushed() else { return }
    dropLists(includingGlobal ? .invpcidAllWithGlobal : .invpcidAll) {
      $0.isOfLinear(vpid) && (includingGlobal || $0.type != .global)
    }
  }

  /// MOV to CR3: everything of the VPID and PCID that is not global.
  ///
  /// - Parameters:
  ///   - pcid: with CR4.PCIDE the new one, else 0.
  ///   - preserves: bit 63 of the source with CR4.PCIDE: nothing goes.
  public func movToCR3(vpid: UInt16, pcid: UInt16, preserves: Bool = false) {
    guard !preserves || isBroken(.iPreservingRoot) else { return }
    dropContext(.movToCR3, vpid: vpid, pcid: pcid)
  }

  /// A task switch that changes CR3: what MOV to CR3 drops of PCID 000H; task switches know no other.
  public func taskSwitch(vpid: UInt16) { dropContext(.taskSwitch, vpid: vpid, pcid: 0) }

  /// MOV to CR0 or CR4 that changes PG, PE, PGE, PSE, PAE, or clears PCIDE ("Invalidating the Translation Lookaside
  /// Buffers", in "Memory Cache Control"): everything of the VPID, global or not.
  public func pagingModeChanged(vpid: UInt16) {
    dropLists(.pagingMode) { $0.isOfLinear(vpid) }
  }

  /// MOV to CR4 that sets SMEP: everything of the VPID and PCID, global translations too.
  public func smepSet(vpid: UInt16, pcid: UInt16) {
    dropLists(.smep) { $0.isOfLinear(vpid) && ($0.tag.pcid == pcid || $0.type == .global) }
  }

  /// WRMSR to an MTRR ("Invalidating the Translation Lookaside Buffers", in "Memory Cache Control"): as above.
  public func memoryTypeRangesWritten(vpid: UInt16) { dropLists(.memoryTypeRanges) { $0.isOfLinear(vpid) } }

  /// A page fault on an address, delivered or intercepted: that page, global or not (ours: a global one would let the
  /// fault recur), and the paging-structure-cache entries that would be used for it.
  public func pageFault(_ address: UInt64, vpid: UInt16, pcid: UInt16) {
    dropAll(.pageFault, address, home: EntryIdentity.home(vpid: vpid)) {
      $0.isOfLinear(vpid) && ($0.isGlobal || $0.tag.pcid == pcid)
    }
  }

  /// RSM (ours), and INIT where it is not blocked and does not exit: everything.
  public func initialize() { dropLists(.reset) { _ in true } }

  /// RESET and power-up: everything.
  public func reset() {
    dropLists(.reset) { _ in true }
    releaseAll()
  }

  // MARK: VMX

  /// VM entry or exit. With "enable VPID" 0 before or after: linear and combined mappings of VPID 0000H, for all PCIDs
  /// and EP4TAs, global or not. Guest-physical mappings stay, always.
  public func vmTransition(isVPIDEnabled: Bool) {
    guard !isFlushed(), !isVPIDEnabled || isBroken(.iTransitionWithVPID) else { return }
    dropLists(.vmTransition) { $0.isOfLinear(0) }
  }

  /// An EPT violation, whether it exits or becomes #VE: the guest-physical mappings that would be used for the address,
  /// and, when it was the translation of a linear address (bit 8 of the qualification), the combined mappings of that,
  /// under this VPID, PCID and EP4TA (ours: a global one too, or the violation would recur).
  public func eptViolation(_ guestPhysical: UInt64, ep4ta: UInt64, linear: UInt64?, vpid: UInt16, pcid: UInt16) {
    dropAll(.eptViolation, guestPhysical, home: EntryIdentity.home(ep4ta: ep4ta)) {
      $0.kind == .guestPhysical && $0.tag.ep4ta == ep4ta
    }
    guard let linear else { return }
    dropAll(.eptViolation, linear, home: EntryIdentity.home(vpid: vpid)) {
      $0.kind == .combined && $0.tag.vpid == vpid && $0.tag.ep4ta == ep4ta && ($0.isGlobal || $0.tag.pcid == pcid)
    }
  }

  /// INVVPID type 0: an address of the named VPID, under all PCIDs, global or not, and the paging-structure-cache entries
  /// used for it.
  public func invvpid(address: UInt64, vpid: UInt16) {
    guard !isFlushed() else { return }
    dropAll(.invvpidAddress, address, home: EntryIdentity.home(vpid: vpid)) { $0.isOfLinear(vpid) }
    dropPieces(.invvpidAddress, address) { $0.isOfLinear(vpid) }
  }

  /// INVVPID type 1: everything of the named VPID.
  public func invvpid(vpid: UInt16) {
    guard !isFlushed() else { return }
    dropLists(.invvpidContext) { $0.isOfLinear(vpid) }
  }

  /// INVVPID type 2: everything of every VPID but 0000H.
  public func invvpidAll() {
    guard !isFlushed() else { return }
    dropLists(.invvpidAll) { $0.kind != .guestPhysical && $0.tag.vpid != 0 }
  }

  /// INVVPID type 3: everything of the named VPID that is not global.
  public func invvpidRetainingGlobals(vpid: UInt16) {
    guard !isFlushed() else { return }
    dropLists(.invvpidRetainingGlobals) { $0.isOfLinear(vpid) && $0.type != .global }
  }

  /// INVEPT type 1: guest-physical and combined mappings of EPTP bits 51:12, the latter of all VPIDs and PCIDs; linear ones
  /// stay.
  public func invept(ep4ta: UInt64) {
    guard !isFlushed() else { return }
    dropLists(.inveptContext) { $0.kind != .linear && $0.tag.ep4ta == ep4ta }
  }

  /// INVEPT type 2: all guest-physical and combined mappings; linear ones stay.
  public func inveptAll() {
    guard !isFlushed() else { return }
    dropLists(.inveptAll) { $0.kind != .linear }
  }

  // MARK: What a processor may do at any time

  /// A write through a translation whose dirty flag was 0 walks memory again (rule C2). What the walk finds replaces
  /// every translation that would serve the address, of whatever page size: of two, the older would be used, and walk for
  /// ever.
  public func walkedForDirty(_ kind: MappingKind, _ address: UInt64, _ tag: Tag) {
    dropTranslations(nil, address, home: EntryIdentity.home(kind, tag)) { $0.kind == kind && matches($0, tag) }
  }

  /// A processor may drop any mapping at any time (rule C4).
  public func evict(_ slot: Slot) { drop(slot) }

  // MARK: Words the rules are made of

  /// Under the policy `flush` these operations drop everything.
  private func isFlushed() -> Bool {
    guard case .flush = policy else { return false }
    dropLists(nil) { _ in true }
    return true
  }

  /// Everything of a VPID and PCID that is not global.
  private func dropContext(_ row: InvalidationRow, vpid: UInt16, pcid: UInt16) {
    guard !isFlushed() else { return }
    dropLists(row) { $0.isOfLinear(vpid) && $0.tag.pcid == pcid && $0.type != .global }
  }

  /// Drops translations that cover an address, of every size.
  ///
  /// - Parameters:
  ///   - row: which rule asks for it; nil: none of section I.
  ///   - home: of the address spaces that the condition is about (`EntryIdentity.home`).
  private func dropTranslations(
    _ row: InvalidationRow?, _ address: UInt64, home: UInt64, _ condition: (CachedEntry) -> Bool
  ) {
    var sizes = translationSizes
    while let shift = Sizes.next(&sizes) {
      dropMatching(row, address, home: home, shift: shift, isStructure: false, condition)
    }
    overdo(row)
  }

  /// Drops translations that cover an address, and the paging-structure-cache entries that would be used for it.
  private func dropAll(
    _ row: InvalidationRow, _ address: UInt64, home: UInt64, _ condition: (CachedEntry) -> Bool
  ) {
    dropTranslations(row, address, home: home, condition)
    var sizes = structureSizes
    while let shift = Sizes.next(&sizes) {
      dropMatching(row, address, home: home, shift: shift, isStructure: true, condition)
    }
  }

  /// Drops every piece of the page of an address that guest paging maps (rule C5): an instruction that names an address
  /// invalidates "all of them" (SDM Vol. 2A, "INVLPG—Invalidate TLB Entries"). A fault and a violation need not: they drop
  /// what would recur.
  private func dropPieces(_ row: InvalidationRow, _ address: UInt64, _ condition: (CachedEntry) -> Bool) {
    guard pieceCount > 0, !isBroken(.c5Pieces) else { return }
    for number in 0..<listCount where lists[number].key.kind == .combined && lists[number].key.type != .structure {
      var slot = lists[number].head
      while slot != TranslationCache.none {
        let node = nodes + Int(slot)
        let next = node.pointee.nextInList
        if node.pointee.entry.isPiece, node.pointee.entry.isOfPage(address), condition(node.pointee.entry),
          !row.spares(node.pointee.entry)
        {
          drop(slot)
        }
        slot = next
      }
    }
  }

  private func dropMatching(
    _ row: InvalidationRow?, _ address: UInt64, home: UInt64, shift: UInt8, isStructure: Bool,
    _ condition: (CachedEntry) -> Bool
  ) {
    var slot = buckets[bucket(address, shift, home)]
    while slot != TranslationCache.none {
      let node = nodes + Int(slot)
      let next = node.pointee.nextInBucket
      if node.pointee.entry.shift == shift, node.pointee.entry.isStructure == isStructure, isLive(node),
        node.pointee.entry.covers(address), condition(node.pointee.entry), row?.spares(node.pointee.entry) != true
      {
        if isStructure { retire(slot) } else { drop(slot) }
      }
      slot = next
    }
  }

  private func dropLists(_ row: InvalidationRow?, _ condition: (ListKey) -> Bool) {
    // Sizes that no list has any more are looked for no more.
    var (translations, structures): (UInt64, UInt64) = (0, 0)
    for number in 0..<listCount where lists[number].count > 0 {
      let key = lists[number].key
      if condition(key), row?.spares(key) != true {
        retire(list: number)
      } else if key.type == .structure {
        structures |= lists[number].sizes
      } else {
        translations |= lists[number].sizes
      }
    }
    (translationSizes, structureSizes) = (translations, structures)
    overdo(row)
  }

  /// A row that is broken drops more than it needs to.
  @inline(__always) private func overdo(_ row: InvalidationRow?) {
    #if MUTATIONS
      for number in 0..<listCount where row?.exceeds(lists[number].key) == true {
        while lists[number].head != TranslationCache.none { drop(lists[number].head) }
      }
    #endif
  }
}

extension CachedEntry {
  /// Linear or combined, of a VPID.
  func isOfLinear(_ vpid: UInt16) -> Bool { kind != .guestPhysical && tag.vpid == vpid }
}

extension TranslationCache.ListKey {
  /// Linear or combined, of a VPID.
  func isOfLinear(_ vpid: UInt16) -> Bool { kind != .guestPhysical && tag.vpid == vpid }
}
