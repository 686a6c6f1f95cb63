// Software flushes an address space and goes on using the same pages. An entry that an invalidation drops is kept aside
// for a while: nothing finds it any more, but where a walk would make the same again it is revived, with its marks, in
// place of being made. Results do not depend on it: whoever revives one sees to it that every structure entry the walk
// would read holds what it held.

extension TranslationCache {
  /// Entries kept aside at most; then the one that was longest goes.
  static let maximumRetired = 4096

  /// Whether an entry may be kept aside: one of EPT follows from more than it came from.
  @inline(__always) private func mayRetire(_ node: UnsafeMutablePointer<Node>) -> Bool {
    mayRetire && node.pointee.entry.kind == .linear && !node.pointee.isSuspect && node.pointee.era >= firstEra
  }

  /// Drops an entry, and keeps it aside if that may be.
  func retire(_ slot: Slot) {
    own()
    let node = nodes + Int(slot)
    guard mayRetire(node) else { return drop(slot) }
    takeFromList(node)
    setAside(slot, node)
    if retiredCount > TranslationCache.maximumRetired { release(firstRetired) }
  }

  /// Drops all entries of a list, and keeps aside what may be.
  func retire(list: Int) {
    own()
    var slot = heads[list]
    while slot != TranslationCache.none {
      let node = nodes + Int(slot)
      let next = node.pointee.nextInList
      if mayRetire(node) { setAside(slot, node) } else { drop(slot) }
      slot = next
    }
    heads[list] = TranslationCache.none
    while retiredCount > TranslationCache.maximumRetired { release(firstRetired) }
  }

  /// Keeps an entry aside that is taken from its list, or goes with all of it.
  @inline(__always) private func setAside(_ slot: Slot, _ node: UnsafeMutablePointer<Node>) {
    if tellsOfRevivals || node.pointee.isNoted {
      node.pointee.isNoted = false
      keeper?.mappingRetired(slot)
    }
    takeFromAges(slot, node)
    node.pointee.isRetired = true
    node.pointee.older = lastRetired
    node.pointee.younger = TranslationCache.none
    if lastRetired != TranslationCache.none { nodes[Int(lastRetired)].younger = slot } else { firstRetired = slot }
    lastRetired = slot
    retiredCount += 1
    if !node.pointee.entry.isStructure { retiredSizes.add(node.pointee.entry.shift) }
  }

  /// The keeper wants to know when an entry is retired.
  public func note(_ slot: Slot) {
    own()
    nodes[Int(slot)].isNoted = true
  }

  /// Whether an entry was dropped and is kept aside.
  public func isRetired(_ slot: Slot) -> Bool { nodes[Int(slot)].isRetired }

  /// Whether an entry is cached, and not only kept aside.
  public func isCached(_ slot: Slot) -> Bool { isLive(slot) }

  /// A translation that is kept aside and that a walk of an address from a root may make again.
  public func retiredTranslation(_ address: UInt64, _ tag: Tag, root: UInt64) -> Slot? {
    guard retiredCount > 0 else { return nil }
    var sizes = retiredSizes.used
    while let shift = SizeCounts.next(&sizes) {
      if let slot = retired(address, tag, root: root, shift: shift, isStructure: false) { return slot }
    }
    return nil
  }

  /// A linear entry that is kept aside.
  @inline(__always)
  public func retired(_ address: UInt64, _ tag: Tag, root: UInt64, shift: UInt8, isStructure: Bool) -> Slot? {
    guard retiredCount > 0 else { return nil }
    let wanted = EntryIdentity(.linear, shift: shift, isStructure: isStructure, tag).word
    var slot = buckets[bucket(address, shift, EntryIdentity.home(vpid: tag.vpid))]
    while slot != TranslationCache.none {
      let node = nodes + Int(slot)
      if node.pointee.isRetired, node.pointee.identity.word & ~EntryIdentity.globalBit == wanted,
        node.pointee.entry.covers(address), node.pointee.entry.root == root, node.pointee.era == era
      {
        return slot
      }
      slot = node.pointee.nextInBucket
    }
    return nil
  }

  /// Caches an entry that is kept aside, as if it were made anew.
  public func revive(_ slot: Slot) {
    own()
    if count >= budget, oldest != TranslationCache.none { evictOne(oldest) }
    let node = nodes + Int(slot)
    takeAside(slot)
    node.pointee.isLive = true
    let chain = bucket(of: node)
    // The newest comes first.
    if buckets[chain] != slot {
      unchain(slot, from: chain)
      node.pointee.nextInBucket = buckets[chain]
      buckets[chain] = slot
    }
    linkIntoLists(slot)
    if tellsOfRevivals { keeper?.mappingRevived(slot) }
  }

  /// Forgets an entry that is kept aside.
  public func release(_ slot: Slot) {
    own()
    keeper?.mappingReleased(slot)
    takeAside(slot)
    unchain(slot)
    free.append(slot)
  }

  /// Forgets every entry that is kept aside.
  func releaseAll() {
    while firstRetired != TranslationCache.none { release(firstRetired) }
  }

  /// Every entry that is kept aside.
  public func forEachRetired(_ body: (Slot) -> Void) {
    var slot = firstRetired
    while slot != TranslationCache.none {
      body(slot)
      slot = nodes[Int(slot)].younger
    }
  }

  @inline(__always) private func takeAside(_ slot: Slot) {
    let node = nodes + Int(slot)
    node.pointee.isRetired = false
    let (older, younger) = (node.pointee.older, node.pointee.younger)
    if older != TranslationCache.none { nodes[Int(older)].younger = younger } else { firstRetired = younger }
    if younger != TranslationCache.none { nodes[Int(younger)].older = older } else { lastRetired = older }
    retiredCount -= 1
    if !node.pointee.entry.isStructure { retiredSizes.remove(node.pointee.entry.shift) }
  }
}
