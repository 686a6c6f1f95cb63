import EPTTLB
import MMU

// A finding with the facts of its case.

extension NestedObserver {
  func tell(
    _ cause: NestedFinding.Cause, _ place: NestedFinding.Place, _ address: UInt64, _ found: NestedFinding.Meaning,
    _ run: L2Run, mapping: CachedEntry? = nil, entry: (address: UInt64, value: UInt64)? = nil,
    now: EPT12History.Candidate? = nil, change: StructureChange? = nil, invalidation: L1Invalidation? = nil,
    sequence: UInt64? = nil
  ) {
    if mistake == .entry || mistake == .rights || mistake == .type, place == .fill { hasErred = true }
    state.counters.findings[cause, default: 0] += 1
    let isOfVPID = cause == .lostINVVPID || cause == .kept
    let entry02 =
      isOfVPID ? nil : entry.map { NestedFinding.Entry(address: $0.address, value: $0.value) } ?? leaf02(address, run)
    let stored = entry02.flatMap { state.roots[run.ept02.root]?.stores[$0.address] }
    let told = NestedState.Told(
      cause: cause, processor: run.processor, vmcs12: run.vmcs12,
      rip: stored?.moment.rip ?? invalidation?.rip ?? 0)
    guard state.told.insert(told).inserted else { return }
    let moment = processors[run.processor].translation.storingMoment
    let translated = now.flatMap { l1Memory(run.ept01, run.processor).translate($0.guestPhysical) }
    var wanted: NestedFinding.Meaning?
    if let now, let translated {
      wanted = NestedFinding.Meaning(
        physical: translated.physical(now.guestPhysical), rights: now.rights.intersection(translated.eptRights),
        type: run.history == nil ? translated.memoryType : now.type)
    }
    let since = invalidation?.order ?? 0
    report?(
      NestedFinding(
        cause: cause, place: place,
        seen: NestedFinding.Moment(processor: run.processor, cycle: moment.cycle, rip: moment.rip), address: address,
        found: found, mapping: mapping, entry02: entry02,
        stored: stored.map { ($0.moment, $0.old, $0.new) }, entry12: isOfVPID ? nil : leaf12(address, run),
        guestPhysical: now?.guestPhysical, wanted: wanted, change: change, invalidation: invalidation,
        eptp12: run.ept12?.pointer, eptp02: run.ept02.pointer, vpid12: run.vpid12, vpid02: run.vpid02,
        missed: since == 0 ? [] : missed(since, run, mapping, address)))
  }

  /// L0's invalidations on the processor since L1's own.
  private func missed(_ since: UInt64, _ run: L2Run, _ mapping: CachedEntry?, _ address: UInt64) -> [Violation.Missed] {
    oracle.logs[run.processor].since(since).filter(\.isMeant).suffix(4).map { entry in
      let reason: String
      if let mapping {
        reason = entry.mustDrop(mapping) ? "the mapping was made after it" : entry.whyItMissed(mapping)
      } else {
        reason = "EPT02 itself still had the entry, from which mappings are made again"
      }
      return Violation.Missed(
        processor: run.processor, cycle: entry.cycle, rip: entry.rip, text: entry.text, reason: reason)
    }
  }

  /// The entry that ends a walk of EPT02.
  private func leaf02(_ address: UInt64, _ run: L2Run) -> NestedFinding.Entry? {
    let nothing = EPTAccess(needs: [], isWrite: false, qualification: 0)
    let walk = EPTWalk(address, nothing, run.ept02, physicalBits: physicalBits(run), memory, sideEffects: false)
    guard walk.count > 0 else { return nil }
    let source = walk.steps[walk.count - 1].source
    return NestedFinding.Entry(address: source.address, value: source.value)
  }

  /// The entry that ends a walk of EPT12; its address is L1's.
  private func leaf12(_ address: UInt64, _ run: L2Run) -> NestedFinding.Entry? {
    guard let ept12 = run.ept12 else { return nil }
    let nothing = EPTAccess(needs: [], isWrite: false, qualification: 0)
    let walk = EPTWalk(
      address, nothing, ept12, physicalBits: physicalBits(run), memory,
      structures: l1Memory(run.ept01, run.processor), sideEffects: false)
    guard walk.count > 0 else { return nil }
    let source = walk.steps[walk.count - 1].source
    return NestedFinding.Entry(address: source.address, value: source.value)
  }
}
