// Snapshots. Slots and the order of everything are kept, so that what is kept by slot elsewhere stays right.

extension TranslationCache {
  /// All that a cache holds, shared with it until it changes.
  public struct Image {
    fileprivate let nodes: Slab<Node>
    fileprivate let buckets: Slab<Slot>
    fileprivate let free: [Slot]
    fileprivate let lists: [ListKey: Int32]
    fileprivate let heads: [Slot]
    fileprivate let keys: [ListKey]
    fileprivate let freeLists: [Int32]
    fileprivate let manyLists: Int
    fileprivate let lastLists: [Int32]
    fileprivate let oldest: Slot
    fileprivate let youngest: Slot
    fileprivate let nextSequence: UInt64
    fileprivate let translationSizes: SizeCounts
    fileprivate let structureSizes: SizeCounts
    fileprivate let pieceCount: Int
    fileprivate let retiredCount: Int
    fileprivate let firstRetired: Slot
    fileprivate let lastRetired: Slot
    fileprivate let retiredSizes: SizeCounts
    fileprivate let era, firstEra: UInt32
    fileprivate let count: Int
    fileprivate let evictions: UInt64
    fileprivate let random: UInt64
    fileprivate let arrays: SetAssociativeArrays?
    fileprivate let suspicions: [Slot: Suspicion]
    fileprivate let manySources: [[Source]]
    fileprivate let freeManySources: [UInt32]
  }

  /// What the cache holds now; costs a few words, and the first change afterwards a copy.
  public var image: Image {
    isShared = true
    return Image(
      nodes: nodeSlab, buckets: bucketSlab, free: free, lists: lists, heads: heads, keys: keys, freeLists: freeLists,
      manyLists: manyLists, lastLists: lastLists, oldest: oldest, youngest: youngest, nextSequence: nextSequence,
      translationSizes: translationSizes, structureSizes: structureSizes, pieceCount: pieceCount,
      retiredCount: retiredCount, firstRetired: firstRetired, lastRetired: lastRetired, retiredSizes: retiredSizes,
      era: era, firstEra: firstEra, count: count,
      evictions: evictions, random: random, arrays: arrays, suspicions: suspicions, manySources: manySources,
      freeManySources: freeManySources)
  }

  /// Holds what it, or another cache of the same policy, held. The keeper is not told: whoever calls this brings what it
  /// keeps into agreement, and purges what was derived from translations.
  public func restore(_ image: Image) {
    nodeSlab = image.nodes
    nodes = nodeSlab.elements
    capacity = nodeSlab.capacity
    bucketSlab = image.buckets
    buckets = bucketSlab.elements
    bucketMask = bucketSlab.capacity - 1
    free = image.free
    lists = image.lists
    heads = image.heads
    keys = image.keys
    freeLists = image.freeLists
    manyLists = image.manyLists
    lastLists = image.lastLists
    oldest = image.oldest
    youngest = image.youngest
    nextSequence = image.nextSequence
    translationSizes = image.translationSizes
    structureSizes = image.structureSizes
    pieceCount = image.pieceCount
    (retiredCount, firstRetired, lastRetired) = (image.retiredCount, image.firstRetired, image.lastRetired)
    (retiredSizes, era, firstEra) = (image.retiredSizes, image.era, image.firstEra)
    count = image.count
    evictions = image.evictions
    random = image.random
    arrays = image.arrays
    suspicions = image.suspicions
    manySources = image.manySources
    freeManySources = image.freeManySources
    isShared = true
    forgetDropped()
  }

  /// Every change begins with this: what an image shares stays as it is.
  @inline(__always) func own() {
    if isShared { copyWhatIsShared() }
  }

  private func copyWhatIsShared() {
    isShared = false
    if !isKnownUniquelyReferenced(&nodeSlab) {
      nodeSlab = Slab(copying: nodeSlab, capacity: nodeSlab.capacity)
      nodes = nodeSlab.elements
    }
    if !isKnownUniquelyReferenced(&bucketSlab) {
      bucketSlab = Slab(copying: bucketSlab, capacity: bucketSlab.capacity)
      buckets = bucketSlab.elements
    }
  }
}
