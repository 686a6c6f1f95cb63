import EPTTLB
import MMU

/// Where EPT02, or what was made from it, is not what EPT12 and EPT01 say (docs/OBSERVER.md).
public struct NestedFinding {
  /// What is wrong.
  public enum Cause: String, CaseIterable, Sendable {
    /// It leads elsewhere.
    case entry = "wrong entry"
    /// EPT12 leads nowhere.
    case absent = "an entry that EPT12 does not have"
    /// EPT01 does not let L1 have what EPT12 leads to.
    case withheld = "memory that EPT01 does not give L1"
    /// It grants more than EPT12 and EPT01 do.
    case rights = "a right too many"
    /// It was right until L1 changed EPT12 and executed INVEPT.
    case lostINVEPT = "lost INVEPT"
    /// A combined mapping is older than L1's INVVPID.
    case lostINVVPID = "lost INVVPID"
    /// A combined mapping is older than L1's last entry without VPID12.
    case kept = "mappings kept without VPID12"
    /// The memory type or ignore-PAT bit is not EPT12's: a note, no violation.
    case type = "another memory type"

    /// Software is wrong.
    public var isViolation: Bool { self != .type }
  }

  /// Where it was seen.
  public enum Place: String, Sendable {
    /// A fill under EPT02.
    case fill
    /// A store to EPT02's tables.
    case store
    /// EPT02, or the processor's mappings, when L2 was entered.
    case entry
  }

  /// Who did something, when and where.
  public struct Moment: Sendable {
    /// The processor; nil: a device or the monitor.
    public let processor: Int?
    /// Its clock and instruction pointer.
    public let cycle, rip: UInt64
  }

  /// A structure entry.
  public struct Entry: Sendable {
    /// Physical address and contents.
    public let address, value: UInt64
  }

  /// A translation of an address of L2's.
  public struct Meaning: Sendable {
    /// Physical address.
    public let physical: UInt64
    /// Rights by the whole path.
    public let rights: EPTRights
    /// Memory type, with ignore PAT in bit 3.
    public let type: UInt8?
  }

  /// What is wrong.
  public let cause: Cause
  /// Where it was seen.
  public let place: Place
  /// The processor that runs L2, and when it was seen.
  public let seen: Moment
  /// Guest-physical address of L2's; of a lost INVVPID, linear.
  public let address: UInt64
  /// What EPT02, or the mapping, makes of it.
  public let found: Meaning
  /// A mapping that the processor remembers; nil: it is EPT02 itself.
  public let mapping: CachedEntry?
  /// EPT02's entry.
  public let entry02: Entry?
  /// Who wrote that last, and what was there before and after.
  public let stored: (moment: Moment, old: UInt64, new: UInt64)?
  /// EPT12's entry, at an address of L1's.
  public let entry12: Entry?
  /// What EPT12 makes of the address, in L1's memory.
  public let guestPhysical: UInt64?
  /// What EPT01 makes of that.
  public let wanted: Meaning?
  /// The change of EPT12 after which it was wrong.
  public let change: StructureChange?
  /// L1's invalidation that was lost.
  let invalidation: L1Invalidation?
  /// EPTP12; nil: L1 uses no EPT.
  public let eptp12: UInt64?
  /// EPTP02.
  public let eptp02: UInt64
  /// VPID12; nil: "enable VPID" is 0.
  public let vpid12: UInt16?
  /// VPID02.
  public let vpid02: UInt16?
  /// L0's invalidations on the processor since, and why each missed it.
  public let missed: [Violation.Missed]
}
