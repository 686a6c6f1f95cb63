import EPTTLB
import Layout

// Guest-physical addresses, through the guest-physical mappings that the processor remembers (rules U2, U3).

extension Translation: GuestPhysicalSpace {
  /// Translates a guest-physical address under the EPT in force; walks, and caches what the walk found, when no mapping
  /// serves. A cached mapping may be used, or deny the access, although memory has changed.
  public func translate(_ guestPhysical: UInt64, _ access: EPTAccess) -> GuestPhysicalResult {
    guard let ept = controls.ept else { return GuestPhysicalResult(outcome: .misconfiguration) }
    if let slot = cache.translation(.guestPhysical, guestPhysical, controls.tag) {
      let entry = cache[slot]
      let isPermitted = entry.eptRights.isSuperset(of: access.needs)
      if !isPermitted || !access.isWrite || entry.isDirty || isBroken(.c2EPTCleanWrite) {
        if cache.isSuspect(slot) || entry.root != ept.pointer { consult(slot, guestPhysical, access, ept) }
        guard isPermitted else {
          return GuestPhysicalResult(
            outcome: .violation(rights: entry.eptRights, suppressesException: suppressesException(slot)))
        }
        return GuestPhysicalResult(
          outcome: .mapped(entry), sources: cache.sources(slot), suspicion: cache.suspicion(slot))
      }
      cache.walkedForDirty(.guestPhysical, guestPhysical, controls.tag)
    }
    let start = cache.structure(.guestPhysical, guestPhysical, controls.tag)
    if let start, cache.isSuspect(start), holds(start) { cache.clear(start) }
    let inherited = start.flatMap { cache.suspicion($0) }
    let walk = EPTWalk(
      guestPhysical, access, ept, physicalBits: controls.physicalBits, memory, from: start.map { cache[$0] },
      log: modificationLog, sideEffects: true)
    for index in 0..<walk.structureCount {
      guard let structure = walk.structures[index] else { continue }
      let slot = cache.insert(structure)
      if let inherited { cache.inherit(slot, inherited) }
    }
    let steps = (0..<walk.count).map { walk.steps[$0] }
    guard case .mapped(let entry) = walk.outcome else {
      return GuestPhysicalResult(outcome: walk.outcome, steps: steps, suspicion: inherited)
    }
    let slot = cache.insert(entry)
    if let inherited { cache.inherit(slot, inherited) }
    listener { $0.filled(LinearAddress(guestPhysical), cache.pointer(slot)) }
    return GuestPhysicalResult(
      outcome: .mapped(entry), sources: (0..<Int(entry.sourceCount)).map { entry.sources[$0] }, steps: steps,
      suspicion: inherited)
  }

  /// Translates a guest-physical address for the processor itself: a load of PDPTEs.
  public func guestPhysicalAccess(_ guestPhysical: UInt64, _ access: EPTAccess) -> Result {
    guard let ept = controls.ept else { return .physical(PhysicalAddress(guestPhysical), Translation.noMapping) }
    // The walk's own flags take no entry away: nothing is filled ahead of them.
    let wasSpeculating = memory.isSpeculating
    memory.isSpeculating = true
    let result = translate(guestPhysical, isBroken(.c2PointerLoad) ? .structureRead(ept) : access)
    memory.isSpeculating = wasSpeculating
    state.pointee.cycles &+= UInt64(result.steps.count) &* walkReferenceCycles
    defer { drain() }
    switch result.outcome {
    case .mapped(let entry): return .physical(PhysicalAddress(entry.physical(guestPhysical)), Translation.noMapping)
    case .violation(let rights, let suppresses):
      cache.eptViolation(
        guestPhysical, ep4ta: controls.tag.ep4ta, linear: nil, vpid: controls.tag.vpid, pcid: controls.tag.pcid)
      var qualification = access.qualification | UInt64(rights.rawValue & 7) << 3
      if ept.modeBasedExecute, rights.contains(.userExecute) { qualification |= 1 << 6 }
      return .exit(
        .eptViolation(
          EPTViolation(
            guestPhysicalAddress: guestPhysical, qualification: qualification, linearAddress: nil,
            suppressesException: suppresses)))
    case .misconfiguration: return .exit(.eptMisconfiguration(guestPhysical))
    case .logFull: return .exit(.modificationLogFull(linear: nil))
    }
  }
}
