import EPTTLB
import MMU

// Stores to the tables of EPT12, which may take away what EPT02 holds, and to those of EPT02.

extension NestedObserver {
  /// A watched page was written.
  func written(_ address: UInt64, _ bytes: UInt64, _ writer: Writer) {
    let page = address & ~0xFFF
    let indices = Int(address >> 3 & 511)...Int((address + (bytes - 1)) >> 3 & 511)
    var moment: (cycle: UInt64, rip: UInt64) = (0, 0)
    var processor: Int?
    if case .processor(let number) = writer, processors.indices.contains(number) {
      moment = processors[number].translation.storingMoment
      processor = number
    }
    for place in state.histories.keys where state.histories[place]?.tree.pages[page] != nil {
      let run = state.roots.filter { $0.value.run.history == place }.min { $0.key < $1.key }?.value.run
      guard let run, let old = state.histories[place]?.tree else { continue }
      let isNewTree =
        state.histories[place]?.written(
          page, indices, memory, physicalBits: physicalBits(run), order: oracle.next(), writer: writer, moment: moment)
        ?? false
      guard isNewTree else { continue }
      state.histories[place]?.read(memory, l1Memory(run.ept01, run.processor))
      if let tree = state.histories[place]?.tree { replace(old, tree) }
    }
    let stored = NestedFinding.Moment(processor: processor, cycle: moment.cycle, rip: moment.rip)
    for root in state.roots.keys where state.roots[root]?.tree.pages[page] != nil {
      for index in indices { state.dirty[root, default: [:]][page + UInt64(index) * 8] = stored }
    }
  }

  /// What a processor has stored to an EPT02 is judged when L2 is entered on it: entries may be written in halves.
  func checkStores(_ root: UInt64, _ run: L2Run) {
    guard let dirty = state.dirty[root], var known = state.roots[root] else { return }
    let mine = dirty.filter { $0.value.processor ?? run.processor == run.processor }.sorted { $0.key < $1.key }
    guard !mine.isEmpty else { return }
    for (place, _) in mine { state.dirty[root]?[place] = nil }
    var changed: [ClosedRange<UInt64>] = []
    let before = known.tree
    var isNewTree = false
    for (place, moment) in mine {
      guard let table = before.pages[place & ~0xFFF], let old = before.tables[table] else { continue }
      let index = Int(place >> 3 & 511)
      let (was, new) = (old.words[index], memory.read(PhysicalAddress(place), as: UInt64.self))
      guard (was ^ new) & ~0x300 != 0 else { continue }
      known.stores[place] = StoreTo02(moment: moment, old: was, new: new)
      known.tree.set(table, index, new)
      for position in old.positions {
        let span: UInt64 = 1 << EPTTree.shift(position.level)
        let base = position.base | UInt64(index) &* span
        for value in [was, new] where before.isPresent(value) && !EPTTree.isLeaf(value, position.level) {
          isNewTree = true
        }
        if before.isPresent(new) { changed.append(base...(base + (span - 1))) }
      }
    }
    if isNewTree {
      known.tree.read(memory, HostTables())
      replace(before, known.tree)
      if known.tree.isTooBig { refuse("an EPT02 of more tables than are followed") }
    }
    state.roots[root] = known
    for range in changed {
      state.counters.stores += 1
      known.tree.forEachLeaf(in: range) { check($0, run, .store) }
    }
  }
}
