/// The configuration space of one PCI function: 256 bytes, and which of their bits software may change
/// (PCI Local Bus Specification 2.1, "Configuration Space").
package struct PCIFunction: Sendable {
  /// The registers.
  package var registers = [UInt8](repeating: 0, count: 256)
  /// Bits that a write stores.
  private(set) var writable = [UInt8](repeating: 0, count: 256)
  /// Bits that a write of 1 clears.
  private(set) var clearable = [UInt8](repeating: 0, count: 256)

  /// A function with a header and nothing to write.
  ///
  /// - Parameter classCode: base class, subclass and programming interface, from the high byte down.
  package init(vendor: UInt16, device: UInt16, classCode: UInt32, revision: UInt8, headerType: UInt8) {
    set(0x00, UInt32(device) << 16 | UInt32(vendor))
    set(0x08, classCode << 8 | UInt32(revision))
    registers[0x0E] = headerType
  }

  private mutating func set(_ offset: Int, _ value: UInt32) {
    for index in 0..<4 { registers[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
  }

  /// Says what software may change: rows of first and last offset, value after reset, and bits that are stored and cleared.
  mutating func define(_ rows: [(offsets: ClosedRange<Int>, value: UInt8, stores: UInt8, clears: UInt8)]) {
    for row in rows {
      for offset in row.offsets where registers.indices.contains(offset) {
        registers[offset] = row.value
        writable[offset] = row.stores
        clearable[offset] = row.clears
      }
    }
  }

  /// Writes one byte as software does.
  package mutating func write(_ offset: Int, _ value: UInt8) {
    guard registers.indices.contains(offset) else { return }
    let stored = registers[offset] & ~writable[offset] | value & writable[offset]
    registers[offset] = stored & ~(value & clearable[offset])
  }

  /// 82441FX PCI and Memory Controller, "PMC": the host bridge.
  package static var hostBridge: PCIFunction {
    var function = PCIFunction(vendor: 0x8086, device: 0x1237, classCode: 0x06_0000, revision: 0x02, headerType: 0)
    function.define([
      // PCICMD: memory access and bus master are always enabled; parity and SERR# enables.
      (0x04...0x04, 0x06, 0x40, 0), (0x05...0x05, 0x00, 0x01, 0),
      // PCISTS.
      (0x06...0x06, 0x00, 0x00, 0), (0x07...0x07, 0x02, 0x00, 0xF9),
      // MLT.
      (0x0D...0x0D, 0x00, 0xF8, 0),
      // PMCCFG, DETURBO, DBC, AXC, DRT.
      (0x50...0x51, 0x00, 0xFF, 0), (0x52...0x54, 0x00, 0xFF, 0), (0x55...0x56, 0x00, 0xFF, 0),
      // DRAMC, DRAMT, PAM0-PAM6.
      (0x57...0x57, 0x01, 0xFF, 0), (0x58...0x58, 0x10, 0xFF, 0), (0x59...0x59, 0x00, 0x30, 0),
      (0x5A...0x5F, 0x00, 0x33, 0),
      // DRB0-DRB7, FDHC.
      (0x60...0x67, 0x01, 0xFF, 0), (0x68...0x68, 0x00, 0xC0, 0),
      // MTT, CLT, SMRAM.
      (0x70...0x70, 0x00, 0xF8, 0), (0x71...0x71, 0x10, 0xFF, 0), (0x72...0x72, 0x02, 0x78, 0),
      // ERRCMD, ERRSTS.
      (0x90...0x90, 0x00, 0xFF, 0), (0x91...0x91, 0x00, 0x00, 0x11), (0x93...0x93, 0x00, 0x0E, 0),
    ])
    return function
  }

  /// 82371SB PCI-to-ISA bridge, function 0 of PIIX3.
  package static var isaBridge: PCIFunction {
    var function = PCIFunction(vendor: 0x8086, device: 0x7000, classCode: 0x06_0100, revision: 0x00, headerType: 0x80)
    function.define([
      // PCICMD: I/O, memory and bus master are always enabled; special cycles, SERR#.
      (0x04...0x04, 0x07, 0x08, 0), (0x05...0x05, 0x00, 0x01, 0),
      // PCISTS.
      (0x06...0x06, 0x00, 0x00, 0), (0x07...0x07, 0x02, 0x00, 0x78),
      // IORT, XBCS.
      (0x4C...0x4C, 0x4D, 0xFF, 0), (0x4E...0x4E, 0x03, 0xFF, 0), (0x4F...0x4F, 0x00, 0x01, 0),
      // PIRQRCA-PIRQRCD.
      (0x60...0x63, 0x80, 0x8F, 0),
      // TOM, MSTAT.
      (0x69...0x69, 0x02, 0xFE, 0), (0x6A...0x6A, 0x00, 0x00, 0), (0x6B...0x6B, 0x00, 0x00, 0x80),
      // MBIRQ0, MBDMA0, MBDMA1, PCSC, APICBASE.
      (0x70...0x70, 0x80, 0xEF, 0), (0x76...0x77, 0x0C, 0x8F, 0), (0x78...0x78, 0x02, 0xFC, 0),
      (0x79...0x79, 0x00, 0xFF, 0), (0x80...0x80, 0x00, 0x7F, 0),
      // DLC, SMICNTL, SMIEN, SEE, FTMR, SMIREQ, CTLTMR, CTHTMR.
      (0x82...0x82, 0x00, 0x0F, 0), (0xA0...0xA0, 0x08, 0x1D, 0), (0xA2...0xA3, 0x00, 0xFF, 0),
      (0xA4...0xA7, 0x00, 0xFF, 0), (0xA8...0xA8, 0x0F, 0xFF, 0), (0xAA...0xAB, 0x00, 0xFF, 0),
      (0xAC...0xAC, 0x00, 0xFF, 0), (0xAE...0xAE, 0x00, 0xFF, 0),
    ])
    return function
  }
}
