import Machine

/// Names of addresses and addresses of names, from ELF files.
package final class SymbolTable {
  private var addresses: [String: UInt64] = [:]
  /// By address; of those at one address the first stays first.
  private var sorted: [Symbol] = []
  private var isSorted = true

  /// A name further away than this names nothing.
  private static let reach: UInt64 = 1 << 20

  private struct Symbol {
    let name: String
    let address: UInt64
    let size: UInt64
  }

  package init() {}

  /// Takes a file's symbols, moved by an offset; how many there were. A name that is known already stays what it is.
  @discardableResult
  package func add(_ elf: ELF, offset: UInt64 = 0) throws(ELF.Failure) -> Int {
    let symbols = try elf.symbols()
    for symbol in symbols {
      let moved = Symbol(name: symbol.name, address: symbol.address &+ offset, size: symbol.size)
      if addresses[symbol.name] == nil { addresses[symbol.name] = moved.address }
      sorted.append(moved)
    }
    isSorted = false
    return symbols.count
  }

  /// Takes one symbol.
  package func add(_ name: String, at address: UInt64) {
    if addresses[name] == nil { addresses[name] = address }
    sorted.append(Symbol(name: name, address: address, size: 0))
    isSorted = false
  }

  /// The address of a name.
  package func address(of name: String) -> UInt64? { addresses[name] }

  /// Names that begin with a text, some of them, in order.
  func names(beginningWith prefix: String) -> [String] {
    Array(addresses.keys.filter { $0.hasPrefix(prefix) }.sorted().prefix(200))
  }

  /// `name` or `name+12`, of the nearest symbol before an address; nil: there is none near.
  package func text(_ address: UInt64) -> String? {
    if !isSorted {
      sorted = sorted.enumerated().sorted { ($0.element.address, $0.offset) < ($1.element.address, $1.offset) }
        .map(\.element)
      isSorted = true
    }
    // The first one behind the address, by halving.
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    var nearest = low - 1
    while nearest > 0, sorted[nearest - 1].address == sorted[nearest].address { nearest -= 1 }
    let symbol = sorted[nearest]
    let offset = address - symbol.address
    guard offset < max(SymbolTable.reach, symbol.size) else { return nil }
    return offset == 0 ? symbol.name : "\(symbol.name)+\(hex(offset))"
  }
}
