import EPTTLB

extension TranslationCache {
  /// Adds every live entry, oldest first: age decides which of two may be used, and which goes first.
  public func hash(into hasher: inout StateHasher) {
    hasher.add(UInt64(count))
    for word in policyWords { hasher.add(word) }
    forEach { slot, entry in
      for byte in [entry.kind.rawValue, entry.shift, entry.rights.rawValue, entry.memoryType, entry.protectionKey] {
        hasher.add(UInt64(byte))
      }
      for flag in [entry.isStructure, entry.isGlobal, entry.isDirty] { hasher.add(flag) }
      hasher.add(UInt64(entry.tag.vpid) | UInt64(entry.tag.pcid) << 16)
      hasher.add(entry.tag.ep4ta)
      hasher.add(entry.prefix)
      hasher.add(entry.target)
      hasher.add(entry.root)
      if entry.kind != .linear {
        hasher.add(UInt64(entry.eptRights.rawValue))
        hasher.add(entry.guestFrame)
        if entry.isPiece { hasher.add(UInt64(entry.pageShift)) }
      }
      if entry.apicAccessPage != ~0 { hasher.add(entry.apicAccessPage) }
      for index in 0..<sourceCount(slot) {
        hasher.add(source(slot, index).address)
        hasher.add(source(slot, index).value)
      }
    }
  }
}
