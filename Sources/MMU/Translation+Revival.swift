import EPTTLB

// What a walk would make is there already: an invalidation dropped it, and every entry that the walk would read holds what
// it held (`TranslationCache+Retired.swift`). It costs the same cycles, and leaves the same behind.

extension Translation {
  /// Does what a walk would do, if that is known.
  ///
  /// - Parameter start: the paging-structure-cache entry that the walk would begin at.
  /// - Returns: the translation; nil: a walk must find out.
  func revive(_ address: LinearAddress, _ access: Access, _ start: Slot?) -> Slot? {
    guard cache.retiredCount > 0, controls.ept == nil else { return nil }
    let root = controls.root(of: address)
    guard let slot = cache.retiredTranslation(address.value, controls.tag, root: root) else { return nil }
    let entry = cache.pointer(slot)
    guard controls.permits(access, entry.pointee.rights, key: entry.pointee.protectionKey) else { return nil }
    guard !access.isWrite || entry.pointee.isDirty, isUnchanged(entry) else {
      cache.release(slot)
      return nil
    }
    let indexBits = EntryFormat.indexBits(controls.mode)
    var top = EntryFormat.topShift(controls.mode)
    if let start {
      guard !cache.isSuspect(start), cache.root(start) == root else { return nil }
      top = cache.pointer(start).pointee.shift - indexBits
    }
    // From the translation up.
    var count = 0
    var child = slot
    var shift = entry.pointee.shift + indexBits
    while shift <= top {
      guard let structure = retiredStructure(above: child, shift: shift, address, root, entry) else { return nil }
      count += 1
      child = structure
      shift += indexBits
    }
    if let start, !cache.isParent(start, of: child) {
      guard comes(from: start, entry) else { return nil }
      cache.setParent(of: child, cache.lineage(start))
    }
    state.pointee.cycles &+= UInt64(count + 1) &* walkReferenceCycles
    cache.revive(slot, withParents: count)
    return slot
  }

  /// The paging-structure-cache entry of a size that a walk would make again on its way to a translation: mostly the one
  /// that the walk which made its child went through.
  @inline(__always) private func retiredStructure(
    above child: Slot, shift: UInt8, _ address: LinearAddress, _ root: UInt64, _ entry: UnsafePointer<CachedEntry>
  ) -> Slot? {
    if let parent = cache.retiredParent(child), cache.pointer(parent).pointee.shift == shift { return parent }
    guard let found = cache.retired(address.value, controls.tag, root: root, shift: shift, isStructure: true),
      comes(from: found, entry)
    else { return nil }
    cache.setParent(of: child, cache.lineage(found))
    return found
  }

  /// Caches a paging-structure-cache entry that a walk may leave behind, if the same one is kept aside.
  func reviveStructure(of walk: Walk, _ index: Int) -> Slot? {
    guard cache.retiredCount > 0, controls.ept == nil else { return nil }
    guard
      let slot = cache.retired(
        walk.address.value, controls.tag, root: walk.root, shift: walk.structureShift(index), isStructure: true)
    else { return nil }
    guard walk.structure(index, comesFromSourcesOf: cache.pointer(slot)) else {
      cache.release(slot)
      return nil
    }
    cache.revive(slot)
    return slot
  }

  /// Whether every structure entry that an entry came from holds what it held, to the last bit.
  @inline(__always) private func isUnchanged(_ entry: UnsafePointer<CachedEntry>) -> Bool {
    let isWide = controls.mode != .twoLevel
    for index in 0..<Int(entry.pointee.sourceCount) {
      let source = sources(entry)[index]
      guard memory.isRAM(PhysicalAddress(source.address), bytes: 8) else { return false }
      let host = memory.base + Int(source.address)
      let now = isWide ? host.load(as: UInt64.self) : UInt64(host.load(as: UInt32.self))
      guard now == source.value else { return false }
    }
    return true
  }

  /// Whether a paging-structure-cache entry came from the first entries that another one came from.
  @inline(__always) private func comes(from structure: Slot, _ entry: UnsafePointer<CachedEntry>) -> Bool {
    let parent = cache.pointer(structure)
    guard parent.pointee.sourceCount < entry.pointee.sourceCount else { return false }
    let (above, all) = (sources(parent), sources(entry))
    for index in 0..<Int(parent.pointee.sourceCount) where above[index] != all[index] { return false }
    return true
  }

  @inline(__always) private func sources(_ entry: UnsafePointer<CachedEntry>) -> UnsafePointer<Source> {
    (UnsafeRawPointer(entry) + sourcesOffset).assumingMemoryBound(to: Source.self)
  }
}
