import CPU
import Layout
import MMU
import Testing

/// A processor in 64-bit mode with the first 4 MiB of its memory mapped to themselves, and a handler that halts behind
/// every exception vector: what one instruction does to it can be seen from outside.
final class VectorMachine {
  static let code: UInt64 = 0x10_0000
  static let data: UInt64 = 0x20_0000
  /// Nothing is mapped here.
  static let unmapped: UInt64 = 0x4000_0000

  /// How an instruction ended.
  enum End: Equatable {
    /// It was executed, and RIP is behind it.
    case done
    /// The exception was delivered with RIP still on it, with its error code, if the vector has one.
    case fault(UInt8, error: UInt32?)
    /// It ended the run.
    case stopped(Stop)
    /// RIP is somewhere else.
    case astray(UInt64)
  }

  private final class NoPorts: PortSpace {
    func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 { .max }
    func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {}
  }

  let memory: PhysicalMemory
  let processor: Processor
  var state: State { processor.state }

  private static let root: UInt64 = 0x1000
  private static let gdt: UInt64 = 0x800
  private static let idt: UInt64 = 0x8000
  private static let handlers: UInt64 = 0xA000
  private static let stack: UInt64 = 0x8_0000

  init() throws {
    let timing = try #require(try TimingTable.named("unit"))
    let model = try #require(try CPUModel.named("max"))
    let decoder = try Decoder(timing: timing)
    let memory = try PhysicalMemory(size: 8 << 20)
    processor = Processor(
      memory: memory, ports: NoPorts(), blocks: BlockCache(memory: memory), decoder: decoder, timing: timing,
      options: ProcessorOptions(model: model))
    self.memory = memory
    let descriptors: [UInt64] = [0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF]
    for (index, descriptor) in descriptors.enumerated() { put(descriptor, at: VectorMachine.gdt + UInt64(index) * 8) }
    put(VectorMachine.root + 0x1000 | 3, at: VectorMachine.root)
    put(VectorMachine.root + 0x2000 | 3, at: VectorMachine.root + 0x1000)
    for entry in 0..<UInt64(2) { put(entry << 21 | 0x83, at: VectorMachine.root + 0x2000 + entry * 8) }
    for vector in 0..<UInt64(32) {
      let target = VectorMachine.handlers + vector * 16
      put(target & 0xFFFF | 8 << 16 | 0x8E00 << 32, at: VectorMachine.idt + vector * 16)
      put(0, at: VectorMachine.idt + vector * 16 + 8)
      write([0xF4], at: target)
    }
    processor.enterLongMode(
      rip: VectorMachine.code, rsp: VectorMachine.stack, root: VectorMachine.root, gdt: VectorMachine.gdt,
      gdtLimit: UInt64(descriptors.count * 8 - 1))
    state.pointee.idtr = DescriptorTableRegister(base: VectorMachine.idt, limit: 0xFFF)
    state.pointee.cr4 |= 1 << 9 | 1 << 10 | 1 << 18
  }

  /// Executes one instruction.
  func run(_ bytes: [UInt8]) -> End {
    let rip = VectorMachine.code
    write(bytes, at: rip)
    state.pointee.rip = rip
    state[.rsp] = VectorMachine.stack
    state.pointee.activity = 0
    let stop = processor.run(until: .max, instructionLimit: state.pointee.instructions + 1)
    let now = state.pointee.rip
    if now == rip + UInt64(bytes.count), stop == .instructionLimit { return .done }
    let offset = now &- VectorMachine.handlers
    guard stop == .halted, offset < 32 * 16 else { return stop == .instructionLimit ? .astray(now) : .stopped(stop) }
    let vector = UInt8(offset / 16)
    let hasError = [8, 10, 11, 12, 13, 14, 17].contains(vector)
    let top = state[.rsp]
    guard word(at: top + (hasError ? 8 : 0)) == rip else { return .astray(now) }
    return .fault(vector, error: hasError ? UInt32(truncatingIfNeeded: word(at: top)) : nil)
  }

  // MARK: Registers and memory as bytes

  func put(_ word: UInt64, at address: UInt64) { memory.write(PhysicalAddress(address), word) }
  func word(at address: UInt64) -> UInt64 { memory.read(PhysicalAddress(address), as: UInt64.self) }

  func write(_ bytes: [UInt8], at address: UInt64) {
    bytes.withUnsafeBytes { memory.write(PhysicalAddress(address), $0) }
  }

  func read(_ count: Int, at address: UInt64) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBytes { memory.read(PhysicalAddress(address), into: $0) }
    return bytes
  }

  func xmm(_ number: Int) -> [UInt8] { littleEndian(state[xmm: number][0]) + littleEndian(state[xmm: number][1]) }
  func setXMM(_ number: Int, _ bytes: [UInt8]) {
    state[xmm: number] = SIMD2(fromLittleEndian(bytes[0..<8]), fromLittleEndian(bytes[8..<16]))
  }

  func mmx(_ number: Int) -> [UInt8] { littleEndian(state[fpu: number].significand) }
  func setMMX(_ number: Int, _ bytes: [UInt8]) {
    state[fpu: number] = FPURegister(significand: fromLittleEndian(bytes[0..<8]), signAndExponent: 0)
  }

  /// Everything that an instruction may change, but for RIP, counts and memory.
  var snapshot: Snapshot {
    Snapshot(
      general: GeneralRegister.allCases.map { state[$0] }, flags: state.rflags, xmm: (0..<16).map { xmm($0) },
      fpu: (0..<8).map { [state[fpu: $0].significand, state[fpu: $0].signAndExponent] },
      control: [
        UInt64(state.vectors.pointee.fpuControl), UInt64(state.vectors.pointee.fpuStatus),
        UInt64(state.vectors.pointee.fpuFull), UInt64(state.vectors.pointee.mxcsr), state.vectors.pointee.xcr0,
      ])
  }

  struct Snapshot: Equatable {
    var general: [UInt64]
    var flags: UInt64
    var xmm: [[UInt8]]
    var fpu: [[UInt64]]
    /// Control word, status word, abridged tags, MXCSR, XCR0.
    var control: [UInt64]
  }

  /// Fills every register with values on which arithmetic trips.
  func randomize(_ random: inout SplitMix64) {
    for register in GeneralRegister.allCases where register != .rsp { state[register] = random.next() }
    for number in 0..<16 { setXMM(number, random.bytes(16)) }
    for number in 0..<8 { setMMX(number, random.bytes(8)) }
    state.rflags = random.next() & 0x8D5 | 2
    state.vectors.pointee.fpuFull = UInt8(truncatingIfNeeded: random.next())
    state.vectors.pointee.fpuStatus = UInt16(truncatingIfNeeded: random.next()) & 0x7F00
  }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  subscript(_ register: GeneralRegister) -> UInt64 {
    get { UnsafeMutableRawPointer(self).load(fromByteOffset: register.rawValue * 8, as: UInt64.self) }
    nonmutating set {
      UnsafeMutableRawPointer(self).storeBytes(of: newValue, toByteOffset: register.rawValue * 8, as: UInt64.self)
    }
  }
}

extension SplitMix64 {
  /// Bytes of which many are the least and greatest of their kinds.
  mutating func bytes(_ count: Int) -> [UInt8] {
    let extremes: [UInt8] = [0, 1, 0x7F, 0x80, 0x81, 0xFE, 0xFF]
    let kind = next() % 4
    return (0..<count).map { index in
      let value = next()
      switch kind {
      case 0: return UInt8(truncatingIfNeeded: value >> 40)
      case 1: return extremes[Int(value % 7)]
      case 2: return index % 2 == 0 ? UInt8(truncatingIfNeeded: value >> 40) : extremes[Int(value % 7)]
      default: return value & 1 == 0 ? extremes[Int((value >> 8) % 7)] : UInt8(truncatingIfNeeded: value >> 40)
      }
    }
  }
}

func littleEndian(_ value: UInt64, _ count: Int = 8) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
}

func fromLittleEndian(_ bytes: some Collection<UInt8>) -> UInt64 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
}

/// A small, well-known generator: the same numbers everywhere.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
