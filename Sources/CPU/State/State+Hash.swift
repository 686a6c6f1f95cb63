import Layout
import MMU

extension Processor {
  /// Adds the architectural state, the clocks and the TLB; never host pointers, blocks or lazily kept flags.
  public func hash(into hasher: inout StateHasher) {
    let s = state
    for register in GeneralRegister.allCases { hasher.add(s[register]) }
    hasher.add(s.pointee.rip)
    hasher.add(s.rflags)
    for word in [
      s.pointee.cr0, s.pointee.cr2, s.pointee.cr3, s.pointee.cr4, s.pointee.efer, s.pointee.tscOffset,
      s.pointee.kernelGSBase, s.pointee.star, s.pointee.lstar, s.pointee.cstar, s.pointee.fmask,
      s.pointee.tscAux, s.pointee.random, s.pointee.pointers.0, s.pointee.pointers.1, s.pointee.pointers.2,
      s.pointee.pointers.3, UInt64(s.pointee.userKeys) << 32 | UInt64(s.pointee.supervisorKeys),
      s.pointee.sysenterCS, s.pointee.sysenterESP, s.pointee.sysenterEIP, s.pointee.dr.0, s.pointee.dr.1,
      s.pointee.dr.2,
      s.pointee.dr.3, s.pointee.dr.6, s.pointee.dr.7, pendingDebug,
    ] { hasher.add(word) }
    let segments = s.pointee.segments
    for segment in [
      segments.0, segments.1, segments.2, segments.3, segments.4, segments.5, s.pointee.ldtr, s.pointee.tr,
    ] {
      hasher.add(segment.base)
      hasher.add(UInt64(segment.limit) << 32 | UInt64(segment.attributes))
      hasher.add(UInt64(segment.selector))
    }
    for table in [s.pointee.gdtr, s.pointee.idtr] {
      hasher.add(table.base)
      hasher.add(table.limit)
    }
    hasher.add(UInt64(s.pointee.activity) << 32 | UInt64(s.pointee.interruptShadow))
    hasher.add(UInt64(s.pointee.isRepeating))
    hasher.add(signals.rawValue << 16 | UInt64(startUpPage) << 1 | (blocksNonMaskable ? 1 : 0))
    for word in apic.words { hasher.add(word) }
    for value in modelSpecific { hasher.add(value) }
    hasher.add(s.vectorStateBytes)
    hasher.add(s.pointee.cycles)
    hasher.add(s.pointee.instructions)
    virtualization?.hash(into: &hasher)
    translation.cache.hash(into: &hasher)
  }
}
