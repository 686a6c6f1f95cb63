import EPTTLB
import Layout
import MMU
import Testing

/// How one processor translates: what it remembers, for how long, and what that costs (TLB rules, sections C, U, I).
@Suite struct TranslationTests {
  private let page: UInt64 = 0x4000_0000
  private let first: UInt64 = 0x20_0000
  private let second: UInt64 = 0x20_1000

  /// SDM Vol. 3, "Caching Translation Information": the first access walks four entries, the next none; a neighbour starts
  /// at the cached PDE's table.
  @Test func whatIsCachedIsNotWalked() throws {
    let rig = try Rig()
    rig.map(page, to: first)
    rig.map(page + 0x1000, to: second)
    #expect(rig.timed { rig.read(page + 0x123) } == Timed(first + 0x123, cycles: 4 * Rig.reference))
    #expect(rig.timed { rig.read(page + 0xFFF) } == Timed(first + 0xFFF, cycles: 0))
    #expect(rig.timed { rig.read(page + 0x1000) } == Timed(second, cycles: Rig.reference))
    #expect(rig.translation.checkInvariants() == nil)
  }

  /// SDM Vol. 1, "Canonical Addressing": an address that is not canonical is no page fault, and nothing is walked.
  @Test(arguments: [0x8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF, 0x7FFF_0000_0000_0000] as [UInt64])
  func addressesMustBeCanonical(_ linear: UInt64) throws {
    let rig = try Rig()
    let isRefused = rig.timed {
      if case .notCanonical = rig.translation.translate(LinearAddress(linear), Access()) { true } else { false }
    }
    #expect(isRefused == Timed(true, cycles: 0))
  }

  /// Rule U3: a store to the entry changes nothing until the mapping is invalidated; INVLPG then does.
  @Test func aStaleMappingIsUsedUntilINVLPG() throws {
    let rig = try Rig()
    rig.map(page, to: first)
    #expect(rig.read(page) == first)
    rig.map(page, to: second)
    #expect(rig.read(page) == first)
    rig.map(page, to: 0, 0)
    #expect(rig.read(page) == first)
    rig.map(page, to: second)
    rig.translation.invalidatePage(page + 0xABC)
    #expect(rig.read(page) == second)
  }

  /// Rule C1: nothing is cached of an entry that is not present or sets a reserved bit: mending it in memory is enough.
  @Test func faultsAreNotCached() throws {
    let rig = try Rig()
    rig.map(page, to: first, 0)
    #expect(rig.fault(page) == [])
    rig.map(page, to: first | 1 << 51)
    #expect(rig.fault(page) == [.present, .reserved])
    rig.map(page, to: first)
    #expect(rig.read(page) == first)
  }

  /// Rule C2: a write through a mapping cached clean walks again, and sets the dirty flag; the next does not.
  @Test func aWriteThroughACleanMappingWalksAgain() throws {
    let rig = try Rig()
    rig.map(page, to: first)
    #expect(rig.read(page) == first)
    #expect(rig.entry(page) & Rig.Bit.dirty == 0)
    #expect(rig.timed { rig.write(page) } == Timed(first, cycles: Rig.reference))
    #expect(rig.entry(page) & Rig.Bit.dirty != 0)
    #expect(rig.timed { rig.write(page) } == Timed(first, cycles: 0))
    rig.translation.invalidatePage(page)
    #expect(rig.read(page) == first)
    #expect(rig.timed { rig.write(page) } == Timed(first, cycles: 0), "it was dirty when it was cached")
  }

  /// Rule C2: that walk sees memory as it is by then: another frame, or no right to write any more.
  @Test func theWalkForADirtyFlagSeesMemory() throws {
    let rig = try Rig()
    rig.map(page, to: first)
    #expect(rig.read(page) == first)
    rig.map(page, to: second)
    #expect(rig.read(page) == first)
    #expect(rig.write(page) == second)
    #expect(rig.read(page) == second)
    #expect(rig.entry(page) & Rig.Bit.dirty != 0)

    rig.map(page + 0x1000, to: first)
    #expect(rig.read(page + 0x1000) == first)
    rig.map(page + 0x1000, to: first, Rig.Bit.present)
    #expect(rig.fault(page + 0x1000, Access(isWrite: true)) == [.present, .write])
    #expect(rig.entry(page + 0x1000) & Rig.Bit.dirty == 0)
  }

  /// Section S, S3: a flag that software clears is not set again by a mapping that is still cached.
  @Test func flagsAreSetByWalksOnly() throws {
    let rig = try Rig()
    rig.map(page, to: first)
    #expect(rig.write(page) == first)
    rig.map(page, to: first)
    #expect(rig.write(page) == first)
    #expect(rig.entry(page) & (Rig.Bit.accessed | Rig.Bit.dirty) == 0)
    rig.translation.invalidatePage(page)
    #expect(rig.write(page) == first)
    #expect(rig.entry(page) & (Rig.Bit.accessed | Rig.Bit.dirty) == Rig.Bit.accessed | Rig.Bit.dirty)
  }

  /// Section I, "#PF on an address": a fault by a stale mapping is spurious, and drops it, a global one too (ours).
  @Test(arguments: [0, Rig.Bit.global])
  func aSpuriousFaultDropsItsMapping(_ global: UInt64) throws {
    let rig = try Rig()
    rig.map(page, to: first, Rig.Bit.present | global)
    #expect(rig.read(page) == first)
    rig.map(page, to: first, Rig.Bit.all | global)
    #expect(rig.timed { rig.fault(page, Access(isWrite: true)) } == Timed([.present, .write], cycles: 0))
    #expect(rig.write(page) == first)
  }

  /// Rule U3 for paging-structure caches: a cached PDE leads to the old table until it is invalidated; INVLPG of any
  /// address does that (section I).
  @Test func aStaleStructureIsUsedUntilINVLPG() throws {
    let rig = try Rig()
    for offset in 0..<4 as Range<UInt64> { rig.map(page + offset << 12, to: first + offset << 12) }
    #expect(rig.read(page) == first)
    let table = rig.table()
    for offset in 0..<4 as Range<UInt64> {
      rig.memory.write(PhysicalAddress(table + offset * 8), first + (offset + 8) << 12 | Rig.Bit.all)
    }
    rig.memory.write(rig.location(page, shift: 21), table | Rig.Bit.all)
    #expect(rig.read(page + 0x1000) == first + 0x1000)
    rig.translation.invalidatePage(0x7777_0000)
    #expect(rig.read(page + 0x2000) == first + 0xA000)
    #expect(rig.read(page + 0x1000) == first + 0x1000)
  }

  /// Section I, "#PF on an address": the paging-structure-cache entries that led to the fault go.
  @Test func aFaultDropsItsStructures() throws {
    let rig = try Rig()
    rig.map(page, to: first)
    rig.map(page + 0x1000, to: 0, 0)
    #expect(rig.read(page) == first)
    let table = rig.table()
    rig.memory.write(PhysicalAddress(table + 8), second | Rig.Bit.all)
    rig.memory.write(rig.location(page, shift: 21), table | Rig.Bit.all)
    #expect(rig.fault(page + 0x1000) == [])
    #expect(rig.read(page + 0x1000) == second)
  }

  /// Section I, "MOV to CR3", and SDM Vol. 3, "Global Pages": what is not global goes, a global mapping outlives its root.
  @Test func movToCR3KeepsGlobalMappings() throws {
    let rig = try Rig()
    let root = rig.table()
    rig.map(page, to: first)
    rig.map(page + 0x1000, to: first + 0x1000, Rig.Bit.all | Rig.Bit.global)
    rig.map(page, to: second, root: root)
    rig.map(page + 0x1000, to: second + 0x1000, root: root)
    #expect(rig.read(page) == first)
    #expect(rig.read(page + 0x1000) == first + 0x1000)
    rig.translation.rootLoaded(Rig.controls(root: root))
    #expect(rig.read(page) == second)
    #expect(rig.read(page + 0x1000) == first + 0x1000)
    rig.translation.modeChanged(Rig.controls(root: root))
    #expect(rig.read(page + 0x1000) == second + 0x1000)
  }

  /// SDM Vol. 3, "Global Pages": with CR4.PGE = 0 the G flag means nothing.
  @Test func withoutPGENothingIsGlobal() throws {
    let rig = try Rig()
    var controls = Rig.controls()
    controls.globalPages = false
    rig.translation.modeChanged(controls)
    rig.map(page, to: first, Rig.Bit.all | Rig.Bit.global)
    #expect(rig.read(page) == first)
    rig.map(page, to: second)
    rig.translation.rootLoaded(controls)
    #expect(rig.read(page) == second)
  }

  /// Section I, "MOV to CR3" with CR4.PCIDE: only the new PCID's go, and another root's mappings wait under their own.
  @Test func movToCR3DropsItsPCIDOnly() throws {
    let rig = try Rig()
    let one = Rig.controls(root: rig.table(), pcid: 1)
    let two = Rig.controls(root: rig.table(), pcid: 2)
    rig.map(page, to: first, root: one.root)
    rig.map(page, to: second, root: two.root)
    rig.translation.use(one, isUser: false)
    #expect(rig.read(page) == first)
    rig.translation.use(two, isUser: false)
    #expect(rig.read(page) == second)
    rig.map(page, to: 0x30_0000, root: one.root)
    rig.map(page, to: 0x30_1000, root: two.root)
    rig.translation.rootLoaded(one)
    #expect(rig.read(page) == 0x30_0000)
    rig.translation.use(two, isUser: false)
    #expect(rig.read(page) == second)
  }

  /// Rule U3: CR3 is no tag. A mapping made under another root with the same tags is used.
  @Test func aRootIsNoTag() throws {
    let rig = try Rig()
    let root = rig.table()
    rig.map(page, to: first)
    rig.map(page, to: second, root: root)
    #expect(rig.read(page) == first)
    rig.translation.use(Rig.controls(root: root), isUser: false)
    #expect(rig.read(page) == first)
  }

  /// Rule C5 (ours): after a change of page size the older translation is used; INVLPG drops both.
  @Test func afterAChangeOfSizeTheOlderIsUsed() throws {
    let rig = try Rig()
    rig.map(page + 0x1000, to: first)
    #expect(rig.read(page + 0x1000) == first)
    rig.map(page, to: 0x20_0000, shift: 21)
    rig.translation.invalidatePage(page)
    #expect(rig.read(page + 0x2000) == 0x20_2000)
    #expect(rig.read(page + 0x1000) == first)
    rig.translation.invalidatePage(page + 0x1000)
    #expect(rig.read(page + 0x1000) == 0x20_1000)
  }

  /// Rule C3, and paging modes: a guest that a VM entry gives another mode may find paging-structure-cache entries of its
  /// tag that 32-bit paging, or that it alone, can begin at. They are left alone; translations are used.
  @Test func aWalkBeginsAtNoStructureOfAnotherMode() throws {
    let rig = try Rig()
    rig.map(page, to: first)
    #expect(rig.read(page) == first)
    var legacy = PagingControls(
      root: rig.table(), writeProtect: true, executeDisable: false, globalPages: true, physicalBits: 40, mode: .twoLevel
    )
    legacy.pageSizeExtensions = true
    let table = rig.table()
    let index = (page >> 22 & 1023, page >> 12 & 1023)
    rig.memory.write(PhysicalAddress(legacy.root + index.0 * 4), UInt32(truncatingIfNeeded: table | Rig.Bit.all))
    rig.memory.write(PhysicalAddress(table + (index.1 + 1) * 4), UInt32(truncatingIfNeeded: second | Rig.Bit.all))
    rig.translation.use(legacy, isUser: false)
    #expect(rig.read(page) == first)
    #expect(rig.read(page + 0x1000) == second)
    rig.map(page + 0x2000, to: second)
    rig.translation.use(Rig.controls(), isUser: false)
    #expect(rig.read(page + 0x2000) == second)
    #expect(rig.translation.checkInvariants() == nil && rig.memory.checkStructureMarks() == nil)
  }

  /// SDM Vol. 3, "Determination of Access Rights": the same mapping serves a supervisor and denies a user.
  @Test func usersAreCheckedAgainstTheMapping() throws {
    let rig = try Rig()
    rig.map(page, to: first, Rig.Bit.present | Rig.Bit.write)
    #expect(rig.read(page) == first)
    rig.translation.use(Rig.controls(), isUser: true)
    #expect(rig.fault(page, Access(isUser: true)) == [.present, .user])
  }

  /// `Translation.drain`: when a mapping is dropped that an instruction was fetched by, the next instruction is fetched
  /// anew, and the running block ends; another reason to leave the block is kept.
  @Test func aDropEndsTheBlock() throws {
    let rig = try Rig()
    rig.map(page, to: first)
    rig.translation.invalidatePage(page)
    #expect(rig.state.pointee.exit == UInt32(ExitNone))
    let generation = rig.fetchGeneration(page)
    #expect(rig.read(page) == first)
    #expect(rig.fetchGeneration(page) == generation)
    rig.translation.invalidatePage(page)
    #expect(rig.state.pointee.exit == UInt32(ExitNone), "nobody has fetched there")
    #expect(rig.read(page) == first)
    rig.translation.noteFetch(page)
    rig.translation.invalidatePage(page)
    #expect(rig.state.pointee.exit == UInt32(ExitStop))
    #expect(rig.fetchGeneration(page) != generation)
    // The page before it goes with it, for an instruction that lies in both; others do not.
    let others = [rig.fetchGeneration(page - 0x1000), rig.fetchGeneration(page + 0x1000)]
    rig.translation.noteFetch(page)
    #expect(rig.read(page) == first)
    rig.translation.invalidatePage(page)
    #expect(rig.fetchGeneration(page - 0x1000) != others[0] && rig.fetchGeneration(page + 0x1000) == others[1])
    rig.state.pointee.exit = UInt32(ExitFault)
    #expect(rig.read(page) == first)
    rig.translation.noteFetch(page)
    rig.translation.invalidatePage(page)
    #expect(rig.state.pointee.exit == UInt32(ExitFault))
  }

  /// Pages of one hash share a count: what lapses with one of them must not hide that an instruction of another began in the
  /// page before it.
  @Test func aDropForgetsNoOtherFetch() throws {
    let rig = try Rig()
    let twin = try #require(
      (2..<4096).map { page + $0 << 12 }.first { rig.state.fetchGeneration($0) == rig.state.fetchGeneration(page) })
    rig.map(page, to: first)
    rig.map(twin, to: second)
    #expect(rig.read(page) == first && rig.read(twin) == second)
    rig.translation.noteFetch(page)
    rig.translation.noteFetch(twin)
    rig.translation.invalidatePage(page)
    let before = rig.fetchGeneration(twin - 0x1000)
    rig.translation.invalidatePage(twin)
    #expect(rig.fetchGeneration(twin - 0x1000) != before)
  }

  /// A page that has never been written is read from a page of zeros, so that it takes no room in the host, until somebody
  /// writes it: another processor, a device, or the same one.
  @Test func whatWasNeverWrittenIsReadAsZeros() throws {
    let rig = try Rig()
    let neighbour = try Rig(neighbour: rig)
    for (index, processor) in [rig, neighbour].enumerated() {
      let frames = [first, second, first + 0x3000].map { $0 + UInt64(index) << 16 }
      let pages = (0..<3).map { page + $0 << 12 }
      for (page, frame) in zip(pages, frames) { rig.map(page + UInt64(index) << 16, to: frame) }
      let own = pages.map { $0 + UInt64(index) << 16 }
      let room = rig.memory.bytesInUse
      for page in own { #expect(processor.file(page) && processor.readsZeros(page)) }
      #expect(rig.memory.bytesInUse == room)
      #expect(processor.translation.checkInvariants() == nil)
      // A store of a device.
      rig.memory.write(PhysicalAddress(frames[0]), 1 as UInt64)
      #expect(processor.readHit(own[0]) == nil)
      #expect(processor.file(own[0]) && !processor.readsZeros(own[0]) && processor.readHit(own[0]) == frames[0])
      // One that nobody sees, by another processor's host pointer.
      let other = index == 0 ? neighbour : rig
      #expect(processor.file(own[1]) && processor.readsZeros(own[1]))
      #expect(other.file(own[1], isWrite: true))
      #expect(processor.readHit(own[1]) == nil)
      // Its own.
      #expect(processor.file(own[2]) && processor.readsZeros(own[2]))
      #expect(processor.file(own[2], isWrite: true) && !processor.readsZeros(own[2]))
      for processor in [rig, neighbour] { #expect(processor.translation.checkInvariants() == nil) }
    }
  }

  /// A large page ends the block too, by any of whose pages an instruction may have been fetched: then every page's lapse.
  @Test func aDroppedLargePageEndsTheBlock() throws {
    let rig = try Rig()
    rig.map(page, to: 0x20_0000, shift: 21)
    let generation = rig.fetchGeneration(page + 0x5000)
    #expect(rig.read(page) != nil)
    rig.translation.invalidatePage(page)
    #expect(rig.fetchGeneration(page + 0x5000) == generation)
    #expect(rig.read(page) != nil)
    rig.translation.noteFetch(page + 0x5000)
    rig.translation.invalidatePage(page)
    #expect(rig.fetchGeneration(page + 0x5000) != generation)
    #expect(rig.state.pointee.exit == UInt32(ExitStop))
  }

  /// What no fetch depends on makes no other context of fetches: CR0.WP, SMAP and RFLAGS.AC, protection keys.
  @Test func fetchesShareContexts() throws {
    let rig = try Rig()
    func contexts(_ change: (inout PagingControls) -> Void) -> (own: UInt64, fetch: UInt64) {
      var controls = Rig.controls()
      change(&controls)
      rig.translation.use(controls, isUser: false)
      return (rig.state.pointee.context, rig.state.pointee.fetchContext)
    }
    let before = contexts { _ in }
    let changes: [(inout PagingControls) -> Void] = [
      { $0.writeProtect.toggle() }, { $0.supervisorAccessPrevention = true },
      { ($0.supervisorAccessPrevention, $0.alignmentCheck) = (true, true) }, { $0.checksAlignment = true },
      { $0.userKeys = 4 }, { $0.supervisorKeys = 4 },
    ]
    for change in changes {
      let after = contexts(change)
      #expect(after.own != before.own && after.fetch == before.fetch)
    }
    #expect(contexts { $0.executeDisable.toggle() }.fetch != before.fetch)
    #expect(contexts { $0.supervisorExecutionPrevention = true }.fetch != before.fetch)
    #expect(contexts { $0.root += 0x1000 }.fetch != before.fetch)
    rig.translation.use(Rig.controls(), isUser: true)
    #expect(rig.state.pointee.fetchContext != before.fetch)
  }
}
