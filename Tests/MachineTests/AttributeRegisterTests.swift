import Foundation
import MMU
import Machine
import Testing

/// 82441FX, "PAM[6:0]—Programmable Attribute Map Registers", as software meets them.
@Suite struct AttributeRegisterTests {
  private static let rom = 0x52 as UInt8
  /// `mov al, LETTER; ret`
  private static func function(_ letter: Character) -> [UInt8] { [0xB0, letter.asciiValue ?? 0, 0xC3] }

  /// A program for 64-bit mode, an instruction or a few a line.
  private struct Program {
    var bytes: [UInt8] = []

    /// A processor that spins.
    static let idle = Program(bytes: [0xEB, 0xFE])

    private static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    /// Writes a byte of the host bridge's configuration space.
    mutating func set(_ register: UInt16, _ value: UInt8) {
      bytes += [0xB8] + Self.little(0x8000_0000 | UInt64(register & ~3), 4) + [0x66, 0xBA, 0xF8, 0x0C, 0xEF]
      bytes += [0xB0, value, 0x66, 0xBA] + Self.little(UInt64(0xCFC | register & 3), 2) + [0xEE]
    }

    /// Sends AL over COM1.
    mutating func send() { bytes += [0x66, 0xBA, 0xF8, 0x03, 0xEE] }

    /// mov al, [address]
    mutating func load(_ address: UInt64) { bytes += [0x8A, 0x04, 0x25] + Self.little(address, 4) }

    /// mov byte [address], letter
    mutating func store(_ letter: Character, _ address: UInt64) { store(byte: letter.asciiValue ?? 0, address) }

    mutating func store(byte: UInt8, _ address: UInt64) {
      bytes += [0xC6, 0x04, 0x25] + Self.little(address, 4) + [byte]
    }

    /// lock inc byte [address]
    mutating func increment(_ address: UInt64) { bytes += [0xF0, 0xFE, 0x04, 0x25] + Self.little(address, 4) }

    /// mov rax, value; mov [address], rax
    mutating func store(word: UInt64, _ address: UInt64) {
      bytes += [0x48, 0xB8] + Self.little(word, 8) + [0x48, 0x89, 0x04, 0x25] + Self.little(address, 4)
    }

    /// mov eax, address; call rax
    mutating func call(_ address: UInt64) { bytes += [0xB8] + Self.little(address, 4) + [0xFF, 0xD0] }

    /// mov edi, address; mov ecx, count; mov al, letter; rep stosb
    mutating func fill(_ letter: Character, _ address: UInt64, _ count: UInt64) {
      bytes += [0xBF] + Self.little(address, 4) + [0xB9] + Self.little(count, 4)
      bytes += [0xB0, letter.asciiValue ?? 0, 0xF3, 0xAA]
    }

    /// Writes 0 to port F4h.
    mutating func end() { bytes += [0x31, 0xC0, 0xE6, 0xF4] }
  }

  private final class Text { var bytes: [UInt8] = [] }

  /// A machine of firmware's kind, with its ROM, whose processor begins at a program.
  private func board(
    _ program: Program, _ settings: CacheSettings, _ text: Text, disk: String? = nil
  ) throws -> Board {
    var boot = FirmwareBoot()
    if let disk { boot.disks = [try #require(DiskFile(path: disk, isWritable: false))] }
    var options = BoardOptions()
    options.memory = 16 << 20
    options.blockLimit = settings.blockLimit
    options.usesHostPointers = settings.usesHostPointers
    options.processors = settings.processors
    options.boot = boot
    let board = try Board(options) { byte in
      text.bytes.append(byte)
      return false
    }
    var rom = [UInt8](repeating: Self.rom, count: 0x2_0000)
    rom.replaceSubrange(0x8000..<0x8003, with: Self.function("r"))
    try ROMImage.load(rom, into: board)
    try FlatImage.load(program.bytes, into: board)
    return board
  }

  /// What a program sends, and the hash behind it, whatever the machine's own caches are.
  private func run(_ program: Program) throws -> String {
    var results: Set<[String]> = []
    for settings in CacheSettings.all {
      let text = Text()
      let board = try board(program, settings, text)
      let end = board.run()
      #expect(end == .guestExit(1))
      for processor in board.processors { #expect(processor.translation.checkInvariants() == nil) }
      results.insert([String(decoding: text.bytes, as: UTF8.self), board.hash()])
    }
    #expect(results.count == 1)
    return results.first?.first ?? ""
  }

  @Test("each half of a register is for its part, and after RESET all reads are PCI's")
  func registers() throws {
    let board = try board(Program.idle, CacheSettings(), Text())
    func write(_ register: UInt32, _ value: UInt32) {
      board.processor.ports.write(port: 0xCF8, size: 4, value: 0x8000_0000 | register & ~3, at: 0)
      board.processor.ports.write(port: UInt16(0xCFC | register & 3), size: 1, value: value, at: 0)
    }
    func read(_ register: UInt32) -> UInt32 {
      board.processor.ports.write(port: 0xCF8, size: 4, value: 0x8000_0000 | register & ~3, at: 0)
      return board.processor.ports.read(port: UInt16(0xCFC | register & 3), size: 1, at: 0)
    }
    // As firmware leaves them, for an image that is booted directly.
    #expect((0x59...0x5F).map(read) == [0x30, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33])
    let memory = board.memory
    #expect(memory.attributes == AttributeMap())
    let parts: [(UInt32, UInt32, Range<UInt64>)] = [
      (0x59, 4, 0xF_0000..<0x10_0000), (0x5A, 0, 0xC_0000..<0xC_4000), (0x5A, 4, 0xC_4000..<0xC_8000),
      (0x5B, 0, 0xC_8000..<0xC_C000), (0x5C, 4, 0xD_4000..<0xD_8000), (0x5E, 0, 0xE_0000..<0xE_4000),
      (0x5F, 4, 0xE_C000..<0xF_0000),
    ]
    for (register, shift, range) in parts {
      for bits: UInt32 in 0..<4 {
        let others: UInt32 = register == 0x59 ? 0 : 0x33 & ~(3 << shift)
        write(register, 0xCC | others | bits << shift)
        #expect(read(register) == others | bits << shift)
        var map = AttributeMap()
        map.set(range, isReadable: bits & 1 != 0, isWritable: bits & 2 != 0)
        #expect(memory.attributes == map)
      }
    }
    board.reset()
    #expect((0x59...0x5F).map(read).allSatisfy { $0 == 0 })
    #expect(memory.read(PhysicalAddress(0xF_0000), as: UInt8.self) == Self.rom)
    #expect(memory.read(PhysicalAddress(0xD_0000), as: UInt8.self) == 0xFF)
  }

  @Test("loads and stores: RAM, ROM over RAM that is written, RAM that is not written, ROM")
  func loadsAndStores() throws {
    let address: UInt64 = 0xE_8100
    var program = Program()
    for (bits, letter) in [(3, "a"), (2, "b"), (1, "c"), (0, "d"), (3, "e")] as [(UInt8, Character)] {
      program.set(0x5F, bits)
      program.load(address)
      program.send()
      program.store(letter, address)
      program.load(address)
      program.send()
    }
    program.end()
    #expect(try run(program) == "\0aRRbbRRbe")
  }

  @Test("a locked increment, a quadword across the edge, a repeated store across parts")
  func wideStores() throws {
    let address: UInt64 = 0xE_8100
    var program = Program()
    program.store("k", address)
    program.set(0x5F, 0x31)
    program.increment(address)
    program.load(address)
    program.send()
    program.set(0x5F, 0x32)
    // Reads the ROM's byte, writes the next one to RAM.
    program.increment(address)
    program.set(0x5F, 0x31)
    program.load(address)
    program.send()
    program.store(word: 0x6666_6666_6565_6565, 0xE_7FFC)
    program.fill("z", 0xE_BFFE, 4)
    program.set(0x5F, 0x33)
    for place: UInt64 in [0xE_7FFF, 0xE_8000, 0xE_BFFF, 0xE_C000] {
      program.load(place)
      program.send()
    }
    program.end()
    #expect(try run(program) == "kSe\0\0z")
  }

  @Test("fetches: code changes with the register, and a store to code that is not written changes nothing")
  func fetches() throws {
    let address: UInt64 = 0xE_8000
    var program = Program()
    for (offset, byte) in Self.function("w").enumerated() {
      program.store(byte: byte, address + UInt64(offset))
    }
    for (bits, letter) in [(3, "1"), (2, "2"), (1, "3"), (0, "4"), (3, "5")] as [(UInt8, Character)] {
      program.set(0x5F, bits)
      program.call(address)
      program.send()
      program.store(letter, address + 1)
      program.call(address)
      program.send()
    }
    program.end()
    #expect(try run(program) == "w1rr22rr25")
  }

  @Test("a bus master meets what processors meet")
  func busMaster() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try Data((0..<4).flatMap { [UInt8](repeating: 0x40 + $0, count: 512) }).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let board = try board(Program.idle, CacheSettings(), Text(), disk: path)
    func out(_ port: UInt16, _ value: UInt32, size: Int = 1) {
      board.processor.ports.write(port: port, size: size, value: value, at: 0)
    }
    func configure(_ address: UInt32, _ value: UInt32, size: Int = 4) {
      out(0xCF8, 0x8000_0000 | address & ~3, size: 4)
      out(UInt16(0xCFC | address & 3), value, size: size)
    }
    configure(0x920, 0xC001)
    configure(0x904, 5)
    board.memory.write(PhysicalAddress(0x1000), 0xE_8000 as UInt32)
    board.memory.write(PhysicalAddress(0x1004), 0x8000_0200 as UInt32)
    /// READ DMA or WRITE DMA of a sector.
    func transfer(_ command: UInt32, _ sector: UInt32) {
      out(0xC004, 0x1000, size: 4)
      for (port, value) in [(0x1F2, 1), (0x1F3, sector), (0x1F4, 0), (0x1F5, 0), (0x1F6, 0xE0), (0x1F7, command)]
        as [(UInt16, UInt32)]
      {
        out(port, value)
      }
      out(0xC000, command == 0xC8 ? 9 : 1)
      out(0xC000, 0)
    }
    func byte() -> UInt8 { board.memory.read(PhysicalAddress(0xE_8100), as: UInt8.self) }
    var seen: [UInt8] = []
    for (bits, sector) in [(3, 0), (1, 1), (2, 2), (0, 3), (3, 3)] as [(UInt32, UInt32)] {
      configure(0x5F, bits, size: 1)
      if bits != 3 || sector == 0 { transfer(0xC8, sector) }
      seen.append(byte())
    }
    #expect(seen == [0x40, 0x40, Self.rom, Self.rom, 0x42])
    // To the disk goes what reads give.
    configure(0x5F, 2, size: 1)
    transfer(0xCA, 0)
    configure(0x5F, 3, size: 1)
    transfer(0xC8, 0)
    #expect(byte() == Self.rom)
  }

  @Test("a fork and a restored machine go on with what was hidden")
  func snapshots() throws {
    let address: UInt64 = 0xE_8100
    var program = Program()
    program.set(0x5F, 2)
    program.store("h", address)
    program.load(address)
    program.send()
    program.set(0x5F, 1)
    program.store("i", address)
    program.load(address)
    program.send()
    program.end()
    let text = Text()
    let board = try board(program, CacheSettings(), text)
    var limits = RunLimits()
    limits.instructions = 7
    let cut = board.run(limits)
    #expect(cut == .instructionLimit)
    let snapshot = try board.snapshot()
    let other = Text()
    let fork = try Board(forking: snapshot) { (byte: UInt8) in
      other.bytes.append(byte)
      return false
    }
    var ends = [board.run(), fork.run()]
    var hashes = [board.hash(), fork.hash()]
    try board.restore(snapshot)
    ends.append(board.run())
    hashes.append(board.hash())
    #expect(ends.allSatisfy { $0 == .guestExit(1) })
    #expect(Set(hashes).count == 1)
    #expect(String(decoding: other.bytes, as: UTF8.self) == "Rh")
    #expect(String(decoding: text.bytes, as: UTF8.self) == "RhRh")
  }

  @Test("without firmware C0000h-FFFFFh are RAM, behind a reset too")
  func withoutFirmware() throws {
    var options = BoardOptions()
    options.memory = 16 << 20
    let board = try Board(options) { (_: UInt8) in false }
    try ROMImage.load([UInt8](repeating: 0x90, count: 0x1_0000), into: board)
    let memory = board.memory
    for _ in 0..<2 {
      #expect(memory.attributes == AttributeMap())
      #expect(memory.read(PhysicalAddress(0xF_1000), as: UInt8.self) == 0x90)
      memory.write(PhysicalAddress(0xF_1000), 1 as UInt8)
      #expect(memory.read(PhysicalAddress(0xF_1000), as: UInt8.self) == 1)
      board.reset()
      try ROMImage.load([UInt8](repeating: 0x90, count: 0x1_0000), into: board)
    }
  }
}
