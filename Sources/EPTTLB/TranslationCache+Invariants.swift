extension TranslationCache {
  /// What is wrong inside, or nil; for tests.
  public func checkInvariants() -> String? {
    var seen = 0
    var problem: String?
    var pieces = 0
    var lastSequence: UInt64?
    forEach { slot, entry in
      seen += 1
      if !isLive(slot) { problem = "slot \(slot) is listed, and free" }
      if isSuspect(slot) != (suspicion(slot) != nil) { problem = "slot \(slot) is suspect without a reason" }
      if entry.tag != entry.tag.of(entry.kind) { problem = "slot \(slot) has a tag that is not its kind's" }
      let sequence = nodes[Int(slot)].sequence
      if let last = lastSequence, last >= sequence { problem = "slot \(slot) is out of order" }
      lastSequence = sequence
      let sizes = entry.isStructure ? structureSizes : translationSizes
      if sizes >> UInt64(entry.shift) & 1 == 0 { problem = "slot \(slot) is of a size that is not looked for" }
      if !entry.isStructure, everySize >> UInt64(entry.shift) & 1 == 0 { problem = "slot \(slot) is of no size" }
      if entry.isPiece { pieces += 1 }
      if entry.prefix & (1 << UInt64(entry.shift) - 1) != 0 { problem = "slot \(slot): prefix is not aligned" }
      if !entry.isStructure, entry.target & (1 << UInt64(entry.shift) - 1) != 0 {
        problem = "slot \(slot): frame is not aligned"
      }
      if nodes[Int(slot)].identity != EntryIdentity(entry) { problem = "slot \(slot) has another's identity" }
      let chain = bucket(of: nodes + Int(slot))
      if chain != Int(nodes[Int(slot)].chain) { problem = "slot \(slot) is in another's chain" }
      var chained = buckets[chain]
      while chained != slot && chained != TranslationCache.none { chained = nodes[Int(chained)].nextInBucket }
      if chained != slot { problem = "slot \(slot) is in no chain" }
    }
    var listed = 0
    for number in 0..<listCount {
      let list = lists[number]
      var slot = list.head
      var count: UInt32 = 0
      while slot != TranslationCache.none, count <= list.count {
        count += 1
        let node = nodes[Int(slot)]
        if ListKey(node.identity, ep4ta: node.entry.tag.ep4ta) != list.key || node.list != UInt32(number) {
          problem = "slot \(slot) is on another tag's list"
        }
        if node.epoch != list.epoch || !node.isUsed { problem = "slot \(slot) is listed, and dropped" }
        if list.sizes >> UInt64(node.entry.shift) & 1 == 0 { problem = "slot \(slot) is of a size its list has not" }
        if list.isPlain, node.isSuspect || node.isNoted || node.entry.kind != .linear {
          problem = "slot \(slot) is special, and its list plain"
        }
        slot = node.nextInList
      }
      if count != list.count { problem = "list \(number) has \(count) entries, and says \(list.count)" }
      listed += Int(count)
    }
    if listed != count { problem = "\(count) entries counted, \(listed) on lists" }
    if (0..<capacity).count(where: { nodes[$0].isUsed }) != count + retiredCount
      || free.count != capacity - count - retiredCount
    {
      problem = "slots are lost"
    }
    var aside = 0
    forEachRetired { slot in
      aside += 1
      if isLive(slot) || !isRetired(slot) { problem = "slot \(slot) is kept aside, and lives" }
      if isSuspect(slot) { problem = "slot \(slot) is kept aside, and suspect" }
    }
    if aside != retiredCount { problem = "\(retiredCount) entries kept aside counted, \(aside) listed" }
    if seen != count { problem = "\(count) entries counted, \(seen) listed" }
    if pieces != pieceCount { problem = "pieces are miscounted" }
    for slot in suspicions.keys where !isLive(slot) || !isSuspect(slot) {
      problem = "slot \(slot) is suspected in vain"
    }
    if let wrong = arrays?.problem({ isLive($0) ? self[$0] : nil }) { problem = wrong }
    return problem
  }
}
