import MMU

/// Ports 92h ("System Control Port A") and CF9h ("Reset Control Register"): A20 and resets.
package struct SystemControl: Sendable {
  /// What software asked for.
  package enum Reset: UInt8, Sendable {
    /// INIT to the processor.
    case processor = 1
    /// PCIRST# and CPURST: everything.
    case system = 2
  }

  private var portA: UInt8 = 0
  private var resetControl: UInt8 = 0
  private var pending: Reset?

  /// The state after power-up: A20 is off here; it is the OR of this and the keyboard controller's.
  package init() {}

  /// Whether a port is one of its: 92h, CF9h.
  package static func owns(_ port: UInt16) -> Bool { port == 0x92 || port == 0xCF9 }

  /// ALT_A20: address line 20 is not forced low.
  package var isA20Enabled: Bool { portA & 2 != 0 }

  /// The reset that was asked for, once.
  package mutating func takeReset() -> Reset? {
    defer { pending = nil }
    return pending
  }

  /// Reads a port.
  package mutating func read(_ port: UInt16, at cycle: UInt64) -> UInt8 {
    switch port {
    case 0x92: portA
    case 0xCF9: resetControl
    default: 0xFF
    }
  }

  /// Writes a port. A reset follows a bit that goes from 0 to 1.
  package mutating func write(_ port: UInt16, _ value: UInt8, at cycle: UInt64) {
    switch port {
    case 0x92:
      if value & ~portA & 1 != 0 { pending = .processor }
      portA = value & 3
    case 0xCF9:
      if value & ~resetControl & 4 != 0 { pending = value & 2 != 0 ? .system : .processor }
      resetControl = value & 0x06
    default: break
    }
  }

  /// It does nothing by itself.
  package var nextEvent: UInt64? { nil }
  /// Nothing depends on time.
  package mutating func advance(to cycle: UInt64) {}

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    hasher.add(UInt64(portA) | UInt64(resetControl) << 8 | UInt64(pending?.rawValue ?? 0) << 16)
  }
}
