import MMU
import Machine

/// An expectation about physical memory at the end: `400000h.8 = 5ec2e7h` (docs/SCENARIO.md).
struct MemoryExpectation: Sendable {
  let text: String
  private let address: UInt64
  private let bytes: UInt64
  private let value: UInt64

  /// Nil: the text is none.
  init?(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 3, words[1] == "=", let value = MemoryExpectation.number(words[2]) else { return nil }
    let place = words[0].split(separator: ".").map(String.init)
    guard let first = place.first, let address = MemoryExpectation.number(first), place.count <= 2 else { return nil }
    let bytes: UInt64? = place.count == 2 ? UInt64(place[1]) : 8
    guard let bytes, [1, 2, 4, 8].contains(bytes), bytes == 8 || value >> (bytes * 8) == 0 else { return nil }
    (self.text, self.address, self.bytes, self.value) = (text, address, bytes, value)
  }

  /// `1fh`, `0x1f` or `31`.
  private static func number(_ text: String) -> UInt64? {
    if text.hasSuffix("h") { return UInt64(text.dropLast(), radix: 16) }
    if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
    return UInt64(text)
  }

  /// What does not hold, in a line.
  func failure(_ memory: PhysicalMemory) -> String? {
    var found: UInt64 = 0
    for index in (0..<bytes).reversed() {
      found = found << 8 | UInt64(memory.read(PhysicalAddress(address &+ index), as: UInt8.self))
    }
    return found == value ? nil : "memory '\(text)' was expected, it is \(hex(found))"
  }
}
