import EPTTLB
import Testing

/// Long random runs of inserts, look-ups and invalidations against a list with predicates (TLB rules, sections U and I).
@Suite struct RandomOperationTests {
  /// A cache and its model, and what is drawn at random to try them.
  private struct Run {
    let cache: TranslationCache
    var model: ObviousCache
    var random: SplitMix64
    var serial: UInt64 = 0
    /// Of a hundred steps, how many insert.
    let inserts: UInt64
    /// And how many invalidate; the others look up.
    let invalidations: UInt64

    init(_ name: String, budget: Int, inserts: UInt64, invalidations: UInt64, seed: UInt64) {
      cache = TranslationCache(policy: .retain(budget: budget))
      model = ObviousCache(budget: budget)
      random = SplitMix64(name, seed: seed)
      self.inserts = inserts
      self.invalidations = invalidations
    }

    mutating func address() -> UInt64 {
      // Few enough pages of every size that addresses meet, on both sides of the canonical hole.
      let high: UInt64 = random.percent(50) ? 0 : 0xFFFF_8000_0000_0000
      let upper = random.below(2) << 39 | random.below(3) << 30
      return high | upper | random.below(3) << 21 | random.below(6) << 12 | random.below(4096)
    }

    mutating func tag(_ kind: MappingKind) -> Tag {
      let ep4ta: UInt64 = kind == .linear ? 0 : random.pick([0x1000, 0x2000])
      guard kind != .guestPhysical else { return Tag(ep4ta: ep4ta) }
      return Tag(vpid: UInt16(random.below(2)), pcid: UInt16(random.below(3)), ep4ta: ep4ta)
    }

    mutating func kind() -> MappingKind {
      random.percent(10) ? .guestPhysical : random.percent(60) ? .linear : .combined
    }

    mutating func insert() {
      let kind = kind()
      let tag = tag(kind)
      let address = address()
      serial += 1
      let entry: CachedEntry
      if random.percent(30) {
        entry = .structure(address, shift: random.pick([21, 30, 39, 48]), kind: kind, tag: tag, serial: serial)
      } else {
        let isGlobal = kind != .guestPhysical && random.percent(25)
        let shift: UInt8 = random.pick([12, 12, 12, 21, 30])
        entry = .translation(address, shift: shift, kind: kind, tag: tag, isGlobal: isGlobal, serial: serial)
      }
      cache.insert(entry)
      model.insert(entry)
    }

    mutating func invalidate() {
      let address = address()
      let vpid = UInt16(random.below(2))
      let pcid = UInt16(random.below(3))
      if random.percent(30) { return invalidateMore(address, vpid, pcid) }
      switch random.below(100) {
      case 0..<40:
        cache.invlpg(address, vpid: vpid, pcid: pcid)
        model.invlpg(address, vpid, pcid)
      case 40..<80:
        cache.pageFault(address, vpid: vpid, pcid: pcid)
        model.pageFault(address, vpid, pcid)
      case 80..<90:
        cache.movToCR3(vpid: vpid, pcid: pcid)
        model.movToCR3(vpid, pcid)
      case 90..<94:
        cache.smepSet(vpid: vpid, pcid: pcid)
        model.smepSet(vpid, pcid)
      case 94..<97:
        cache.pagingModeChanged(vpid: vpid)
        model.pagingModeChanged(vpid)
      case 97 where random.percent(10):
        cache.reset()
        model.remove { _ in true }
      default:
        let kind = kind()
        guard let slot = cache.translation(kind, address, tag(kind)) else { return }
        let serial = cache[slot].root
        cache.evict(slot)
        model.remove { $0.serial == serial }
      }
    }

    /// The operations that came with PCIDs and VMX.
    mutating func invalidateMore(_ address: UInt64, _ vpid: UInt16, _ pcid: UInt16) {
      let ep4ta: UInt64 = random.pick([0x1000, 0x2000])
      let isSet = random.percent(50)
      switch random.below(100) {
      case 0..<20:
        cache.invpcid(address: address, vpid: vpid, pcid: pcid)
        model.invpcidAddress(address, vpid, pcid)
      case 20..<40:
        let linear = isSet ? self.address() : nil
        cache.eptViolation(address, ep4ta: ep4ta, linear: linear, vpid: vpid, pcid: pcid)
        model.eptViolation(address, ep4ta, linear, vpid, pcid)
      case 40..<60:
        cache.invvpid(address: address, vpid: vpid)
        model.invvpidAddress(address, vpid)
      case 60..<80:
        let (kind, tag) = (kind(), Tag(vpid: vpid, pcid: pcid, ep4ta: ep4ta))
        cache.walkedForDirty(kind, address, tag)
        model.walkedForDirty(kind, address, tag)
      case 80..<84:
        cache.invpcid(pcid: pcid, vpid: vpid)
        model.movToCR3(vpid, pcid)
      case 84..<86:
        cache.invpcidAll(vpid: vpid, includingGlobal: isSet)
        model.invpcidAll(vpid, isSet)
      case 86..<89:
        cache.vmTransition(isVPIDEnabled: isSet)
        model.vmTransition(isSet)
      case 89..<91:
        if isSet { cache.invvpid(vpid: vpid) } else { cache.invvpidRetainingGlobals(vpid: vpid) }
        model.invvpid(vpid, retainingGlobals: !isSet)
      case 91..<93:
        cache.invvpidAll()
        model.invvpidAll()
      case 93..<96:
        if isSet { cache.invept(ep4ta: ep4ta) } else { cache.inveptAll() }
        model.invept(isSet ? ep4ta : nil)
      case 96..<98:
        cache.memoryTypeRangesWritten(vpid: vpid)
        model.pagingModeChanged(vpid)
      default:
        cache.taskSwitch(vpid: vpid)
        model.movToCR3(vpid, 0)
      }
    }

    /// Looks an address up in both; what differs, or nil.
    mutating func lookUp() -> String? {
      let kind = kind()
      // All that is in force, whatever the kind goes by of it.
      let tag = Tag(vpid: UInt16(random.below(2)), pcid: UInt16(random.below(3)), ep4ta: random.pick([0x1000, 0x2000]))
      let address = address()
      let found = cache.translation(kind, address, tag).map { cache[$0].root }
      let expected = model.translation(kind, address, tag)
      if found != expected { return "translation of \(address) under \(tag): \(String(describing: (found, expected)))" }
      let prefix = cache.structure(kind, address, tag).map { cache[$0].root }
      let longest = model.structure(kind, address, tag)
      if prefix != longest { return "structure of \(address) under \(tag): \(String(describing: (prefix, longest)))" }
      return nil
    }

    /// Compares all that lives and all that was reported; what differs, or nil.
    mutating func compare() -> String? {
      if let problem = cache.checkInvariants() { return problem }
      if cache.count != model.entries.count { return "\(cache.count) entries, not \(model.entries.count)" }
      if cache.serials != model.entries.map(\.serial) { return "other entries live, or in another order" }
      if cache.evictions != model.evictions { return "\(cache.evictions) evictions, not \(model.evictions)" }
      let reported = cache.dropped.count
      if reported != model.dropped.count { return "\(reported) reported, \(model.dropped.count) gone" }
      cache.forgetDropped()
      model.forgetDropped()
      return nil
    }

    /// A step; what differs, or nil.
    mutating func step() -> String? {
      let choice = random.below(100)
      if choice < inserts {
        insert()
      } else if choice < inserts + invalidations {
        invalidate()
      } else {
        return lookUp()
      }
      return nil
    }
  }

  private func expectNoDifference(_ run: Run, steps: Int, comparedEvery period: Int) {
    var run = run
    for step in 0..<steps {
      var problem = run.step()
      if problem == nil, step % period == 0 { problem = run.compare() }
      if let problem {
        Issue.record("step \(step): \(problem)")
        return
      }
    }
    #expect(run.compare() == nil)
  }

  /// Sections U and I over 300,000 steps: each invalidation leaves some and takes some.
  @Test func manyInvalidations() {
    let run = Run("manyInvalidations", budget: 1000, inserts: 45, invalidations: 15, seed: 1)
    expectNoDifference(run, steps: 300_000, comparedEvery: 64)
  }

  /// `RetentionPolicy.retain` over 200,000 steps that evict all the time.
  @Test func manyEvictions() {
    let run = Run("manyEvictions", budget: 100, inserts: 60, invalidations: 1, seed: 2)
    expectNoDifference(run, steps: 200_000, comparedEvery: 64)
  }

  /// The same at the smallest budget there is.
  @Test func smallestBudget() {
    let run = Run("smallestBudget", budget: 16, inserts: 60, invalidations: 2, seed: 3)
    expectNoDifference(run, steps: 50_000, comparedEvery: 4)
  }

  /// `TranslationCache` while it grows beyond 5,000 entries, and its chains with it.
  @Test func growth() {
    let run = Run("growth", budget: 1 << 16, inserts: 90, invalidations: 0, seed: 4)
    expectNoDifference(run, steps: 8_000, comparedEvery: 500)
  }
}
