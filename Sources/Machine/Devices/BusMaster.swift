import MMU

/// The bus-master registers of one IDE channel (82371SB, "PCI Bus Master IDE"): eight ports behind the function's BMIBA.
struct BusMaster: Sendable {
  private enum Bit {
    static let start: UInt8 = 0x01
    /// To memory, from the drive.
    static let toMemory: UInt8 = 0x08
    static let active: UInt8 = 0x01
    static let error: UInt8 = 0x02
    static let interrupt: UInt8 = 0x04
  }

  private var command: UInt8 = 0
  private var status: UInt8 = 0
  /// Where the table of physical region descriptors lies.
  private var table: UInt32 = 0

  /// A transfer was started, and goes to memory or from it.
  var isStarted: Bool { command & Bit.start != 0 }
  var isToMemory: Bool { command & Bit.toMemory != 0 }

  /// Reads a byte at an offset of its ports.
  func read(_ offset: UInt16) -> UInt8 {
    switch offset {
    case 0: command
    case 2: status
    case 4...7: UInt8(truncatingIfNeeded: table >> UInt32(8 * (offset - 4)))
    default: 0
    }
  }

  /// Writes a byte.
  mutating func write(_ offset: UInt16, _ value: UInt8) {
    switch offset {
    case 0:
      command = value & (Bit.start | Bit.toMemory)
      status = value & Bit.start != 0 ? status | Bit.active : status & ~Bit.active
    case 2: status = status & ~(value & (Bit.error | Bit.interrupt)) & ~0x60 | value & 0x60
    case 4...7:
      let shift = UInt32(8 * (offset - 4))
      table = (table & ~(0xFF << shift) | UInt32(value) << shift) & ~3
    default: break
    }
  }

  /// The drive has interrupted.
  mutating func interrupted() { status |= Bit.interrupt }

  /// Regions of memory for so many bytes, as the table says; nil, and an error, where one is not RAM.
  ///
  /// - Parameter wanted: bytes that the drive transfers. When the table ends with them, the transfer is complete and not
  ///   active any more; when it has room for more, it stays active.
  mutating func regions(_ wanted: Int, _ memory: PhysicalMemory) -> [(address: UInt64, count: Int)]? {
    var regions: [(address: UInt64, count: Int)] = []
    var left = wanted
    var place = UInt64(table)
    // A table does not cross 64 KiB.
    for _ in 0..<8192 {
      guard memory.isRAM(PhysicalAddress(place), bytes: 8) else { return fail() }
      let address = UInt64(memory.read(PhysicalAddress(place), as: UInt32.self) & ~1)
      let control = memory.read(PhysicalAddress(place + 4), as: UInt32.self)
      let size = Int(control & 0xFFFE)
      let room = size == 0 ? 0x1_0000 : size
      let count = min(left, room)
      guard memory.isRAM(PhysicalAddress(address), bytes: UInt64(count)) else { return fail() }
      regions.append((address, count))
      left -= count
      let isLast = control >> 31 != 0
      if left == 0 {
        if isLast && count == room { status &= ~Bit.active }
        return regions
      }
      if isLast {
        // The table is too short for the transfer.
        status &= ~Bit.active
        return regions
      }
      place += 8
    }
    return fail()
  }

  private mutating func fail() -> [(address: UInt64, count: Int)]? {
    status = status & ~Bit.active | Bit.error
    return nil
  }

  /// Adds all that a guest can see.
  func hash(into hasher: inout StateHasher) {
    hasher.add(UInt64(command) | UInt64(status) << 8 | UInt64(table) << 16)
  }
}
