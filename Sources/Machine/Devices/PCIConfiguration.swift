import MMU

/// Configuration mechanism #1 at ports CF8h and CFCh (PCI Local Bus Specification 2.1), with bus 0 behind it.
package struct PCIConfiguration: Sendable {
  private var address: UInt32 = 0
  /// Functions by number: device << 3 | function.
  private var functions: [Int: PCIFunction]

  /// The bus of an i440FX board: host bridge 00:00.0, ISA bridge 00:01.0.
  package init() { functions = [0: .hostBridge, 1 << 3: .isaBridge] }

  /// Whether an access is its: 32 bits at CF8h, anything at CFCh-CFFh. Smaller accesses to CF8h-CFBh go to other devices.
  package static func owns(_ port: UInt16, size: Int) -> Bool {
    port == 0xCF8 && size == 4 || (0xCFC...0xCFF).contains(port)
  }

  /// A function of bus 0; nil where none is.
  package subscript(device device: Int, function function: Int) -> PCIFunction? {
    get { functions[device << 3 | function] }
    set { functions[device << 3 | function] = newValue }
  }

  /// The function that the address names, when configuration is enabled.
  private var selected: Int? {
    guard address >> 31 != 0, address >> 16 & 0xFF == 0 else { return nil }
    return Int(address >> 8 & 0xFF)
  }

  /// Reads 1, 2 or 4 bytes at a port. Nobody answers: all ones.
  package func read(_ port: UInt16, size: Int, at cycle: UInt64) -> UInt32 {
    if port == 0xCF8 { return size == 4 ? address : .max }
    guard let selected, let function = functions[selected] else { return .max }
    var value: UInt32 = 0
    for index in offsets(port, size).reversed() { value = value << 8 | UInt32(function.registers[index]) }
    return value
  }

  /// Writes 1, 2 or 4 bytes at a port.
  package mutating func write(_ port: UInt16, size: Int, _ value: UInt32, at cycle: UInt64) {
    if port == 0xCF8 {
      if size == 4 { address = value & 0x80FF_FFFC }
      return
    }
    guard let selected else { return }
    for (index, offset) in offsets(port, size).enumerated() {
      functions[selected]?.write(offset, UInt8(truncatingIfNeeded: value >> UInt32(8 * index)))
    }
  }

  /// Offsets in configuration space; an access does not leave its doubleword.
  private func offsets(_ port: UInt16, _ size: Int) -> Range<Int> {
    let start = Int(port & 3)
    let base = Int(address & 0xFC)
    return base + start..<base + min(4, start + max(1, size))
  }

  /// It does nothing by itself.
  package var nextEvent: UInt64? { nil }
  /// Nothing depends on time.
  package mutating func advance(to cycle: UInt64) {}

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    hasher.add(UInt64(address))
    for (number, function) in functions.sorted(by: { $0.key < $1.key }) {
      hasher.add(UInt64(number))
      function.registers.withUnsafeBytes { hasher.add($0) }
    }
  }
}
