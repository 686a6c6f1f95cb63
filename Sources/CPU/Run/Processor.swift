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
  /// An instruction: its mnemonic in the opcode table, and its bytes, with those behind it up to fifteen.
  case instruction(String, bytes: [UInt8])
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
    case .instruction(let mnemonic, _): return "the instruction \(mnemonic) is not built"
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
  /// INIT: only SIPI goes on from here.
  case waitingForSIPI
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
  /// Whether model-specific registers that the model does not have read as zero and take writes, rather than #GP.
  public var ignoresUnknownRegisters = false

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
  package let decoder: Decoder
  package let timing: TimingTable
  /// What CPUID answers and which model-specific registers there are.
  public let model: CPUModel
  /// Number, processor count and clock, for CPUID.
  let identity: CPUIDInputs
  /// Values of `model.registers`; of those that lie elsewhere, unused.
  package var modelSpecific: [UInt64]
  /// Where IA32_DEBUGCTL is among them, or -1.
  let debugControlNumber: Int
  /// What the model has, by the names of `FeatureTable`: Page1GB, SMAP, INVPCID.
  let hasGigabytePages, hasSMAP, hasINVPCID: Bool
  /// Registers that the model does not have read as zero and take writes.
  let ignoresUnknownRegisters: Bool
  var refusal: Refusal?
  /// The deadline that stands for the instruction limit, while it is in force.
  var nearestDeadline: UInt64?

  /// A task switch has gone so far that faults belong to the new task.
  var isTaskCommitted = false
  /// A transfer of IA-32e mode is under way: its stack is 64-bit whatever the code it comes from.
  var usesLongStack = false
  /// What is being delivered is a fault: RIP is that of the instruction.
  package var isFault = false
  /// An event is being delivered: RIP is exact, not that of a block.
  var isDelivering = false
  /// The mapping that the last block was fetched by is suspect: nothing may be remembered of it.
  var isFetchWatched = false
  /// Takes every exception and interrupt, with its error code, in place of the IDT; the processor then halts. For a
  /// harness that compares what is raised.
  package var takesEvents: ((UInt8, UInt32?) -> Void)?
  /// Bits for DR6 of a debug exception that is due before the next instruction.
  package var pendingDebug: UInt64 = 0
  /// Bits for DR6 of a #DB that is a fault.
  var faultDebugBits: UInt64 = 0
  /// RF was set before the instruction that is about to run: no instruction breakpoint.
  var isResuming = false

  /// Told of events and of writes to control registers.
  public var observer: (any ProcessorObserver)?
  /// Told of accesses to the pages that `Translation.see` names, and of others that go the long way.
  public var accessObserver: (any AccessObserver)?
  /// A stop address was reached, and its instruction has not begun; or `pause` was called.
  public internal(set) var isAtStopAddress = false
  /// The instruction before which a run has stopped last.
  var reportedStop: ReportedStop?

  /// The local APIC.
  public package(set) var apic: LocalAPIC
  /// VMX, on a processor that has it.
  public var virtualization: (any VirtualMachineExtensions)? {
    get { extensions.object }
    set { extensions.object = newValue }
  }
  /// The same, for what is called often.
  var extensions = Held<any VirtualMachineExtensions>()
  /// Why a memory access of a guest cannot be completed, while `Vector.exit` travels.
  package var pendingExit: MemoryExit?
  /// The event that is being delivered, for exits on the way.
  package var vectoring: VectoredEvent?
  /// What is delivered is INT3 or INTO, not INT n.
  package var isSoftwareException = false
  /// What #DB has put into DR6, and DR6 before.
  var reportedDebug: (old: UInt64, bits: UInt64) = (0, 0)
  /// What carries its messages.
  public unowned(unsafe) var fabric: (any InterruptFabric)?
  /// What waits for it beside the APIC's vectors.
  package var signals: Signals = []
  /// Paging controls that were in force lately.
  let controlsMemo = ControlsMemo()
  /// A20M# is asserted.
  package internal(set) var masksA20 = false
  /// Where a SIPI that waits starts it.
  package var startUpPage: UInt8 = 0
  /// NMIs are blocked, by delivery of one, until IRET.
  package var blocksNonMaskable = false
  /// Something waits, whether or not it may be taken now.
  package var isAttentionWanted = false
  /// The op whose memory access is under way, if it is not the last one of its block: RIP in the state is the block's.
  var accessOp: OpRef? {
    @inline(__always) get { translation.accessOp.pointee }
    @inline(__always) set { translation.accessOp.pointee = newValue }
  }

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
    hasGigabytePages = options.model.has("Page1GB")
    hasSMAP = options.model.has("SMAP")
    hasINVPCID = options.model.has("INVPCID")
    ignoresUnknownRegisters = options.ignoresUnknownRegisters
    modelSpecific = options.model.registers.map(\.reset)
    debugControlNumber = options.model.number(of: Processor.debugControlIndex) ?? -1
    apic = LocalAPIC(initialID: options.number)
    translation = Translation(
      state: state, memory: memory, policy: options.policy,
      controls: PagingControls(
        root: 0, writeProtect: true, executeDisable: true, globalPages: false, physicalBits: model.physicalBits),
      walkReferenceCycles: timing.walkReference, secondLevelCycles: timing.secondLevel,
      usesHostPointers: options.usesHostPointers)
    state.pointee.owner = Unmanaged.passUnretained(self).toOpaque()
    state.pointee.rflags = FlagBit.fixed
    state.pointee.instructionLimit = .max
    state.resetVectorState()
    state.pointee.dr = Processor.initialDebugRegisters
    state.pointee.random = options.randomSeed
    blocks.attach(state)
    resetModelSpecificRegisters()
    apicMoved()
  }

  deinit {
    virtualization = nil
    UnsafeMutableRawPointer(state).deallocate()
    UnsafeMutableRawPointer(prefix).deallocate()
    alone.deallocate()
  }

  /// Puts the processor into 64-bit mode at CPL 0 with flat segments, interrupts off and the given root.
  ///
  /// - Parameters:
  ///   - gdt: linear address of a descriptor table with a 64-bit code segment at 8 and a data segment at 10h.
  ///   - argument: what RSI holds.
  public func enterLongMode(
    rip: UInt64, rsp: UInt64, root: UInt64, gdt: UInt64, gdtLimit: UInt64, argument: UInt64 = 0
  ) {
    let p = state
    p.pointee.rip = rip
    p[.rsp] = rsp
    p[.rsi] = argument
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

  /// Puts the processor into 32-bit protected mode at CPL 0, without paging, with flat segments and interrupts off.
  public func enterProtectedMode(rip: UInt64, rax: UInt64, rbx: UInt64) {
    let p = state
    p.pointee.rip = rip
    p[.rax] = rax
    p[.rbx] = rbx
    p.pointee.cr0 = CR0.protection | CR0.extensionType
    let code = SegmentRegister(
      base: 0, limit: 0xFFFF_FFFF, attributes: 0xC09B, selector: 8, reserved: (0, 0, 0))
    let data = SegmentRegister(
      base: 0, limit: 0xFFFF_FFFF, attributes: 0xC093, selector: 0x10, reserved: (0, 0, 0))
    p.pointee.segments = (data, code, data, data, data, data)
    translation.modeChanged(pagingControls)
    state.vectorControlsChanged()
    contextChanged()
  }

  /// The state after power-up and RESET (SDM Vol. 3, "Processor State After Reset").
  public func reset() {
    resetRegisters()
    masksA20 = false
    state.resetVectorState()
    apic = LocalAPIC(initialID: apic.initialID)
    apicMoved()
    signals = []
    virtualization?.reset()
    resetModelSpecificRegisters()
    dropEverything()
    interruptsChanged()
  }

  /// What RESET and INIT have in common.
  package func resetRegisters() {
    let s = state
    for register in GeneralRegister.allCases { s[register] = 0 }
    s[.rdx] = UInt64(model.version)
    s.rflags = FlagBit.fixed
    s.pointee.rip = 0xFFF0
    s.pointee.cr0 = 0x6000_0010
    s.pointee.cr2 = 0
    s.pointee.cr3 = 0
    s.pointee.cr4 = 0
    s.pointee.efer = 0
    s.pointee.pointers = (0, 0, 0, 0)
    s.pointee.userKeys = 0
    s.pointee.supervisorKeys = 0
    s.pointee.dr = Processor.initialDebugRegisters
    s.pointee.intercepts = 0
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
    blocksNonMaskable = false
    s.pointee.debugMatches = 0
    s.pointee.isRepeating = 0
    pendingDebug = 0
    breakpointsChanged()
  }

  /// RESET and INIT keep no translation.
  package func dropEverything() {
    translation.cache.reset()
    translation.modeChanged(pagingControls)
    contextChanged()
    state.vectorControlsChanged()
  }

  /// The state was written from outside, all of it: works out anew what follows from it, and forgets every translation.
  package func stateReplaced() {
    dropEverything()
    translation.purgeHostPointers()
    state.pointee.exit = UInt32(ExitNone)
  }

  package func contextChanged() {
    modeChanged()
    let isUser = state.privilege == 3
    translation.use(knownControls, isUser: isUser)
  }

  /// Makes the run loop return at the next instruction boundary; to be called by what an instruction reaches.
  public func requestStop() { state.pointee.deadline = 0 }

  /// Whether it was called in the last run.
  public var isStopRequested: Bool { state.pointee.deadline == 0 }
}

/// The processor that a state belongs to.
@inline(__always) func processor(_ s: State) -> Processor {
  // The owner outlives its state, and is set before anything runs.
  Unmanaged<Processor>.fromOpaque(s.pointee.owner.unsafelyUnwrapped).takeUnretainedValue()
}

/// The same, for what is executed often: no reference is counted.
@inline(__always) func withProcessor<Result>(_ s: State, _ body: (Processor) -> Result) -> Result {
  Unmanaged<Processor>.fromOpaque(s.pointee.owner.unsafelyUnwrapped)._withUnsafeGuaranteedRef(body)
}
