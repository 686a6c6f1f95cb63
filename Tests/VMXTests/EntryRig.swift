import CPU
import MMU
import VMX

/// A valid VMCS in one of several modes, and what its checks look at beside it.
final class EntryRig {
  /// What the guest will be.
  enum Guest: CaseIterable {
    case long, pae, unpaged, real, virtual8086

    var needsUnrestricted: Bool { self == .real || self == .unpaged }
  }

  /// Which controls are 1: those that must be; all that may be together; the same without "unrestricted guest".
  enum Style: CaseIterable { case plain, full, restricted }

  static let regionPage: UInt64 = 0x1000
  static let virtualAPICPage: UInt64 = 0x2000
  static let linkPage: UInt64 = 0x3000
  static let pdptePage: UInt64 = 0x4000
  static let otherPage: UInt64 = 0x5000

  let capabilities: VMXCapabilities
  let checks: EntryChecks
  let checker: EntryChecker
  let memory: PhysicalMemory
  let vmcs = VMCS()
  var inputs: EntryInputs
  /// An entry of an MSR-load area.
  var msr: (index: UInt32, reserved: UInt32, faults: Bool) = (0x174, 0, false)

  init(_ capabilities: VMXCapabilities, _ checks: EntryChecks) throws {
    self.capabilities = capabilities
    self.checks = checks
    checker = EntryChecker(checks)
    memory = try PhysicalMemory(size: 0x10_0000)
    inputs = EntryInputs(isIA32e: true, currentVMCS: EntryRig.regionPage, memory: memory)
  }

  deinit { vmcs.deallocate() }

  /// Makes everything valid; false: the model has no such guest.
  func reset(_ guest: Guest, _ style: Style, isHostLong: Bool) -> Bool {
    guard guest != .long || isHostLong else { return false }
    guard !guest.needsUnrestricted || style == .full && allows(.unrestrictedGuest) else { return false }
    for field in VMCSField.allCases { vmcs[field] = 0 }
    for page in [EntryRig.virtualAPICPage, EntryRig.linkPage, EntryRig.pdptePage, EntryRig.regionPage] {
      for offset in stride(from: UInt64(0), to: 0x1000, by: 8) {
        memory.write(PhysicalAddress(page + offset), UInt64(0))
      }
    }
    msr = (0x174, 0, false)
    inputs = EntryInputs(isIA32e: isHostLong, currentVMCS: EntryRig.regionPage, memory: memory)
    setControls(style)
    setHost(isLong: isHostLong)
    setGuest(guest)
    return true
  }

  private func allows(_ control: SecondaryControls) -> Bool {
    capabilities.secondary.allowed1 & control.rawValue != 0
  }

  private func setControls(_ style: Style) {
    func word(_ allowed: AllowedSettings, without: UInt32) -> UInt32 {
      style == .plain ? allowed.allowed0 : allowed.allowed1 & ~without | allowed.allowed0
    }
    vmcs[low: .pinControls] = word(capabilities.pin, without: 0)
    vmcs[low: .primaryControls] = word(capabilities.primary, without: 0)
    // These two exclude each other.
    var without: SecondaryControls = .virtualizeX2APICMode
    if style == .restricted { without.insert(.unrestrictedGuest) }
    vmcs[low: .secondaryControls] = word(capabilities.secondary, without: without.rawValue)
    vmcs[low: .exitControls] = word(capabilities.exit, without: ExitControls.hostAddressSpaceSize.rawValue)
    let never: EntryControls = [.ia32eModeGuest, .entryToSMM, .deactivateDualMonitor]
    vmcs[low: .entryControls] = word(capabilities.entry, without: never.rawValue)
    for field: VMCSField in [
      .ioBitmapA, .ioBitmapB, .msrBitmaps, .apicAccessAddress, .postedInterruptDescriptorAddress, .pmlAddress,
      .eptpListAddress, .vmreadBitmapAddress, .vmwriteBitmapAddress, .virtualizationExceptionAddress,
      .subPagePermissionTablePointer, .exitMSRLoadAddress, .exitMSRStoreAddress, .entryMSRLoadAddress,
    ] {
      vmcs[field] = EntryRig.otherPage
    }
    vmcs[.virtualAPICAddress] = EntryRig.virtualAPICPage
    vmcs[.virtualProcessorIdentifier] = 1
    vmcs[.eptPointer] = EntryRig.otherPage | 0x1E
    vmcs[.tscMultiplier] = 1 << 48
    vmcs[.vmFunctionControls] = style == .plain ? 0 : capabilities.vmFunctions
    vmcs[.entryInstructionLength] = 1
    vmcs[.vmcsLinkPointer] = .max
  }

  private func setHost(isLong: Bool) {
    if isLong { vmcs[low: .exitControls] |= ExitControls.hostAddressSpaceSize.rawValue }
    vmcs[.hostCR0] = 0x8005_0033
    vmcs[.hostCR3] = EntryRig.otherPage
    vmcs[.hostCR4] = isLong ? 0x2020 : 0x2000
    vmcs[.hostEFER] = isLong ? 0x500 : 0
    vmcs[.hostPAT] = 0x0007_0406_0007_0406
    for field: VMCSField in [.hostESSelector, .hostSSSelector, .hostDSSelector, .hostFSSelector, .hostGSSelector] {
      vmcs[field] = 0x10
    }
    (vmcs[.hostCSSelector], vmcs[.hostTRSelector]) = (8, 0x18)
    (vmcs[.hostRIP], vmcs[.hostRSP]) = (0x1000, 0x2000)
  }

  private func setGuest(_ guest: Guest) {
    let isLong = guest == .long
    if isLong { vmcs[low: .entryControls] |= EntryControls.ia32eModeGuest.rawValue }
    vmcs[.guestCR0] = guest.needsUnrestricted ? (guest == .real ? 0x20 : 0x21) : 0x8005_0033
    vmcs[.guestCR4] = isLong || guest == .pae ? 0x2020 : 0x2000
    vmcs[.guestCR3] = EntryRig.pdptePage
    vmcs[.guestEFER] = isLong ? 0x500 : 0
    vmcs[.guestPAT] = 0x0007_0406_0007_0406
    vmcs[.guestRFLAGS] = guest == .virtual8086 ? 0x2_0002 : 2
    vmcs[.guestDR7] = 0x400
    if guest == .pae {
      vmcs[.guestPDPTE0] = EntryRig.otherPage | 1
      memory.write(PhysicalAddress(EntryRig.pdptePage), EntryRig.otherPage | 1)
    }
    switch guest {
    case .virtual8086: setSegments(rights: 0xF3, code: 0xF3, limit: 0xFFFF, isShifted: true)
    case .real: setSegments(rights: 0x93, code: 0x93, limit: 0xFFFF, isShifted: true)
    case .long: setSegments(rights: 0xC093, code: 0xA09B, limit: 0xFFFF_FFFF, isShifted: false)
    case .pae, .unpaged: setSegments(rights: 0xC093, code: 0xC09B, limit: 0xFFFF_FFFF, isShifted: false)
    }
    (vmcs[.guestTRAccessRights], vmcs[.guestTRLimit], vmcs[.guestTRSelector]) = (0x8B, 0x67, 0x18)
    (vmcs[.guestLDTRAccessRights], vmcs[.guestLDTRLimit], vmcs[.guestLDTRSelector]) = (0x82, 0xFFFF, 0x20)
    (vmcs[.guestGDTRLimit], vmcs[.guestIDTRLimit]) = (0xFFFF, 0xFFFF)
    (vmcs[.guestRIP], vmcs[.guestRSP]) = (0x1000, 0x2000)
  }

  private static let segments: [(selector: VMCSField, base: VMCSField, limit: VMCSField, rights: VMCSField)] = [
    (.guestESSelector, .guestESBase, .guestESLimit, .guestESAccessRights),
    (.guestCSSelector, .guestCSBase, .guestCSLimit, .guestCSAccessRights),
    (.guestSSSelector, .guestSSBase, .guestSSLimit, .guestSSAccessRights),
    (.guestDSSelector, .guestDSBase, .guestDSLimit, .guestDSAccessRights),
    (.guestFSSelector, .guestFSBase, .guestFSLimit, .guestFSAccessRights),
    (.guestGSSelector, .guestGSBase, .guestGSLimit, .guestGSAccessRights),
  ]

  /// All six segments, code apart.
  func setSegments(rights: UInt64, code: UInt64, limit: UInt64, isShifted: Bool) {
    for segment in EntryRig.segments {
      let isCode = segment.selector == .guestCSSelector
      vmcs[segment.selector] = isCode ? 8 : 0x10
      vmcs[segment.base] = isShifted ? vmcs[segment.selector] << 4 : 0
      vmcs[segment.limit] = limit
      vmcs[segment.rights] = isCode ? code : rights
    }
  }

  /// CPL, in the selectors and access rights of all six segments.
  func setPrivilege(_ level: UInt64) {
    for segment in EntryRig.segments {
      vmcs[segment.selector] = vmcs[segment.selector] & ~3 | level
      vmcs[segment.rights] = vmcs[segment.rights] & ~0x60 | level << 5
    }
  }

  /// The names of all checks that fail.
  var failing: [String] {
    var names: [String] = []
    for stage in [EntryCheckStage.controls, .hostState, .guestState] {
      names += checks.failures(stage, vmcs, inputs).map { checks.checks[$0].row.name }
    }
    if let failure = msrFailure { names.append(failure.check) }
    return names
  }

  var msrFailure: EntryFailure? {
    checks.checkMSR(number: 1, index: msr.index, reserved: msr.reserved, faults: msr.faults, inputs)
  }
}
