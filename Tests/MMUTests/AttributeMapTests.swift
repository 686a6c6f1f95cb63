import EPTTLB
import MMU
import Testing

/// RAM below 1 MiB that a chipset hides or protects (`PhysicalMemory.setAttributes`).
@Suite struct AttributeMapTests {
  private let page: UInt64 = 0xE_8000
  private let romByte: UInt8 = 0x52

  private func rom(_ memory: PhysicalMemory) {
    memory.setROM(
      [UInt8](repeating: romByte, count: 0x1_0000) + [UInt8](repeating: 0x53, count: 0x1_0000), at: 0xFFFE_0000)
  }

  private func attributes(_ range: Range<UInt64>, _ isReadable: Bool, _ isWritable: Bool) -> AttributeMap {
    var map = AttributeMap()
    map.set(range, isReadable: isReadable, isWritable: isWritable)
    return map
  }

  private func byte(_ memory: PhysicalMemory, _ address: UInt64) -> UInt8 {
    memory.read(PhysicalAddress(address), as: UInt8.self)
  }

  @Test("reads are RAM's or the ROM's, writes are kept or lost", arguments: [true, false], [true, false])
  func combinations(isReadable: Bool, isWritable: Bool) throws {
    let memory = try PhysicalMemory(size: 1 << 21)
    rom(memory)
    memory.write(PhysicalAddress(page), 0x11 as UInt8)
    memory.setAttributes(attributes(page..<page + 0x4000, isReadable, isWritable))
    #expect(byte(memory, page) == (isReadable ? 0x11 : romByte))
    #expect(byte(memory, page + 0x3FFF) == (isReadable ? 0 : romByte))
    #expect(byte(memory, page + 0x4000) == 0)
    memory.write(PhysicalAddress(page), 0x22 as UInt8)
    #expect(byte(memory, page) == (isReadable ? (isWritable ? 0x22 : 0x11) : romByte))
    // Half of it lies where nothing is special.
    memory.write(PhysicalAddress(page - 4), 0x3333_3333_3333_3333 as UInt64)
    #expect(byte(memory, page - 1) == 0x33)
    memory.setAttributes(AttributeMap())
    #expect(byte(memory, page) == (isWritable ? 0x33 : 0x11))
    memory.write(PhysicalAddress(page), 0x44 as UInt8)
    #expect(byte(memory, page) == 0x44)
  }

  @Test("the ROM's last 128 KiB are seen from E0000h on, nothing below, and less of a smaller ROM")
  func alias() throws {
    let memory = try PhysicalMemory(size: 1 << 21)
    rom(memory)
    memory.setAttributes(attributes(AttributeMap.range, false, false))
    #expect(
      [0xC_0000, 0xD_FFFF, 0xE_0000, 0xE_FFFF, 0xF_0000, 0xF_FFFF].map { byte(memory, $0) } == [
        0xFF, 0xFF, 0x52, 0x52, 0x53, 0x53,
      ])
    let small = try PhysicalMemory(size: 1 << 21)
    small.setROM([UInt8](repeating: 0x54, count: 0x1_0000), at: 0xFFFF_0000)
    small.setAttributes(attributes(AttributeMap.range, false, false))
    #expect([0xE_0000, 0xE_FFFF, 0xF_0000].map { byte(small, $0) } == [0xFF, 0xFF, 0x54])
  }

  @Test("no processor keeps a host pointer that writes; what they read changes at once")
  func hostPointers() throws {
    let rig = try Rig()
    let other = try Rig(neighbour: rig)
    rom(rig.memory)
    let linear: UInt64 = 0x4000_0000
    rig.map(linear, to: page)
    for rig in [rig, other] {
      #expect(rig.file(linear, isWrite: true))
      #expect(rig.writeHit(linear) == page)
    }
    rig.memory.setAttributes(attributes(page..<page + 0x4000, false, true))
    for rig in [rig, other] {
      #expect(rig.writeHit(linear) == nil)
      #expect(rig.file(linear))
      #expect(rig.readHit(linear) == page)
      #expect(!rig.file(linear, isWrite: true))
      #expect(rig.translation.checkInvariants() == nil)
    }
    #expect(rig.state.readPointer(linear, bytes: 1)?.load(as: UInt8.self) == romByte)
    rig.memory.setAttributes(AttributeMap())
    #expect(rig.state.readPointer(linear, bytes: 1)?.load(as: UInt8.self) == 0)
    #expect(rig.file(linear, isWrite: true))
  }

  @Test("a walk reads tables as everybody does, and its flags are lost where writes are")
  func walk() throws {
    let rig = try Rig()
    let linear: UInt64 = 0x4000_0000
    let table = page
    // The table lies in the area: its entry maps the frame.
    rig.map(linear, to: table, shift: 21)
    rig.memory.write(rig.location(linear, shift: 21), table | Rig.Bit.all)
    rig.memory.write(PhysicalAddress(table), 0x20_0000 | Rig.Bit.all)
    rig.memory.setAttributes(attributes(table..<table + 0x4000, true, false))
    #expect(rig.write(linear) == 0x20_0000)
    #expect(rig.memory.read(PhysicalAddress(table), as: UInt64.self) == 0x20_0000 | Rig.Bit.all)
    // Hidden, the table is no table, and the mapping that came from it is one that memory does not agree with.
    let slot = try #require(rig.physical(linear)?.slot)
    #expect(!rig.translation.cache.isSuspect(slot))
    rig.memory.setAttributes(attributes(table..<table + 0x4000, false, false))
    #expect(rig.translation.cache.isSuspect(slot))
    rig.translation.invalidatePage(linear)
    #expect(rig.fault(linear) != nil)
  }

  @Test("what is hidden goes with images and hashes")
  func images() throws {
    let memory = try PhysicalMemory(size: 1 << 21)
    rom(memory)
    func hash(_ memory: PhysicalMemory) -> String {
      var hasher = StateHasher()
      memory.hash(into: &hasher)
      return hasher.description
    }
    let hiding = attributes(page..<page + 0x4000, false, true)
    memory.setAttributes(hiding)
    memory.write(PhysicalAddress(page), 0x11 as UInt8)
    let image = try memory.image()
    let before = hash(memory)
    memory.write(PhysicalAddress(page), 0x22 as UInt8)
    #expect(hash(memory) != before)
    memory.setAttributes(AttributeMap())
    #expect(byte(memory, page) == 0x22)
    let fork = try PhysicalMemory(image)
    for memory in [fork, memory] {
      if memory === fork {} else { try memory.restore(image) }
      #expect(hash(memory) == before)
      #expect(memory.attributes == hiding)
      #expect(byte(memory, page) == romByte)
      memory.write(PhysicalAddress(page + 1), 0x33 as UInt8)
      memory.setAttributes(AttributeMap())
      #expect([page, page + 1, page + 2].map { byte(memory, $0) } == [0x11, 0x33, 0])
    }
  }

  @Test("RAM that ends inside the area, or before it")
  func smallMemory() throws {
    for size: UInt64 in [0x8000, 0xC_8000] {
      let memory = try PhysicalMemory(size: size)
      memory.setAttributes(attributes(AttributeMap.range, false, false))
      memory.write(PhysicalAddress(size - 4), 1 as UInt64)
      #expect(byte(memory, 0xF_0000) == 0xFF)
    }
  }
}
