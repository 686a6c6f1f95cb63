import CPU
import EPTTLB
import MMU

// Memory that is watched: accesses to it are seen, and no others.

extension MachineEvents {
  /// Has accesses to memory seen, and no others.
  func watch(_ watches: [Watch], _ processors: [Processor]) {
    self.watches = watches
    (seenLinear, seenFrames, guestPages) = ([], [], [])
    for watch in watches {
      var page = watch.range.lowerBound & ~0xFFF
      while true {
        switch watch.level {
        case .linear: seenLinear.insert(page)
        case .physical: seenFrames.insert(page)
        case .guestPhysical: guestPages.insert(page)
        }
        guard page < watch.range.upperBound & ~0xFFF else { break }
        page += 0x1000
      }
    }
    if !guestPages.isEmpty {
      for processor in processors {
        let cache = processor.translation.cache
        cache.forEach { _, entry in seenFrames.formUnion(watchedFrames(of: entry)) }
      }
    }
    see(processors)
  }

  private func see(_ processors: [Processor]) {
    for processor in processors {
      // What a policy fills by itself is told to nobody.
      let speculates = processor.translation.cache.policy.name.hasPrefix("speculate")
      let isEverything = tracer?.kinds.contains(.mem) == true || !guestPages.isEmpty && speculates
      processor.translation.see(pages: seenLinear.sorted(), frames: seenFrames.sorted(), isEverything: isEverything)
      processor.accessObserver = watches.isEmpty && !isEverything ? nil : self
    }
  }

  /// Where the guest-physical pages that are watched lie by a translation that a guest's accesses go through.
  private func watchedFrames(of entry: CachedEntry) -> [UInt64] {
    guard entry.kind == .combined, !entry.isStructure else { return [] }
    let mask = UInt64(1) << UInt64(entry.shift) - 1
    return guestPages.filter { $0 & ~mask == entry.guestFrame & ~mask }.map {
      (entry.target & ~mask | $0 & mask) & ~0xFFF
    }
  }

  /// A translation was made: a page of the guest's that is watched may lie elsewhere now.
  func filled(_ address: LinearAddress, _ entry: CachedEntry, _ processor: Processor) {
    trace(.tlb, processor) { "\(entry.kind) \(hex(address.value)) -> \(hex(entry.physical(address.value)))" }
    guard !guestPages.isEmpty else { return }
    let frames = watchedFrames(of: entry)
    guard !seenFrames.isSuperset(of: frames) else { return }
    seenFrames.formUnion(frames)
    see(relays.map(\.processor))
  }
}

extension MachineEvents: AccessObserver {
  func accessed(_ linear: UInt64, bytes: UInt64, isWrite: Bool, by processor: Processor) {
    trace(.mem, processor) { "\(isWrite ? "write" : "read") \(bytes) bytes at \(hex(linear))" }
    guard heedsStops else { return }
    let last = linear &+ (bytes &- 1)
    for watch in watches where watch.accesses.contains(isWrite ? .write : .read) {
      let first: UInt64
      switch watch.level {
      case .linear: first = linear
      case .physical: first = processor.physical(of: linear)?.value ?? ~0
      case .guestPhysical: first = processor.isGuest ? processor.guestPhysical(of: linear) ?? ~0 : ~0
      }
      let end = watch.level == .linear ? last : first &+ (bytes &- 1)
      guard first <= watch.range.upperBound, end >= watch.range.lowerBound, first <= end else { continue }
      meet(watch.stop, "\(isWrite ? "write" : "read") of \(bytes) bytes at linear \(hex(linear))", processor)
    }
  }
}
