import EPTTLB
import Layout

// Mappings that may be stale. A mapping is suspect when a structure entry that it came from has changed, and, for as long
// as it is used under another root than its own, for that reason. No host pointer, fetch pointer or link is derived from
// a suspect one, so that each use comes to `translate`, where a walk without side effects decides whether memory agrees.
// They are derived again for accesses in which it agrees: a supervisor's, where only a user has lost his right. Such a use is
// told of once, for each kind of access.
//
// What a walk decided holds until an entry that it read changes: those granules are marked too.

extension Translation: MappingKeeper {
  /// What a walk decided about a mapping under a root.
  struct Verdict {
    /// The root in force.
    var root: UInt64
    /// An address that it is about, and the bits below the page that memory maps there: of a large page that memory maps in
    /// pieces by now, it says nothing of the others.
    var address: UInt64
    var shift: UInt8
    /// Kinds of access (`Access.bit`) whose uses of the mapping have been told of, though they take nothing from what has
    /// changed.
    var told: UInt8 = 0
    /// How memory differs under the mapping's own root.
    var own: Disagreement
    /// How it differs under the root in force, when that is another.
    var inForce: Disagreement?

    var agrees: Bool { own.isEmpty && inForce?.isEmpty != false }

    /// Whether an access makes use of what the mapping has and memory has not.
    func isExploited(by access: Access) -> Bool {
      !own.excess.union(inForce?.excess ?? []).isDisjoint(with: access.axes)
    }

    func isAbout(_ root: UInt64, _ address: UInt64) -> Bool {
      self.root == root && (self.address ^ address) >> UInt64(shift) == 0
    }
  }

  /// The verdicts about a mapping, and the entries that their walks read.
  struct Verdicts {
    var list: [Verdict] = []
    var sources: [UInt64] = []
    var references = StructureIndex.none
  }

  /// Verdicts kept for one mapping: global pages are used under every root there is.
  private static let maximumVerdicts = 64

  // MARK: Marks

  /// Marks the granules that a new mapping came from.
  public func mappingFiled(_ slot: Slot) {
    while references.count <= Int(slot) { references.append(StructureIndex.none) }
    let page = pageSource(slot)
    var list = StructureIndex.none
    func mark(_ source: Source, _ index: Int) {
      memory.mark(
        source.address, meaning(source, isPage: index == page), processor: processorNumber, slot: slot, list: &list)
    }
    let entry = cache.pointer(slot)
    if entry.pointee.kind == .linear {
      for index in 0..<Int(entry.pointee.sourceCount) { mark(entry.pointee.sources[index], index) }
    } else {
      for index in 0..<cache.sourceCount(slot) { mark(cache.source(slot, index), index) }
    }
    references[Int(slot)] = list
    if speculates, cache.isStructure(slot) {
      memory.addTable(cache[slot].target, processor: processorNumber, slot: slot)
    }
  }

  /// Takes its marks away.
  public func mappingDropped(_ slot: Slot) {
    if cache.isSuspect(slot) { staleListener { $0.suspicionEnded(of: slot, on: self) } }
    forgetStaleRead(by: slot)
    memory.unmark(references[Int(slot)])
    references[Int(slot)] = StructureIndex.none
    forgetVerdicts(slot)
    if speculates, cache.isStructure(slot) {
      memory.removeTable(cache[slot].target, processor: processorNumber, slot: slot)
    }
  }

  /// An entry goes, and its marks stay with it.
  public func mappingRetired(_ slot: Slot) {
    forgetStaleRead(by: slot)
    forgetVerdicts(slot)
  }

  /// Its marks are there.
  public func mappingRevived(_ slot: Slot) {}

  /// Takes its marks away.
  public func mappingReleased(_ slot: Slot) {
    memory.unmark(references[Int(slot)])
    references[Int(slot)] = StructureIndex.none
  }

  /// Which source of a translation maps the page: the last one that is not EPT's. None does of a structure.
  private func pageSource(_ slot: Slot) -> Int {
    guard !cache.isStructure(slot) else { return -1 }
    var index = cache.sourceCount(slot) - 1
    while index >= 0, cache.source(slot, index).isEPT { index -= 1 }
    return index
  }

  /// What a change of a source can mean.
  private func meaning(_ source: Source, isPage: Bool) -> EntryMeaning {
    if source.isEPT { return .ept }
    if controls.mode == .twoLevel { return isPage ? .page32 : .table32 }
    return isPage ? .page64 : .table64
  }

  /// Every entry whose granule is marked for a mapping of this processor: for tests.
  func forEachSource(_ body: (Slot, UInt64) -> Void) {
    cache.forEach { slot, _ in
      for source in cache.sources(slot) { body(slot, source.address) }
      for address in verdicts[slot]?.sources ?? [] { body(slot, address) }
    }
    cache.forEachRetired { slot in
      for source in cache.sources(slot) { body(slot, source.address) }
    }
  }

  // MARK: Suspicion

  /// An entry that a mapping came from, or that a walk about it has read, has changed.
  func suspect(_ slot: Slot, _ change: StructureChange) {
    forgetStaleRead()
    guard cache.isCached(slot) else {
      // No walk would make it again.
      if cache.isRetired(slot) { cache.release(slot) }
      return
    }
    let isOwn = (0..<cache.sourceCount(slot)).contains { cache.source(slot, $0).address == change.address }
    let isNew = isOwn && cache.suspect(slot, change)
    if isOwn { staleListener { $0.entryChanged(of: slot, on: self, change) } }
    let hadVerdicts = verdicts[slot] != nil
    forgetVerdicts(slot)
    if isNew || hadVerdicts { withdraw(slot) }
  }

  /// Nothing may be derived from a mapping any more.
  private func withdraw(_ slot: Slot) {
    let entry = cache[slot]
    guard !entry.isStructure else { return }
    let derived = TranslationCache.Dropped(slot: slot, prefix: entry.prefix, shift: entry.shift)
    purgeHostPointers(of: derived)
    fetchesLapse(by: derived)
  }

  /// Whether host pointers, fetch pointers and links for an access may be derived from a mapping in the context in force:
  /// a suspect one must be known to be as memory says, or different only in what such an access makes no use of.
  public func mayDerive(_ slot: Slot, _ address: LinearAddress, _ access: Access) -> Bool {
    guard slot != Translation.noMapping else { return true }
    let root = controls.root(of: address)
    guard cache.isSuspect(slot) || cache.root(slot) != root else { return true }
    return isCleared(slot, address.value, root, access)
  }

  /// Whether a walk has decided that an access takes nothing from what has changed.
  func isCleared(_ slot: Slot, _ address: UInt64, _ root: UInt64, _ access: Access) -> Bool {
    verdicts[slot]?.list.first { $0.isAbout(root, address) }?.isExploited(by: access) == false
  }

  /// Whether the use of a mapping must be looked into: an entry it came from has changed, or it is another root's.
  @inline(__always) func isSuspect(_ slot: Slot, _ address: LinearAddress) -> Bool {
    cache.isSuspect(slot) || cache.root(slot) != controls.root(of: address)
  }

  /// Memory is again what a mapping was made from.
  func clear(_ slot: Slot) {
    staleListener { $0.suspicionEnded(of: slot, on: self) }
    cache.clear(slot)
  }

  /// A suspect mapping is used, or denies an access.
  func consult(_ slot: Slot, _ address: LinearAddress, _ access: Access) {
    let root = controls.root(of: address)
    if countsStaleRead(by: slot, root: root, access) { return }
    forgetStaleRead()
    if cache.isSuspect(slot), holds(slot) {
      clear(slot)
      if cache.root(slot) == root {
        forgetVerdicts(slot)
        return
      }
    }
    let verdict = verdict(slot, address)
    guard !verdict.agrees, let observer = staleUseObserver else { return }
    let entry = cache[slot]
    let isDenied = !controls.permits(access, entry.rights, key: entry.protectionKey)
    let isExploited = verdict.isExploited(by: access)
    guard isDenied || isExploited || isNews(slot, address, root, access) else { return }
    observer.staleMappingUsed(
      StaleUse(
        processor: processorNumber, cycle: storingMoment.cycle, rip: storingMoment.rip, address: address,
        access: access, isDenied: isDenied, mapping: entry, slot: slot,
        sources: cache.sources(slot),
        suspicion: cache.suspicion(slot), own: verdict.own,
        inForce: verdict.inForce.map { (root, $0) }))
    // Until a structure entry or the controls change, another one is the same.
    if isExploited, !access.isWrite { keepStaleRead(by: slot, root: root, access) }
  }

  /// Whether such a use of a mapping is told of for the first time.
  private func isNews(_ slot: Slot, _ address: LinearAddress, _ root: UInt64, _ access: Access) -> Bool {
    guard let index = verdicts[slot]?.list.firstIndex(where: { $0.isAbout(root, address.value) }) else { return true }
    guard let told = verdicts[slot]?.list[index].told, told & access.bit == 0 else { return false }
    verdicts[slot]?.list[index].told = told | access.bit
    return true
  }

  /// A suspect guest-physical mapping is used, or denies an access.
  func consult(_ slot: Slot, _ guestPhysical: UInt64, _ access: EPTAccess, _ ept: EPTControls) {
    if cache.isSuspect(slot), holds(slot) {
      clear(slot)
      if cache.root(slot) == ept.pointer {
        forgetVerdicts(slot)
        return
      }
    }
    let verdict = verdict(slot, guestPhysical, ept)
    guard !verdict.agrees, let observer = staleUseObserver else { return }
    forgetStaleRead()
    let entry = cache[slot]
    observer.staleMappingUsed(
      StaleUse(
        processor: processorNumber, cycle: storingMoment.cycle, rip: storingMoment.rip,
        address: LinearAddress(guestPhysical),
        access: Access(isWrite: access.isWrite, isFetch: access.qualification & 4 != 0),
        isDenied: !entry.eptRights.isSuperset(of: access.needs), mapping: entry, slot: slot,
        sources: cache.sources(slot), suspicion: cache.suspicion(slot), own: verdict.own,
        inForce: verdict.inForce.map { (ept.pointer, $0) }))
  }

  private func verdict(_ slot: Slot, _ guestPhysical: UInt64, _ ept: EPTControls) -> Verdict {
    if let known = verdicts[slot]?.list.first(where: { $0.isAbout(ept.pointer, guestPhysical) }) { return known }
    let entry = cache[slot]
    if verdicts[slot]?.list.count == Translation.maximumVerdicts { forgetVerdicts(slot) }
    var verdicts = verdicts[slot] ?? Verdicts()
    var verdict = Verdict(root: ept.pointer, address: guestPhysical, shift: entry.shift, own: Disagreement())
    func disagreement(_ pointer: UInt64) -> Disagreement {
      var looked = ept
      looked.pointer = pointer
      let nothing = EPTAccess(needs: [], isWrite: false, qualification: 0)
      let walk = EPTWalk(
        guestPhysical, nothing, looked, physicalBits: controls.physicalBits, memory, sideEffects: false)
      for index in 0..<walk.count { mark(walk.steps[index].source, isPage: false, slot, &verdicts) }
      var shift: UInt8 = 12
      if case .mapped(let page) = walk.outcome { shift = page.shift }
      verdict.shift = min(verdict.shift, shift)
      return Disagreement(entry, guestPhysical, walk)
    }
    if cache.isSuspect(slot) { verdict.own = disagreement(entry.root) }
    if entry.root != ept.pointer { verdict.inForce = disagreement(ept.pointer) }
    verdicts.list.append(verdict)
    self.verdicts[slot] = verdicts
    cache.note(slot)
    return verdict
  }

  /// A verdict holds until an entry that it rests on changes.
  private func mark(_ source: Source, isPage: Bool, _ slot: Slot, _ verdicts: inout Verdicts) {
    memory.mark(
      source.address, meaning(source, isPage: isPage), processor: processorNumber, slot: slot,
      list: &verdicts.references)
    verdicts.sources.append(source.address)
  }

  /// Whether every entry that a mapping came from holds what it was made from: then a walk need not look.
  func holds(_ slot: Slot) -> Bool {
    let page = pageSource(slot)
    for index in 0..<cache.sourceCount(slot) {
      let source = cache.source(slot, index)
      let meaning = meaning(source, isPage: index == page)
      let address = PhysicalAddress(source.address)
      let now =
        meaning.bytes == 4 ? UInt64(memory.read(address, as: UInt32.self)) : memory.read(address, as: UInt64.self)
      guard meaning.agrees(source.value, now) else { return false }
    }
    return true
  }

  private func verdict(_ slot: Slot, _ address: LinearAddress) -> Verdict {
    let root = controls.root(of: address)
    if let known = verdicts[slot]?.list.first(where: { $0.isAbout(root, address.value) }) { return known }
    let entry = cache[slot]
    if verdicts[slot]?.list.count == Translation.maximumVerdicts {
      forgetVerdicts(slot)
      withdraw(slot)
    }
    var verdicts = verdicts[slot] ?? Verdicts()
    var verdict = Verdict(root: root, address: address.value, shift: entry.shift, own: Disagreement())
    if cache.isSuspect(slot) {
      verdict.own = disagreement(slot, entry, address, entry.root, &verdicts, &verdict.shift)
    }
    if entry.root != root {
      verdict.inForce = disagreement(slot, entry, address, root, &verdicts, &verdict.shift)
    }
    verdicts.list.append(verdict)
    self.verdicts[slot] = verdicts
    cache.note(slot)
    return verdict
  }

  private func disagreement(
    _ slot: Slot, _ entry: CachedEntry, _ address: LinearAddress, _ root: UInt64, _ verdicts: inout Verdicts,
    _ shift: inout UInt8
  ) -> Disagreement {
    let walk = Walk(
      address, Access(), controls.looking(from: root, at: address), memory, memoryTypes: memoryTypes, sideEffects: false
    )
    for index in 0..<walk.count {
      mark(walk.steps[index].source, isPage: index == walk.count - 1, slot, &verdicts)
    }
    for step in walk.located + walk.pageSteps { mark(step.source, isPage: false, slot, &verdicts) }
    shift = min(shift, walk.isMapped ? walk.mapping.shift : 12)
    return Disagreement(entry, address, walk)
  }

  func forgetVerdicts(_ slot: Slot) {
    forgetStaleRead()
    guard !verdicts.isEmpty, let old = verdicts.removeValue(forKey: slot) else { return }
    memory.unmark(old.references)
  }

  // MARK: The moment of a store

  /// The clock and the instruction pointer at the instruction that is storing: exact inside a block too.
  public var storingMoment: (cycle: UInt64, rip: UInt64) {
    guard let op = accessOp.pointee else { return (state.pointee.cycles, state.pointee.rip) }
    let blockCycles = state.pointee.block.map { UInt64($0.pointee.cycles) } ?? 0
    return (
      state.pointee.cycles &- blockCycles &+ UInt64(op.pointee.cyclesBefore),
      state.pointee.rip &+ UInt64(op.pointee.ripOffset)
    )
  }

  // MARK: Speculation (TLB rule C4)

  /// Fills translations of reachable neighbours of an address: those whose entries lie in the same granule, half of them.
  func fillNeighbours(_ address: LinearAddress, shift: UInt8) {
    let last: UInt64 = controls.mode.isLong ? .max : 0xFFFF_FFFF
    for neighbour in 0..<8 as Range<UInt64> {
      let page = address.value >> UInt64(shift)
      let number = page & ~7 | neighbour
      guard number != page, cache.draw() & 1 == 0 else { continue }
      fill(LinearAddress(number << UInt64(shift) & last))
    }
  }

  /// A store is about to change an entry of the table that a paging-structure-cache entry names: what the entry maps may
  /// just have been filled.
  func speculate(_ slot: Slot, entry offset: UInt64) {
    let structure = cache[slot]
    guard cache.matches(structure, controls.tag) else { return }
    if structure.kind == .guestPhysical {
      guard let ept = controls.ept, structure.root == ept.pointer, offset % 8 == 0 else { return }
      let guestPhysical = structure.prefix | (offset / 8) << (UInt64(structure.shift) - 9)
      guard cache.translation(.guestPhysical, guestPhysical, controls.tag) == nil else { return }
      _ = translate(guestPhysical, EPTAccess(needs: [], isWrite: false, qualification: 0))
      return
    }
    guard structure.kind == kind, structure.root == controls.root(of: LinearAddress(structure.prefix)) else { return }
    let bits: UInt64 = controls.mode == .twoLevel ? 10 : 9
    let bytes: UInt64 = controls.mode == .twoLevel ? 4 : 8
    guard offset % bytes == 0 else { return }
    fill(LinearAddress(structure.prefix | (offset / bytes) << (UInt64(structure.shift) - bits)))
  }

  /// Walks for an address that nobody has asked for. Accessed flags are set, as by any walk; it takes no time.
  func fill(_ address: LinearAddress) {
    guard controls.mode != .none, !controls.mode.isLong || address.isCanonical(bits: controls.mode.linearBits) else {
      return
    }
    guard cache.translation(kind, address.value, controls.tag) == nil else { return }
    let start = structure(address)
    var controls = controls.looking(from: controls.root(of: address), at: address)
    controls.ept?.isLooking = false
    controls.ept?.isSpeculating = true
    let parent = start.map { cache[$0] }
    let inherited = start.flatMap { cache.suspicion($0) }
    let isNested = controls.ept != nil
    let sources = isNested ? start.map { cache.sources($0) } ?? [] : []
    guard case .mapped = Walk(address, Access(), controls, memory, from: parent, sideEffects: false).outcome else {
      return
    }
    let walk = Walk(
      address, Access(), controls, memory, from: parent, cachedSources: sources, memoryTypes: memoryTypes,
      through: isNested ? self : nil, sideEffects: !isBroken(.c4Speculation))
    keep(walk, inherited: inherited, .data)
  }
}

extension PagingControls {
  /// What a walk of an address starts from: the topmost table, or with PAE paging the register that takes its place.
  @inline(__always) func root(of address: LinearAddress) -> UInt64 {
    mode == .pae ? pointers[Int(truncatingIfNeeded: address.value >> 30 & 3)] : root
  }

  /// The same from another root, for a walk on nobody's behalf: what is asked is what memory translates an address to, not
  /// who may use it.
  func looking(from root: UInt64, at address: LinearAddress) -> PagingControls {
    var controls = self
    if mode == .pae {
      controls.pointers[Int(truncatingIfNeeded: address.value >> 30 & 3)] = root
    } else {
      controls.root = root
    }
    controls.supervisorAccessPrevention = false
    (controls.userKeys, controls.supervisorKeys) = (0, 0)
    controls.ept?.isLooking = true
    return controls
  }
}
