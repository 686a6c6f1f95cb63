import MMU

/// The two IDE channels of PIIX3 at their ISA addresses, with up to two drives each and a bus master.
struct IDEController: Sendable {
  private struct Channel: Sendable {
    var drives: [IDEDrive?] = [nil, nil]
    var selected = 0
    var control: UInt8 = 0
    var master = BusMaster()

    /// INTRQ, unless nIEN masks it.
    var line: Bool { control & 2 == 0 && drives[selected]?.interrupt == true }
  }

  private var channels = [Channel(), Channel()]

  /// Disks at places 0-3, primary master first; nil where there is none.
  init(_ drives: [IDEDrive?]) {
    for (place, drive) in drives.prefix(4).enumerated() { channels[place >> 1].drives[place & 1] = drive }
  }

  /// Whether a port is one of its: 1F0h-1F7h and 3F6h, 170h-177h and 376h.
  static func owns(_ port: UInt16) -> Bool { port & ~0x87 == 0x170 || port | 0x80 == 0x3F6 }

  /// IRQ 14 and 15 at their bits.
  var lines: UInt32 { (channels[0].line ? 1 << 14 : 0) | (channels[1].line ? 1 << 15 : 0) }

  /// What the drives hold.
  var disks: [Disk] { channels.flatMap { $0.drives.compactMap { $0?.disk } } }

  private static func channel(_ port: UInt16) -> Int { port & 0x80 != 0 ? 0 : 1 }

  mutating func reset() {
    for channel in channels.indices {
      channels[channel].selected = 0
      channels[channel].control = 0
      channels[channel].master = BusMaster()
      for drive in 0..<2 { channels[channel].drives[drive]?.reset() }
    }
  }

  /// Reads one of the sixteen bus-master ports, eight for a channel.
  func readMaster(_ offset: UInt16) -> UInt8 { channels[Int(offset >> 3 & 1)].master.read(offset & 7) }

  /// Writes one; a transfer that it starts is done at once.
  mutating func writeMaster(_ offset: UInt16, _ value: UInt8, _ memory: PhysicalMemory) {
    channels[Int(offset >> 3 & 1)].master.write(offset & 7, value)
    transfer(Int(offset >> 3 & 1), memory)
  }

  /// Lets the bus master and the drive do what both are ready for.
  private mutating func transfer(_ number: Int, _ memory: PhysicalMemory) {
    let selected = channels[number].selected
    guard channels[number].master.isStarted, let drive = channels[number].drives[selected] else { return }
    guard drive.transfer == (channels[number].master.isToMemory ? .toMemory : .fromMemory) else { return }
    guard let regions = channels[number].master.regions(drive.buffer.count - drive.position, memory) else { return }
    var place = drive.position
    for (address, count) in regions {
      if drive.transfer == .toMemory {
        drive.buffer[place..<place + count].withUnsafeBytes { memory.write(PhysicalAddress(address), $0) }
      } else {
        channels[number].drives[selected]?.buffer.withUnsafeMutableBytes {
          let target = UnsafeMutableRawBufferPointer(rebasing: $0[place..<place + count])
          memory.read(PhysicalAddress(address), into: target)
        }
      }
      place += count
    }
    channels[number].drives[selected]?.transferred(place - drive.position)
    if channels[number].drives[selected]?.interrupt == true { channels[number].master.interrupted() }
  }

  mutating func read(_ port: UInt16, size: Int) -> UInt32 {
    let number = Self.channel(port)
    let selected = channels[number].selected
    // Most reads are of data: without a copy of the drive.
    if port & 0x207 == 0, let data = channels[number].drives[selected]?.readData(size) { return data }
    // Master answers for a slave that is not there; without either, the bus floats.
    guard let drive = channels[number].drives[selected] else {
      return channels[number].drives[0] == nil ? 0xFF : 0
    }
    if port & 0x200 != 0 { return UInt32(drive.status) }
    let isPrevious = channels[number].control & 0x80 != 0
    switch port & 7 {
    case 1: return UInt32(drive.error)
    case let index where index <= 5: return UInt32((isPrevious ? drive.previous : drive.taskFile)[Int(index) - 2])
    case 6: return UInt32(drive.device | 0xA0)
    default:
      channels[number].drives[selected]?.interrupt = false
      return UInt32(drive.status)
    }
  }

  mutating func write(_ port: UInt16, _ value: UInt32, size: Int, memory: PhysicalMemory) {
    let number = Self.channel(port)
    let wasInterrupting = channels[number].drives[channels[number].selected]?.interrupt == true
    defer {
      if !wasInterrupting, channels[number].drives[channels[number].selected]?.interrupt == true {
        channels[number].master.interrupted()
      }
      transfer(number, memory)
    }
    let byte = UInt8(truncatingIfNeeded: value)
    if port & 0x200 != 0 {
      if channels[number].control & ~byte & 4 != 0 {
        for drive in 0..<2 { channels[number].drives[drive]?.reset() }
        channels[number].selected = 0
      }
      channels[number].control = byte & 0x86
      return
    }
    let selected = channels[number].selected
    if port & 7 == 0 {
      channels[number].drives[selected]?.writeData(value, size)
      return
    }
    channels[number].control &= 0x7F
    if port & 7 == 7 {
      channels[number].drives[selected]?.command(byte)
      return
    }
    // Both drives hear what is written to the task file.
    for index in 0..<2 {
      switch port & 7 {
      case 1: channels[number].drives[index]?.features = byte
      case 6: channels[number].drives[index]?.device = byte
      default:
        let register = Int(port & 7) - 2
        guard let old = channels[number].drives[index]?.taskFile[register] else { continue }
        channels[number].drives[index]?.previous[register] = old
        channels[number].drives[index]?.taskFile[register] = byte
      }
    }
    if port & 7 == 6 { channels[number].selected = Int(byte >> 4 & 1) }
  }

  /// Adds all that a guest can see.
  func hash(into hasher: inout StateHasher) {
    for channel in channels {
      hasher.add(UInt64(channel.selected) | UInt64(channel.control) << 8)
      channel.master.hash(into: &hasher)
      for drive in channel.drives {
        hasher.add(drive != nil)
        drive?.hash(into: &hasher)
      }
    }
  }
}
