import EPTTLB
import Layout
import MMU
import Testing

/// Host pointers: an accelerator that never shows (`Translation.file`, `HostPointers`). Each is backed by a live mapping
/// of its context; what the cache drops, or a mark forbids, is purged.
@Suite struct HostPointerTests {
  private let page: UInt64 = 0x4000_0000
  private let frame: UInt64 = 0x20_0000

  /// `Translation.file`: a pointer to read does not write; one to write reads too.
  @Test func readingIsNotWriting() throws {
    let rig = try Rig()
    rig.map(page, to: frame)
    #expect(rig.readHit(page) == nil)
    #expect(rig.file(page))
    #expect(rig.readHit(page + 0x10, bytes: 8) == frame + 0x10)
    #expect(rig.writeHit(page) == nil)
    #expect(rig.file(page, isWrite: true))
    #expect(rig.readHit(page + 0x10, bytes: 8) == frame + 0x10)
    #expect(rig.writeHit(page + 0xFF8, bytes: 8) == frame + 0xFF8)
    #expect(rig.file(page))
    #expect(rig.writeHit(page) == frame, "reading again takes nothing away")
    #expect(rig.translation.checkInvariants() == nil)
  }

  /// `HostPointers`: an access that crosses a page never hits, though both pages would; what missed is noted.
  @Test func crossingAPageMisses() throws {
    let rig = try Rig()
    for offset in [0, 0x1000] as [UInt64] {
      rig.map(page + offset, to: frame + offset)
      #expect(rig.file(page + offset, isWrite: true))
    }
    for bytes in [2, 4, 8, 16] as [UInt64] {
      #expect(rig.readHit(page + 0x1000 - bytes, bytes: bytes) != nil)
      #expect(rig.readHit(page + 0x1001 - bytes, bytes: bytes) == nil)
      #expect(rig.writeHit(page + 0x1001 - bytes, bytes: bytes) == nil)
      #expect(rig.state.pointee.missAddress == page + 0x1001 - bytes)
      #expect(rig.state.pointee.missSize == UInt32(bytes))
      #expect(rig.state.pointee.missKind == 1)
    }
  }

  /// `HostPointers`: direct-mapped, so that two pages that fall together drive each other out and never mix.
  @Test func pagesThatFallTogether() throws {
    let rig = try Rig()
    let other = page + UInt64(HostPointerCount) << 12
    rig.map(page, to: frame)
    rig.map(other, to: frame + 0x1000)
    rig.file(page, isWrite: true)
    rig.file(other)
    #expect(rig.readHit(page) == nil)
    #expect(rig.writeHit(page) == nil)
    #expect(rig.readHit(other) == frame + 0x1000)
    #expect(rig.writeHit(other) == nil)
  }

  /// Section I, "INVLPG m": the pointer goes with the mapping; of a large page all its pointers go.
  @Test func invlpgTakesThePointers() throws {
    let rig = try Rig()
    rig.map(page, to: frame, shift: 21)
    let offsets: [UInt64] = [0, 0x1000, 0x7F_000, 0x1FF_000]
    for offset in offsets { #expect(rig.file(page + offset, isWrite: true)) }
    rig.map(page + 0x20_0000, to: frame + 0x5000)
    #expect(rig.file(page + 0x20_0000))
    rig.translation.invalidatePage(page + 0x3456)
    for offset in offsets {
      #expect(rig.readHit(page + offset) == nil)
      #expect(rig.writeHit(page + offset) == nil)
    }
    #expect(rig.readHit(page + 0x20_0000) == frame + 0x5000)
    #expect(rig.translation.checkInvariants() == nil)
  }

  /// Section I, "MOV to CR3": few or many at once, every pointer to what is not global goes, and global ones may stay.
  @Test(arguments: [3, 200] as [UInt64])
  func movToCR3TakesThePointers(_ count: UInt64) throws {
    let rig = try Rig()
    for number in 0..<count {
      rig.map(page + number << 12, to: frame + number << 12)
      #expect(rig.file(page + number << 12, isWrite: true))
    }
    rig.translation.rootLoaded(Rig.controls())
    #expect((0..<count).allSatisfy { rig.readHit(page + $0 << 12) == nil && rig.writeHit(page + $0 << 12) == nil })
    #expect(rig.translation.checkInvariants() == nil)
  }

  /// Rule C4: a mapping that the budget drives out takes its pointer along.
  @Test func evictionTakesThePointers() throws {
    let rig = try Rig(budget: 16)
    for number in 0..<64 as Range<UInt64> {
      rig.map(page + number << 12, to: frame + number << 12)
      #expect(rig.file(page + number << 12))
      #expect(rig.translation.checkInvariants() == nil)
    }
    #expect(rig.translation.cache.evictions > 0)
    #expect(rig.readHit(page) == nil)
    #expect(rig.readHit(page + 63 << 12) == frame + 63 << 12)
  }

  /// `Translation.use`: a switch of context hides pointers and drops none; going back finds them again.
  @Test func contextsAreKeptApart() throws {
    let rig = try Rig()
    rig.map(page, to: frame, Rig.Bit.present | Rig.Bit.write)
    #expect(rig.file(page, isWrite: true))
    let readOnly = PagingControls(
      root: 0, writeProtect: false, executeDisable: true, globalPages: true, physicalBits: 40)
    let others = [(Rig.controls(), true), (Rig.controls(root: 0x1000), false), (Rig.controls(pcid: 1), false)]
    for (controls, isUser) in others + [(readOnly, false)] {
      rig.translation.use(controls, isUser: isUser)
      #expect(rig.readHit(page) == nil)
      #expect(rig.writeHit(page) == nil)
    }
    rig.translation.use(Rig.controls(), isUser: false)
    #expect(rig.writeHit(page) == frame)
    #expect(rig.translation.checkInvariants() == nil)
  }

  /// `Translation.use`: context numbers are used again; a pointer of the number's former context must not hit.
  @Test func aRecycledContextIsPurged() throws {
    let rig = try Rig()
    rig.map(page, to: frame)
    let number = rig.state.pointee.context
    #expect(rig.file(page, isWrite: true))
    var isRecycled = false
    for root in 1...5000 as ClosedRange<UInt64> where !isRecycled {
      rig.translation.use(Rig.controls(root: root << 12), isUser: false)
      isRecycled = rig.state.pointee.context == number
    }
    #expect(isRecycled)
    #expect(rig.readHit(page) == nil)
    #expect(rig.writeHit(page) == nil)
    rig.translation.use(Rig.controls(), isUser: false)
    #expect(rig.readHit(page) == nil)
    #expect(rig.translation.checkInvariants() == nil)
  }

  /// `HostPointer`: no context number makes an empty entry look like a filled one, for the topmost page neither.
  @Test func anEmptyEntryNeverHits() throws {
    let rig = try Rig()
    var numbers: [UInt64] = []
    for root in 0..<5000 as Range<UInt64> {
      rig.translation.use(Rig.controls(root: root << 12), isUser: false)
      let number = rig.state.pointee.context
      for linear in [0, page, 0xFFFF_FFFF_FFFF_F000] where numbers.count < 8 {
        if rig.state.readPointer(linear, bytes: 8) != nil || rig.state.writePointer(linear, bytes: 8) != nil {
          numbers.append(number)
        }
      }
    }
    #expect(numbers.isEmpty, "empty entries hit under these context numbers")
  }

  /// Rules C2 and C5: when two mappings serve a page and a write walks again because the one in use is clean, what is used
  /// from then on does not depend on whether a host pointer was filed.
  @Test func aDirtyWalkBesideAnotherMapping() throws {
    var addresses: [[UInt64?]] = []
    for usesHostPointers in [true, false] {
      let rig = try Rig(usesHostPointers: usesHostPointers)
      // The older mapping, of 4 KiB and clean.
      rig.map(page + 0x1000, to: frame + 0x5000)
      #expect(rig.read(page + 0x1000) == frame + 0x5000)
      // The younger one, of 2 MiB and clean too, made for its neighbour.
      rig.map(page, to: frame, shift: 21)
      rig.translation.invalidatePage(page)
      #expect(rig.read(page + 0x2000) == frame + 0x2000)
      // The walk of the write finds a third.
      rig.map(page + 0x1000, to: frame + 0x7000)
      let slot = try #require(rig.physical(page + 0x1000, isWrite: true))
      let filed = rig.translation.file(
        LinearAddress(page + 0x1000), PhysicalAddress(slot.address), slot.slot, isWrite: true)
      #expect(filed == usesHostPointers)
      addresses.append([slot.address, rig.readHit(page + 0x1000) ?? rig.read(page + 0x1000)])
    }
    #expect(addresses.first == addresses.last)
  }

  /// `PhysicalMemory.markCode`: pointers to write the page go on every processor, pointers to read it stay; a marked page
  /// gets none to write, until its marks are taken away.
  @Test func marksTakeThePointersToWrite() throws {
    let rig = try Rig()
    let neighbour = try Rig(neighbour: rig)
    rig.map(page, to: frame)
    rig.map(page + 0x1000, to: frame)
    rig.map(page + 0x2000, to: frame + 0x1000)
    for offset in [0, 0x1000, 0x2000] as [UInt64] {
      #expect(rig.file(page + offset, isWrite: true))
      #expect(neighbour.file(page + offset, isWrite: true))
    }
    rig.memory.markCode(page: frame, granules: 1 << 63)
    for processor in [rig, neighbour] {
      for offset in [0, 0x1000] as [UInt64] {
        #expect(processor.writeHit(page + offset) == nil)
        #expect(processor.readHit(page + offset) == frame)
      }
      #expect(processor.writeHit(page + 0x2000) == frame + 0x1000)
      #expect(!processor.file(page, isWrite: true))
      #expect(processor.file(page))
      #expect(processor.translation.checkInvariants() == nil)
    }
    rig.memory.setCode(page: frame, granules: 0)
    #expect(rig.file(page, isWrite: true))
    rig.memory.markCode(page: frame, granules: 1)
    #expect(rig.writeHit(page) == nil)
  }

  /// `Translation.file`: beyond RAM, and with host pointers switched off, there are none.
  @Test func someAccessesGoTheLongWay() throws {
    let rig = try Rig()
    rig.map(page, to: rig.memory.size)
    #expect(!rig.file(page))
    #expect(rig.readHit(page) == nil)
    let plain = try Rig(usesHostPointers: false)
    plain.map(page, to: frame)
    #expect(!plain.file(page))
    #expect(plain.readHit(page) == nil)
  }

  /// `PhysicalMemory.Page.isTouched`: a page that a pointer may write counts as touched, one that is only read does not.
  @Test func aPointerToWriteTouchesItsPage() throws {
    let rig = try Rig()
    rig.map(page, to: frame)
    rig.file(page)
    #expect(!rig.memory.pages[Int(frame >> 12)].isTouched)
    rig.file(page, isWrite: true)
    #expect(rig.memory.pages[Int(frame >> 12)].isTouched)
  }

  /// `PhysicalMemory`: a processor that is gone is not asked to drop its pointers.
  @Test func aProcessorMayGoAway() throws {
    let rig = try Rig()
    rig.map(page, to: frame)
    do {
      let neighbour = try Rig(neighbour: rig)
      #expect(neighbour.file(page, isWrite: true))
    }
    rig.file(page, isWrite: true)
    rig.memory.markCode(page: frame, granules: 1)
    #expect(rig.writeHit(page) == nil)
  }
}
