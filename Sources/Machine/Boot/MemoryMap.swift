import MMU

/// Where RAM lies, as firmware tells an operating system.
///
/// RAM goes from address 0 up; addresses from C0000000h to 4 GiB belong to PCI devices, the APICs and the ROM, and the rest of
/// RAM lies above them.
package struct MemoryMap: Equatable, Sendable {
  /// What a range is good for, with the numbers of the ACPI specification, "Address Range Types".
  package enum Kind: UInt32, Sendable {
    case ram = 1
    case reserved = 2
  }

  /// A range of addresses.
  package struct Range: Equatable, Sendable {
    /// Its first address.
    package let start: UInt64
    /// Its bytes.
    package let size: UInt64
    /// What it is good for.
    package let kind: Kind
  }

  /// Where RAM ends below 4 GiB.
  package let low: UInt64
  /// Bytes of RAM above 4 GiB.
  package let high: UInt64

  /// The first byte of the extended BIOS data area, and so the end of usable base memory.
  package static let ebda: UInt64 = 0x9_FC00
  private static let firstMegabyte: UInt64 = 1 << 20
  private static let fourGigabytes: UInt64 = 1 << 32

  /// The map of a machine with so many bytes of RAM.
  package init(size: UInt64) {
    low = min(size, PhysicalMemory.holeStart)
    high = size - low
  }

  /// The ranges, in order of their addresses.
  package var ranges: [Range] {
    var ranges = [Range(start: 0, size: min(low, Self.ebda), kind: .ram)]
    func add(_ start: UInt64, _ end: UInt64, _ kind: Kind) {
      if end > start { ranges.append(Range(start: start, size: end - start, kind: kind)) }
    }
    add(Self.ebda, 0xA_0000, .reserved)
    add(0xF_0000, Self.firstMegabyte, .reserved)
    add(Self.firstMegabyte, low, .ram)
    // I/O APIC, local APICs, ROM.
    add(0xFEC0_0000, 0xFEC0_1000, .reserved)
    add(0xFEE0_0000, 0xFEE0_1000, .reserved)
    add(0xFFFC_0000, Self.fourGigabytes, .reserved)
    add(Self.fourGigabytes, Self.fourGigabytes + high, .ram)
    return ranges
  }
}
