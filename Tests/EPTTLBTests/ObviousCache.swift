import EPTTLB

/// The same cache as a plain list, every rule a predicate over it, written from TLB rules, sections U and I.
struct ObviousCache {
  /// An entry: what decides its use and its end.
  struct Entry {
    var kind: MappingKind
    var isStructure: Bool
    var isGlobal: Bool
    var shift: UInt8
    var tag: Tag
    var first: UInt64
    var serial: UInt64

    init(_ entry: CachedEntry) {
      (kind, isStructure, isGlobal) = (entry.kind, entry.isStructure, entry.isGlobal)
      (shift, tag, first, serial) = (entry.shift, entry.tag, entry.prefix, entry.root)
    }

    var last: UInt64 { first + (1 << UInt64(shift) - 1) }
    func holds(_ address: UInt64) -> Bool { first <= address && address <= last }
    var isLinearOrCombined: Bool { kind == .linear || kind == .combined }
    func serves(_ pcid: UInt16) -> Bool { tag.pcid == pcid || isGlobal }
    /// U1, U2: what each kind goes by.
    func matches(_ other: Tag) -> Bool {
      switch kind {
      case .linear: tag.vpid == other.vpid && serves(other.pcid)
      case .combined: tag.vpid == other.vpid && tag.ep4ta == other.ep4ta && serves(other.pcid)
      case .guestPhysical: tag.ep4ta == other.ep4ta
      }
    }
  }

  let budget: Int
  /// Oldest first.
  private(set) var entries: [Entry] = []
  private(set) var evictions = 0
  /// Serial numbers of the translations that have gone.
  private(set) var dropped: [UInt64] = []

  init(budget: Int) { self.budget = budget }

  mutating func insert(_ entry: CachedEntry) {
    if entries.count == budget, let oldest = entries.first {
      evictions += 1
      remove { $0.serial == oldest.serial }
    }
    entries.append(Entry(entry))
  }

  mutating func remove(where condition: (Entry) -> Bool) {
    dropped += entries.filter { !$0.isStructure && condition($0) }.map(\.serial)
    entries.removeAll(where: condition)
  }

  mutating func forgetDropped() { dropped = [] }

  /// U1, U2 and C5: of the translations that may be used, the oldest.
  func translation(_ kind: MappingKind, _ address: UInt64, _ tag: Tag) -> UInt64? {
    entries.first { $0.kind == kind && !$0.isStructure && $0.holds(address) && $0.matches(tag) }?.serial
  }

  /// Of the paging-structure-cache entries that may be used those with the longest prefix, and of these the oldest.
  func structure(_ kind: MappingKind, _ address: UInt64, _ tag: Tag) -> UInt64? {
    let usable = entries.filter { $0.kind == kind && $0.isStructure && $0.holds(address) && $0.matches(tag) }
    let longest = usable.map(\.shift).min()
    return usable.first { $0.shift == longest }?.serial
  }

  mutating func invlpg(_ address: UInt64, _ vpid: UInt16, _ pcid: UInt16) {
    remove { $0.isLinearOrCombined && $0.tag.vpid == vpid && $0.isStructure && $0.tag.pcid == pcid }
    remove {
      $0.isLinearOrCombined && $0.tag.vpid == vpid && !$0.isStructure && $0.holds(address) && $0.serves(pcid)
    }
  }

  mutating func movToCR3(_ vpid: UInt16, _ pcid: UInt16) {
    remove { $0.isLinearOrCombined && $0.tag.vpid == vpid && $0.tag.pcid == pcid && !$0.isGlobal }
  }

  mutating func pagingModeChanged(_ vpid: UInt16) {
    remove { $0.isLinearOrCombined && $0.tag.vpid == vpid }
  }

  mutating func smepSet(_ vpid: UInt16, _ pcid: UInt16) {
    remove { $0.isLinearOrCombined && $0.tag.vpid == vpid && $0.serves(pcid) }
  }

  mutating func pageFault(_ address: UInt64, _ vpid: UInt16, _ pcid: UInt16) {
    remove { $0.isLinearOrCombined && $0.tag.vpid == vpid && $0.holds(address) && $0.serves(pcid) }
  }

  mutating func walkedForDirty(_ kind: MappingKind, _ address: UInt64, _ tag: Tag) {
    remove { $0.kind == kind && !$0.isStructure && $0.holds(address) && $0.matches(tag) }
  }

  mutating func invpcidAddress(_ address: UInt64, _ vpid: UInt16, _ pcid: UInt16) {
    remove {
      $0.isLinearOrCombined && $0.tag.vpid == vpid && $0.holds(address) && $0.tag.pcid == pcid && !$0.isGlobal
    }
  }

  mutating func invpcidAll(_ vpid: UInt16, _ includingGlobal: Bool) {
    remove { $0.isLinearOrCombined && $0.tag.vpid == vpid && (includingGlobal || !$0.isGlobal) }
  }

  mutating func vmTransition(_ isVPIDEnabled: Bool) {
    if !isVPIDEnabled { remove { $0.isLinearOrCombined && $0.tag.vpid == 0 } }
  }

  mutating func eptViolation(
    _ guestPhysical: UInt64, _ ep4ta: UInt64, _ linear: UInt64?, _ vpid: UInt16, _ pcid: UInt16
  ) {
    remove { $0.kind == .guestPhysical && $0.holds(guestPhysical) && $0.tag.ep4ta == ep4ta }
    guard let linear else { return }
    remove { $0.kind == .combined && $0.holds(linear) && $0.matches(Tag(vpid: vpid, pcid: pcid, ep4ta: ep4ta)) }
  }

  mutating func invvpidAddress(_ address: UInt64, _ vpid: UInt16) {
    remove { $0.isLinearOrCombined && $0.tag.vpid == vpid && $0.holds(address) }
  }

  mutating func invvpid(_ vpid: UInt16, retainingGlobals: Bool) {
    remove { $0.isLinearOrCombined && $0.tag.vpid == vpid && !(retainingGlobals && $0.isGlobal) }
  }

  mutating func invvpidAll() { remove { $0.isLinearOrCombined && $0.tag.vpid != 0 } }

  mutating func invept(_ ep4ta: UInt64?) {
    remove { ($0.kind == .combined || $0.kind == .guestPhysical) && (ep4ta == nil || $0.tag.ep4ta == ep4ta) }
  }
}
