/// The Differentiated System Description Table's objects (ACPI Specification 5.0, "Differentiated System Description Table
/// (DSDT)"): the PCI bus, by which an operating system finds everything else, and how its interrupts are routed.
enum DSDT {
  /// Interrupts that the lines PIRQA-PIRQD may be led to; the I/O APIC has them at pins of their numbers.
  static let linkInterrupts: [UInt32] = [5, 10, 11]

  /// The table behind its header.
  ///
  /// - Parameter hasPowerManagement: whether there is a way to switch the machine off.
  static func body(hasPowerManagement: Bool) -> AML.Term {
    (hasPowerManagement ? sleepStates : []) + AML.scope("\\_SB", rootBridge, links)
  }

  /// SLP_TYP of S5, which switches the machine off.
  private static var sleepStates: AML.Term {
    AML.name("\\_S5", AML.package([UInt32](repeating: 0, count: 4).map(AML.integer)))
  }

  /// Bus 0 behind the host bridge, and the ISA bridge with the registers that route interrupts.
  private static var rootBridge: AML.Term {
    AML.device(
      "PCI0",
      AML.name("_HID", AML.eisaID("PNP0A03")), AML.name("_UID", AML.integer(0)),
      AML.name("_BBN", AML.integer(0)), AML.name("_CRS", windows), AML.name("_PRT", routes),
      AML.device(
        "ISA", AML.name("_ADR", AML.integer(0x0001_0000)),
        // 82371SB, "PIRQRC[A:D]—PIRQX Route Control Registers".
        AML.configurationRegion("PIRQ", offset: 0x60, bytes: 4),
        AML.byteField(of: "PIRQ", lines.map { "PRQ\($0)" }), legacyDevices))
  }

  /// What lies at fixed ports: firmware asks whether there is a keyboard.
  private static var legacyDevices: AML.Term {
    let rows: [(name: String, identifier: String, number: UInt32, ports: [ClosedRange<UInt16>], line: Int)] = [
      ("RTC", "PNP0B00", 0, [0x70...0x71], 8), ("KBD", "PNP0303", 0, [0x60...0x60, 0x64...0x64], 1),
      ("COM1", "PNP0501", 1, [0x3F8...0x3FF], 4), ("COM2", "PNP0501", 2, [0x2F8...0x2FF], 3),
    ]
    return rows.flatMap { row in
      AML.device(
        row.name, AML.name("_HID", AML.eisaID(row.identifier)), AML.name("_UID", AML.integer(row.number)),
        AML.name("_STA", AML.integer(0x0F)),
        AML.name(
          "_CRS", AMLResource.template(row.ports.flatMap(AMLResource.ports), AMLResource.line(row.line))))
    }
  }

  /// What the bridge takes itself, and what it passes on: all other ports, the VGA's memory, and addresses between RAM and
  /// the I/O APIC.
  private static var windows: AML.Term {
    AMLResource.template(
      AMLResource.words(.busNumber, 0...0xFF), AMLResource.ports(0xCF8...0xCFF),
      AMLResource.words(.io, 0...0xCF7), AMLResource.words(.io, 0xD00...0xFFFF),
      AMLResource.memory(0xA_0000...0xB_FFFF), AMLResource.memory(0xC000_0000...0xFEBF_FFFF))
  }

  private static let lines = ["A", "B", "C", "D"]

  /// Of each device's INTA#-INTD#, the line: as the board is wired, device 1's INTA# is PIRQA, and each next device's is one
  /// further.
  private static var routes: AML.Term {
    let rows = (0..<32 as Range<UInt32>).flatMap { device in
      (0..<4 as Range<UInt32>).map { pin in
        AML.package([
          AML.integer(device << 16 | 0xFFFF), AML.integer(pin), AML.path("LNK\(lines[Int((device + pin + 3) & 3)])"),
          AML.integer(0),
        ])
      }
    }
    return AML.package(rows)
  }

  /// A device for each line: software asks which interrupt it is led to, and leads it to another.
  private static var links: AML.Term {
    lines.enumerated().flatMap { number, line in
      let register = AML.path("\\_SB.PCI0.ISA.PRQ\(line)")
      let isOff = AML.and(register, AML.integer(0x80))
      return AML.device(
        "LNK\(line)",
        AML.name("_HID", AML.eisaID("PNP0C0F")), AML.name("_UID", AML.integer(UInt32(number))),
        AML.name("_PRS", AMLResource.template(AMLResource.interrupts(linkInterrupts))),
        AML.method("_STA", AML.if(isOff, AML.return(AML.integer(0x09))), AML.return(AML.integer(0x0B))),
        AML.method("_DIS", AML.or(register, AML.integer(0x80), register)),
        AML.method(
          "_CRS", AML.store(AMLResource.template(AMLResource.interrupts([0])), AML.local0),
          AML.if(
            AML.not(isOff), AML.store(register, AML.index(AML.local0, AMLResource.interruptNumber))),
          AML.return(AML.local0)),
        AML.method(
          "_SRS", arguments: 1,
          AML.store(AML.dereference(AML.index(AML.argument0, AMLResource.interruptNumber)), register)))
    }
  }
}
