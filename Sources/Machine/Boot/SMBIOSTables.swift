/// What SMBIOS says of the machine, as firmware takes it over fw_cfg: the structures, and an entry point whose address and
/// checksums firmware sets (System Management BIOS Reference Specification 2.8). Firmware adds its own BIOS information.
struct SMBIOSTables {
  /// By name.
  let files: [String: [UInt8]]

  init(memory: MemoryMap, processors: Int) {
    var structures = Structures()
    // System Information (Type 1): names, UUID, wake-up by the power switch.
    structures.add(1, handle: 0x100, ["Shootdown", "i440FX PC", "1"]) {
      $0.add(1, 2, 3, 0 as UInt8)
      $0.add(zeros: 16)
      $0.add(6, 0, 0 as UInt8)
    }
    // System Enclosure (Type 3): other; its states are safe.
    structures.add(3, handle: 0x300, ["Shootdown"]) {
      $0.add(1, 1, 0, 0, 0, 3, 3, 3, 2 as UInt8)
      $0.add(zeros: 8)
    }
    for number in 0..<processors {
      // Processor Information (Type 4): a central processor of unknown family, enabled, in a socket of its own.
      structures.add(4, handle: 0x400 &+ UInt16(truncatingIfNeeded: number), ["CPU \(number)", "Shootdown"]) {
        $0.add(1, 3, 2, 2 as UInt8)
        $0.add(zeros: 8)
        $0.add(0, 0 as UInt8)
        $0.add(0, 0, 0 as UInt16)
        // Status, upgrade, caches, texts, cores and threads.
        $0.add(0x41, 1 as UInt8)
        $0.add(0xFFFF, 0xFFFF, 0xFFFF as UInt16)
        $0.add(0, 0, 0, 1, 1, 1 as UInt8)
        $0.add(4, 2 as UInt16)
      }
    }
    let kilobytes = (memory.low + memory.high) >> 10
    // Physical Memory Array (Type 16): system memory on the board, without error correction; one device.
    structures.add(16, handle: 0x1000, []) {
      $0.add(3, 3, 3 as UInt8)
      $0.add(UInt32(min(kilobytes, 0x8000_0000)))
      $0.add(0xFFFE, 1 as UInt16)
      $0.add(UInt64(kilobytes << 10))
    }
    // Memory Device (Type 17): megabytes, or 7FFFh and the extended size.
    let megabytes = kilobytes >> 10
    structures.add(17, handle: 0x1100, ["DIMM 0"]) {
      $0.add(0x1000, 0xFFFE, 64, 64 as UInt16)
      $0.add(UInt16(min(megabytes, 0x7FFF)))
      $0.add(9, 0, 1, 0, 7 as UInt8)
      $0.add(2, 0 as UInt16)
      $0.add(0, 0, 0, 0, 0 as UInt8)
      $0.add(UInt32(truncatingIfNeeded: megabytes))
      $0.add(0 as UInt16)
    }
    // Memory Array Mapped Address (Type 19): below the devices, and above 4 GiB.
    for (number, range) in [(0, memory.low), (1 << 32, memory.high)].enumerated() where range.1 > 0 {
      structures.add(19, handle: 0x1300 &+ UInt16(number), []) {
        $0.add(0xFFFF_FFFF, 0xFFFF_FFFF as UInt32)
        $0.add(0x1000 as UInt16)
        $0.add(1 as UInt8)
        $0.add(UInt64(range.0), UInt64(range.0) + range.1 - 1)
      }
    }
    // System Boot Information (Type 32): no errors. End-of-Table (Type 127).
    structures.add(32, handle: 0x2000, []) { $0.add(zeros: 7) }
    structures.add(127, handle: 0x7F00, []) { _ in }
    files = ["etc/smbios/smbios-tables": structures.bytes.bytes, "etc/smbios/smbios-anchor": structures.entryPoint]
  }

  /// Structures, one behind the other.
  private struct Structures {
    var bytes = TableBytes()
    private var count: UInt16 = 0
    private var largest = 0

    mutating func add(_ type: UInt8, handle: UInt16, _ texts: [String], _ fill: (inout TableBytes) -> Void) {
      var body = TableBytes()
      fill(&body)
      let start = bytes.bytes.count
      bytes.add(type, UInt8(truncatingIfNeeded: body.bytes.count + 4))
      bytes.add(handle)
      bytes.add(body.bytes)
      for text in texts { bytes.add(Array(text.utf8) + [0]) }
      bytes.add(zeros: texts.isEmpty ? 2 : 1)
      count += 1
      largest = max(largest, bytes.bytes.count - start)
    }

    /// "SMBIOS 2.1 (32-bit) Entry Point"; the table's address is firmware's to set.
    var entryPoint: [UInt8] {
      var entry = TableBytes()
      entry.add("_SM_", padded: 4)
      entry.add(0, 0x1F, 2, 8 as UInt8)
      entry.add(UInt16(truncatingIfNeeded: largest))
      entry.add(zeros: 6)
      entry.add("_DMI_", padded: 5)
      entry.add(0 as UInt8)
      entry.add(UInt16(truncatingIfNeeded: bytes.bytes.count))
      entry.add(0 as UInt32)
      entry.add(count)
      entry.add(0x28 as UInt8)
      return entry.bytes
    }
  }
}
