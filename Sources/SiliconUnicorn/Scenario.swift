import Silicon

/// The physical addresses that both sides have; the whole is 2 MiB.
enum ModeLayout {
  static let memory = 2 << 20
  /// The stacks of the ways in.
  static let scratch = 0x6000..<0x6F00
  /// Where Unicorn's way into real-address mode begins, from 32-bit and from 64-bit code.
  static let entry32 = 0x7000
  static let entry64 = 0x6F00
  /// Operands of LGDT and LIDT.
  static let gdtPointer = 0x7F00
  static let idtPointer = 0x7F10
  /// The way from real-address mode into the scenario's mode, the same on both sides.
  static let prologue = 0x8000
  /// What cases change and what is compared after each: tables, then data.
  static let compared = 0x1_0000
  static let gdt = 0x1_0000
  static let ldt = 0x1_1000
  static let idt = 0x1_2000
  static let tss = 0x1_3000
  static let data = 0x1_4000
  static let dataBytes = 0x4000
  static let comparedEnd = data + dataBytes
  /// A slot for each case of a batch, which ends in HLTs; below the data, so that CS reaches these, too.
  static let code = 0xC000
  static let slotBytes = 64
  /// What the longest case takes of a slot, or more.
  static let caseBytes = 40
  static let slots = 256
  static let pageTables = 0x3_0000
}

/// Modes in which cases run; the raw values are those of the tables.
public enum ScenarioMode: String, CaseIterable, Sendable {
  /// Real-address mode.
  case real
  /// Protected mode, 16-bit and 32-bit code.
  case protected16 = "16"
  case protected32 = "32"
  /// IA-32e mode, 32-bit and 64-bit code.
  case compatibility = "compat"
  case long = "64"

  var isLong: Bool { self == .compatibility || self == .long }
  /// log2 of the code's default operand size in bytes, and of the address size.
  var isCode16: Bool { self == .real || self == .protected16 }
}

/// A state in which cases of a batch begin: mode, privilege, segments, descriptor tables.
struct Scenario {
  let mode: ScenarioMode
  let privilege: UInt16
  /// Bases of ES, CS, SS, DS, FS, GS.
  private(set) var bases: [UInt64] = []
  private(set) var isStack32 = false
  /// The machine's memory.
  private(set) var image: [UInt8]
  /// Instructions of the prologue.
  private(set) var prologueCount = 0

  /// Entries of the GDT and of the LDT.
  static let entries = 64
  static let localEntries = 32
  private enum Entry {
    static let code: UInt16 = 1
    static let tss: UInt16 = 10
    static let ldt: UInt16 = 12
    static let firstRandom = 14
    static let bootData16: UInt16 = 59
    static let bootData: UInt16 = 60
    static let boot64: UInt16 = 61
    static let boot32: UInt16 = 62
    static let boot16: UInt16 = 63
  }

  init(_ mode: ScenarioMode, privilege: UInt16, random: inout Randomness) {
    self.mode = mode
    self.privilege = mode == .real ? 0 : privilege
    image = [UInt8](repeating: 0, count: ModeLayout.memory)
    for offset in ModeLayout.code..<ModeLayout.code + ModeLayout.slots * ModeLayout.slotBytes { image[offset] = 0xF4 }
    for offset in stride(from: ModeLayout.data, to: ModeLayout.comparedEnd, by: 8) {
      put(random.value(), at: offset, bytes: 8)
    }
    chooseBases(&random)
    fillTables(&random)
    if mode.isLong { fillPageTables() }
    assemble()
  }

  /// Offset of a case's first instruction in CS.
  func start(_ slot: Int) -> UInt64 { UInt64(ModeLayout.code + slot * ModeLayout.slotBytes) - bases[1] }

  mutating func put(_ value: UInt64, at address: Int, bytes: Int) {
    for index in 0..<bytes { image[address + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }

  /// Hands over what lies in the image where the ways in have their stacks, which are not the same on both sides.
  func withScratch(_ body: (UnsafeRawPointer, Int) -> Void) {
    image.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      body(base + ModeLayout.scratch.lowerBound, ModeLayout.scratch.count)
    }
  }

  // MARK: Segments

  private mutating func chooseBases(_ random: inout Randomness) {
    let isFlat = mode == .long || !mode.isCode16 && random.once(in: 2)
    isStack32 = mode != .real && (mode == .long || random.once(in: mode.isCode16 ? 4 : 1) || !mode.isCode16)
    bases = (0..<6).map { number in
      if mode == .long && number >= 4 { return random.once(in: 2) ? 0 : UInt64(random.below(ModeLayout.data)) & ~15 }
      if isFlat { return 0 }
      if number == 1 { return UInt64(ModeLayout.code - 0x3FC0 + random.below(0x3FC0)) & ~63 }
      return UInt64(ModeLayout.data - 0x8000 + random.below(0x8000)) & ~15
    }
  }

  /// A descriptor of a segment: D/B, and a limit of 64 KiB or 4 GiB.
  private func descriptor(base: UInt64, type: UInt64, privilege: UInt16, big: Bool, long: Bool = false) -> UInt64 {
    let limit: UInt64 = big || long ? 0xF_FFFF : 0xFFFF
    let access = 0x90 | type | UInt64(privilege) << 5
    let flags: UInt64 = (big || long ? 8 : 0) | (big && !long ? 4 : 0) | (long ? 2 : 0)
    return limit & 0xFFFF | (base & 0xFF_FFFF) << 16 | access << 40 | (limit >> 16) << 48 | flags << 52
      | (base >> 24) << 56
  }

  private mutating func setEntry(_ number: UInt16, _ value: UInt64) {
    put(value, at: ModeLayout.gdt + Int(number) * 8, bytes: 8)
  }

  private mutating func fillTables(_ random: inout Randomness) {
    for number in Entry.firstRandom..<Int(Entry.bootData16) { setEntry(UInt16(number), randomDescriptor(&random)) }
    for number in 0..<Scenario.localEntries {
      put(randomDescriptor(&random), at: ModeLayout.ldt + number * 8, bytes: 8)
    }
    setEntry(
      Entry.code,
      descriptor(base: bases[1], type: 0xB, privilege: privilege, big: !mode.isCode16, long: mode == .long))
    for number in [0, 2, 3, 4, 5] {
      let isBig = number == 2 ? isStack32 : !mode.isCode16
      let base = mode == .long ? 0 : bases[number]
      setEntry(Scenario.dataEntry(number), descriptor(base: base, type: 3, privilege: privilege, big: isBig))
    }
    let system = { (type: UInt64, base: Int, limit: Int) in
      UInt64(limit) | UInt64(base) << 16 | (0x80 | type) << 40
    }
    setEntry(Entry.tss, system(9, ModeLayout.tss, 0x67))
    setEntry(Entry.ldt, system(2, ModeLayout.ldt, Scenario.localEntries * 8 - 1))
    setEntry(Entry.bootData16, descriptor(base: 0, type: 3, privilege: 0, big: false))
    setEntry(Entry.bootData, descriptor(base: 0, type: 3, privilege: 0, big: true))
    setEntry(Entry.boot64, descriptor(base: 0, type: 0xB, privilege: 0, big: true, long: true))
    setEntry(Entry.boot32, descriptor(base: 0, type: 0xB, privilege: 0, big: true))
    setEntry(Entry.boot16, descriptor(base: 0, type: 0xB, privilege: 0, big: false))
    fillTSS()
  }

  /// Entry of a data segment's scenario descriptor, by the segment register's number.
  private static func dataEntry(_ number: Int) -> UInt16 { UInt16(2 + number) }

  /// Stacks for the inner rings: in the data.
  private mutating func fillTSS() {
    for ring in 0..<3 {
      let pointer = UInt64(ModeLayout.data + 0x1000 + ring * 0x800)
      if mode.isLong {
        put(pointer, at: ModeLayout.tss + 4 + ring * 8, bytes: 8)
      } else {
        put(pointer, at: ModeLayout.tss + 4 + ring * 8, bytes: 4)
        put(UInt64(Entry.bootData) << 3, at: ModeLayout.tss + 8 + ring * 8, bytes: 2)
      }
    }
    put(0xFFFF, at: ModeLayout.tss + 0x66, bytes: 2)
  }

  /// Code, data, gates and what is none of these; present and of the scenario's privilege more often than not.
  private func randomDescriptor(_ random: inout Randomness) -> UInt64 {
    let ring = random.once(in: 2) ? privilege : UInt16(random.below(4))
    let absent: UInt64 = random.once(in: 8) ? 1 << 47 : 0
    switch random.below(8) {
    case 0..<3:
      let base = UInt64(ModeLayout.data - random.below(0x8000)) & ~15
      return descriptor(base: base, type: UInt64(random.below(8)), privilege: ring, big: random.once(in: 2)) ^ absent
    case 3..<6:
      let base = UInt64(ModeLayout.code - random.below(0x8000)) & ~63
      let isLong = mode.isLong && random.once(in: 2)
      let type = UInt64(8 + random.below(8))
      return descriptor(
        base: isLong ? 0 : base, type: type, privilege: ring, big: !isLong && random.once(in: 2), long: isLong)
        ^ absent
    case 6:
      // A call gate.
      let type: UInt64 = mode.isLong || random.once(in: 2) ? 0xC : 4
      let selector = UInt64(random.below(Scenario.entries)) << 3
      let offset = random.haltOffset()
      let count = UInt64(random.below(4))
      return offset | selector << 16 | count << 32 | (0x80 | type | UInt64(ring) << 5) << 40 ^ absent
    default:
      let type = UInt64(random.below(16))
      let isTask = [1, 3, 5, 9, 11].contains(type)
      let system: UInt64 = isTask ? 0 : type
      return UInt64(random.below(0x1_0000)) | UInt64(ModeLayout.data) << 16
        | (0x80 | system | UInt64(ring) << 5) << 40 ^ absent
    }
  }

  /// The first 2 MiB, mapped to themselves for users, too.
  private mutating func fillPageTables() {
    put(UInt64(ModeLayout.pageTables + 0x1000) | 0x67, at: ModeLayout.pageTables, bytes: 8)
    put(UInt64(ModeLayout.pageTables + 0x2000) | 0x67, at: ModeLayout.pageTables + 0x1000, bytes: 8)
    put(0xE7, at: ModeLayout.pageTables + 0x2000, bytes: 8)
  }

  // MARK: The way in

  private mutating func assemble() {
    put(UInt64(Scenario.entries * 8 - 1) | UInt64(ModeLayout.gdt) << 16, at: ModeLayout.gdtPointer, bytes: 8)
    put(0x7FF | UInt64(ModeLayout.idt) << 16, at: ModeLayout.idtPointer, bytes: 8)
    put(0, at: ModeLayout.idtPointer + 6, bytes: 4)
    write(entry32, at: ModeLayout.entry32)
    write(entry64, at: ModeLayout.entry64)
    var program = Program(origin: ModeLayout.prologue)
    program.add([0x66, 0x0F, 0x01, 0x16], UInt64(ModeLayout.gdtPointer), 2)
    program.add([0x66, 0x0F, 0x01, 0x1E], UInt64(ModeLayout.idtPointer), 2)
    if mode == .real { enterReal(&program) } else { enterProtected(&program) }
    write(program.bytes, at: ModeLayout.prologue)
    prologueCount = program.count
  }

  private mutating func write(_ bytes: [UInt8], at address: Int) {
    for (offset, byte) in bytes.enumerated() { image[address + offset] = byte }
  }

  private func enterReal(_ program: inout Program) {
    for number in [0, 2, 3, 4, 5] {
      program.add([0xB8], bases[number] >> 4, 2)
      program.add([0x8E, UInt8(0xC0 | number << 3)])
    }
    program.add([0xEA], start(0) | (bases[1] >> 4) << 16, 4)
  }

  private func enterProtected(_ program: inout Program) {
    if mode.isLong {
      program.add([0x66, 0xB8], 0x20, 4)
      program.add([0x0F, 0x22, 0xE0])
      program.add([0x66, 0xB8], UInt64(ModeLayout.pageTables), 4)
      program.add([0x0F, 0x22, 0xD8])
      program.add([0x66, 0xB9], 0xC000_0080, 4)
      program.add([0x66, 0xB8], 0x101, 4)
      program.add([0x66, 0x31, 0xD2])
      program.add([0x0F, 0x30])
    }
    program.add([0x66, 0xB8], mode.isLong ? 0x8000_0011 : 0x11, 4)
    program.add([0x0F, 0x22, 0xC0])
    let next = UInt64(program.end + 8)
    let boot = mode.isLong ? Entry.boot64 : Entry.boot32
    program.add([0x66, 0xEA], next | UInt64(boot) << 35, 6)
    for (selector, code) in [(Entry.ldt, [0x0F, 0x00, 0xD0]), (Entry.tss, [0x0F, 0x00, 0xD8])] as [(UInt16, [UInt8])] {
      program.add([0xB8], UInt64(selector) << 3, 4)
      program.add(code)
    }
    for number in [0, 3, 4, 5] {
      program.add([0xB8], selector(number), 4)
      program.add([0x8E, UInt8(0xC0 | number << 3)])
    }
    if mode == .long {
      // FS and GS have their bases from the registers that hold all 64 bits.
      for (number, register) in [(4, UInt64(0xC000_0100)), (5, 0xC000_0101)] {
        program.add([0xB9], register, 4)
        program.add([0xB8], bases[number], 4)
        program.add([0x31, 0xD2])
        program.add([0x0F, 0x30])
      }
    }
    if mode.isLong || privilege > 0 {
      program.add([0xB8], UInt64(Entry.bootData) << 3, 4)
      program.add([0x8E, 0xD0])
      program.add([0xBC], UInt64(ModeLayout.entry64 - 0x200), 4)
      program.add([0x68], selector(2), 4)
      program.add([0x68], 0x8000, 4)
      program.add([0x68], 2, 4)
      program.add([0x68], selector(1), 4)
      program.add([0x68], start(0), 4)
      program.add(mode.isLong ? [0x48, 0xCF] : [0xCF])
    } else {
      program.add([0xB8], selector(2), 4)
      program.add([0x8E, 0xD0])
      program.add([0xEA], start(0) | selector(1) << 32, 6)
    }
  }

  private func selector(_ number: Int) -> UInt64 {
    UInt64((number == 1 ? Entry.code : Scenario.dataEntry(number)) << 3 | privilege)
  }

  /// From 32-bit code to real-address mode, for Unicorn, which begins there.
  private var entry32: [UInt8] {
    var program = Program(origin: ModeLayout.entry32)
    program.add([0x0F, 0x01, 0x15], UInt64(ModeLayout.gdtPointer), 4)
    program.add([0xEA], UInt64(program.end + 7) | UInt64(Entry.boot16) << 35, 6)
    program.add([0xB8], UInt64(Entry.bootData16) << 3, 2)
    for number: UInt8 in [0, 2, 3, 4, 5] { program.add([0x8E, 0xC0 | number << 3]) }
    program.add([0x66, 0xB8], 0x10, 4)
    program.add([0x0F, 0x22, 0xC0])
    program.add([0xEA], UInt64(ModeLayout.prologue), 4)
    return program.bytes
  }

  /// From 64-bit code to 32-bit code without paging, for Unicorn.
  private var entry64: [UInt8] {
    var program = Program(origin: ModeLayout.entry64)
    program.add([0x0F, 0x01, 0x14, 0x25], UInt64(ModeLayout.gdtPointer), 4)
    program.add([0x68], UInt64(Entry.boot32) << 3, 4)
    program.add([0x68], UInt64(program.end + 7), 4)
    program.add([0x48, 0xCB])
    program.add([0xB8], 0x11, 4)
    program.add([0x0F, 0x22, 0xC0])
    program.add([0xB9], 0xC000_0080, 4)
    program.add([0x31, 0xC0])
    program.add([0x31, 0xD2])
    program.add([0x0F, 0x30])
    program.add([0x0F, 0x22, 0xE0])
    program.add([0xE9], UInt64(bitPattern: Int64(ModeLayout.entry32 - program.end - 5)), 4)
    return program.bytes
  }
}

/// Instructions one behind the other.
private struct Program {
  let origin: Int
  var bytes: [UInt8] = []
  var count = 0

  init(origin: Int) { self.origin = origin }

  /// Address behind the last instruction.
  var end: Int { origin + bytes.count }

  /// Adds an instruction: its first bytes, then an operand.
  mutating func add(_ code: [UInt8], _ operand: UInt64 = 0, _ size: Int = 0) {
    bytes += code
    for index in 0..<size { bytes.append(UInt8(truncatingIfNeeded: operand >> UInt64(8 * index))) }
    count += 1
  }
}

extension Randomness {
  /// An offset from the first slot, or from any multiple of a slot's size, where there is a HLT if there are slots. Unicorn
  /// translates what is jumped to, and aborts on some of what no assembler writes (LOCK CMP), so transfers go there.
  mutating func haltOffset() -> UInt64 {
    let room = ModeLayout.slotBytes - ModeLayout.caseBytes
    return UInt64(below(ModeLayout.slots) * ModeLayout.slotBytes + ModeLayout.caseBytes + below(room))
  }
}
