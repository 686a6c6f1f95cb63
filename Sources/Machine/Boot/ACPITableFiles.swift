/// ACPI tables as firmware takes them over fw_cfg: it places them, and is told by commands where addresses and checksums
/// are to be set right (QEMU, `hw/acpi/bios-linker-loader.c`).
struct ACPITableFiles {
  private static let tables = "etc/acpi/tables"
  private static let root = "etc/acpi/rsdp"
  private static let rsdpSize = 36

  /// By name.
  let files: [String: [UInt8]]

  init(processors: Int) {
    let all = ACPITables(processors: processors, base: 0, hasPowerManagement: true)
    var commands: [UInt8] = []
    // 1 ALLOCATE: file, alignment, zone (1 high memory, 2 the F segment).
    commands += Self.command(1) {
      $0.add(Self.name(Self.tables)); $0.add(64 as UInt32); $0.add(1 as UInt8)
    }
    commands += Self.command(1) {
      $0.add(Self.name(Self.root)); $0.add(16 as UInt32); $0.add(2 as UInt8)
    }
    // 2 ADD_POINTER: the file that holds it, the file it points into, offset, size.
    func pointer(_ file: String, _ offset: Int, _ size: Int) {
      commands += Self.command(2) {
        $0.add(Self.name(file))
        $0.add(Self.name(Self.tables))
        $0.add(UInt32(truncatingIfNeeded: offset))
        $0.add(UInt8(truncatingIfNeeded: size))
      }
    }
    for (offset, size) in all.pointers { pointer(Self.tables, offset, size) }
    pointer(Self.root, 16, 4)
    pointer(Self.root, 24, 8)
    // 3 ADD_CHECKSUM: file, offset of the sum, start, length.
    func checksum(_ file: String, _ place: Int, _ start: Int, _ length: Int) {
      commands += Self.command(3) {
        $0.add(Self.name(file))
        for value in [place, start, length] { $0.add(UInt32(truncatingIfNeeded: value)) }
      }
    }
    for (start, length) in all.checksummed { checksum(Self.tables, start + 9, start, length) }
    checksum(Self.root, 8, 0, 20)
    checksum(Self.root, 32, 0, Self.rsdpSize)
    files = [
      Self.tables: [UInt8](repeating: 0, count: Self.rsdpSize) + all.bytes.dropFirst(Self.rsdpSize),
      Self.root: Array(all.bytes.prefix(Self.rsdpSize)), "etc/table-loader": commands,
    ]
  }

  /// A command has 128 bytes.
  private static func command(_ number: UInt32, _ body: (inout TableBytes) -> Void) -> [UInt8] {
    var bytes = TableBytes()
    bytes.add(number)
    body(&bytes)
    return bytes.bytes + [UInt8](repeating: 0, count: 128 - bytes.bytes.count)
  }

  private static func name(_ text: String) -> [UInt8] {
    Array(text.utf8) + [UInt8](repeating: 0, count: 56 - text.utf8.count)
  }
}
