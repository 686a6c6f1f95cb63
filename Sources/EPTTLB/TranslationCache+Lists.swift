// Rules of invalidation speak of all entries of a tag, of some kinds and classes. Each such lot is a list, and dropping all of
// it is mostly one step: an entry lives while its epoch is its list's.

extension TranslationCache {
  /// Which of a tag's lists an entry is in; rules speak of each apart.
  enum Class: Int { case translation, global, structure }

  /// Entries of one tag, kind and class.
  @usableFromInline struct List {
    var key: ListKey
    /// Entries of another epoch are dropped. Never 0, and it only grows.
    @usableFromInline var epoch: UInt64
    /// The newest that lives, or `none`.
    var head: Slot
    /// How many live.
    var count: UInt32
    /// Bit s: entries of shift s may live.
    var sizes: UInt64
    /// All that live may be kept aside, and the keeper need not be told.
    var isPlain: Bool
  }

  /// What the entries of a list have in common.
  struct ListKey: Hashable {
    /// An entry's identity without its size.
    private let word: UInt64
    private let ep4ta: UInt64

    @inline(__always) init(_ identity: EntryIdentity, ep4ta: UInt64) {
      word = identity.word & ~0xFF
      self.ep4ta = ep4ta
    }

    /// Of no entry.
    static let none = ListKey(EntryIdentity(word: .max), ep4ta: .max)

    @inline(__always) static func == (left: ListKey, right: ListKey) -> Bool {
      left.word == right.word && left.ep4ta == right.ep4ta
    }

    @inline(__always) private var identity: EntryIdentity { EntryIdentity(word: word) }
    @inline(__always) var kind: MappingKind { identity.kind }
    @inline(__always) var type: Class {
      identity.isStructure ? .structure : word & EntryIdentity.globalBit != 0 ? .global : .translation
    }

    /// The class of an entry.
    @inline(__always) static func type(of entry: CachedEntry) -> Class {
      entry.isStructure ? .structure : entry.isGlobal ? .global : .translation
    }

    @inline(__always) var tag: Tag { Tag(vpid: identity.vpid, pcid: identity.pcid, ep4ta: ep4ta) }
  }

  /// Whether an entry is cached.
  @inlinable @inline(__always) func isLive(_ node: UnsafeMutablePointer<Node>) -> Bool {
    node.pointee.epoch == lists[Int(node.pointee.list)].epoch
  }

  /// Whether an entry was dropped, and is kept aside.
  @inlinable @inline(__always) func isRetired(_ node: UnsafeMutablePointer<Node>) -> Bool {
    node.pointee.isUsed && !isLive(node)
  }

  /// Puts an entry on its tag's list: now it lives.
  ///
  /// Its node says which that may be: of one that was kept aside it may be another's by now.
  @inline(__always) func addToList(_ slot: Slot, _ node: UnsafeMutablePointer<Node>) {
    let key = ListKey(node.pointee.identity, ep4ta: node.pointee.entry.tag.ep4ta)
    if lists[Int(node.pointee.list)].key != key { node.pointee.list = number(of: key) }
    let list = lists + Int(node.pointee.list)
    let head = list.pointee.head
    node.pointee.epoch = list.pointee.epoch
    node.pointee.previousInList = TranslationCache.none
    node.pointee.nextInList = head
    if head != TranslationCache.none { nodes[Int(head)].previousInList = slot }
    list.pointee.head = slot
    list.pointee.count &+= 1
    let size: UInt64 = 1 << UInt64(node.pointee.entry.shift & 63)
    list.pointee.sizes |= size
    if node.pointee.entry.isStructure {
      structureSizes |= size
    } else {
      translationSizes |= size
      everySize |= size
    }
  }

  /// Takes an entry off its tag's list: it no longer lives.
  @inline(__always) func takeFromList(_ slot: Slot, _ node: UnsafeMutablePointer<Node>) {
    let (previous, next) = (node.pointee.previousInList, node.pointee.nextInList)
    let list = lists + Int(node.pointee.list)
    if previous != TranslationCache.none {
      nodes[Int(previous)].nextInList = next
    } else {
      list.pointee.head = next
    }
    if next != TranslationCache.none { nodes[Int(next)].previousInList = previous }
    list.pointee.count &-= 1
    count &-= 1
    node.pointee.epoch = 0
    if !node.pointee.entry.isStructure { noteDropped(slot, node) }
  }

  /// Drops all entries of a list, and keeps aside what may be.
  func retire(list number: Int) {
    own()
    let list = lists + number
    guard list.pointee.isPlain, !tellsOfRevivals else { return retireOneByOne(number) }
    if list.pointee.key.type != .structure {
      var slot = list.pointee.head
      while slot != TranslationCache.none {
        let node = nodes + Int(slot)
        noteDropped(slot, node)
        slot = node.pointee.nextInList
      }
    }
    count &-= Int(list.pointee.count)
    retiredCount &+= Int(list.pointee.count)
    list.pointee.epoch &+= 1
    list.pointee.head = TranslationCache.none
    list.pointee.count = 0
    list.pointee.sizes = 0
    if retiredCount > TranslationCache.maximumRetired { releaseSurplus() }
  }

  private func retireOneByOne(_ number: Int) {
    while lists[number].head != TranslationCache.none { retire(lists[number].head) }
    lists[number].sizes = 0
    lists[number].isPlain = isPlain(lists[number].key)
  }

  /// Whether entries of a list are kept aside as long as nothing else is known of them.
  private func isPlain(_ key: ListKey) -> Bool { mayRetire && key.kind == .linear }

  private func number(of key: ListKey) -> UInt32 {
    let number = listNumbers[key] ?? newList(key)
    latestLists[key.type.rawValue] = number
    return number
  }

  private func newList(_ key: ListKey) -> UInt32 {
    if freeLists.isEmpty, listCount >= manyLists { findEmptyLists() }
    let number = freeLists.popLast() ?? UInt32(listCount)
    if Int(number) == listCount {
      if listCount == listSlab.capacity {
        listSlab = Slab(copying: listSlab, capacity: listCount * 2)
        lists = listSlab.elements
      }
      listCount += 1
    }
    let list = lists + Int(number)
    list.pointee = List(
      key: key, epoch: max(list.pointee.epoch, 1), head: TranslationCache.none, count: 0, sizes: 0,
      isPlain: isPlain(key))
    listNumbers[key] = number
    return number
  }

  /// Address spaces come and go; their lists are used again, but not looked for at each change.
  private func findEmptyLists() {
    for number in 0..<listCount where lists[number].count == 0 && lists[number].key != .none {
      listNumbers[lists[number].key] = nil
      // An entry that is kept aside may still have its number.
      lists[number].key = .none
      freeLists.append(UInt32(number))
    }
    manyLists = max(64, 2 * (listCount - freeLists.count))
  }
}
