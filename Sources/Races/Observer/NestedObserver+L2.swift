import CPU
import EPTTLB
import MMU
import VMX

// L2 is entered: who it is, and whether what it may use is what L1 has asked for.

extension NestedObserver {
  func enteredL2(of vmcs01: UInt64, _ unit: VMXUnit, _ number: Int) {
    guard var first = state.firsts[vmcs01] else { return }
    let entry = first.pending
    first.pending = nil
    first.isInL2 = true
    state.firsts[vmcs01] = first
    guard let vmcs12 = first.current else {
      return refuse("an enlightened VMCS, or one that was loaded before anybody looked: L1 enters without VMPTRLD")
    }
    guard !state.refused.contains(vmcs12), let known = state.vmcs12s[vmcs12] else { return }
    state.counters.entries += 1
    guard known.isKnown else { return refuse("a VMCS12 whose controls nobody has seen written") }
    guard let ept01 = first.ept01 else { return refuse("L0 runs L1 without EPT, by shadow paging") }
    guard let ept02 = processors[number].translation.controls.ept else {
      return refuse("L0 runs L2 without EPT, by shadow paging")
    }
    if known.vpid == nil, let entry { invalidated(.entry, entry, vmcs01) }
    var ept12: EPTControls?
    var history: UInt64?
    if let pointer = known.eptPointer {
      var controls = EPTControls(pointer: pointer)
      controls.modeBasedExecute = known.hasModeBasedExecute
      guard let place = follow(controls, ept01, number) else { return }
      (ept12, history) = (controls, place)
    }
    let vpid = processors[number].translation.controls.tag.vpid
    let run = L2Run(
      processor: number, vmcs01: vmcs01, vmcs12: vmcs12, ept12: ept12, history: history, ept01: ept01, ept02: ept02,
      vpid12: known.vpid, vpid02: vpid == 0 ? nil : vpid)
    state.runs[number] = run
    follow(run)
    checkMappings(run)
    err(run)
    checkINVEPT(run)
    checkINVVPID(run)
  }

  /// Follows an EPT12 from now on; where its history is found.
  private func follow(_ ept12: EPTControls, _ ept01: EPTControls, _ number: Int) -> UInt64? {
    let space = l1Memory(ept01, number)
    guard let place = space.physical(ept12.root) else {
      refuse("an EPT12 where EPT01 gives L1 no memory")
      return nil
    }
    if let known = state.histories[place], known.ept == ept12 { return known.tree.isTooBig ? nil : place }
    if state.histories[place] == nil { state.counters.ept12s += 1 }
    var history = EPT12History(ept12)
    history.read(memory, space)
    replace(state.histories[place]?.tree, history.tree)
    state.histories[place] = history
    guard !history.tree.isTooBig else {
      refuse("an EPT12 of more tables than are followed")
      return nil
    }
    return place
  }

  /// Follows an EPT02 from now on: one that is new, or stands for something else now, is looked at whole.
  private func follow(_ run: L2Run) {
    let root = run.ept02.root
    if let known = state.roots[root], known.run.translatesLike(run) {
      state.roots[root]?.run = run
      state.roots[root]?.order = oracle.next()
      return checkStores(root, run)
    }
    if state.roots[root] == nil { state.counters.ept02s += 1 }
    var new = Root02(tree: EPTTree(run.ept02), run: run, order: oracle.next())
    new.tree.read(memory, HostTables())
    replace(state.roots[root]?.tree, new.tree)
    new.stores = state.roots[root]?.stores ?? [:]
    for (place, moment) in state.dirty.removeValue(forKey: root) ?? [:] {
      let value = memory.read(PhysicalAddress(place), as: UInt64.self)
      new.stores[place] = StoreTo02(moment: moment, old: value, new: value)
    }
    state.roots[root] = new
    forgetOldRoots()
    guard !new.tree.isTooBig else { return refuse("an EPT02 of more tables than are followed") }
    new.tree.forEachLeaf(in: 0...(1 << 57 - 1)) { check($0, run, .entry) }
  }

  /// Tables that nobody has used for long may be anything by now.
  private func forgetOldRoots() {
    while state.roots.count > 64, let oldest = state.roots.min(by: { $0.value.order < $1.value.order }) {
      for page in oldest.value.tree.pages.keys { watch.watch(page, false) }
      state.roots[oldest.key] = nil
      state.dirty[oldest.key] = nil
    }
    while state.histories.count > 64 {
      let used = Set(state.roots.values.compactMap(\.run.history))
      guard let unused = state.histories.keys.filter({ !used.contains($0) }).min(),
        let gone = state.histories.removeValue(forKey: unused)
      else { return }
      for page in gone.tree.pages.keys { watch.watch(page, false) }
    }
  }

  /// Pages of tables that have gone are watched no more, those that have come are.
  func replace(_ old: EPTTree?, _ new: EPTTree) {
    for page in new.pages.keys { watch.watch(page, true) }
    for page in old?.pages.keys.map(\.self) ?? [] { watch.watch(page, false) }
  }

  // MARK: INVEPT

  /// After L1's INVEPT nothing of what EPT12 said before may be in EPT02, or remembered from it.
  private func checkINVEPT(_ run: L2Run) {
    guard let ept12 = run.ept12, let place = run.history, let last = state.firsts[run.vmcs01]?.lastINVEPT(ept12.tag)
    else { return }
    let key = Root02.CheckKey(vmcs01: run.vmcs01, processor: run.processor, vpid: 0)
    let done = state.roots[run.ept02.root]?.checked[key] ?? 0
    guard last.order > done, let root = state.roots[run.ept02.root] else { return }
    state.roots[run.ept02.root]?.checked[key] = last.order
    let items = state.histories[place]?.former.filter { $0.order > done && $0.order <= last.order } ?? []
    guard !items.isEmpty else { return }
    for item in items { root.tree.forEachLeaf(in: item.range) { check($0, run, .entry) } }
    forEachMapping(of: run) { mapping, _ in
      let start = mapping.kind == .guestPhysical ? mapping.prefix : mapping.guestFrame
      let range = start...(start | (1 << UInt64(mapping.shift) - 1))
      for item in items where item.range.overlaps(range) {
        judge(mapping, from: start, at: max(start, item.range.lowerBound), run)
      }
    }
  }

  /// A mapping that an EPT02 has left with the processor must be what EPT12 says too.
  private func checkMappings(_ run: L2Run) {
    guard state.roots[run.ept02.root]?.looked.insert(run.processor).inserted == true else { return }
    forEachMapping(of: run) { mapping, _ in
      let start = mapping.kind == .guestPhysical ? mapping.prefix : mapping.guestFrame
      judge(mapping, from: start, at: start, run)
    }
  }

  private func judge(_ mapping: CachedEntry, from start: UInt64, at address: UInt64, _ run: L2Run) {
    let found = NestedFinding.Meaning(
      physical: mapping.target &+ (address - start), rights: mapping.eptRights, type: nil)
    judge(address, found, run, .entry, mapping: mapping)
  }

  // MARK: INVVPID

  /// After L1's INVVPID, or its entry without VPID12, no combined mapping that is older may serve.
  private func checkINVVPID(_ run: L2Run) {
    // Without VPID02 the processor itself drops them at each entry and exit.
    guard let vpid02 = run.vpid02, let all = state.firsts[run.vmcs01]?.ofMappings, let latest = all.last else { return }
    let key = Root02.CheckKey(vmcs01: run.vmcs01, processor: run.processor, vpid: vpid02)
    let done = state.roots[run.ept02.root]?.checked[key] ?? 0
    guard latest.order > done else { return }
    state.roots[run.ept02.root]?.checked[key] = latest.order
    let new = all.filter { $0.order > done }
    forEachMapping(of: run) { mapping, sequence in
      guard mapping.kind == .combined, mapping.tag.vpid == vpid02,
        let lost = new.last(where: {
          $0.insertions[run.processor] > sequence && $0.covers(mapping, vpid12: run.vpid12)
        })
      else { return }
      let found = NestedFinding.Meaning(physical: mapping.target, rights: mapping.eptRights, type: nil)
      tell(
        lost.scope == .entry ? .kept : .lostINVVPID, .entry, mapping.prefix, found, run, mapping: mapping,
        invalidation: lost, sequence: sequence)
    }
  }

  /// The processor's mappings that serve L2, with their sequence.
  private func forEachMapping(of run: L2Run, _ body: (CachedEntry, UInt64) -> Void) {
    let cache = processors[run.processor].translation.cache
    cache.forEachTranslation(ep4ta: run.ept02.tag) { body($1, cache.sequence($0)) }
  }

  // MARK: Mistakes on purpose

  /// The input is made wrong once enough was seen.
  private func err(_ run: L2Run) {
    guard !hasErred, state.counters.fills >= NestedMistake.patience else { return }
    switch mistake {
    case .invvpid?:
      guard let vpid = run.vpid12, run.vpid02 != nil else { return }
      hasErred = true
      let insertions = processors.map { $0.translation.cache.insertions }
      state.firsts[run.vmcs01]?.invalidated(
        L1Invalidation(scope: .vpid(vpid), order: oracle.next(), cycle: 0, rip: 0, insertions: insertions))
    case .invept?:
      guard let place = run.history, let ept12 = run.ept12, let page = lastFill,
        let said = state.histories[place]?.now(
          page, l1Memory(run.ept01, run.processor), memory,
          physicalBits: processors[run.processor].translation.controls.physicalBits)
      else { return }
      hasErred = true
      state.histories[place]?.lose(page, said, before: oracle.next())
      hidden = page & ~0xFFF
      state.firsts[run.vmcs01]?.invalidated(
        L1Invalidation(scope: .ept(ept12.tag), order: oracle.next(), cycle: 0, rip: 0))
    default: return
    }
  }
}
