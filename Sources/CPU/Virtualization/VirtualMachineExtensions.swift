import Layout
import MMU

// The seam between this room and VMX: what may cause a VM exit, and who decides whether it does.

/// Bits of `ProcessorState.intercepts`: what must be asked about before it is done. All are 0 outside VMX non-root
/// operation, so that instructions test one bit.
public enum Intercepts {
  /// VMX non-root operation: whatever may exit is asked about.
  public static let guest: UInt64 = 1 << 0
  /// RDTSC and RDTSCP exit, or read another counter than the processor's own.
  public static let timeStamp: UInt64 = 1 << 1
  /// PAUSE.
  public static let pause: UInt64 = 1 << 2
  /// RDRAND and RDSEED.
  public static let random: UInt64 = 1 << 3
}

/// Instructions that may cause VM exits and need no more said (SDM Vol. 3, "Instructions That Cause VM Exits").
public enum InterceptedInstruction: UInt8, Sendable {
  /// By mnemonic; `timeStamp` is RDTSC.
  case cpuid, hlt, invd, invlpg, invpcid, monitor, mwait, pause, rdpmc, timeStamp, rdtscp, wbinvd, xsetbv, rdrand,
    rdseed
  /// By mnemonic.
  case sgdt, sidt, lgdt, lidt, sldt, str, lldt, ltr, xsaves, xrstors, rsm
}

/// Instructions of VMX (SDM Vol. 3, "VMX Instruction Reference").
public enum VMXInstruction: UInt8, CaseIterable, Sendable {
  /// By mnemonic.
  case vmcall, vmclear, vmlaunch, vmresume, vmptrld, vmptrst, vmread, vmwrite, vmxoff, vmxon, invept, invvpid, vmfunc
}

/// The operands of an instruction of VMX, as far as they are not in the registers it always uses.
@frozen public struct VMXOperands {
  /// Linear address of the memory operand, when there is one.
  public var linear: UInt64
  /// The memory operand is in the stack segment.
  public var isStack: Bool
  /// The operand that is a register or memory is a register.
  public var isRegister: Bool
  /// Offsets in the state of the register that ModRM.rm names, and of the other one.
  public var register, other: UInt8
  /// Bytes of the instruction.
  public var length: UInt8
}

/// What an instruction of VMX asks the block it is in to do.
public enum VMXInstructionEnd {
  /// It is done: the next instruction follows.
  case next
  /// It has raised a fault, or a fault has been recorded.
  case fault(Vector, error: UInt32), recordedFault
  /// It exits, or enters: the boundary before it is where that happens.
  case transition
}

/// An event that is being delivered, as VMX describes it (SDM Vol. 3, "Information for VM Exits That Occur During Event
/// Delivery").
@frozen public struct VectoredEvent: Equatable, Sendable {
  /// Bits 10:8 of an interruption-information field.
  public enum Kind: UInt32, Sendable {
    /// The manual's types.
    case externalInterrupt = 0, nonMaskable = 2, hardwareException = 3, softwareInterrupt = 4
    /// INT1; INT3 and INTO.
    case privilegedException = 5, softwareException = 6
  }

  /// Its vector.
  public var vector: UInt8
  /// Its kind.
  public var kind: Kind
  /// Its error code, if it has one.
  public var error: UInt32?
  /// Bytes of the instruction that raised it, for software interrupts and exceptions.
  public var length: UInt16

  /// An event.
  public init(vector: UInt8, kind: Kind, error: UInt32? = nil, length: UInt16 = 0) {
    (self.vector, self.kind, self.error, self.length) = (vector, kind, error, length)
  }
}

/// What a control-register access is (SDM Vol. 3, "Exit Qualification for Control-Register Accesses").
public enum ControlRegisterAccess: Equatable, Sendable {
  /// MOV to a control register, from a general one (0-15).
  case write(Int, value: UInt64, register: Int)
  /// MOV from one.
  case read(Int, register: Int)
  /// CLTS.
  case clts
  /// LMSW, with its source; from memory at a linear address, or from a register.
  case lmsw(UInt16, linear: UInt64?)
}

/// An access to a port (SDM Vol. 3, "Exit Qualification for I/O Instructions").
public struct PortAccess: Sendable {
  /// The port.
  public var port: UInt16
  /// 1, 2 or 4.
  public var bytes: Int
  /// IN or INS.
  public var isInput: Bool
  /// INS or OUTS.
  public var isString: Bool
  /// With a REP prefix.
  public var isRepeated: Bool
  /// The port is an immediate.
  public var isImmediate: Bool
  /// Of INS and OUTS, linear address of the string's element.
  public var linear: UInt64
}

/// The virtual-machine extensions of one processor.
///
/// Instructions ask where the manual has their exits come; a yes leaves the block, and `transition` is called at the
/// boundary before the instruction, where RIP and the clock are exact.
public protocol VirtualMachineExtensions: AnyObject {
  /// Whether an instruction exits; if it does, why is remembered.
  func exits(_ instruction: InterceptedInstruction, length: UInt8) -> Bool
  /// Whether an access to a control register exits.
  func exits(_ access: ControlRegisterAccess, length: UInt8) -> Bool
  /// Whether an access to a debug register exits.
  func exits(debugRegister: Int, isRead: Bool, register: Int, length: UInt8) -> Bool
  /// Whether RDMSR or WRMSR exits.
  func exits(msr: UInt32, isWrite: Bool, length: UInt8) -> Bool
  /// Whether an access to a port exits.
  func exits(_ access: PortAccess, length: UInt8) -> Bool
  /// Whether a task switch exits, always in a guest.
  func exits(taskSwitch selector: UInt16, _ source: Int, length: UInt16) -> Bool
  /// Executes an instruction of VMX.
  func execute(_ instruction: VMXInstruction, _ operands: VMXOperands) -> VMXInstructionEnd

  /// Exits or enters, as the instruction at this boundary has asked for.
  func transition()
  /// Whether an exception that is about to be delivered exits instead; it has then.
  ///
  /// - Parameter debugBits: of #DB, what it would put into DR6; of #PF, the linear address.
  func takes(_ event: VectoredEvent, detail: UInt64) -> Bool
  /// An access of a guest cannot be completed: exits, or delivers a virtualization exception.
  func take(_ exit: MemoryExit, length: UInt32)
  /// Whether a triple fault exits; it has then.
  func takesTripleFault() -> Bool
  /// Exits and events that come before traps on the previous instruction; whether there was one.
  func takeBeforeTraps() -> Bool
  /// Takes one of the events that come after those traps, or exits for it; whether there was one.
  func takeEvent() -> Bool
  /// Whether there is anything for the two above; called when interrupts or signals have changed.
  var isAttentionWanted: Bool { get }
  /// The processor is in VMX operation.
  var isOn: Bool { get }
  /// Whether a guest that waits is to go on, if only to exit.
  var endsWaiting: Bool { get }
  /// An instruction of a guest has retired.
  func instructionRetired()
  /// Whether each instruction of a guest must be seen: the monitor trap flag.
  var seesEachInstruction: Bool { get }
  /// Cycle at which the VMX-preemption timer runs down, or nil.
  var timerDeadline: UInt64? { get }

  /// What `complete` follows from.
  var controlWords: (UInt64, UInt64, UInt64, UInt64) { get }
  /// VMX operation forbids a value of CR0 or CR4.
  func forbids(cr0: UInt64) -> Bool
  /// VMX operation forbids a value of CR4.
  func forbids(cr4: UInt64) -> Bool
  /// The control register as a guest reads it.
  func visible(_ number: Int, _ value: UInt64) -> UInt64
  /// What a guest's write to a control register that does not exit makes of it.
  func written(_ number: Int, old: UInt64, _ value: UInt64) -> UInt64
  /// Whether a feature that a control enables is there for the guest: RDTSCP, INVPCID, XSAVES.
  func allows(_ instruction: InterceptedInstruction) -> Bool
  /// The time-stamp counter as a guest reads it.
  func timeStamp(_ own: UInt64) -> UInt64
  /// Whether INIT is blocked: VMX root operation.
  var blocksInit: Bool { get }
  /// Whether IRET leaves blocking of NMIs as it is; if not, virtual NMIs may be what it unblocks.
  func interruptReturn() -> Bool
  /// An access of a guest to the APIC-access page: where in the virtual-APIC page it goes; nil: it exits, and why is
  /// remembered.
  func apicAccess(
    _ access: Access, linear: UInt64, offset: UInt64, bytes: UInt64, length: UInt8
  ) -> PhysicalAddress?
  /// A virtualized write is done.
  func apicWritten(offset: UInt64)
  /// CR8 of a guest with a TPR shadow; nil: it is the processor's own.
  var virtualTaskPriority: UInt64? { get set }
  /// Reads a model-specific register that is virtualized for a guest; nil: it is the processor's own.
  func virtualRead(msr: UInt32) -> UInt64?
  /// Writes one; nil: it is the processor's own; false: #GP(0).
  func virtualWrite(msr: UInt32, _ value: UInt64) -> Bool?
  /// The VMX and EPT part of the paging controls.
  func complete(_ controls: inout PagingControls)

  /// RESET, and INIT outside VMX operation.
  func reset()
  /// What hashes cover.
  func hash(into hasher: inout StateHasher)
  /// The state, for snapshots.
  var image: Any { get }
  /// Becomes what it was.
  func restore(_ image: Any)
}
