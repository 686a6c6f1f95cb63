// By age, entries are looked for seldom: when the budget is met, for hashes, and by people. Their sequence says it.

extension TranslationCache {
  /// A live entry, and its sequence when somebody looked: another one by now, and it has gone or is younger.
  struct Aged {
    let slot: Slot
    let sequence: UInt64
  }

  /// The live entries of some lists, oldest first.
  func aged(where isWanted: (ListKey) -> Bool = { _ in true }) -> [Aged] {
    var found: [Aged] = []
    for number in 0..<listCount where lists[number].count > 0 && isWanted(lists[number].key) {
      var slot = lists[number].head
      while slot != TranslationCache.none {
        found.append(Aged(slot: slot, sequence: nodes[Int(slot)].sequence))
        slot = nodes[Int(slot)].nextInList
      }
    }
    return found.sorted { $0.sequence < $1.sequence }
  }

  /// Every live entry, oldest first.
  public func forEach(_ body: (Slot, CachedEntry) -> Void) {
    for entry in aged() { body(entry.slot, nodes[Int(entry.slot)].entry) }
  }

  /// Every live translation of an EP4TA, combined and guest-physical, oldest first.
  public func forEachTranslation(ep4ta: UInt64, _ body: (Slot, CachedEntry) -> Void) {
    for entry in aged(where: { $0.kind != .linear && $0.type != .structure && $0.tag.ep4ta == ep4ta }) {
      body(entry.slot, nodes[Int(entry.slot)].entry)
    }
  }

  /// The budget is met: the oldest entry goes.
  func evictOldest() {
    while count > 0 {
      while nextAge < ages.count {
        let (slot, sequence) = (ages[nextAge].slot, ages[nextAge].sequence)
        nextAge += 1
        if isLive(nodes + Int(slot)), nodes[Int(slot)].sequence == sequence { return evictOne(slot) }
      }
      (ages, nextAge) = (aged(), 0)
    }
  }
}
