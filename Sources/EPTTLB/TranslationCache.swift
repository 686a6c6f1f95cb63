/// Told of every entry of a cache that comes and goes, while it lives.
public protocol MappingKeeper: AnyObject {
  /// An entry has been cached.
  func mappingFiled(_ slot: Slot)
  /// An entry is about to go.
  func mappingDropped(_ slot: Slot)
  /// An entry goes, but is kept aside: it may be revived.
  func mappingRetired(_ slot: Slot)
  /// An entry that was kept aside is cached again.
  func mappingRevived(_ slot: Slot)
  /// An entry that was kept aside is about to be forgotten.
  func mappingReleased(_ slot: Slot)
}

/// Index of a cached entry; stays the same as long as the entry lives.
public typealias Slot = UInt32

/// One processor's mappings: translations and paging-structure-cache entries of all kinds, found by address and tag,
/// dropped by the rules of invalidation (`TranslationCache+Invalidation.swift`).
///
/// Where the architecture lets a processor choose, a `RetentionPolicy` does.
///
/// Entries lie in one slab; a hash chain finds them by address, and a list a tag and class makes dropping a whole address
/// space cheap.
public final class TranslationCache {
  /// Of no entry.
  @usableFromInline static let none: Slot = .max

  @usableFromInline struct Node {
    @usableFromInline var entry: CachedEntry
    @usableFromInline var identity: EntryIdentity
    @usableFromInline var sequence: UInt64
    /// Index of all its sources, when they are more than an entry holds; else `none`.
    @usableFromInline var manySources: UInt32
    /// A structure entry that it came from may have changed: `suspicions` says how.
    @usableFromInline var isSuspect: Bool
    /// The slot is not free; what does not live is kept aside (`TranslationCache+Retired.swift`).
    @usableFromInline var isUsed: Bool
    /// The keeper wants to know when it is retired.
    var isNoted: Bool
    /// What walks depended on apart from memory when it was made, as a number.
    @usableFromInline var era: UInt32
    /// Tells it from others that had its slot before.
    @usableFromInline var birth: UInt64
    /// The paging-structure-cache entry that the walk went through last.
    @usableFromInline var parent: Lineage
    /// The chain that it is in.
    var chain: UInt32
    @usableFromInline var nextInBucket: Slot
    /// Its tag's list, and that one's epoch when it was cached: it lives as long as they are the same.
    @usableFromInline var list: UInt32
    @usableFromInline var epoch: UInt64
    @usableFromInline var previousInList: Slot
    @usableFromInline var nextInList: Slot
  }

  /// An entry, whatever has its slot by now.
  @frozen public struct Lineage: Sendable {
    @usableFromInline let slot: Slot
    @usableFromInline let birth: UInt64

    static let none = Lineage(slot: TranslationCache.none, birth: 0)
  }

  /// A translation that was dropped, or has left a part's first level: whatever was derived from it must go.
  public struct Dropped {
    /// Its slot; may be in use again by the time it is read.
    public let slot: Slot
    /// First address and size of the page.
    public let prefix: UInt64
    /// Address bits below the page.
    public let shift: UInt8

    /// A translation whose derivations must go.
    public init(slot: Slot, prefix: UInt64, shift: UInt8) {
      self.slot = slot
      self.prefix = prefix
      self.shift = shift
    }
  }

  /// What the architecture leaves open is decided by this.
  public let policy: RetentionPolicy
  let budget: Int
  /// Entries that are dropped may be kept aside: the policy never picks one by its slot.
  let mayRetire: Bool
  /// The keeper is told of every entry that is retired or revived, not only of those it has asked for.
  public var tellsOfRevivals = false
  /// An image may share the slabs.
  var isShared = false
  /// A part's arrays, when the policy is one.
  var arrays: SetAssociativeArrays?
  /// Whether a translation that is found must also be looked for in a part's arrays.
  public let hasLevels: Bool
  var random: UInt64
  /// Told of every entry that comes and goes.
  public unowned(unsafe) var keeper: (any MappingKeeper)?
  /// By slot, why it is suspect.
  var suspicions: [Slot: Suspicion] = [:]
  /// Sources of entries that came from more than an entry holds.
  var manySources: [[Source]] = []
  var freeManySources: [UInt32] = []

  /// Where `nodes` and `buckets` lie; shared with images.
  var nodeSlab: Slab<Node>
  var bucketSlab: Slab<Slot>
  @usableFromInline var nodes: UnsafeMutablePointer<Node>
  var capacity = 1024
  var free: [Slot] = []
  @usableFromInline var buckets: UnsafeMutablePointer<Slot>
  /// 64 less the binary logarithm of how many there are: the topmost bits of a product depend on all bits below.
  @usableFromInline var bucketShift: UInt64 = 52
  var bucketCount: Int { 1 << Int(64 - bucketShift) }
  /// Entries by tag and class (`TranslationCache+Lists.swift`).
  var listSlab: Slab<List>
  @usableFromInline var lists: UnsafeMutablePointer<List>
  var listCount = 0
  var listNumbers: [ListKey: UInt32] = [:]
  /// By class, the list that an entry was put on last.
  var latestLists = InlineArray<3, UInt32>(repeating: 0)
  /// Lists to use again.
  var freeLists: [UInt32] = []
  /// When there are as many lists, empty ones are looked for.
  var manyLists = 64
  /// Live entries by age, as they were when the budget was met, and how many of them have been passed over
  /// (`TranslationCache+Ages.swift`).
  var ages: [Aged] = []
  var nextAge = 0
  @usableFromInline var nextSequence: UInt64 = 0
  /// Sizes of live translations and structures, and of any translation that ever was: a size nobody uses costs no look-up.
  var translationSizes: UInt64 = 0
  var structureSizes: UInt64 = 0
  var everySize: UInt64 = 0
  /// Live translations that are pieces of a larger page.
  var pieceCount = 0

  /// Translations dropped since the list was last emptied by whoever keeps things derived from them.
  @inlinable @inline(__always) public var dropped: UnsafeBufferPointer<Dropped> {
    UnsafeBufferPointer(start: droppedList, count: droppedCount)
  }
  @usableFromInline var droppedList: UnsafeMutablePointer<Dropped>
  @usableFromInline var droppedCount = 0
  private var droppedCapacity = 256
  /// Entries kept aside, and where the last one was forgotten.
  public internal(set) var retiredCount = 0
  var releaseHand = 0
  /// Number of what walks depend on by now, apart from memory and root; new entries are stamped with it.
  public var era: UInt32 = 0

  /// Entries that live.
  public internal(set) var count = 0
  /// Entries that the budget, a part's size or chance drove out.
  public internal(set) var evictions: UInt64 = 0

  /// An empty cache.
  public init(policy: RetentionPolicy) {
    self.policy = policy
    budget = policy.budget
    #if MUTATIONS
      mayRetire = false
    #else
      switch policy {
      case .retain, .flush: mayRetire = true
      case .speculate, .part, .random: mayRetire = false
      }
    #endif
    random = policy.seed
    if case .part(let part) = policy {
      arrays = SetAssociativeArrays(part)
      hasLevels = true
    } else {
      hasLevels = false
    }
    // A node of zeros is not live: no list's epoch is 0.
    nodeSlab = Slab(capacity: capacity)
    nodes = nodeSlab.elements
    bucketSlab = Slab(capacity: 1 << 12)
    buckets = bucketSlab.elements
    buckets.initialize(repeating: TranslationCache.none, count: bucketSlab.capacity)
    listSlab = Slab(capacity: 16)
    lists = listSlab.elements
    lists.pointee = List(key: .none, epoch: 1, head: TranslationCache.none, count: 0, sizes: 0, isPlain: false)
    droppedList = .allocate(capacity: droppedCapacity)
    free = (0..<Slot(capacity)).reversed()
  }

  deinit { droppedList.deallocate() }

  /// Empties the list of dropped translations.
  @inlinable @inline(__always) public func forgetDropped() { droppedCount = 0 }

  @inline(__always) func noteDropped(_ slot: Slot, _ node: UnsafeMutablePointer<Node>) {
    noteDropped(Dropped(slot: slot, prefix: node.pointee.entry.prefix, shift: node.pointee.entry.shift))
  }

  @inline(__always) func noteDropped(_ translation: Dropped) {
    if droppedCount == droppedCapacity { growDropped() }
    (droppedList + droppedCount).initialize(to: translation)
    droppedCount &+= 1
  }

  private func growDropped() {
    let longer = UnsafeMutablePointer<Dropped>.allocate(capacity: droppedCapacity * 2)
    longer.initialize(from: droppedList, count: droppedCount)
    droppedList.deallocate()
    (droppedList, droppedCapacity) = (longer, droppedCapacity * 2)
  }

  /// A live entry; of one that came from more sources than it holds the first few are there.
  @inlinable public subscript(slot: Slot) -> CachedEntry { nodes[Int(slot)].entry }

  /// Where a live entry lies, until the next one is cached.
  @inlinable public func pointer(_ slot: Slot) -> UnsafePointer<CachedEntry> {
    UnsafeRawPointer(nodes + Int(slot)).assumingMemoryBound(to: CachedEntry.self)
  }

  /// How many entries had been cached when a live one was: tells what came before what.
  public func sequence(_ slot: Slot) -> UInt64 { nodes[Int(slot)].sequence }

  /// How many entries have been cached so far.
  @inlinable public var insertions: UInt64 { nextSequence }

  /// Whether a live entry is a paging-structure-cache entry.
  @inlinable public func isStructure(_ slot: Slot) -> Bool { nodes[Int(slot)].entry.isStructure }

  /// What a live translation permits.
  @inlinable public func rights(_ slot: Slot) -> Rights { nodes[Int(slot)].entry.rights }

  /// What EPT permits of it.
  @inlinable public func eptRights(_ slot: Slot) -> EPTRights { nodes[Int(slot)].entry.eptRights }

  /// The protection key of its leaf.
  @inlinable public func protectionKey(_ slot: Slot) -> UInt8 { nodes[Int(slot)].entry.protectionKey }

  /// Its dirty flag when it was cached.
  @inlinable public func isDirty(_ slot: Slot) -> Bool { nodes[Int(slot)].entry.isDirty }

  /// Linear (or guest-physical) address of its first byte.
  @inlinable public func prefix(_ slot: Slot) -> UInt64 { nodes[Int(slot)].entry.prefix }

  /// The APIC-access page when a live translation was made.
  @inlinable public func apicAccessPage(_ slot: Slot) -> UInt64 { nodes[Int(slot)].entry.apicAccessPage }

  /// The root it was built from.
  @inlinable public func root(_ slot: Slot) -> UInt64 { nodes[Int(slot)].entry.root }

  /// Where it leads from an address.
  @inlinable public func physical(_ slot: Slot, _ address: UInt64) -> UInt64 {
    nodes[Int(slot)].entry.physical(address)
  }

  /// How many structure entries a live entry came from.
  @inlinable public func sourceCount(_ slot: Slot) -> Int {
    let node = nodes + Int(slot)
    return node.pointee.manySources == TranslationCache.none
      ? Int(node.pointee.entry.sourceCount) : manySourceCount(node.pointee.manySources)
  }

  /// One of them.
  @inlinable public func source(_ slot: Slot, _ index: Int) -> Source {
    let node = nodes + Int(slot)
    return node.pointee.manySources == TranslationCache.none
      ? node.pointee.entry.sources[index] : manySource(node.pointee.manySources, index)
  }

  @usableFromInline func manySourceCount(_ list: UInt32) -> Int { manySources[Int(list)].count }
  @usableFromInline func manySource(_ list: UInt32, _ index: Int) -> Source { manySources[Int(list)][index] }

  /// The structure entries that a live entry came from, in the order of the walk's reads.
  public func sources(_ slot: Slot) -> [Source] {
    let node = nodes + Int(slot)
    if node.pointee.manySources != TranslationCache.none { return manySources[Int(node.pointee.manySources)] }
    return (0..<Int(node.pointee.entry.sourceCount)).map { node.pointee.entry.sources[$0] }
  }

  /// A number of the policy's generator (SplitMix64).
  public func draw() -> UInt64 {
    random &+= 0x9E37_79B9_7F4A_7C15
    var value = random
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  // MARK: Looking up

  /// The chain of an address, of a page size and a home (`EntryIdentity.home`).
  @inline(__always) func bucket(_ address: UInt64, _ shift: UInt8, _ home: UInt64) -> Int {
    let hash = ((address >> UInt64(shift) &+ UInt64(shift) << 52) ^ home) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: hash &>> bucketShift)
  }

  /// The chain that an entry belongs to.
  func bucket(of node: UnsafeMutablePointer<Node>) -> Int {
    bucket(
      node.pointee.entry.prefix, node.pointee.entry.shift,
      EntryIdentity.home(node.pointee.entry.kind, node.pointee.entry.tag))
  }

  /// The translation that may be used for an address under a tag: one of the tag's, or a global one of its VPID (rules
  /// U1, U2). Of several, the oldest (rule C5).
  public func translation(_ kind: MappingKind, _ address: UInt64, _ tag: Tag) -> Slot? {
    var best: Slot?
    var sizes = translationSizes
    while let shift = Sizes.next(&sizes) {
      guard let slot = find(kind, address, tag, shift: shift, isStructure: false) else { continue }
      if let old = best, (nodes[Int(old)].sequence < nodes[Int(slot)].sequence) != isBroken(.c5Age) { continue }
      best = slot
    }
    return best
  }

  /// The paging-structure-cache entry that lets a walk skip most: the one with the longest prefix.
  ///
  /// - Parameter shifts: bit s: an entry of shift s is one that the walk can begin at. The tag does not say which paging
  ///   mode an entry is of.
  public func structure(_ kind: MappingKind, _ address: UInt64, _ tag: Tag, shifts: UInt64 = .max) -> Slot? {
    var sizes = structureSizes & shifts
    while let shift = Sizes.next(&sizes) {
      if let slot = find(kind, address, tag, shift: shift, isStructure: true) { return slot }
    }
    return nil
  }

  @inline(__always)
  func find(_ kind: MappingKind, _ address: UInt64, _ tag: Tag, shift: UInt8, isStructure: Bool) -> Slot? {
    var best: Slot?
    let wanted = EntryIdentity(kind, shift: shift, isStructure: isStructure, tag)
    var slot = buckets[bucket(address, shift, EntryIdentity.home(kind, tag))]
    while slot != TranslationCache.none {
      let node = nodes + Int(slot)
      if node.pointee.entry.covers(address),
        isOf(node, wanted, kind, tag, shift: shift, isStructure: isStructure), isLive(node)
      {
        // Chains are newest first, so the last match is the oldest.
        best = slot
        if isBroken(.c5Age) { return best }
      }
      slot = node.pointee.nextInBucket
    }
    return best
  }

  /// Whether an entry is one that is looked for.
  @inline(__always)
  func isOf(
    _ node: UnsafeMutablePointer<Node>, _ wanted: EntryIdentity, _ kind: MappingKind, _ tag: Tag, shift: UInt8,
    isStructure: Bool
  ) -> Bool {
    #if MUTATIONS
      return node.pointee.entry.shift == shift && node.pointee.entry.isStructure == isStructure
        && serves(node.pointee.entry.kind, kind) && matches(node.pointee.entry, tag)
    #else
      return node.pointee.identity.serves(wanted) && (kind == .linear || node.pointee.entry.tag.ep4ta == tag.ep4ta)
    #endif
  }

  /// Whether an entry's tag lets it be used under a tag (rules U1, U2).
  @inlinable public func matches(_ entry: CachedEntry, _ tag: Tag) -> Bool {
    switch entry.kind {
    case .linear:
      (entry.tag.vpid == tag.vpid || isBroken(.u1VPID))
        && (entry.isGlobal && !isBroken(.u1Global) || entry.tag.pcid == tag.pcid || isBroken(.u1PCID))
    case .combined:
      (entry.tag.vpid == tag.vpid || isBroken(.u2VPID))
        && (entry.tag.ep4ta == tag.ep4ta || isBroken(.u2EP4TA) || isBroken(.u1Kind) && tag.ep4ta == 0)
        && (entry.isGlobal && !isBroken(.u2Global) || entry.tag.pcid == tag.pcid || isBroken(.u2PCID))
    case .guestPhysical: entry.tag.ep4ta == tag.ep4ta || isBroken(.u2GuestPhysical)
    }
  }

  /// Whether mappings of a kind serve where those of another are looked for: its own only.
  @inlinable @inline(__always) func serves(_ kind: MappingKind, _ wanted: MappingKind) -> Bool {
    kind == wanted || isBroken(.u1Kind) && kind == .combined && wanted == .linear
      || isBroken(.u2Kind) && kind == .linear && wanted == .combined
  }

  /// Looks for a translation that was found where a part looks for it, and brings it into the side's first level.
  /// `.first`, and nothing is done, with every other policy.
  public func look(_ slot: Slot, _ side: AccessSide) -> TLBLevel {
    guard let found = arrays?.look(slot, nodes[Int(slot)].entry, side) else { return .first }
    leave(found.leavers)
    return found.level
  }

  /// A walk for a side has found what a translation says that only the other side's first level holds: now both do. A walk
  /// that has found anything else makes another translation, and this one goes.
  ///
  /// - Returns: whether they agree.
  public func join(_ slot: Slot, _ found: CachedEntry, _ side: AccessSide) -> Bool {
    let entry = nodes[Int(slot)].entry
    let isSame =
      entry.prefix == found.prefix && entry.shift == found.shift && entry.target == found.target
      && entry.rights == found.rights && entry.eptRights == found.eptRights
      && entry.isDirty == found.isDirty && entry.isGlobal == found.isGlobal
      && entry.memoryType == found.memoryType && entry.protectionKey == found.protectionKey
      && entry.root == found.root && entry.apicAccessPage == found.apicAccessPage && !nodes[Int(slot)].isSuspect
    guard isSame else {
      drop(slot)
      return false
    }
    if let leavers = arrays?.join(slot, entry, side) { leave(leavers) }
    return true
  }

  /// Whether host pointers may be derived from a translation: a part's must be in the data side's first level.
  public func mayDerive(_ slot: Slot) -> Bool { arrays?.isInFirstLevel(slot) ?? true }

  private func leave(_ leavers: [SetAssociativeArrays.Leaver]) {
    for leaver in leavers {
      switch leaver {
      case .gone(let slot):
        evictions += 1
        drop(slot)
      case .demoted(let slot):
        let entry = nodes[Int(slot)].entry
        noteDropped(Dropped(slot: slot, prefix: entry.prefix, shift: entry.shift))
      }
    }
  }

  // MARK: Filling

  /// Caches an entry that came from more structure entries than it holds.
  @discardableResult
  public func insert(_ entry: CachedEntry, sources: [Source], side: AccessSide = .data) -> Slot {
    guard sources.count > CachedEntry.maximumSources else {
      var entry = entry
      entry.sourceCount = 0
      for source in sources { entry.append(source) }
      return insert(entry, side: side)
    }
    let index = freeManySources.popLast() ?? UInt32(manySources.count)
    if Int(index) == manySources.count { manySources.append(sources) } else { manySources[Int(index)] = sources }
    return insert(entry, side: side, manySources: index)
  }

  /// Caches an entry for an access of a side; what the policy has no room for goes first.
  @discardableResult
  public func insert(_ entry: CachedEntry, side: AccessSide = .data) -> Slot {
    insert(entry, side: side, manySources: TranslationCache.none)
  }

  private func insert(_ entry: CachedEntry, side: AccessSide, manySources: UInt32) -> Slot {
    own()
    if count >= budget { evictOldest() }
    // Before the new one is there: what was just filled must serve the access it was filled for.
    if case .random = policy { evictAtRandom() }
    if isBroken(.c4Retention) { evictAtRandom() }
    if free.isEmpty {
      // A few among many would have to be looked for.
      if retiredCount > capacity / 8 { releaseOne() } else { grow() }
    }
    let slot = free.removeLast()
    link(slot, entry, manySources)
    if arrays != nil, let leavers = arrays?.insert(slot, entry, side) { leave(leavers) }
    keeper?.mappingFiled(slot)
    return slot
  }

  private func link(_ slot: Slot, _ entry: CachedEntry, _ manySources: UInt32) {
    let node = nodes + Int(slot)
    node.initialize(
      to: Node(
        entry: entry, identity: EntryIdentity(entry), sequence: 0, manySources: manySources, isSuspect: false,
        isUsed: true, isNoted: false, era: era, birth: nextSequence, parent: .none, chain: 0,
        nextInBucket: TranslationCache.none, list: latestLists[ListKey.type(of: entry).rawValue], epoch: 0,
        previousInList: TranslationCache.none,
        nextInList: TranslationCache.none))
    node.pointee.entry.tag = entry.tag.of(entry.kind)
    if node.pointee.entry.isPiece { pieceCount += 1 }
    let chain = bucket(of: node)
    node.pointee.chain = UInt32(truncatingIfNeeded: chain)
    node.pointee.nextInBucket = buckets[chain]
    buckets[chain] = slot
    addToList(slot, node)
    node.pointee.sequence = nextSequence
    nextSequence &+= 1
    count &+= 1
  }

  func evictOne(_ slot: Slot) {
    evictions += 1
    drop(slot)
  }

  /// At every fourth fill on average, an entry goes that nothing but chance picks.
  private func evictAtRandom() {
    let number = draw()
    guard number & 3 == 0, count > 0 else { return }
    let used = capacity - free.count
    // Slots are given out from the lowest up, so that those below the number of live ones are mostly live.
    var slot = Int(truncatingIfNeeded: (number >> 2) % UInt64(max(used, 1)))
    while !isLive(Slot(slot)) { slot = slot + 1 == capacity ? 0 : slot + 1 }
    evictOne(Slot(slot))
  }

  func isLive(_ slot: Slot) -> Bool { Int(slot) < capacity && isLive(nodes + Int(slot)) }

  private func grow() {
    // `rehash` puts live ones into chains only.
    releaseAll()
    nodeSlab = Slab(copying: nodeSlab, capacity: capacity * 2)
    nodes = nodeSlab.elements
    // Given out from the lowest up.
    free.insert(contentsOf: (Slot(capacity)..<Slot(capacity * 2)).reversed(), at: 0)
    capacity *= 2
    guard capacity >= bucketCount else { return }
    rehash()
  }

  private func rehash() {
    bucketShift -= 2
    bucketSlab = Slab(capacity: bucketCount)
    buckets = bucketSlab.elements
    buckets.initialize(repeating: TranslationCache.none, count: bucketCount)
    // Oldest first, so that chains stay newest first.
    for entry in aged() {
      let node = nodes + Int(entry.slot)
      let chain = bucket(of: node)
      node.pointee.chain = UInt32(truncatingIfNeeded: chain)
      node.pointee.nextInBucket = buckets[chain]
      buckets[chain] = entry.slot
    }
  }

  // MARK: Dropping

  /// Drops one entry.
  func drop(_ slot: Slot) {
    own()
    keeper?.mappingDropped(slot)
    let node = nodes + Int(slot)
    if arrays != nil { arrays?.remove(slot, node.pointee.entry) }
    if node.pointee.isSuspect { suspicions[slot] = nil }
    if node.pointee.manySources != TranslationCache.none { freeManySources.append(node.pointee.manySources) }
    node.pointee.isSuspect = false
    takeFromList(slot, node)
    forget(slot, node)
  }

  /// Gives the slot of an entry that does not live any more back.
  @inline(__always) func forget(_ slot: Slot, _ node: UnsafeMutablePointer<Node>) {
    if node.pointee.entry.isPiece { pieceCount -= 1 }
    node.pointee.isUsed = false
    unchain(slot, node)
    free.append(slot)
  }

  /// Takes an entry out of its chain.
  @inline(__always) func unchain(_ slot: Slot, _ node: UnsafeMutablePointer<Node>) {
    let chain = Int(node.pointee.chain)
    let next = node.pointee.nextInBucket
    if buckets[chain] == slot {
      buckets[chain] = next
      return
    }
    var previous = buckets[chain]
    while previous != TranslationCache.none {
      if nodes[Int(previous)].nextInBucket == slot {
        nodes[Int(previous)].nextInBucket = next
        return
      }
      previous = nodes[Int(previous)].nextInBucket
    }
  }

  /// What decides the policy's choices beside the entries; a hash covers it.
  public var policyWords: [UInt64] {
    switch policy {
    case .retain, .flush: return []
    case .speculate, .random: return [random]
    case .part:
      var numbers: [Slot: UInt64] = [:]
      forEach { slot, _ in numbers[slot] = UInt64(numbers.count) }
      return arrays?.words { numbers[$0] ?? .max } ?? []
    }
  }
}
