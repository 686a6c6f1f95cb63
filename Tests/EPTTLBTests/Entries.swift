import EPTTLB

/// Of the two that tests see, the one of an address space; `Testing` has another.
typealias Tag = EPTTLB.Tag

/// Entries that tell themselves apart: `root`, which the cache never looks at, is a serial number.
extension CachedEntry {
  /// A translation, by default a linear one of a 4-KiB page.
  static func translation(
    _ address: UInt64, to frame: UInt64 = 0, shift: UInt8 = 12, kind: MappingKind = .linear, tag: Tag = Tag(),
    isGlobal: Bool = false, serial: UInt64 = 0
  ) -> CachedEntry {
    let mask: UInt64 = 1 << UInt64(shift) - 1
    return CachedEntry(
      kind: kind, isStructure: false, shift: shift, tag: tag, prefix: address & ~mask, target: frame & ~mask,
      rights: .all, root: serial, isGlobal: isGlobal, isDirty: true)
  }

  /// A paging-structure-cache entry, by default of a PDE.
  static func structure(
    _ address: UInt64, to table: UInt64 = 0, shift: UInt8 = 21, kind: MappingKind = .linear, tag: Tag = Tag(),
    serial: UInt64 = 0
  ) -> CachedEntry {
    CachedEntry(
      kind: kind, isStructure: true, shift: shift, tag: tag, prefix: address & ~(1 << UInt64(shift) - 1),
      target: table & ~0xFFF, rights: .all, root: serial)
  }

  /// One line that names an entry in a failure.
  var text: String {
    let what = isStructure ? "structure" : isGlobal ? "global" : "translation"
    return "\(kind) \(what) \(shift) at \(String(prefix, radix: 16)) of VPID \(tag.vpid), PCID \(tag.pcid), "
      + "EP4TA \(String(tag.ep4ta, radix: 16))"
  }
}

extension TranslationCache {
  /// A cache that never evicts.
  static func unbounded() -> TranslationCache { TranslationCache(policy: .retain(budget: .max)) }

  /// The serial numbers of all that lives, oldest first.
  var serials: [UInt64] {
    var list: [UInt64] = []
    forEach { list.append($1.root) }
    return list
  }
}
