import MMU

/// The tables that firmware would have left, for direct boot: where they lie and how their bytes are put together.
///
/// | address | what |
/// |---|---|
/// | 0h | real-mode interrupt vectors: the timer's handler ends its interrupt, the others return |
/// | 40Eh, 413h | segment of the extended BIOS data area, KiB of base memory |
/// | 9FC00h | the extended BIOS data area: its size in KiB |
/// | F0000h | RSDP, then RSDT, XSDT, FADT, FACS, DSDT, MADT |
/// | F8000h | MP floating pointer structure, then the MP configuration table |
public enum FirmwareTables {
  static let acpiBase: UInt64 = 0xF_0000
  static let mpBase: UInt64 = 0xF_8000
  static let localAPICBase: UInt32 = 0xFEE0_0000

  /// Writes them. Processor 0 starts the machine; APIC IDs are processor numbers, the I/O APIC's ID is 0.
  ///
  /// - Parameters:
  ///   - processors: 1 to 255; more are not listed.
  ///   - signature: leaf 1's EAX of CPUID, for the MP table.
  ///   - features: leaf 1's EDX.
  public static func place(
    into memory: PhysicalMemory, processors: Int, signature: UInt32 = 0x600, features: UInt32 = 0x201
  ) {
    let count = min(max(processors, 1), 255)
    memory.write(PhysicalAddress(0x40E), UInt16(truncatingIfNeeded: MemoryMap.ebda >> 4))
    placeVectors(into: memory)
    memory.write(PhysicalAddress(0x413), UInt16(truncatingIfNeeded: MemoryMap.ebda >> 10))
    memory.write(PhysicalAddress(MemoryMap.ebda), UInt8(truncatingIfNeeded: (0xA_0000 - MemoryMap.ebda) >> 10))
    ACPITables(processors: count, base: acpiBase).bytes.withUnsafeBytes { memory.write(PhysicalAddress(acpiBase), $0) }
    MPTable(processors: count, base: mpBase, signature: signature, features: features).bytes.withUnsafeBytes {
      memory.write(PhysicalAddress(mpBase), $0)
    }
  }
}

extension FirmwareTables {
  /// Where the handlers lie, in segment F000h: they are those of the IBM PC's firmware.
  private static let timer: UInt16 = 0xFEA5
  private static let dummy: UInt16 = 0xFF53

  private static func placeVectors(into memory: PhysicalMemory) {
    for vector in 0..<UInt64(256) {
      memory.write(PhysicalAddress(vector * 4), vector == 8 ? timer : dummy)
      memory.write(PhysicalAddress(vector * 4 + 2), 0xF000 as UInt16)
    }
    // push ax; mov al, 20h; out 20h, al; pop ax; iret
    let handler: [UInt8] = [0x50, 0xB0, 0x20, 0xE6, 0x20, 0x58, 0xCF]
    handler.withUnsafeBytes { memory.write(PhysicalAddress(0xF_0000 + UInt64(timer)), $0) }
    memory.write(PhysicalAddress(0xF_0000 + UInt64(dummy)), 0xCF as UInt8)
  }
}

/// Little-endian bytes of a table, as they are written down.
struct TableBytes {
  private(set) var bytes: [UInt8] = []

  mutating func add<T: FixedWidthInteger>(_ values: T...) {
    for value in values { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
  }

  mutating func add(_ text: String, padded count: Int) {
    let text = Array(text.utf8.prefix(count))
    bytes += text + [UInt8](repeating: 0x20, count: count - text.count)
  }

  mutating func add(zeros count: Int) { bytes += [UInt8](repeating: 0, count: count) }
  mutating func add(_ other: [UInt8]) { bytes += other }

  /// Puts a value at an offset that has been written.
  mutating func set<T: FixedWidthInteger>(_ offset: Int, _ value: T) {
    withUnsafeBytes(of: value.littleEndian) { source in
      for (index, byte) in source.enumerated() where bytes.indices.contains(offset + index) {
        bytes[offset + index] = byte
      }
    }
  }

  /// Makes the first `count` bytes add up to 0 by the byte at an offset.
  mutating func setChecksum(_ offset: Int, over count: Int) {
    set(offset, 0 as UInt8)
    set(offset, 0 &- bytes.prefix(count).reduce(0, &+))
  }
}
