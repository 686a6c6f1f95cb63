import Tables

/// The controls of VMX and what else its capability MSRs offer bit by bit, a row a bit (SDM Vol. 3, "Virtual-Machine
/// Control Structures" and "VMX Capability Reporting Facility"). A bit without a row is offered by no model.
///
/// - `set`: which word; `misc`, `eptVPID` and `vmfunc` are IA32_VMX_MISC, IA32_VMX_EPT_VPID_CAP and IA32_VMX_VMFUNC.
/// - `name`: the member of the set in `Sources/VMX`.
/// - `built`: `yes` or `no`.
/// - `needs`: a feature of CPUID without which a model does not offer it.
enum VMXControlTable {
  static let text: StaticString = """
    set        bit  name                        built  needs

    pin        0    externalInterruptExiting    yes    -
    pin        3    nmiExiting                  yes    -
    pin        5    virtualNMIs                 yes    -
    pin        6    activatePreemptionTimer     yes    -
    pin        7    processPostedInterrupts     yes    -

    primary    2    interruptWindowExiting      yes    -
    primary    3    useTSCOffsetting            yes    -
    primary    7    hltExiting                  yes    -
    primary    9    invlpgExiting               yes    -
    primary    10   mwaitExiting                yes    MONITOR
    primary    11   rdpmcExiting                yes    -
    primary    12   rdtscExiting                yes    -
    primary    15   cr3LoadExiting              yes    -
    primary    16   cr3StoreExiting             yes    -
    primary    19   cr8LoadExiting              yes    -
    primary    20   cr8StoreExiting             yes    -
    primary    21   useTPRShadow                yes    -
    primary    22   nmiWindowExiting            yes    -
    primary    23   movDRExiting                yes    -
    primary    24   unconditionalIOExiting      yes    -
    primary    25   useIOBitmaps                yes    -
    primary    27   monitorTrapFlag             yes    -
    primary    28   useMSRBitmaps               yes    -
    primary    29   monitorExiting              yes    MONITOR
    primary    30   pauseExiting                yes    -
    primary    31   activateSecondaryControls   yes    -

    secondary  0    virtualizeAPICAccesses      yes    -
    secondary  1    enableEPT                   yes    -
    secondary  2    descriptorTableExiting      yes    -
    secondary  3    enableRDTSCP                yes    RDTSCP
    secondary  4    virtualizeX2APICMode        yes    -
    secondary  5    enableVPID                  yes    -
    secondary  6    wbinvdExiting               yes    -
    secondary  7    unrestrictedGuest           yes    -
    secondary  8    apicRegisterVirtualization  yes    -
    secondary  9    virtualInterruptDelivery    yes    -
    secondary  10   pauseLoopExiting            yes    -
    secondary  11   rdrandExiting               yes    RDRAND
    secondary  12   enableINVPCID               yes    INVPCID
    secondary  13   enableVMFunctions           yes    -
    secondary  14   vmcsShadowing               yes    -
    secondary  15   enableENCLSExiting          no     SGX
    secondary  16   rdseedExiting               yes    RDSEED
    secondary  17   pageModificationLogging     yes    -
    secondary  18   virtualizationException     yes    -
    secondary  19   concealFromPT               no     PT
    secondary  20   enableXSAVES                yes    XSAVES
    secondary  22   modeBasedExecute            yes    -
    secondary  23   subPageWritePermissions     no     -
    secondary  25   useTSCScaling               yes    -

    exit       2    saveDebugControls           yes    -
    exit       9    hostAddressSpaceSize        yes    -
    exit       12   loadPerfGlobalCtrl          yes    -
    exit       15   acknowledgeInterrupt        yes    -
    exit       18   savePAT                     yes    -
    exit       19   loadPAT                     yes    -
    exit       20   saveEFER                    yes    -
    exit       21   loadEFER                    yes    -
    exit       22   savePreemptionTimer         yes    -
    exit       23   clearBNDCFGS                yes    MPX
    exit       29   loadPKRS                    yes    PKS

    entry      2    loadDebugControls           yes    -
    entry      9    ia32eModeGuest              yes    -
    entry      10   entryToSMM                  yes    -
    entry      11   deactivateDualMonitor       yes    -
    entry      13   loadPerfGlobalCtrl          yes    -
    entry      14   loadPAT                     yes    -
    entry      15   loadEFER                    yes    -
    entry      16   loadBNDCFGS                 yes    MPX
    entry      22   loadPKRS                    yes    PKS

    misc       5    storeLMA                    yes    -
    misc       6    hltActivity                 yes    -
    misc       7    shutdownActivity            yes    -
    misc       8    waitForSIPIActivity         yes    -
    misc       29   vmwriteAnyField             yes    -
    misc       30   zeroLengthInjection         yes    -

    eptVPID    0    executeOnly                 yes    -
    eptVPID    6    walkOfFour                  yes    -
    eptVPID    7    walkOfFive                  yes    -
    eptVPID    8    uncacheable                 yes    -
    eptVPID    14   writeBack                   yes    -
    eptVPID    16   twoMegabytePages            yes    -
    eptVPID    17   oneGigabytePages            yes    -
    eptVPID    20   invept                      yes    -
    eptVPID    21   accessedAndDirty            yes    -
    eptVPID    22   advancedInformation         yes    -
    eptVPID    25   inveptSingleContext         yes    -
    eptVPID    26   inveptAllContexts           yes    -
    eptVPID    32   invvpid                     yes    -
    eptVPID    40   invvpidAddress              yes    -
    eptVPID    41   invvpidSingleContext        yes    -
    eptVPID    42   invvpidAllContexts          yes    -
    eptVPID    43   invvpidRetainingGlobals     yes    -

    vmfunc     0    eptpSwitching               yes    -
    """
}

/// A bit that a VMX capability MSR may offer.
public struct VMXControl: Sendable {
  /// Which word it lies in.
  public enum Set: String, Sendable {
    /// The control words of a VMCS, and the capability MSRs that are not control words.
    case pin, primary, secondary, exit, entry, misc, eptVPID, vmfunc
  }

  /// Its word.
  public let set: Set
  /// Its number, 0-63.
  public let bit: UInt64
  /// Its name in `Sources/VMX`.
  public let name: String
  /// Whether a model may offer it.
  public let isBuilt: Bool
  /// The feature of CPUID without which no model offers it; empty: none.
  public let needs: String

  /// Every row of the table, in its order.
  ///
  /// - Throws: `TableError`, which names the row; a test reads the table.
  public static func all() throws -> [VMXControl] { try known.get() }

  private static let known = Result { try read() }

  private static func read() throws -> [VMXControl] {
    try Table("VMX controls", VMXControlTable.text).rows.map { row in
      guard let set = Set(rawValue: row["set"]) else { throw row.error("set", "'\(row["set"])' is no set") }
      guard let bit = UInt64(row["bit"]), bit < 64 else { throw row.error("bit", "'\(row["bit"])' is not 0 to 63") }
      guard ["yes", "no"].contains(row["built"]) else { throw row.error("built", "is neither yes nor no") }
      return VMXControl(set: set, bit: bit, name: row["name"], isBuilt: row["built"] == "yes", needs: row["needs"])
    }
  }
}
