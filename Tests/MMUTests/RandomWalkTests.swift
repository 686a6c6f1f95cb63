import EPTTLB
import Foundation
import MMU
import Testing

/// `Walk` against `SlowWalk` over random page tables (SDM Vol. 3, "4-Level Paging and 5-Level Paging").
@Suite struct RandomWalkTests {
  private static let cases = 200_000
  private static let pageCount: UInt64 = 16

  /// Memory twice: as the walk sees it, and as words.
  private struct Run {
    let memory: PhysicalMemory
    var words = [UInt64](repeating: 0, count: Int(RandomWalkTests.pageCount) * 512)
    var random: SplitMix64
    var controls = PagingControls(
      root: 0, writeProtect: true, executeDisable: true, globalPages: true, physicalBits: 40)
    var address: UInt64 = 0
    var access = Access()
    /// How often each outcome came, so that a run that tries nothing is seen.
    var seen: [String: Int] = [:]

    init(_ name: String, seed: UInt64) throws {
      memory = try PhysicalMemory(size: RandomWalkTests.pageCount << 12)
      random = SplitMix64(name, seed: seed)
    }

    mutating func store(_ address: UInt64, _ value: UInt64) {
      memory.write(PhysicalAddress(address), value)
      words[Int(address / 8)] = value
    }

    mutating func page() -> UInt64 { random.below(RandomWalkTests.pageCount) << 12 }

    /// Draws controls, an access, an address, and a path of entries for it; tables may coincide.
    mutating func draw() {
      controls = PagingControls(
        root: page(), writeProtect: random.percent(50), executeDisable: random.percent(70),
        globalPages: random.percent(50), physicalBits: random.pick([32, 36, 39, 40, 46, 48, 52]),
        tag: Tag(vpid: UInt16(random.below(3)), pcid: UInt16(random.below(3))))
      address = random.next() & 0x7FFF_FFFF_FFFF
      if random.percent(50) { address |= 0xFFFF_8000_0000_0000 }
      let isFetch = random.percent(25)
      access = Access(isWrite: !isFetch && random.percent(50), isFetch: isFetch, isUser: random.percent(50))
      var table = controls.root
      for shift in [39, 30, 21, 12] as [UInt64] {
        let value = entry(shift)
        store(table + (address >> shift & 511) * 8, value)
        let next = value & 0x000F_FFFF_FFFF_F000
        guard next < RandomWalkTests.pageCount << 12 else { break }
        table = next
      }
    }

    /// A random entry of a level: mostly present, mostly permissive, now and then wrong.
    private mutating func entry(_ shift: UInt64) -> UInt64 {
      var value: UInt64 = random.percent(95) ? 1 : 0
      if random.percent(80) { value |= 1 << 1 }
      if random.percent(80) { value |= 1 << 2 }
      value |= random.next() & 0x178
      // Ignored bits: 11:9 and 62:52.
      value |= random.next() & 0x7FF0_0000_0000_0E00
      if random.percent(controls.executeDisable ? 15 : 2) { value |= 1 << 63 }
      let isLeaf = shift == 12 || random.percent(shift == 39 ? 2 : 20)
      if isLeaf {
        value |= 1 << 7
        let frame = random.next() & (1 << UInt64(controls.physicalBits) - 1)
        value |= frame & ~((1 << shift) - 1) & ~0xFFF
        if shift != 12 && random.percent(30) { value |= 1 << 12 }
        if shift == 12 && random.percent(50) { value &= ~(1 << 7) }
      } else {
        value |= random.percent(97) ? page() : page() + RandomWalkTests.pageCount << 12
      }
      if random.percent(3) { value |= 1 << (12 + random.below(40)) }
      return value
    }

    /// Walks both ways; what differs, or nil.
    mutating func compare(sideEffects: Bool) -> String? {
      let walk = Walk(LinearAddress(address), access, controls, memory, sideEffects: sideEffects)
      let slow = SlowWalk(address, access, controls, &words, sideEffects: sideEffects)
      if let problem = difference(walk, slow) { return problem }
      let order = words.withUnsafeBytes { words in words.baseAddress.map { memcmp($0, memory.base, words.count) } }
      return order == 0 ? nil : "memory differs after the walk"
    }

    private mutating func difference(_ walk: Walk, _ slow: SlowWalk) -> String? {
      switch (walk.outcome, slow.outcome) {
      case (.fault(let code), .fault(let expected)):
        if code.rawValue != expected { return "error code \(code.rawValue), not \(expected)" }
        seen["fault \(expected)", default: 0] += 1
      case (.mapped(let entry), .page(let page)):
        if let problem = difference(entry, page, slow) { return problem }
        seen["page \(page.bits)", default: 0] += 1
      default: return "\(walk.outcome), not \(slow.outcome)"
      }
      if walk.count != slow.read.count { return "\(walk.count) entries read, not \(slow.read.count)" }
      for (index, entry) in slow.read.enumerated() {
        let step = walk.steps[index]
        if Int(step.level) != 4 - index { return "step \(index) has level \(step.level)" }
        if step.source != Source(address: entry.address, value: entry.value) { return "step \(index): \(step.source)" }
      }
      return structures(walk, slow)
    }

    private func difference(_ entry: CachedEntry, _ page: SlowWalk.Page, _ slow: SlowWalk) -> String? {
      let found = SlowWalk.Page(
        frame: entry.target, bits: entry.shift, isWritable: entry.rights.contains(.write),
        isUser: entry.rights.contains(.user), isExecutable: entry.rights.contains(.execute), isDirty: entry.isDirty,
        isGlobal: entry.isGlobal)
      if found != page { return "\(found), not \(page)" }
      let offset = address & (1 << UInt64(page.bits) - 1)
      if entry.physical(address) != page.frame + offset { return "\(entry.physical(address)) is not where it lies" }
      return provenance(entry, isStructure: false, slow.read)
    }

    /// What an entry is tagged with and was made from.
    private func provenance(_ entry: CachedEntry, isStructure: Bool, _ path: [SlowWalk.Entry]) -> String? {
      guard entry.kind == .linear, entry.isStructure == isStructure, entry.tag == controls.tag,
        entry.root == controls.root, entry.prefix == address & ~(1 << UInt64(entry.shift) - 1)
      else { return "wrong kind, tag, root or prefix: \(entry)" }
      let sources = (0..<Int(entry.sourceCount)).map { entry.sources[$0] }
      let expected = path.map { Source(address: $0.address, value: $0.value) }
      return sources == expected ? nil : "sources \(sources), not \(expected)"
    }

    /// Rules C1-C3 of what a walk may leave in the paging-structure caches.
    private func structures(_ walk: Walk, _ slow: SlowWalk) -> String? {
      if walk.structureCount != slow.tables { return "\(walk.structureCount) structures, not \(slow.tables)" }
      for index in 0..<walk.structureCount {
        guard let entry = walk.structures[index] else { return "structure \(index) is missing" }
        let path = Array(slow.read.prefix(index + 1))
        var rights = Rights.all
        if !path.allSatisfy(\.isWritable) { rights.remove(.write) }
        if !path.allSatisfy(\.isUser) { rights.remove(.user) }
        if path.contains(where: \.isExecuteDisabled) { rights.remove(.execute) }
        guard Int(entry.shift) == 39 - 9 * index, entry.rights == rights, !entry.isGlobal,
          entry.target == path.last?.bits(51, 12)
        else { return "structure \(index): \(entry)" }
        if let problem = provenance(entry, isStructure: true, path) { return problem }
      }
      return nil
    }

    /// A walk from each of the structures that one left behind comes to the same end; what differs, or nil.
    mutating func compareShortcuts() -> String? {
      let whole = Walk(LinearAddress(address), access, controls, memory, sideEffects: false)
      for index in 0..<whole.structureCount {
        let walk = Walk(
          LinearAddress(address), access, controls, memory, from: whole.structures[index], sideEffects: false)
        if walk.count != whole.count - index - 1 { return "\(walk.count) entries read from structure \(index)" }
        switch (walk.outcome, whole.outcome) {
        case (.fault(let code), .fault(let expected)):
          if code != expected { return "error code \(code.rawValue) from structure \(index)" }
        case (.mapped(let entry), .mapped(let expected)):
          let slow = SlowWalk(address, access, controls, &words, sideEffects: false)
          guard case .page(let page) = slow.outcome, entry.root == expected.root else { return "wrong root" }
          if let problem = difference(entry, page, slow) { return "from structure \(index): \(problem)" }
        default: return "\(walk.outcome) from structure \(index), not \(whole.outcome)"
        }
      }
      return nil
    }
  }

  /// SDM Vol. 3, "4-Level Paging and 5-Level Paging", "Page-Fault Exceptions", "Accessed and Dirty Flags", "Determination
  /// of Access Rights": outcome, error code, frame, rights, flags in memory after, entries read and what may be cached.
  @Test func walksAgree() throws {
    var run = try Run("walksAgree", seed: 5)
    for number in 0..<RandomWalkTests.cases {
      run.draw()
      var problem = run.compare(sideEffects: false)
      if problem == nil { problem = run.compare(sideEffects: true) }
      // The flags are set by now: it must change nothing any more.
      if problem == nil, number % 8 == 0 { problem = run.compare(sideEffects: true) }
      if let problem {
        Issue.record("case \(number): \(String(run.address, radix: 16)), \(run.access), \(run.controls): \(problem)")
        return
      }
    }
    for outcome in ["page 12", "page 21", "page 30"] { #expect(run.seen[outcome, default: 0] > 1000, "\(run.seen)") }
    // P, W/R, U/S, RSVD and I/D in every combination that there is: no write is a fetch.
    for code in 0..<32 where code & 18 != 18 && code & 9 != 8 {
      #expect(run.seen["fault \(code)", default: 0] > 0 || code == 1, "\(run.seen)")
    }
  }

  /// Rule C3; SDM Vol. 3, "Using the Paging-Structure Caches to Translate Linear Addresses": while memory has not changed
  /// it makes no difference where a walk starts.
  @Test func shortcutsAgree() throws {
    var run = try Run("shortcutsAgree", seed: 6)
    for number in 0..<RandomWalkTests.cases / 4 {
      run.draw()
      if let problem = run.compareShortcuts() {
        Issue.record("case \(number): \(String(run.address, radix: 16)), \(run.access), \(run.controls): \(problem)")
        return
      }
    }
  }
}
