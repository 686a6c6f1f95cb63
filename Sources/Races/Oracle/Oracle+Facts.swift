import EPTTLB
import MMU

/// What an oracle knows at a moment: a value, to go back to with the machine.
public struct OracleFacts {
  var logs: [InvalidationLog]
  var fills: [FillLog]
  var suspects: [Oracle.Key: Oracle.Suspect]
  var pages: [UInt64: Oracle.WatchedPage]
  var opinions: [Oracle.Key: Oracle.Opinion]
  var groups: [Oracle.Group: UInt64]
  var losses: [UInt64: (order: UInt64, change: StructureChange, isEPT: Bool)]
  var staleStores: [(page: UInt64, rip: UInt64)?]
  var order: UInt64
  var tally: OracleCounters
  var repeats: [RepeatedRead?]
  var lastChange: StructureChange?
  var hasViolation: Bool
}

extension Oracle {
  /// What it knows now. Setting it, behind `Board.restore`, is going back: the machine then has to be as it was.
  public var facts: OracleFacts {
    get {
      OracleFacts(
        logs: logs, fills: fills, suspects: suspects, pages: pages, opinions: opinions, groups: groups, losses: losses,
        staleStores: staleStores, order: order, tally: tally, repeats: repeats.all, lastChange: lastChange,
        hasViolation: hasViolation)
    }
    set {
      for page in pages.keys { watchedPages.watch(page, false) }
      (logs, fills, suspects, pages) = (newValue.logs, newValue.fills, newValue.suspects, newValue.pages)
      (opinions, groups, losses) = (newValue.opinions, newValue.groups, newValue.losses)
      (staleStores, order, tally) = (newValue.staleStores, newValue.order, newValue.tally)
      (repeats.all, lastChange, hasViolation) = (newValue.repeats, newValue.lastChange, newValue.hasViolation)
      for page in pages.keys { watchedPages.watch(page, true) }
    }
  }

  /// When and where a mapping that a processor has now was made, if that is still known; and the invalidations since its
  /// source changed, or else since it was made, with why each has left it.
  public func history(
    of slot: Slot, on processor: Int
  ) -> (fill: (cycle: UInt64, rip: UInt64)?, missed: [Violation.Missed]) {
    guard processors.indices.contains(processor) else { return (nil, []) }
    let cache = processors[processor].translation.cache
    let sequence = cache.sequence(slot)
    let fill = fills[processor].fill(sequence)
    if let suspect = suspects[Key(processor: processor, slot: slot)], suspect.sequence == sequence {
      return (fill, missed(cache[slot], of: processor, since: suspect.order))
    }
    let own = logs[processor].entries.filter { $0.insertions > sequence }.suffix(4)
    return (
      fill,
      own.map {
        Violation.Missed(
          processor: processor, cycle: $0.cycle, rip: $0.rip, text: $0.text, reason: $0.whyItMissed(cache[slot]))
      }
    )
  }
}
