import MMU
import Machine
import Testing

/// Images put together by hand.
enum MultibootSamples {
  static func little(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  static func header(flags: UInt32, _ rest: [UInt32] = []) -> [UInt8] {
    little([0x1BAD_B002, flags, 0 &- (0x1BAD_B002 &+ flags)] + rest)
  }

  /// A segment of an ELF file and where its bytes are.
  struct Segment {
    var type: UInt32 = 1
    var virtual: UInt64
    var physical: UInt64
    var bytes: [UInt8]
    var memory: UInt64
  }

  /// An ELF file with symbols "start" at its entry and "end", and a constant of that name.
  static func elf(wide: Bool = false, entry: UInt64, segments: [Segment]) -> [UInt8] {
    var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, wide ? 2 : 1, 1, 1] + [UInt8](repeating: 0, count: 9)
    func add<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { file += $0 } }
    func address(_ value: UInt64) { if wide { add(value) } else { add(UInt32(truncatingIfNeeded: value)) } }
    let headerSize = wide ? 64 : 52
    let rowSize = wide ? 56 : 32
    let data = headerSize + rowSize * segments.count
    let symbols = data + segments.reduce(0) { $0 + $1.bytes.count }
    let symbolSize = wide ? 24 : 16
    let strings = symbols + 4 * symbolSize
    let names: [UInt8] = [0] + Array("start".utf8) + [0] + Array("end".utf8) + [0]
    add(UInt16(2))
    add(UInt16(wide ? 62 : 3))
    add(UInt32(1))
    address(entry)
    address(UInt64(headerSize))
    address(UInt64(strings + names.count))
    add(UInt32(0))
    for value in [headerSize, rowSize, segments.count, wide ? 64 : 40, 3, 0] { add(UInt16(value)) }
    var offset = data
    for segment in segments {
      add(segment.type)
      if wide { add(UInt32(7)) }
      for value in [UInt64(offset), segment.virtual, segment.physical, UInt64(segment.bytes.count), segment.memory] {
        address(value)
      }
      if !wide { add(UInt32(7)) }
      address(4)
      offset += segment.bytes.count
    }
    for segment in segments { file += segment.bytes }
    for (name, value, kind) in [
      (0, 0, [0x12, 1]), (1, entry, [0x12, 1]), (7, 0x6C16, [0x10, 0xFFF1]), (7, entry &+ 0x40, [0x12, 1]),
    ]
      as [(UInt32, UInt64, [UInt16])]
    {
      add(name)
      if wide {
        for value in kind { add(value) }
        add(value)
        add(UInt64(8))
      } else {
        add(UInt32(truncatingIfNeeded: value))
        add(UInt32(8))
        for value in kind { add(value) }
      }
    }
    file += names
    for (type, start, size, link, row) in [
      (0, 0, 0, 0, 0), (2, symbols, 4 * symbolSize, 2, symbolSize), (3, strings, names.count, 0, 0),
    ] {
      for value in [0, type] { add(UInt32(value)) }
      for value in [0, 0, start, size] { address(UInt64(value)) }
      for value in [link, 0] { add(UInt32(value)) }
      for value in [0, row] { address(UInt64(value)) }
    }
    return file
  }

  /// A header and code at 1 MiB, and data at 2 MiB that goes on with zeros.
  static func kernel(wide: Bool = false, flags: UInt32 = 0) -> [UInt8] {
    elf(
      wide: wide, entry: 0xC010_0010,
      segments: [
        Segment(
          virtual: 0xC010_0000, physical: 0x10_0000, bytes: header(flags: flags) + [UInt8](repeating: 0x90, count: 84),
          memory: 96),
        Segment(type: 4, virtual: 0, physical: 0, bytes: [], memory: 0),
        Segment(virtual: 0xC020_0000, physical: 0x20_0000, bytes: [1, 2, 3, 4], memory: 0x12345),
      ])
  }

  /// A file with address fields, loaded at 1 MiB: 64 bytes, then the header at 40h.
  static func flat(
    header address: UInt32 = 0x10_0040, load: UInt32 = 0x10_0000, loadEnd: UInt32 = 0, bssEnd: UInt32 = 0,
    entry: UInt32 = 0x10_0060
  ) -> [UInt8] {
    [UInt8](repeating: 0xAA, count: 64) + header(flags: 0x1_0003, [address, load, loadEnd, bssEnd, entry])
      + [UInt8](repeating: 0x90, count: 0x100)
  }
}

/// Multiboot Specification 0.6.96.
@Suite struct MultibootTests {
  private typealias Samples = MultibootSamples

  private func word(_ memory: PhysicalMemory, _ address: UInt32) -> UInt32 {
    memory.read(PhysicalAddress(UInt64(address)), as: UInt32.self)
  }

  private func text(_ memory: PhysicalMemory, _ address: UInt32) -> String {
    var bytes: [UInt8] = []
    while let byte = [memory.read(PhysicalAddress(UInt64(address) + UInt64(bytes.count)), as: UInt8.self)].first,
      byte != 0, bytes.count < 1000
    {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: [false, true])
  func loadsELF(wide: Bool) throws {
    let memory = try PhysicalMemory(size: 16 << 20)
    memory.write(PhysicalAddress(0x20_0004), UInt64.max)
    let image = try MultibootImage.parse(Samples.kernel(wide: wide))
    let entry = try image.place(into: memory)
    #expect(entry.instruction == 0x10_0010)
    #expect(word(memory, 0x10_0000) == 0x1BAD_B002)
    #expect(word(memory, 0x10_0010) == 0x9090_9090)
    #expect(word(memory, 0x20_0000) == 0x0403_0201)
    #expect(word(memory, 0x20_0004) == 0)
  }

  @Test func loadsByAddressFields() throws {
    let memory = try PhysicalMemory(size: 16 << 20)
    memory.write(PhysicalAddress(0x10_0140), UInt64.max)
    let file = Samples.flat(bssEnd: 0x10_4000)
    #expect(try MultibootImage.parse(file).place(into: memory).instruction == 0x10_0060)
    for offset in file.indices {
      #expect(memory.read(PhysicalAddress(0x10_0000 + UInt64(offset)), as: UInt8.self) == file[offset])
    }
    #expect(word(memory, 0x10_0160) == 0)
    // The text segment may begin behind the file's start.
    let late = Samples.flat(header: 0x20_0010, load: 0x20_0000, entry: 0x20_0030)
    _ = try MultibootImage.parse(late).place(into: memory)
    #expect(word(memory, 0x20_0010) == 0x1BAD_B002)
  }

  @Test func information() throws {
    let memory = try PhysicalMemory(size: 64 << 20)
    let modules = [
      MultibootImage.Module(bytes: Array("first".utf8), commandLine: "one 1"),
      MultibootImage.Module(bytes: [UInt8](repeating: 7, count: 5000), commandLine: "two"),
      MultibootImage.Module(bytes: [], commandLine: ""),
    ]
    let entry = try MultibootImage.parse(Samples.kernel()).place(
      into: memory, modules: modules, commandLine: "kernel a=b")
    let base = entry.information
    func field(_ offset: UInt32) -> UInt32 { word(memory, base + offset) }
    #expect(field(0) == 0x24D)
    #expect(field(4) == 639)
    #expect(field(8) == 63 << 10)
    #expect(text(memory, field(16)) == "kernel a=b")
    #expect(text(memory, field(64)) == "Shootdown")
    #expect(field(20) == 3)
    for (index, module) in modules.enumerated() {
      let row = field(24) + UInt32(16 * index)
      let start = word(memory, row)
      #expect(start & 0xFFF == 0 && start >= 0x21_3000)
      #expect(Int(word(memory, row + 4)) - Int(start) == module.bytes.count)
      #expect(text(memory, word(memory, row + 8)) == module.commandLine)
      for (offset, byte) in module.bytes.enumerated() {
        #expect(memory.read(PhysicalAddress(UInt64(start) + UInt64(offset)), as: UInt8.self) == byte)
      }
    }
    // Everything it points to lies in base memory, behind the boot sector.
    #expect(base >= 0x9000 && field(48) + field(44) < 0x9_FC00)
    var total: UInt32 = 0
    var place = field(48)
    var ram: [UInt64: UInt64] = [:]
    while total < field(44) {
      #expect(word(memory, place) == 20)
      let start = memory.read(PhysicalAddress(UInt64(place) + 4), as: UInt64.self)
      if word(memory, place + 20) == 1 {
        ram[start] = memory.read(PhysicalAddress(UInt64(place) + 12), as: UInt64.self)
      }
      place += word(memory, place) + 4
      total += 24
    }
    #expect(ram == [0: 0x9_FC00, 0x10_0000: 63 << 20])
  }

  @Test func aMapAboveFourGigabytes() {
    let map = MemoryMap(size: 6 << 30)
    let ram = map.ranges.filter { $0.kind == .ram }
    #expect(ram.map(\.start) == [0, 1 << 20, 1 << 32])
    #expect(ram.map(\.size) == [0x9_FC00, 0xBFF0_0000, 3 << 30])
    for (range, next) in zip(map.ranges, map.ranges.dropFirst()) { #expect(range.start + range.size <= next.start) }
    for range in map.ranges { #expect(range.size > 0) }
    for address: UInt64 in [0x9_FC00, 0xF_0000, 0xFEC0_0000, 0xFEE0_0000, 0xFFFF_FFF0] {
      #expect(map.ranges.contains { $0.kind == .reserved && $0.start <= address && address < $0.start + $0.size })
    }
  }

  @Test func collidesWithNothing() throws {
    // An image that fills base memory: the information goes above 1 MiB, behind the module.
    let whole = Samples.elf(
      entry: 0x600,
      segments: [
        .init(virtual: 0x600, physical: 0x600, bytes: Samples.header(flags: 0), memory: 0x9_FC00 - 0x600),
        .init(virtual: 0x10_0000, physical: 0x10_0000, bytes: [1], memory: 0x1234),
      ])
    let memory = try PhysicalMemory(size: 4 << 20)
    let entry = try MultibootImage.parse(whole).place(into: memory, modules: [.init(bytes: [5], commandLine: "m")])
    #expect(entry.information >= 0x10_1234)
    let module = word(memory, word(memory, entry.information + 24))
    #expect(module == 0x10_2000)
    #expect(memory.read(PhysicalAddress(UInt64(module)), as: UInt8.self) == 5)
  }

  @Test func requirementsAreRefusedByName() {
    #expect(throws: MultibootImage.Failure.feature(2, "a video mode")) {
      try MultibootImage.parse(Samples.kernel(flags: 0x04))
    }
    for bit in 3..<16 {
      #expect(throws: MultibootImage.Failure.feature(bit, "an unknown feature")) {
        try MultibootImage.parse(Samples.kernel(flags: 1 << UInt32(bit)))
      }
    }
    // The upper half is optional.
    for bit in 17..<32 {
      #expect(throws: Never.self) { try MultibootImage.parse(Samples.kernel(flags: 1 << UInt32(bit))) }
    }
  }

  @Test func theHeaderMustLieInTheFirst8192Bytes() {
    func file(_ offset: Int) -> [UInt8] {
      [UInt8](repeating: 0, count: offset)
        + Samples.header(
          flags: 0x1_0000, [0x10_0000 + UInt32(offset), 0x10_0000, 0, 0, 0x10_0000])
    }
    #expect(throws: Never.self) { try MultibootImage.parse(file(8192 - 32)) }
    for offset in [2, 8192 - 8, 8192] {
      #expect(throws: MultibootImage.Failure.noHeader) { try MultibootImage.parse(file(offset)) }
    }
    #expect(throws: MultibootImage.Failure.damaged("the header's address fields end after 8192 bytes")) {
      try MultibootImage.parse(file(8192 - 16))
    }
    var wrong = file(0)
    wrong[8] ^= 1
    #expect(throws: MultibootImage.Failure.noHeader) { try MultibootImage.parse(wrong) }
    #expect(!MultibootImage.isMultiboot(wrong))
    #expect(MultibootImage.isMultiboot(Samples.kernel(flags: 4)))
    #expect(throws: MultibootImage.Failure.noAddresses) { try MultibootImage.parse(Samples.header(flags: 0)) }
  }

  @Test func liesAboutAddresses() {
    for file in [
      Samples.flat(header: 0xF_FFFF), Samples.flat(header: 0x10_0041 + 0x1000), Samples.flat(loadEnd: 0xF_FFFF),
      Samples.flat(loadEnd: 0x10_1000), Samples.flat(bssEnd: 0x10_0010), Samples.flat(entry: 0xF_FFFF),
      Samples.flat(entry: 0x10_1000), Samples.flat(header: .max, load: 0), Samples.flat(header: 0, load: .max),
    ] {
      #expect(throws: MultibootImage.Failure.self) { try MultibootImage.parse(file) }
    }
  }

  @Test func whatDoesNotFitIsAnError() throws {
    let image = try MultibootImage.parse(Samples.kernel())
    #expect(throws: MultibootImage.PlacementFailure.notRAM(0x20_0000, 0x21_2344)) {
      try image.place(into: try PhysicalMemory(size: 2 << 20))
    }
    let memory = try PhysicalMemory(size: 3 << 20)
    let large = MultibootImage.Module(bytes: [UInt8](repeating: 0, count: 1 << 20), commandLine: "")
    #expect(throws: MultibootImage.PlacementFailure.noRoom("a module", 1 << 20)) {
      try image.place(into: memory, modules: [large])
    }
    let long = String(repeating: "x", count: 4 << 20)
    #expect(throws: MultibootImage.PlacementFailure.noRoom("the Multiboot information", 4_194_304 + 120 + 7 * 24 + 11))
    {
      try image.place(into: memory, commandLine: long)
    }
    #expect(throws: MultibootImage.PlacementFailure.zeroByte("a\0b")) {
      try image.place(into: memory, commandLine: "a\0b")
    }
    // Base memory only up to the extended BIOS data area, nothing in the ROM's place.
    let rom = Samples.elf(
      entry: 0xF_0000,
      segments: [.init(virtual: 0xF_0000, physical: 0xF_0000, bytes: Samples.header(flags: 0), memory: 0x100)])
    #expect(throws: MultibootImage.PlacementFailure.self) { try MultibootImage.parse(rom).place(into: memory) }
  }

  /// Whatever is done to an image, it is loaded or refused, and every error is one line.
  @Test func mutatedImagesNeverTrap() throws {
    let memory = try PhysicalMemory(size: 4 << 20)
    let seeds = [Samples.kernel(), Samples.kernel(wide: true), Samples.flat(bssEnd: 0x10_4000)]
    var random = SplitMix64(state: 11)
    var loaded = 0
    var refused: Set<String> = []
    for round in 0..<6000 {
      var file = seeds[round % seeds.count]
      let extremes: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF]
      for _ in 0...random.next() % 4 {
        let place = Int(random.next() % UInt64(file.count))
        switch random.next() % 4 {
        case 0: file[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: file[place] = extremes[Int(random.next() % 5)]
        case 2: for index in place..<min(place + 8, file.count) { file[index] = 0xFF }
        default: if random.next() % 8 == 0 { file.removeLast(file.count - place) }
        }
        if file.isEmpty { break }
      }
      do {
        let image = try MultibootImage.parse(file)
        let entry = try image.place(into: memory, modules: [.init(bytes: [1, 2], commandLine: "x")], commandLine: "y")
        #expect(entry.information != 0)
        loaded += 1
      } catch {
        #expect(!"\(error)".contains("\n"))
        refused.insert("\(type(of: error))\(error)".filter { !$0.isNumber })
      }
      if ELF.isELF(file) {
        do {
          let elf = try ELF(file)
          _ = try elf.symbols()
          _ = try elf.address(ofSymbol: "end")
        } catch { #expect(!"\(error)".contains("\n")) }
      }
    }
    #expect(loaded > 500)
    #expect(refused.count > 8)
  }
}

/// System V Application Binary Interface, "Object Files".
@Suite struct ELFTests {
  @Test(arguments: [false, true])
  func symbols(wide: Bool) throws {
    let elf = try ELF(MultibootSamples.kernel(wide: wide))
    #expect(elf.is64Bit == wide)
    #expect(try elf.symbols().map(\.name) == ["start", "end"])
    #expect(try elf.symbols().map(\.size) == [8, 8])
    #expect(try elf.address(ofSymbol: "start") == elf.entry)
    #expect(try elf.address(ofSymbol: "end") == elf.entry + 0x40)
    #expect(try elf.address(ofSymbol: "star") == nil)
    #expect(try elf.address(ofSymbol: "startx") == nil)
  }

  @Test func otherFiles() {
    #expect(throws: ELF.Failure.magic) { try ELF([]) }
    #expect(throws: ELF.Failure.magic) { try ELF(Array("#!/bin/sh".utf8)) }
    var file = MultibootSamples.kernel()
    file[18] = 40
    #expect(throws: ELF.Failure.notX86) { try ELF(file) }
    #expect(throws: ELF.Failure.outside("the header")) { try ELF(Array(MultibootSamples.kernel().prefix(51))) }
    #expect(throws: ELF.Failure.outside("the section header table")) {
      try ELF(Array(MultibootSamples.kernel().dropLast()))
    }
  }
}
