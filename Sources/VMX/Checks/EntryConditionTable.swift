/// Conditions under which VM entries make a check, a row a condition; `EntryCheckTable` explains the columns.
///
/// - `while`: what must hold beside `field`, `relation` and `value`.
/// - Controls are conditions by themselves, as `set.name`: one of `secondary` while the primary controls activate it, one of
///   `vmfunc` while VM functions are enabled. Two more come from the processor: `ia32eMode`, it is in IA-32e mode;
///   `zeroLengthInjection`, IA32_VMX_MISC allows to inject a software event of length 0.
enum EntryConditionTable {
  static let text: StaticString = """
    name                      for                  while                 field                               relation  value
    exitMSRs{}                Store,Load           -                     exitMSR{}Count                      differs   0
    entryMSRsLoad             -                    -                     entryMSRLoadCount                   differs   0
    injecting                 -                    -                     entryInterruptionInformation[31]    is        1
    injectingInterrupt        -                    injecting             entryInterruptionInformation[10:8]  is        0
    injectingNMI              -                    injecting             entryInterruptionInformation[10:8]  is        2
    injectingException        -                    injecting             entryInterruptionInformation[10:8]  is        3
    injectingSoftware         -                    injecting             entryInterruptionInformation[10:8]  in        4,5,6
    injectingOther            -                    injecting             entryInterruptionInformation[10:8]  is        7
    deliversErrorCode         -                    injecting             entryInterruptionInformation[11]    is        1
    vectorWithErrorCode       -                    injecting             entryInterruptionInformation[7:0]   in        8,A,B,C,D,E,11
    realMode                  -                    -                     guestCR0[0]                         is        0
    unrestrictedRealMode      -                    -                     -                                   holds     secondary.unrestrictedGuest,realMode
    errorCodeExpected         -                    -                     -                                   holds     injectingException,vectorWithErrorCode,!unrestrictedRealMode
    hostCET                   -                    -                     hostCR4[23]                         is        1
    hostLA57                  -                    -                     hostCR4[12]                         is        1
    guestCET                  -                    -                     guestCR4[23]                        is        1
    paging                    -                    -                     guestCR0[31]                        is        1
    virtual8086               -                    -                     guestRFLAGS[17]                     is        1
    code64                    -                    entry.ia32eModeGuest  guestCSAccessRights[13]             is        1
    {}.usable                 ES,SS,DS,FS,GS,LDTR  -                     guest{}AccessRights[16]             is        0
    CS.data                   -                    -                     guestCSAccessRights[3:0]            is        3
    CS.nonConforming          -                    -                     guestCSAccessRights[3:0]            in        9,B
    CS.conforming             -                    -                     guestCSAccessRights[3:0]            in        D,F
    {}.conforming             ES,DS,FS,GS          -                     guest{}AccessRights[3:0]            in        C,D,E,F
    interruptsEnabled         -                    -                     guestRFLAGS[9]                      is        1
    trapFlag                  -                    -                     guestRFLAGS[8]                      is        1
    branchStepping            -                    -                     guestDEBUGCTL[1]                    is        1
    singleStepping            -                    -                     -                                   holds     trapFlag,!branchStepping
    halted                    -                    -                     guestActivity                       is        1
    shutdown                  -                    -                     guestActivity                       is        2
    waitForSIPI               -                    -                     guestActivity                       is        3
    blocked                   -                    -                     guestInterruptibility[1:0]          differs   0
    blockedOrHalted           -                    -                     -                                   any       blocked,halted
    linkPointer               -                    -                     vmcsLinkPointer                     differs   FFFFFFFFFFFFFFFF
    linkValid                 -                    linkPointer           vmcsLinkPointer                     clear     11:0+beyondPhysical
    physicalAddressExtension  -                    -                     guestCR4[5]                         is        1
    paeGuest                  -                    -                     -                                   holds     paging,physicalAddressExtension,!entry.ia32eModeGuest
    pdpte{}Present            0,1,2,3              -                     guestPDPTE{}[0]                     is        1
    """
}
