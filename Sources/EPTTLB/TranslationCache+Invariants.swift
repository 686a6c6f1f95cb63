extension TranslationCache {
  /// What is wrong inside, or nil; for tests.
  public func checkInvariants() -> String? {
    var seen = 0
    var problem: String?
    var sizes = SizeCounts()
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
      if !entry.isStructure { sizes.add(entry.shift) }
      if entry.isPiece { pieces += 1 }
      if entry.prefix & (1 << UInt64(entry.shift) - 1) != 0 { problem = "slot \(slot): prefix is not aligned" }
      if !entry.isStructure, entry.target & (1 << UInt64(entry.shift) - 1) != 0 {
        problem = "slot \(slot): frame is not aligned"
      }
      if nodes[Int(slot)].identity != EntryIdentity(entry) { problem = "slot \(slot) has another's identity" }
      var chained = buckets[bucket(of: nodes + Int(slot))]
      while chained != slot && chained != TranslationCache.none { chained = nodes[Int(chained)].nextInBucket }
      if chained != slot { problem = "slot \(slot) is in no chain" }
    }
    var aside = 0
    var asideSizes = SizeCounts()
    forEachRetired { slot in
      aside += 1
      let entry = self[slot]
      if isLive(slot) || !isRetired(slot) { problem = "slot \(slot) is kept aside, and lives" }
      if isSuspect(slot) { problem = "slot \(slot) is kept aside, and suspect" }
      if !entry.isStructure { asideSizes.add(entry.shift) }
    }
    if aside != retiredCount { problem = "\(retiredCount) entries kept aside counted, \(aside) listed" }
    if asideSizes != retiredSizes { problem = "sizes of entries kept aside are miscounted" }
    if seen != count { problem = "\(count) entries counted, \(seen) listed" }
    if sizes != translationSizes { problem = "sizes are miscounted" }
    if pieces != pieceCount { problem = "pieces are miscounted" }
    for slot in suspicions.keys where !isLive(slot) || !isSuspect(slot) {
      problem = "slot \(slot) is suspected in vain"
    }
    if let wrong = arrays?.problem({ isLive($0) ? self[$0] : nil }) { problem = wrong }
    return problem
  }
}
