/// What an entry must have, beside an address, to serve a look-up: size, kind, VPID and PCID in one word, so that most of the
/// entries of a chain are told apart by one comparison. EP4TA is compared apart.
@frozen @usableFromInline struct EntryIdentity: Equatable {
  @usableFromInline let word: UInt64

  @usableFromInline static let globalBit: UInt64 = 1 << 63
  @usableFromInline static let pcidBits: UInt64 = 0xFFFF << 16

  @inlinable @inline(__always) init(word: UInt64) { self.word = word }

  @inline(__always) var kind: MappingKind { MappingKind(rawValue: UInt8(word >> 9 & 3)) ?? .linear }
  @inline(__always) var isStructure: Bool { word & 1 << 8 != 0 }
  @inline(__always) var vpid: UInt16 { UInt16(truncatingIfNeeded: word >> 32) }
  @inline(__always) var pcid: UInt16 { UInt16(truncatingIfNeeded: word >> 16) }

  /// - Parameter tag: its parts that the kind is not tagged with are left out.
  @inlinable @inline(__always)
  init(_ kind: MappingKind, shift: UInt8, isStructure: Bool, _ tag: Tag, isGlobal: Bool = false) {
    let own = kind == .guestPhysical ? 0 : UInt64(tag.vpid) << 32 | UInt64(tag.pcid) << 16
    word =
      own | UInt64(shift) | (isStructure ? 1 << 8 : 0) | UInt64(kind.rawValue) << 9
      | (isGlobal ? EntryIdentity.globalBit : 0)
  }

  /// An entry's.
  @inlinable @inline(__always) init(_ entry: CachedEntry) {
    self.init(
      entry.kind, shift: entry.shift, isStructure: entry.isStructure, entry.tag, isGlobal: entry.isGlobal)
  }

  /// Whether an entry of this identity is of the wanted one: a global one is of any PCID (rules U1, U2).
  @inlinable @inline(__always) func serves(_ wanted: EntryIdentity) -> Bool {
    let ignored = word & EntryIdentity.globalBit == 0 ? 0 : EntryIdentity.globalBit | EntryIdentity.pcidBits
    return (word ^ wanted.word) & ~ignored == 0
  }

  /// What sets the chains of different address spaces apart, for the hash: of the tag, what no entry serves another for.
  @inlinable @inline(__always) static func home(_ kind: MappingKind, _ tag: Tag) -> UInt64 {
    kind == .guestPhysical ? home(ep4ta: tag.ep4ta) : home(vpid: tag.vpid)
  }

  /// The same of linear and combined entries.
  @inlinable @inline(__always) static func home(vpid: UInt16) -> UInt64 { apart(UInt64(vpid) << 36) }

  /// The same of guest-physical entries.
  @inlinable @inline(__always) static func home(ep4ta: UInt64) -> UInt64 { apart(ep4ta << 24) }

  /// A mutation may let an entry serve any address space: then all are in one chain.
  @inlinable @inline(__always) static func apart(_ home: UInt64) -> UInt64 {
    #if MUTATIONS
      return 0
    #else
      return home
    #endif
  }
}
