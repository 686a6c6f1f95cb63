import CPU

// What a person at the machine looks at. Nothing here has side effects.

extension Board {
  /// Registers of the 8259 pair, by name.
  package var interruptControllers: [(name: String, value: UInt64)] {
    [("master", chipset.devices.pic.master), ("slave", chipset.devices.pic.slave)].flatMap { name, pic in
      [
        ("\(name) IMR", UInt64(pic.mask)), ("\(name) IRR", UInt64(pic.requests)),
        ("\(name) ISR", UInt64(pic.inService)),
        ("\(name) ELCR", UInt64(pic.levelTriggered)),
      ]
    }
  }

  /// The I/O APIC's redirection entries, by pin.
  package var redirections: [UInt64] {
    // A copy: its index register is the guest's.
    var copy = chipset.devices.ioapic
    return (0..<UInt32(IOAPIC.pinCount)).map { pin in
      _ = copy.write(offset: 0, value: 0x10 + 2 * pin)
      let low = UInt64(copy.read(offset: 0x10))
      _ = copy.write(offset: 0, value: 0x11 + 2 * pin)
      return low | UInt64(copy.read(offset: 0x10)) << 32
    }
  }

  /// The first 64 bytes of the configuration space of each function of bus 0.
  package var pciFunctions: [(device: Int, function: Int, registers: [UInt8])] {
    var result: [(device: Int, function: Int, registers: [UInt8])] = []
    for device in 0..<32 {
      for function in 0..<8 {
        guard let found = chipset.devices.pci[device: device, function: function] else { continue }
        result.append((device, function, Array(found.registers.prefix(64))))
      }
    }
    return result
  }

  /// When something happens next that no processor does: messages and devices together, and whether one is a message.
  package var nextEvent: (cycle: UInt64, isMessage: Bool)? {
    chipset.nextEvent.map { ($0, chipset.queue.nextCycle == $0) }
  }
}
