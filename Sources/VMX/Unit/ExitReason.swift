/// Basic exit reasons (SDM Vol. 3, "VMX Basic Exit Reasons").
public enum ExitReason: UInt32, CaseIterable, Sendable {
  /// The manual's, by number.
  case exceptionOrNMI = 0
  case externalInterrupt, tripleFault, initSignal, startUpIPI
  case interruptWindow = 7
  case nmiWindow, taskSwitch, cpuid, getsec, hlt, invd, invlpg, rdpmc, rdtsc, rsm
  case vmcall = 18
  case vmclear, vmlaunch, vmptrld, vmptrst, vmread, vmresume, vmwrite, vmxoff, vmxon
  case controlRegister = 28
  case movDR, ioInstruction, rdmsr, wrmsr, invalidGuestState, msrLoading
  case mwait = 36
  case monitorTrapFlag
  case monitor = 39
  case pause, machineCheck
  case tprBelowThreshold = 43
  case apicAccess, virtualizedEOI, accessToGDTROrIDTR, accessToLDTROrTR, eptViolation, eptMisconfiguration, invept
  case rdtscp, preemptionTimer, invvpid, wbinvd, xsetbv, apicWrite, rdrand, invpcid, vmfunc, encls, rdseed
  case pageModificationLogFull, xsaves, xrstors
  case subPagePermission = 66
}

/// VM-instruction error numbers (SDM Vol. 3, "VM Instruction Error Numbers").
enum InstructionError {
  static let vmcallInRoot: UInt32 = 1
  static let vmclearAddress: UInt32 = 2
  static let vmclearVMXON: UInt32 = 3
  static let vmlaunchNotClear: UInt32 = 4
  static let vmresumeNotLaunched: UInt32 = 5
  static let vmptrldAddress: UInt32 = 9
  static let vmptrldVMXON: UInt32 = 10
  static let vmptrldRevision: UInt32 = 11
  static let unsupportedField: UInt32 = 12
  static let readOnlyField: UInt32 = 13
  static let vmxonInRoot: UInt32 = 15
  static let blockedByMovSS: UInt32 = 26
  static let invalidOperand: UInt32 = 28
}
