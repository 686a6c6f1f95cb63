/// What the nested-EPT observer has seen.
public struct NestedCounters: Equatable, Sendable {
  /// Fills under EPT02 that were checked.
  public internal(set) var fills: UInt64 = 0
  /// Stores to EPT02's tables that were checked, by entries changed.
  public internal(set) var stores: UInt64 = 0
  /// VMCS12s that L1 has loaded, EPT12s and EPT02s that L2 ran on.
  public internal(set) var vmcs12s, ept12s, ept02s: UInt64
  /// Entries of L2 by L0.
  public internal(set) var entries: UInt64 = 0
  /// L1's INVEPT by type: 1, 2.
  public internal(set) var invept: [UInt64] = [0, 0, 0]
  /// L1's INVVPID by type: 0 to 3.
  public internal(set) var invvpid: [UInt64] = [0, 0, 0, 0]
  /// Values of EPT12 that were older than now, and that L1 has not invalidated.
  public internal(set) var older: UInt64 = 0
  /// What could not be judged, because too much of EPT12 has changed since L1's last INVEPT.
  public internal(set) var unjudged: UInt64 = 0
  /// Instructions of L1 that L0 has not let succeed.
  public internal(set) var failed: UInt64 = 0
  /// Findings by cause.
  public internal(set) var findings: [NestedFinding.Cause: UInt64] = [:]
  /// What was not followed, by name.
  public internal(set) var refusals: [String: UInt64] = [:]

  init() { (vmcs12s, ept12s, ept02s) = (0, 0, 0) }

  /// Whether a finding is a violation.
  public var hasViolation: Bool { findings.contains { $0.key.isViolation && $0.value > 0 } }
}
