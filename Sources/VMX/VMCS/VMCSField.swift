/// A field of a VMCS, by its row in `VMCSFieldTable` (SDM Vol. 3, "Field Encoding in VMCS").
@frozen public enum VMCSField: UInt8, CaseIterable, Sendable {
  /// Virtual-processor identifier (VPID).
  case virtualProcessorIdentifier
  /// Posted-interrupt notification vector.
  case postedInterruptNotificationVector
  /// EPTP index.
  case eptpIndex
  /// Guest ES selector.
  case guestESSelector
  /// Guest CS selector.
  case guestCSSelector
  /// Guest SS selector.
  case guestSSSelector
  /// Guest DS selector.
  case guestDSSelector
  /// Guest FS selector.
  case guestFSSelector
  /// Guest GS selector.
  case guestGSSelector
  /// Guest LDTR selector.
  case guestLDTRSelector
  /// Guest TR selector.
  case guestTRSelector
  /// Guest interrupt status.
  case guestInterruptStatus
  /// PML index.
  case pmlIndex
  /// Host ES selector.
  case hostESSelector
  /// Host CS selector.
  case hostCSSelector
  /// Host SS selector.
  case hostSSSelector
  /// Host DS selector.
  case hostDSSelector
  /// Host FS selector.
  case hostFSSelector
  /// Host GS selector.
  case hostGSSelector
  /// Host TR selector.
  case hostTRSelector
  /// Address of I/O bitmap A.
  case ioBitmapA
  /// Address of I/O bitmap B.
  case ioBitmapB
  /// Address of MSR bitmaps.
  case msrBitmaps
  /// VM-exit MSR-store address.
  case exitMSRStoreAddress
  /// VM-exit MSR-load address.
  case exitMSRLoadAddress
  /// VM-entry MSR-load address.
  case entryMSRLoadAddress
  /// Executive-VMCS pointer.
  case executiveVMCSPointer
  /// PML address.
  case pmlAddress
  /// TSC offset.
  case tscOffset
  /// Virtual-APIC address.
  case virtualAPICAddress
  /// APIC-access address.
  case apicAccessAddress
  /// Posted-interrupt descriptor address.
  case postedInterruptDescriptorAddress
  /// VM-function controls.
  case vmFunctionControls
  /// EPT pointer.
  case eptPointer
  /// EOI-exit bitmap 0.
  case eoiExitBitmap0
  /// EOI-exit bitmap 1.
  case eoiExitBitmap1
  /// EOI-exit bitmap 2.
  case eoiExitBitmap2
  /// EOI-exit bitmap 3.
  case eoiExitBitmap3
  /// EPTP-list address.
  case eptpListAddress
  /// VMREAD-bitmap address.
  case vmreadBitmapAddress
  /// VMWRITE-bitmap address.
  case vmwriteBitmapAddress
  /// Virtualization-exception information address.
  case virtualizationExceptionAddress
  /// XSS-exiting bitmap.
  case xssExitingBitmap
  /// Sub-page-permission-table pointer.
  case subPagePermissionTablePointer
  /// TSC multiplier.
  case tscMultiplier
  /// Guest-physical address.
  case guestPhysicalAddress
  /// VMCS link pointer.
  case vmcsLinkPointer
  /// Guest IA32_DEBUGCTL.
  case guestDEBUGCTL
  /// Guest IA32_PAT.
  case guestPAT
  /// Guest IA32_EFER.
  case guestEFER
  /// Guest IA32_PERF_GLOBAL_CTRL.
  case guestPerfGlobalCtrl
  /// Guest PDPTE0.
  case guestPDPTE0
  /// Guest PDPTE1.
  case guestPDPTE1
  /// Guest PDPTE2.
  case guestPDPTE2
  /// Guest PDPTE3.
  case guestPDPTE3
  /// Guest IA32_BNDCFGS.
  case guestBNDCFGS
  /// Guest IA32_PKRS.
  case guestPKRS
  /// Host IA32_PAT.
  case hostPAT
  /// Host IA32_EFER.
  case hostEFER
  /// Host IA32_PERF_GLOBAL_CTRL.
  case hostPerfGlobalCtrl
  /// Host IA32_PKRS.
  case hostPKRS
  /// Pin-based VM-execution controls.
  case pinControls
  /// Primary processor-based VM-execution controls.
  case primaryControls
  /// Exception bitmap.
  case exceptionBitmap
  /// Page-fault error-code mask.
  case pageFaultErrorCodeMask
  /// Page-fault error-code match.
  case pageFaultErrorCodeMatch
  /// CR3-target count.
  case cr3TargetCount
  /// VM-exit controls.
  case exitControls
  /// VM-exit MSR-store count.
  case exitMSRStoreCount
  /// VM-exit MSR-load count.
  case exitMSRLoadCount
  /// VM-entry controls.
  case entryControls
  /// VM-entry MSR-load count.
  case entryMSRLoadCount
  /// VM-entry interruption-information field.
  case entryInterruptionInformation
  /// VM-entry exception error code.
  case entryExceptionErrorCode
  /// VM-entry instruction length.
  case entryInstructionLength
  /// TPR threshold.
  case tprThreshold
  /// Secondary processor-based VM-execution controls.
  case secondaryControls
  /// PLE_Gap.
  case pleGap
  /// PLE_Window.
  case pleWindow
  /// VM-instruction error.
  case vmInstructionError
  /// Exit reason.
  case exitReason
  /// VM-exit interruption information.
  case exitInterruptionInformation
  /// VM-exit interruption error code.
  case exitInterruptionErrorCode
  /// IDT-vectoring information field.
  case idtVectoringInformation
  /// IDT-vectoring error code.
  case idtVectoringErrorCode
  /// VM-exit instruction length.
  case exitInstructionLength
  /// VM-exit instruction information.
  case exitInstructionInformation
  /// Guest ES limit.
  case guestESLimit
  /// Guest CS limit.
  case guestCSLimit
  /// Guest SS limit.
  case guestSSLimit
  /// Guest DS limit.
  case guestDSLimit
  /// Guest FS limit.
  case guestFSLimit
  /// Guest GS limit.
  case guestGSLimit
  /// Guest LDTR limit.
  case guestLDTRLimit
  /// Guest TR limit.
  case guestTRLimit
  /// Guest GDTR limit.
  case guestGDTRLimit
  /// Guest IDTR limit.
  case guestIDTRLimit
  /// Guest ES access rights.
  case guestESAccessRights
  /// Guest CS access rights.
  case guestCSAccessRights
  /// Guest SS access rights.
  case guestSSAccessRights
  /// Guest DS access rights.
  case guestDSAccessRights
  /// Guest FS access rights.
  case guestFSAccessRights
  /// Guest GS access rights.
  case guestGSAccessRights
  /// Guest LDTR access rights.
  case guestLDTRAccessRights
  /// Guest TR access rights.
  case guestTRAccessRights
  /// Guest interruptibility state.
  case guestInterruptibility
  /// Guest activity state.
  case guestActivity
  /// Guest SMBASE.
  case guestSMBASE
  /// Guest IA32_SYSENTER_CS.
  case guestSysenterCS
  /// VMX-preemption timer value.
  case preemptionTimer
  /// Host IA32_SYSENTER_CS.
  case hostSysenterCS
  /// CR0 guest/host mask.
  case cr0Mask
  /// CR4 guest/host mask.
  case cr4Mask
  /// CR0 read shadow.
  case cr0Shadow
  /// CR4 read shadow.
  case cr4Shadow
  /// CR3-target value 0.
  case cr3Target0
  /// CR3-target value 1.
  case cr3Target1
  /// CR3-target value 2.
  case cr3Target2
  /// CR3-target value 3.
  case cr3Target3
  /// Exit qualification.
  case exitQualification
  /// I/O RCX.
  case ioRCX
  /// I/O RSI.
  case ioRSI
  /// I/O RDI.
  case ioRDI
  /// I/O RIP.
  case ioRIP
  /// Guest-linear address.
  case guestLinearAddress
  /// Guest CR0.
  case guestCR0
  /// Guest CR3.
  case guestCR3
  /// Guest CR4.
  case guestCR4
  /// Guest ES base.
  case guestESBase
  /// Guest CS base.
  case guestCSBase
  /// Guest SS base.
  case guestSSBase
  /// Guest DS base.
  case guestDSBase
  /// Guest FS base.
  case guestFSBase
  /// Guest GS base.
  case guestGSBase
  /// Guest LDTR base.
  case guestLDTRBase
  /// Guest TR base.
  case guestTRBase
  /// Guest GDTR base.
  case guestGDTRBase
  /// Guest IDTR base.
  case guestIDTRBase
  /// Guest DR7.
  case guestDR7
  /// Guest RSP.
  case guestRSP
  /// Guest RIP.
  case guestRIP
  /// Guest RFLAGS.
  case guestRFLAGS
  /// Guest pending debug exceptions.
  case guestPendingDebugExceptions
  /// Guest IA32_SYSENTER_ESP.
  case guestSysenterESP
  /// Guest IA32_SYSENTER_EIP.
  case guestSysenterEIP
  /// Host CR0.
  case hostCR0
  /// Host CR3.
  case hostCR3
  /// Host CR4.
  case hostCR4
  /// Host FS base.
  case hostFSBase
  /// Host GS base.
  case hostGSBase
  /// Host TR base.
  case hostTRBase
  /// Host GDTR base.
  case hostGDTRBase
  /// Host IDTR base.
  case hostIDTRBase
  /// Host IA32_SYSENTER_ESP.
  case hostSysenterESP
  /// Host IA32_SYSENTER_EIP.
  case hostSysenterEIP
  /// Host RSP.
  case hostRSP
  /// Host RIP.
  case hostRIP
}
