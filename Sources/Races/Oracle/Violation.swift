import EPTTLB
import MMU

/// A stale use that software answers for, with the facts of its case.
public struct Violation {
  /// Another write to what the mapping leads to.
  public struct Write: Sendable {
    let order: UInt64
    /// Who wrote.
    public let writer: Writer
    /// The writer's clock and instruction pointer.
    public let cycle, rip: UInt64
    /// Where.
    public let address: UInt64
  }

  /// An invalidation since, and why it has not helped.
  public struct Missed: Sendable {
    /// The processor that executed it.
    public let processor: Int
    /// Its clock and instruction pointer.
    public let cycle, rip: UInt64
    /// What it was.
    public let text: String
    /// Why it has not helped.
    public let reason: String
  }

  /// What it amounts to.
  public let verdict: Verdict
  /// The use.
  public let use: StaleUse
  /// Where the mapping gives more than memory does, or something else.
  public let axes: MappingAxes
  /// The change that made the mapping stale; nil: it is another root's.
  public let change: StructureChange?
  /// The changed entry is EPT's.
  public let isEPT: Bool
  /// When and where the mapping was made, if that is still known.
  public let fill: (cycle: UInt64, rip: UInt64)?
  /// The write of a reused one.
  public let write: Write?
  /// The changer's invalidation, or its marker, of an acknowledged one.
  public let acknowledgement: String?
  /// Invalidations since the change, by processor.
  public let missed: [Missed]
  /// What the parts' TLBs would be likely to have done, by name.
  public let residency: [(part: String, text: String)]
}

/// How often what was seen.
public struct OracleCounters: Equatable, Sendable {
  /// Changes of entries that live mappings came from.
  public internal(set) var changes: UInt64 = 0
  /// Of these, those that took something away.
  public internal(set) var losses: UInt64 = 0
  /// Uses of mappings with which memory does not agree.
  public internal(set) var uses: UInt64 = 0
  /// Uses by verdict.
  public internal(set) var verdicts: [Verdict: UInt64] = [:]
  /// Uses by kind of mapping.
  public internal(set) var kinds: [MappingKind: UInt64] = [:]
  /// Violations that differ in verdict, changing instruction, kind of mapping or using processor.
  public internal(set) var violations: UInt64 = 0
  /// Accessed and dirty flags that walks have written into pages that are no tables any more.
  public internal(set) var strayFlags: UInt64 = 0
  /// Invalidations, by name of the instruction, with those that removed no translation.
  public var invalidations: [String: (all: UInt64, needless: UInt64)] {
    var named: [String: (all: UInt64, needless: UInt64)] = [:]
    for type in InvalidationType.allCases where everyInvalidation[type.rawValue] > 0 {
      named[type.name] = (everyInvalidation[type.rawValue], needlessInvalidations[type.rawValue])
    }
    return named
  }
  /// The same by type.
  private var everyInvalidation = [UInt64](repeating: 0, count: InvalidationType.allCases.count)
  private var needlessInvalidations = [UInt64](repeating: 0, count: InvalidationType.allCases.count)
  /// Messages from one processor to another.
  public internal(set) var messages: UInt64 = 0
  /// VM entries and exits.
  public internal(set) var entries: UInt64
  /// VM exits, by basic exit reason.
  public private(set) var exitsByReason = [UInt64](repeating: 0, count: 128)
  /// All of them.
  public var exits: UInt64 { exitsByReason.reduce(0, +) }

  /// Adds reads that were the same as one that is counted.
  mutating func add(_ repeated: RepeatedRead) {
    guard repeated.count > 0 else { return }
    uses += repeated.count
    kinds[repeated.kind, default: 0] += repeated.count
    verdicts[repeated.verdict, default: 0] += repeated.count
  }

  mutating func count(_ type: InvalidationType, isNeedless: Bool) {
    everyInvalidation[type.rawValue] += 1
    if isNeedless { needlessInvalidations[type.rawValue] += 1 }
  }

  mutating func exited(_ reason: UInt32) { exitsByReason[Int(reason & 127)] += 1 }

  init() { entries = 0 }

  /// Whether they are the same.
  public static func == (left: OracleCounters, right: OracleCounters) -> Bool {
    left.changes == right.changes && left.losses == right.losses && left.uses == right.uses
      && left.verdicts == right.verdicts && left.kinds == right.kinds && left.violations == right.violations
      && left.strayFlags == right.strayFlags && left.entries == right.entries && left.exits == right.exits
      && left.messages == right.messages
  }
}
