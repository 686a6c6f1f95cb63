import MMU

/// The test device of kvm-unit-tests, as QEMU's `pc-testdev` has it.
///
/// | port | what |
/// |---|---|
/// | E0h-E3h | 32 bits that keep what is written, at any size |
/// | E4h | asks a host with a page cache of its own to drop a page; nothing here |
/// | E8h-EBh | the same 32 bits, byte by byte |
/// | 2000h-2017h | the level of interrupt line 0-23 |
package struct TestDevice: Sendable {
  /// Where its 64 KiB of memory lie.
  package static let memoryBase: UInt64 = 0xFF00_0000
  /// Bytes of its memory.
  package static let memorySize: UInt64 = 0x1_0000

  private var data: UInt32 = 0
  /// The level of each interrupt line.
  package private(set) var lines: UInt32 = 0

  /// All zeros.
  package init() {}

  /// Whether a port is one of its.
  package static func owns(_ port: UInt16) -> Bool {
    (0xE0...0xE4).contains(port) || (0xE8...0xEB).contains(port) || (0x2000...0x2017).contains(port)
  }

  /// Reads a port.
  package func read(_ port: UInt16, at cycle: UInt64) -> UInt8 {
    switch port {
    case 0xE0...0xE3, 0xE8...0xEB: UInt8(truncatingIfNeeded: data >> (8 * UInt32(port & 3)))
    default: 0xFF
    }
  }

  /// Writes a port; gives the interrupt line it sets, its level in `lines`.
  package mutating func write(_ port: UInt16, _ value: UInt8, at cycle: UInt64) -> Int? {
    switch port {
    case 0xE0...0xE3, 0xE8...0xEB:
      let shift = 8 * UInt32(port & 3)
      data = data & ~(0xFF << shift) | UInt32(value) << shift
      return nil
    case 0x2000...0x2017:
      let bit: UInt32 = 1 << UInt32(port & 31)
      lines = value != 0 ? lines | bit : lines & ~bit
      return Int(port & 31)
    default: return nil
    }
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) { hasher.add(UInt64(data) | UInt64(lines) << 32) }
}
