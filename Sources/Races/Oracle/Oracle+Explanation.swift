import EPTTLB
import MMU

// Why nothing has helped, and whether hardware would show it.

extension Oracle {
  /// Invalidations since the change, the latest of each processor, and the one of the user's own that came too early.
  func missed(_ mapping: CachedEntry, of processor: Int, since change: UInt64) -> [Violation.Missed] {
    var missed: [Violation.Missed] = []
    for (number, log) in logs.enumerated() {
      let isOwn = number == processor
      if isOwn,
        let early = log.entries.last(where: { $0.order < change && $0.isMeant && $0.mustDrop(mapping) })
      {
        missed.append(
          Violation.Missed(
            processor: number, cycle: early.cycle, rip: early.rip, text: early.text,
            reason: "it came before the change; the mapping was made again after it"))
      }
      let all = log.since(change)
      let told = isOwn ? Array(all.suffix(4)) : Array(all.filter { $0.mustDrop(mapping) }.suffix(2))
      for entry in told {
        missed.append(
          Violation.Missed(
            processor: number, cycle: entry.cycle, rip: entry.rip, text: entry.text,
            reason: isOwn
              ? entry.mustDrop(mapping)
                ? "the mapping was made again after it, by way of a stale one that it leaves"
                : entry.whyItMissed(mapping)
              : "it names the right mappings, but acts on CPU \(number) alone: CPU \(processor) keeps its own"))
      }
    }
    return missed
  }

  /// What each part's TLB would be likely to have done, by the fills since into the mapping's set. An estimate: the part
  /// itself would have made other fills.
  func residency(_ use: StaleUse, _ sequence: UInt64) -> [(part: String, text: String)] {
    let mapping = use.mapping
    let cache = processors[use.processor].translation.cache
    return TLBPart.names.compactMap { name in
      guard let part = try? TLBPart.named(name) else { return nil }
      let role: TLBPart.Role = mapping.kind == .guestPhysical ? .nested : use.access.isFetch ? .instruction : .data
      let arrays = part.arrays.filter { ($0.role == role || $0.role == .second) && $0.shifts.contains(mapping.shift) }
      guard let largest = arrays.max(by: { $0.entries < $1.entries }) else { return nil }
      let sets = UInt64(max(largest.entries / largest.ways, 1))
      var rivals = 0
      cache.forEach { slot, entry in
        guard !entry.isStructure, entry.shift == mapping.shift, cache.sequence(slot) > sequence,
          (entry.kind == .guestPhysical) == (mapping.kind == .guestPhysical)
        else { return }
        let (own, other) = (mapping.prefix >> UInt64(mapping.shift), entry.prefix >> UInt64(mapping.shift))
        if own % sets == other % sets { rivals += 1 }
      }
      let ways = "\(rivals) later fills compete for the \(largest.ways) ways of its set"
      return (name, rivals < largest.ways ? "likely yes, \(ways)" : "likely no, \(ways)")
    }
  }
}
