import CPU
import EPTTLB
import Layout
import MMU

// VM exits (SDM Vol. 3, "VM Exits").

extension VMXUnit {
  /// The instruction at this boundary has asked for an exit or an entry.
  public func transition() {
    let what = pending
    pending = .none
    switch what {
    case .none: break
    case .exit: performAsked()
    case .entry: performEntry()
    case .failingEntry: performFailingEntry()
    }
  }

  /// Exits at this boundary.
  func perform(_ exit: VMExit) {
    asked.pointee = exit
    performAsked()
  }

  private func performAsked() {
    Unmanaged.passUnretained(processor)._withUnsafeGuaranteedRef { perform(asked, on: $0) }
  }

  private func perform(_ exit: UnsafeMutablePointer<VMExit>, on processor: Processor) {
    let s = state
    s.pointee.cycles &+= exitCycles
    if exit.pointee.operands != .none { instructionBytes(length: exit.pointee.length).describe(&exit.pointee, self) }
    record(exit, processor)
    saveGuest(exit, processor)
    let isNMI = exit.pointee.reason == 0 && exit.pointee.interruption >> 8 & 7 == 2
    let (reason, qualification) = (vmcs[low: .exitReason], exit.pointee.qualification)
    loadHost(processor)
    if isNMI { processor.blocksNonMaskable = true }
    processor.vectoring = nil
    listener { $0.exited(self, reason: reason, qualification: qualification) }
    processor.interruptsChanged()
  }

  // MARK: Information (SDM Vol. 3, "Recording VM-Exit Information and Updating VM-entry Control Fields")

  private func record(_ exit: UnsafePointer<VMExit>, _ processor: Processor) {
    vmcs[low: .entryInterruptionInformation] = vmcs[low: .entryInterruptionInformation] & 0x7FFF_FFFF
    vmcs[low: .exitReason] = exit.pointee.reason
    vmcs[.exitQualification] = state.isLong ? exit.pointee.qualification : exit.pointee.qualification & widthMask(exit)
    if let linear = exit.pointee.linearAddress { vmcs[.guestLinearAddress] = linear }
    if let guestPhysical = exit.pointee.guestPhysicalAddress { vmcs[.guestPhysicalAddress] = guestPhysical }
    vmcs[low: .exitInterruptionInformation] = exit.pointee.interruption
    vmcs[low: .exitInterruptionErrorCode] = exit.pointee.errorCode
    vmcs[low: .exitInstructionLength] = exit.pointee.length
    vmcs[low: .exitInstructionInformation] = exit.pointee.information
    if exit.pointee.isString {
      vmcs[.ioRCX] = state[.rcx]
      vmcs[.ioRSI] = state[.rsi]
      vmcs[.ioRDI] = state[.rdi]
      vmcs[.ioRIP] = state.pointee.rip
    }
    guard let event = processor.vectoring else {
      vmcs[low: .idtVectoringInformation] = 0
      return
    }
    vmcs[low: .idtVectoringInformation] = VMXUnit.information(event)
    if let error = event.error { vmcs[low: .idtVectoringErrorCode] = error }
    if exit.pointee.length == 0 { vmcs[low: .exitInstructionLength] = UInt32(event.length) }
  }

  /// Displacements are as wide as the guest's addresses.
  private func widthMask(_ exit: UnsafePointer<VMExit>) -> UInt64 {
    exit.pointee.operands == .none ? .max : 0xFFFF_FFFF
  }

  /// An interruption-information field.
  static func information(_ event: VectoredEvent) -> UInt32 {
    1 << 31 | UInt32(event.vector) | event.kind.rawValue << 8 | (event.error == nil ? 0 : 1 << 11)
  }

  // MARK: Saving guest state (SDM Vol. 3, "Saving Guest State")

  private func saveGuest(_ exit: UnsafePointer<VMExit>, _ processor: Processor) {
    let s = state
    let controls = ExitControls(rawValue: vmcs[low: .exitControls])
    vmcs[.guestCR0] = s.pointee.cr0
    vmcs[.guestCR3] = s.pointee.cr3
    vmcs[.guestCR4] = s.pointee.cr4
    vmcs[.guestSysenterCS] = s.pointee.sysenterCS & 0xFFFF_FFFF
    vmcs[.guestSysenterESP] = s.pointee.sysenterESP
    vmcs[.guestSysenterEIP] = s.pointee.sysenterEIP
    if controls.contains(.saveDebugControls) {
      vmcs[.guestDR7] = s.pointee.dr.7
      vmcs[.guestDEBUGCTL] = processor.debugControl
    }
    if controls.contains(.savePAT) { vmcs[.guestPAT] = processor[modelSpecific: 0x277] }
    if controls.contains(.saveEFER) { vmcs[.guestEFER] = s.pointee.efer }
    if EntryControls(rawValue: capabilities.entry.allowed1).contains(.loadBNDCFGS) {
      vmcs[.guestBNDCFGS] = processor[modelSpecific: 0xD90]
    }
    if EntryControls(rawValue: capabilities.entry.allowed1).contains(.loadPKRS) {
      vmcs[.guestPKRS] = UInt64(s.pointee.supervisorKeys)
    }
    saveSegments()
    vmcs[.guestGDTRBase] = s.pointee.gdtr.base
    vmcs[.guestGDTRLimit] = s.pointee.gdtr.limit
    vmcs[.guestIDTRBase] = s.pointee.idtr.base
    vmcs[.guestIDTRLimit] = s.pointee.idtr.limit
    vmcs[.guestRIP] = s.pointee.rip
    vmcs[.guestRSP] = s[.rsp]
    // Faults save RF as the image on the stack would have it.
    let isFault = exit.pointee.reason == 0 && exit.pointee.interruption >> 8 & 7 == 3 && processor.isFault
    let isInterrupted = s.pointee.isRepeating != 0 || processor.vectoring != nil && processor.isFault
    vmcs[.guestRFLAGS] = s.rflags | (isFault || isInterrupted ? FlagBit.resume : 0)
    if secondary.contains(.enableEPT), isGuestPAE {
      let pointers = s.pointee.pointers
      vmcs[.guestPDPTE0] = pointers.0
      vmcs[.guestPDPTE1] = pointers.1
      vmcs[.guestPDPTE2] = pointers.2
      vmcs[.guestPDPTE3] = pointers.3
    }

    // "Saving Non-Register State".
    vmcs[low: .guestActivity] = s.pointee.activity
    var interruptibility: UInt32 = s.pointee.interruptShadow == 1 ? 1 : s.pointee.interruptShadow == 2 ? 2 : 0
    if pin.contains(.virtualNMIs) ? blocksVirtualNMI : processor.blocksNonMaskable { interruptibility |= 8 }
    vmcs[low: .guestInterruptibility] = interruptibility
    let isDebug = exit.pointee.reason == 0 && exit.pointee.interruption & 0x7FF == 0x301
    var debug = isDebug ? 0 : processor.pendingDebug & (DR6.breakpoints | DR6.singleStep)
    if debug & DR6.breakpoints != 0 { debug |= 1 << 12 }
    vmcs[.guestPendingDebugExceptions] = debug
    if controls.contains(.savePreemptionTimer) { vmcs[.preemptionTimer] = timerValue }
    if capabilities.misc.storesLMA {
      let word = EntryControls(rawValue: vmcs[low: .entryControls])
      let isLong = s.pointee.efer & EFER.longModeActive != 0
      vmcs[low: .entryControls] =
        (isLong ? word.union(.ia32eModeGuest) : word.subtracting(.ia32eModeGuest)).rawValue
    }
    storeMSRs()
  }

  /// Saving MSRs: an entry that cannot be saved is a VMX abort.
  private func storeMSRs() {
    let area = vmcs[.exitMSRStoreAddress]
    for number in 0..<vmcs[.exitMSRStoreCount] {
      let entry = MSREntry(memory, area, number)
      guard entry.reserved == 0, entry.index != 0x9E, let value = processor.stored(msr: entry.index) else {
        return abort(1)
      }
      memory.write(PhysicalAddress(MSREntry.address(area, number).value &+ 8), value)
    }
  }

  // MARK: Loading host state (SDM Vol. 3, "Loading Host State")

  func loadHost(_ processor: Processor) {
    let s = state
    let controls = ExitControls(rawValue: vmcs[low: .exitControls])
    let isLong = controls.contains(.hostAddressSpaceSize)
    let wasGuest = s.pointee.intercepts != 0
    s.pointee.intercepts = 0
    fieldsChanged()
    s.pointee.cr0 = s.pointee.cr0 & VMXUnit.keptCR0 | vmcs[.hostCR0] & ~VMXUnit.keptCR0
    s.pointee.cr3 = vmcs[.hostCR3]
    var cr4 = vmcs[.hostCR4]
    if isLong { cr4 |= CR4.physicalAddressExtension } else { cr4 &= ~CR4.processContextIdentifiers }
    s.pointee.cr4 = cr4
    loadDR7(DR7.fixed)
    if processor.debugControl != 0 { _ = processor.load(msr: Processor.debugControlIndex, 0) }
    s.pointee.sysenterCS = vmcs[.hostSysenterCS]
    s.pointee.sysenterESP = vmcs[.hostSysenterESP]
    s.pointee.sysenterEIP = vmcs[.hostSysenterEIP]
    if controls.contains(.loadEFER) {
      s.pointee.efer = vmcs[.hostEFER]
    } else {
      let both = EFER.longModeActive | EFER.longModeEnable
      s.pointee.efer = s.pointee.efer & ~both | (isLong ? both : 0)
    }
    if controls.contains(.loadPAT) { loadPAT(vmcs[.hostPAT]) }
    if controls.contains(.loadPerfGlobalCtrl) { _ = processor.load(msr: 0x38F, vmcs[.hostPerfGlobalCtrl]) }
    if controls.contains(.clearBNDCFGS) { _ = processor.load(msr: 0xD90, 0) }
    if controls.contains(.loadPKRS) { s.pointee.supervisorKeys = vmcs[low: .hostPKRS] }

    let data: UInt32 = 0xC093
    func selector(_ field: VMCSField) -> UInt16 { UInt16(truncatingIfNeeded: vmcs[field]) }
    func register(_ field: VMCSField, base: UInt64 = 0) -> SegmentRegister {
      let selector = selector(field)
      return SegmentRegister(
        base: base, limit: 0xFFFF_FFFF, attributes: selector == 0 ? data | 1 << 16 : data, selector: selector,
        reserved: (0, 0, 0))
    }
    let code = SegmentRegister(
      base: 0, limit: 0xFFFF_FFFF, attributes: isLong ? 0xA09B : 0xC09B, selector: selector(.hostCSSelector),
      reserved: (0, 0, 0))
    s.pointee.segments = (
      register(.hostESSelector), code, register(.hostSSSelector), register(.hostDSSelector),
      register(.hostFSSelector, base: vmcs[.hostFSBase]), register(.hostGSSelector, base: vmcs[.hostGSBase])
    )
    s.pointee.tr = SegmentRegister(
      base: vmcs[.hostTRBase], limit: 0x67, attributes: 0x8B, selector: selector(.hostTRSelector), reserved: (0, 0, 0))
    s.pointee.ldtr = SegmentRegister(
      base: 0, limit: 0xFFFF, attributes: 0x82 | 1 << 16, selector: 0, reserved: (0, 0, 0))
    s.pointee.gdtr = DescriptorTableRegister(base: vmcs[.hostGDTRBase], limit: 0xFFFF)
    s.pointee.idtr = DescriptorTableRegister(base: vmcs[.hostIDTRBase], limit: 0xFFFF)
    s.pointee.rip = isLong ? vmcs[.hostRIP] : vmcs[.hostRIP] & 0xFFFF_FFFF
    s[.rsp] = isLong ? vmcs[.hostRSP] : vmcs[.hostRSP] & 0xFFFF_FFFF
    s.rflags = FlagBit.fixed

    // "Updating Non-Register State".
    s.pointee.activity = Activity.active
    s.pointee.interruptShadow = 0
    if pin.contains(.virtualNMIs), wasGuest { processor.blocksNonMaskable = false }
    processor.pendingDebug = 0
    s.pointee.isRepeating = 0
    s.pointee.debugMatches = 0
    timerEnd = nil
    isTrapPending = false
    isBelowThreshold = false
    isVirtualInterruptPending = false
    virtualTrap = nil
    if wasGuest {
      processor.translation.invalidate(.transition(isVPIDEnabled: secondary.contains(.enableVPID)))
    }
    s.vectorControlsChanged()
    if isGuestPAE, !loadHostPointers() { return abort(2) }
    processor.contextChanged()
    loadHostMSRs()
  }

  /// "Checking and Loading Host Page-Directory-Pointer-Table Entries"; false: one is not valid.
  private func loadHostPointers() -> Bool {
    let table = state.pointee.cr3 & 0xFFFF_FFE0
    var pointers: [UInt64] = []
    for index in 0..<4 as Range<UInt64> {
      let pointer = memory.read(PhysicalAddress(table &+ index * 8), as: UInt64.self)
      guard pointer & 1 == 0 || pointer & (capabilities.beyondPhysical | 0x1E6) == 0 else { return false }
      pointers.append(pointer)
    }
    processor.setPointers(pointers)
    return true
  }

  private func loadHostMSRs() {
    let area = vmcs[.exitMSRLoadAddress]
    for number in 0..<vmcs[.exitMSRLoadCount] {
      let entry = MSREntry(memory, area, number)
      let isForbidden = entry.index == 0xC000_0100 || entry.index == 0xC000_0101
      guard entry.reserved == 0, !isForbidden, processor.load(msr: entry.index, entry.value) else { return abort(4) }
    }
  }

  /// A VMX abort: the indicator is written, and the processor is in the shutdown state (SDM Vol. 3, "VMX Aborts").
  private func abort(_ indicator: UInt32) {
    memory.write(PhysicalAddress(current &+ VMCSRegion.abort), indicator)
    state.pointee.activity = Activity.shutdown
  }
}
