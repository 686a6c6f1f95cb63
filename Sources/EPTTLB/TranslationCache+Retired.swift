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
  func retire(list number: Int) {
    own()
    var slot = lists[number].head
    while slot != TranslationCache.none {
      let node = nodes + Int(slot)
      let next = node.pointee.nextInList
      if mayRetire(node) { setAside(slot, node) } else { drop(slot) }
      slot = next
    }
    lists[number].head = TranslationCache.none
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
    retiredCount &+= 1
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
    var sizes = translationSizes.everUsed
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

  /// The paging-structure-cache entry that the walk which made an entry went through last, if that one is kept aside and
  /// walks would make it again.
  @inlinable @inline(__always) public func retiredParent(_ slot: Slot) -> Slot? {
    let parent = nodes[Int(slot)].parent
    guard parent.slot != TranslationCache.none else { return nil }
    let node = nodes + Int(parent.slot)
    guard node.pointee.isRetired, node.pointee.birth == parent.birth, node.pointee.era == era else { return nil }
    return parent.slot
  }

  /// Whether the walk that made an entry went through a paging-structure-cache entry that lives last.
  @inlinable @inline(__always) public func isParent(_ parent: Slot, of slot: Slot) -> Bool {
    let known = nodes[Int(slot)].parent
    return known.slot == parent && nodes[Int(parent)].birth == known.birth
  }

  /// What tells a live entry from those that had its slot before, and will have it.
  public func lineage(_ slot: Slot) -> Lineage { Lineage(slot: slot, birth: nodes[Int(slot)].birth) }

  /// Notes what the walk that made an entry went through last.
  public func setParent(of slot: Slot, _ parent: Lineage) {
    own()
    nodes[Int(slot)].parent = parent
  }

  /// Caches an entry that is kept aside, as if it were made anew, and before it so many of those that the walk which made it
  /// went through.
  public func revive(_ slot: Slot, withParents count: Int = 0) {
    own()
    while self.count &+ count >= budget, oldest != TranslationCache.none { evictOne(oldest) }
    // In registers: each entry is linked to the one before it.
    var ages = (youngest: youngest, sequence: nextSequence)
    var level = count
    while level >= 0 {
      var next = slot
      for _ in 0..<level { next = nodes[Int(next)].parent.slot }
      let node = nodes + Int(next)
      takeAside(node)
      node.pointee.isLive = true
      putFirst(next, node)
      addToList(next, node)
      append(next, node, to: &ages)
      level &-= 1
    }
    (youngest, nextSequence) = ages
    self.count &+= count &+ 1
    retiredCount &-= count &+ 1
    guard tellsOfRevivals else { return }
    for level in (0...count).reversed() {
      var next = slot
      for _ in 0..<level { next = nodes[Int(next)].parent.slot }
      keeper?.mappingRevived(next)
    }
  }

  /// In a chain, the newest comes first.
  @inline(__always) private func putFirst(_ slot: Slot, _ node: UnsafeMutablePointer<Node>) {
    let chain = Int(node.pointee.chain)
    guard buckets[chain] != slot else { return }
    unchain(slot, node)
    node.pointee.nextInBucket = buckets[chain]
    buckets[chain] = slot
  }

  /// Forgets an entry that is kept aside.
  public func release(_ slot: Slot) {
    own()
    keeper?.mappingReleased(slot)
    let node = nodes + Int(slot)
    takeAside(node)
    retiredCount &-= 1
    forget(slot, node)
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

  @inline(__always) private func takeAside(_ node: UnsafeMutablePointer<Node>) {
    node.pointee.isRetired = false
    let (older, younger) = (node.pointee.older, node.pointee.younger)
    if older != TranslationCache.none { nodes[Int(older)].younger = younger } else { firstRetired = younger }
    if younger != TranslationCache.none { nodes[Int(younger)].older = older } else { lastRetired = older }
  }
}
