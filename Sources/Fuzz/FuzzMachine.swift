import CPU
import Layout
import MMU
import Opcodes

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// How a machine's own caches are set; results must not depend on it.
public struct FuzzSettings: Sendable {
  /// Instructions a block holds at most.
  public var blockLimit = 32
  /// Whether accesses may use host pointers.
  public var usesHostPointers = true

  /// The defaults of the command line.
  public init(blockLimit: Int = 32, usesHostPointers: Bool = true) {
    self.blockLimit = blockLimit
    self.usesHostPointers = usesHostPointers
  }
}

/// How a case ended.
public enum FuzzOutcome: Hashable, Sendable {
  /// An exception or software interrupt arrived at its handler.
  case vector(UInt8)
  /// HLT, elsewhere.
  case halted
  /// The instructions were executed, and more would have been.
  case completed
  /// The cycles that a case may take were over: a repeated string instruction.
  case cycles
  /// The shutdown state.
  case shutdown
  /// Something that is not built.
  case refused
}

/// Runs a few instructions in a state made of a case's number, and puts the machine back afterwards.
///
/// All of a case has to cost some microseconds: the processor is used again, RESET and the pages that a case wrote are all
/// that is put back.
final class FuzzMachine {
  /// Instructions that a case executes at most.
  static let instructions: UInt64 = 4
  /// Cycles that a case may take: repeated string instructions go on for up to so many iterations.
  static let cycles: UInt64 = 300

  private let memory: PhysicalMemory
  private let processor: Processor
  private let ports = Ports()
  private let pristine: UnsafeMutableRawPointer
  private let gpr: UnsafeMutablePointer<UInt64>
  private let strings: ByteStrings

  /// Ports hold what was last written to any of them.
  private final class Ports: PortSpace {
    var last: UInt32 = 0
    func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 { last &+ UInt32(port) }
    func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) { last = value }
  }

  /// - Throws: when the machine cannot be made.
  init(_ settings: FuzzSettings, strings: ByteStrings) throws {
    guard let timing = try TimingTable.named("unit"), let model = try CPUModel.named("max") else { throw NoModel() }
    memory = try PhysicalMemory(size: FuzzTables.memory)
    let blocks = BlockCache(memory: memory, limit: settings.blockLimit, arenaSize: 1 << 20)
    processor = Processor(
      memory: memory, ports: ports, blocks: blocks, decoder: try Decoder(timing: timing), timing: timing,
      options: ProcessorOptions(model: model, usesHostPointers: settings.usesHostPointers))
    gpr = UnsafeMutableRawPointer(processor.state).assumingMemoryBound(to: UInt64.self)
    FuzzTables.write(to: memory)
    pristine = .allocate(byteCount: Int(memory.size), alignment: 4096)
    pristine.copyMemory(from: memory.base, byteCount: Int(memory.size))
    for page in 0..<Int(memory.size >> 12) { memory.pages[page].isTouched = false }
    self.strings = strings
  }

  deinit { pristine.deallocate() }

  struct NoModel: Error {}

  /// Runs a case and adds what it left behind to a hash; memory is as before.
  func run(_ number: Int, seed: UInt64, into hasher: inout StateHasher) -> (place: Int, outcome: FuzzOutcome) {
    var random = FuzzRandom(seed: seed, case: number)
    let place = random.below(FuzzMode.places.count)
    let (mode, privilege) = FuzzMode.places[place]
    prepare(mode, privilege, &random)
    let code = putCode(mode, privilege, &random)
    let s = processor.state
    s.pointee.rip = mode.is16Bit || mode == .real ? code - FuzzTables.code : code
    processor.stateReplaced()
    let start = s.pointee.cycles
    let stop = processor.run(until: start + FuzzMachine.cycles, instructionLimit: FuzzMachine.instructions)
    let outcome = outcome(of: stop)
    processor.hash(into: &hasher)
    hasher.add(UInt64(ports.last))
    putBack(&hasher)
    return (place, outcome)
  }

  /// The bytes that a case runs, for people.
  func bytes(_ number: Int, seed: UInt64) -> (mode: FuzzMode, privilege: UInt8, bytes: [UInt8], address: UInt64) {
    var random = FuzzRandom(seed: seed, case: number)
    let (mode, privilege) = FuzzMode.places[random.below(FuzzMode.places.count)]
    prepare(mode, privilege, &random)
    let address = putCode(mode, privilege, &random)
    var bytes = [UInt8](repeating: 0, count: FuzzMachine.codeBytes)
    bytes.withUnsafeMutableBytes { memory.read(PhysicalAddress(address), into: $0) }
    var ignored = StateHasher()
    putBack(&ignored)
    return (mode, privilege, bytes, address)
  }

  /// What the state is, for people.
  var description: [String] {
    let s = processor.state
    func hex(_ value: UInt64) -> String { String(value, radix: 16) }
    let names = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"] + (8..<16).map { "r\($0)" }
    return [
      names.enumerated().map { "\($1)=\(hex(gpr[$0]))" }.joined(separator: " "),
      "rip=\(hex(s.pointee.rip)) rflags=\(hex(s.rflags)) cr0=\(hex(s.pointee.cr0)) cr2=\(hex(s.pointee.cr2)) "
        + "cr3=\(hex(s.pointee.cr3)) cr4=\(hex(s.pointee.cr4)) efer=\(hex(s.pointee.efer)) "
        + "cycles=\(s.pointee.cycles) instructions=\(s.pointee.instructions)",
    ]
  }

  // MARK: The end

  private func outcome(of stop: Stop) -> FuzzOutcome {
    switch stop {
    case .refused: return .refused
    case .shutdown: return .shutdown
    case .deadline: return .cycles
    case .instructionLimit: return .completed
    case .halted, .waitingForSIPI:
      let s = processor.state.pointee
      let place = s.codeBase &+ s.rip &- 1 &- FuzzTables.handlers
      return place < 256 ? .vector(UInt8(place)) : .halted
    }
  }

  /// Adds the 64-byte pieces of memory that differ from what they were, and puts them back.
  private func putBack(_ hasher: inout StateHasher) {
    for page in 0..<Int(memory.size >> 12) where memory.pages[page].isTouched {
      memory.pages[page].isTouched = false
      memory.pages[page].hasWriter = false
      let now = memory.base + page << 12
      let before = pristine + page << 12
      guard memcmp(now, before, 4096) != 0 else { continue }
      for offset in stride(from: 0, to: 4096, by: 64) where memcmp(now + offset, before + offset, 64) != 0 {
        hasher.add(UInt64(page << 12 + offset))
        hasher.add(UnsafeRawBufferPointer(start: now + offset, count: 64))
        memory.write(
          PhysicalAddress(UInt64(page << 12 + offset)), UnsafeRawBufferPointer(start: before + offset, count: 64))
      }
      memory.pages[page].isTouched = false
    }
  }

  // MARK: The code

  static let codeBytes = 64

  /// Puts a few strings where the code of a mode may lie, and says where.
  private func putCode(_ mode: FuzzMode, _ privilege: UInt8, _ random: inout FuzzRandom) -> UInt64 {
    // A quarter runs into the next page, which is not always there.
    let page = random.once(in: 16) ? 0x3FF0 : UInt64(random.below(4)) << 12
    var offset = page | UInt64(random.below(0xF00))
    if random.once(in: 4) { offset = page | 0xFC0 + UInt64(random.below(64)) }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: FuzzMachine.codeBytes + ByteStrings.length) { room in
      guard let first = room.baseAddress else { return }
      // What ends a case without a fault: HLT, or INT3 at CPL 3.
      let end: UInt8 = privilege == 3 ? 0xCC : 0xF4
      first.initialize(repeating: end, count: room.count)
      let count = 1 + random.below(3)
      var place = 0
      for _ in 0..<count {
        strings.draw(into: first + place, in64BitMode: mode == .long, &random)
        // Most strings are shorter than they might be: the next one begins where the decoder sees the end.
        let rest = UnsafeRawBufferPointer(start: first + place, count: ByteStrings.length)
        place += processor.decoder.identify(rest, as: mode.codeKind)?.length ?? 1
      }
      for index in place..<room.count { first[index] = end }
      memory.write(
        PhysicalAddress(FuzzTables.code + offset), UnsafeRawBufferPointer(start: first, count: FuzzMachine.codeBytes))
    }
    return FuzzTables.code + offset
  }
}

extension FuzzMode {
  /// How its code is decoded.
  var codeKind: CodeKind {
    switch self {
    case .real, .virtual8086: .real
    case .protected16: .protected16
    case .protected32, .compatibility: .protected32
    case .long: .long
    }
  }
}

// MARK: The state that a case begins with

extension FuzzMachine {
  private func prepare(_ mode: FuzzMode, _ privilege: UInt8, _ random: inout FuzzRandom) {
    let s = processor.state
    s.pointee.cycles = 0
    s.pointee.instructions = 0
    processor.reset()
    s.pointee.random = random.next()
    s.pointee.tscAux = random.next() & 0xFFFF_FFFF
    ports.last = UInt32(truncatingIfNeeded: random.next())
    for register in 0..<16 { gpr[register] = value(&random) }
    gpr[4] = FuzzTables.stack + 0x8000 + UInt64(random.below(64)) * 8 &- (random.once(in: 8) ? 0x7FFB : 0)
    for register in 0..<16 { s[xmm: register] = SIMD2(random.next(), random.next()) }
    for register in 0..<8 { s[fpu: register] = FPURegister(significand: random.next(), signAndExponent: 0x3FFF) }
    setControls(mode, &random)
    setFlags(mode, &random)
    setTables(mode)
    setSegments(mode, privilege, &random)
  }

  /// Most often an address in the data, or a small number; else anything.
  private func value(_ random: inout FuzzRandom) -> UInt64 {
    switch random.below(8) {
    case 0...3: return FuzzTables.data + (random.next() & (random.once(in: 2) ? 0xFFF0 : 0xFFFF))
    case 4: return random.next() & 0x3F
    case 5: return 0 &- (random.next() & 0xFF)
    case 6: return random.next() & 0x3F_FFFF
    default: return random.next()
    }
  }

  private func setControls(_ mode: FuzzMode, _ random: inout FuzzRandom) {
    let s = processor.state
    var cr0: UInt64 = 0x30
    if mode != .real { cr0 |= 1 }
    let hasPaging = mode.isLong || mode != .real && random.once(in: 2)
    if hasPaging { cr0 |= 1 << 31 }
    if random.once(in: 2) { cr0 |= 1 << 16 }
    // MP, EM, TS, AM.
    for bit: UInt64 in [1, 2, 3, 18] where random.once(in: 10) { cr0 |= 1 << bit }
    if random.once(in: 10) { cr0 &= ~0x20 }
    s.pointee.cr0 = cr0
    var cr4: UInt64 = 0x650 & (random.once(in: 4) ? random.next() : .max) | (random.once(in: 4) ? 0 : 1 << 18 | 1 << 16)
    // TSD, DE, PGE, PCE.
    for bit: UInt64 in [2, 3, 7, 8] where random.once(in: 6) { cr4 |= 1 << bit }
    // SMEP, SMAP, PKE, PKS: seldom, because stacks are a user's too, and key 0 is everybody's.
    for bit: UInt64 in [20, 21, 22, 24] where random.once(in: 40) { cr4 |= 1 << bit }
    s.pointee.userKeys = UInt32(truncatingIfNeeded: random.next() & 0xFFFF_FFFE)
    s.pointee.supervisorKeys = UInt32(truncatingIfNeeded: random.next() & 0xFFFF_FFFC)
    if mode.isLong {
      cr4 |= 0x20
      s.pointee.cr3 = FuzzTables.pml4
      if random.once(in: 8) { cr4 |= 1 << 17 }
      if random.once(in: 8) {
        cr4 |= 1 << 12
        s.pointee.cr3 = FuzzTables.pml5
      }
    } else if random.once(in: 2) {
      cr4 |= 0x20
      s.pointee.cr3 = hasPaging ? FuzzTables.pointers : 0
      if hasPaging { s.pointee.pointers = (FuzzTables.pml4 + 0x2000 | 1, 0, 0, FuzzTables.pml4 + 0x2000 | 1) }
    } else {
      s.pointee.cr3 = hasPaging ? FuzzTables.pageDirectory : 0
    }
    s.pointee.cr4 = cr4
    s.pointee.efer = (mode.isLong ? 0x500 : 0) | (random.once(in: 8) ? 0 : 0x801)
    s.pointee.star = UInt64(FuzzTables.Selector.code32) << 32 | UInt64(FuzzTables.Selector.userCode32) << 48
    s.pointee.lstar = FuzzTables.handlers + 0x90
    s.pointee.fmask = random.next() & 0x4_7700
    s.pointee.sysenterCS = random.once(in: 4) ? 0 : UInt64(FuzzTables.Selector.code32)
    s.pointee.sysenterESP = FuzzTables.stack + 0x4000
    s.pointee.sysenterEIP = FuzzTables.handlers + 0x91
    s.pointee.kernelGSBase = FuzzTables.data
  }

  private func setFlags(_ mode: FuzzMode, _ random: inout FuzzRandom) {
    var flags = random.next() & (FlagBit.arithmetic | FlagBit.interrupt) | FlagBit.fixed
    if random.once(in: 4) { flags |= FlagBit.direction }
    if random.once(in: 4) { flags |= random.next() & FlagBit.ioPrivilege }
    if random.once(in: 4) { flags |= FlagBit.ioPrivilege }
    if random.once(in: 32) { flags |= FlagBit.trap }
    if random.once(in: 32) { flags |= FlagBit.nestedTask }
    if random.once(in: 32) { flags |= FlagBit.resume }
    if random.once(in: 16) { flags |= FlagBit.alignment }
    if mode == .virtual8086 { flags |= FlagBit.virtual8086 }
    processor.state.rflags = flags
  }

  private func setTables(_ mode: FuzzMode) {
    let s = processor.state
    s.pointee.gdtr = DescriptorTableRegister(base: FuzzTables.gdt, limit: FuzzTables.gdtLimit)
    if mode == .real {
      s.pointee.idtr = DescriptorTableRegister(base: 0, limit: 0x3FF)
      return
    }
    s.pointee.idtr =
      mode.isLong
      ? DescriptorTableRegister(base: FuzzTables.idt64, limit: 0xFFF)
      : DescriptorTableRegister(base: FuzzTables.idt32, limit: 0x7FF)
    s.pointee.tr = SegmentRegister(
      base: mode.isLong ? FuzzTables.tss64 : FuzzTables.tss32, limit: 0x1FF, attributes: 0x8B,
      selector: FuzzTables.Selector.task, reserved: (0, 0, 0))
    s.pointee.ldtr = SegmentRegister(
      base: FuzzTables.ldt, limit: 0x3F, attributes: 0x82, selector: FuzzTables.Selector.ldt, reserved: (0, 0, 0))
  }

  private func setSegments(_ mode: FuzzMode, _ privilege: UInt8, _ random: inout FuzzRandom) {
    typealias Selector = FuzzTables.Selector
    let s = processor.state
    if mode == .real || mode == .virtual8086 {
      let access: UInt32 = mode == .real ? 0x93 : 0xF3
      func paragraph(_ base: UInt64) -> SegmentRegister {
        SegmentRegister(
          base: base, limit: 0xFFFF, attributes: access, selector: UInt16(base >> 4), reserved: (0, 0, 0))
      }
      let data = paragraph(FuzzTables.data)
      s.pointee.segments = (
        data, paragraph(FuzzTables.code), paragraph(FuzzTables.stack), data, paragraph(0x1_0000), paragraph(0x5_0000)
      )
      return
    }
    let isUser = privilege == 3
    let code: UInt16
    switch mode {
    case .long: code = isUser ? Selector.userCode64 : Selector.code64
    case .protected16: code = isUser ? Selector.userCode16 : Selector.code16
    default: code = isUser ? Selector.userCode32 : Selector.code32
    }
    let flat = segment(isUser ? Selector.userData32 : Selector.data32)
    let small = segment(isUser ? Selector.userData16 : Selector.data16)
    func any() -> SegmentRegister {
      switch random.below(12) {
      case 0: small
      case 1: segment(0x73)
      case 2: segment(0x83)
      case 3:
        SegmentRegister(base: 0, limit: 0, attributes: 1 << 16, selector: 0, reserved: (0, 0, 0))
      default: flat
      }
    }
    let stack = mode == .protected16 && random.once(in: 2) ? small : flat
    let es = any()
    let ds = any()
    var (fs, gs) = (any(), any())
    if mode == .long { (fs.base, gs.base) = (random.next() & 0xFFF8, FuzzTables.data) }
    s.pointee.segments = (es, segment(code), stack, ds, fs, gs)
  }

  /// A segment register as loading a selector of the descriptor table leaves it.
  private func segment(_ selector: UInt16) -> SegmentRegister {
    let value = FuzzTables.descriptors[Int(selector >> 3)]
    var limit = UInt32(truncatingIfNeeded: value & 0xFFFF | value >> 32 & 0xF_0000)
    if value >> 55 & 1 != 0 { limit = limit << 12 | 0xFFF }
    return SegmentRegister(
      base: value >> 16 & 0xFF_FFFF | value >> 32 & 0xFF00_0000, limit: limit,
      attributes: UInt32(truncatingIfNeeded: value >> 40) & 0xF0FF, selector: selector, reserved: (0, 0, 0))
  }
}
