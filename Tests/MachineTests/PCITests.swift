import MMU
import Machine
import Testing

/// PCI Local Bus Specification 2.1, "Configuration mechanism #1".
@Suite struct PCITests {
  private func address(_ device: UInt32, _ function: UInt32, _ offset: UInt32, bus: UInt32 = 0) -> UInt32 {
    0x8000_0000 | bus << 16 | device << 11 | function << 8 | offset
  }

  private func read(_ pci: inout PCIConfiguration, _ address: UInt32, size: Int = 4) -> UInt32 {
    pci.write(0xCF8, size: 4, address & ~3, at: 0)
    return pci.read(0xCFC + UInt16(address & 3), size: size, at: 0)
  }

  private func write(_ pci: inout PCIConfiguration, _ address: UInt32, _ value: UInt32, size: Int = 4) {
    pci.write(0xCF8, size: 4, address & ~3, at: 0)
    pci.write(0xCFC + UInt16(address & 3), size: size, value, at: 0)
  }

  @Test func identifiesTheBoard() {
    var pci = PCIConfiguration()
    #expect(read(&pci, address(0, 0, 0)) == 0x1237_8086)
    #expect(read(&pci, address(0, 0, 8)) >> 8 == 0x06_0000)
    #expect(read(&pci, address(1, 0, 0)) == 0x7000_8086)
    #expect(read(&pci, address(1, 0, 8)) >> 8 == 0x06_0100)
    #expect(read(&pci, address(1, 0, 0x0E), size: 1) == 0x80)
    #expect(read(&pci, address(1, 0, 2), size: 2) == 0x7000)
  }

  @Test func absentFunctionsReadAllOnes() {
    var pci = PCIConfiguration()
    var answers = 0
    for device: UInt32 in 0..<32 {
      for function: UInt32 in 0..<8 {
        if read(&pci, address(device, function, 0)) != .max { answers += 1 }
        #expect(read(&pci, address(device, function, 0, bus: 1)) == .max)
      }
    }
    #expect(answers == 2)
    pci.write(0xCF8, size: 4, 0, at: 0)
    #expect(pci.read(0xCFC, size: 4, at: 0) == .max)
  }

  @Test func theAddressRegisterIs32Bits() {
    var pci = PCIConfiguration()
    pci.write(0xCF8, size: 4, .max, at: 0)
    #expect(pci.read(0xCF8, size: 4, at: 0) == 0x80FF_FFFC)
    pci.write(0xCF8, size: 2, 0, at: 0)
    #expect(pci.read(0xCF8, size: 4, at: 0) == 0x80FF_FFFC)
    #expect(!PCIConfiguration.owns(0xCF9, size: 1))
    #expect(PCIConfiguration.owns(0xCFD, size: 1))
  }

  @Test func onlyWritableBitsChange() {
    var pci = PCIConfiguration()
    for device: UInt32 in [0, 1] {
      let identity = read(&pci, address(device, 0, 0))
      let kind = read(&pci, address(device, 0, 8))
      for offset: UInt32 in stride(from: 0, to: 256, by: 4) { write(&pci, address(device, 0, offset), .max) }
      #expect(read(&pci, address(device, 0, 0)) == identity)
      #expect(read(&pci, address(device, 0, 8)) == kind)
      // No base address register is there.
      for offset: UInt32 in stride(from: 0x10, to: 0x28, by: 4) { #expect(read(&pci, address(device, 0, offset)) == 0) }
    }
    #expect(read(&pci, address(0, 0, 0x58)) == 0x3333_30FF)
    #expect(read(&pci, address(1, 0, 0x60)) == 0x8F8F_8F8F)
    write(&pci, address(1, 0, 0x61), 0x0B, size: 1)
    #expect(read(&pci, address(1, 0, 0x60)) == 0x8F8F_0B8F)
    #expect(pci[device: 1, function: 0]?.registers[0x61] == 0x0B)
  }

  @Test func statusBitsAreClearedByOnes() {
    var pci = PCIConfiguration()
    pci[device: 1, function: 0]?.registers[0x07] = 0x7A
    write(&pci, address(1, 0, 0x06), 0x0000, size: 2)
    #expect(read(&pci, address(1, 0, 0x07), size: 1) == 0x7A)
    write(&pci, address(1, 0, 0x06), 0x1800, size: 2)
    #expect(read(&pci, address(1, 0, 0x07), size: 1) == 0x62)
  }
}

/// "QEMU Firmware Configuration (fw_cfg) Device".
@Suite struct FirmwareConfigurationTests {
  private func device(_ files: [String: [UInt8]] = [:]) -> FirmwareConfiguration {
    FirmwareConfiguration(processors: 3, memory: MemoryMap(size: 768 << 20), files: files)
  }

  private func read(_ device: inout FirmwareConfiguration, _ key: UInt16, _ count: Int) throws -> [UInt8] {
    device.write(0x510, size: 2, UInt32(key), memory: try PhysicalMemory(size: 4096), at: 0)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: device.read(0x511, size: 1, at: 0)) }
  }

  private func little(_ bytes: [UInt8]) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
  private func big(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

  @Test func items() throws {
    var device = device()
    #expect(try read(&device, 0, 6) == Array("QEMU".utf8) + [0, 0])
    #expect(little(try read(&device, 1, 4)) == 3)
    #expect(little(try read(&device, 3, 8)) == 768 << 20)
    #expect(little(try read(&device, 5, 2)) == 3)
    #expect(little(try read(&device, 0xF, 2)) == 3)
    #expect(try read(&device, 0x11, 8) == [UInt8](repeating: 0, count: 8))
    #expect(try read(&device, 0xFFFF, 2) == [0, 0])
  }

  @Test func filesAreFoundByName() throws {
    let files = ["etc/b": [1, 2, 3], "etc/a": [9], String(repeating: "x", count: 80): []] as [String: [UInt8]]
    var device = device(files)
    let directory = try read(&device, 0x19, 4 + 3 * 64)
    #expect(big(directory[0..<4]) == 3)
    var found: [String: [UInt8]] = [:]
    for index in 0..<3 {
      let row = directory[(4 + index * 64)..<(68 + index * 64)]
      let start = row.startIndex
      let name = String(decoding: row[(start + 8)...].prefix { $0 != 0 }, as: UTF8.self)
      let key = UInt16(big(row[(start + 4)..<(start + 6)]))
      found[name] = try read(&device, key, Int(big(row[start..<(start + 4)])))
    }
    #expect(found == ["etc/a": [9], "etc/b": [1, 2, 3], String(repeating: "x", count: 55): []])
  }

  @Test func directMemoryAccess() throws {
    var device = device(["a": Array(1...200)])
    let memory = try PhysicalMemory(size: 1 << 20)
    func request(_ control: UInt32, _ length: UInt32, _ address: UInt64) -> UInt32 {
      memory.write(PhysicalAddress(0x1000), control.byteSwapped)
      memory.write(PhysicalAddress(0x1004), length.byteSwapped)
      memory.write(PhysicalAddress(0x1008), address.byteSwapped)
      device.write(0x514, size: 4, 0, memory: memory, at: 0)
      device.write(0x518, size: 4, UInt32(0x1000).byteSwapped, memory: memory, at: 0)
      return memory.read(PhysicalAddress(0x1000), as: UInt32.self).byteSwapped
    }
    #expect(request(0x20 << 16 | 0x08 | 0x02, 4, 0x2000) == 0)
    #expect(memory.read(PhysicalAddress(0x2000), as: UInt32.self) == 0x0403_0201)
    #expect(request(0x04, 100, 0) == 0)
    #expect(request(0x02, 2, 0x2000) == 0)
    #expect(memory.read(PhysicalAddress(0x2000), as: UInt16.self) == 0x6A69)
    // Behind the end there are zeros.
    memory.write(PhysicalAddress(0x2000), UInt64.max)
    #expect(request(0x04, .max, 0) == 0)
    #expect(request(0x02, 4, 0x2000) == 0)
    #expect(memory.read(PhysicalAddress(0x2000), as: UInt64.self) == 0xFFFF_FFFF_0000_0000)
    // Writes, and what is not RAM, are errors.
    #expect(request(0x10, 4, 0x2000) == 1)
    #expect(request(0x02, 4, 0xF_FFFE) == 1)
    #expect(request(0x02, .max, .max) == 1)
    device.write(0x518, size: 4, .max, memory: memory, at: 0)
    #expect(device.read(0x514, size: 4, at: 0) == 0x554D_4551)
  }

  @Test func memoryRanges() {
    let bytes = FirmwareConfiguration.e820(MemoryMap(size: 5 << 30))
    #expect(bytes.count == 40)
    #expect(little(Array(bytes[8..<16])) == 0xC000_0000)
    #expect(little(Array(bytes[20..<28])) == 1 << 32)
    #expect(little(Array(bytes[28..<36])) == 2 << 30)
    #expect(FirmwareConfiguration.e820(MemoryMap(size: 1 << 30)).count == 20)
  }
}
