import MMU

/// 8254 Programmable Interval Timer at ports 40h-43h, and port 61h, whose bits are its gate and output
/// ("NMI Status and Control Register", PIIX3 data sheet).
package struct PIT: Sendable {
  private let timebase: Timebase
  private var counters = [PITCounter(gate: true), PITCounter(gate: true), PITCounter(gate: false)]
  /// CLK pulses that have been counted.
  private var pulses: UInt64 = 0
  /// Bits 0-3 of port 61h as written.
  private var control: UInt8 = 0

  /// CLK pulses between two refresh requests: 15 µs. The bit of port 61h toggles with each.
  private static let refreshPulses: UInt64 = 18

  /// A timer that nobody has programmed.
  package init(timebase: Timebase = Timebase()) { self.timebase = timebase }

  /// Whether a port is one of its: 40h-43h, 61h.
  package static func owns(_ port: UInt16) -> Bool { (0x40...0x43).contains(port) || port == 0x61 }

  /// Counter 0's OUT: IRQ 0.
  package var line: Bool { counters[0].out }
  /// Counter 2's OUT, to the speaker when bit 1 of port 61h is set.
  package var speakerOutput: Bool { counters[2].out }

  /// The cycle at which counter 0's OUT may change.
  package var nextEvent: UInt64? {
    guard let left = counters[0].pulsesToChange else { return nil }
    return timebase.cycle(ofTick: pulses &+ left, of: .pit)
  }

  /// Outputs become those of a cycle; nothing goes back.
  package mutating func advance(to cycle: UInt64) {
    let now = timebase.ticks(at: cycle, of: .pit)
    guard now > pulses else { return }
    for index in counters.indices { counters[index].advance(now - pulses) }
    pulses = now
  }

  /// Reads a port.
  package mutating func read(_ port: UInt16, at cycle: UInt64) -> UInt8 {
    advance(to: cycle)
    switch port {
    case 0x40...0x42: return counters[Int(port - 0x40)].read()
    case 0x61:
      let refresh: UInt8 = pulses / Self.refreshPulses & 1 != 0 ? 0x10 : 0
      return control | refresh | (counters[2].out ? 0x20 : 0)
    default: return 0xFF
    }
  }

  /// Writes a port.
  package mutating func write(_ port: UInt16, _ value: UInt8, at cycle: UInt64) {
    advance(to: cycle)
    switch port {
    case 0x40...0x42: counters[Int(port - 0x40)].write(value)
    case 0x43 where value >> 6 == 3: readBack(value)
    case 0x43 where value & 0x30 == 0: counters[Int(value >> 6)].latchCount()
    case 0x43: counters[Int(value >> 6)].program(value)
    case 0x61:
      control = value & 0x0F
      counters[2].setGate(value & 1 != 0)
    default: break
    }
  }

  /// "Read-back command": bits 5 and 4 are active low.
  private mutating func readBack(_ value: UInt8) {
    for index in counters.indices where value >> UInt8(index + 1) & 1 != 0 {
      if value & 0x20 == 0 { counters[index].latchCount() }
      if value & 0x10 == 0 { counters[index].latchStatus() }
    }
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    for counter in counters { counter.hash(into: &hasher) }
    hasher.add(pulses)
    hasher.add(UInt64(control))
  }
}
