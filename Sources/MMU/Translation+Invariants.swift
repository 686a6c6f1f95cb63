import EPTTLB
import Layout

// What must hold between host pointers and mappings.

extension Translation {
  /// What is wrong with a host pointer, or nil: each must be backed by a live mapping of its context that is above
  /// suspicion. For tests.
  public func checkInvariants() -> String? {
    if let problem = cache.checkInvariants() { return problem }
    var live: [Slot: CachedEntry] = [:]
    cache.forEach { live[$0] = $1 }
    for index in 0..<UInt64(HostPointerCount) {
      let entry = state.hostPointer(index << 12).pointee
      guard entry.readTag != ~0 || entry.writeTag != ~0 else { continue }
      guard isFiled[Int(index)] else { return "host pointer that is not listed" }
      let tag = entry.readTag != ~0 ? entry.readTag : entry.writeTag
      let linear = tag & ~0xFFF
      guard !watchedPages.contains(linear) else { return "host pointer to a page of a breakpoint" }
      if entry.mapping == Translation.noMapping { continue }
      guard let mapping = live[entry.mapping], !mapping.isStructure, mapping.covers(linear) else {
        return "host pointer to \(String(linear, radix: 16)) has no mapping"
      }
      guard let key = contextKeys[Int(tag & 0xFFF)] else { return "host pointer of an unknown context" }
      guard cache.matches(mapping, key.controls.tag) else { return "host pointer under a wrong tag" }
      guard mapping.kind == (key.controls.ept == nil ? .linear : .combined) else {
        return "host pointer by a mapping of a wrong kind"
      }
      guard mapping.eptRights.contains(.read) else { return "host pointer that EPT does not permit" }
      let root = key.controls.root(of: LinearAddress(linear))
      let access = Access(isWrite: entry.writeTag != ~0, isUser: key.isUser)
      let isCleared = isCleared(entry.mapping, linear, root, access)
      guard !cache.isSuspect(entry.mapping) && mapping.root == root || isCleared else {
        return "host pointer by a suspect mapping"
      }
      guard cache.mayDerive(entry.mapping) else { return "host pointer beyond the first level" }
      let physical = key.controls.onBus(mapping.physical(linear))
      let host = linear &+ entry.addend
      if host == UInt64(UInt(bitPattern: memory.zeros)) {
        let page = memory.page(of: PhysicalAddress(physical)).pointee
        guard entry.writeTag == ~0, !page.isTouched, page.isReadAsZeros else { return "host pointer to zeros" }
      } else if memory.host(PhysicalAddress(physical), bytes: 0x1000).map({ UInt64(UInt(bitPattern: $0)) }) != host {
        return "host pointer to a wrong frame"
      }
      if entry.writeTag != ~0 {
        let write = Access(isWrite: true, isUser: key.isUser)
        guard mapping.isDirty, mapping.eptRights.contains(.write),
          key.controls.permits(write, mapping.rights, key: mapping.protectionKey)
        else {
          return "host pointer writes through a mapping that must not"
        }
        guard memory.page(of: PhysicalAddress(physical)).pointee.mayHaveWriter else {
          return "host pointer writes a marked page"
        }
      }
    }
    return nil
  }
}
