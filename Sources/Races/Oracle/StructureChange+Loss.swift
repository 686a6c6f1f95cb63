import EPTTLB

extension StructureChange {
  static var frame: UInt64 { 0x000F_FFFF_FFFF_F000 }

  /// Whether mappings made from the old value give something that the new one does not, or something else. Rights that
  /// are added need no invalidation (TLB rule S2).
  func loses(isEPT: Bool) -> Bool {
    if leadsElsewhere(isEPT: isEPT) { return true }
    let gone = old & ~new
    if isEPT {
      // Rights; accessed and dirty flags; the memory type and ignore-PAT bit, and bit 7, in either direction.
      return gone & 0x707 != 0 || (old ^ new) & 0xF8 != 0
    }
    // R/W, U/S and flags; execute-disable set; memory type, page size, global.
    return gone & 0x66 != 0 || new & ~old & 1 << 63 != 0 || (old ^ new) & 0x198 != 0
  }

  /// Whether the new value leads nowhere, or to another frame or table.
  func leadsElsewhere(isEPT: Bool) -> Bool {
    let present: UInt64 = isEPT ? 7 : 1
    guard old & present != 0 else { return false }
    return new & present == 0 || (isEPT && old & 1 != 0 && new & 1 == 0)
      || (old ^ new) & StructureChange.frame != 0
  }
}
