import EPTTLB

/// A paging mode (SDM Vol. 3, "Paging Modes and Control Bits"); PAE and 5-level paging are not built yet.
public enum PagingMode: UInt8, Sendable {
  /// CR0.PG = 0: linear addresses are physical ones.
  case none
  /// 32-bit paging.
  case twoLevel
  /// 4-level paging.
  case fourLevel
}

/// All that decides what a walk finds and what an access may do, apart from memory: the paging part of a context.
@frozen public struct PagingControls: Hashable, Sendable {
  /// Paging mode.
  public var mode: PagingMode
  /// CR4.PSE: 4-MByte pages of 32-bit paging.
  public var pageSizeExtensions: Bool
  /// Physical address of the topmost table (CR3 bits 51:12).
  public var root: UInt64
  /// CR0.WP.
  public var writeProtect: Bool
  /// EFER.NXE.
  public var executeDisable: Bool
  /// CR4.PGE.
  public var globalPages: Bool
  /// MAXPHYADDR.
  public var physicalBits: UInt8
  /// Accesses that are not aligned fault: each must be seen.
  public var checksAlignment: Bool
  /// VPID and PCID in force.
  public var tag: Tag

  /// Controls.
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
  public static let present = PageFaultCode(rawValue: 1)
  /// W/R.
  public static let write = PageFaultCode(rawValue: 2)
  /// U/S.
  public static let user = PageFaultCode(rawValue: 4)
  /// RSVD.
  public static let reserved = PageFaultCode(rawValue: 8)
  /// I/D.
  public static let fetch = PageFaultCode(rawValue: 16)

  /// The bits that an access alone decides. I/D is reported only where execute-disable is in force.
  @inlinable public init(_ access: Access, _ controls: PagingControls) {
    var code: PageFaultCode = []
    if access.isWrite { code.insert(.write) }
    if access.isUser { code.insert(.user) }
    if access.isFetch && controls.executeDisable { code.insert(.fetch) }
    self = code
  }
}

extension PagingControls {
  /// Whether rights permit an access (SDM Vol. 3, "Determination of Access Rights").
  @inlinable public func permits(_ access: Access, _ rights: Rights) -> Bool {
    if access.isUser && !rights.contains(.user) { return false }
    if access.isWrite && !rights.contains(.write) && (access.isUser || writeProtect) { return false }
    if access.isFetch && executeDisable && !rights.contains(.execute) { return false }
    return true
  }
}
