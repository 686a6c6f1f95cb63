import MMU

/// A drive on an IDE channel: its task file, its commands and its data (ATA/ATAPI-4). Data go through the data register (PIO) or by
/// the controller's bus master (DMA); a command is done at once.
struct IDEDrive: Sendable {
  /// Bits of the status register.
  enum Status {
    static let error: UInt8 = 0x01
    static let dataRequest: UInt8 = 0x08
    static let seekComplete: UInt8 = 0x10
    static let ready: UInt8 = 0x40
  }

  /// What the bytes at the data register are.
  enum Transfer: UInt8, Sendable { case none, toHost, fromHost, packet, toMemory, fromMemory }

  var disk: Disk
  let isCDROM: Bool
  var features: UInt8 = 0
  /// Sector count, LBA low, mid and high as last written, and as written before that ("48-bit Address feature set").
  var taskFile: [UInt8] = [1, 1, 0, 0]
  var previous: [UInt8] = [0, 0, 0, 0]
  var device: UInt8 = 0
  var status: UInt8
  var error: UInt8 = 1
  var interrupt = false
  var transfer = Transfer.none
  var buffer: [UInt8] = []
  var position = 0
  /// Where the block under transfer ends.
  var blockEnd = 0
  var target: UInt64 = 0
  var multiple = 16
  var block = 512
  /// Sense key and additional sense code of the last packet.
  var sense: (key: UInt8, code: UInt8) = (0, 0)

  init(_ disk: Disk, isCDROM: Bool) {
    self.disk = disk
    self.isCDROM = isCDROM
    status = 0
    reset()
  }

  /// "Software reset": the signature tells what it is.
  mutating func reset() {
    taskFile = isCDROM ? [1, 1, 0x14, 0xEB] : [1, 1, 0, 0]
    error = 1
    device = 0
    status = isCDROM ? 0 : Status.ready | Status.seekComplete
    transfer = .none
    interrupt = false
  }

  /// The next bytes of the data register.
  mutating func readData(_ size: Int) -> UInt32 {
    guard transfer == .toHost else { return 0 }
    var value: UInt32 = 0
    for index in 0..<size where position < buffer.count && position < blockEnd {
      value |= UInt32(buffer[position]) << UInt32(8 * index)
      position += 1
    }
    if position >= blockEnd { nextBlock() }
    return value
  }

  mutating func writeData(_ value: UInt32, _ size: Int) {
    guard transfer == .fromHost || transfer == .packet else { return }
    for index in 0..<size where position < buffer.count {
      buffer[position] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
      position += 1
    }
    guard position >= blockEnd else { return }
    if transfer == .packet { return packet() }
    for start in stride(from: blockEnd - block, to: blockEnd, by: 512) where start >= 0 {
      disk.write(sector: target, Array(buffer[start..<min(start + 512, buffer.count)]))
      target &+= 1
    }
    nextBlock()
    if transfer == .none { interrupt = true }
  }

  /// Goes on to the next block of a transfer, or ends it.
  mutating func nextBlock() {
    guard position < buffer.count else {
      transfer = .none
      status = Status.ready | Status.seekComplete
      if isCDROM {
        taskFile[0] = 3
        interrupt = true
      }
      return
    }
    block = min(block, buffer.count - position)
    blockEnd = position + block
    if isCDROM {
      taskFile[2] = UInt8(truncatingIfNeeded: block)
      taskFile[3] = UInt8(truncatingIfNeeded: block >> 8)
      taskFile[0] = 2
    }
    interrupt = true
  }

  /// Bytes for the host, in blocks of a size.
  mutating func send(_ bytes: [UInt8], blocks: Int) {
    buffer = bytes
    position = 0
    transfer = .toHost
    block = max(blocks, 2)
    status = Status.ready | Status.seekComplete | Status.dataRequest
    error = 0
    nextBlock()
  }

  /// Bytes for the bus master, which ends the command.
  mutating func offer(_ bytes: [UInt8], _ direction: Transfer) {
    buffer = bytes
    position = 0
    transfer = direction
    status = Status.ready | Status.seekComplete | Status.dataRequest
    error = 0
  }

  /// The bus master has transferred so many bytes; the last ones end the command.
  mutating func transferred(_ count: Int) {
    position = min(position + count, buffer.count)
    guard position == buffer.count else { return }
    if transfer == .fromMemory {
      for start in stride(from: 0, to: buffer.count, by: 512) {
        disk.write(sector: target, Array(buffer[start..<min(start + 512, buffer.count)]))
        target &+= 1
      }
    }
    transfer = .none
    if isCDROM { taskFile[0] = 3 }
    done()
  }

  private mutating func done() {
    status = Status.ready | Status.seekComplete
    error = 0
    interrupt = true
  }

  mutating func abort(_ code: UInt8 = 0x04) {
    transfer = .none
    status = Status.ready | Status.seekComplete | Status.error
    error = code
    interrupt = true
  }

  /// A write to the command register.
  mutating func command(_ value: UInt8) {
    interrupt = false
    transfer = .none
    switch value {
    case 0xEC where !isCDROM, 0xA1 where isCDROM: send(identity, blocks: 512)
    case 0xEC:
      reset()
      abort()
    case 0x08 where isCDROM: reset()
    case 0xA0 where isCDROM:
      buffer = [UInt8](repeating: 0, count: 12)
      position = 0
      blockEnd = 12
      transfer = .packet
      taskFile[0] = 1
      status = Status.ready | Status.dataRequest
    case 0x90:
      reset()
      interrupt = true
    case 0xEF, 0xE0...0xE3, 0xE7, 0xEA: done()
    case _ where isCDROM: abort()
    case 0x20, 0x21, 0xC4: read(wide: false, blocks: value == 0xC4 ? multiple : 1)
    case 0x24, 0x29: read(wide: true, blocks: value == 0x29 ? multiple : 1)
    case 0x30, 0x31, 0xC5: write(wide: false, blocks: value == 0xC5 ? multiple : 1)
    case 0x34, 0x39: write(wide: true, blocks: value == 0x39 ? multiple : 1)
    case 0xC8, 0xC9, 0x25:
      guard let range = range(wide: value == 0x25) else { return abort(0x10) }
      offer(disk.read(range.first * 512, count: range.count * 512), .toMemory)
    case 0xCA, 0xCB, 0x35:
      guard let range = range(wide: value == 0x35) else { return abort(0x10) }
      target = range.first
      offer([UInt8](repeating: 0, count: range.count * 512), .fromMemory)
    case 0x40, 0x41, 0x42: range(wide: value == 0x42) == nil ? abort(0x10) : done()
    case 0xC6:
      guard (1...16).contains(taskFile[0]), taskFile[0].nonzeroBitCount == 1 else { return abort() }
      multiple = Int(taskFile[0])
      done()
    case 0x10...0x1F, 0x70, 0x91, 0xE5: done()
    default: abort()
    }
  }

  /// First sector and count of a command, if they lie in the disk.
  private func range(wide: Bool) -> (first: UInt64, count: Int)? {
    var first: UInt64
    var count = Int(taskFile[0])
    if wide {
      count |= Int(previous[0]) << 8
      if count == 0 { count = 65_536 }
      first = 0
      for index in (1...3).reversed() { first = first << 8 | UInt64(previous[index]) }
      for index in (1...3).reversed() { first = first << 8 | UInt64(taskFile[index]) }
    } else {
      if count == 0 { count = 256 }
      let cylinder = UInt64(taskFile[3]) << 8 | UInt64(taskFile[2])
      if device & 0x40 != 0 {
        first = UInt64(device & 15) << 24 | cylinder << 8 | UInt64(taskFile[1])
      } else {
        first = (cylinder * 16 + UInt64(device & 15)) * 63 &+ UInt64(taskFile[1]) &- 1
      }
    }
    guard first < disk.sectors, UInt64(count) <= disk.sectors - first else { return nil }
    return (first, count)
  }

  private mutating func read(wide: Bool, blocks: Int) {
    guard let range = range(wide: wide) else { return abort(0x10) }
    send(disk.read(range.first * 512, count: range.count * 512), blocks: blocks * 512)
  }

  private mutating func write(wide: Bool, blocks: Int) {
    guard let range = range(wide: wide) else { return abort(0x10) }
    buffer = [UInt8](repeating: 0, count: range.count * 512)
    position = 0
    target = range.first
    transfer = .fromHost
    block = min(blocks * 512, buffer.count)
    blockEnd = block
    status = Status.ready | Status.seekComplete | Status.dataRequest
    error = 0
  }

  /// "IDENTIFY DEVICE" and "IDENTIFY PACKET DEVICE".
  private var identity: [UInt8] {
    var words = [UInt16](repeating: 0, count: 256)
    func text(_ text: String, _ first: Int, _ count: Int) {
      let bytes =
        Array(text.utf8.prefix(count * 2)) + [UInt8](repeating: 0x20, count: max(0, count * 2 - text.utf8.count))
      for index in 0..<count { words[first + index] = UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1]) }
    }
    words[0] = isCDROM ? 0x85C0 : 0x0040
    text("SD00001", 10, 10)
    text("1.0", 23, 4)
    text(isCDROM ? "SHOOTDOWN CD-ROM" : "SHOOTDOWN DISK", 27, 20)
    // LBA and DMA; multiword DMA modes 0-2, Ultra DMA modes 0-2, of which software may select any.
    words[49] = 0x0300
    (words[53], words[63], words[88]) = (6, 0x0007, 0x0007)
    words[80] = isCDROM ? 0x001E : 0x00FE
    guard !isCDROM else { return bytes(words) }
    let cylinders = UInt16(clamping: max(1, min(disk.sectors / 1008, 16_383)))
    (words[1], words[3], words[6]) = (cylinders, 16, 63)
    // Bytes of a track and of a sector, retired since ATA-2: Bochs' firmware transfers sectors of that size.
    (words[4], words[5]) = (63 * 512, 512)
    words[47] = 0x8010
    words[53] = 7
    (words[54], words[55], words[56]) = (cylinders, 16, 63)
    let addressed = UInt32(cylinders) * 1008
    (words[57], words[58]) = (UInt16(truncatingIfNeeded: addressed), UInt16(truncatingIfNeeded: addressed >> 16))
    words[59] = 0x100 | UInt16(multiple)
    let low = UInt32(min(disk.sectors, 0x0FFF_FFFF))
    (words[60], words[61]) = (UInt16(truncatingIfNeeded: low), UInt16(truncatingIfNeeded: low >> 16))
    (words[83], words[86]) = (0x7400, 0x3400)
    for index in 0..<4 { words[100 + index] = UInt16(truncatingIfNeeded: disk.sectors >> UInt64(16 * index)) }
    return bytes(words)
  }

  private func bytes(_ words: [UInt16]) -> [UInt8] {
    words.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
  }

  /// Adds all that a guest can see.
  func hash(into hasher: inout StateHasher) {
    disk.hash(into: &hasher)
    for bytes in [
      taskFile, previous, [features, device, status, error, transfer.rawValue, sense.key, sense.code], buffer,
    ] {
      bytes.withUnsafeBytes { hasher.add($0) }
    }
    hasher.add(interrupt)
    for value in [position, blockEnd, multiple, block] { hasher.add(UInt64(value)) }
    hasher.add(target)
  }
}
