import CPU

/// What a control word may hold (SDM Vol. 3, "VMX Capability Reporting Facility").
@frozen public struct AllowedSettings: Equatable, Sendable {
  /// Bits that must be 1.
  public let allowed0: UInt32
  /// Bits that may be 1.
  public let allowed1: UInt32

  /// The two halves of a capability MSR.
  public init(_ register: UInt64) {
    allowed0 = UInt32(truncatingIfNeeded: register)
    allowed1 = UInt32(truncatingIfNeeded: register >> 32)
  }

  /// Whether a control word is one that a processor accepts.
  @inlinable public func accepts(_ word: UInt32) -> Bool { ~word & allowed0 | word & ~allowed1 == 0 }
}

/// IA32_VMX_EPT_VPID_CAP, as a set (SDM Vol. 3, "VPID and EPT Capabilities").
@frozen public struct EPTVPIDCapabilities: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt64
  /// A set of capabilities.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// Execute-only translations.
  public static let executeOnly = EPTVPIDCapabilities(rawValue: 1 << 0)
  /// A page walk of four levels.
  public static let walkOfFour = EPTVPIDCapabilities(rawValue: 1 << 6)
  /// A page walk of five levels.
  public static let walkOfFive = EPTVPIDCapabilities(rawValue: 1 << 7)
  /// EPT paging structures of memory type UC.
  public static let uncacheable = EPTVPIDCapabilities(rawValue: 1 << 8)
  /// EPT paging structures of memory type WB.
  public static let writeBack = EPTVPIDCapabilities(rawValue: 1 << 14)
  /// EPT PDEs that map 2-MByte pages.
  public static let twoMegabytePages = EPTVPIDCapabilities(rawValue: 1 << 16)
  /// EPT PDPTEs that map 1-GByte pages.
  public static let oneGigabytePages = EPTVPIDCapabilities(rawValue: 1 << 17)
  /// INVEPT.
  public static let invept = EPTVPIDCapabilities(rawValue: 1 << 20)
  /// Accessed and dirty flags for EPT.
  public static let accessedAndDirty = EPTVPIDCapabilities(rawValue: 1 << 21)
  /// Advanced VM-exit information for EPT violations.
  public static let advancedInformation = EPTVPIDCapabilities(rawValue: 1 << 22)
  /// INVEPT of type single-context.
  public static let inveptSingleContext = EPTVPIDCapabilities(rawValue: 1 << 25)
  /// INVEPT of type all-context.
  public static let inveptAllContexts = EPTVPIDCapabilities(rawValue: 1 << 26)
  /// INVVPID.
  public static let invvpid = EPTVPIDCapabilities(rawValue: 1 << 32)
  /// INVVPID of type individual-address.
  public static let invvpidAddress = EPTVPIDCapabilities(rawValue: 1 << 40)
  /// INVVPID of type single-context.
  public static let invvpidSingleContext = EPTVPIDCapabilities(rawValue: 1 << 41)
  /// INVVPID of type all-context.
  public static let invvpidAllContexts = EPTVPIDCapabilities(rawValue: 1 << 42)
  /// INVVPID of type single-context-retaining-globals.
  public static let invvpidRetainingGlobals = EPTVPIDCapabilities(rawValue: 1 << 43)
}

/// IA32_VMX_MISC, by its parts (SDM Vol. 3, "Miscellaneous Data").
@frozen public struct VMXMiscellaneous: Equatable, Sendable {
  /// The register.
  public let rawValue: UInt64
  /// The parts of a register.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// The VMX-preemption timer counts down by 1 each time this bit of the time-stamp counter changes.
  @inlinable public var preemptionTimerBit: UInt64 { rawValue & 0x1F }
  /// VM exits store IA32_EFER.LMA into the "IA-32e mode guest" VM-entry control.
  @inlinable public var storesLMA: Bool { rawValue & 1 << 5 != 0 }
  /// Activity states beside the active one, bit n for state n.
  @inlinable public var activityStates: UInt64 { rawValue >> 5 & 0xE }
  /// How many CR3-target values there are.
  @inlinable public var cr3Targets: UInt64 { rawValue >> 16 & 0x1FF }
  /// The most entries that are recommended for an MSR area.
  @inlinable public var recommendedMSRs: UInt64 { 512 &* ((rawValue >> 25 & 7) &+ 1) }
  /// VMWRITE may write VM-exit information fields.
  @inlinable public var writesAnyField: Bool { rawValue & 1 << 29 != 0 }
  /// Software events may be injected with an instruction length of 0.
  @inlinable public var injectsZeroLength: Bool { rawValue & 1 << 30 != 0 }
}

/// What a model's VMX can do: its capability MSRs, read once, and what else the checks of VM entries compare with.
public struct VMXCapabilities: Sendable {
  /// Control words; the "true" registers where the model has them.
  public let pin, primary, secondary, exit, entry: AllowedSettings
  /// EPT and VPID.
  public let eptVPID: EPTVPIDCapabilities
  /// IA32_VMX_MISC.
  public let misc: VMXMiscellaneous
  /// VM functions that may be enabled.
  public let vmFunctions: UInt64
  /// IA32_VMX_BASIC.
  public let basic: UInt64
  /// Bits of CR0 and CR4 that must be 1, and that may be 1, in VMX operation.
  public let cr0Fixed0, cr0Fixed1, cr4Fixed0, cr4Fixed1: UInt64
  /// Bits that are reserved in an address: MAXPHYADDR and up.
  public let beyondPhysical: UInt64
  /// Bits of a linear address.
  public let linearBits: UInt64
  /// Bits that are reserved in model-specific registers which VM entries and exits load.
  public let reservedEFER, reservedDEBUGCTL, reservedPerfGlobalCtrl: UInt64
  /// Whether each field exists, by its raw value.
  private let exists: [Bool]

  /// - Throws: `TableError` when a built-in table is wrong; a test reads all of them.
  public init(_ model: CPUModel) throws {
    var values: [UInt32: ModelSpecificRegister] = [:]
    for register in model.registers { values[register.index] = register }
    func value(_ index: UInt32) -> UInt64? { values[index]?.reset }
    func reserved(_ index: UInt32) -> UInt64 { ~((values[index]?.writable ?? 0) | (values[index]?.kept ?? 0)) }
    pin = AllowedSettings(value(0x48D) ?? value(0x481) ?? 0)
    primary = AllowedSettings(value(0x48E) ?? value(0x482) ?? 0)
    exit = AllowedSettings(value(0x48F) ?? value(0x483) ?? 0)
    entry = AllowedSettings(value(0x490) ?? value(0x484) ?? 0)
    secondary = AllowedSettings(value(0x48B) ?? 0)
    eptVPID = EPTVPIDCapabilities(rawValue: value(0x48C) ?? 0)
    misc = VMXMiscellaneous(rawValue: value(0x485) ?? 0)
    vmFunctions = value(0x491) ?? 0
    basic = value(0x480) ?? 0
    (cr0Fixed0, cr0Fixed1) = (value(0x486) ?? 0, value(0x487) ?? 0)
    (cr4Fixed0, cr4Fixed1) = (value(0x488) ?? 0, value(0x489) ?? 0)
    beyondPhysical = ~((1 << UInt64(model.physicalBits)) &- 1)
    linearBits = model.linearBits
    // NXE belongs to a feature, and LMA can be set, though not by WRMSR.
    reservedEFER = reserved(0xC000_0080) & ~(model.partHas("NX") ? 1 << 11 : 0)
    reservedDEBUGCTL = reserved(Processor.debugControlIndex)
    reservedPerfGlobalCtrl = reserved(0x38F)

    let words: [VMXControl.Set: UInt64] = [
      .pin: UInt64(pin.allowed1), .primary: UInt64(primary.allowed1), .secondary: UInt64(secondary.allowed1),
      .exit: UInt64(exit.allowed1), .entry: UInt64(entry.allowed1), .vmfunc: vmFunctions,
    ]
    let controls = try VMXControl.all()
    exists = try VMCSFields().descriptions.map { description in
      guard !description.condition.isEmpty else { return true }
      let parts = description.condition.split(separator: ":")
      guard let set = parts.first.flatMap({ VMXControl.Set(rawValue: String($0)) }),
        let control = controls.first(where: { $0.set == set && $0.name == parts.last ?? "" })
      else { return false }
      return words[set, default: 0] >> control.bit & 1 != 0
    }
  }

  /// Whether the model's VMCS has a field.
  public func has(_ field: VMCSField) -> Bool { exists[Int(field.rawValue)] }

  /// The highest index of a field, as IA32_VMX_VMCS_ENUM has it (SDM Vol. 3, "VMCS Enumeration").
  public var highestFieldIndex: UInt64 {
    VMCSFields.all.descriptions.reduce(0) { max($0, has($1.field) ? UInt64($1.encoding) >> 1 & 0x1FF : 0) }
  }
}
