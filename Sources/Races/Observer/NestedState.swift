/// All that the nested-EPT observer knows, as a value: a copy of it belongs to a snapshot of the machine.
public struct NestedState: Sendable {
  /// Virtual processors by VMCS01.
  var firsts: [UInt64: VirtualProcessor] = [:]
  /// VMCS01 by VMCS02.
  var seconds: [UInt64: UInt64] = [:]
  /// By the physical address of the region.
  var vmcs12s: [UInt64: VMCS12] = [:]
  /// VMCS12s that are not followed any more.
  var refused: Set<UInt64> = []
  /// By the physical address of the topmost table.
  var histories: [UInt64: EPT12History] = [:]
  /// By EP4TA02.
  var roots: [UInt64: Root02] = [:]
  /// By processor: who has executed VMLAUNCH or VMRESUME and waits, and what runs.
  var launching: [UInt64?]
  var runs: [L2Run?]
  /// By EP4TA02, entries that were stored to and not looked at yet, and by whom.
  var dirty: [UInt64: [UInt64: NestedFinding.Moment]] = [:]
  var counters = NestedCounters()
  /// What findings have been told of.
  var told: Set<Told> = []

  /// What tells findings apart.
  struct Told: Hashable, Sendable {
    let cause: NestedFinding.Cause
    let processor: Int
    let vmcs12: UInt64
    let rip: UInt64
  }

  init(processors: Int) {
    launching = Array(repeating: nil, count: processors)
    runs = Array(repeating: nil, count: processors)
  }
}
