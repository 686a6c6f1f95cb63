import CPU
import EPTTLB
import Layout
import MMU

// Events in a guest: exceptions, interrupts, NMIs, windows, the timer, traps (SDM Vol. 3, "Other Causes of VM Exits",
// "Priority Among Simultaneous Exceptions and Interrupts").

extension VMXUnit {
  // MARK: Exceptions

  /// Whether an exception exits; it has then.
  public func takes(_ event: VectoredEvent, detail: UInt64) -> Bool {
    let bitmap = vmcs[low: .exceptionBitmap]
    var isSelected = bitmap >> UInt32(event.vector & 31) & 1 != 0
    if event.vector == Vector.pageFault.rawValue {
      let code = event.error ?? 0
      let matches = code & vmcs[low: .pageFaultErrorCodeMask] == vmcs[low: .pageFaultErrorCodeMatch]
      isSelected = isSelected == matches
    }
    guard isSelected else { return false }
    var exit = VMExit(.exceptionOrNMI)
    exit.interruption = VMXUnit.information(event) | unblockingBit
    exit.errorCode = event.error ?? 0
    exit.length = UInt32(event.length)
    if event.vector == Vector.pageFault.rawValue || event.vector == Vector.debug.rawValue {
      exit.qualification = detail
    }
    perform(exit)
    return true
  }

  /// Bit 12: the fault comes from an IRET that has removed blocking by NMI (SDM Vol. 3, "Information for VM Exits Due to
  /// Vectored Events").
  private var unblockingBit: UInt32 { isUnblocking ? 1 << 12 : 0 }

  private var isUnblocking: Bool {
    unblocking.count == state.pointee.instructions && unblocking.rip == state.pointee.rip
      && processor.vectoring == nil
  }

  /// IRET: whether it leaves the processor's own blocking of NMIs as it is (SDM Vol. 3, "Changes to Instruction Behavior
  /// in VMX Non-Root Operation").
  public func interruptReturn() -> Bool {
    guard pin.contains(.nmiExiting) else {
      if processor.blocksNonMaskable { noteUnblocking() }
      return false
    }
    guard pin.contains(.virtualNMIs) else { return true }
    if blocksVirtualNMI {
      noteUnblocking()
      blocksVirtualNMI = false
      if primary.contains(.nmiWindowExiting) { processor.interruptsChanged() }
    }
    return true
  }

  /// The IRET that runs is the last instruction of its block.
  private func noteUnblocking() {
    guard let block = state.pointee.block else { return }
    let last = block.pointee.count
    let op = UnsafeMutableRawPointer(block + 1).assumingMemoryBound(to: DecodedOp.self) + Int(block.pointee.lastOp)
    unblocking.rip = state.pointee.rip &+ UInt64(op.pointee.ripOffset)
    unblocking.count = state.pointee.instructions &- UInt64(last) &+ UInt64(op.pointee.number)
  }

  /// A triple fault exits.
  public func takesTripleFault() -> Bool {
    perform(VMExit(.tripleFault))
    return true
  }

  // MARK: Memory

  /// EPT does not let an access be completed.
  ///
  /// - Parameter length: bytes of the instruction whose access it was; 0 of a fetch. The manual leaves the field open, parts
  ///   fill it, and hypervisors step over the instruction by it.
  public func take(_ reason: MemoryExit, length: UInt32) {
    switch reason {
    case .eptViolation(let violation):
      if convertsToException(violation) { return deliverVirtualizationException(violation) }
      var exit = VMExit(.eptViolation)
      exit.qualification = violation.qualification | UInt64(unblockingBit)
      exit.linearAddress = violation.linearAddress
      exit.guestPhysicalAddress = violation.guestPhysicalAddress
      exit.length = length
      perform(exit)
    case .eptMisconfiguration(let address):
      var exit = VMExit(.eptMisconfiguration)
      exit.guestPhysicalAddress = address
      exit.length = length
      perform(exit)
    case .modificationLogFull:
      var exit = VMExit(.pageModificationLogFull)
      exit.qualification = UInt64(unblockingBit)
      exit.length = length
      perform(exit)
    }
  }

  /// "Convertible EPT Violations".
  private func convertsToException(_ violation: EPTViolation) -> Bool {
    guard secondary.contains(.virtualizationException), !violation.suppressesException,
      processor.vectoring == nil, state.isProtected
    else { return false }
    return memory.read(PhysicalAddress(vmcs[.virtualizationExceptionAddress] &+ 4), as: UInt32.self) == 0
  }

  /// "Virtualization-Exception Information".
  private func deliverVirtualizationException(_ violation: EPTViolation) {
    let area = vmcs[.virtualizationExceptionAddress]
    memory.write(PhysicalAddress(area), ExitReason.eptViolation.rawValue)
    memory.write(PhysicalAddress(area &+ 4), UInt32.max)
    memory.write(PhysicalAddress(area &+ 8), violation.qualification)
    memory.write(PhysicalAddress(area &+ 16), violation.linearAddress ?? 0)
    memory.write(PhysicalAddress(area &+ 24), violation.guestPhysicalAddress)
    memory.write(PhysicalAddress(area &+ 32), UInt16(truncatingIfNeeded: vmcs[.eptpIndex]))
    processor.isFault = true
    processor.deliver(vector: Vector.virtualization.rawValue, error: nil, source: .exception)
  }

  // MARK: At boundaries

  /// Whether there is anything to look at between instructions.
  public var isAttentionWanted: Bool {
    isTrapPending || isBelowThreshold || virtualTrap != nil || isTimerDue || isVirtualInterruptPending
      || !primary.isDisjoint(with: [.interruptWindowExiting, .nmiWindowExiting])
  }

  private var isTimerDue: Bool { timerEnd.map { $0 <= state.pointee.cycles } ?? false }

  /// INIT, SIPI, and the monitor trap flag.
  public func takeBeforeTraps() -> Bool {
    let s = state
    if processor.signals.contains(.initialize), s.pointee.activity != Activity.waitForSIPI {
      processor.signals.remove(.initialize)
      perform(VMExit(.initSignal))
      return true
    }
    if processor.signals.contains(.startUp), s.pointee.activity == Activity.waitForSIPI {
      processor.signals.remove(.startUp)
      var exit = VMExit(.startUpIPI)
      exit.qualification = UInt64(processor.startUpPage)
      perform(exit)
      return true
    }
    if let trap = virtualTrap {
      virtualTrap = nil
      var exit = VMExit(trap.reason)
      exit.qualification = trap.qualification
      perform(exit)
      return true
    }
    if isTrapPending {
      isTrapPending = false
      perform(VMExit(.monitorTrapFlag))
      return true
    }
    if isBelowThreshold {
      isBelowThreshold = false
      perform(VMExit(.tprBelowThreshold))
      return true
    }
    return false
  }

  /// What comes behind traps on the previous instruction: the timer, the windows, NMIs, interrupts.
  public func takeEvent() -> Bool {
    let s = state
    let activity = s.pointee.activity
    if isTimerDue, activity != Activity.waitForSIPI {
      timerEnd = nil
      var exit = VMExit(.preemptionTimer)
      exit.isTrap = true
      vmcs[.preemptionTimer] = 0
      perform(exit)
      return true
    }
    guard activity != Activity.waitForSIPI else { return false }
    let isShadowed = s.pointee.interruptShadow != 0
    if isNMIWindowOpen {
      perform(VMExit(.nmiWindow))
      return true
    }
    // With virtual NMIs the processor's own blocking is off in a guest.
    if processor.signals.contains(.nonMaskable), !isShadowed, !processor.blocksNonMaskable {
      processor.signals.remove(.nonMaskable)
      if pin.contains(.nmiExiting) {
        var exit = VMExit(.exceptionOrNMI)
        exit.interruption = 1 << 31 | 2 << 8 | 2
        perform(exit)
        return true
      }
      processor.blocksNonMaskable = true
      processor.deliverExternal(Vector.nonMaskable.rawValue)
      return true
    }
    guard activity != Activity.shutdown else { return false }
    if isInterruptWindowOpen {
      perform(VMExit(.interruptWindow))
      return true
    }
    if takeVirtualInterrupt() { return true }
    guard processor.isMaskableWanted, !isShadowed else { return false }
    if pin.contains(.externalInterruptExiting) { return takeInterruptExit() }
    guard s.pointee.rflags & FlagBit.interrupt != 0, let vector = processor.acknowledge() else { return false }
    processor.deliverExternal(vector)
    return true
  }

  private func takeInterruptExit() -> Bool {
    var exit = VMExit(.externalInterrupt)
    if ExitControls(rawValue: vmcs[low: .exitControls]).contains(.acknowledgeInterrupt) {
      guard let vector = processor.acknowledge() else { return false }
      if processPostedInterrupt(vector) { return true }
      exit.interruption = 1 << 31 | UInt32(vector)
    }
    perform(exit)
    return true
  }

  /// "NMI-window exiting": virtual NMIs are not blocked, nor anything by MOV SS or STI.
  private var isNMIWindowOpen: Bool {
    primary.contains(.nmiWindowExiting) && !blocksVirtualNMI && state.pointee.interruptShadow == 0
  }

  /// "Interrupt-window exiting".
  private var isInterruptWindowOpen: Bool {
    primary.contains(.interruptWindowExiting) && state.pointee.rflags & FlagBit.interrupt != 0
      && state.pointee.interruptShadow == 0
  }

  /// Whether a guest that waits is to go on.
  public var endsWaiting: Bool {
    let s = state
    if s.pointee.activity == Activity.waitForSIPI { return processor.signals.contains(.startUp) }
    if isTrapPending || isBelowThreshold || isTimerDue || isNMIWindowOpen { return true }
    if processor.signals.contains(.initialize) { return true }
    if processor.signals.contains(.nonMaskable), !processor.blocksNonMaskable { return true }
    guard s.pointee.activity == Activity.halted else { return false }
    if isInterruptWindowOpen || isVirtualInterruptDeliverable { return true }
    return processor.isMaskableWanted && pin.contains(.externalInterruptExiting)
  }

  /// The monitor trap flag: an exit behind each instruction.
  public var seesEachInstruction: Bool { primary.contains(.monitorTrapFlag) }

  /// An instruction has retired, or an event was delivered in its place.
  public func instructionRetired() {
    isTrapPending = true
    processor.interruptsChanged()
  }

  /// Cycle at which the VMX-preemption timer runs down.
  public var timerDeadline: UInt64? { timerEnd }

  /// INIT is blocked in VMX root operation.
  public var blocksInit: Bool { isOn && !isGuest }
}
