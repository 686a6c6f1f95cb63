import EPTTLB

/// A paging mode (SDM Vol. 3, "Paging Modes and Control Bits").
public enum PagingMode: UInt8, Sendable {
  /// CR0.PG = 0: linear addresses are physical ones.
  case none
  /// 32-bit paging.
  case twoLevel
  /// PAE paging.
  case pae
  /// 4-level paging.
  case fourLevel
  /// 5-level paging.
  case fiveLevel

  /// Bits of a linear address that are translated.
  @inlinable public var linearBits: UInt64 {
    switch self {
    case .none, .twoLevel, .pae: 32
    case .fourLevel: 48
    case .fiveLevel: 57
    }
  }

  /// Whether paging is 4-level or 5-level: IA-32e mode.
  @inlinable public var isLong: Bool { self == .fourLevel || self == .fiveLevel }
}

/// All that decides what a walk finds and what an access may do, apart from memory: the paging part of a context.
///
/// What is not in force in the mode is false or 0 here, so that it makes no two contexts of one.
@frozen public struct PagingControls: Hashable, Sendable {
  /// Paging mode.
  public var mode: PagingMode
  /// CR4.PSE: 4-MByte pages of 32-bit paging.
  public var pageSizeExtensions: Bool
  /// Physical address of the topmost table (CR3 bits 51:12; of PAE paging, bits 31:5).
  public var root: UInt64
  /// CR0.WP.
  public var writeProtect: Bool
  /// EFER.NXE, where entries have 64 bits.
  public var executeDisable: Bool
  /// CR4.PGE.
  public var globalPages: Bool
  /// MAXPHYADDR.
  public var physicalBits: UInt8
  /// Accesses that are not aligned fault: each must be seen.
  public var checksAlignment: Bool
  /// VPID and PCID in force.
  public var tag: Tag
  /// CR4.SMEP.
  public var supervisorExecutionPrevention = false
  /// CR4.SMAP.
  public var supervisorAccessPrevention = false
  /// EFLAGS.AC, which lets explicit supervisor-mode accesses through SMAP.
  public var alignmentCheck = false
  /// 1-GByte pages are supported; otherwise bit 7 of a PDPTE is reserved.
  public var gigabytePages = true
  /// PKRU while CR4.PKE is 1; 0 forbids nothing.
  public var userKeys: UInt32 = 0
  /// IA32_PKRS while CR4.PKS is 1; 0 forbids nothing.
  public var supervisorKeys: UInt32 = 0
  /// EPT, while it is in use.
  public var ept: EPTControls?
  /// Physical page of the APIC-access page, which accesses do not reach by host pointers; ~0: there is none.
  public var apicAccessPage: UInt64 = ~0
  /// The PDPTE registers of PAE paging.
  public var pointers = SIMD4<UInt64>.zero
  /// A20M# is asserted: bit 20 of every physical address is 0 on the bus (SDM Vol. 3, "A20M# Pin").
  public var masksA20 = false

  /// Controls; what has no parameter is off, but for 1-GByte pages.
  @inlinable
  public init(
    root: UInt64, writeProtect: Bool, executeDisable: Bool, globalPages: Bool, physicalBits: UInt8, tag: Tag = Tag(),
    mode: PagingMode = .fourLevel, pageSizeExtensions: Bool = false, checksAlignment: Bool = false
  ) {
    self.mode = mode
    self.pageSizeExtensions = pageSizeExtensions
    self.root = root
    self.writeProtect = writeProtect
    self.executeDisable = executeDisable
    self.globalPages = globalPages
    self.physicalBits = physicalBits
    self.checksAlignment = checksAlignment
    self.tag = tag
  }
}

/// A page fault's error code (SDM Vol. 3, "Page-Fault Exceptions").
@frozen public struct PageFaultCode: OptionSet, Equatable, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// A code.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// P: a protection violation or a reserved bit, not a page that is not present.
  @inlinable public static var present: PageFaultCode { PageFaultCode(rawValue: 1) }
  /// W/R.
  @inlinable public static var write: PageFaultCode { PageFaultCode(rawValue: 2) }
  /// U/S.
  @inlinable public static var user: PageFaultCode { PageFaultCode(rawValue: 4) }
  /// RSVD.
  @inlinable public static var reserved: PageFaultCode { PageFaultCode(rawValue: 8) }
  /// I/D.
  @inlinable public static var fetch: PageFaultCode { PageFaultCode(rawValue: 16) }
  /// PK: the address's protection key forbids the access.
  @inlinable public static var protectionKey: PageFaultCode { PageFaultCode(rawValue: 32) }

  /// The bits that an access alone decides. I/D is reported only where execute-disable or SMEP is in force.
  @inlinable public init(_ access: Access, _ controls: PagingControls) {
    var code: PageFaultCode = []
    if access.isWrite { code.insert(.write) }
    if access.isUser { code.insert(.user) }
    if access.isFetch && (controls.executeDisable || controls.supervisorExecutionPrevention) { code.insert(.fetch) }
    self = code
  }

  /// The code where there is a translation, but one that does not permit the access. PK tells of the key alone, whether
  /// or not other rights forbid the access too.
  @inlinable public init(_ access: Access, _ controls: PagingControls, violating rights: Rights, key: UInt8) {
    self = PageFaultCode(access, controls).union(.present)
    if !controls.keyPermits(access, rights, key) { insert(.protectionKey) }
  }
}

extension PagingControls {
  /// The controls without what no instruction fetch depends on: CR0.WP and CR0.AM, SMAP, and protection keys.
  var ofFetches: PagingControls {
    var controls = self
    controls.writeProtect = true
    (controls.supervisorAccessPrevention, controls.alignmentCheck, controls.checksAlignment) = (false, false, false)
    (controls.userKeys, controls.supervisorKeys) = (0, 0)
    return controls
  }

  /// A physical address as it goes to memory.
  @inlinable @inline(__always) public func onBus(_ address: UInt64) -> UInt64 {
    masksA20 ? address & ~(1 << 20) : address
  }

  /// Whether rights and the protection key of an address permit an access (SDM Vol. 3, "Determination of Access Rights").
  @inlinable @inline(__always) public func permits(_ access: Access, _ rights: Rights, key: UInt8 = 0) -> Bool {
    let isUserAddress = rights.contains(.user)
    if access.isUser && !isUserAddress { return false }
    if access.isFetch {
      if executeDisable && !rights.contains(.execute) { return false }
      return access.isUser || !isUserAddress || !supervisorExecutionPrevention
    }
    if access.isWrite && !rights.contains(.write) && (access.isUser || writeProtect) { return false }
    if supervisorAccessPrevention && isUserAddress && !access.isUser && (access.isImplicit || !alignmentCheck) {
      return false
    }
    return keyPermits(access, rights, key)
  }

  /// Whether the protection key of an address permits an access (SDM Vol. 3, "Protection Keys"): PKRU is for user-mode
  /// addresses, IA32_PKRS for supervisor-mode ones, and neither for instruction fetches.
  @inlinable @inline(__always) public func keyPermits(_ access: Access, _ rights: Rights, _ key: UInt8) -> Bool {
    guard !access.isFetch else { return true }
    let disabled = (rights.contains(.user) ? userKeys : supervisorKeys) >> (UInt32(key & 15) * 2)
    if disabled & 1 != 0 { return false }
    return disabled & 2 == 0 || !access.isWrite || !(access.isUser || writeProtect)
  }
}
