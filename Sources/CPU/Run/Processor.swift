import EPTTLB
import Layout
import MMU

/// What IN and OUT reach; the board implements it.
public protocol PortSpace: AnyObject {
  /// Reads 1, 2 or 4 bytes; ports nobody answers read as all ones.
  func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32
  /// Writes 1, 2 or 4 bytes.
  func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64)
}

/// Something that is not built, met by a guest: the run ends there and says so.
public enum Refusal: Equatable, Sendable {
  /// An instruction, with its bytes.
  case instruction([UInt8])
  /// An instruction that the opcode table names.
  case namedInstruction(String)
  /// A control-register write that leaves what is built.
  case controlRegister(Int, UInt64)
  /// An event through a gate that changes privilege or uses an interrupt stack, or a return from one.
  case gate(String)
  /// Code that does not lie in RAM.
  case fetchOutsideRAM(UInt64)

  /// One line for people, naming what is missing.
  public var description: String {
    func hex(_ value: some BinaryInteger) -> String { String(UInt64(truncatingIfNeeded: value), radix: 16) + "h" }
    switch self {
    case .instruction(let bytes):
      let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
      return "the instruction \(text) is not built"
    case .namedInstruction(let mnemonic): return "the instruction \(mnemonic) is not built"
    case .controlRegister(let number, let value): return "CR\(number) = \(hex(value)) is not built"
    case .gate(let what): return "\(what) is not built"
    case .fetchOutsideRAM(let address): return "execution outside RAM, at physical \(hex(address)), is not built"
    }
  }
}

/// Why a processor's run loop returned.
public enum Stop: Equatable, Sendable {
  /// The clock has reached the deadline, or somebody asked for a stop.
  case deadline
  /// The instruction limit was reached.
  case instructionLimit
  /// HLT: only an interrupt goes on from here.
  case halted
  /// A triple fault: the processor is in the shutdown state.
  case shutdown
  /// Something that is not built.
  case refused(Refusal)
}

/// How a processor is made.
public struct ProcessorOptions: Sendable {
  /// What CPUID answers and which model-specific registers there are.
  public var model: CPUModel
  /// Its number in the machine, which is its initial APIC ID; 0 is the bootstrap processor.
  public var number: UInt32 = 0
  /// Processors of the machine.
  public var processorCount: UInt32 = 1
  /// Cycles in a second of guest time.
  public var clock: UInt64 = CPUIDInputs.defaultClock
  /// What the TLB keeps.
  public var policy: RetentionPolicy
  /// Whether accesses may use host pointers.
  public var usesHostPointers: Bool
  /// What the numbers of RDRAND and RDSEED follow from; processors of one machine should differ in it.
  public var randomSeed: UInt64

  /// The only processor of a machine; the defaults are `retain`, host pointers on, seed 0.
  public init(
    model: CPUModel, policy: RetentionPolicy = .retain(budget: RetentionPolicy.defaultBudget),
    usesHostPointers: Bool = true, randomSeed: UInt64 = 0
  ) {
    self.model = model
    self.policy = policy
    self.usesHostPointers = usesHostPointers
    self.randomSeed = randomSeed
  }
}

/// One logical processor: state, decoder, translations and the run loop.
public final class Processor {
  /// The architectural state and the caches behind it.
  public let state: State
  /// The machine's memory.
  public let memory: PhysicalMemory
  /// Linear addresses to memory.
  public let translation: Translation
  /// What IN and OUT reach.
  public let ports: any PortSpace
  /// Decoded blocks, shared with the machine's other processors.
  public let blocks: BlockCache
  let decoder: Decoder
  let timing: TimingTable
  /// What CPUID answers and which model-specific registers there are.
  public let model: CPUModel
  /// Number, processor count and clock, for CPUID.
  let identity: CPUIDInputs
  /// Bits of CR4 that the model has.
  let definedCR4: UInt64
  /// Values of `model.registers`; of those that lie elsewhere, unused.
  var modelSpecific: [UInt64]
  var refusal: Refusal?
  /// The deadline that stands for the instruction limit, while it is in force.
  var nearestDeadline: UInt64?

  /// A task switch has gone so far that faults belong to the new task.
  var isTaskCommitted = false
  /// A transfer of IA-32e mode is under way: its stack is 64-bit whatever the code it comes from.
  var usesLongStack = false
  /// What is being delivered is a fault: RIP is that of the instruction.
  var isFault = false
  /// Bits for DR6 of a debug exception that is due before the next instruction.
  var pendingDebug: UInt64 = 0
  /// Bits for DR6 of a #DB that is a fault.
  var faultDebugBits: UInt64 = 0
  /// RF was set before the instruction that is about to run: no instruction breakpoint.
  var isResuming = false

  /// Where a prefix of a block runs: a header and ops.
  let prefix: BlockRef
  /// Where one op runs alone.
  let alone: UnsafeMutablePointer<DecodedOp>

  /// A processor in the state after power-up, except that it has no mode yet: see `enterLongMode`.
  public init(
    memory: PhysicalMemory, ports: any PortSpace, blocks: BlockCache, decoder: Decoder, timing: TimingTable,
    options: ProcessorOptions
  ) {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: StateAllocation, alignment: 4096)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: StateAllocation)
    state = raw.bindMemory(to: ProcessorState.self, capacity: 1)
    let size = MemoryLayout<DecodedBlock>.size + 80 * MemoryLayout<DecodedOp>.size
    let room = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    prefix = room.bindMemory(to: DecodedBlock.self, capacity: 1)
    alone = .allocate(capacity: 2)
    self.memory = memory
    self.ports = ports
    self.blocks = blocks
    self.decoder = decoder
    self.timing = timing
    model = options.model
    var identity = CPUIDInputs()
    identity.apicID = options.number
    identity.processorCount = options.processorCount
    identity.clock = options.clock
    self.identity = identity
    definedCR4 = CR4.defined(in: options.model)
    modelSpecific = options.model.registers.map(\.reset)
    translation = Translation(
      state: state, memory: memory, policy: options.policy,
      controls: PagingControls(
        root: 0, writeProtect: true, executeDisable: true, globalPages: false, physicalBits: model.physicalBits),
      walkReferenceCycles: timing.walkReference, usesHostPointers: options.usesHostPointers)
    state.pointee.owner = Unmanaged.passUnretained(self).toOpaque()
    state.pointee.rflags = FlagBit.fixed
    state.pointee.instructionLimit = .max
    state.resetVectorState()
    state.pointee.dr = Processor.initialDebugRegisters
    state.pointee.random = options.randomSeed
    blocks.attach(state)
    resetModelSpecificRegisters()
  }

  deinit {
    UnsafeMutableRawPointer(state).deallocate()
    UnsafeMutableRawPointer(prefix).deallocate()
    alone.deallocate()
  }

  /// Puts the processor into 64-bit mode at CPL 0 with flat segments, interrupts off and the given root.
  ///
  /// - Parameters:
  ///   - gdt: linear address of a descriptor table with a 64-bit code segment at 8 and a data segment at 10h.
  public func enterLongMode(rip: UInt64, rsp: UInt64, root: UInt64, gdt: UInt64, gdtLimit: UInt64) {
    let p = state
    p.pointee.rip = rip
    p[.rsp] = rsp
    p.pointee.cr0 = 0x8001_0031
    p.pointee.cr3 = root
    p.pointee.cr4 = 0x20
    p.pointee.efer = 0xD00
    p.pointee.gdtr = DescriptorTableRegister(base: gdt, limit: gdtLimit)
    let code = SegmentRegister(
      base: 0, limit: 0xFFFF_FFFF, attributes: 0xA09B, selector: 8, reserved: (0, 0, 0))
    let data = SegmentRegister(
      base: 0, limit: 0xFFFF_FFFF, attributes: 0xC093, selector: 0x10, reserved: (0, 0, 0))
    p.pointee.segments = (data, code, data, data, data, data)
    contextChanged()
  }

  /// The controls that the control registers and EFER say.
  var pagingControls: PagingControls {
    PagingControls(
      root: state.pointee.cr3 & 0x000F_FFFF_FFFF_F000, writeProtect: state.pointee.cr0 & 1 << 16 != 0,
      executeDisable: state.pointee.efer & 1 << 11 != 0, globalPages: state.pointee.cr4 & 1 << 7 != 0,
      physicalBits: model.physicalBits, mode: pagingMode,
      pageSizeExtensions: state.pointee.cr4 & CR4.pageSizeExtensions != 0, checksAlignment: checksAlignment)
  }

  /// Whether accesses that are not aligned fault (SDM Vol. 3, "Interrupt 17—Alignment Check Exception (#AC)").
  private var checksAlignment: Bool {
    state.pointee.cr0 & CR0.alignmentMask != 0 && state.pointee.rflags & FlagBit.alignment != 0
      && state.privilege == 3
  }

  private var pagingMode: PagingMode {
    guard state.pointee.cr0 & CR0.paging != 0 else { return .none }
    return state.isLong ? .fourLevel : .twoLevel
  }

  /// The state after power-up and RESET (SDM Vol. 3, "Processor State After Reset").
  public func reset() {
    let s = state
    for register in GeneralRegister.allCases { s[register] = 0 }
    s[.rdx] = UInt64(model.version)
    s.rflags = FlagBit.fixed
    s.pointee.rip = 0xFFF0
    s.pointee.cr0 = 0x6000_0010
    s.pointee.cr2 = 0
    s.pointee.cr3 = 0
    s.pointee.cr4 = 0
    s.pointee.cr8 = 0
    s.pointee.dr = Processor.initialDebugRegisters
    let data = SegmentRegister(base: 0, limit: 0xFFFF, attributes: 0x93, selector: 0, reserved: (0, 0, 0))
    for segment in Segment.allCases { s.segment(segment).pointee = data }
    s.segment(.cs).pointee.base = 0xFFFF_0000
    s.segment(.cs).pointee.selector = 0xF000
    s.pointee.ldtr = SegmentRegister(base: 0, limit: 0xFFFF, attributes: 0x82, selector: 0, reserved: (0, 0, 0))
    s.pointee.tr = SegmentRegister(base: 0, limit: 0xFFFF, attributes: 0x8B, selector: 0, reserved: (0, 0, 0))
    s.pointee.gdtr = DescriptorTableRegister(base: 0, limit: 0xFFFF)
    s.pointee.idtr = DescriptorTableRegister(base: 0, limit: 0xFFFF)
    s.pointee.activity = 0
    s.pointee.interruptShadow = 0
    s.resetVectorState()
    s.pointee.debugMatches = 0
    s.pointee.isRepeating = 0
    pendingDebug = 0
    breakpointsChanged()
    resetModelSpecificRegisters()
    translation.cache.reset()
    translation.modeChanged(pagingControls)
    contextChanged()
  }

  func contextChanged() {
    modeChanged()
    translation.use(pagingControls, isUser: state.privilege == 3)
  }

  /// Makes the run loop return at the next instruction boundary; to be called by what an instruction reaches.
  public func requestStop() { state.pointee.deadline = 0 }
}

/// The processor that a state belongs to.
@inline(__always) func processor(_ s: State) -> Processor {
  // The owner outlives its state, and is set before anything runs.
  Unmanaged<Processor>.fromOpaque(s.pointee.owner.unsafelyUnwrapped).takeUnretainedValue()
}
