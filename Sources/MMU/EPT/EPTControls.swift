import EPTTLB

/// What decides how EPT translates: the EPT part of a context (SDM Vol. 3, "The Extended Page Table Mechanism (EPT)").
@frozen public struct EPTControls: Hashable, Sendable {
  /// The EPTP, whole (SDM Vol. 3, "Extended-Page-Table Pointer (EPTP)").
  public var pointer: UInt64
  /// "Mode-based execute control for EPT": bit 10 of an entry is the right to fetch from user-mode linear addresses.
  public var modeBasedExecute = false
  /// Entries may allow execution without reads.
  public var executeOnly = true
  /// 1-GByte pages are supported; otherwise bit 7 of an EPT PDPTE is reserved.
  public var gigabytePages = true
  /// Violations report what guest paging says of the linear address (qualification bits 11:9).
  public var advancedInformation = true

  /// A walk on nobody's behalf: what is asked is where memory leads, not who may go there.
  public var isLooking = false
  /// A walk on nobody's behalf that sets flags: the page may be of any rights, but the structures must be read, and with
  /// flags for EPT written, as by any walk (rule C2).
  public var isSpeculating = false

  /// EPT under a pointer; features are those of a processor that has them all, but for mode-based execute control.
  @inlinable public init(pointer: UInt64) { self.pointer = pointer }

  /// Physical address of the topmost table.
  @inlinable public var root: UInt64 { pointer & 0x000F_FFFF_FFFF_F000 }
  /// EP4TA, which tags mappings.
  @inlinable public var tag: UInt64 { root }
  /// Levels of a walk, 4 or 5.
  @inlinable public var levels: UInt8 { UInt8(truncatingIfNeeded: pointer >> 3 & 7) + 1 }
  /// Accessed and dirty flags for EPT are in force.
  @inlinable public var hasFlags: Bool { pointer & 1 << 6 != 0 }
}

/// An access to guest-physical memory, as EPT looks at it.
@frozen public struct EPTAccess: Equatable, Sendable {
  /// What it needs.
  public var needs: EPTRights
  /// It sets the dirty flag.
  public var isWrite: Bool
  /// Bits 2:0 of a violation's qualification.
  public var qualification: UInt64

  /// An access to the translation of a linear address.
  @inlinable public init(_ access: Access, _ ept: EPTControls, isUserAddress: Bool) {
    isWrite = access.isWrite
    if access.isFetch {
      needs = ept.modeBasedExecute && isUserAddress ? .userExecute : .execute
      qualification = 4
    } else {
      needs = access.isWrite ? .write : .read
      qualification = access.isWrite ? 2 : 1
    }
    if ept.isLooking || ept.isSpeculating { needs = [] }
  }

  /// The read of a guest paging-structure entry: a write too, with accessed and dirty flags for EPT.
  @inlinable public static func structureRead(_ ept: EPTControls) -> EPTAccess {
    let writes = ept.hasFlags && !isBroken(.c2StructureAccess)
    let needs: EPTRights = ept.isLooking ? [] : writes ? [.read, .write] : .read
    return EPTAccess(needs: needs, isWrite: writes, qualification: writes ? 3 : 1)
  }

  /// The locked step that sets a flag in a guest paging-structure entry.
  @inlinable public static var structureWrite: EPTAccess {
    EPTAccess(needs: [.read, .write], isWrite: true, qualification: 3)
  }

  /// An access.
  @inlinable public init(needs: EPTRights, isWrite: Bool, qualification: UInt64) {
    self.needs = needs
    self.isWrite = isWrite
    self.qualification = qualification
  }
}

/// An EPT violation (SDM Vol. 3, "EPT Violations").
@frozen public struct EPTViolation: Equatable, Sendable {
  /// The guest-physical address.
  public var guestPhysicalAddress: UInt64
  /// Bits of the exit qualification, without bit 12, which VMX knows (SDM Vol. 3, "Exit Qualification for EPT
  /// Violations").
  public var qualification: UInt64
  /// The linear address; nil: there is none (loads of PDPTEs).
  public var linearAddress: UInt64?
  /// Bit 63 of the EPT entry that ended the walk, "suppress #VE"; set too where no entry says so.
  public var suppressesException: Bool
}

/// Why an access of a guest ends in VMX, beside exceptions.
@frozen public enum MemoryExit: Equatable, Sendable {
  /// An EPT violation.
  case eptViolation(EPTViolation)
  /// An EPT misconfiguration at a guest-physical address.
  case eptMisconfiguration(UInt64)
  /// The page-modification log is full; with the guest-linear address if there is one.
  case modificationLogFull(linear: UInt64?)
}

/// Takes the guest-physical addresses of pages whose EPT dirty flag is being set (SDM Vol. 3, "Page-Modification
/// Logging").
public protocol ModificationLog: AnyObject {
  /// Whether there is room for an address; otherwise the access does not take place.
  var hasRoom: Bool { get }
  /// Logs a 4-KByte-aligned guest-physical address.
  func log(_ guestPhysicalAddress: UInt64)
}
