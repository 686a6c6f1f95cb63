import MMU

extension MultibootImage {
  /// A file that is loaded beside the image.
  public struct Module: Sendable {
    /// Its bytes.
    public let bytes: [UInt8]
    /// Its "string"; by custom it begins with the module's name.
    public let commandLine: String

    /// A module.
    public init(bytes: [UInt8], commandLine: String) {
      self.bytes = bytes
      self.commandLine = commandLine
    }
  }

  /// How a loaded image is entered: "Machine state" says how the processor is, here and beyond what is given.
  ///
  /// | what | value |
  /// |---|---|
  /// | EIP, EAX, EBX | `instruction`, 2BADB002h, `information` |
  /// | CS | 32-bit code, read and execute, base 0, limit FFFFFFFFh |
  /// | DS, ES, FS, GS, SS | 32-bit data, read and write, base 0, limit FFFFFFFFh |
  /// | A20 | enabled |
  /// | CR0 | PE set, PG clear |
  /// | EFLAGS | VM and IF clear |
  /// | the rest, GDTR and IDTR among them | undefined |
  public struct Entry: Equatable, Sendable {
    /// EAX at entry.
    public static let magic: UInt32 = 0x2BAD_B002
    /// EIP at entry.
    public let instruction: UInt32
    /// EBX at entry: the Multiboot information structure.
    public let information: UInt32
  }

  /// Why an image cannot be loaded into a machine.
  public enum PlacementFailure: Error, Equatable, CustomStringConvertible, Sendable {
    /// A part of the image does not lie in RAM: its first and last address.
    case notRAM(UInt64, UInt64)
    /// There is no room: for what, and its bytes.
    case noRoom(String, Int)
    /// A string holds a zero byte.
    case zeroByte(String)

    /// One line.
    public var description: String {
      switch self {
      case .notRAM(let first, let last):
        "the image has a part at \(String(first, radix: 16))h to \(String(last, radix: 16))h, where there is no RAM"
      case .noRoom(let what, let size): "no room below 4 GiB for \(what) of \(size) bytes; more memory would help"
      case .zeroByte(let string): "a command line cannot hold a zero byte: \(string.prefix(40).debugDescription)"
      }
    }
  }

  /// Loads the image, its modules and the information structure into a machine's memory.
  ///
  /// Modules lie page-aligned behind the image, above 1 MiB; the information structure, with all it points to, in base
  /// memory where nothing else is.
  ///
  /// - Parameter commandLine: by custom it begins with the image's name.
  public func place(
    into memory: PhysicalMemory, modules: [Module] = [], commandLine: String = ""
  ) throws(PlacementFailure) -> Entry {
    let map = MemoryMap(size: memory.size)
    for string in [commandLine] + modules.map(\.commandLine) where string.utf8.contains(0) { throw .zeroByte(string) }
    var room = Room(map)
    for load in loads {
      guard room.take(load.address, load.size) else { throw .notRAM(load.address, load.address + load.size - 1) }
    }
    let end = loads.last.map { $0.address + $0.size } ?? 0
    var places: [UInt64] = []
    for module in modules {
      guard let place = room.allocate(UInt64(module.bytes.count), alignment: 4096, from: max(1 << 20, end)) else {
        throw .noRoom("a module", module.bytes.count)
      }
      places.append(place)
    }
    var information = MultibootInformation(map: map, commandLine: commandLine)
    for (module, place) in zip(modules, places) {
      information.add(module: place..<place + UInt64(module.bytes.count), commandLine: module.commandLine)
    }
    // Behind what a BIOS keeps and boot sectors use.
    guard let place = room.allocate(information.size, alignment: 16, from: 0x9000) else {
      throw .noRoom("the Multiboot information", Int(information.size))
    }
    for load in loads { put(load, into: memory) }
    for (module, place) in zip(modules, places) {
      module.bytes.withUnsafeBytes { memory.write(PhysicalAddress(place), $0) }
    }
    information.bytes(at: UInt32(truncatingIfNeeded: place)).withUnsafeBytes {
      memory.write(PhysicalAddress(place), $0)
    }
    return Entry(instruction: entry, information: UInt32(truncatingIfNeeded: place))
  }

  private func put(_ load: Load, into memory: PhysicalMemory) {
    bytes[load.file].withUnsafeBytes { memory.write(PhysicalAddress(load.address), $0) }
    let zeros = [UInt8](repeating: 0, count: 1 << 16)
    var place = load.address + UInt64(load.file.count)
    let end = load.address + load.size
    while place < end {
      let count = Int(min(UInt64(zeros.count), end - place))
      zeros.withUnsafeBytes { memory.write(PhysicalAddress(place), UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
      place += UInt64(count)
    }
  }
}

/// RAM below 4 GiB that nothing lies in yet.
private struct Room {
  /// By address.
  private var free: [Range<UInt64>]

  init(_ map: MemoryMap) {
    free = map.ranges.filter { $0.kind == .ram && $0.start < 1 << 32 && $0.size > 0 }.map {
      $0.start..<$0.start + $0.size
    }
  }

  /// Takes these addresses; false when some are not free.
  mutating func take(_ start: UInt64, _ size: UInt64) -> Bool {
    let (end, overflow) = start.addingReportingOverflow(size)
    guard !overflow, let index = free.firstIndex(where: { $0.lowerBound <= start && end <= $0.upperBound }) else {
      return false
    }
    let range = free.remove(at: index)
    if end < range.upperBound { free.insert(end..<range.upperBound, at: index) }
    if range.lowerBound < start { free.insert(range.lowerBound..<start, at: index) }
    return true
  }

  /// Takes the lowest addresses that are free and not below one.
  mutating func allocate(_ size: UInt64, alignment: UInt64, from least: UInt64) -> UInt64? {
    for range in free {
      let start = (max(range.lowerBound, least) + alignment - 1) & ~(alignment - 1)
      if start <= range.upperBound, size <= range.upperBound - start, take(start, size) { return start }
    }
    return nil
  }
}
