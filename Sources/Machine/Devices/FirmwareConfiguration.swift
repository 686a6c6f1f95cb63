import MMU

/// QEMU's firmware configuration device at ports 510h, 511h and 514h-51Bh ("QEMU Firmware Configuration (fw_cfg) Device").
package struct FirmwareConfiguration: Sendable {
  /// Keys of items that are not files.
  package enum Key {
    package static let signature: UInt16 = 0x00
    package static let id: UInt16 = 0x01
    package static let uuid: UInt16 = 0x02
    package static let memorySize: UInt16 = 0x03
    package static let noGraphic: UInt16 = 0x04
    package static let processorCount: UInt16 = 0x05
    package static let bootMenu: UInt16 = 0x0E
    package static let maximumProcessors: UInt16 = 0x0F
    package static let directory: UInt16 = 0x19
    package static let firstFile: UInt16 = 0x20
  }

  /// What a DMA control word asks for.
  private enum Control {
    static let error: UInt32 = 0x01
    static let read: UInt32 = 0x02
    static let skip: UInt32 = 0x04
    static let select: UInt32 = 0x08
    static let write: UInt32 = 0x10
  }

  private var items: [UInt16: [UInt8]] = [:]
  private var selector: UInt16 = 0
  private var offset = 0
  private var dmaHigh: UInt32 = 0

  /// The items that firmware expects.
  ///
  /// - Parameter files: by name, at most 55 bytes of it; a longer one is cut.
  package init(processors: Int, memory: MemoryMap, files: [String: [UInt8]] = [:]) {
    func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    items[Key.signature] = Array("QEMU".utf8)
    // The traditional and the DMA interface.
    items[Key.id] = bytes(UInt32(3))
    items[Key.uuid] = [UInt8](repeating: 0, count: 16)
    items[Key.memorySize] = bytes(memory.low &+ memory.high)
    items[Key.noGraphic] = bytes(UInt16(0))
    items[Key.processorCount] = bytes(UInt16(clamping: processors))
    items[Key.bootMenu] = bytes(UInt16(0))
    items[Key.maximumProcessors] = bytes(UInt16(clamping: processors))
    add(files: files)
  }

  /// "etc/e820": RAM, and what is reserved.
  package static func e820(_ memory: MemoryMap) -> [UInt8] {
    var bytes: [UInt8] = []
    for (start, size) in [(0, memory.low), (1 << 32, memory.high)] as [(UInt64, UInt64)] where size > 0 {
      for value in [start, size] { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
      bytes += [1, 0, 0, 0]
    }
    return bytes
  }

  /// The directory and its files, in the order of their names.
  private mutating func add(files: [String: [UInt8]]) {
    func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    let sorted = files.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }.prefix(0x1000)
    var directory = bigEndian(UInt32(sorted.count))
    for (index, file) in sorted.enumerated() {
      let key = Key.firstFile + UInt16(index)
      items[key] = file.value
      let name = Array(file.key.utf8.prefix(55))
      directory += bigEndian(UInt32(clamping: file.value.count)) + bigEndian(key) + [0, 0]
      directory += name + [UInt8](repeating: 0, count: 56 - name.count)
    }
    items[Key.directory] = directory
  }

  /// Whether a port is one of its.
  package static func owns(_ port: UInt16) -> Bool { (0x510...0x511).contains(port) || (0x514...0x51B).contains(port) }

  // MARK: Ports

  private mutating func select(_ key: UInt16) {
    selector = key
    offset = 0
  }

  /// The next byte of the item; behind its end, and where there is no item, zeros.
  private mutating func next() -> UInt8 {
    guard let item = items[selector], item.indices.contains(offset) else { return 0 }
    defer { offset += 1 }
    return item[offset]
  }

  /// Reads 1, 2 or 4 bytes at a port: 511h a byte of data at each access, 514h the DMA interface's signature.
  package mutating func read(_ port: UInt16, size: Int, at cycle: UInt64) -> UInt32 {
    switch port {
    case 0x511: return UInt32(next())
    case 0x514...0x51B:
      let signature = Array("QEMU CFG".utf8)
      var value: UInt32 = 0
      for index in (0..<max(1, min(4, size))).reversed() {
        let place = Int(port - 0x514) + index
        value = value << 8 | (signature.indices.contains(place) ? UInt32(signature[place]) : 0)
      }
      return value
    default: return 0
    }
  }

  /// Writes a port: 16 bits at 510h select an item; 32 bits, in big-endian order, at 514h and 518h give the address of a DMA
  /// request, which is done at once.
  package mutating func write(_ port: UInt16, size: Int, _ value: UInt32, memory: PhysicalMemory, at cycle: UInt64) {
    switch (port, size) {
    case (0x510, 2): select(UInt16(truncatingIfNeeded: value))
    case (0x514, 4): dmaHigh = value.byteSwapped
    case (0x518, 4):
      let address = UInt64(dmaHigh) << 32 | UInt64(value.byteSwapped)
      dmaHigh = 0
      transfer(request: PhysicalAddress(address), memory)
    default: break
    }
  }

  /// "Guest-side DMA Interface": control, length and address in big-endian order; control tells how it went.
  private mutating func transfer(request: PhysicalAddress, _ memory: PhysicalMemory) {
    guard memory.isRAM(request, bytes: 16) else { return }
    let control = memory.read(request, as: UInt32.self).byteSwapped
    let length = Int(memory.read(PhysicalAddress(request.value + 4), as: UInt32.self).byteSwapped)
    let address = memory.read(PhysicalAddress(request.value + 8), as: UInt64.self).byteSwapped
    if control & Control.select != 0 { select(UInt16(truncatingIfNeeded: control >> 16)) }
    var result: UInt32 = 0
    if control & Control.read != 0 {
      result = read(length, to: PhysicalAddress(address), memory) ? 0 : Control.error
    } else if control & Control.write != 0 {
      // No item is writable.
      result = Control.error
    } else if control & Control.skip != 0 {
      offset = min(offset + length, items[selector]?.count ?? 0)
    }
    memory.write(request, result.byteSwapped)
  }

  private mutating func read(_ length: Int, to address: PhysicalAddress, _ memory: PhysicalMemory) -> Bool {
    guard length > 0 else { return true }
    guard memory.isRAM(address, bytes: UInt64(length)) else { return false }
    let item = items[selector] ?? []
    let end = min(item.count, offset + length)
    let bytes = offset < end ? Array(item[offset..<end]) : []
    offset = max(offset, end)
    bytes.withUnsafeBytes { memory.write(address, $0) }
    let zeros = [UInt8](repeating: 0, count: 1 << 16)
    for place in stride(from: bytes.count, to: length, by: zeros.count) {
      zeros.withUnsafeBytes {
        let rest = UnsafeRawBufferPointer(rebasing: $0.prefix(length - place))
        memory.write(PhysicalAddress(address.value + UInt64(place)), rest)
      }
    }
    return true
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    hasher.add(UInt64(selector) | UInt64(dmaHigh) << 32)
    hasher.add(UInt64(offset))
    for (key, item) in items.sorted(by: { $0.key < $1.key }) {
      hasher.add(UInt64(key) | UInt64(item.count) << 16)
      item.withUnsafeBytes { hasher.add($0) }
    }
  }
}
