import CPU
import Layout
import MMU
import Testing

/// A processor in 64-bit mode at CPL 0 that runs a program of bytes: the first 2 MiB are mapped to themselves, and #GP
/// ends the program as HLT does.
final class ProgramBench {
  private final class NoPorts: PortSpace {
    func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 { .max }
    func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {}
  }

  /// How a program ended.
  enum End: Equatable { case halted, generalProtection, other(Stop) }

  private static let code: UInt64 = 0x1_0000
  private static let handler: UInt64 = 0x9000
  let processor: Processor
  private let ports = NoPorts()

  init(
    model: CPUModel, timing: String = "unit", number: UInt32 = 0, processorCount: UInt32 = 1, blockLimit: Int = 32,
    usesHostPointers: Bool = true, ignoresUnknownRegisters: Bool = false
  ) throws {
    let memory = try PhysicalMemory(size: 2 << 20)
    let costs = try #require(try TimingTable.named(timing))
    var options = ProcessorOptions(model: model, usesHostPointers: usesHostPointers)
    options.number = number
    options.processorCount = processorCount
    options.ignoresUnknownRegisters = ignoresUnknownRegisters
    processor = Processor(
      memory: memory, ports: ports, blocks: BlockCache(memory: memory, limit: blockLimit),
      decoder: try Decoder(timing: costs, model: model),
      timing: costs, options: options)
    memory.write(PhysicalAddress(0x1000), 0x2003 as UInt64)
    memory.write(PhysicalAddress(0x2000), 0x3003 as UInt64)
    memory.write(PhysicalAddress(0x3000), 0x83 as UInt64)
    memory.write(PhysicalAddress(0x808), 0x00AF_9B00_0000_FFFF as UInt64)
    memory.write(PhysicalAddress(0x810), 0x00CF_9300_0000_FFFF as UInt64)
    // The gate of #GP, the only one.
    memory.write(PhysicalAddress(0x4000 + 13 * 16), 0x8E00_0008_0000 | ProgramBench.handler)
    memory.write(PhysicalAddress(ProgramBench.handler), 0xF4 as UInt8)
  }

  /// Runs a program from its first byte to its HLT, a #GP or something unexpected; registers are as the last one left
  /// them.
  @discardableResult
  func run(_ bytes: [UInt8]) -> End {
    for (offset, byte) in (bytes + [0xF4]).enumerated() {
      processor.memory.write(PhysicalAddress(ProgramBench.code + UInt64(offset)), byte)
    }
    let state = processor.state
    state.pointee.activity = 0
    if state.pointee.cr3 == 0 {
      processor.enterLongMode(rip: ProgramBench.code, rsp: 0x8000, root: 0x1000, gdt: 0x800, gdtLimit: 0x17)
      state.pointee.idtr = DescriptorTableRegister(base: 0x4000, limit: 0xFFF)
    }
    state.pointee.rip = ProgramBench.code
    let stop = processor.run(until: state.pointee.cycles + 1_000_000)
    guard stop == .halted else { return .other(stop) }
    return state.pointee.rip == ProgramBench.handler + 1 ? .generalProtection : .halted
  }

  /// A general register.
  func register(_ register: GeneralRegister) -> UInt64 {
    UnsafeRawPointer(processor.state).load(fromByteOffset: register.rawValue * 8, as: UInt64.self)
  }

  /// MOV r32, imm32 into EAX, ECX or EDX.
  private func move(_ opcode: UInt8, _ value: UInt32) -> [UInt8] {
    [opcode] + (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  /// RDMSR; nil: #GP.
  func readMSR(_ index: UInt32) -> UInt64? {
    guard run(move(0xB9, index) + [0x0F, 0x32]) == .halted else { return nil }
    return register(.rdx) << 32 | register(.rax)
  }

  /// WRMSR; false: #GP.
  func writeMSR(_ index: UInt32, _ value: UInt64) -> Bool {
    let low = move(0xB8, UInt32(truncatingIfNeeded: value))
    let high = move(0xBA, UInt32(truncatingIfNeeded: value >> 32))
    return run(move(0xB9, index) + low + high + [0x0F, 0x30]) == .halted
  }

  /// CPUID.
  func cpuid(_ leaf: UInt32, _ subleaf: UInt32 = 0) -> CPUIDRegisters {
    run(move(0xB8, leaf) + move(0xB9, subleaf) + [0x0F, 0xA2])
    func low(_ register: GeneralRegister) -> UInt32 { UInt32(truncatingIfNeeded: self.register(register)) }
    return CPUIDRegisters(eax: low(.rax), ebx: low(.rbx), ecx: low(.rcx), edx: low(.rdx))
  }
}
