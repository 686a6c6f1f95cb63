/// The Multiboot information structure with all that it points to, in one piece of memory (Multiboot Specification 0.6.96,
/// "Boot information format"): fixed part, modules, memory map, strings.
struct MultibootInformation {
  /// Bits of its flags: which fields hold.
  private enum Flag {
    static let memory: UInt32 = 1 << 0
    static let commandLine: UInt32 = 1 << 2
    static let modules: UInt32 = 1 << 3
    static let memoryMap: UInt32 = 1 << 6
    static let bootLoaderName: UInt32 = 1 << 9
  }

  private static let fixedSize = 120
  private static let moduleSize = 16
  private static let rangeSize = 24
  private static let bootLoaderName = "Shootdown"

  private let map: MemoryMap
  private let commandLine: String
  private var modules: [(range: Range<UInt64>, commandLine: String)] = []

  init(map: MemoryMap, commandLine: String) {
    self.map = map
    self.commandLine = commandLine
  }

  /// Adds a module that lies at these addresses.
  mutating func add(module range: Range<UInt64>, commandLine: String) { modules.append((range, commandLine)) }

  private var strings: [String] { [commandLine, Self.bootLoaderName] + modules.map(\.commandLine) }

  private var modulesOffset: Int { Self.fixedSize }
  private var mapOffset: Int { modulesOffset + modules.count * Self.moduleSize }
  private var stringsOffset: Int { mapOffset + map.ranges.count * Self.rangeSize }

  /// Its bytes.
  var size: UInt64 { UInt64(strings.reduce(stringsOffset) { $0 + $1.utf8.count + 1 }) }

  /// The bytes, for an address.
  func bytes(at base: UInt32) -> [UInt8] {
    func address(_ offset: Int) -> UInt32 { base &+ UInt32(truncatingIfNeeded: offset) }
    var texts: [UInt8] = []
    var places: [UInt32] = []
    for string in strings {
      places.append(address(stringsOffset + texts.count))
      texts += Array(string.utf8) + [0]
    }
    let upper = map.low > 1 << 20 ? (map.low - 1 << 20) >> 10 : 0
    var words = [UInt32](repeating: 0, count: Self.fixedSize / 4)
    words[0] = Flag.memory | Flag.commandLine | Flag.modules | Flag.memoryMap | Flag.bootLoaderName
    words[1] = UInt32(truncatingIfNeeded: min(map.low, MemoryMap.ebda) >> 10)
    words[2] = UInt32(truncatingIfNeeded: upper)
    words[4] = places[0]
    words[5] = UInt32(truncatingIfNeeded: modules.count)
    words[6] = address(modulesOffset)
    words[11] = UInt32(truncatingIfNeeded: map.ranges.count * Self.rangeSize)
    words[12] = address(mapOffset)
    words[16] = places[1]
    for (module, place) in zip(modules, places.dropFirst(2)) {
      words += [
        UInt32(truncatingIfNeeded: module.range.lowerBound), UInt32(truncatingIfNeeded: module.range.upperBound), place,
        0,
      ]
    }
    for range in map.ranges {
      words.append(UInt32(Self.rangeSize - 4))
      for value in [range.start, range.size] {
        words += [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
      }
      words.append(range.kind.rawValue)
    }
    return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } } + texts
  }
}
