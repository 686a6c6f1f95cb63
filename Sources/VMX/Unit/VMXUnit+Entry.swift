import CPU
import EPTTLB
import Layout
import MMU

// VM entries (SDM Vol. 3, "VM Entries").

extension VMXUnit {
  /// VMLAUNCH and VMRESUME as far as they can fail without an exit, "VMLAUNCH/VMRESUME—Launch/Resume Virtual Machine".
  func enter(isLaunch: Bool, _ operands: VMXOperands) -> VMXInstructionEnd {
    guard current != ~0, !isShadow else { return failInvalid() }
    guard state.pointee.interruptShadow != 2 else { return fail(InstructionError.blockedByMovSS) }
    guard isLaunch != isLaunched else {
      return fail(isLaunch ? InstructionError.vmlaunchNotClear : InstructionError.vmresumeNotLaunched)
    }
    let inputs = EntryInputs(isIA32e: state.isLong, currentVMCS: current, memory: memory)
    guard checker.passes(vmcs, inputs) else { return failEntry(inputs) }
    pending = .entry
    return .transition
  }

  /// A check has failed: so does the instruction, or the entry that it asks for.
  private func failEntry(_ inputs: EntryInputs) -> VMXInstructionEnd {
    pending = .entry
    guard let failure = checker.failure(vmcs, inputs) else { return .transition }
    if let error = failure.stage.instructionError {
      pending = .none
      note(failure)
      return fail(error)
    }
    (pending, failing) = (.failingEntry, FailedEntry(failure))
    return .transition
  }

  private func note(_ failure: EntryFailure) {
    lastFailed = FailedEntry(failure)
    listener { $0.entryFailed(self, failure) }
  }

  /// Enters at this boundary: loads guest state, and injects what is to be injected.
  func performEntry() { Unmanaged.passUnretained(processor)._withUnsafeGuaranteedRef { performEntry(on: $0) } }

  /// An entry of which a check of guest state has failed.
  func performFailingEntry() {
    state.pointee.cycles &+= entryCycles
    state.pointee.instructions &+= 1
    guard let failure = failing?.failure else { return }
    failing = nil
    note(failure)
    failEntry(failure)
  }

  private func performEntry(on processor: Processor) {
    let s = state
    s.pointee.cycles &+= entryCycles
    s.pointee.instructions &+= 1
    let inputs = EntryInputs(isIA32e: s.isLong, currentVMCS: current, memory: memory)
    // A successful entry says so in RFLAGS of the host, which nobody sees; the guest's come from the VMCS.
    pin = PinControls(rawValue: vmcs[low: .pinControls])
    primary = PrimaryControls(rawValue: vmcs[low: .primaryControls])
    secondary = activeSecondary
    processor.translation.modificationLog = secondary.contains(.pageModificationLogging) ? self : nil
    let host = HostRemains(s, processor)
    loadGuest(processor)
    fieldsChanged()
    if let failure = loadMSRs(inputs) {
      host.restore(s, processor)
      note(failure)
      return failEntry(failure)
    }
    isLaunched = true
    if lastFailed != nil { lastFailed = nil }
    processor.translation.invalidate(.transition(isVPIDEnabled: secondary.contains(.enableVPID)))
    processor.contextChanged()
    startTimer()
    isTrapPending = false
    isBelowThreshold = false
    unblocking.count = .max
    virtualAPICEntered()
    listener { $0.entered(self) }
    inject()
    processor.interruptsChanged()
  }

  /// A failed entry exits: nothing of the guest is saved.
  private func failEntry(_ failure: EntryFailure) {
    let reason = failure.stage.exitReason ?? 0
    vmcs[low: .exitReason] = reason
    vmcs[.exitQualification] = failure.qualification
    loadHost(processor)
    listener { $0.exited(self, reason: reason, qualification: failure.qualification) }
    processor.interruptsChanged()
  }

  /// What a failed entry finds changed and puts back before it loads host state.
  private struct HostRemains {
    let intercepts: UInt64
    let blocksNonMaskable: Bool
    let activity: UInt32

    init(_ s: State, _ processor: Processor) {
      intercepts = s.pointee.intercepts
      blocksNonMaskable = processor.blocksNonMaskable
      activity = s.pointee.activity
    }

    func restore(_ s: State, _ processor: Processor) {
      s.pointee.intercepts = intercepts
      processor.blocksNonMaskable = blocksNonMaskable
      s.pointee.activity = activity
    }
  }

  // MARK: Loading guest state (SDM Vol. 3, "Loading Guest State")

  /// Bits of CR0 that no transition changes: ET, reserved ones, NW, CD.
  static let keptCR0: UInt64 = 0x7FFA_FFD0

  private func loadGuest(_ processor: Processor) {
    let s = state
    let entry = EntryControls(rawValue: vmcs[low: .entryControls])
    s.pointee.cr0 = s.pointee.cr0 & VMXUnit.keptCR0 | vmcs[.guestCR0] & ~VMXUnit.keptCR0
    s.pointee.cr3 = vmcs[.guestCR3]
    s.pointee.cr4 = vmcs[.guestCR4]
    if entry.contains(.loadDebugControls) {
      loadDR7(vmcs[.guestDR7] & DR7.writable | DR7.fixed)
      if processor.debugControl != vmcs[.guestDEBUGCTL] {
        _ = processor.load(msr: Processor.debugControlIndex, vmcs[.guestDEBUGCTL])
      }
    }
    s.pointee.sysenterCS = vmcs[.guestSysenterCS]
    s.pointee.sysenterESP = vmcs[.guestSysenterESP]
    s.pointee.sysenterEIP = vmcs[.guestSysenterEIP]
    if entry.contains(.loadEFER) {
      s.pointee.efer = vmcs[.guestEFER]
    } else {
      let isLong = entry.contains(.ia32eModeGuest)
      var efer = s.pointee.efer & ~EFER.longModeActive | (isLong ? EFER.longModeActive : 0)
      if s.pointee.cr0 & CR0.paging != 0 {
        efer = efer & ~EFER.longModeEnable | (isLong ? EFER.longModeEnable : 0)
      }
      s.pointee.efer = efer
    }
    if entry.contains(.loadPAT) { loadPAT(vmcs[.guestPAT]) }
    if entry.contains(.loadPerfGlobalCtrl) { _ = processor.load(msr: 0x38F, vmcs[.guestPerfGlobalCtrl]) }
    if entry.contains(.loadBNDCFGS) { _ = processor.load(msr: 0xD90, vmcs[.guestBNDCFGS]) }
    if entry.contains(.loadPKRS) { s.pointee.supervisorKeys = vmcs[low: .guestPKRS] }

    loadSegments()
    s.pointee.gdtr = DescriptorTableRegister(base: vmcs[.guestGDTRBase], limit: vmcs[.guestGDTRLimit])
    s.pointee.idtr = DescriptorTableRegister(base: vmcs[.guestIDTRBase], limit: vmcs[.guestIDTRLimit])
    s.pointee.rip = vmcs[.guestRIP]
    s[.rsp] = vmcs[.guestRSP]
    s.rflags = vmcs[.guestRFLAGS]

    s.pointee.intercepts = intercepts
    if isGuestPAE {
      if secondary.contains(.enableEPT) {
        s.pointee.pointers = (vmcs[.guestPDPTE0], vmcs[.guestPDPTE1], vmcs[.guestPDPTE2], vmcs[.guestPDPTE3])
      } else {
        loadPointers(s.pointee.cr3)
      }
    }

    // "Loading Non-Register State".
    let interruptibility = vmcs[low: .guestInterruptibility]
    s.pointee.interruptShadow = interruptibility & 1 != 0 ? 1 : interruptibility & 2 != 0 ? 2 : 0
    let isBlocked = interruptibility & 8 != 0
    blocksVirtualNMI = pin.contains(.virtualNMIs) && isBlocked
    processor.blocksNonMaskable = !pin.contains(.virtualNMIs) && isBlocked
    s.pointee.activity = vmcs[low: .guestActivity]
    // Bit 12 says that the breakpoints in bits 3:0 were enabled; without it they are only reported.
    let debug = vmcs[.guestPendingDebugExceptions]
    processor.pendingDebug = debug & (1 << 12 | DR6.singleStep) != 0 ? debug & (DR6.breakpoints | DR6.singleStep) : 0
    s.pointee.isRepeating = 0
    s.pointee.debugMatches = 0
    s.vectorControlsChanged()
  }

  /// Bits of `ProcessorState.intercepts` that the controls ask for.
  private var intercepts: UInt64 {
    var bits = Intercepts.guest
    if !primary.isDisjoint(with: [.rdtscExiting, .useTSCOffsetting]) || secondary.contains(.useTSCScaling) {
      bits |= Intercepts.timeStamp
    }
    if primary.contains(.pauseExiting) || secondary.contains(.pauseLoopExiting) { bits |= Intercepts.pause }
    if !secondary.isDisjoint(with: [.rdrandExiting, .rdseedExiting]) { bits |= Intercepts.random }
    return bits
  }

  /// PAE paging in the state that is loaded.
  var isGuestPAE: Bool {
    let s = state
    return s.pointee.cr0 & CR0.paging != 0 && s.pointee.cr4 & CR4.physicalAddressExtension != 0 && !s.isLong
  }

  private func loadPointers(_ root: UInt64) {
    let table = root & 0xFFFF_FFE0
    func pointer(_ index: UInt64) -> UInt64 { memory.read(PhysicalAddress(table &+ index * 8), as: UInt64.self) }
    state.pointee.pointers = (pointer(0), pointer(1), pointer(2), pointer(3))
  }

  func loadDR7(_ value: UInt64) {
    guard state.pointee.dr.7 != value else { return }
    state.pointee.dr.7 = value
    processor.breakpointsChanged()
  }

  func loadPAT(_ value: UInt64) {
    guard processor[modelSpecific: 0x277] != value else { return }
    _ = processor.load(msr: 0x277, value)
  }

  // MARK: MSRs (SDM Vol. 3, "Loading MSRs")

  private func loadMSRs(_ inputs: EntryInputs) -> EntryFailure? {
    let count = vmcs[.entryMSRLoadCount]
    guard count > 0 else { return nil }
    let area = vmcs[.entryMSRLoadAddress]
    for number in 0..<count {
      let entry = MSREntry(memory, area, number)
      if let failure = checks.checkMSR(
        number: number &+ 1, index: entry.index, reserved: entry.reserved,
        faults: !processor.mayWrite(msr: entry.index, entry.value), inputs)
      {
        return failure
      }
      _ = processor.load(msr: entry.index, entry.value)
    }
    return nil
  }

  // MARK: The VMX-preemption timer

  /// The processor's time-stamp counter.
  var timeStamp: UInt64 { state.pointee.cycles &+ state.pointee.tscOffset }

  private func startTimer() {
    guard pin.contains(.activatePreemptionTimer) else {
      timerEnd = nil
      return
    }
    let shift = capabilities.misc.preemptionTimerBit
    let end = (timeStamp >> shift &+ vmcs[.preemptionTimer]) << shift
    timerEnd = vmcs[.preemptionTimer] == 0 ? state.pointee.cycles : end &- state.pointee.tscOffset
  }

  /// What the timer has left.
  var timerValue: UInt64 {
    guard let timerEnd, timerEnd > state.pointee.cycles else { return 0 }
    let shift = capabilities.misc.preemptionTimerBit
    return (timerEnd &+ state.pointee.tscOffset) >> shift &- timeStamp >> shift
  }

  // MARK: Injection (SDM Vol. 3, "Event Injection")

  private func inject() {
    let information = vmcs[low: .entryInterruptionInformation]
    guard information >> 31 != 0 else { return }
    let s = state
    let vector = UInt8(truncatingIfNeeded: information)
    let error = information & 1 << 11 != 0 ? vmcs[low: .entryExceptionErrorCode] : nil
    let kind = information >> 8 & 7
    if kind == 7 {
      // "Injection of Pending MTF VM Exits".
      isTrapPending = true
      return
    }
    s.pointee.activity = Activity.active
    let source: EventSource
    switch kind {
    case 0: source = .external
    case 2:
      source = .external
      if pin.contains(.virtualNMIs) { blocksVirtualNMI = true } else { processor.blocksNonMaskable = true }
    case 3: source = .exception
    case 5: source = .privileged
    default: source = .software
    }
    processor.isFault = kind == 3 && vector != 3 && vector != 4
    processor.isSoftwareException = kind == 6
    let length = UInt16(truncatingIfNeeded: vmcs[.entryInstructionLength])
    s.pointee.faultLength = length
    if kind >= 4 {
      s.pointee.rip &+= UInt64(length)
      if !s.is64Bit { s.pointee.rip &= 0xFFFF_FFFF }
      s.pointee.instructions &+= 1
    }
    processor.inject(vector: vector, error: error, source: source)
    if kind >= 4 { s.pointee.instructions &-= 1 }
  }
}

/// An entry of an MSR area (SDM Vol. 3, "VM-Exit Controls for MSRs").
struct MSREntry {
  let index: UInt32
  let reserved: UInt32
  let value: UInt64

  static func address(_ area: UInt64, _ number: UInt64) -> PhysicalAddress { PhysicalAddress(area &+ number &* 16) }

  init(_ memory: PhysicalMemory, _ area: UInt64, _ number: UInt64) {
    let place = MSREntry.address(area, number)
    index = memory.read(place, as: UInt32.self)
    reserved = memory.read(PhysicalAddress(place.value &+ 4), as: UInt32.self)
    value = memory.read(PhysicalAddress(place.value &+ 8), as: UInt64.self)
  }
}
