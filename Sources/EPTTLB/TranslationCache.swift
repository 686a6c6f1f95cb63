/// Index of a cached entry; stays the same as long as the entry lives.
public typealias Slot = UInt32

/// One processor's mappings: translations and paging-structure-cache entries of all kinds, found by address and tag,
/// dropped by the rules of invalidation (`TranslationCache+Invalidation.swift`).
///
/// Entries lie in one slab; a hash chain finds them by address, a list a tag and class makes dropping a whole address
/// space cost what it drops, and a list by age serves the budget.
public final class TranslationCache {
  /// Of no entry.
  @usableFromInline static let none: Slot = .max

  /// Page sizes, smallest first.
  @usableFromInline static var translationShifts: [UInt8] { [12, 21, 22, 30] }
  /// Prefixes of paging-structure caches, longest first.
  @usableFromInline static var structureShifts: [UInt8] { [21, 22, 30, 39, 48] }

  /// Which of a tag's lists an entry is in; rules speak of each apart.
  enum Class: Int { case translation, global, structure }

  @usableFromInline struct Node {
    @usableFromInline var entry: CachedEntry
    @usableFromInline var sequence: UInt64
    @usableFromInline var nextInBucket: Slot
    @usableFromInline var list: Int32
    @usableFromInline var previousInList: Slot
    @usableFromInline var nextInList: Slot
    @usableFromInline var younger: Slot
    @usableFromInline var older: Slot
  }

  /// A translation that was dropped: whatever was derived from it must go.
  public struct Dropped {
    /// Its slot; may be in use again by the time it is read.
    public let slot: Slot
    /// First address and size of the page.
    public let prefix: UInt64
    /// Address bits below the page.
    public let shift: UInt8
  }

  /// What the architecture leaves open is decided by this.
  public let policy: RetentionPolicy
  let budget: Int

  @usableFromInline var nodes: UnsafeMutablePointer<Node>
  var capacity = 1024
  var free: [Slot] = []
  @usableFromInline var buckets: UnsafeMutablePointer<Slot>
  @usableFromInline var bucketMask = 4095
  var lists: [ListKey: Int32] = [:]
  var heads: [Slot] = []
  var keys: [ListKey] = []
  var oldest = TranslationCache.none
  var youngest = TranslationCache.none
  var nextSequence: UInt64 = 0
  /// Live translations and structures by shift, 0-63: a size nobody uses costs no look-up.
  @usableFromInline var translationsBySize = [Int](repeating: 0, count: 64)
  @usableFromInline var structuresBySize = [Int](repeating: 0, count: 64)

  /// Translations dropped since the list was last emptied by whoever keeps things derived from them.
  public var dropped: [Dropped] = []
  /// Entries that live.
  public private(set) var count = 0
  /// Entries that the budget drove out.
  public private(set) var evictions: UInt64 = 0

  struct ListKey: Hashable {
    var kind: MappingKind
    var tag: Tag
    var type: Class
  }

  /// An empty cache.
  public init(policy: RetentionPolicy) {
    self.policy = policy
    switch policy {
    case .retain(let budget): self.budget = max(budget, 16)
    }
    nodes = .allocate(capacity: capacity)
    buckets = .allocate(capacity: bucketMask + 1)
    buckets.initialize(repeating: TranslationCache.none, count: bucketMask + 1)
    free = (0..<Slot(capacity)).reversed()
  }

  deinit {
    nodes.deallocate()
    buckets.deallocate()
  }

  /// A live entry.
  @inlinable public subscript(slot: Slot) -> CachedEntry { nodes[Int(slot)].entry }

  // MARK: Looking up

  @inlinable func bucket(_ address: UInt64, _ shift: UInt8) -> Int {
    let hash = (address >> UInt64(shift) &+ UInt64(shift) << 52) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: hash >> 40) & bucketMask
  }

  /// The translation that may be used for an address under a tag: one of the tag's, or a global one of its VPID (rules
  /// U1, U2). Of several, the oldest (rule C5).
  @inlinable public func translation(_ kind: MappingKind, _ address: UInt64, _ tag: Tag) -> Slot? {
    var best: Slot?
    for shift in TranslationCache.translationShifts where translationsBySize[Int(shift)] > 0 {
      guard let slot = find(kind, address, tag, shift: shift, isStructure: false) else { continue }
      if let old = best, nodes[Int(old)].sequence < nodes[Int(slot)].sequence { continue }
      best = slot
    }
    return best
  }

  /// The paging-structure-cache entry that lets a walk skip most: the one with the longest prefix.
  @inlinable public func structure(_ kind: MappingKind, _ address: UInt64, _ tag: Tag) -> Slot? {
    for shift in TranslationCache.structureShifts where structuresBySize[Int(shift)] > 0 {
      if let slot = find(kind, address, tag, shift: shift, isStructure: true) { return slot }
    }
    return nil
  }

  @inlinable
  func find(_ kind: MappingKind, _ address: UInt64, _ tag: Tag, shift: UInt8, isStructure: Bool) -> Slot? {
    var best: Slot?
    var slot = buckets[bucket(address, shift)]
    while slot != TranslationCache.none {
      let node = nodes + Int(slot)
      if node.pointee.entry.shift == shift, node.pointee.entry.isStructure == isStructure,
        node.pointee.entry.kind == kind, node.pointee.entry.covers(address), matches(node.pointee.entry, tag)
      {
        // Chains are newest first, so the last match is the oldest.
        best = slot
      }
      slot = node.pointee.nextInBucket
    }
    return best
  }

  /// Whether an entry's tag lets it be used under a tag.
  @inlinable public func matches(_ entry: CachedEntry, _ tag: Tag) -> Bool {
    entry.tag.vpid == tag.vpid && entry.tag.ep4ta == tag.ep4ta && (entry.isGlobal || entry.tag.pcid == tag.pcid)
  }

  // MARK: Filling

  /// Caches an entry; over the budget the oldest goes first.
  @discardableResult
  public func insert(_ entry: CachedEntry) -> Slot {
    if count >= budget, oldest != TranslationCache.none {
      evictions += 1
      drop(oldest)
    }
    if free.isEmpty { grow() }
    let slot = free.removeLast()
    let chain = bucket(entry.prefix, entry.shift)
    let list = list(of: entry)
    let head = heads[Int(list)]
    (nodes + Int(slot)).initialize(
      to: Node(
        entry: entry, sequence: nextSequence, nextInBucket: buckets[chain], list: list,
        previousInList: TranslationCache.none, nextInList: head, younger: TranslationCache.none, older: youngest))
    buckets[chain] = slot
    if head != TranslationCache.none { nodes[Int(head)].previousInList = slot }
    heads[Int(list)] = slot
    if youngest != TranslationCache.none { nodes[Int(youngest)].younger = slot } else { oldest = slot }
    youngest = slot
    nextSequence += 1
    count += 1
    if entry.isStructure {
      structuresBySize[Int(entry.shift & 63)] += 1
    } else {
      translationsBySize[Int(entry.shift & 63)] += 1
    }
    return slot
  }

  private func list(of entry: CachedEntry) -> Int32 {
    let type: Class = entry.isStructure ? .structure : entry.isGlobal ? .global : .translation
    let key = ListKey(kind: entry.kind, tag: entry.tag, type: type)
    if let known = lists[key] { return known }
    let list = Int32(heads.count)
    heads.append(TranslationCache.none)
    keys.append(key)
    lists[key] = list
    return list
  }

  private func grow() {
    let larger = UnsafeMutablePointer<Node>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: nodes, count: capacity)
    nodes.deallocate()
    nodes = larger
    free = (Slot(capacity)..<Slot(capacity * 2)).reversed()
    capacity *= 2
    guard capacity > bucketMask else { return }
    rehash()
  }

  private func rehash() {
    buckets.deallocate()
    bucketMask = bucketMask * 4 + 3
    buckets = .allocate(capacity: bucketMask + 1)
    buckets.initialize(repeating: TranslationCache.none, count: bucketMask + 1)
    // Oldest first, so that chains stay newest first.
    var slot = oldest
    while slot != TranslationCache.none {
      let node = nodes + Int(slot)
      let chain = bucket(node.pointee.entry.prefix, node.pointee.entry.shift)
      node.pointee.nextInBucket = buckets[chain]
      buckets[chain] = slot
      slot = node.pointee.younger
    }
  }

  // MARK: Dropping

  /// Drops one entry.
  func drop(_ slot: Slot) {
    let node = nodes[Int(slot)]
    unchain(slot, node)
    if node.previousInList != TranslationCache.none {
      nodes[Int(node.previousInList)].nextInList = node.nextInList
    } else {
      heads[Int(node.list)] = node.nextInList
    }
    if node.nextInList != TranslationCache.none { nodes[Int(node.nextInList)].previousInList = node.previousInList }
    if node.older != TranslationCache.none {
      nodes[Int(node.older)].younger = node.younger
    } else {
      oldest = node.younger
    }
    if node.younger != TranslationCache.none {
      nodes[Int(node.younger)].older = node.older
    } else {
      youngest = node.older
    }
    if node.entry.isStructure {
      structuresBySize[Int(node.entry.shift & 63)] -= 1
    } else {
      translationsBySize[Int(node.entry.shift & 63)] -= 1
      dropped.append(Dropped(slot: slot, prefix: node.entry.prefix, shift: node.entry.shift))
    }
    count -= 1
    free.append(slot)
  }

  private func unchain(_ slot: Slot, _ node: Node) {
    let chain = bucket(node.entry.prefix, node.entry.shift)
    if buckets[chain] == slot {
      buckets[chain] = node.nextInBucket
      return
    }
    var previous = buckets[chain]
    while previous != TranslationCache.none {
      if nodes[Int(previous)].nextInBucket == slot {
        nodes[Int(previous)].nextInBucket = node.nextInBucket
        return
      }
      previous = nodes[Int(previous)].nextInBucket
    }
  }

  /// Every live entry, oldest first.
  public func forEach(_ body: (Slot, CachedEntry) -> Void) {
    var slot = oldest
    while slot != TranslationCache.none {
      let node = nodes[Int(slot)]
      body(slot, node.entry)
      slot = node.younger
    }
  }
}
