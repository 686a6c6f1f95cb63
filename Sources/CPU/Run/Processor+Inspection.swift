import EPTTLB
import MMU

// What a person at the machine looks at, between two runs and without side effects.

extension Processor {
  /// What RDMSR would read now; nil: #GP(0).
  public func peek(modelSpecific index: UInt32) -> UInt64? {
    if isWideAPICRegister(index) { return apic.readWide(Int(index - 0x800), at: state.pointee.cycles) }
    guard let number = model.number(of: index), model.registers[number].isReadable else { return nil }
    return value(of: number, at: state.pointee.cycles)
  }

  /// The mapping of a linear address: the TLB's, or memory's; nil: there is none.
  public func mapping(of linear: UInt64) -> CachedEntry? {
    var controls = translation.controls
    let address = controls.mode.isLong ? linear : linear & 0xFFFF_FFFF
    guard controls.mode != .none || controls.ept != nil else {
      return CachedEntry(
        kind: .linear, isStructure: false, shift: 12, tag: Tag(), prefix: address & ~0xFFF, target: address & ~0xFFF,
        rights: .all, root: 0)
    }
    guard !controls.mode.isLong || LinearAddress(address).isCanonical(bits: controls.mode.linearBits) else {
      return nil
    }
    let kind: MappingKind = controls.ept == nil ? .linear : .combined
    if let slot = translation.cache.translation(kind, address, controls.tag) { return translation.cache[slot] }
    (controls.supervisorAccessPrevention, controls.userKeys, controls.supervisorKeys) = (false, 0, 0)
    controls.ept?.isLooking = true
    let walk = Walk(LinearAddress(address), Access(), controls, memory, sideEffects: false)
    guard case .mapped(let entry) = walk.outcome else { return nil }
    return entry
  }

  /// The guest-physical address of a linear one; the physical one without EPT.
  public func guestPhysical(of linear: UInt64) -> UInt64? {
    guard let entry = mapping(of: linear) else { return nil }
    guard entry.kind == .combined else { return entry.physical(linear) }
    return entry.guestFrame | linear & (1 << UInt64(entry.shift) - 1)
  }
}
