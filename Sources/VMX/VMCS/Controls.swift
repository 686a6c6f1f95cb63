// The control words of a VMCS, as sets (SDM Vol. 3, "VM-Execution Control Fields", "VM-Exit Control Fields", "VM-Entry
// Control Fields"). A bit without a name here is reserved: see the capability MSRs.

/// Pin-based VM-execution controls (SDM Vol. 3, "Pin-Based VM-Execution Controls").
@frozen public struct PinControls: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// A set of controls.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// "External-interrupt exiting".
  public static let externalInterruptExiting = PinControls(rawValue: 1 << 0)
  /// "NMI exiting".
  public static let nmiExiting = PinControls(rawValue: 1 << 3)
  /// "Virtual NMIs".
  public static let virtualNMIs = PinControls(rawValue: 1 << 5)
  /// "Activate VMX-preemption timer".
  public static let activatePreemptionTimer = PinControls(rawValue: 1 << 6)
  /// "Process posted interrupts".
  public static let processPostedInterrupts = PinControls(rawValue: 1 << 7)
}

/// Primary processor-based VM-execution controls (SDM Vol. 3, "Processor-Based VM-Execution Controls").
@frozen public struct PrimaryControls: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// A set of controls.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// "Interrupt-window exiting".
  public static let interruptWindowExiting = PrimaryControls(rawValue: 1 << 2)
  /// "Use TSC offsetting".
  public static let useTSCOffsetting = PrimaryControls(rawValue: 1 << 3)
  /// "HLT exiting".
  public static let hltExiting = PrimaryControls(rawValue: 1 << 7)
  /// "INVLPG exiting".
  public static let invlpgExiting = PrimaryControls(rawValue: 1 << 9)
  /// "MWAIT exiting".
  public static let mwaitExiting = PrimaryControls(rawValue: 1 << 10)
  /// "RDPMC exiting".
  public static let rdpmcExiting = PrimaryControls(rawValue: 1 << 11)
  /// "RDTSC exiting".
  public static let rdtscExiting = PrimaryControls(rawValue: 1 << 12)
  /// "CR3-load exiting".
  public static let cr3LoadExiting = PrimaryControls(rawValue: 1 << 15)
  /// "CR3-store exiting".
  public static let cr3StoreExiting = PrimaryControls(rawValue: 1 << 16)
  /// "CR8-load exiting".
  public static let cr8LoadExiting = PrimaryControls(rawValue: 1 << 19)
  /// "CR8-store exiting".
  public static let cr8StoreExiting = PrimaryControls(rawValue: 1 << 20)
  /// "Use TPR shadow".
  public static let useTPRShadow = PrimaryControls(rawValue: 1 << 21)
  /// "NMI-window exiting".
  public static let nmiWindowExiting = PrimaryControls(rawValue: 1 << 22)
  /// "MOV-DR exiting".
  public static let movDRExiting = PrimaryControls(rawValue: 1 << 23)
  /// "Unconditional I/O exiting".
  public static let unconditionalIOExiting = PrimaryControls(rawValue: 1 << 24)
  /// "Use I/O bitmaps".
  public static let useIOBitmaps = PrimaryControls(rawValue: 1 << 25)
  /// "Monitor trap flag".
  public static let monitorTrapFlag = PrimaryControls(rawValue: 1 << 27)
  /// "Use MSR bitmaps".
  public static let useMSRBitmaps = PrimaryControls(rawValue: 1 << 28)
  /// "MONITOR exiting".
  public static let monitorExiting = PrimaryControls(rawValue: 1 << 29)
  /// "PAUSE exiting".
  public static let pauseExiting = PrimaryControls(rawValue: 1 << 30)
  /// "Activate secondary controls".
  public static let activateSecondaryControls = PrimaryControls(rawValue: 1 << 31)
}

/// Secondary processor-based VM-execution controls (SDM Vol. 3, "Processor-Based VM-Execution Controls").
@frozen public struct SecondaryControls: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// A set of controls.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// "Virtualize APIC accesses".
  public static let virtualizeAPICAccesses = SecondaryControls(rawValue: 1 << 0)
  /// "Enable EPT".
  public static let enableEPT = SecondaryControls(rawValue: 1 << 1)
  /// "Descriptor-table exiting".
  public static let descriptorTableExiting = SecondaryControls(rawValue: 1 << 2)
  /// "Enable RDTSCP".
  public static let enableRDTSCP = SecondaryControls(rawValue: 1 << 3)
  /// "Virtualize x2APIC mode".
  public static let virtualizeX2APICMode = SecondaryControls(rawValue: 1 << 4)
  /// "Enable VPID".
  public static let enableVPID = SecondaryControls(rawValue: 1 << 5)
  /// "WBINVD exiting".
  public static let wbinvdExiting = SecondaryControls(rawValue: 1 << 6)
  /// "Unrestricted guest".
  public static let unrestrictedGuest = SecondaryControls(rawValue: 1 << 7)
  /// "APIC-register virtualization".
  public static let apicRegisterVirtualization = SecondaryControls(rawValue: 1 << 8)
  /// "Virtual-interrupt delivery".
  public static let virtualInterruptDelivery = SecondaryControls(rawValue: 1 << 9)
  /// "PAUSE-loop exiting".
  public static let pauseLoopExiting = SecondaryControls(rawValue: 1 << 10)
  /// "RDRAND exiting".
  public static let rdrandExiting = SecondaryControls(rawValue: 1 << 11)
  /// "Enable INVPCID".
  public static let enableINVPCID = SecondaryControls(rawValue: 1 << 12)
  /// "Enable VM functions".
  public static let enableVMFunctions = SecondaryControls(rawValue: 1 << 13)
  /// "VMCS shadowing".
  public static let vmcsShadowing = SecondaryControls(rawValue: 1 << 14)
  /// "Enable ENCLS exiting".
  public static let enableENCLSExiting = SecondaryControls(rawValue: 1 << 15)
  /// "RDSEED exiting".
  public static let rdseedExiting = SecondaryControls(rawValue: 1 << 16)
  /// "Enable PML".
  public static let pageModificationLogging = SecondaryControls(rawValue: 1 << 17)
  /// "EPT-violation #VE".
  public static let virtualizationException = SecondaryControls(rawValue: 1 << 18)
  /// "Conceal VMX from PT".
  public static let concealFromPT = SecondaryControls(rawValue: 1 << 19)
  /// "Enable XSAVES/XRSTORS".
  public static let enableXSAVES = SecondaryControls(rawValue: 1 << 20)
  /// "Mode-based execute control for EPT".
  public static let modeBasedExecute = SecondaryControls(rawValue: 1 << 22)
  /// "Sub-page write permissions for EPT".
  public static let subPageWritePermissions = SecondaryControls(rawValue: 1 << 23)
  /// "Use TSC scaling".
  public static let useTSCScaling = SecondaryControls(rawValue: 1 << 25)
}

/// Primary VM-exit controls (SDM Vol. 3, "VM-Exit Controls").
@frozen public struct ExitControls: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// A set of controls.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// "Save debug controls".
  public static let saveDebugControls = ExitControls(rawValue: 1 << 2)
  /// "Host address-space size".
  public static let hostAddressSpaceSize = ExitControls(rawValue: 1 << 9)
  /// "Load IA32_PERF_GLOBAL_CTRL".
  public static let loadPerfGlobalCtrl = ExitControls(rawValue: 1 << 12)
  /// "Acknowledge interrupt on exit".
  public static let acknowledgeInterrupt = ExitControls(rawValue: 1 << 15)
  /// "Save IA32_PAT".
  public static let savePAT = ExitControls(rawValue: 1 << 18)
  /// "Load IA32_PAT".
  public static let loadPAT = ExitControls(rawValue: 1 << 19)
  /// "Save IA32_EFER".
  public static let saveEFER = ExitControls(rawValue: 1 << 20)
  /// "Load IA32_EFER".
  public static let loadEFER = ExitControls(rawValue: 1 << 21)
  /// "Save VMX-preemption timer value".
  public static let savePreemptionTimer = ExitControls(rawValue: 1 << 22)
  /// "Clear IA32_BNDCFGS".
  public static let clearBNDCFGS = ExitControls(rawValue: 1 << 23)
  /// "Load PKRS".
  public static let loadPKRS = ExitControls(rawValue: 1 << 29)
}

/// VM-entry controls (SDM Vol. 3, "VM-Entry Controls").
@frozen public struct EntryControls: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// A set of controls.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// "Load debug controls".
  public static let loadDebugControls = EntryControls(rawValue: 1 << 2)
  /// "IA-32e mode guest".
  public static let ia32eModeGuest = EntryControls(rawValue: 1 << 9)
  /// "Entry to SMM".
  public static let entryToSMM = EntryControls(rawValue: 1 << 10)
  /// "Deactivate dual-monitor treatment".
  public static let deactivateDualMonitor = EntryControls(rawValue: 1 << 11)
  /// "Load IA32_PERF_GLOBAL_CTRL".
  public static let loadPerfGlobalCtrl = EntryControls(rawValue: 1 << 13)
  /// "Load IA32_PAT".
  public static let loadPAT = EntryControls(rawValue: 1 << 14)
  /// "Load IA32_EFER".
  public static let loadEFER = EntryControls(rawValue: 1 << 15)
  /// "Load IA32_BNDCFGS".
  public static let loadBNDCFGS = EntryControls(rawValue: 1 << 16)
  /// "Load PKRS".
  public static let loadPKRS = EntryControls(rawValue: 1 << 22)
}
