// Packets of a CD-ROM drive (MMC-2; SCSI Primary Commands).

extension IDEDrive {
  /// The packet in the buffer.
  mutating func packet() {
    let packet = buffer
    let limit = Int(taskFile[3]) << 8 | Int(taskFile[2])
    func big(_ offset: Int, _ count: Int) -> UInt64 {
      packet[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
    }
    let sectors = disk.file.size / 2048
    switch packet[0] {
    // TEST UNIT READY, START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL.
    case 0x00, 0x1B, 0x1E: reply([], limit, room: 0)
    // REQUEST SENSE.
    case 0x03:
      let bytes: [UInt8] = [0x70, 0, sense.key, 0, 0, 0, 0, 10, 0, 0, 0, 0, sense.code, 0, 0, 0, 0, 0]
      sense = (0, 0)
      reply(bytes, limit, room: Int(packet[4]))
    // INQUIRY.
    case 0x12:
      let text = Array("SHOOTDN CD-ROM          1.0 ".utf8)
      reply([0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0] + text, limit, room: Int(packet[4]))
    // READ CAPACITY.
    case 0x25:
      let last = UInt32(clamping: max(sectors, 1) - 1)
      reply((0..<4).map { UInt8(truncatingIfNeeded: last >> (24 - 8 * UInt32($0))) } + [0, 0, 8, 0], limit, room: 8)
    // READ (10), READ (12).
    case 0x28, 0xA8:
      let first = big(2, 4)
      let count = packet[0] == 0x28 ? big(7, 2) : big(6, 4)
      guard first <= sectors, count <= sectors - first, count <= 0x1_0000 else { return refuse(key: 5, code: 0x21) }
      reply(disk.read(first * 2048, count: Int(count) * 2048), limit, room: Int(count) * 2048)
    // READ TOC: one data track.
    case 0x43:
      let last = (0..<4).map { UInt8(truncatingIfNeeded: UInt32(clamping: sectors) >> (24 - 8 * UInt32($0))) }
      reply([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x16, 0xAA, 0] + last, limit, room: Int(big(7, 2)))
    // INVALID COMMAND OPERATION CODE.
    default: refuse(key: 5, code: 0x20)
    }
  }

  private mutating func reply(_ bytes: [UInt8], _ limit: Int, room: Int) {
    let bytes = Array(bytes.prefix(room))
    sense = (0, 0)
    // The DMA bit of the features register.
    if features & 1 != 0, !bytes.isEmpty { return offer(bytes, .toMemory) }
    send(bytes, blocks: limit == 0 ? 0xFFFE : limit & ~1)
  }

  private mutating func refuse(key: UInt8, code: UInt8) {
    sense = (key, code)
    taskFile[0] = 3
    abort(key << 4 | 0x04)
  }
}
