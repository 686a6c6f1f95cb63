import EPTTLB
import MMU

/// A read by a stale mapping that is made again and again, with no fact between.
struct RepeatedRead {
  let slot: Slot
  /// The oracle's count of facts.
  let order: UInt64
  let kind: MappingKind
  let verdict: Verdict
  var count: UInt64 = 0
}

/// By processor, the read by a stale mapping that was graded last, and how often it was made again: counted by the processor,
/// without a call.
final class RepeatedReads {
  private var reads: [RepeatedRead?]
  private let counts: UnsafeMutablePointer<UInt64>

  init(processors: Int) {
    reads = Array(repeating: nil, count: processors)
    counts = .allocate(capacity: processors)
    counts.initialize(repeating: 0, count: processors)
  }

  deinit { counts.deallocate() }

  /// All of them.
  var all: [RepeatedRead?] {
    get {
      reads.indices.map {
        var read = reads[$0]
        read?.count = counts[$0]
        return read
      }
    }
    set {
      for index in reads.indices where newValue.indices.contains(index) {
        (reads[index], counts[index]) = (newValue[index], newValue[index]?.count ?? 0)
      }
    }
  }

  /// A processor's reads are others from now on; those that it has made until now.
  func begin(_ read: RepeatedRead, by processor: Int) -> RepeatedRead? {
    guard reads.indices.contains(processor) else { return nil }
    var before = reads[processor]
    before?.count = counts[processor]
    (reads[processor], counts[processor]) = (read, 0)
    return before
  }

  /// Where a processor counts them while no fact comes; nil: its last was by another mapping, or before a fact.
  ///
  /// - Parameter facts: the count of facts; it and this object last as long as any processor counts.
  func counter(of slot: Slot, by processor: Int, facts: UnsafePointer<UInt64>) -> StaleReadCounter? {
    guard reads.indices.contains(processor), let last = reads[processor], last.slot == slot,
      last.order == facts.pointee
    else { return nil }
    return StaleReadCounter(count: counts + processor, facts: facts)
  }
}
