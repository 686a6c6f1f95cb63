import EPTTLB
import MMU
import Testing

/// Long random runs of two processors: their caches stay sound, and host pointers make no difference to anything
/// (rule U3; `Translation.checkInvariants`).
@Suite struct RandomTranslationTests {
  /// A machine with two processors, and the same once more without host pointers.
  private struct Run {
    let processors: [Rig]
    let shadows: [Rig]
    var random: SplitMix64
    let controls: [PagingControls]
    /// How often each thing happened, so that a run that tries nothing is seen.
    var seen: [String: Int] = [:]

    /// Addresses: some fall together in the host-pointer cache, some lie where a large page may, one is the last.
    static let pages: [UInt64] =
      (0..<6).map { 0x4000_0000 + $0 << 12 } + (0..<3).map { 0x4040_0000 + $0 << 12 }
      + [0xFFFF_8000_0000_0000, 0xFFFF_FFFF_FFFF_F000]
    static let frames: [UInt64] = (0..<8).map { 0x20_0000 + $0 << 12 }

    init(_ name: String, budget: Int, seed: UInt64) throws {
      let first = try Rig(budget: budget)
      let shadow = try Rig(budget: budget, usesHostPointers: false)
      processors = [first, try Rig(budget: budget, neighbour: first)]
      shadows = [shadow, try Rig(budget: budget, usesHostPointers: false, neighbour: shadow)]
      random = SplitMix64(name, seed: seed)
      let roots = (0..<3).map { _ in first.table() }
      for _ in roots { _ = shadow.table() }
      var readOnly = Rig.controls(root: roots[0])
      readOnly.writeProtect = false
      var guarded = Rig.controls(root: roots[1])
      guarded.supervisorAccessPrevention = true
      var open = guarded
      open.alignmentCheck = true
      var keyed = Rig.controls(root: roots[1])
      (keyed.userKeys, keyed.supervisorKeys) = (0b01_10_00, 0b10_01_00)
      controls =
        roots.enumerated().map { Rig.controls(root: $1, pcid: UInt16($0 / 2)) } + [readOnly, guarded, open, keyed]
    }

    /// A page of a root gets a new entry; nothing is invalidated.
    mutating func change() {
      let root = random.pick(controls).root
      let linear = random.pick(Run.pages)
      let shift: UInt64 = random.percent(10) ? 21 : 12
      var flags = random.next() & (Rig.Bit.accessed | Rig.Bit.dirty | Rig.Bit.global)
      if random.percent(90) { flags |= Rig.Bit.present }
      if random.percent(80) { flags |= Rig.Bit.write }
      if random.percent(80) { flags |= Rig.Bit.user }
      flags |= random.below(3) << 59
      var frame = shift == 21 ? 0x20_0000 : random.pick(Run.frames)
      if random.percent(5) { frame += 0x8000_0000 }
      for machine in [processors[0], shadows[0]] { machine.map(linear, to: frame, flags, shift: shift, root: root) }
    }

    /// A processor reads or writes as an instruction does: by a host pointer if there is one, else the long way.
    mutating func access(_ number: Int) -> String? {
      let (rig, shadow) = (processors[number], shadows[number])
      let linear = random.pick(Run.pages) + random.below(512) * 8
      let isWrite = random.percent(40)
      let value = random.next()
      guard let (address, _) = shadow.physical(linear, isWrite: isWrite) else {
        seen["fault", default: 0] += 1
        if (isWrite ? rig.writeHit(linear, bytes: 8) : rig.readHit(linear, bytes: 8)) != nil {
          return "a host pointer serves what the long way denies"
        }
        return rig.physical(linear, isWrite: isWrite) == nil ? nil : "a fault without host pointers only"
      }
      if isWrite { shadow.memory.write(PhysicalAddress(address), value) }
      if let hit = isWrite ? rig.writeHit(linear, bytes: 8) : rig.readHit(linear, bytes: 8) {
        seen[isWrite ? "hit to write" : "hit to read", default: 0] += 1
        if hit != address { return "a host pointer leads to \(hit), not \(address)" }
        if isWrite {
          if rig.memory.pages[Int(hit >> 12)].codeGranules != 0 { return "a host pointer writes code" }
          (rig.memory.base + Int(hit)).storeBytes(of: value, as: UInt64.self)
        }
        return nil
      }
      guard let (found, slot) = rig.physical(linear, isWrite: isWrite) else { return "a fault with host pointers only" }
      if found != address { return "\(found) with host pointers, \(address) without" }
      if isWrite { rig.memory.write(PhysicalAddress(found), value) }
      let isFiled = rig.translation.file(LinearAddress(linear), PhysicalAddress(found), slot, isWrite: isWrite)
      seen[isFiled ? "filed" : "not filed", default: 0] += 1
      let isServed = (isWrite ? rig.writeHit(linear, bytes: 8) : rig.readHit(linear, bytes: 8)) == found
      return isFiled == isServed ? nil : "filed: \(isFiled), served: \(isServed)"
    }

    /// An operation on one processor and its shadow.
    mutating func operate(_ number: Int) {
      let linear = random.pick(Run.pages)
      let next = random.pick(controls)
      let isUser = random.percent(30)
      let choice = random.below(100)
      for processor in [processors[number], shadows[number]] {
        let translation = processor.translation
        switch choice {
        case 0..<40: translation.invalidatePage(linear)
        case 40..<80: translation.use(next, isUser: isUser)
        case 80..<95: translation.rootLoaded(next)
        default: translation.modeChanged(next)
        }
      }
    }

    /// Instructions were decoded from a page, or dropped again.
    mutating func mark() {
      let frame = random.pick(Run.frames)
      let granules = random.next() & random.next()
      if random.percent(40) {
        processors[0].memory.markCode(page: frame, granules: granules)
      } else {
        processors[0].memory.setCode(page: frame, granules: 0)
      }
    }

    /// What is unsound or differs, or nil.
    func check(memoryToo: Bool) -> String? {
      for (rig, shadow) in zip(processors, shadows) {
        if let problem = rig.translation.checkInvariants() { return problem }
        if rig.state.pointee.cycles != shadow.state.pointee.cycles { return "clocks differ" }
        var (one, other) = (StateHasher(), StateHasher())
        rig.translation.cache.hash(into: &one)
        shadow.translation.cache.hash(into: &other)
        if one.description != other.description { return "caches differ" }
      }
      guard memoryToo else { return nil }
      if let problem = processors[0].memory.checkStructureMarks() { return problem }
      var (one, other) = (StateHasher(), StateHasher())
      processors[0].memory.hash(into: &one)
      shadows[0].memory.hash(into: &other)
      return one.description == other.description ? nil : "memory differs"
    }

    mutating func step() -> String? {
      let number = Int(random.below(2))
      switch random.below(100) {
      case 0..<70: return access(number)
      case 70..<80: change()
      case 80..<92: operate(number)
      default: mark()
      }
      return nil
    }
  }

  /// `Translation.checkInvariants` after every step of translations, stores, changes of entries, invalidations, switches
  /// of context and marks; with and without host pointers the caches, the clocks and memory are the same.
  @Test(arguments: [16, 40, RetentionPolicy.defaultBudget])
  func hostPointersMakeNoDifference(_ budget: Int) throws {
    var run = try Run("hostPointersMakeNoDifference, budget \(budget)", budget: budget, seed: UInt64(budget))
    for step in 0..<40_000 {
      if let problem = run.step() ?? run.check(memoryToo: step % 50 == 0) {
        Issue.record("step \(step): \(problem)")
        return
      }
    }
    #expect(run.check(memoryToo: true) == nil)
    for event in ["fault", "hit to write", "hit to read", "filed", "not filed"] {
      #expect(run.seen[event, default: 0] > 300, "\(run.seen)")
    }
  }

  /// Section S: when everything is invalidated after each change of an entry no stale mapping is ever used: each
  /// translation is what a walk of memory gives.
  @Test func withInvalidationMemoryIsSeen() throws {
    let rig = try Rig()
    var random = SplitMix64("withInvalidationMemoryIsSeen", seed: 7)
    for step in 0..<40_000 {
      let linear = random.pick(Run.pages)
      if random.percent(20) {
        let flags = random.next() & (Rig.Bit.all | Rig.Bit.accessed | Rig.Bit.dirty | Rig.Bit.global)
        let shift: UInt64 = random.percent(10) ? 21 : 12
        rig.map(linear, to: shift == 21 ? 0x20_0000 : random.pick(Run.frames), flags, shift: shift)
        rig.translation.modeChanged(Rig.controls())
      }
      let access = Access(isWrite: random.percent(50), isUser: random.percent(50))
      rig.translation.use(Rig.controls(), isUser: access.isUser)
      let walk = Walk(LinearAddress(linear), access, Rig.controls(), rig.memory, sideEffects: false)
      switch (rig.translation.translate(LinearAddress(linear), access), walk.outcome) {
      case (.physical(let address, _), .mapped(let entry)):
        if address.value == entry.physical(linear) { continue }
      case (.pageFault(let code), .fault(let expected)):
        if code == expected { continue }
      default: break
      }
      Issue.record("step \(step): \(String(linear, radix: 16)) is not \(walk.outcome)")
      return
    }
  }
}
