// Rules of invalidation speak of all entries of a tag, of some kinds and classes. Each such lot is a list: to drop it costs
// what it drops.

extension TranslationCache {
  /// Which of a tag's lists an entry is in; rules speak of each apart.
  enum Class: Int { case translation, global, structure }

  /// Entries of one tag, kind and class.
  struct List {
    var key: ListKey
    /// The newest one, or `none`.
    var head: Slot
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
    @inline(__always) var tag: Tag { Tag(vpid: identity.vpid, pcid: identity.pcid, ep4ta: ep4ta) }
  }

  /// Puts an entry on its tag's list.
  @inline(__always) func addToList(_ slot: Slot, _ node: UnsafeMutablePointer<Node>) {
    let key = ListKey(node.pointee.identity, ep4ta: node.pointee.entry.tag.ep4ta)
    var number = node.pointee.list
    // That of an entry that was kept aside may be another's by now.
    if number < 0 || lists[Int(number)].key != key {
      number = list(key)
      node.pointee.list = number
    }
    let list = lists + Int(number)
    let head = list.pointee.head
    node.pointee.previousInList = TranslationCache.none
    node.pointee.nextInList = head
    if head != TranslationCache.none { nodes[Int(head)].previousInList = slot }
    list.pointee.head = slot
  }

  /// Takes an entry off its tag's list.
  @inline(__always) func takeFromList(_ node: UnsafeMutablePointer<Node>) {
    let (previous, next) = (node.pointee.previousInList, node.pointee.nextInList)
    if previous != TranslationCache.none {
      nodes[Int(previous)].nextInList = next
    } else {
      lists[Int(node.pointee.list)].head = next
    }
    if next != TranslationCache.none { nodes[Int(next)].previousInList = previous }
  }

  private func list(_ key: ListKey) -> Int32 { listNumbers[key] ?? newList(key) }

  private func newList(_ key: ListKey) -> Int32 {
    if freeLists.isEmpty, listCount >= manyLists { findEmptyLists() }
    let number = freeLists.popLast() ?? Int32(listCount)
    if Int(number) == listCount {
      if listCount == listSlab.capacity {
        listSlab = Slab(copying: listSlab, capacity: listCount * 2)
        lists = listSlab.elements
      }
      listCount += 1
    }
    lists[Int(number)] = List(key: key, head: TranslationCache.none)
    listNumbers[key] = number
    return number
  }

  /// Address spaces come and go; their lists are used again, but not looked for at each change.
  private func findEmptyLists() {
    for number in 0..<listCount where lists[number].head == TranslationCache.none && lists[number].key != .none {
      listNumbers[lists[number].key] = nil
      // An entry that is kept aside may still have its number.
      lists[number].key = .none
      freeLists.append(Int32(number))
    }
    manyLists = max(64, 2 * (listCount - freeLists.count))
  }
}
