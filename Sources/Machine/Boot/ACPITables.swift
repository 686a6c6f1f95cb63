/// ACPI tables (ACPI Specification 5.0, "ACPI Software Programming Model"); the reset register is port CF9h.
///
/// Without power management hardware the FADT says so: HW_REDUCED_ACPI is set. With it, its ports are where firmware puts
/// them, and there is an HPET.
struct ACPITables {
  private static let headerSize = 36

  /// All tables, for `base`: the RSDP first.
  let bytes: [UInt8]
  /// Offsets in `bytes` of addresses of tables, and their sizes.
  let pointers: [(offset: Int, size: Int)]
  /// Where the tables that hold such addresses begin, and their lengths.
  let checksummed: [(start: Int, length: Int)]

  init(processors: Int, base: UInt64, hasPowerManagement: Bool = false) {
    let base = UInt32(truncatingIfNeeded: base)
    var all = TableBytes()
    all.add(zeros: 64)
    /// Puts a table behind the others, aligned to 64 as the FACS must be; gives its address.
    func place(_ table: [UInt8]) -> UInt32 {
      let address = base &+ UInt32(truncatingIfNeeded: all.bytes.count)
      all.add(table)
      all.add(zeros: -table.count & 63)
      return address
    }
    let facs = place(Self.facs)
    let dsdt = place(Self.table("DSDT", revision: 2, DSDT.body(hasPowerManagement: hasPowerManagement)))
    let fadt = place(Self.fadt(facs: facs, dsdt: dsdt, hasPowerManagement))
    var roots = [fadt, place(Self.madt(processors: processors, hasPowerManagement))]
    if hasPowerManagement { roots.append(place(Self.hpet)) }
    var narrow = TableBytes()
    for root in roots { narrow.add(root) }
    var wide = TableBytes()
    for root in roots { wide.add(UInt64(root)) }
    let rsdt = place(Self.table("RSDT", revision: 1, narrow.bytes))
    let xsdt = place(Self.table("XSDT", revision: 1, wide.bytes))
    bytes = Self.rsdp(rsdt: rsdt, xsdt: xsdt) + all.bytes.dropFirst(36)
    func offset(_ address: UInt32) -> Int { Int(address &- base) }
    let header = Self.headerSize
    var pointers = [(offset(fadt) + 36, 4), (offset(fadt) + 40, 4), (offset(fadt) + 140, 8)]
    for number in roots.indices { pointers.append((offset(rsdt) + header + 4 * number, 4)) }
    for number in roots.indices { pointers.append((offset(xsdt) + header + 8 * number, 8)) }
    self.pointers = pointers
    checksummed = [
      (offset(fadt), 268), (offset(rsdt), header + 4 * roots.count), (offset(xsdt), header + 8 * roots.count),
    ]
  }

  /// "Root System Description Pointer (RSDP)".
  private static func rsdp(rsdt: UInt32, xsdt: UInt32) -> [UInt8] {
    var table = TableBytes()
    table.add("RSD PTR ", padded: 8)
    table.add(zeros: 1)
    table.add("SHOOTD", padded: 6)
    table.add(2 as UInt8)
    table.add(rsdt, 36)
    table.add(UInt64(xsdt))
    table.add(zeros: 4)
    table.setChecksum(8, over: 20)
    table.setChecksum(32, over: 36)
    return table.bytes
  }

  /// A table with its header ("System Description Table Header").
  private static func table(_ signature: String, revision: UInt8, _ body: [UInt8]) -> [UInt8] {
    var table = TableBytes()
    table.add(signature, padded: 4)
    table.add(UInt32(truncatingIfNeeded: headerSize + body.count))
    table.add(revision, 0)
    table.add("SHOOTD", padded: 6)
    table.add("SHOOTDWN", padded: 8)
    table.add(1 as UInt32)
    table.add("SHTD", padded: 4)
    table.add(1 as UInt32)
    table.add(body)
    table.setChecksum(9, over: table.bytes.count)
    return table.bytes
  }

  /// "Firmware ACPI Control Structure (FACS)".
  private static var facs: [UInt8] {
    var table = TableBytes()
    table.add("FACS", padded: 4)
    table.add(64 as UInt32)
    table.add(zeros: 24)
    table.add(2 as UInt8)
    table.add(zeros: 31)
    return table.bytes
  }

  /// "Fixed ACPI Description Table (FADT)".
  private static func fadt(facs: UInt32, dsdt: UInt32, _ hasPowerManagement: Bool) -> [UInt8] {
    var body = TableBytes()
    body.add(zeros: 268 - headerSize)
    /// Sets a field by its offset in the table.
    func set<T: FixedWidthInteger>(_ offset: Int, _ value: T) { body.set(offset - headerSize, value) }
    set(36, facs)
    set(40, dsdt)
    // SCI_INT, and the latencies that say "no C2, no C3".
    set(46, 9 as UInt16)
    set(96, 101 as UInt16)
    set(98, 1001 as UInt16)
    // CENTURY: its byte in CMOS.
    set(108, 0x32 as UInt8)
    // IAPC_BOOT_ARCH: LEGACY_DEVICES, 8042.
    set(109, 0x0003 as UInt16)
    // Flags: WBINVD, PROC_C1, PWR_BUTTON and SLP_BUTTON as control methods, RESET_REG_SUP, HW_REDUCED_ACPI.
    set(112, 0x0010_0435 as UInt32)
    // RESET_REG: 8 bits of system I/O space; RESET_VALUE.
    set(116, 0x0100_0801 as UInt32)
    set(120, 0xCF9 as UInt64)
    set(128, 0x06 as UInt8)
    if hasPowerManagement {
      // FIX_RTC in place of HW_REDUCED_ACPI; there is no SMI_CMD: the hardware is in ACPI mode.
      set(112, 0x0000_0475 as UInt32)
      let blocks: [(old: Int, length: Int, extended: Int, port: UInt32, bytes: UInt8)] = [
        // PM1a event block, PM1a control block, PM timer.
        (56, 88, 148, 0x600, 4), (64, 89, 172, 0x604, 2), (76, 91, 208, 0x608, 4),
      ]
      for block in blocks {
        set(block.old, block.port)
        set(block.length, block.bytes)
        // Generic Address Structure: system I/O space, width in bits.
        set(block.extended, 1 | UInt32(block.bytes) * 8 << 8)
        set(block.extended + 4, UInt64(block.port))
      }
    }
    // X_FIRMWARE_CTRL is zero, because FIRMWARE_CTRL is not.
    set(140, UInt64(dsdt))
    return table("FACP", revision: 5, body.bytes)
  }

  /// "HPET Description Table" (IA-PC HPET Specification 1.0a).
  private static var hpet: [UInt8] {
    var body = TableBytes()
    body.add(0x8086_A201 as UInt32)
    // Generic Address Structure: system memory, 64 bits.
    body.add(0, 64, 0, 0 as UInt8)
    body.add(HPET.base)
    // Number, the least period in ticks, no guarantee of a page.
    body.add(0 as UInt8)
    body.add(100 as UInt16)
    body.add(0 as UInt8)
    return table("HPET", revision: 1, body.bytes)
  }

  /// "Multiple APIC Description Table (MADT)".
  private static func madt(processors: Int, _ hasPowerManagement: Bool) -> [UInt8] {
    var body = TableBytes()
    body.add(FirmwareTables.localAPICBase, 1)
    for number in 0..<processors {
      // Processor Local APIC: ACPI processor ID, APIC ID, enabled.
      let id = UInt8(truncatingIfNeeded: number)
      body.add(0, 8, id, id)
      body.add(1 as UInt32)
    }
    // I/O APIC: ID, address, first interrupt.
    body.add(1, 12, 0, 0 as UInt8)
    body.add(UInt32(truncatingIfNeeded: IOAPIC.base), 0)
    // Interrupt Source Override: ISA IRQ 0 is at pin 2, conforming to its bus.
    body.add(2, 10, 0, 0 as UInt8)
    body.add(2 as UInt32)
    body.add(0 as UInt16)
    // SCI, and what PCI's interrupts may be led to: ISA IRQs at pins of their numbers, active high and level-triggered.
    let led: [UInt32] = hasPowerManagement ? [9] + DSDT.linkInterrupts : DSDT.linkInterrupts
    for number in led {
      body.add(2, 10, 0, UInt8(truncatingIfNeeded: number))
      body.add(number)
      body.add(0x000D as UInt16)
    }
    // Local APIC NMI: LINT1 of every processor, active high and edge-triggered.
    body.add(4, 6, 0xFF as UInt8)
    body.add(0x0005 as UInt16)
    body.add(1 as UInt8)
    return table("APIC", revision: 3, body.bytes)
  }
}
