import EPTTLB
import MMU

// What EPT02 says of an address must be what EPT01 makes of something that EPT12 has said since L1's last INVEPT.

extension NestedObserver {
  /// A walk has ended in a translation.
  func filled(_ number: Int, _ address: LinearAddress, _ entry: CachedEntry) {
    guard let run = state.runs[number], entry.kind != .linear, entry.tag.ep4ta == run.ept02.tag else { return }
    state.counters.fills += 1
    let offset = address.value & (1 << UInt64(entry.shift) - 1)
    let guestPhysical = entry.kind == .guestPhysical ? address.value : entry.guestFrame | offset
    lastFill = guestPhysical
    var found = NestedFinding.Meaning(
      physical: entry.physical(address.value), rights: entry.eptRights,
      type: entry.kind == .guestPhysical ? entry.memoryType : nil)
    if let mistake, !hasErred, state.counters.fills > NestedMistake.patience {
      switch mistake {
      case .entry: found = .init(physical: found.physical ^ 0x1000, rights: found.rights, type: found.type)
      case .rights:
        if found.rights.contains(.write) { readOnly = guestPhysical & ~0xFFF }
      case .type: found = .init(physical: found.physical, rights: found.rights, type: found.type.map { $0 ^ 6 })
      case .invept, .invvpid: break
      }
    }
    judge(guestPhysical, found, run, .fill, mapping: entry)
  }

  /// Checks every page of a leaf of EPT02.
  func check(_ leaf: EPTTree.Leaf, _ run: L2Run, _ place: NestedFinding.Place) {
    let span: UInt64 = 1 << UInt64(leaf.shift)
    let rights = rights02(leaf.base, run)
    var address = leaf.base
    var isGood = true
    while isGood, address - leaf.base < span {
      let found = NestedFinding.Meaning(
        physical: leaf.value & StructureChange.frame & ~(span - 1) | (address & (span - 1)), rights: rights,
        type: UInt8(truncatingIfNeeded: leaf.value >> 3 & 15))
      let size = judge(address, found, run, place, mapping: nil, entry: (leaf.place, leaf.value))
      isGood = size != nil
      address = (address | (1 << UInt64(min(size ?? 12, leaf.shift)) - 1)) + 1
    }
  }

  /// Rights by the whole path of EPT02.
  private func rights02(_ address: UInt64, _ run: L2Run) -> EPTRights {
    let nothing = EPTAccess(needs: [], isWrite: false, qualification: 0)
    let walk = EPTWalk(
      address, nothing, run.ept02, physicalBits: physicalBits(run), memory, sideEffects: false)
    guard case .mapped(let entry) = walk.outcome else { return [] }
    return entry.eptRights
  }

  func physicalBits(_ run: L2Run) -> UInt8 { processors[run.processor].translation.controls.physicalBits }

  /// What EPT12 says now.
  func now(_ address: UInt64, _ run: L2Run, _ place: UInt64) -> EPT12History.Candidate? {
    guard address & ~0xFFF != hidden else { return nil }
    let said = state.histories[place]?.now(
      address, l1Memory(run.ept01, run.processor), memory, physicalBits: physicalBits(run))
    guard address & ~0xFFF == readOnly else { return said }
    return said.map {
      EPT12History.Candidate(
        guestPhysical: $0.guestPhysical, rights: $0.rights.subtracting(.write), type: $0.type, shift: 12)
    }
  }

  /// Judges one translation; the size of the page that it was judged by, nil: it is wrong.
  @discardableResult
  func judge(
    _ address: UInt64, _ found: NestedFinding.Meaning, _ run: L2Run, _ where: NestedFinding.Place,
    mapping: CachedEntry?, entry: (address: UInt64, value: UInt64)? = nil
  ) -> UInt8? {
    guard !own.contains(address & ~0xFFF) else { return 12 }
    guard let place = run.history, let ept12 = run.ept12 else {
      // L1 translates L2 by other means: L2's physical addresses are its own.
      let same = EPT12History.Candidate(guestPhysical: address, rights: .all, type: 6, shift: 30)
      return conclude(address, found, run, `where`, mapping, entry, now: same, fits(same, found, run))
    }
    let now = now(address, run, place)
    let fit = now.map { fits($0, found, run) } ?? .absent
    guard fit.isWrong else { return conclude(address, found, run, `where`, mapping, entry, now: now, fit) }
    guard let history = state.histories[place] else { return 12 }
    let last = state.firsts[run.vmcs01]?.lastINVEPT(ept12.tag)
    // The latest first: what is older than L1's last INVEPT explains, and does not excuse.
    for item in history.former.reversed() {
      guard let said = history.said(item, of: address, memory, physicalBits: physicalBits(run)),
        !fits(said, found, run).isWrong
      else { continue }
      guard let last, item.order <= last.order else {
        state.counters.older += 1
        return 12
      }
      tell(
        .lostINVEPT, `where`, address, found, run, mapping: mapping, entry: entry, now: now, change: item.change,
        invalidation: last)
      return nil
    }
    guard history.start <= last?.order ?? 0 else {
      state.counters.unjudged += 1
      return 12
    }
    return conclude(address, found, run, `where`, mapping, entry, now: now, fit)
  }

  /// How a translation compares with what EPT12 says.
  enum Fit: Equatable {
    case good(shift: UInt8)
    case otherType, rights, entry, withheld, absent

    var isWrong: Bool {
      switch self {
      case .good, .otherType: false
      default: true
      }
    }
  }

  private func fits(_ said: EPT12History.Candidate, _ found: NestedFinding.Meaning, _ run: L2Run) -> Fit {
    guard let in01 = l1Memory(run.ept01, run.processor).translate(said.guestPhysical) else { return .withheld }
    guard in01.physical(said.guestPhysical) == found.physical else { return .entry }
    guard said.rights.intersection(in01.eptRights).isSuperset(of: found.rights) else { return .rights }
    let type = run.history == nil ? in01.memoryType : said.type
    if let own = found.type, own != type { return .otherType }
    return .good(shift: min(said.shift, in01.shift))
  }

  private func conclude(
    _ address: UInt64, _ found: NestedFinding.Meaning, _ run: L2Run, _ where: NestedFinding.Place,
    _ mapping: CachedEntry?, _ entry: (address: UInt64, value: UInt64)?, now: EPT12History.Candidate?, _ fit: Fit
  ) -> UInt8? {
    let cause: NestedFinding.Cause
    switch fit {
    case .good(let shift): return shift
    case .otherType: cause = .type
    case .rights: cause = .rights
    case .entry: cause = .entry
    case .withheld: cause = .withheld
    case .absent: cause = .absent
    }
    tell(cause, `where`, address, found, run, mapping: mapping, entry: entry, now: now)
    return cause == .type ? 12 : nil
  }
}
