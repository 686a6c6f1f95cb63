/// MP floating pointer structure and configuration table (MultiProcessor Specification 1.4, "MP Configuration Table").
struct MPTable {
  /// All bytes, for `base`: the floating pointer structure first.
  let bytes: [UInt8]

  init(processors: Int, base: UInt64, signature: UInt32, features: UInt32) {
    var entries = TableBytes()
    var count: UInt16 = 0
    for number in 0..<processors {
      // Processor: APIC ID, APIC version, enabled and whether it starts the machine.
      entries.add(0, UInt8(truncatingIfNeeded: number), 0x14, number == 0 ? 3 : 1 as UInt8)
      entries.add(signature, features, 0, 0)
      count += 1
    }
    // Bus.
    for (id, name) in ["PCI", "ISA"].enumerated() {
      entries.add(1, UInt8(id))
      entries.add(name, padded: 6)
      count += 1
    }
    // I/O APIC: ID, version, enabled, address.
    entries.add(2, 0, 0x20, 1 as UInt8)
    entries.add(UInt32(truncatingIfNeeded: IOAPIC.base))
    count += 1
    // I/O interrupt assignment of the ISA bus: INT, flags, bus, IRQ, I/O APIC, pin. IRQ 0 is at pin 2.
    for irq in 0..<UInt8(16) where irq != 2 {
      entries.add(3, 0, 0, 0, 1, irq, 0, irq == 0 ? 2 : irq)
      count += 1
    }
    // Local interrupt assignment: ExtINT to LINT0 of the first processor, NMI to LINT1 of all.
    entries.add(4, 3, 0, 0, 1, 0, 0, 0 as UInt8)
    entries.add(4, 1, 0, 0, 1, 0, 0xFF, 1 as UInt8)
    count += 2
    bytes = Self.pointer(to: UInt32(truncatingIfNeeded: base) &+ 16) + Self.table(entries.bytes, count)
  }

  /// "MP Floating Pointer Structure".
  private static func pointer(to table: UInt32) -> [UInt8] {
    var pointer = TableBytes()
    pointer.add("_MP_", padded: 4)
    pointer.add(table)
    pointer.add(1, 4, 0 as UInt8)
    pointer.add(zeros: 5)
    pointer.setChecksum(10, over: 16)
    return pointer.bytes
  }

  /// "MP Configuration Table Header" and the base table.
  private static func table(_ entries: [UInt8], _ count: UInt16) -> [UInt8] {
    var table = TableBytes()
    table.add("PCMP", padded: 4)
    table.add(UInt16(truncatingIfNeeded: 44 + entries.count))
    table.add(4, 0 as UInt8)
    table.add("SHOOTDWN", padded: 8)
    table.add("i440FX", padded: 12)
    table.add(0 as UInt32)
    table.add(0, count)
    table.add(FirmwareTables.localAPICBase)
    table.add(zeros: 4)
    table.add(entries)
    table.setChecksum(7, over: table.bytes.count)
    return table.bytes
  }
}
