import EPTTLB
import Foundation
import MMU
import Testing

/// `Walk` against `SlowWalk` over random page tables in every mode (SDM Vol. 3, "Paging").
@Suite struct RandomWalkTests {
  private static let cases = 1_000_000
  private static let pageCount: UInt64 = 16

  /// Memory twice: as the walk sees it, and as words.
  private struct Run {
    let memory: PhysicalMemory
    var words = [UInt32](repeating: 0, count: Int(RandomWalkTests.pageCount) * 1024)
    var random: SplitMix64
    var controls = PagingControls(
      root: 0, writeProtect: true, executeDisable: true, globalPages: true, physicalBits: 40)
    var address: UInt64 = 0
    var access = Access()
    /// How often each outcome came, so that a run that tries nothing is seen.
    var seen: [PagingMode: [Int]] = [:]
    /// All write-back by the MTRRs, so that the PAT's type is the effective one, but for UC-.
    let types: MemoryTypes
    /// By PAT entry.
    static let effectiveTypes: [UInt8] = [6, 4, 0, 0, 1, 5, 6, 1]

    init(_ name: String, seed: UInt64) throws {
      memory = try PhysicalMemory(size: RandomWalkTests.pageCount << 12)
      random = SplitMix64(name, seed: seed)
      var types = MemoryTypes()
      types.ranges.defaultType = 0x806
      types.pat = 0x0106_0501_0007_0406
      self.types = types
    }

    mutating func store(_ address: UInt64, _ value: UInt64, bytes: UInt64) {
      words[Int(address / 4)] = UInt32(truncatingIfNeeded: value)
      memory.write(PhysicalAddress(address), UInt32(truncatingIfNeeded: value))
      guard bytes == 8 else { return }
      words[Int(address / 4) + 1] = UInt32(truncatingIfNeeded: value >> 32)
      memory.write(PhysicalAddress(address + 4), UInt32(truncatingIfNeeded: value >> 32))
    }

    mutating func page() -> UInt64 { random.below(RandomWalkTests.pageCount) << 12 }

    /// Draws controls, an access, an address, and a path of entries for it; tables may coincide.
    mutating func draw() {
      let coins = random.next()
      func coin(_ number: UInt64) -> Bool { coins >> number & 1 == 1 }
      let mode = random.pick([.twoLevel, .pae, .fourLevel, .fourLevel, .fiveLevel] as [PagingMode])
      controls = PagingControls(
        root: page(), writeProtect: coin(0), executeDisable: mode != .twoLevel && (coin(1) || coin(2)),
        globalPages: coin(3), physicalBits: random.pick([32, 36, 39, 40, 46, 48, 52]),
        tag: Tag(vpid: UInt16(coins >> 60), pcid: UInt16(coins >> 48 & 0xFFF)), mode: mode,
        pageSizeExtensions: mode == .twoLevel && (coin(4) || coin(5)))
      controls.supervisorExecutionPrevention = coin(6)
      controls.supervisorAccessPrevention = coin(7)
      controls.alignmentCheck = coin(8)
      controls.gigabytePages = coin(9) || coin(10)
      if mode == .fourLevel || mode == .fiveLevel {
        if coin(11) { controls.userKeys = UInt32(truncatingIfNeeded: random.next() & random.next()) }
        if coin(12) { controls.supervisorKeys = UInt32(truncatingIfNeeded: random.next() & random.next()) }
      }
      let isFetch = coin(13) && coin(14)
      let isUser = coin(15)
      access = Access(
        isWrite: !isFetch && coin(16), isFetch: isFetch, isUser: isUser, isImplicit: !isFetch && !isUser && coin(17))
      let high = random.next()
      switch mode {
      case .none, .twoLevel, .pae: address = high & 0xFFFF_FFFF
      case .fourLevel: address = UInt64(bitPattern: Int64(bitPattern: high) >> 16)
      case .fiveLevel: address = UInt64(bitPattern: Int64(bitPattern: high) >> 7)
      }
      drawPath()
    }

    /// Shifts of the tables that lie in memory.
    static func shifts(_ mode: PagingMode) -> [UInt64] {
      switch mode {
      case .none: []
      case .twoLevel: [22, 12]
      case .pae: [21, 12]
      case .fourLevel: [39, 30, 21, 12]
      case .fiveLevel: [48, 39, 30, 21, 12]
      }
    }

    private mutating func drawPath() {
      var table = controls.root
      if controls.mode == .pae {
        // What a MOV to CR3 lets into the registers: no reserved bit with P.
        let pointer = page() | random.next() & 0xE18 | (random.percent(90) ? 1 : 0)
        controls.pointers[Int(address >> 30 & 3)] = pointer
        table = pointer & 0xF000
      }
      let bytes: UInt64 = controls.mode == .twoLevel ? 4 : 8
      let mask: UInt64 = controls.mode == .twoLevel ? 1023 : 511
      for shift in Run.shifts(controls.mode) {
        let value = bytes == 4 ? entry32(shift) : entry(shift)
        store(table + (address >> shift & mask) * bytes, value, bytes: bytes)
        let next = value & (bytes == 4 ? 0xFFFF_F000 : 0x000F_FFFF_FFFF_F000)
        guard next < RandomWalkTests.pageCount << 12 else { break }
        table = next
      }
    }

    /// A random entry of 32 bits.
    private mutating func entry32(_ shift: UInt64) -> UInt64 {
      var value: UInt64 = random.percent(95) ? 1 : 0
      if random.percent(80) { value |= 1 << 1 }
      if random.percent(80) { value |= 1 << 2 }
      let coins = random.next()
      value |= coins & 0xF78
      guard shift == 12 || random.percent(30) else {
        // Without CR4.PSE bit 7 means nothing.
        if random.percent(30) { value |= 1 << 7 }
        return value | (random.percent(97) ? page() : page() + RandomWalkTests.pageCount << 12)
      }
      if shift == 12 { return value | coins & 0xFFFF_F080 }
      value |= 1 << 7 | coins & 0xFFC0_1000
      let frameBits = UInt64(min(controls.physicalBits, 40)) - 32
      value |= (coins >> 32 & (1 << frameBits - 1)) << 13
      if random.percent(5) { value |= 1 << (13 + random.below(9)) }
      return value
    }

    /// A random entry of 64 bits: mostly present, mostly permissive, now and then wrong.
    private mutating func entry(_ shift: UInt64) -> UInt64 {
      var value: UInt64 = random.percent(95) ? 1 : 0
      if random.percent(80) { value |= 1 << 1 }
      if random.percent(80) { value |= 1 << 2 }
      let coins = random.next()
      value |= coins & 0xF78
      // Ignored bits and the key: 62:52, but for PAE paging, where they are reserved.
      if controls.mode != .pae || coins >> 50 & 63 == 0 { value |= random.next() & 0x7FF0_0000_0000_0000 }
      if random.percent(controls.executeDisable ? 15 : 2) { value |= 1 << 63 }
      let isLeaf = shift == 12 || random.percent(shift >= 39 ? 2 : 20)
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
    mutating func compare(sideEffects: Bool, wholeMemory: Bool) -> String? {
      let walk = Walk(LinearAddress(address), access, controls, memory, memoryTypes: types, sideEffects: sideEffects)
      let slow = SlowWalk(address, access, controls, &words, sideEffects: sideEffects)
      if let problem = difference(walk, slow) { return problem }
      for entry in slow.read where entry.address / 4 < words.count {
        let value = memory.read(PhysicalAddress(entry.address), as: UInt32.self)
        if value != words[Int(entry.address / 4)] { return "an entry in memory is \(value) after the walk" }
      }
      guard wholeMemory else { return nil }
      let order = words.withUnsafeBytes { words in words.baseAddress.map { memcmp($0, memory.base, words.count) } }
      return order == 0 ? nil : "memory differs after the walk"
    }

    private mutating func count(_ outcome: Int) {
      seen[controls.mode, default: [Int](repeating: 0, count: 128)][outcome] += 1
    }

    private mutating func difference(_ walk: Walk, _ slow: SlowWalk) -> String? {
      switch (walk.outcome, slow.outcome) {
      case (.fault(let code), .fault(let expected)):
        if code.rawValue != expected { return "error code \(code.rawValue), not \(expected)" }
        count(Int(expected))
      case (.mapped(let entry), .page(let page)):
        if let problem = difference(entry, page, slow) { return problem }
        count(64 + Int(page.bits))
      default: return "\(walk.outcome), not \(slow.outcome)"
      }
      if walk.count != slow.read.count { return "\(walk.count) entries read, not \(slow.read.count)" }
      let top = Run.shifts(controls.mode).count
      for (index, entry) in slow.read.enumerated() {
        let step = walk.steps[index]
        if Int(step.level) != top - index { return "step \(index) has level \(step.level)" }
        if step.source != Source(address: entry.address, value: entry.value) { return "step \(index): \(step.source)" }
      }
      return structures(walk, slow)
    }

    private func difference(_ entry: CachedEntry, _ page: SlowWalk.Page, _ slow: SlowWalk) -> String? {
      let found = SlowWalk.Page(
        frame: entry.target, bits: entry.shift, isWritable: entry.rights.contains(.write),
        isUser: entry.rights.contains(.user), isExecutable: entry.rights.contains(.execute), isDirty: entry.isDirty,
        isGlobal: entry.isGlobal, key: entry.protectionKey, typeIndex: page.typeIndex)
      if found != page { return "\(found), not \(page)" }
      if entry.memoryType != Run.effectiveTypes[Int(page.typeIndex)] { return "memory type \(entry.memoryType)" }
      let offset = address & (1 << UInt64(page.bits) - 1)
      if entry.physical(address) != page.frame + offset { return "\(entry.physical(address)) is not where it lies" }
      return provenance(entry, isStructure: false, slow.read)
    }

    /// What an entry is tagged with and was made from.
    private func provenance(_ entry: CachedEntry, isStructure: Bool, _ path: [SlowWalk.Entry]) -> String? {
      // In PAE paging a mapping's root is the PDPTE register it was made from.
      let root = controls.mode == .pae ? controls.pointers[Int(address >> 30 & 3)] : controls.root
      guard entry.kind == .linear, entry.isStructure == isStructure, entry.tag == controls.tag,
        entry.root == root, entry.prefix == address & ~(1 << UInt64(entry.shift) - 1)
      else { return "wrong kind, tag, root or prefix: \(entry)" }
      guard Int(entry.sourceCount) == path.count else { return "\(entry.sourceCount) sources, not \(path.count)" }
      for (index, expected) in path.enumerated() {
        let source = entry.sources[index]
        if source != Source(address: expected.address, value: expected.value) { return "source \(index): \(source)" }
      }
      return nil
    }

    /// Rules C1-C3 of what a walk may leave in the paging-structure caches.
    private func structures(_ walk: Walk, _ slow: SlowWalk) -> String? {
      if walk.structureCount != slow.tables { return "\(walk.structureCount) structures, not \(slow.tables)" }
      for index in 0..<walk.structureCount {
        let entry = walk.structure(index)
        let path = Array(slow.read.prefix(index + 1))
        var rights = Rights.all
        if !path.allSatisfy(\.isWritable) { rights.remove(.write) }
        if !path.allSatisfy(\.isUser) { rights.remove(.user) }
        if path.contains(where: \.isExecuteDisabled) { rights.remove(.execute) }
        guard UInt64(entry.shift) == Run.shifts(controls.mode)[index], entry.rights == rights, !entry.isGlobal,
          entry.target == path[index].bits(51, 12)
        else { return "structure \(index): \(entry)" }
        if let problem = provenance(entry, isStructure: true, path) { return problem }
      }
      return nil
    }

    /// A walk from each of the structures that one left behind comes to the same end; what differs, or nil.
    mutating func compareShortcuts() -> String? {
      let whole = Walk(LinearAddress(address), access, controls, memory, memoryTypes: types, sideEffects: true)
      let slow = SlowWalk(address, access, controls, &words, sideEffects: true)
      for index in 0..<whole.structureCount {
        let walk = Walk(
          LinearAddress(address), access, controls, memory, from: whole.structure(index), memoryTypes: types,
          sideEffects: false)
        if walk.count != whole.count - index - 1 { return "\(walk.count) entries read from structure \(index)" }
        switch (walk.outcome, whole.outcome) {
        case (.fault(let code), .fault(let expected)):
          if code != expected { return "error code \(code.rawValue) from structure \(index)" }
        case (.mapped(let entry), .mapped(let expected)):
          guard case .page(let page) = slow.outcome, entry.root == expected.root else { return "wrong root" }
          if let problem = difference(entry, page, slow) { return "from structure \(index): \(problem)" }
        default: return "\(walk.outcome) from structure \(index), not \(whole.outcome)"
        }
      }
      return nil
    }
  }

  /// SDM Vol. 3, "Paging": outcome, error code, frame, rights, key, memory type, flags in memory after, entries read and
  /// what may be cached.
  @Test func walksAgree() throws {
    var run = try Run("walksAgree", seed: 5)
    for number in 0..<RandomWalkTests.cases {
      run.draw()
      var problem: String?
      if number % 16 == 0 { problem = run.compare(sideEffects: false, wholeMemory: number % 512 == 0) }
      if problem == nil { problem = run.compare(sideEffects: true, wholeMemory: number % 512 == 0) }
      // The flags are set by now: it must change nothing any more.
      if problem == nil, number % 16 == 0 { problem = run.compare(sideEffects: true, wholeMemory: number % 512 == 0) }
      if let problem {
        Issue.record("case \(number): \(String(run.address, radix: 16)), \(run.access), \(run.controls): \(problem)")
        return
      }
    }
    let sizes: [PagingMode: [Int]] = [
      .twoLevel: [12, 22], .pae: [12, 21], .fourLevel: [12, 21, 30], .fiveLevel: [12, 21, 30],
    ]
    for (mode, shifts) in sizes {
      let seen = try #require(run.seen[mode])
      for shift in shifts { #expect(seen[64 + shift] > 1000, "\(mode): \(seen)") }
      // Every combination that there is: no write is a fetch, RSVD and PK need P and exclude each other, no fetch has PK.
      for code in 0..<64 where code & 18 != 18 && code & 9 != 8 && code & 33 != 32 && code & 40 != 40 {
        let needsKeys = code & 32 != 0
        guard code & 48 != 48, !needsKeys || mode.isLong else { continue }
        // No bit of a 32-bit PTE is reserved, but large pages have some.
        #expect(seen[code] > 0, "\(mode) code \(code): \(seen)")
      }
    }
  }

  /// Rule C3; SDM Vol. 3, "Using the Paging-Structure Caches to Translate Linear Addresses": while memory has not changed
  /// it makes no difference where a walk starts.
  @Test func shortcutsAgree() throws {
    var run = try Run("shortcutsAgree", seed: 6)
    for number in 0..<RandomWalkTests.cases / 20 {
      run.draw()
      if let problem = run.compareShortcuts() {
        Issue.record("case \(number): \(String(run.address, radix: 16)), \(run.access), \(run.controls): \(problem)")
        return
      }
    }
  }
}
