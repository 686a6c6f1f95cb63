import CPU
import EPTTLB
import MMU

/// How a machine is built. Everything here that changes a run is printed with its hash.
public struct BoardOptions: Sendable {
  /// Bytes of RAM.
  public var memory: UInt64 = 512 << 20
  /// What the TLB keeps.
  public var policy = RetentionPolicy.retain(budget: RetentionPolicy.defaultBudget)
  /// Name of the CPU model.
  public var model = "max"
  /// Bits taken from its CPUID.
  public var cpuidMasks: [CPUIDMask] = []
  /// Name of the timing table.
  public var timing = "unit"
  /// Instructions a decoded block holds at most; results do not depend on it.
  public var blockLimit = 32
  /// Whether accesses may use host pointers; results do not depend on it.
  public var usesHostPointers = true
  /// What the numbers of RDRAND and RDSEED follow from.
  public var randomSeed: UInt64 = 0
  /// Port whose bytes go to `post`.
  public var postPort: UInt16?
  /// Takes each byte written to the POST port.
  public var post: (@Sendable (UInt8) -> Void)?
  /// Port whose bytes go to `debug`.
  public var debugPort: UInt16?
  /// Takes each byte written to the debug port.
  public var debug: (@Sendable (UInt8) -> Void)?

  /// The defaults of the command line.
  public init() {}
}

/// A name that means nothing.
public struct UnknownName: Error, CustomStringConvertible, Sendable {
  /// What it should name.
  public let kind: String
  /// The name.
  public let name: String
  /// The names there are.
  public let known: [String]

  /// An error for people.
  public init(kind: String, name: String, known: [String]) {
    self.kind = kind
    self.name = name
    self.known = known
  }

  /// One line.
  public var description: String { "there is no \(kind) '\(name)'; there are \(known.joined(separator: ", "))" }
}

/// How a run ended.
public enum RunEnd: Equatable, Sendable {
  /// A stop that `RunLimits.stopsAt` or a device asked for: the condition was met.
  case conditionMet
  /// The guest wrote to port F4h: ((code << 1) | 1) & FFh.
  case guestExit(UInt8)
  /// Every processor halts and nothing can wake one.
  case haltedForEver
  /// A processor entered the shutdown state.
  case shutdown
  /// `RunLimits.cycles` was reached.
  case cycleLimit
  /// `RunLimits.instructions` was reached.
  case instructionLimit
  /// The host asked for an end (`Board.interrupt`).
  case interrupted
  /// Something that is not built.
  case refused(Refusal)
}

/// How far a run may go.
public struct RunLimits: Sendable {
  /// Clock of the processor at which the condition `cycle:N` is met.
  public var untilCycle: UInt64?
  /// Clock at which the run is cut off.
  public var cycles: UInt64?
  /// Retired instructions at which the run is cut off.
  public var instructions: UInt64?

  /// No limit.
  public init() {}
}

/// The board: memory, a processor, ports and devices; owned by one thread.
public struct Board: ~Copyable {
  /// Its memory.
  public let memory: PhysicalMemory
  /// Its processor.
  public let processor: Processor
  let ports: BoardPorts
  private let interruptFlag: InterruptFlag?

  /// A machine that is switched off; an image is loaded next.
  ///
  /// - Parameters:
  ///   - serial: takes what the guest transmits on COM1; true asks for a stop at the next instruction boundary.
  ///   - interruptFlag: looked at every million cycles or so, for a stop that the host asks for.
  /// - Throws: `UnknownName` for a model or timing that there is not, `PhysicalMemory.Failure`, and `TableError` when a
  ///   built-in table is wrong.
  public init(
    _ options: BoardOptions, interruptFlag: InterruptFlag? = nil, serial: @escaping (UInt8) -> Bool
  ) throws {
    guard let model = try CPUModel.named(options.model, without: options.cpuidMasks) else {
      throw UnknownName(kind: "CPU model", name: options.model, known: try CPUModel.names())
    }
    guard let timing = try TimingTable.named(options.timing) else {
      throw UnknownName(kind: "timing", name: options.timing, known: TimingTable.names)
    }
    let decoder = try Decoder(timing: timing, model: model)
    let memory = try PhysicalMemory(size: options.memory)
    let ports = BoardPorts(serial: serial)
    if let port = options.postPort, let post = options.post { ports.taps[port] = post }
    if let port = options.debugPort, let debug = options.debug { ports.taps[port] = debug }
    let blocks = BlockCache(memory: memory, limit: options.blockLimit)
    self.memory = memory
    self.ports = ports
    processor = Processor(
      memory: memory, ports: ports, blocks: blocks, decoder: decoder, timing: timing,
      options: ProcessorOptions(
        model: model, policy: options.policy, usesHostPointers: options.usesHostPointers,
        randomSeed: options.randomSeed))
    ports.processor = processor
    self.interruptFlag = interruptFlag
  }

  /// Runs until something ends the run. The same machine and limits end at the same instruction, always.
  public func run(_ limits: RunLimits = RunLimits()) -> RunEnd {
    let last = min(limits.untilCycle ?? .max, limits.cycles ?? .max)
    while true {
      let clock = processor.state.pointee.cycles
      // The host is only looked at between runs of the processor; where they end changes nothing the guest can see.
      let deadline = min(last, clock.addingReportingOverflow(1 << 20).partialValue)
      let stop = processor.run(until: deadline, instructionLimit: limits.instructions ?? .max)
      if case .refused(let refusal) = stop { return .refused(refusal) }
      if let code = ports.exitCode { return .guestExit(UInt8(truncatingIfNeeded: code << 1 | 1)) }
      // A condition goes before a limit or an end at the same instruction.
      let now = processor.state.pointee.cycles
      if ports.takeStopRequest() { return .conditionMet }
      if let cycle = limits.untilCycle, now >= cycle { return .conditionMet }
      switch stop {
      case .halted: return .haltedForEver
      case .shutdown: return .shutdown
      case .instructionLimit: return .instructionLimit
      case .deadline, .refused:
        if let cycles = limits.cycles, now >= cycles { return .cycleLimit }
        if interruptFlag?.isSet == true { return .interrupted }
      }
    }
  }

  /// Hash of registers, memory, devices, clocks and TLB: 32 hexadecimal digits.
  public func hash() -> String {
    var hasher = StateHasher()
    processor.hash(into: &hasher)
    memory.hash(into: &hasher)
    for word in ports.words { hasher.add(word) }
    return hasher.description
  }
}

/// The board's ports. Stops are asked for here and taken by `Board.run`.
final class BoardPorts: PortSpace {
  weak var processor: Processor?
  private(set) var exitCode: UInt32?
  private var stopRequested = false
  private var com1: SerialPort
  /// Who takes bytes written to a port.
  var taps: [UInt16: @Sendable (UInt8) -> Void] = [:]

  init(serial: @escaping (UInt8) -> Bool) {
    com1 = SerialPort { _ in }
    com1.transmit = { [unowned self] byte in
      if serial(byte) { self.stop() }
    }
  }

  private func stop() {
    stopRequested = true
    processor?.requestStop()
  }

  func takeStopRequest() -> Bool {
    defer { stopRequested = false }
    return stopRequested
  }

  /// A wider access to byte registers is that many byte accesses at consecutive ports.
  func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 {
    var value: UInt32 = 0
    for offset in 0..<UInt16(size) {
      let port = port &+ offset
      let byte: UInt8 = (0x3F8...0x3FF).contains(port) ? com1.read(port - 0x3F8) : 0xFF
      value |= UInt32(byte) << UInt32(8 * offset)
    }
    return value
  }

  func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {
    if port == 0xF4 {
      exitCode = value & (size == 4 ? .max : (1 << UInt32(8 * size)) - 1)
      processor?.requestStop()
      return
    }
    for offset in 0..<UInt16(size) {
      let port = port &+ offset
      taps[port]?(UInt8(truncatingIfNeeded: value >> UInt32(8 * offset)))
      if (0x3F8...0x3FF).contains(port) {
        com1.write(port - 0x3F8, UInt8(truncatingIfNeeded: value >> UInt32(8 * offset)))
      }
    }
  }

  /// What a hash covers.
  var words: [UInt64] { com1.words + [UInt64(exitCode ?? 0), exitCode == nil ? 0 : 1] }
}
