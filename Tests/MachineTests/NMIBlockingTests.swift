import CPU
import MMU
import Machine
import Testing
import VMX

/// Blocking of NMIs across entries and exits, a test a cell: the settings of "NMI exiting" and "virtual NMIs", whether
/// the guest is entered with blocking by NMI, and whether an NMI is received or injected (SDM Vol. 3, "Event Blocking",
/// "VM-Execution Control Fields": "NMI exiting" and "virtual NMIs"; "Updating Non-Register State"; "Changes to
/// Instruction Behavior in VMX Non-Root Operation": IRET; "Event Injection").
@Suite struct NMIBlockingTests {
  /// "NMI exiting" and "virtual NMIs"; the second without the first fails the entry.
  enum Setting: CaseIterable {
    case neither, exiting, virtual

    var controls: PinControls {
      switch self {
      case .neither: []
      case .exiting: .nmiExiting
      case .virtual: [.nmiExiting, .virtualNMIs]
      }
    }
  }

  /// A processor about to enter its guest: NOPs; a handler of NMIs that executes NOP and IRETQ.
  private final class Rig {
    static let host: UInt64 = 0x10_0000
    static let hostExit: UInt64 = 0x11_0000
    static let guest: UInt64 = 0x12_0000
    static let handler: UInt64 = 0x13_0000
    static let hostHandler: UInt64 = 0x14_0000
    static let (hostIDT, guestIDT): (UInt64, UInt64) = (0x15_0000, 0x16_0000)

    let board: Board
    let processor: Processor
    let unit: VMXUnit

    init() throws {
      var options = BoardOptions()
      options.memory = 16 << 20
      board = try Board(options) { _ in false }
      // MOV ECX, 3Ah; MOV EAX, 5; XOR EDX, EDX; WRMSR; VMXON, VMCLEAR, VMPTRLD; VMLAUNCH.
      let code: [UInt8] =
        [0xB9, 0x3A, 0, 0, 0, 0xB8, 5, 0, 0, 0, 0x31, 0xD2, 0x0F, 0x30]
        + [0xF3, 0x0F, 0xC7, 0x34, 0x25, 0x00, 0x20, 0x30, 0] + [0x66, 0x0F, 0xC7, 0x34, 0x25, 0x08, 0x20, 0x30, 0]
        + [0x0F, 0xC7, 0x34, 0x25, 0x08, 0x20, 0x30, 0] + [0x0F, 0x01, 0xC2]
      try FlatImage.load(code, into: board)
      processor = board.processor
      unit = try #require(processor.virtualization as? VMXUnit)
      let memory = board.memory
      func fill(_ address: UInt64, _ bytes: [UInt8]) {
        for (index, byte) in bytes.enumerated() { memory.write(PhysicalAddress(address + UInt64(index)), byte) }
      }
      for region: UInt64 in [0x30_0000, 0x30_1000] {
        memory.write(PhysicalAddress(region), VMCSRegion.revisionIdentifier)
      }
      memory.write(PhysicalAddress(0x30_2000), 0x30_0000 as UInt64)
      memory.write(PhysicalAddress(0x30_2008), 0x30_1000 as UInt64)
      // The exit's side: NOPs, then IRETQ by way of the host's handler.
      fill(Rig.hostExit, [UInt8](repeating: 0x90, count: 16) + [0x0F, 0x01, 0xC3])
      // Guest: NOPs, CPUID.
      fill(Rig.guest, [UInt8](repeating: 0x90, count: 8) + [0x0F, 0xA2])
      for handler in [Rig.handler, Rig.hostHandler] { fill(handler, [0x90, 0x48, 0xCF]) }
      for (table, handler) in [(Rig.hostIDT, Rig.hostHandler), (Rig.guestIDT, Rig.handler)] {
        for vector: UInt64 in [2, 0x40] {
          let low = handler & 0xFFFF | 8 << 16 | 0x8E00 << 32 | (handler >> 16 & 0xFFFF) << 48
          memory.write(PhysicalAddress(table + vector * 16), low)
        }
      }
      let state = processor.state
      state.pointee.cr4 |= 0x2000
      processor.contextChanged()
      try step(7)
      #expect(unit.isOn && unit.current == 0x30_1000)
    }

    /// So many instructions, or events delivered in their place.
    func step(_ count: UInt64 = 1) throws {
      _ = processor.run(until: .max, instructionLimit: processor.state.pointee.instructions + count)
    }

    func enter(
      _ setting: Setting, isBlocked: Bool = false, injects: UInt32 = 0, window: Bool = false, activity: UInt32 = 0
    ) throws {
      let (vmcs, s) = (unit.vmcs, processor.state)
      let has = unit.capabilities
      func controls(_ wanted: UInt32, _ allowed: AllowedSettings) -> UInt32 {
        (wanted | allowed.allowed0) & allowed.allowed1
      }
      vmcs[low: .pinControls] = controls(setting.controls.rawValue, has.pin)
      vmcs[low: .primaryControls] = controls(window ? PrimaryControls.nmiWindowExiting.rawValue : 0, has.primary)
      vmcs[low: .exitControls] = controls(ExitControls.hostAddressSpaceSize.rawValue, has.exit)
      vmcs[low: .entryControls] = controls(EntryControls.ia32eModeGuest.rawValue, has.entry)
      (vmcs[.guestCR0], vmcs[.guestCR3], vmcs[.guestCR4]) = (s.pointee.cr0, s.pointee.cr3, s.pointee.cr4)
      (vmcs[.hostCR0], vmcs[.hostCR3], vmcs[.hostCR4]) = (vmcs[.guestCR0], vmcs[.guestCR3], vmcs[.guestCR4])
      for field: VMCSField in [
        .guestESSelector, .guestSSSelector, .guestDSSelector, .guestFSSelector, .guestGSSelector, .hostESSelector,
        .hostSSSelector, .hostDSSelector, .hostFSSelector, .hostGSSelector,
      ] { vmcs[field] = 0x10 }
      (vmcs[.guestCSSelector], vmcs[.hostCSSelector]) = (8, 8)
      (vmcs[.guestTRSelector], vmcs[.hostTRSelector]) = (0x18, 0x18)
      for field: VMCSField in [
        .guestESLimit, .guestCSLimit, .guestSSLimit, .guestDSLimit, .guestFSLimit, .guestGSLimit,
      ] { vmcs[field] = 0xFFFF_FFFF }
      for field: VMCSField in [
        .guestESAccessRights, .guestSSAccessRights, .guestDSAccessRights, .guestFSAccessRights, .guestGSAccessRights,
      ] { vmcs[field] = 0xC093 }
      vmcs[.guestCSAccessRights] = 0xA09B
      vmcs[.guestLDTRAccessRights] = 0x1_0000
      (vmcs[.guestTRAccessRights], vmcs[.guestTRLimit]) = (0x8B, 0x67)
      (vmcs[.guestGDTRBase], vmcs[.hostGDTRBase]) = (s.pointee.gdtr.base, s.pointee.gdtr.base)
      (vmcs[.guestGDTRLimit], vmcs[.guestIDTRLimit]) = (0x17, 0xFFF)
      (vmcs[.guestIDTRBase], vmcs[.hostIDTRBase]) = (Rig.guestIDT, Rig.hostIDT)
      (vmcs[.guestRIP], vmcs[.guestRSP]) = (Rig.guest, 0x8_0000)
      // An external interrupt may only be injected with IF set.
      vmcs[.guestRFLAGS] = injects >> 8 & 7 == 0 && injects != 0 ? 0x202 : 2
      (vmcs[.hostRIP], vmcs[.hostRSP]) = (Rig.hostExit, 0x9_0000)
      (vmcs[.guestDR7], vmcs[.vmcsLinkPointer]) = (0x400, .max)
      vmcs[low: .guestInterruptibility] = isBlocked ? 8 : 0
      vmcs[low: .guestActivity] = activity
      vmcs[low: .entryInterruptionInformation] = injects
      try step()
      try #require(unit.lastFailure == nil && unit.isGuest, "\(String(describing: unit.lastFailure))")
    }

    func nonMaskable() {
      processor.signals.insert(.nonMaskable)
      processor.interruptsChanged()
    }

    var isPending: Bool { processor.signals.contains(.nonMaskable) }
    var rip: UInt64 { processor.state.pointee.rip }
    var isInHandler: Bool { unit.isGuest && rip & ~0xFFFF == Rig.handler }
    var exitReason: UInt32? { unit.isGuest ? nil : unit.vmcs[low: .exitReason] }
    var savedBlocking: Bool { unit.vmcs[low: .guestInterruptibility] & 8 != 0 }

    /// Leaves by CPUID.
    func leave() throws {
      processor.state.pointee.rip = Rig.guest + 8
      processor.contextChanged()
      try step()
      #expect(exitReason == 10)
    }
  }

  private static let nmi: UInt32 = 1 << 31 | 2 << 8 | 2

  // MARK: Received

  @Test(arguments: Setting.allCases, [false, true])
  func received(_ setting: Setting, isBlocked: Bool) throws {
    let rig = try Rig()
    try rig.enter(setting, isBlocked: isBlocked)
    rig.nonMaskable()
    try rig.step()
    switch (setting, isBlocked) {
    case (.neither, false):
      #expect(rig.isInHandler && !rig.isPending, "delivered by the guest's IDT")
      rig.nonMaskable()
      try rig.step()
      #expect(rig.isPending, "the handler is not interrupted by another")
    case (.neither, true), (.exiting, true):
      #expect(rig.unit.isGuest && !rig.isInHandler && rig.isPending, "blocked: neither delivered nor an exit")
      try rig.leave()
      #expect(rig.savedBlocking && rig.processor.blocksNonMaskable, "other exits leave blocking as it is")
    case (.exiting, false), (.virtual, _):
      #expect(rig.exitReason == 0 && !rig.isPending, "an exit")
      #expect(rig.unit.vmcs[low: .exitInterruptionInformation] == Self.nmi)
      #expect(rig.processor.blocksNonMaskable, "an exit by an NMI blocks NMIs in the host")
      #expect(rig.savedBlocking == isBlocked, "the guest's own blocking is saved as it was")
    }
  }

  /// In the host of an exit by an NMI, the next one waits for IRET.
  @Test func receivedInHost() throws {
    let rig = try Rig()
    try rig.enter(.virtual)
    rig.nonMaskable()
    try rig.step()
    rig.nonMaskable()
    try rig.step(2)
    #expect(rig.isPending && rig.processor.blocksNonMaskable)
    // IRETQ's frame: where the host is.
    rig.processor.state.pointee.rip = Rig.hostHandler + 1
    for (index, value) in [Rig.hostExit, 8, 2, 0x9_0000, 0x10].enumerated() {
      rig.board.memory.write(PhysicalAddress(0x8_8000 + UInt64(index) * 8), value as UInt64)
    }
    rig.processor.state[.rsp] = 0x8_8000
    rig.processor.contextChanged()
    try rig.step()
    #expect(!rig.processor.blocksNonMaskable && rig.rip == Rig.hostExit)
    try rig.step()
    #expect(!rig.isPending && rig.rip & ~0xFFFF == Rig.hostHandler)
  }

  // MARK: Injected

  @Test(arguments: Setting.allCases)
  func injected(_ setting: Setting) throws {
    let rig = try Rig()
    try rig.enter(setting, injects: Self.nmi)
    #expect(rig.isInHandler, "an injected NMI is delivered by the guest's IDT, and does not exit")
    rig.nonMaskable()
    try rig.step()
    switch setting {
    case .neither, .exiting: #expect(rig.unit.isGuest && rig.isPending, "it blocks NMIs")
    case .virtual:
      #expect(rig.exitReason == 0 && rig.savedBlocking, "it blocks virtual NMIs, and NMIs exit")
    }
  }

  /// IRET of the handler of an injected NMI.
  @Test(arguments: Setting.allCases)
  func returned(_ setting: Setting) throws {
    let rig = try Rig()
    try rig.enter(setting, injects: Self.nmi)
    try rig.step(2)
    #expect(rig.unit.isGuest && rig.rip == Rig.guest, "back")
    try rig.leave()
    // With "NMI exiting" alone IRET does not affect blocking by NMI.
    #expect(rig.savedBlocking == (setting == .exiting))
    #expect(rig.processor.blocksNonMaskable == (setting == .exiting))
  }

  /// NMIs that came in the handler are there after IRET, but not with "NMI exiting" alone.
  @Test(arguments: [Setting.neither, .exiting])
  func receivedBeforeReturn(_ setting: Setting) throws {
    let rig = try Rig()
    try rig.enter(setting, injects: Self.nmi)
    rig.nonMaskable()
    try rig.step(3)
    switch setting {
    case .neither: #expect(rig.isInHandler && !rig.isPending)
    default: #expect(rig.unit.isGuest && !rig.isInHandler && rig.isPending)
    }
  }

  // MARK: Windows, and the order of events (seen on hardware, where Bochs and KVM differ)

  @Test(arguments: [false, true])
  func window(isBlocked: Bool) throws {
    let rig = try Rig()
    try rig.enter(.virtual, isBlocked: isBlocked, window: true)
    try rig.step()
    #expect(rig.exitReason == (isBlocked ? nil : 8))
    if !isBlocked { #expect(rig.unit.vmcs[.guestRIP] == Rig.guest, "before the first instruction") }
  }

  /// The window comes before the exit of an NMI that is pending.
  @Test func windowBeforeNonMaskable() throws {
    let rig = try Rig()
    rig.processor.blocksNonMaskable = true
    rig.nonMaskable()
    try rig.enter(.virtual, window: true)
    try rig.step()
    #expect(rig.exitReason == 8 && rig.isPending)
  }

  /// An injected event comes before the window.
  @Test func injectionBeforeWindow() throws {
    let rig = try Rig()
    try rig.enter(.virtual, injects: 1 << 31 | 0x40, window: true)
    try rig.step()
    #expect(rig.exitReason == 8 && rig.unit.vmcs[.guestRIP] == Rig.handler, "the handler's first instruction is next")
  }

  /// An NMI that ends HLT exits with activity state HLT.
  @Test(arguments: [Setting.exiting, .virtual])
  func halted(_ setting: Setting) throws {
    let rig = try Rig()
    try rig.enter(setting, activity: 1)
    try rig.step()
    #expect(rig.unit.isGuest)
    rig.nonMaskable()
    try rig.step()
    #expect(rig.exitReason == 0 && rig.unit.vmcs[low: .guestActivity] == 1)
  }
}
