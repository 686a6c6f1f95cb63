import MMU
import Machine
import Testing

/// Direct boot's tables, read as an operating system reads them.
@Suite struct FirmwareTableTests {
  private func memory(processors: Int) throws -> PhysicalMemory {
    let memory = try PhysicalMemory(size: 16 << 20)
    FirmwareTables.place(into: memory, processors: processors)
    return memory
  }

  private func bytes(_ memory: PhysicalMemory, _ address: UInt64, _ count: Int) -> [UInt8] {
    (0..<UInt64(count)).map { memory.read(PhysicalAddress(address + $0), as: UInt8.self) }
  }

  private func word(_ memory: PhysicalMemory, _ address: UInt64) -> UInt64 {
    UInt64(memory.read(PhysicalAddress(address), as: UInt32.self))
  }

  private func find(_ text: String, _ memory: PhysicalMemory, in range: StrideTo<UInt64>) -> UInt64? {
    range.first { bytes(memory, $0, text.utf8.count) == Array(text.utf8) }
  }

  private func sum(_ bytes: [UInt8]) -> UInt8 { bytes.reduce(0, &+) }

  /// The tables that a root table names, by signature; each is checked.
  private func tables(_ memory: PhysicalMemory, root: UInt64, entry: Int) -> [String: UInt64] {
    var found: [String: UInt64] = [:]
    let length = Int(word(memory, root + 4))
    #expect(sum(bytes(memory, root, length)) == 0)
    for offset in stride(from: 36, to: length, by: entry) {
      let address = word(memory, root + UInt64(offset))
      if entry == 8 { #expect(word(memory, root + UInt64(offset) + 4) == 0) }
      #expect(sum(bytes(memory, address, Int(word(memory, address + 4)))) == 0)
      found[String(decoding: bytes(memory, address, 4), as: UTF8.self)] = address
    }
    return found
  }

  @Test func acpi() throws {
    let memory = try memory(processors: 4)
    let root = try #require(find("RSD PTR ", memory, in: stride(from: 0xE_0000, to: 0x10_0000, by: 16)))
    #expect(sum(bytes(memory, root, 20)) == 0)
    #expect(sum(bytes(memory, root, 36)) == 0)
    #expect(bytes(memory, root + 15, 1) == [2])
    let rsdt = word(memory, root + 16)
    let xsdt = word(memory, root + 24)
    #expect(bytes(memory, rsdt, 4) == Array("RSDT".utf8))
    #expect(bytes(memory, xsdt, 4) == Array("XSDT".utf8))
    let found = tables(memory, root: rsdt, entry: 4)
    #expect(tables(memory, root: xsdt, entry: 8) == found)
    #expect(found.keys.sorted() == ["APIC", "FACP"])
    let fadt = try #require(found["FACP"])
    let facs = word(memory, fadt + 36)
    #expect(facs % 64 == 0)
    #expect(bytes(memory, facs, 4) == Array("FACS".utf8))
    let dsdt = word(memory, fadt + 40)
    #expect(bytes(memory, dsdt, 4) == Array("DSDT".utf8))
    #expect(sum(bytes(memory, dsdt, Int(word(memory, dsdt + 4)))) == 0)
    #expect(word(memory, fadt + 140) == dsdt)
    #expect(word(memory, fadt + 120) == 0xCF9)
  }

  @Test(arguments: [1, 2, 64, 255])
  func processors(count: Int) throws {
    let memory = try memory(processors: count)
    let root = try #require(find("RSD PTR ", memory, in: stride(from: 0xE_0000, to: 0x10_0000, by: 16)))
    let madt = try #require(tables(memory, root: word(memory, root + 16), entry: 4)["APIC"])
    #expect(word(memory, madt + 36) == 0xFEE0_0000)
    let end = madt + word(memory, madt + 4)
    var place = madt + 44
    var ids: [UInt8] = []
    var others: [[UInt8]] = []
    while place < end {
      let entry = bytes(memory, place, Int(memory.read(PhysicalAddress(place + 1), as: UInt8.self)))
      if entry[0] == 0 {
        #expect(entry[4] == 1)
        ids.append(entry[3])
      } else {
        others.append(entry)
      }
      place += UInt64(entry.count)
    }
    #expect(place == end)
    #expect(ids.map(Int.init) == Array(0..<count))
    #expect(
      others == [
        [1, 12, 0, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0], [2, 10, 0, 0, 2, 0, 0, 0, 0, 0],
        [2, 10, 0, 5, 5, 0, 0, 0, 0x0D, 0], [2, 10, 0, 10, 10, 0, 0, 0, 0x0D, 0],
        [2, 10, 0, 11, 11, 0, 0, 0, 0x0D, 0], [4, 6, 0xFF, 5, 0, 1],
      ])
  }

  @Test(arguments: [1, 3, 255])
  func multiprocessorTable(count: Int) throws {
    let memory = try memory(processors: count)
    let pointer = try #require(find("_MP_", memory, in: stride(from: 0xF_0000, to: 0x10_0000, by: 16)))
    #expect(sum(bytes(memory, pointer, 16)) == 0)
    let table = word(memory, pointer + 4)
    #expect(bytes(memory, table, 4) == Array("PCMP".utf8))
    let length = Int(word(memory, table + 4) & 0xFFFF)
    #expect(sum(bytes(memory, table, length)) == 0)
    #expect(word(memory, table + 36) == 0xFEE0_0000)
    var place = table + 44
    var kinds = [Int](repeating: 0, count: 5)
    var starters: [UInt8] = []
    var pins: [UInt8: UInt8] = [:]
    for _ in 0..<(word(memory, table + 34) & 0xFFFF) {
      let kind = Int(memory.read(PhysicalAddress(place), as: UInt8.self))
      let entry = bytes(memory, place, kind == 0 ? 20 : 8)
      kinds[kind] += 1
      if kind == 0 && entry[3] & 2 != 0 { starters.append(entry[1]) }
      if kind == 3 { pins[entry[5]] = entry[7] }
      place += UInt64(entry.count)
    }
    #expect(place == table + UInt64(length))
    #expect(kinds == [count, 2, 1, 15, 2])
    #expect(starters == [0])
    #expect(pins[0] == 2 && pins[1] == 1 && pins[15] == 15 && pins[2] == nil)
  }

  @Test func extendedBIOSDataArea() throws {
    let memory = try memory(processors: 1)
    let segment = memory.read(PhysicalAddress(0x40E), as: UInt16.self)
    #expect(segment == 0x9FC0)
    #expect(memory.read(PhysicalAddress(UInt64(segment) << 4), as: UInt8.self) == 1)
    #expect(memory.read(PhysicalAddress(0x413), as: UInt16.self) == 639)
  }
}
