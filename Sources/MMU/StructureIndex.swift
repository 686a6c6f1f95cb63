import EPTTLB

/// What a change of a structure entry's bits can mean to mappings that came from it.
enum EntryMeaning: UInt8 {
  /// Entries of 4 bytes (32-bit paging) that name a table, or a page.
  case table32, page32
  /// Entries of 8 bytes under CR3 that name a table, or a page.
  case table64, page64
  /// Entries of EPT paging structures.
  case ept

  /// Bytes of the entry.
  var bytes: Int { self == .table32 || self == .page32 ? 4 : 8 }

  /// Bits that processors ignore (SDM Vol. 3, the tables of the entries' formats).
  private var ignored: UInt64 {
    switch self {
    case .table32: 0xF40
    case .page32: 0xE00
    case .table64: 0x7FF0_0000_0000_0F40
    case .page64: 0x07F0_0000_0000_0E00
    case .ept: 0x01F0_0000_0000_0800
    }
  }

  /// Accessed and dirty flags: processors set them, only software clears them.
  private var flags: UInt64 { self == .ept ? 0x300 : 0x60 }

  /// Whether mappings made from the old value may be stale: not if only accessed or dirty flags were set, or bits changed
  /// that processors ignore.
  func matters(_ old: UInt64, _ new: UInt64) -> Bool {
    let changed = (old ^ new) & ~ignored
    return changed & ~(new & flags) != 0
  }

  /// Whether memory still holds what a mapping was made from, apart from an accessed flag (`dirty` is none of an entry
  /// that names a table).
  func agrees(_ made: UInt64, _ now: UInt64) -> Bool {
    let accessed: UInt64 = self == .ept ? 0x100 : 0x20
    return !matters(made | accessed, now | accessed)
  }
}

/// A machine's index from 64-byte granules of memory to the mappings, of all its processors, that came from structure
/// entries in them.
///
/// It keeps what each granule held, so that a store of any size by anybody tells which entries it changed, and from what.
final class StructureIndex {
  static let none: UInt32 = .max

  /// That a mapping came from an entry.
  struct Reference {
    var granule: UInt32
    var previous: UInt32
    var next: UInt32
    var nextOfMapping: UInt32
    var slot: Slot
    var processor: UInt16
    /// The entry's first byte in the granule, divided by 4.
    var place: UInt8
    var meaning: EntryMeaning
  }

  /// A granule that mappings came from.
  struct Granule {
    /// Physical address, divided by 64.
    var number: UInt64
    var first: UInt32
    var nextInBucket: UInt32
    var contents: InlineArray<8, UInt64>
  }

  /// A mapping whose entry has changed.
  struct Hit {
    var processor: Int
    var slot: Slot
    var address: UInt64
    var old: UInt64
    var new: UInt64
  }

  /// Where the references, granules and buckets lie; shared with images.
  private var referenceSlab = Slab<Reference>(capacity: 1024)
  private var granuleSlab = Slab<Granule>(capacity: 256)
  private var bucketSlab = Slab<UInt32>(capacity: 1024)
  private var references: UnsafeMutablePointer<Reference>
  private var referenceCount = 0
  private var freeReference = StructureIndex.none
  private var granules: UnsafeMutablePointer<Granule>
  private var granuleCount = 0
  private var freeGranule = StructureIndex.none
  private var buckets: UnsafeMutablePointer<UInt32>
  private var bucketMask: Int { bucketSlab.capacity - 1 }
  /// An image may share the slabs.
  private var isShared = false

  init() {
    references = referenceSlab.elements
    granules = granuleSlab.elements
    buckets = bucketSlab.elements
    buckets.initialize(repeating: StructureIndex.none, count: bucketSlab.capacity)
  }

  // MARK: Snapshots

  /// All that the index holds, shared with it until it changes.
  struct Image {
    fileprivate let references: Slab<Reference>
    fileprivate let referenceCount: Int
    fileprivate let freeReference: UInt32
    fileprivate let granules: Slab<Granule>
    fileprivate let granuleCount: Int
    fileprivate let freeGranule: UInt32
    fileprivate let buckets: Slab<UInt32>
  }

  /// What the index holds now.
  var image: Image {
    isShared = true
    return Image(
      references: referenceSlab, referenceCount: referenceCount, freeReference: freeReference, granules: granuleSlab,
      granuleCount: granuleCount, freeGranule: freeGranule, buckets: bucketSlab)
  }

  /// Holds what this index, or that of another machine, held.
  func restore(_ image: Image) {
    (referenceSlab, references) = (image.references, image.references.elements)
    (granuleSlab, granules) = (image.granules, image.granules.elements)
    (bucketSlab, buckets) = (image.buckets, image.buckets.elements)
    (referenceCount, freeReference) = (image.referenceCount, image.freeReference)
    (granuleCount, freeGranule) = (image.granuleCount, image.freeGranule)
    isShared = true
  }

  /// Every change begins with this: what an image shares stays as it is.
  @inline(__always) private func own() {
    if isShared { copyWhatIsShared() }
  }

  private func copyWhatIsShared() {
    isShared = false
    if !isKnownUniquelyReferenced(&referenceSlab) { growReferences(to: referenceSlab.capacity) }
    if !isKnownUniquelyReferenced(&granuleSlab) {
      granuleSlab = Slab(copying: granuleSlab, capacity: granuleSlab.capacity)
      granules = granuleSlab.elements
    }
    if !isKnownUniquelyReferenced(&bucketSlab) {
      bucketSlab = Slab(copying: bucketSlab, capacity: bucketSlab.capacity)
      buckets = bucketSlab.elements
    }
  }

  private func growReferences(to capacity: Int) {
    referenceSlab = Slab(copying: referenceSlab, capacity: capacity)
    references = referenceSlab.elements
  }

  /// Every granule that mappings came from.
  func forEachGranule(_ body: (UInt64) -> Void) {
    for bucket in 0...bucketMask {
      var granule = buckets[bucket]
      while granule != StructureIndex.none {
        body(granules[Int(granule)].number)
        granule = granules[Int(granule)].nextInBucket
      }
    }
  }

  // MARK: Mappings that come and go

  /// Adds that a mapping came from an entry.
  ///
  /// - Parameters:
  ///   - list: the mapping's references; the new one is put before them.
  ///   - contents: what the granule holds; asked when it is new.
  /// - Returns: whether the granule is new: it must be marked.
  func add(
    _ address: UInt64, _ meaning: EntryMeaning, processor: Int, slot: Slot, list: inout UInt32,
    contents: (UInt64) -> InlineArray<8, UInt64>
  ) -> Bool {
    own()
    let number = address >> 6
    let found = find(number)
    let granule = found != StructureIndex.none ? found : newGranule(number, contents(number))
    let index = newReference()
    let head = granules[Int(granule)].first
    (references + Int(index)).initialize(
      to: Reference(
        granule: granule, previous: StructureIndex.none, next: head, nextOfMapping: list, slot: slot,
        processor: UInt16(truncatingIfNeeded: processor), place: UInt8(truncatingIfNeeded: address >> 2 & 15),
        meaning: meaning))
    if head != StructureIndex.none { references[Int(head)].previous = index }
    granules[Int(granule)].first = index
    list = index
    return found == StructureIndex.none
  }

  /// Removes a mapping's references; calls back with each granule that no mapping came from any more.
  func remove(_ list: UInt32, unmark: (UInt64) -> Void) {
    guard list != StructureIndex.none else { return }
    own()
    var index = list
    while index != StructureIndex.none {
      let reference = references[Int(index)]
      if reference.next != StructureIndex.none { references[Int(reference.next)].previous = reference.previous }
      if reference.previous != StructureIndex.none {
        references[Int(reference.previous)].next = reference.next
      } else {
        granules[Int(reference.granule)].first = reference.next
        if reference.next == StructureIndex.none {
          unmark(granules[Int(reference.granule)].number)
          removeGranule(reference.granule)
        }
      }
      references[Int(index)].next = freeReference
      freeReference = index
      index = reference.nextOfMapping
    }
  }

  // MARK: Stores

  /// A granule has been written: the mappings it concerns. What it holds now is what the next store is compared with.
  func written(_ number: UInt64, _ new: InlineArray<8, UInt64>) -> [Hit] {
    let granule = find(number)
    guard granule != StructureIndex.none else { return [] }
    let old = granules[Int(granule)].contents
    var changed: UInt8 = 0
    for word in 0..<8 where old[word] != new[word] { changed |= 1 << UInt8(word) }
    guard changed != 0 else { return [] }
    own()
    granules[Int(granule)].contents = new
    var hits: [Hit] = []
    var index = granules[Int(granule)].first
    while index != StructureIndex.none {
      let reference = references[Int(index)]
      index = reference.next
      let word = Int(reference.place >> 1)
      guard changed >> UInt8(word) & 1 != 0 else { continue }
      var (before, after) = (old[word], new[word])
      if reference.meaning.bytes == 4 {
        let shift = UInt64(reference.place & 1) * 32
        (before, after) = (before >> shift & 0xFFFF_FFFF, after >> shift & 0xFFFF_FFFF)
      }
      guard reference.meaning.matters(before, after) else { continue }
      hits.append(
        Hit(
          processor: Int(reference.processor), slot: reference.slot,
          address: number << 6 | UInt64(reference.place) << 2,
          old: before, new: after))
    }
    return hits
  }

  /// Every reference: for tests.
  func forEach(_ body: (_ address: UInt64, _ processor: Int, _ slot: Slot) -> Void) {
    for bucket in 0...bucketMask {
      var granule = buckets[bucket]
      while granule != StructureIndex.none {
        var index = granules[Int(granule)].first
        while index != StructureIndex.none {
          let reference = references[Int(index)]
          let address = granules[Int(granule)].number << 6 | UInt64(reference.place) << 2
          body(address, Int(reference.processor), reference.slot)
          index = reference.next
        }
        granule = granules[Int(granule)].nextInBucket
      }
    }
  }

  // MARK: Slabs

  private func bucket(_ number: UInt64) -> Int {
    Int(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) >> 40) & bucketMask
  }

  private func find(_ number: UInt64) -> UInt32 {
    var granule = buckets[bucket(number)]
    while granule != StructureIndex.none, granules[Int(granule)].number != number {
      granule = granules[Int(granule)].nextInBucket
    }
    return granule
  }

  private func newReference() -> UInt32 {
    if freeReference != StructureIndex.none {
      defer { freeReference = references[Int(freeReference)].next }
      return freeReference
    }
    if referenceCount == referenceSlab.capacity { growReferences(to: referenceSlab.capacity * 2) }
    referenceCount += 1
    return UInt32(referenceCount - 1)
  }

  private func newGranule(_ number: UInt64, _ contents: InlineArray<8, UInt64>) -> UInt32 {
    let index: UInt32
    if freeGranule != StructureIndex.none {
      index = freeGranule
      freeGranule = granules[Int(index)].nextInBucket
    } else {
      if granuleCount == granuleSlab.capacity { growGranules() }
      index = UInt32(granuleCount)
      granuleCount += 1
    }
    let chain = bucket(number)
    (granules + Int(index)).initialize(
      to: Granule(number: number, first: StructureIndex.none, nextInBucket: buckets[chain], contents: contents))
    buckets[chain] = index
    return index
  }

  private func removeGranule(_ index: UInt32) {
    let granule = granules + Int(index)
    let chain = bucket(granule.pointee.number)
    if buckets[chain] == index {
      buckets[chain] = granule.pointee.nextInBucket
    } else {
      var previous = buckets[chain]
      while granules[Int(previous)].nextInBucket != index { previous = granules[Int(previous)].nextInBucket }
      granules[Int(previous)].nextInBucket = granule.pointee.nextInBucket
    }
    granule.pointee.nextInBucket = freeGranule
    freeGranule = index
  }

  private func growGranules() {
    // All of them are in use: none is free when there is no room.
    granuleSlab = Slab(copying: granuleSlab, capacity: granuleSlab.capacity * 2)
    granules = granuleSlab.elements
    guard granuleSlab.capacity > bucketMask else { return }
    bucketSlab = Slab(capacity: bucketSlab.capacity * 4)
    buckets = bucketSlab.elements
    buckets.initialize(repeating: StructureIndex.none, count: bucketSlab.capacity)
    for index in 0..<UInt32(granuleCount) {
      let chain = bucket(granules[Int(index)].number)
      granules[Int(index)].nextInBucket = buckets[chain]
      buckets[chain] = index
    }
  }
}
