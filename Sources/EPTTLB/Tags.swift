/// What a mapping is built from, and so when it may be used (SDM Vol. 3, "Caching Translation Information").
public enum MappingKind: UInt8, Sendable, CaseIterable {
  /// From the paging structures under CR3; created and used only while EPT is not in use.
  case linear
  /// From EPT paging structures; tagged with EP4TA alone.
  case guestPhysical
  /// From both; created and used only while EPT is in use.
  case combined
}

/// What tells the mappings of different address spaces apart.
@frozen public struct Tag: Hashable, Sendable {
  /// Virtual-processor identifier; 0 outside VMX, in root operation and without "enable VPID".
  public var vpid: UInt16
  /// Process-context identifier; 0 while CR4.PCIDE is 0.
  public var pcid: UInt16
  /// EPTP bits 51:12; 0 for linear mappings.
  public var ep4ta: UInt64

  /// A tag.
  @inlinable public init(vpid: UInt16 = 0, pcid: UInt16 = 0, ep4ta: UInt64 = 0) {
    self.vpid = vpid
    self.pcid = pcid
    self.ep4ta = ep4ta
  }

  /// The part of it that a kind of mapping is tagged with; the rest is 0.
  @inlinable public func of(_ kind: MappingKind) -> Tag {
    switch kind {
    case .linear: Tag(vpid: vpid, pcid: pcid)
    case .guestPhysical: Tag(ep4ta: ep4ta)
    case .combined: self
    }
  }
}

/// What a translation permits: the rights of the whole path, folded.
@frozen public struct Rights: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt8
  /// A set of rights.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// Writes (R/W set along the path).
  @inlinable public static var write: Rights { Rights(rawValue: 1) }
  /// Instruction fetches (XD clear along the path).
  @inlinable public static var execute: Rights { Rights(rawValue: 2) }
  /// User-mode addresses (U/S set along the path).
  @inlinable public static var user: Rights { Rights(rawValue: 4) }
  /// Everything: what a walk starts with.
  @inlinable public static var all: Rights { Rights(rawValue: 7) }
}

/// What EPT permits: the rights of the whole path, folded (SDM Vol. 3, "EPT Translation Mechanism").
@frozen public struct EPTRights: OptionSet, Hashable, Sendable {
  /// Bits 2:0 as in an EPT entry; bit 3 is an entry's bit 10.
  public let rawValue: UInt8
  /// A set of rights.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// Reads.
  @inlinable public static var read: EPTRights { EPTRights(rawValue: 1) }
  /// Writes.
  @inlinable public static var write: EPTRights { EPTRights(rawValue: 2) }
  /// Fetches; with mode-based execute control, from supervisor-mode linear addresses.
  @inlinable public static var execute: EPTRights { EPTRights(rawValue: 4) }
  /// Fetches from user-mode linear addresses; without mode-based execute control the same as `execute`.
  @inlinable public static var userExecute: EPTRights { EPTRights(rawValue: 8) }
  /// Everything: what a walk starts with, and what there is without EPT.
  @inlinable public static var all: EPTRights { EPTRights(rawValue: 15) }
}

/// A structure entry that a cached entry was built from.
@frozen public struct Source: Equatable, Sendable {
  /// The address; bit 63, which no physical address has, tells EPT entries.
  @usableFromInline var place: UInt64
  /// What it held when it was read (with the accessed and dirty flags the walk set).
  public var value: UInt64

  /// A source; an entry of an EPT paging structure or of one under CR3.
  @inlinable public init(address: UInt64 = 0, value: UInt64 = 0, isEPT: Bool = false) {
    place = address & ~(1 << 63) | (isEPT ? 1 << 63 : 0)
    self.value = value
  }

  /// Physical address of the entry.
  @inlinable public var address: UInt64 {
    get { place & ~(1 << 63) }
    set { place = newValue & ~(1 << 63) | place & 1 << 63 }
  }

  /// An entry of an EPT paging structure.
  @inlinable public var isEPT: Bool { place >> 63 != 0 }
}
