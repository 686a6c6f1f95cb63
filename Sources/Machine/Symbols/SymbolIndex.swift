/// Names of addresses, and addresses of names, from ELF files; one file may be loaded elsewhere than it was linked for.
public struct SymbolIndex: Sendable {
  /// A symbol where it lies in the machine.
  public struct Entry: Sendable {
    /// Its name.
    public let name: String
    /// Its address.
    public let address: UInt64
    /// Its bytes; 0 when the file does not say.
    public let size: UInt64
  }

  /// How far behind a symbol without a size an address still is named by it.
  private static let reach: UInt64 = 1 << 16

  /// By address.
  private var entries: [Entry] = []
  /// The address of each name: the first one that was added.
  private var addresses: [String: UInt64] = [:]

  /// No symbols.
  public init() {}

  /// Whether there are none.
  public var isEmpty: Bool { entries.isEmpty }

  /// Adds a file's symbols.
  ///
  /// - Parameter base: where its lowest segment that is loaded lies in the machine; nil: where the file says.
  /// - Throws: `ELF.Failure` when the file is damaged.
  public mutating func add(_ elf: ELF, at base: UInt64? = nil) throws(ELF.Failure) {
    try add(elf, movedBy: SymbolIndex.shift(of: elf, loadedAt: base))
  }

  /// Adds a file's symbols, and says how many there were.
  ///
  /// - Parameter shift: what is added to each address.
  /// - Throws: `ELF.Failure` when the file is damaged.
  @discardableResult
  public mutating func add(_ elf: ELF, movedBy shift: UInt64) throws(ELF.Failure) -> Int {
    let added = try elf.symbols().map { symbol in
      Entry(name: symbol.name, address: symbol.address &+ shift, size: symbol.size)
    }
    for entry in added where addresses[entry.name] == nil { addresses[entry.name] = entry.address }
    // Stable, so that of symbols at one address the first of the first file stands.
    let numbered = (entries + added).enumerated().sorted {
      ($0.element.address, $0.offset) < ($1.element.address, $1.offset)
    }
    entries = numbered.map(\.element)
    return added.count
  }

  /// Adds one symbol, without a size.
  public mutating func add(_ name: String, at address: UInt64) {
    if addresses[name] == nil { addresses[name] = address }
    let place = entries.firstIndex { $0.address > address } ?? entries.endIndex
    entries.insert(Entry(name: name, address: address, size: 0), at: place)
  }

  /// What is added to a file's addresses when its lowest segment that is loaded lies at an address.
  public static func shift(of elf: ELF, loadedAt base: UInt64?) -> UInt64 {
    let linked = elf.segments.filter { $0.type == 1 }.map(\.virtualAddress).min() ?? 0
    return base.map { $0 &- linked } ?? 0
  }

  /// The address of the first symbol of a name.
  public func address(of name: String) -> UInt64? { addresses[name] }

  /// Names that begin with a text, in order, so many at most.
  public func names(beginningWith prefix: String, atMost count: Int) -> [String] {
    Array(addresses.keys.filter { $0.hasPrefix(prefix) }.sorted().prefix(count))
  }

  /// The symbol that an address lies in or close behind.
  public func symbol(at address: UInt64) -> Entry? {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let nearest = entries[low - 1].address
    let found = entries[..<low].lastIndex { $0.address != nearest }.map { entries[($0 + 1)..<low] } ?? entries[..<low]
    let offset = address - nearest
    return found.first { $0.size > 0 ? offset < $0.size : offset < SymbolIndex.reach }
  }

  /// `name+1fh`, or `name`; nil when no symbol is near.
  public func text(of address: UInt64) -> String? {
    guard let symbol = symbol(at: address) else { return nil }
    let offset = address - symbol.address
    return offset == 0 ? symbol.name : "\(symbol.name)+\(String(offset, radix: 16))h"
  }
}
