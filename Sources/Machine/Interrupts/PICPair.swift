import MMU

/// The two 8259A of a PC: IRQ 0-7 and 8-15, with the edge/level control registers of PIIX3.
package struct PICPair: Sendable {
  private(set) var master = PIC(.master)
  private(set) var slave = PIC(.slave)

  /// The state after power-up: no vectors, nothing masked, no line high.
  package init() {}

  /// Whether a port is one of theirs: 20h, 21h, A0h, A1h, 4D0h, 4D1h.
  package static func owns(_ port: UInt16) -> Bool { [0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1].contains(port) }

  /// INTR.
  package var output: Bool { master.output }

  /// Sets the level of IRQ 0-15; there is no IRQ 2.
  package mutating func setLine(_ irq: Int, _ isHigh: Bool) {
    switch irq {
    case 0, 1, 3...7: master.setLine(irq, isHigh)
    case 8...15:
      slave.setLine(irq - 8, isHigh)
      master.setLine(2, slave.output)
    default: break
    }
  }

  /// The processor's two INTA cycles: the vector. 7 of either controller, without its in-service bit, when the line
  /// dropped since INTR rose.
  package mutating func acknowledge() -> UInt8 {
    let found = master.acknowledge()
    guard found == .level(2) else { return master.vector(found) }
    let ofSlave = slave.acknowledge()
    renewCascade()
    return slave.vector(ofSlave)
  }

  /// The slave's INT falls when it is acknowledged, and rises again for what else it has.
  private mutating func renewCascade() {
    master.setLine(2, false)
    master.setLine(2, slave.output)
  }

  /// Reads a port.
  package mutating func read(_ port: UInt16, at cycle: UInt64) -> UInt8 {
    switch port {
    case 0x20, 0x21: return master.read(a0: port & 1 != 0)
    case 0xA0, 0xA1:
      let before = slave.inService
      let value = slave.read(a0: port & 1 != 0)
      if slave.inService != before { renewCascade() } else { master.setLine(2, slave.output) }
      return value
    case 0x4D0: return master.levelTriggered
    case 0x4D1: return slave.levelTriggered
    default: return 0xFF
    }
  }

  /// Writes a port.
  package mutating func write(_ port: UInt16, _ value: UInt8, at cycle: UInt64) {
    switch port {
    case 0x20, 0x21: master.write(a0: port & 1 != 0, value)
    case 0xA0, 0xA1: slave.write(a0: port & 1 != 0, value)
    // IRQ 0, 1, 2, 8 and 13 are edge-triggered always.
    case 0x4D0: master.levelTriggered = value & 0xF8
    case 0x4D1: slave.levelTriggered = value & 0xDE
    default: break
    }
    master.setLine(2, slave.output)
  }

  /// As a PC's firmware leaves them: vectors 08h and 70h, the second one masked.
  package mutating func leaveFirmware(mask: UInt8) {
    for (port, vector, wiring) in [(0x20, 0x08, 4), (0xA0, 0x70, 2)] as [(UInt16, UInt8, UInt8)] {
      write(port, 0x11, at: 0)
      for value in [vector, wiring, 1, port == 0x20 ? mask : 0xFF] { write(port + 1, value, at: 0) }
    }
  }

  /// Lines change nothing by themselves.
  package var nextEvent: UInt64? { nil }
  /// Nothing depends on time.
  package mutating func advance(to cycle: UInt64) {}

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    master.hash(into: &hasher)
    slave.hash(into: &hasher)
  }
}
