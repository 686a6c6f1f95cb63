import MMU
import Machine
import Testing

/// The DSDT's objects, read from the table's bytes and executed.
@Suite struct DSDTTests {
  /// The terms of the table that direct boot leaves.
  private func terms() throws -> [AMLTerm] {
    let memory = try PhysicalMemory(size: 16 << 20)
    FirmwareTables.place(into: memory, processors: 2)
    func word(_ address: UInt64) -> UInt64 { UInt64(memory.read(PhysicalAddress(address), as: UInt32.self)) }
    let place = try #require(
      stride(from: 0xF_0000 as UInt64, to: 0xF_8000, by: 64).first { word($0) == 0x5444_5344 }, "DSDT")
    #expect(place + word(place + 4) < 0xF_8000, "it does not reach the MP table")
    return try AMLReader.terms(
      (36..<word(place + 4)).map { memory.read(PhysicalAddress(place + $0), as: UInt8.self) })
  }

  private func child(_ name: String, of terms: [AMLTerm]) throws -> AMLTerm {
    try #require(
      terms.first {
        if case .object(let kind, name, _) = $0, kind != "Field" { true } else { false }
      }, "\(name)")
  }

  private func children(_ name: String, of terms: [AMLTerm]) throws -> [AMLTerm] {
    guard case .object(_, _, let inner) = try child(name, of: terms) else { return [] }
    return inner
  }

  private func named(_ name: String, in terms: [AMLTerm]) throws -> AMLTerm {
    try #require(try children(name, of: terms).first)
  }

  /// `EisaId`.
  private func identifier(_ text: String) -> AMLTerm {
    let letters = Array(text.utf8.prefix(3)).map { UInt32($0) - 0x40 }
    let word = letters[0] << 26 | letters[1] << 21 | letters[2] << 16 | (UInt32(text.dropFirst(3), radix: 16) ?? 0)
    return .integer(UInt64(word.byteSwapped))
  }

  private func scope() throws -> [AMLTerm] { try children("\\_SB_", of: terms()) }

  /// The bytes of resource descriptors, one after the other, up to the end tag.
  private func descriptors(_ term: AMLTerm) throws -> [[UInt8]] {
    guard case .buffer(var bytes) = term else { return [] }
    var found: [[UInt8]] = []
    while let tag = bytes.first, tag != 0x79 {
      let length = tag & 0x80 == 0 ? 1 + Int(tag & 7) : 3 + Int(bytes[1]) + Int(bytes[2]) << 8
      try #require(length <= bytes.count)
      found.append(Array(bytes.prefix(length)))
      bytes.removeFirst(length)
    }
    #expect(bytes == [0x79, 0])
    return found
  }

  @Test("the root bridge passes on bus 0, ports and memory between RAM and the I/O APIC")
  func rootBridge() throws {
    let bridge = try children("PCI0", of: scope())
    #expect(try named("_HID", in: bridge) == identifier("PNP0A03"))
    #expect(try named("_BBN", in: bridge) == .integer(0))
    func word(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
      (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
    var windows: [[UInt64]] = []
    for bytes in try descriptors(try named("_CRS", in: bridge)) {
      switch bytes[0] {
      case 0x88:
        #expect(bytes.count == 16 && bytes[4] == 0x0C)
        #expect(word(bytes, 14, 2) == word(bytes, 10, 2) - word(bytes, 8, 2) + 1)
        windows.append([UInt64(bytes[3]), word(bytes, 8, 2), word(bytes, 10, 2)])
      case 0x87:
        #expect(bytes.count == 26 && bytes[4] == 0x0C)
        #expect(word(bytes, 22, 4) == word(bytes, 14, 4) - word(bytes, 10, 4) + 1)
        windows.append([UInt64(bytes[3]), word(bytes, 10, 4), word(bytes, 14, 4)])
      default: #expect(bytes == [0x47, 1, 0xF8, 0x0C, 0xF8, 0x0C, 1, 8])
      }
    }
    #expect(
      windows == [
        [2, 0, 0xFF], [1, 0, 0xCF7], [1, 0xD00, 0xFFFF], [0, 0xA_0000, 0xB_FFFF], [0, 0xC000_0000, 0xFEBF_FFFF],
      ])
  }

  @Test("clock, keyboard and serial ports have their ports and lines")
  func legacyDevices() throws {
    let isa = try children("ISA_", of: children("PCI0", of: scope()))
    let rows: [(String, String, [UInt16], UInt16)] = [
      ("RTC_", "PNP0B00", [0x70, 2], 1 << 8), ("KBD_", "PNP0303", [0x60, 1, 0x64, 1], 1 << 1),
      ("COM1", "PNP0501", [0x3F8, 8], 1 << 4), ("COM2", "PNP0501", [0x2F8, 8], 1 << 3),
    ]
    for (name, identifier, ports, mask) in rows {
      let device = try children(name, of: isa)
      #expect(try named("_HID", in: device) == self.identifier(identifier))
      #expect(try named("_STA", in: device) == .integer(15))
      var expected: [[UInt8]] = stride(from: 0, to: ports.count, by: 2).map { index in
        let (low, high) = (UInt8(ports[index] & 0xFF), UInt8(ports[index] >> 8))
        return [0x47, 1, low, high, low, high, 1, UInt8(ports[index + 1])]
      }
      expected.append([0x22, UInt8(mask & 0xFF), UInt8(mask >> 8)])
      #expect(try descriptors(named("_CRS", in: device)) == expected)
    }
  }

  @Test("INTA#-INTD# of each device lead to the four lines in turn")
  func routes() throws {
    guard case .package(let rows) = try named("_PRT", in: children("PCI0", of: scope())) else {
      Issue.record("no package")
      return
    }
    var expected: [AMLTerm] = []
    for device: UInt64 in 0..<32 {
      for pin: UInt64 in 0..<4 {
        let line = ["LNKA", "LNKB", "LNKC", "LNKD"][Int((device + 3 + pin) % 4)]
        expected.append(.package([.integer(device << 16 | 0xFFFF), .integer(pin), .name(line), .integer(0)]))
      }
    }
    #expect(rows == expected)
  }

  @Test("each line is told by its register where to lead, and tells", arguments: ["A", "B", "C", "D"])
  func links(line: String) throws {
    let scope = try scope()
    let isa = try children("ISA_", of: children("PCI0", of: scope))
    #expect(isa.contains(.object("OperationRegion", "PIRQ", [.integer(2), .integer(0x60), .integer(4)])))
    #expect(
      isa.contains(
        .object(
          "Field", "PIRQ", [.integer(1)] + ["A", "B", "C", "D"].flatMap { [.name("PRQ\($0)"), .integer(8)] })))
    let link = try children("LNK\(line)", of: scope)
    #expect(try named("_HID", in: link) == identifier("PNP0C0F"))
    let possible = [0x89, 14, 0, 9, 3, 5, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0] as [UInt8]
    #expect(try descriptors(named("_PRS", in: link)) == [possible])
    let register = "\\_SB_.PCI0.ISA_.PRQ\(line)"
    var machine = AMLMachine(fields: [register: 0x80])
    func current() throws -> [UInt8] {
      let value = try #require(try machine.call(child("_CRS", of: link)))
      return try #require(try descriptors(value).first)
    }
    #expect(try machine.call(child("_STA", of: link)) == .integer(9))
    #expect(try current() == [0x89, 6, 0, 9, 1, 0, 0, 0, 0])
    let eleven = AMLTerm.buffer([0x89, 6, 0, 9, 1, 11, 0, 0, 0, 0x79, 0])
    #expect(try machine.call(child("_SRS", of: link), eleven) == nil)
    #expect(machine.fields == [register: 11])
    #expect(try machine.call(child("_STA", of: link)) == .integer(0x0B))
    #expect(try current() == [0x89, 6, 0, 9, 1, 11, 0, 0, 0])
    #expect(try machine.call(child("_DIS", of: link)) == nil)
    #expect(machine.fields == [register: 0x8B])
  }
}
