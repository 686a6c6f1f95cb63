import CPU
import EPTTLB
import MMU
import VMX

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
  /// Processors, 1 to 64.
  public var processors = 1
  /// Cycles in a second of guest time.
  public var clock: UInt64 = CPUIDInputs.defaultClock
  /// Cycles by which a processor may pass the next one before that one runs; 1 interleaves every instruction.
  public var quantum: UInt64 = BoardOptions.defaultQuantum
  /// What a run takes if nothing else is said.
  public static let defaultQuantum: UInt64 = 2000
  /// Name of the timing table.
  public var timing = "unit"
  /// Instructions a decoded block holds at most; results do not depend on it.
  public var blockLimit = 32
  /// Whether accesses may use host pointers; results do not depend on it.
  public var usesHostPointers = true
  /// What the numbers of RDRAND and RDSEED follow from.
  public var randomSeed: UInt64 = 0
  /// Model-specific registers beside the model's.
  public var addedRegisters: [AddedRegister] = []
  /// Whether registers that there are not read as zero and take writes, rather than #GP.
  public var ignoresUnknownRegisters = false
  /// What is typed on the keyboard.
  public var typing: [TypedText] = []
  /// What a machine that firmware boots has beside the board's own devices; nil for direct boot.
  public var boot: FirmwareBoot?
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

/// What machines are built by; a machine and its forks share it.
struct Blueprint {
  let options: BoardOptions
  let model: CPUModel
  let timing: TimingTable
  let decoder: Decoder
  let capabilities: VMXCapabilities
  let checks: EntryChecks

  init(_ options: BoardOptions) throws {
    guard let model = try CPUModel.named(options.model, without: options.cpuidMasks) else {
      throw UnknownName(kind: "CPU model", name: options.model, known: try CPUModel.names())
    }
    guard let timing = try TimingTable.named(options.timing) else {
      throw UnknownName(kind: "timing", name: options.timing, known: TimingTable.names)
    }
    self.options = options
    self.model = model.adding(options.addedRegisters)
    self.timing = timing
    decoder = try Decoder(timing: timing, model: self.model)
    capabilities = try VMXCapabilities(self.model)
    checks = try EntryChecks(capabilities)
  }
}

/// The board: memory, processors, ports and devices; owned by one thread.
public struct Board: ~Copyable {
  /// Its memory.
  public let memory: PhysicalMemory
  /// Its processors; the first is the bootstrap processor.
  public let processors: [Processor]
  let chipset: Chipset
  let blueprint: Blueprint
  let quantum: UInt64
  /// Turns differ in length, as they do on a machine that firmware boots.
  let variesTurns: Bool
  let interruptFlag: InterruptFlag?

  /// The bootstrap processor.
  public var processor: Processor { processors[0] }

  /// A machine that is switched off; an image is loaded next.
  ///
  /// - Parameter serial: takes what the guest transmits on COM1; true asks for a stop at the next instruction boundary.
  /// - Throws: as the other initializer.
  public init(
    _ options: BoardOptions, interruptFlag: InterruptFlag? = nil, serial: @escaping (UInt8) -> Bool
  ) throws {
    try self.init(options, interruptFlag: interruptFlag, transmit: { byte, _ in serial(byte) })
  }

  /// A machine that is switched off; an image is loaded next.
  ///
  /// - Parameters:
  ///   - transmit: takes what the guest transmits on COM1, and the devices' cycle; true asks for a stop at the next
  ///     instruction boundary.
  ///   - interruptFlag: looked at every million cycles or so, for a stop that the host asks for.
  /// - Throws: `UnknownName` for a model or timing that there is not, `PhysicalMemory.Failure`, and `TableError` when a
  ///   built-in table is wrong.
  public init(
    _ options: BoardOptions, interruptFlag: InterruptFlag? = nil, transmit: @escaping (UInt8, UInt64) -> Bool
  ) throws {
    let blueprint = try Blueprint(options)
    let memory = try PhysicalMemory(size: options.memory)
    self.blueprint = blueprint
    self.memory = memory
    (chipset, processors) = Board.assemble(blueprint, memory, transmit: transmit)
    quantum = max(options.quantum, 1)
    variesTurns = options.boot != nil
    self.interruptFlag = interruptFlag
    if let port = options.postPort, let post = options.post { chipset.taps[port] = post }
    if let port = options.debugPort, let debug = options.debug { chipset.taps[port] = debug }
  }

  /// A machine of its own that goes on from a snapshot. Its POST and debug ports lead nowhere.
  ///
  /// - Parameters:
  ///   - serial: takes what the guest transmits on COM1; true asks for a stop at the next instruction boundary.
  ///   - interruptFlag: looked at every million cycles or so, for a stop that the host asks for.
  /// - Throws: `PhysicalMemory.Failure` when the host has no room.
  public init(
    forking snapshot: Snapshot, interruptFlag: InterruptFlag? = nil, serial: @escaping (UInt8) -> Bool
  ) throws {
    let memory = try PhysicalMemory(snapshot.memory)
    self.memory = memory
    blueprint = snapshot.blueprint
    (chipset, processors) = Board.assemble(blueprint, memory) { byte, _ in serial(byte) }
    quantum = max(blueprint.options.quantum, 1)
    variesTurns = blueprint.options.boot != nil
    self.interruptFlag = interruptFlag
    for (processor, image) in zip(processors, snapshot.processors) { processor.restore(image) }
    chipset.restore(snapshot.chipset)
  }

  /// What lies around memory, switched off.
  private static func assemble(
    _ blueprint: Blueprint, _ memory: PhysicalMemory, transmit: @escaping (UInt8, UInt64) -> Bool
  ) -> (Chipset, [Processor]) {
    let options = blueprint.options
    let timing = blueprint.timing
    let chipset = Chipset(
      memory: memory, processors: options.processors, messageCycles: timing["ipi"], clock: options.clock,
      boot: options.boot, typing: options.typing, transmit: transmit)
    let blocks = BlockCache(memory: memory, limit: options.blockLimit)
    let processors = (0..<UInt32(min(max(options.processors, 1), 64))).map { number in
      var own = ProcessorOptions(
        model: blueprint.model, policy: options.policy, usesHostPointers: options.usesHostPointers,
        randomSeed: options.randomSeed &+ UInt64(number) << 32)
      own.number = number
      own.ignoresUnknownRegisters = options.ignoresUnknownRegisters
      own.processorCount = UInt32(options.processors)
      own.clock = options.clock
      let processor = Processor(
        memory: memory, ports: chipset, blocks: blocks, decoder: blueprint.decoder, timing: timing, options: own)
      processor.fabric = chipset
      processor.virtualization = VMXUnit(
        processor, capabilities: blueprint.capabilities, checks: blueprint.checks)
      return processor
    }
    chipset.attach(processors)
    return (chipset, processors)
  }

  deinit { chipset.detach() }

  /// What firmware leaves behind: the bootstrap processor runs, with the 8259 pair connected to it, and the others wait
  /// for SIPI.
  ///
  /// - Parameter timerTicks: the timer interrupts 18.2 times a second, as a PC's firmware has it; every other line is
  ///   masked.
  func leaveFirmware(timerTicks: Bool = false) {
    processor.connectVirtualWire()
    chipset.leaveFirmware(timerTicks: timerTicks)
    for other in processors.dropFirst() { other.waitForStartUp() }
  }

  /// RESET of processors and devices; memory and clocks stay. What boots the machine is to be loaded again.
  public func reset() {
    chipset.reset()
    for processor in processors { processor.reset() }
  }

  /// Hash of registers, memory, devices, clocks and TLBs: 32 hexadecimal digits.
  public func hash() -> String {
    var hasher = StateHasher()
    for processor in processors { processor.hash(into: &hasher) }
    memory.hash(into: &hasher)
    chipset.hash(into: &hasher)
    return hasher.description
  }
}
