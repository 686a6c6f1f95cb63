/// The fields of a VMCS, a row a field (SDM Vol. 3, "Field Encoding in VMCS").
///
/// - `encoding`: hexadecimal; access type "high" of a 64-bit field is the encoding plus 1.
/// - `name`: the case of `VMCSField`, in the same order.
/// - `title`: as the manual's tables of encodings have it.
/// - `exists with`: `-`, always; else a set of controls and the control in it without whose 1-setting being allowed a
///   processor does not have the field.
enum VMCSFieldTable {
  static let text: StaticString = """
    encoding  name                               title                                            exists with

    0000      virtualProcessorIdentifier         Virtual-processor identifier (VPID)              secondary:enableVPID
    0002      postedInterruptNotificationVector  Posted-interrupt notification vector             pin:processPostedInterrupts
    0004      eptpIndex                          EPTP index                                       secondary:virtualizationException
    0800      guestESSelector                    Guest ES selector                                -
    0802      guestCSSelector                    Guest CS selector                                -
    0804      guestSSSelector                    Guest SS selector                                -
    0806      guestDSSelector                    Guest DS selector                                -
    0808      guestFSSelector                    Guest FS selector                                -
    080A      guestGSSelector                    Guest GS selector                                -
    080C      guestLDTRSelector                  Guest LDTR selector                              -
    080E      guestTRSelector                    Guest TR selector                                -
    0810      guestInterruptStatus               Guest interrupt status                           secondary:virtualInterruptDelivery
    0812      pmlIndex                           PML index                                        secondary:pageModificationLogging
    0C00      hostESSelector                     Host ES selector                                 -
    0C02      hostCSSelector                     Host CS selector                                 -
    0C04      hostSSSelector                     Host SS selector                                 -
    0C06      hostDSSelector                     Host DS selector                                 -
    0C08      hostFSSelector                     Host FS selector                                 -
    0C0A      hostGSSelector                     Host GS selector                                 -
    0C0C      hostTRSelector                     Host TR selector                                 -
    2000      ioBitmapA                          Address of I/O bitmap A                          -
    2002      ioBitmapB                          Address of I/O bitmap B                          -
    2004      msrBitmaps                         Address of MSR bitmaps                           primary:useMSRBitmaps
    2006      exitMSRStoreAddress                VM-exit MSR-store address                        -
    2008      exitMSRLoadAddress                 VM-exit MSR-load address                         -
    200A      entryMSRLoadAddress                VM-entry MSR-load address                        -
    200C      executiveVMCSPointer               Executive-VMCS pointer                           -
    200E      pmlAddress                         PML address                                      secondary:pageModificationLogging
    2010      tscOffset                          TSC offset                                       -
    2012      virtualAPICAddress                 Virtual-APIC address                             primary:useTPRShadow
    2014      apicAccessAddress                  APIC-access address                              secondary:virtualizeAPICAccesses
    2016      postedInterruptDescriptorAddress   Posted-interrupt descriptor address              pin:processPostedInterrupts
    2018      vmFunctionControls                 VM-function controls                             secondary:enableVMFunctions
    201A      eptPointer                         EPT pointer                                      secondary:enableEPT
    201C      eoiExitBitmap0                     EOI-exit bitmap 0                                secondary:virtualInterruptDelivery
    201E      eoiExitBitmap1                     EOI-exit bitmap 1                                secondary:virtualInterruptDelivery
    2020      eoiExitBitmap2                     EOI-exit bitmap 2                                secondary:virtualInterruptDelivery
    2022      eoiExitBitmap3                     EOI-exit bitmap 3                                secondary:virtualInterruptDelivery
    2024      eptpListAddress                    EPTP-list address                                vmfunc:eptpSwitching
    2026      vmreadBitmapAddress                VMREAD-bitmap address                            secondary:vmcsShadowing
    2028      vmwriteBitmapAddress               VMWRITE-bitmap address                           secondary:vmcsShadowing
    202A      virtualizationExceptionAddress     Virtualization-exception information address     secondary:virtualizationException
    202C      xssExitingBitmap                   XSS-exiting bitmap                               secondary:enableXSAVES
    2030      subPagePermissionTablePointer      Sub-page-permission-table pointer                secondary:subPageWritePermissions
    2032      tscMultiplier                      TSC multiplier                                   secondary:useTSCScaling
    2400      guestPhysicalAddress               Guest-physical address                           secondary:enableEPT
    2800      vmcsLinkPointer                    VMCS link pointer                                -
    2802      guestDEBUGCTL                      Guest IA32_DEBUGCTL                              -
    2804      guestPAT                           Guest IA32_PAT                                   entry:loadPAT
    2806      guestEFER                          Guest IA32_EFER                                  entry:loadEFER
    2808      guestPerfGlobalCtrl                Guest IA32_PERF_GLOBAL_CTRL                      entry:loadPerfGlobalCtrl
    280A      guestPDPTE0                        Guest PDPTE0                                     secondary:enableEPT
    280C      guestPDPTE1                        Guest PDPTE1                                     secondary:enableEPT
    280E      guestPDPTE2                        Guest PDPTE2                                     secondary:enableEPT
    2810      guestPDPTE3                        Guest PDPTE3                                     secondary:enableEPT
    2812      guestBNDCFGS                       Guest IA32_BNDCFGS                               entry:loadBNDCFGS
    2818      guestPKRS                          Guest IA32_PKRS                                  entry:loadPKRS
    2C00      hostPAT                            Host IA32_PAT                                    entry:loadPAT
    2C02      hostEFER                           Host IA32_EFER                                   entry:loadEFER
    2C04      hostPerfGlobalCtrl                 Host IA32_PERF_GLOBAL_CTRL                       entry:loadPerfGlobalCtrl
    2C06      hostPKRS                           Host IA32_PKRS                                   entry:loadPKRS
    4000      pinControls                        Pin-based VM-execution controls                  -
    4002      primaryControls                    Primary processor-based VM-execution controls    -
    4004      exceptionBitmap                    Exception bitmap                                 -
    4006      pageFaultErrorCodeMask             Page-fault error-code mask                       -
    4008      pageFaultErrorCodeMatch            Page-fault error-code match                      -
    400A      cr3TargetCount                     CR3-target count                                 -
    400C      exitControls                       VM-exit controls                                 -
    400E      exitMSRStoreCount                  VM-exit MSR-store count                          -
    4010      exitMSRLoadCount                   VM-exit MSR-load count                           -
    4012      entryControls                      VM-entry controls                                -
    4014      entryMSRLoadCount                  VM-entry MSR-load count                          -
    4016      entryInterruptionInformation       VM-entry interruption-information field          -
    4018      entryExceptionErrorCode            VM-entry exception error code                    -
    401A      entryInstructionLength             VM-entry instruction length                      -
    401C      tprThreshold                       TPR threshold                                    primary:useTPRShadow
    401E      secondaryControls                  Secondary processor-based VM-execution controls  primary:activateSecondaryControls
    4020      pleGap                             PLE_Gap                                          secondary:pauseLoopExiting
    4022      pleWindow                          PLE_Window                                       secondary:pauseLoopExiting
    4400      vmInstructionError                 VM-instruction error                             -
    4402      exitReason                         Exit reason                                      -
    4404      exitInterruptionInformation        VM-exit interruption information                 -
    4406      exitInterruptionErrorCode          VM-exit interruption error code                  -
    4408      idtVectoringInformation            IDT-vectoring information field                  -
    440A      idtVectoringErrorCode              IDT-vectoring error code                         -
    440C      exitInstructionLength              VM-exit instruction length                       -
    440E      exitInstructionInformation         VM-exit instruction information                  -
    4800      guestESLimit                       Guest ES limit                                   -
    4802      guestCSLimit                       Guest CS limit                                   -
    4804      guestSSLimit                       Guest SS limit                                   -
    4806      guestDSLimit                       Guest DS limit                                   -
    4808      guestFSLimit                       Guest FS limit                                   -
    480A      guestGSLimit                       Guest GS limit                                   -
    480C      guestLDTRLimit                     Guest LDTR limit                                 -
    480E      guestTRLimit                       Guest TR limit                                   -
    4810      guestGDTRLimit                     Guest GDTR limit                                 -
    4812      guestIDTRLimit                     Guest IDTR limit                                 -
    4814      guestESAccessRights                Guest ES access rights                           -
    4816      guestCSAccessRights                Guest CS access rights                           -
    4818      guestSSAccessRights                Guest SS access rights                           -
    481A      guestDSAccessRights                Guest DS access rights                           -
    481C      guestFSAccessRights                Guest FS access rights                           -
    481E      guestGSAccessRights                Guest GS access rights                           -
    4820      guestLDTRAccessRights              Guest LDTR access rights                         -
    4822      guestTRAccessRights                Guest TR access rights                           -
    4824      guestInterruptibility              Guest interruptibility state                     -
    4826      guestActivity                      Guest activity state                             -
    4828      guestSMBASE                        Guest SMBASE                                     -
    482A      guestSysenterCS                    Guest IA32_SYSENTER_CS                           -
    482E      preemptionTimer                    VMX-preemption timer value                       pin:activatePreemptionTimer
    4C00      hostSysenterCS                     Host IA32_SYSENTER_CS                            -
    6000      cr0Mask                            CR0 guest/host mask                              -
    6002      cr4Mask                            CR4 guest/host mask                              -
    6004      cr0Shadow                          CR0 read shadow                                  -
    6006      cr4Shadow                          CR4 read shadow                                  -
    6008      cr3Target0                         CR3-target value 0                               -
    600A      cr3Target1                         CR3-target value 1                               -
    600C      cr3Target2                         CR3-target value 2                               -
    600E      cr3Target3                         CR3-target value 3                               -
    6400      exitQualification                  Exit qualification                               -
    6402      ioRCX                              I/O RCX                                          -
    6404      ioRSI                              I/O RSI                                          -
    6406      ioRDI                              I/O RDI                                          -
    6408      ioRIP                              I/O RIP                                          -
    640A      guestLinearAddress                 Guest-linear address                             -
    6800      guestCR0                           Guest CR0                                        -
    6802      guestCR3                           Guest CR3                                        -
    6804      guestCR4                           Guest CR4                                        -
    6806      guestESBase                        Guest ES base                                    -
    6808      guestCSBase                        Guest CS base                                    -
    680A      guestSSBase                        Guest SS base                                    -
    680C      guestDSBase                        Guest DS base                                    -
    680E      guestFSBase                        Guest FS base                                    -
    6810      guestGSBase                        Guest GS base                                    -
    6812      guestLDTRBase                      Guest LDTR base                                  -
    6814      guestTRBase                        Guest TR base                                    -
    6816      guestGDTRBase                      Guest GDTR base                                  -
    6818      guestIDTRBase                      Guest IDTR base                                  -
    681A      guestDR7                           Guest DR7                                        -
    681C      guestRSP                           Guest RSP                                        -
    681E      guestRIP                           Guest RIP                                        -
    6820      guestRFLAGS                        Guest RFLAGS                                     -
    6822      guestPendingDebugExceptions        Guest pending debug exceptions                   -
    6824      guestSysenterESP                   Guest IA32_SYSENTER_ESP                          -
    6826      guestSysenterEIP                   Guest IA32_SYSENTER_EIP                          -
    6C00      hostCR0                            Host CR0                                         -
    6C02      hostCR3                            Host CR3                                         -
    6C04      hostCR4                            Host CR4                                         -
    6C06      hostFSBase                         Host FS base                                     -
    6C08      hostGSBase                         Host GS base                                     -
    6C0A      hostTRBase                         Host TR base                                     -
    6C0C      hostGDTRBase                       Host GDTR base                                   -
    6C0E      hostIDTRBase                       Host IDTR base                                   -
    6C10      hostSysenterESP                    Host IA32_SYSENTER_ESP                           -
    6C12      hostSysenterEIP                    Host IA32_SYSENTER_EIP                           -
    6C14      hostRSP                            Host RSP                                         -
    6C16      hostRIP                            Host RIP                                         -
    """
}
