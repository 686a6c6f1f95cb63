import EPTTLB
import Layout
import MMU
import Testing

/// Keeps every stale use that it is told of.
final class Witness: StaleUseObserver {
  private(set) var uses: [StaleUse] = []

  func staleMappingUsed(_ use: StaleUse) { uses.append(use) }

  /// What was seen since the last time.
  func take() -> [StaleUse] {
    defer { uses = [] }
    return uses
  }
}

/// Mappings that may be stale: who made them so, and each use of one that is (`Translation+Suspicion`, TLB rule U3).
@Suite struct SuspicionTests {
  private let page: UInt64 = 0x4000_0000
  private let first: UInt64 = 0x20_0000
  private let second: UInt64 = 0x21_0000

  private func watched(_ rig: Rig) -> Witness {
    let witness = Witness()
    rig.translation.staleUseObserver = witness
    return witness
  }

  /// A use is reported with the mapping, its sources, who changed them and how memory differs; before the change and after
  /// the invalidation nothing is.
  @Test func aStaleUseIsReported() throws {
    let rig = try Rig()
    let neighbour = try Rig(neighbour: rig)
    let witness = watched(rig)
    rig.map(page, to: first)
    #expect(rig.read(page) == first)
    #expect(rig.read(page + 8) == first + 8)
    #expect(witness.take().isEmpty)
    let location = rig.location(page)
    let old = rig.entry(page)
    neighbour.state.pointee.cycles = 1234
    neighbour.state.pointee.rip = 0x5678
    rig.memory.writer = .processor(neighbour.translation.processorNumber)
    rig.memory.write(location, second | Rig.Bit.present)
    rig.memory.writer = .monitor
    rig.state.pointee.cycles = 99
    #expect(rig.read(page + 0x10) == first + 0x10)
    let uses = witness.take()
    let use = try #require(uses.first)
    #expect(uses.count == 1)
    #expect(use.processor == 0 && use.cycle == 99 && use.address == LinearAddress(page + 0x10) && !use.isDenied)
    #expect(use.mapping.target == first && use.sources.count == 4 && use.sources.last?.address == location.value)
    #expect(use.own.excess == [.frame, .write, .user] && use.own.shortfall == [] && use.inForce == nil)
    let change = StructureChange(
      writer: .processor(1), cycle: 1234, rip: 0x5678, address: location.value, old: old,
      new: second | Rig.Bit.present)
    #expect(use.suspicion?.first == change && use.suspicion?.latest == change && use.suspicion?.count == 1)
    rig.translation.invalidatePage(page)
    #expect(rig.read(page) == second)
    #expect(witness.take().isEmpty)
    #expect(neighbour.read(page) == second)
  }

  /// Each axis by itself: what the mapping has more than memory, and what it has less.
  @Test func axesAreToldApart() throws {
    let user = Rig.Bit.user
    let rows: [(made: UInt64, now: UInt64, excess: MappingAxes, shortfall: MappingAxes)] = [
      (7, 5, .write, []), (5, 7, [], .write), (7, 3, .user, []), (3, 7, [], .user),
      (7, 7 | Rig.Bit.executeDisable, .execute, []), (7 | Rig.Bit.executeDisable, 7, [], .execute),
      (7, 7 | Rig.Bit.global, [], .global), (7 | Rig.Bit.global, 7, .global, []), (7, 0, .read, []),
      (7, 7 | 1 << 51, .read, []), (7 | Rig.Bit.dirty, 7, .dirty, []),
      (5, 5 | user | Rig.Bit.executeDisable, .execute, []),
    ]
    for (number, row) in rows.enumerated() {
      let rig = try Rig()
      let witness = watched(rig)
      rig.map(page, to: first, row.made)
      #expect(rig.read(page) == first)
      rig.map(page, to: first, row.now)
      #expect(rig.read(page) == first)
      let use = witness.take().first
      #expect(
        use?.own.excess == row.excess && use?.own.shortfall == row.shortfall,
        "row \(number): \(String(describing: use?.own))")
    }
  }

  /// SDM Vol. 3, formats of paging-structure entries: setting A or D, and bits that processors ignore, make nothing
  /// suspect; every other bit of every level does, and so does clearing A or D.
  @Test func everyBitOfEveryLevel() throws {
    for shift in [39, 30, 21, 12] as [UInt64] {
      for bit in 0..<64 as Range<UInt64> {
        let rig = try Rig()
        rig.map(page, to: first)
        let slot = try #require(rig.physical(page)).slot
        let location = rig.location(page, shift: shift)
        let value = rig.memory.read(location, as: UInt64.self)
        rig.memory.write(location, value ^ 1 << bit)
        let isIgnored: Bool
        switch bit {
        case 9...11, 52...58: isIgnored = true
        case 59...62: isIgnored = shift != 12
        case 6: isIgnored = true  // Set, at the leaf; no flag above it.
        case 8: isIgnored = shift != 12
        default: isIgnored = false
        }
        #expect(rig.translation.cache.isSuspect(slot) == !isIgnored, "bit \(bit) at shift \(shift)")
        rig.memory.write(location, value)
        let isCleared = bit == 6 && shift == 12
        #expect(
          rig.translation.cache.isSuspect(slot) == (!isIgnored || isCleared), "bit \(bit) back, at shift \(shift)")
      }
    }
  }

  /// A value that comes back before the use takes the suspicion away: memory agrees, and the mapping is used as any other.
  @Test func aRestoredEntryIsNoStaleUse() throws {
    let rig = try Rig()
    let witness = watched(rig)
    rig.map(page, to: first)
    #expect(rig.file(page, isWrite: true))
    let (location, value) = (rig.location(page), rig.entry(page))
    rig.memory.write(location, 0 as UInt64)
    #expect(rig.readHit(page) == nil)
    rig.memory.write(location, value)
    #expect(rig.file(page, isWrite: true))
    #expect(rig.writeHit(page) == first)
    #expect(witness.take().isEmpty)
    #expect(rig.translation.checkInvariants() == nil)
  }

  /// Suspect mappings lose their host pointers on every processor, are never filed while memory disagrees, and each use is
  /// seen; a generation goes by on the page that instructions were fetched from, so that fetches are looked up anew.
  @Test func eachUseIsSeen() throws {
    let rig = try Rig()
    let neighbour = try Rig(neighbour: rig)
    let witnesses = [watched(rig), watched(neighbour)]
    rig.map(page, to: first)
    #expect(rig.file(page, isWrite: true) && neighbour.file(page))
    for processor in [rig, neighbour] { processor.translation.noteFetch(page) }
    let generations = [rig, neighbour].map { $0.fetchGeneration(page) }
    rig.map(page, to: second)
    for (index, processor) in [rig, neighbour].enumerated() {
      #expect(processor.readHit(page) == nil && processor.writeHit(page) == nil)
      #expect(processor.fetchGeneration(page) != generations[index])
      for _ in 0..<3 { #expect(!processor.file(page)) }
      #expect(witnesses[index].take().count == 3)
      let slot = try #require(processor.physical(page)).slot
      #expect(!processor.translation.mayDerive(slot, LinearAddress(page), Access()))
      #expect(processor.translation.checkInvariants() == nil)
    }
  }

  /// Where only the right to write was lost, reads take nothing from what has changed: they are told of once and have a host
  /// pointer again, until memory changes; each write is seen.
  @Test func harmlessUsesAreToldOfOnce() throws {
    let rig = try Rig()
    let witness = watched(rig)
    rig.map(page, to: first)
    #expect(rig.file(page, isWrite: true))
    rig.memory.write(rig.location(page), rig.entry(page) & ~2)
    #expect(rig.readHit(page) == nil && rig.writeHit(page) == nil)
    for _ in 0..<3 { #expect(rig.file(page)) }
    #expect(rig.readHit(page) == first && rig.writeHit(page) == nil)
    #expect(witness.take().map(\.exploited) == [[]])
    #expect(rig.translation.checkInvariants() == nil)
    for _ in 0..<3 { #expect(!rig.file(page, isWrite: true)) }
    #expect(witness.take().map(\.exploited) == [.write, .write, .write])
    #expect(rig.writeHit(page) == nil)
    rig.map(page, to: second)
    #expect(rig.readHit(page) == nil)
    #expect(!rig.file(page))
    #expect(witness.take().map(\.own.excess) == [[.frame, .dirty]])
    #expect(rig.translation.checkInvariants() == nil)
  }

  /// What a walk has decided holds until an entry that it read changes, one that no mapping came from too.
  @Test func verdictsFollowMemory() throws {
    let rig = try Rig()
    let witness = watched(rig)
    rig.map(page, to: first)
    #expect(rig.read(page) == first)
    // The PDE names another table, whose entry no mapping came from.
    let table = rig.table()
    rig.memory.write(rig.location(page, shift: 21), table | Rig.Bit.all)
    rig.memory.write(PhysicalAddress(table), first | Rig.Bit.all)
    #expect(rig.read(page) == first)
    #expect(witness.take().isEmpty, "another table, but the same translation")
    #expect(rig.file(page))
    rig.memory.write(PhysicalAddress(table), second | Rig.Bit.all)
    #expect(rig.readHit(page) == nil)
    #expect(rig.read(page) == first)
    #expect(witness.take().map(\.own.excess) == [.frame])
    #expect(rig.read(page) == first)
    #expect(witness.take().map(\.own.excess) == [.frame])
    rig.memory.write(PhysicalAddress(table), first | Rig.Bit.all)
    #expect(rig.read(page) == first)
    #expect(witness.take().isEmpty)
    #expect(rig.memory.checkStructureMarks() == nil)
  }

  /// Design: a mapping that a walk made from a suspect paging-structure-cache entry is born suspect.
  @Test func suspicionIsBorn() throws {
    let rig = try Rig()
    let witness = watched(rig)
    for offset in [0, 0x1000] as [UInt64] { rig.map(page + offset, to: first + offset) }
    #expect(rig.read(page) == first)
    let table = rig.table()
    rig.memory.write(rig.location(page, shift: 21), table | Rig.Bit.all)
    rig.memory.write(PhysicalAddress(table + 8), second | Rig.Bit.all)
    #expect(rig.read(page + 0x1000) == first + 0x1000)
    #expect(rig.read(page + 0x1000) == first + 0x1000)
    let uses = witness.take()
    #expect(uses.count == 2, "the access that fills it, and the next")
    #expect(uses.allSatisfy { $0.own.excess == .frame && $0.suspicion?.isInherited == true })
  }

  /// Design: a mapping used under another root is compared with what that root gives; agreeing, it is as good as any.
  @Test func anotherRootIsLookedInto() throws {
    let rig = try Rig()
    let witness = watched(rig)
    let root = rig.table()
    let global = Rig.Bit.all | Rig.Bit.global
    for offset in [0, 0x1000] as [UInt64] {
      rig.map(page + offset, to: first + offset, global)
      rig.map(page + offset, to: first + offset * 2, global, root: root)
      #expect(rig.read(page + offset) == first + offset)
    }
    rig.translation.rootLoaded(Rig.controls(root: root))
    #expect(rig.file(page))
    #expect(rig.readHit(page) == first)
    #expect(witness.take().isEmpty)
    #expect(!rig.file(page + 0x1000))
    let use = try #require(witness.take().first)
    #expect(use.own.isEmpty && use.suspicion == nil)
    #expect(use.inForce?.root == root && use.inForce?.disagreement.excess == .frame)
    // A change of the other root's tables is seen too.
    rig.map(page, to: second, global, root: root)
    #expect(rig.readHit(page) == nil)
    #expect(!rig.file(page))
    #expect(witness.take().map(\.inForce?.disagreement.excess) == [.frame])
    #expect(rig.translation.checkInvariants() == nil)
    rig.translation.use(Rig.controls(), isUser: false)
    #expect(rig.file(page))
    #expect(witness.take().isEmpty)
  }

  /// A denial by a mapping that memory would no longer deny is a use too.
  @Test func denialsAreUses() throws {
    let rig = try Rig()
    let witness = watched(rig)
    rig.map(page, to: first, Rig.Bit.present)
    #expect(rig.read(page) == first)
    rig.map(page, to: first)
    #expect(rig.fault(page, Access(isWrite: true)) == [.present, .write])
    let uses = witness.take()
    #expect(uses.map(\.isDenied) == [true])
    #expect(uses.first?.own.excess == [] && uses.first?.own.shortfall == [.write, .user])
    #expect(rig.write(page) == first)
    #expect(witness.take().isEmpty)
  }

  /// A store of any size and place is seen entry by entry: what it leaves as it was makes nothing suspect.
  @Test func wideStores() throws {
    let rig = try Rig()
    for number in 0..<16 as Range<UInt64> {
      rig.map(page + number << 12, to: first + number << 12)
      #expect(rig.read(page + number << 12) == first + number << 12)
    }
    let slots = (0..<16 as Range<UInt64>).compactMap { rig.physical(page + $0 << 12)?.slot }
    let table = rig.location(page).value
    var bytes = [UInt8](repeating: 0, count: 64)
    bytes.withUnsafeMutableBytes { rig.memory.read(PhysicalAddress(table + 30), into: $0) }
    bytes.withUnsafeBytes { rig.memory.write(PhysicalAddress(table + 30), $0) }
    #expect(slots.allSatisfy { !rig.translation.cache.isSuspect($0) }, "the same bytes again")
    // The last byte of entry 3 holds XD, the first of entry 11 the present bit.
    bytes[1] ^= 0x80
    bytes[58] ^= 1
    bytes.withUnsafeBytes { rig.memory.write(PhysicalAddress(table + 30), $0) }
    #expect(slots.map { rig.translation.cache.isSuspect($0) } == (0..<16).map { $0 == 3 || $0 == 11 })
    let suspicion = try #require(rig.translation.cache.suspicion(slots[3]))
    #expect(suspicion.first.address == table + 24 && suspicion.first.writer == .monitor)
    #expect(suspicion.first.old ^ suspicion.first.new == 1 << 63)
  }

  /// 32-bit paging: entries of 4 bytes lie two in a word; each is changed alone.
  @Test func entriesOf4Bytes() throws {
    let rig = try Rig()
    var controls = Rig.controls()
    controls.mode = .twoLevel
    controls.executeDisable = false
    rig.translation.modeChanged(controls)
    let table = rig.table()
    rig.memory.write(PhysicalAddress(0), UInt32(table | 7))
    for number in 0..<2 as Range<UInt64> {
      rig.memory.write(PhysicalAddress(table + number * 4), UInt32(first + number << 12 | 7))
      #expect(rig.read(number << 12) == first + number << 12)
    }
    let slots = [0, 0x1000].compactMap { rig.physical($0)?.slot }
    rig.memory.write(PhysicalAddress(table + 4), UInt32(second | 7))
    #expect(slots.map { rig.translation.cache.isSuspect($0) } == [false, true])
    let change = try #require(rig.translation.cache.suspicion(slots[1])?.first)
    #expect(change.address == table + 4 && change.old == first + 0x1000 | 0x27 && change.new == second | 7)
    rig.memory.write(PhysicalAddress(table), UInt32(first | 0xE67))
    #expect(!rig.translation.cache.isSuspect(slots[0]), "the dirty flag and ignored bits")
  }

  /// `PhysicalMemory.Page.structureGranules`: host pointers may not write a page that mappings came from, and may
  /// again when the last of them is gone.
  @Test func marksKeepWritersAway() throws {
    let rig = try Rig()
    rig.map(page, to: first)
    let table = rig.location(page).value & ~0xFFF
    rig.map(page + 0x1000, to: table)
    #expect(rig.file(page + 0x1000))
    #expect(!rig.file(page + 0x1000, isWrite: true), "the mapping of the table came from the table itself")
    let other = try Rig(neighbour: rig)
    rig.translation.modeChanged(Rig.controls())
    // They are kept aside, until an entry they came from changes.
    #expect(rig.memory.pages[Int(table >> 12)].structureGranules == 1)
    #expect(rig.translation.cache.count == 0 && rig.translation.cache.retiredCount > 0)
    rig.map(page, to: second)
    rig.map(page + 0x1000, to: second)
    #expect(rig.memory.pages[Int(table >> 12)].structureGranules == 0)
    #expect(other.memory.checkStructureMarks() == nil)
    // A table nobody has walked yet is written by a host pointer, and no more as soon as somebody has.
    let far = page + 1 << 30
    rig.map(far, to: second)
    let farTable = rig.location(far).value & ~0xFFF
    rig.map(page + 0x2000, to: farTable)
    #expect(rig.file(page + 0x2000, isWrite: true))
    #expect(rig.writeHit(page + 0x2000) == farTable)
    #expect(other.read(far) == second)
    #expect(rig.writeHit(page + 0x2000) == nil)
    #expect(rig.readHit(page + 0x2000) == farTable)
    #expect(rig.memory.checkStructureMarks() == nil)
    other.translation.modeChanged(Rig.controls())
    rig.map(far, to: first)
    #expect(rig.file(page + 0x2000, isWrite: true))
  }

  /// `RetentionPolicy.speculate`: neighbours are there before anybody asked, with their accessed flags set; and what a
  /// store takes away may have been cached just before it.
  @Test func speculationFillsAhead() throws {
    let rig = try Rig(policy: .speculate(seed: 5))
    for number in 0..<16 as Range<UInt64> { rig.map(page + number << 12, to: first + number << 12) }
    #expect(rig.read(page) == first)
    let cached = (1..<8 as Range<UInt64>).filter {
      rig.translation.cache.translation(.linear, page + $0 << 12, Tag()) != nil
    }
    #expect(!cached.isEmpty && cached.count < 7, "\(cached)")
    for number in 1..<16 as Range<UInt64> {
      let isCached = cached.contains(number)
      #expect((rig.entry(page + number << 12) & Rig.Bit.accessed != 0) == isCached)
      #expect(rig.entry(page + number << 12) & Rig.Bit.dirty == 0)
    }
    // Entry 12 has never been near an access; its table has.
    #expect(rig.translation.cache.translation(.linear, page + 12 << 12, Tag()) == nil)
    rig.map(page + 12 << 12, to: second)
    #expect(rig.read(page + 12 << 12) == first + 12 << 12, "the mapping that the store took away")
    let plain = try Rig()
    for number in 0..<16 as Range<UInt64> { plain.map(page + number << 12, to: first + number << 12) }
    #expect(plain.read(page) == first)
    plain.map(page + 12 << 12, to: second)
    #expect(plain.read(page + 12 << 12) == second)
    #expect(rig.memory.checkStructureMarks() == nil)
    #expect(rig.translation.checkInvariants() == nil)
  }
}
