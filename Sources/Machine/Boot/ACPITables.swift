/// ACPI tables of a machine without power management hardware (ACPI Specification 5.0, "ACPI Software Programming Model").
///
/// The FADT says so: HW_REDUCED_ACPI is set, and the reset register is port CF9h.
struct ACPITables {
  private static let headerSize = 36

  /// All tables, for `base`: the RSDP first.
  let bytes: [UInt8]
  /// Offsets in `bytes` of addresses of tables, and their sizes.
  let pointers: [(offset: Int, size: Int)]
  /// Where the tables that hold such addresses begin, and their lengths.
  let checksummed: [(start: Int, length: Int)]

  init(processors: Int, base: UInt64) {
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
    let dsdt = place(Self.table("DSDT", revision: 2, []))
    let fadt = place(Self.fadt(facs: facs, dsdt: dsdt))
    let madt = place(Self.madt(processors: processors))
    var narrow = TableBytes()
    narrow.add(fadt, madt)
    var wide = TableBytes()
    wide.add(UInt64(fadt), UInt64(madt))
    let rsdt = place(Self.table("RSDT", revision: 1, narrow.bytes))
    let xsdt = place(Self.table("XSDT", revision: 1, wide.bytes))
    bytes = Self.rsdp(rsdt: rsdt, xsdt: xsdt) + all.bytes.dropFirst(36)
    func offset(_ address: UInt32) -> Int { Int(address &- base) }
    let header = Self.headerSize
    pointers = [
      (offset(fadt) + 36, 4), (offset(fadt) + 40, 4), (offset(fadt) + 140, 8), (offset(rsdt) + header, 4),
      (offset(rsdt) + header + 4, 4), (offset(xsdt) + header, 8), (offset(xsdt) + header + 8, 8),
    ]
    checksummed = [(offset(fadt), 268), (offset(rsdt), header + 8), (offset(xsdt), header + 16)]
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
  private static func fadt(facs: UInt32, dsdt: UInt32) -> [UInt8] {
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
    // X_FIRMWARE_CTRL is zero, because FIRMWARE_CTRL is not.
    set(140, UInt64(dsdt))
    return table("FACP", revision: 5, body.bytes)
  }

  /// "Multiple APIC Description Table (MADT)".
  private static func madt(processors: Int) -> [UInt8] {
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
    // Local APIC NMI: LINT1 of every processor, active high and edge-triggered.
    body.add(4, 6, 0xFF as UInt8)
    body.add(0x0005 as UInt16)
    body.add(1 as UInt8)
    return table("APIC", revision: 3, body.bytes)
  }
}
