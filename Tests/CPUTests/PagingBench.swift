import CPU
import Layout
import MMU
import Testing

/// A processor that runs programs of bytes at CPL 0 under page tables that a test makes; #UD, #GP and #PF end a program as
/// HLT does.
///
/// The first 2 MiB are mapped to themselves for a supervisor; what lies from `PagingBench.data` on is the test's, page by
/// page.
final class PagingBench {
  private final class NoPorts: PortSpace {
    func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 { .max }
    func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {}
  }

  /// How a program ended.
  enum End: Equatable {
    case halted
    case fault(Vector, UInt32)
    case stopped(Stop)
  }

  /// Where the tables lie, and the first linear address that they do not map.
  static let pml4: UInt64 = 0x1000
  static let data: UInt64 = 0x20_0000
  private static let code: UInt64 = 0x1_0000
  private static let handlers: UInt64 = 0xA000
  private static let table: UInt64 = 0x5000

  let processor: Processor
  let memory: PhysicalMemory
  private let ports = NoPorts()

  /// In 64-bit mode; or, not `isLong`, in 32-bit protected mode without paging.
  init(_ name: String = "max", isLong: Bool = true) throws {
    memory = try PhysicalMemory(size: 8 << 20)
    let costs = try #require(try TimingTable.named("unit"))
    let model = try #require(try CPUModel.named(name))
    processor = Processor(
      memory: memory, ports: ports, blocks: BlockCache(memory: memory, limit: 32), decoder: try Decoder(timing: costs),
      timing: costs, options: ProcessorOptions(model: model))
    put(0x1000, 0x2007)
    put(0x2000, 0x3007)
    put(0x3000, 0x83)
    put(0x3008, PagingBench.table | 7)
    put(0x808, 0x00AF_9B00_0000_FFFF)
    put(0x810, 0x00CF_9300_0000_FFFF)
    put(0x818, 0x00CF_9B00_0000_FFFF)
    for vector: UInt64 in [6, 13, 14] { memory.write(PhysicalAddress(PagingBench.handlers + vector), 0xF4 as UInt8) }
    setGates(isLong: isLong)
    if isLong {
      processor.enterLongMode(
        rip: PagingBench.code, rsp: 0x8000, root: PagingBench.pml4, gdt: 0x800, gdtLimit: 0x2F)
    } else {
      enterProtectedMode()
    }
    processor.state.pointee.idtr = DescriptorTableRegister(base: 0x4000, limit: 0xFFF)
  }

  /// Through the reset vector: MOV CR0, EAX; JMP 18h:code.
  private func enterProtectedMode() {
    var rom = [UInt8](repeating: 0, count: 0x1_0000)
    rom.replaceSubrange(0xFFF0..<0xFFFB, with: [0x0F, 0x22, 0xC0, 0x66, 0xEA, 0, 0, 1, 0, 0x18, 0])
    memory.setROM(rom, at: 0xFFFF_0000)
    processor.reset()
    let state = processor.state
    state.pointee.gdtr = DescriptorTableRegister(base: 0x800, limit: 0x1F)
    let flat = SegmentRegister(base: 0, limit: .max, attributes: 0xC093, selector: 0x10, reserved: (0, 0, 0))
    (state.pointee.segments.0, state.pointee.segments.2, state.pointee.segments.3) = (flat, flat, flat)
    self[.rax] = 0x11
    _ = processor.run(until: .max, instructionLimit: state.pointee.instructions + 2)
  }

  /// Gates of #UD, #GP and #PF, as 64-bit or as 32-bit code needs them.
  func setGates(isLong: Bool) {
    for vector: UInt64 in [6, 13, 14] {
      let selector: UInt64 = isLong ? 8 : 0x18
      put(0x4000 + vector * (isLong ? 16 : 8), 0x8E00_0000_0000 | selector << 16 | PagingBench.handlers + vector)
      if isLong { put(0x4008 + vector * 16, 0) }
    }
  }

  /// Writes 8 bytes of physical memory.
  func put(_ address: UInt64, _ value: UInt64) { memory.write(PhysicalAddress(address), value) }

  /// Reads 8 bytes of physical memory.
  func get(_ address: UInt64) -> UInt64 { memory.read(PhysicalAddress(address), as: UInt64.self) }

  /// Maps page `number` of `data` to a frame, under the tables at `pml4`; nothing is invalidated.
  func map(_ number: UInt64, to frame: UInt64, _ flags: UInt64 = 7) {
    put(PagingBench.table + number * 8, frame | flags)
  }

  /// What the entry of a page holds.
  func entry(_ number: UInt64) -> UInt64 { get(PagingBench.table + number * 8) }

  /// A general register.
  subscript(register: GeneralRegister) -> UInt64 {
    get { UnsafeRawPointer(processor.state).load(fromByteOffset: register.rawValue * 8, as: UInt64.self) }
    set {
      let state = UnsafeMutableRawPointer(processor.state)
      state.storeBytes(of: newValue, toByteOffset: register.rawValue * 8, as: UInt64.self)
    }
  }

  /// Runs a program from its first byte to its HLT or a fault.
  @discardableResult
  func run(_ bytes: [UInt8]) -> End {
    for (offset, byte) in (bytes + [0xF4]).enumerated() {
      memory.write(PhysicalAddress(PagingBench.code + UInt64(offset)), byte)
    }
    let state = processor.state
    state.pointee.activity = 0
    state.pointee.rip = PagingBench.code
    self[.rsp] = 0x8000
    let stop = processor.run(until: state.pointee.cycles + 1_000_000)
    guard stop == .halted else { return .stopped(stop) }
    let (vector, isElsewhere) = state.pointee.rip.subtractingReportingOverflow(PagingBench.handlers + 1)
    guard !isElsewhere, let vector = UInt8(exactly: vector), let vector = Vector(rawValue: vector) else {
      return .halted
    }
    return .fault(vector, vector == .invalidOpcode ? 0 : UInt32(truncatingIfNeeded: get(self[.rsp])))
  }

  /// Runs a program with RAX.
  @discardableResult
  func run(_ bytes: [UInt8], rax: UInt64, rcx: UInt64 = 0, rdx: UInt64 = 0) -> End {
    self[.rax] = rax
    self[.rcx] = rcx
    self[.rdx] = rdx
    return run(bytes)
  }

  // MARK: Instructions

  /// MOV CRn, RAX or EAX.
  func moveToCR(_ number: UInt8, _ value: UInt64) -> End { run([0x0F, 0x22, 0xC0 | number << 3], rax: value) }

  /// MOV EBX, [ECX], or with RCX; nil: a fault, which `lastFault` tells.
  func load(_ linear: UInt64) -> UInt64? {
    lastFault = run([0x8B, 0x19], rax: 0, rcx: linear)
    return lastFault == .halted ? self[.rbx] & 0xFFFF_FFFF : nil
  }

  /// How the last load or store ended.
  private(set) var lastFault = End.halted

  /// MOV [RCX], EBX.
  func store(_ linear: UInt64) -> End { run([0x89, 0x19], rax: 0, rcx: linear) }

  /// WRMSR.
  func writeMSR(_ index: UInt32, _ value: UInt64) -> End {
    run([0x0F, 0x30], rax: value & 0xFFFF_FFFF, rcx: UInt64(index), rdx: value >> 32)
  }

  /// INVPCID RAX, [RCX].
  func invpcid(_ type: UInt64, _ descriptor: UInt64, _ linear: UInt64 = 0) -> End {
    put(0xF000, descriptor)
    put(0xF008, linear)
    return run([0x66, 0x0F, 0x38, 0x82, 0x01], rax: type, rcx: 0xF000)
  }

  /// WRPKRU.
  func writeKeys(_ value: UInt32, rcx: UInt64 = 0, rdx: UInt64 = 0) -> End {
    run([0x0F, 0x01, 0xEF], rax: UInt64(value), rcx: rcx, rdx: rdx)
  }
}
