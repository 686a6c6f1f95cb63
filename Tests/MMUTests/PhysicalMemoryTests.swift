import MMU
import Testing

/// Physical memory: RAM from address 0, all ones elsewhere (`PhysicalMemory`).
@Suite struct PhysicalMemoryTests {
  private let size: UInt64 = 0x4000

  private func memory() throws -> PhysicalMemory { try PhysicalMemory(size: size) }

  private func write(_ memory: PhysicalMemory, _ address: UInt64, _ bytes: [UInt8]) {
    bytes.withUnsafeBytes { memory.write(PhysicalAddress(address), $0) }
  }

  private func read(_ memory: PhysicalMemory, _ address: UInt64, count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0x5A, count: count)
    bytes.withUnsafeMutableBytes { memory.read(PhysicalAddress(address), into: $0) }
    return bytes
  }

  /// `PhysicalMemory.init`: RAM is zero, and a multiple of 4 KiB; the rest of the size is dropped.
  @Test func ramIsZeroAndWholePages() throws {
    let memory = try PhysicalMemory(size: 0x4FFF)
    #expect(memory.size == size)
    #expect(read(memory, 0, count: Int(size)).allSatisfy { $0 == 0 })
    #expect(memory.isRAM(PhysicalAddress(size - 1), bytes: 1))
    #expect(!memory.isRAM(PhysicalAddress(size - 1), bytes: 2))
    #expect(!memory.isRAM(PhysicalAddress(size), bytes: 1))
    #expect(!memory.isRAM(PhysicalAddress(.max), bytes: 8))
    #expect(!memory.isRAM(PhysicalAddress(1), bytes: .max))
  }

  /// `PhysicalMemory.Failure`: a size that cannot be had is an error, with the size in it.
  @Test(arguments: [0, 0xFFF, .max] as [UInt64])
  func sizesThatCannotBeHad(_ size: UInt64) throws {
    let failure = #expect(throws: PhysicalMemory.Failure.self) { try PhysicalMemory(size: size) }
    #expect(try #require(failure).size == size)
  }

  /// SDM Vol. 1, "Bytes, Words, Doublewords and Quadwords": the low byte lies at the low address, at any alignment.
  @Test func valuesAreLittleEndian() throws {
    let memory = try memory()
    memory.write(PhysicalAddress(0xFFD), 0x8877_6655_4433_2211 as UInt64)
    #expect(read(memory, 0xFFC, count: 10) == [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0])
    #expect(memory.read(PhysicalAddress(0xFFE), as: UInt8.self) == 0x22)
    #expect(memory.read(PhysicalAddress(0xFFF), as: UInt16.self) == 0x4433)
    #expect(memory.read(PhysicalAddress(0xFFF), as: UInt32.self) == 0x6655_4433)
    memory.write(PhysicalAddress(0xFFF), 0xBBAA as UInt16)
    #expect(memory.read(PhysicalAddress(0xFFD), as: UInt64.self) == 0x8877_6655_BBAA_2211)
  }

  /// `PhysicalMemory`: beyond RAM reads are all ones.
  @Test(arguments: [0x4000, 0x4001, 0x10_0000_0000, .max - 7, .max] as [UInt64])
  func readsBeyondRAMAreAllOnes(_ address: UInt64) throws {
    let memory = try memory()
    #expect(memory.read(PhysicalAddress(address), as: UInt8.self) == .max)
    #expect(memory.read(PhysicalAddress(address), as: UInt64.self) == .max)
    #expect(read(memory, address, count: 5) == [0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
    #expect(read(memory, address, count: 0) == [])
  }

  /// `PhysicalMemory`: beyond RAM writes are lost.
  @Test(arguments: [0x4000, 0x4001, 0x10_0000_0000, .max - 7, .max] as [UInt64])
  func writesBeyondRAMAreLost(_ address: UInt64) throws {
    let memory = try memory()
    memory.write(PhysicalAddress(address), 0x12 as UInt8)
    memory.write(PhysicalAddress(address), 0x12 as UInt64)
    write(memory, address, [1, 2, 3, 4, 5])
    #expect(read(memory, 0, count: Int(size)).allSatisfy { $0 == 0 })
    #expect((0..<4).allSatisfy { !memory.pages[$0].isTouched })
  }

  /// `PhysicalMemory`: of bytes that straddle the end those in RAM are there, the others are not.
  @Test func bytesThatStraddleTheEnd() throws {
    let memory = try memory()
    write(memory, size - 3, [1, 2, 3, 4, 5])
    #expect(read(memory, size - 4, count: 6) == [0, 1, 2, 3, 0xFF, 0xFF])
    #expect(memory.pages[3].isTouched)
    write(memory, size - 1, [9])
    #expect(read(memory, size - 1, count: 1) == [9])
  }

  /// `PhysicalMemory`: the same of values: RAM from address 0, all ones elsewhere, byte by byte.
  @Test func valuesThatStraddleTheEnd() throws {
    let memory = try memory()
    write(memory, size - 4, [1, 2, 3, 4])
    #expect(memory.read(PhysicalAddress(size - 4), as: UInt32.self) == 0x0403_0201)
    #expect(memory.read(PhysicalAddress(size - 4), as: UInt64.self) == 0xFFFF_FFFF_0403_0201)
    memory.write(PhysicalAddress(size - 2), 0xBBBB_AAAA as UInt32)
    #expect(read(memory, size - 4, count: 4) == [1, 2, 0xAA, 0xAA])
  }

  /// `PhysicalMemory.Page.isTouched`: each page that a store reaches, and no other.
  @Test func storesTouchTheirPages() throws {
    let memory = try memory()
    func touched() -> [Bool] { (0..<4).map { memory.pages[$0].isTouched } }
    memory.write(PhysicalAddress(0x1FFF), 1 as UInt8)
    #expect(touched() == [false, true, false, false])
    memory.write(PhysicalAddress(0x1FFF), 1 as UInt16)
    #expect(touched() == [false, true, true, false])
    _ = memory.read(PhysicalAddress(0), as: UInt64.self)
    #expect(touched() == [false, true, true, false])
    memory.stored(PhysicalAddress(0), bytes: 0)
    #expect(touched() == [false, true, true, false])
    memory.stored(PhysicalAddress(0xFFF), bytes: 0x2002)
    #expect(touched() == [true, true, true, true])
  }
}
