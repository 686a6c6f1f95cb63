// Snapshots. Slots and the order of everything are kept, so that what is kept by slot elsewhere stays right.

extension TranslationCache {
  /// All that a cache holds, shared with it until it changes.
  public struct Image {
    fileprivate let nodes: Slab<Node>
    fileprivate let buckets: Slab<Slot>
    fileprivate let free: [Slot]
    fileprivate let lists: Slab<List>
    fileprivate let listCount: Int
    fileprivate let listNumbers: [ListKey: UInt32]
    fileprivate let freeLists: [UInt32]
    fileprivate let manyLists: Int
    fileprivate let nextSequence: UInt64
    fileprivate let translationSizes, structureSizes, everySize: UInt64
    fileprivate let pieceCount: Int
    fileprivate let retiredCount: Int
    fileprivate let releaseHand: Int
    fileprivate let era: UInt32
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
      nodes: nodeSlab, buckets: bucketSlab, free: free, lists: listSlab, listCount: listCount,
      listNumbers: listNumbers, freeLists: freeLists, manyLists: manyLists, nextSequence: nextSequence,
      translationSizes: translationSizes, structureSizes: structureSizes, everySize: everySize,
      pieceCount: pieceCount, retiredCount: retiredCount, releaseHand: releaseHand, era: era, count: count,
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
    bucketShift = UInt64(64 - bucketSlab.capacity.trailingZeroBitCount)
    free = image.free
    listSlab = image.lists
    lists = listSlab.elements
    listCount = image.listCount
    listNumbers = image.listNumbers
    freeLists = image.freeLists
    manyLists = image.manyLists
    latestLists = InlineArray(repeating: 0)
    (ages, nextAge) = ([], 0)
    nextSequence = image.nextSequence
    translationSizes = image.translationSizes
    structureSizes = image.structureSizes
    everySize = image.everySize
    pieceCount = image.pieceCount
    (retiredCount, releaseHand, era) = (image.retiredCount, image.releaseHand, image.era)
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
    if !isKnownUniquelyReferenced(&listSlab) {
      listSlab = Slab(copying: listSlab, capacity: listSlab.capacity)
      lists = listSlab.elements
    }
  }
}
