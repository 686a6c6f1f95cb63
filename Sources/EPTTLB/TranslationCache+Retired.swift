// Software flushes an address space and goes on using the same pages. An entry that an invalidation drops is kept aside
// for a while: nothing finds it any more, but where a walk would make the same again it is revived, with its marks, in
// place of being made. Results do not depend on it: whoever revives one sees to it that every structure entry the walk
// would read holds what it held.

extension TranslationCache {
  /// Entries kept aside at most.
  static let maximumRetired = 4096

  /// Drops an entry, and keeps it aside if that may be: one of EPT follows from more than it came from.
  func retire(_ slot: Slot) {
    own()
    let node = nodes + Int(slot)
    guard mayRetire, node.pointee.entry.kind == .linear, !node.pointee.isSuspect else { return drop(slot) }
    if tellsOfRevivals || node.pointee.isNoted {
      node.pointee.isNoted = false
      keeper?.mappingRetired(slot)
    }
    takeFromList(slot, node)
    retiredCount &+= 1
    if retiredCount > TranslationCache.maximumRetired { releaseSurplus() }
  }

  /// The keeper wants to know when an entry is retired.
  public func note(_ slot: Slot) {
    own()
    nodes[Int(slot)].isNoted = true
    lists[Int(nodes[Int(slot)].list)].isPlain = false
  }

  /// Whether an entry was dropped and is kept aside.
  public func isRetired(_ slot: Slot) -> Bool { isRetired(nodes + Int(slot)) }

  /// Whether an entry is cached, and not only kept aside.
  public func isCached(_ slot: Slot) -> Bool { isLive(slot) }

  /// A translation that is kept aside and that a walk of an address from a root may make again.
  public func retiredTranslation(_ address: UInt64, _ tag: Tag, root: UInt64) -> Slot? {
    guard retiredCount > 0 else { return nil }
    var sizes = everySize
    while let shift = Sizes.next(&sizes) {
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
      if node.pointee.identity.word & ~EntryIdentity.globalBit == wanted, node.pointee.entry.covers(address),
        node.pointee.entry.root == root, node.pointee.era == era, isRetired(node)
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
    guard node.pointee.birth == parent.birth, node.pointee.era == era, isRetired(node) else { return nil }
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
    while self.count > 0, self.count &+ count >= budget { evictOldest() }
    var level = count
    while level >= 0 {
      var next = slot
      for _ in 0..<level { next = nodes[Int(next)].parent.slot }
      let node = nodes + Int(next)
      putFirst(next, node)
      addToList(next, node)
      node.pointee.sequence = nextSequence
      nextSequence &+= 1
      level &-= 1
    }
    self.count &+= count &+ 1
    retiredCount &-= count &+ 1
    if tellsOfRevivals { tellOfRevival(slot, withParents: count) }
  }

  private func tellOfRevival(_ slot: Slot, withParents count: Int) {
    if count > 0 { tellOfRevival(nodes[Int(slot)].parent.slot, withParents: count - 1) }
    keeper?.mappingRevived(slot)
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
    retiredCount &-= 1
    forget(slot, nodes + Int(slot))
  }

  /// Forgets entries that are kept aside until there are no more than may be; which, does not matter.
  func releaseSurplus() {
    while retiredCount > TranslationCache.maximumRetired { releaseOne() }
  }

  /// Forgets the next one of those that are kept aside; there is one.
  func releaseOne() {
    repeat { releaseHand = releaseHand + 1 < capacity ? releaseHand + 1 : 0 } while !isRetired(nodes + releaseHand)
    release(Slot(releaseHand))
  }

  /// Forgets every entry that is kept aside.
  func releaseAll() {
    while retiredCount > 0 { releaseOne() }
  }

  /// Every entry that is kept aside.
  public func forEachRetired(_ body: (Slot) -> Void) {
    guard retiredCount > 0 else { return }
    for slot in 0..<capacity where isRetired(nodes + slot) { body(Slot(slot)) }
  }
}
