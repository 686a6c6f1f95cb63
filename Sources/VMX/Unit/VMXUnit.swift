import CPU
import Layout
import MMU

/// The VMX of one logical processor: VMX operation, the current VMCS, and what of it is in force in a guest (SDM Vol. 3,
/// "Introduction to Virtual Machine Extensions").
public final class VMXUnit {
  /// An entry that has failed. An object: a value as large costs something to look at, too.
  final class FailedEntry {
    let failure: EntryFailure

    init(_ failure: EntryFailure) { self.failure = failure }
  }

  /// What the next transition does.
  enum Pending {
    case none
    /// `asked`.
    case exit
    case entry
    /// With `failing`, a check of guest state that has failed.
    case failingEntry
  }

  /// The processor.
  unowned(unsafe) let processor: Processor
  let state: State
  let memory: PhysicalMemory
  /// What the model's VMX can do.
  public let capabilities: VMXCapabilities
  let checks: EntryChecks
  let checker: EntryChecker
  let fields: VMCSFields
  /// By the bits of an encoding, where its field lies.
  private let places: UnsafeMutablePointer<VMCSPlace>
  /// By field, whether it exists.
  let exists: [Bool]
  /// Told of what VMX does.
  public var observer: (any VMXObserver)? {
    get { listener.object }
    set { listener.object = newValue }
  }
  var listener = Held<any VMXObserver>()

  /// Cycles of what it does.
  let exitCycles, entryCycles, vmcsCycles, pointerCycles, invalidationCycles, functionCycles: UInt64

  // MARK: State

  /// The processor is in VMX operation.
  public internal(set) var isOn = false
  /// The VMXON pointer.
  public internal(set) var vmxonPointer: UInt64 = ~0
  /// The current-VMCS pointer; ~0: none is.
  public internal(set) var current: UInt64 = ~0
  /// The current VMCS's launch state.
  public internal(set) var isLaunched = false
  /// The region's shadow-VMCS indicator.
  public internal(set) var isShadow = false
  /// Fields of the current VMCS.
  public let vmcs = VMCS()
  /// Virtual-NMI blocking.
  var blocksVirtualNMI = false
  /// A monitor-trap-flag exit is due at the next boundary.
  var isTrapPending = false
  /// A TPR-below-threshold exit is due after this entry.
  var isBelowThreshold = false
  /// Cycle at which the VMX-preemption timer runs down.
  var timerEnd: UInt64?
  /// Cycle at which the last PAUSE of a loop was executed, and when the loop began (PAUSE-loop exiting).
  var lastPause: UInt64 = 0
  var firstPause: UInt64 = 0
  /// RIP and instruction count of an IRET that has removed blocking by NMI and is not done.
  var unblocking: (rip: UInt64, count: UInt64) = (0, .max)
  var pending = Pending.none
  /// The exit that was asked for last. It stays in its place: it is written by parts, and whoever copies it at once waits for
  /// each of them.
  let asked: UnsafeMutablePointer<VMExit>
  var failing: FailedEntry?

  // Controls in force since the last entry.
  var pin: PinControls = []
  var primary: PrimaryControls = []
  var secondary: SecondaryControls = []

  /// A trap-like exit of APIC virtualization that is due at the next boundary: reason and qualification.
  var virtualTrap: (reason: ExitReason, qualification: UInt64)?

  /// Virtual interrupts (SDM Vol. 3, "Virtual-Interrupt Delivery").
  var isVirtualInterruptPending = false

  /// Why the last VM entry failed, until one succeeds.
  public var lastFailure: EntryFailure? { lastFailed?.failure }
  var lastFailed: FailedEntry?

  /// VMX of a processor whose model has it; nil without.
  ///
  /// - Throws: `TableError` when a built-in table is wrong.
  public init?(_ processor: Processor, capabilities: VMXCapabilities, checks: EntryChecks) {
    guard processor.model.has("VMX") else { return nil }
    self.processor = processor
    state = processor.state
    memory = processor.memory
    self.capabilities = capabilities
    self.checks = checks
    checker = EntryChecker(checks)
    fields = VMCSFields.all
    exists = VMCSField.allCases.map { capabilities.has($0) }
    let timing = processor.timing
    exitCycles = timing["exit"]
    entryCycles = timing["entry"]
    vmcsCycles = timing["vmcs"]
    pointerCycles = timing["vmptr"]
    invalidationCycles = timing["invept"]
    functionCycles = timing["vmfunc"]
    asked = .allocate(capacity: 1)
    asked.initialize(to: VMExit(.tripleFault))
    let none = VMCSPlace(mask: 0, field: UInt16(VMCSNoField), isReadOnly: 0, mark: 0)
    places = .allocate(capacity: Int(VMCSPlaceCount))
    places.initialize(repeating: none, count: Int(VMCSPlaceCount))
    let writesAnyField = capabilities.misc.writesAnyField
    for field in VMCSField.allCases where exists[Int(field.rawValue)] {
      guard let place = VMCSFields.place(fields[field].encoding) else { continue }
      places[place] = VMCSPlace(
        mask: fields[field].mask, field: UInt16(field.rawValue),
        isReadOnly: fields[field].kind == .exitInformation && !writesAnyField ? 1 : 0,
        mark: UInt32(field.isOfExits ? VMCS.unreadMark : VMCS.mark))
    }
    (state.pointee.vmcsPlaces, state.pointee.vmcsCycles) = (UnsafePointer(places), vmcsCycles)
  }

  deinit {
    observer = nil
    vmcs.deallocate()
    asked.deallocate()
    places.deallocate()
  }

  /// Says whether VMREAD and VMWRITE need nothing but the current VMCS's fields.
  func fieldsChanged() { state.pointee.vmcsFields = isOn && !isGuest && current != ~0 ? vmcs.words : nil }

  /// VMX non-root operation.
  public var isGuest: Bool { processor.isGuest }

  /// The secondary controls in a VMCS, if they are activated.
  var activeSecondary: SecondaryControls {
    PrimaryControls(rawValue: vmcs[low: .primaryControls]).contains(.activateSecondaryControls)
      ? SecondaryControls(rawValue: vmcs[low: .secondaryControls]) : []
  }

  /// Whether an address may be a VMCS pointer's: 4-KByte aligned, and not beyond the physical-address width.
  func isPointer(_ address: UInt64) -> Bool {
    let beyond = capabilities.basic & 1 << 48 != 0 ? ~0xFFFF_FFFF : capabilities.beyondPhysical
    return address & 0xFFF == 0 && address & beyond == 0
  }

  // MARK: Regions

  /// The current VMCS goes to its region.
  func writeBack() {
    guard current != ~0 else { return }
    let count = VMCSField.allCases.count * 8
    memory.write(
      PhysicalAddress(current &+ VMCSRegion.fields), UnsafeRawBufferPointer(start: vmcs.words, count: count))
    memory.write(PhysicalAddress(current &+ VMCSRegion.launchState), UInt64(isLaunched ? 1 : 0))
  }

  /// A region's VMCS becomes current.
  func load(_ pointer: UInt64) {
    let count = VMCSField.allCases.count * 8
    memory.read(
      PhysicalAddress(pointer &+ VMCSRegion.fields),
      into: UnsafeMutableRawBufferPointer(start: vmcs.words, count: count))
    vmcs.hasOtherWrites = true
    isLaunched = memory.read(PhysicalAddress(pointer &+ VMCSRegion.launchState), as: UInt64.self) & 1 != 0
    isShadow = memory.read(PhysicalAddress(pointer), as: UInt32.self) >> 31 != 0
    current = pointer
  }
}

/// Told of what VMX does; it changes nothing.
public protocol VMXObserver: AnyObject {
  /// A VM entry is done.
  func entered(_ unit: VMXUnit)
  /// A VM exit is done; its information is in the current VMCS.
  func exited(_ unit: VMXUnit, reason: UInt32, qualification: UInt64)
  /// A VM entry has failed.
  func entryFailed(_ unit: VMXUnit, _ failure: EntryFailure)
  /// An instruction of VMX has been executed in root operation: with INVEPT and INVVPID, type and descriptor.
  func executed(_ unit: VMXUnit, _ instruction: VMXInstruction, type: UInt64, low: UInt64, high: UInt64)
  /// An instruction of VMX in non-root operation is about to exit; registers and memory are the guest's.
  func willExit(_ unit: VMXUnit, _ instruction: VMXInstruction, _ operands: VMXOperands)
  /// The shadow VMCS has satisfied a guest's VMREAD or VMWRITE of a field with a value.
  func shadowed(_ unit: VMXUnit, _ instruction: VMXInstruction, encoding: UInt64, value: UInt64)
}

extension VMXObserver {
  /// Nobody wants to know.
  public func willExit(_ unit: VMXUnit, _ instruction: VMXInstruction, _ operands: VMXOperands) {}
  /// Nobody wants to know.
  public func shadowed(_ unit: VMXUnit, _ instruction: VMXInstruction, encoding: UInt64, value: UInt64) {}
}

/// A VM exit (SDM Vol. 3, "VM Exits").
struct VMExit {
  /// Basic exit reason, and bits 31:16.
  var reason: UInt32
  var qualification: UInt64 = 0
  /// Bytes of the instruction, where the exit has a length.
  var length: UInt32 = 0
  var information: UInt32 = 0
  var interruption: UInt32 = 0
  var errorCode: UInt32 = 0
  var linearAddress: UInt64?
  var guestPhysicalAddress: UInt64?
  /// Instruction information and, where operands decide it, qualification are read from the instruction's bytes.
  var operands = ExitOperands.none
  /// INS and OUTS: rCX, rSI, rDI and RIP are reported.
  var isString = false
  /// A trap-like exit: RIP is that of the next instruction.
  var isTrap = false

  init(_ reason: ExitReason) { self.reason = reason.rawValue }
}
