import MMU

/// Ports that firmware writes text and progress to: 80h, 402h and E9h.
package struct DebugConsole: Sendable {
  /// The last POST code.
  package private(set) var postCode: UInt8 = 0

  /// Nothing written.
  package init() {}

  /// Whether a port is one of its: 80h, E9h, 402h.
  package static func owns(_ port: UInt16) -> Bool { port == 0x80 || port == 0xE9 || port == 0x402 }

  /// Reads a port. A console answers E9h, so that firmware finds it; port 80h gives what was written.
  package func read(_ port: UInt16, at cycle: UInt64) -> UInt8 { port == 0x80 ? postCode : 0xE9 }

  /// Writes a port; gives the byte of text, if it is one.
  package mutating func write(_ port: UInt16, _ value: UInt8, at cycle: UInt64) -> UInt8? {
    guard port == 0x80 else { return value }
    postCode = value
    return nil
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) { hasher.add(UInt64(postCode)) }
}

/// Port 8900h: the text "Shutdown" switches the machine off, as on Bochs.
package struct ShutdownPort: Sendable {
  private static let text = Array("Shutdown".utf8)
  private var matched = 0

  /// Nothing written.
  package init() {}

  /// Takes a byte; true when it ends the text.
  package mutating func write(_ value: UInt8) -> Bool {
    matched = value == Self.text[matched] ? matched + 1 : value == Self.text[0] ? 1 : 0
    guard matched == Self.text.count else { return false }
    matched = 0
    return true
  }

  /// Adds how much of the text has been written.
  package func hash(into hasher: inout StateHasher) { hasher.add(UInt64(matched)) }
}
