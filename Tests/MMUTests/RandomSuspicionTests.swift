import EPTTLB
import MMU
import Testing

/// Long random runs of several processors on one memory, under every policy: a use of a translation is reported if and
/// only if memory disagrees, host pointers never serve one that does, and the marks are those of what lives.
@Suite struct RandomSuspicionTests {
  private struct Run {
    let rigs: [Rig]
    let witnesses: [Witness]
    let controls: [PagingControls]
    var random: SplitMix64
    var seen: [String: Int] = [:]

    static let pages: [UInt64] = (0..<12).map { 0x4000_0000 + $0 << 12 } + [0x4040_0000, 0xFFFF_8000_0000_0000]
    static let frames: [UInt64] = (0..<6).map { 0x20_0000 + $0 << 12 }

    init(_ name: String, policy: RetentionPolicy, processors: Int, seed: UInt64) throws {
      let first = try Rig(policy: policy)
      rigs = try [first] + (1..<processors).map { _ in try Rig(neighbour: first, policy: policy) }
      witnesses = rigs.map { rig in
        let witness = Witness()
        rig.translation.staleUseObserver = witness
        return witness
      }
      random = SplitMix64(name, seed: seed)
      let roots = (0..<3).map { _ in first.table() }
      controls = roots.enumerated().map { Rig.controls(root: $1, pcid: UInt16($0 / 2)) }
    }

    /// A store to an entry that maps a page, or to one that names a table, by somebody.
    mutating func change() {
      let root = random.pick(controls).root
      let memory = rigs[0].memory
      memory.writer = random.pick([.monitor, .device] + rigs.indices.map { .processor($0) })
      defer { memory.writer = .monitor }
      let linear = random.pick(Run.pages)
      if random.percent(10) {
        let location = rigs[0].location(linear, shift: random.pick([21, 30, 39]), root: root)
        memory.write(location, memory.read(location, as: UInt64.self) ^ random.pick([2, 4, 0x20, 0x200, 1 << 63]))
        return
      }
      var flags = random.next() & (Rig.Bit.accessed | Rig.Bit.dirty | Rig.Bit.global | 0xE00)
      if random.percent(90) { flags |= Rig.Bit.present }
      if random.percent(80) { flags |= Rig.Bit.write }
      if random.percent(80) { flags |= Rig.Bit.user }
      let shift: UInt64 = random.percent(6) ? 21 : 12
      rigs[0].map(linear, to: shift == 21 ? 0x20_0000 : random.pick(Run.frames), flags, shift: shift, root: root)
    }

    /// What a walk of memory says about a mapping, from its own root and from that in force.
    private func agrees(_ rig: Rig, _ entry: CachedEntry, _ linear: UInt64) -> Bool {
      [entry.root, rig.translation.controls.root].allSatisfy { root in
        var controls = rig.translation.controls
        controls.root = root
        let walk = Walk(LinearAddress(linear), Access(), controls, rig.memory, sideEffects: false)
        guard case .mapped(let memory) = walk.outcome else { return false }
        return entry.physical(linear) == memory.physical(linear) && entry.rights == memory.rights
          && (!entry.isDirty || memory.isDirty) && entry.isGlobal == memory.isGlobal
      }
    }

    /// Whether an access makes no use of what a mapping gives and memory does not; such uses are told of once.
    private func takesNothing(_ rig: Rig, _ entry: CachedEntry, _ linear: UInt64, _ access: Access) -> Bool {
      [entry.root, rig.translation.controls.root].allSatisfy { root in
        var controls = rig.translation.controls
        controls.root = root
        let walk = Walk(LinearAddress(linear), Access(), controls, rig.memory, sideEffects: false)
        guard case .mapped(let memory) = walk.outcome else { return false }
        var needed: Rights = []
        if access.isWrite { needed.insert(.write) }
        if access.isFetch { needed.insert(.execute) }
        if access.isUser { needed.insert(.user) }
        return entry.physical(linear) == memory.physical(linear)
          && entry.rights.subtracting(memory.rights).isDisjoint(with: needed)
          && (!access.isWrite || !entry.isDirty || memory.isDirty)
      }
    }

    mutating func access(_ number: Int) -> String? {
      let rig = rigs[number]
      let linear = random.pick(Run.pages) + random.below(512) * 8
      let isWrite = random.percent(40)
      let side: AccessSide = random.percent(20) && !isWrite ? .instruction : .data
      let access = Access(isWrite: isWrite, isFetch: side == .instruction, isUser: rig.translation.isUser)
      if side == .data, let hit = isWrite ? rig.writeHit(linear, bytes: 8) : rig.readHit(linear, bytes: 8) {
        seen["hit", default: 0] += 1
        let walk = Walk(LinearAddress(linear), access, rig.translation.controls, rig.memory, sideEffects: false)
        guard case .mapped(let entry) = walk.outcome, entry.physical(linear) == hit else {
          return "a host pointer serves what memory denies"
        }
        if isWrite { rig.memory.stored(PhysicalAddress(hit), bytes: 8) }
        return nil
      }
      // What may be used: a part may not find it where this side looks, and a write walks again where it is clean.
      let known = rig.translation.cache.translation(.linear, linear, rig.translation.controls.tag)
      let isStale = known.map { !agrees(rig, rig.translation.cache[$0], linear) }
      let clock = rig.state.pointee.cycles
      let result = rig.translation.translate(LinearAddress(linear), access)
      let uses = witnesses[number].take().count
      if !(0...1).contains(uses) { return "\(uses) uses reported of one" }
      if uses == 1 { seen["stale", default: 0] += 1 }
      // The mapping may have been told of before, and still be there.
      func isToldBefore(_ slot: Slot) -> Bool {
        guard uses == 0, takesNothing(rig, rig.translation.cache[slot], linear, access) else { return false }
        seen["harmless", default: 0] += 1
        return true
      }
      // A walk takes time, and nothing else does.
      let isWalked = rig.state.pointee.cycles != clock
      if !isWalked, (uses == 1) != isStale, !(isStale == true && known.map(isToldBefore) == true) {
        return "used: \(uses) reported, stale: \(isStale as Any)"
      }
      guard case .physical(let physical, let slot) = result else {
        seen["fault", default: 0] += 1
        return isWalked && uses != 0 ? "a walk that faults uses no translation" : nil
      }
      let isAgreed = agrees(rig, rig.translation.cache[slot], linear)
      if isWalked, (uses == 1) == isAgreed, isAgreed || !isToldBefore(slot) {
        return "filled: \(uses) reported"
      }
      if isWrite { rig.memory.stored(physical, bytes: 8) }
      guard side == .data else { return nil }
      let isFiled = rig.translation.file(LinearAddress(linear), physical, slot, isWrite: isWrite)
      seen[isFiled ? "filed" : "not filed", default: 0] += 1
      return nil
    }

    mutating func operate(_ number: Int) {
      let translation = rigs[number].translation
      let next = random.pick(controls)
      switch random.below(100) {
      case 0..<40: translation.invalidatePage(random.pick(Run.pages))
      case 40..<85: translation.use(next, isUser: random.percent(30))
      case 85..<95: translation.rootLoaded(next)
      default: translation.modeChanged(next)
      }
    }

    mutating func step() -> String? {
      let number = Int(random.below(UInt64(rigs.count)))
      switch random.below(100) {
      case 0..<75: return access(number)
      case 75..<86: change()
      default: operate(number)
      }
      return nil
    }

    /// What is unsound, or nil.
    func check(marks: Bool) -> String? {
      for rig in rigs {
        if let problem = rig.translation.checkInvariants() { return problem }
      }
      return marks ? rigs[0].memory.checkStructureMarks() : nil
    }

    /// All that a run has left, to be compared with another.
    var fingerprint: String {
      var hasher = StateHasher()
      rigs[0].memory.hash(into: &hasher)
      for rig in rigs {
        rig.translation.cache.hash(into: &hasher)
        hasher.add(rig.state.pointee.cycles)
      }
      return hasher.description + "\(seen.sorted { $0.key < $1.key })"
    }
  }

  private static let policies = ["retain", "speculate:1", "haswell", "sandybridge", "flush", "random:2"]

  /// Every policy, 1 to 4 processors, checked after every step; the same seed gives the same run.
  @Test(arguments: policies, [1, 2, 4])
  func staleUsesAreSeen(_ name: String, _ processors: Int) throws {
    let policy = try RetentionPolicy.named(name).get()
    var prints: [String] = []
    for round in 0..<2 {
      var run = try Run("staleUsesAreSeen \(name) \(processors)", policy: policy, processors: processors, seed: 21)
      for step in 0..<4000 {
        // The second run is for its end alone.
        let problem = run.step() ?? (round == 0 ? run.check(marks: step % 8 == 0) : nil)
        if let problem {
          Issue.record("step \(step): \(problem)")
          return
        }
      }
      #expect(run.check(marks: true) == nil)
      for event in ["stale", "hit", "filed"] { #expect(run.seen[event, default: 0] > 20, "\(run.seen)") }
      prints.append(run.fingerprint)
    }
    #expect(prints.first == prints.last)
  }

  /// Section S: a program that invalidates after each change finds under every policy what memory says.
  @Test(arguments: policies + ["skylake", "icelake"])
  func correctProgramsSeeMemory(_ name: String) throws {
    let rig = try Rig(policy: try RetentionPolicy.named(name).get())
    let witness = Witness()
    rig.translation.staleUseObserver = witness
    var random = SplitMix64("correctProgramsSeeMemory \(name)", seed: 9)
    for step in 0..<6000 {
      let linear = random.pick(Run.pages)
      if random.percent(20) {
        let flags = random.next() & (Rig.Bit.all | Rig.Bit.accessed | Rig.Bit.dirty | Rig.Bit.global)
        rig.map(linear, to: random.pick(Run.frames), flags)
        rig.translation.modeChanged(Rig.controls())
      }
      let access = Access(isWrite: random.percent(50), isFetch: random.percent(20), isUser: random.percent(50))
      let walk = Walk(LinearAddress(linear), access, Rig.controls(), rig.memory, sideEffects: false)
      switch (rig.translation.translate(LinearAddress(linear), access), walk.outcome) {
      case (.physical(let address, _), .mapped(let entry)) where address.value == entry.physical(linear): continue
      case (.pageFault(let code), .fault(let expected)) where code == expected: continue
      default:
        Issue.record("step \(step): \(String(linear, radix: 16)) is not \(walk.outcome)")
        return
      }
    }
    #expect(witness.take().isEmpty)
    #expect(rig.translation.checkInvariants() == nil && rig.memory.checkStructureMarks() == nil)
  }
}
