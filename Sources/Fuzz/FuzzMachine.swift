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

  private let memory: FuzzMemory
  private let processor: Processor
  private let ports = Ports()
  private let gpr: UnsafeMutablePointer<UInt64>
  private let state: FuzzState
  private let code: FuzzCode

  /// Ports hold what was last written to any of them.
  final class Ports: PortSpace {
    var last: UInt32 = 0
    func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 { last &+ UInt32(port) }
    func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) { last = value }
  }

  /// - Throws: when the machine cannot be made.
  init(_ settings: FuzzSettings, strings: ByteStrings) throws {
    guard let timing = try TimingTable.named("unit"), let model = try CPUModel.named("max") else { throw NoModel() }
    memory = try FuzzMemory()
    let blocks = BlockCache(memory: memory.memory, limit: settings.blockLimit, arenaSize: 1 << 20)
    processor = Processor(
      memory: memory.memory, ports: ports, blocks: blocks, decoder: try Decoder(timing: timing), timing: timing,
      options: ProcessorOptions(model: model, usesHostPointers: settings.usesHostPointers))
    gpr = UnsafeMutableRawPointer(processor.state).assumingMemoryBound(to: UInt64.self)
    state = FuzzState(processor)
    code = FuzzCode(memory: memory.memory, decoder: processor.decoder, strings: strings)
  }

  struct NoModel: Error {}

  /// Runs a case and adds what it left behind to a hash; memory is as before.
  func run(_ number: Int, seed: UInt64, into hasher: inout StateHasher) -> (place: Int, outcome: FuzzOutcome) {
    var random = FuzzRandom(seed: seed, case: number)
    let place = random.below(FuzzMode.places.count)
    let (mode, privilege) = FuzzMode.places[place]
    ports.last = state.prepare(mode, privilege, &random)
    let start = code.put(mode, privilege, &random)
    let s = processor.state
    s.pointee.rip = mode.is16Bit || mode == .real ? start - FuzzTables.code : start
    processor.stateReplaced()
    let stop = processor.run(until: s.pointee.cycles + FuzzMachine.cycles, instructionLimit: FuzzMachine.instructions)
    let outcome = outcome(of: stop)
    processor.hash(into: &hasher)
    hasher.add(UInt64(ports.last))
    memory.putBack(&hasher)
    return (place, outcome)
  }

  /// The bytes that a case runs, for people.
  func bytes(_ number: Int, seed: UInt64) -> (mode: FuzzMode, privilege: UInt8, bytes: [UInt8], address: UInt64) {
    var random = FuzzRandom(seed: seed, case: number)
    let (mode, privilege) = FuzzMode.places[random.below(FuzzMode.places.count)]
    ports.last = state.prepare(mode, privilege, &random)
    let address = code.put(mode, privilege, &random)
    var bytes = [UInt8](repeating: 0, count: FuzzCode.bytes)
    bytes.withUnsafeMutableBytes { memory.memory.read(PhysicalAddress(address), into: $0) }
    var ignored = StateHasher()
    memory.putBack(&ignored)
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
