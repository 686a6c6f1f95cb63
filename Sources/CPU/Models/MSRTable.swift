/// Model-specific registers, a row a register or a series of them (SDM Vol. 4, "Model-Specific Registers (MSRs)"). One
/// that is not here, or not in the model, raises #GP(0).
///
/// - `index`: hexadecimal; `first..last/step` is a series, numbered in the name by `{n}`.
/// - `access`: `rw`, `ro` or `wo`; the other direction raises #GP(0).
/// - `reset`: value after power-up; a model's own in `MSRValueTable` goes before it.
/// - `writable`: bits that a write stores: hexadecimal, `all`, or `address` for bits 12 to MAXPHYADDR-1, joined by `+`.
/// - `kept`: bits that a write may set or clear without effect. Any other bit that is set raises #GP(0).
/// - `check`: what else a written value must hold (`ModelSpecificRegister.Check`).
/// - `storage`: `-`, a place of its own; else where the value lies or how it is computed
///   (`ModelSpecificRegister.Storage`).
/// - `in`: `all`, or models and features of the part of which one must be the model's.
/// - Machine-check banks of `max` are as virtual machines have them: addresses and descriptions of errors can be written.
/// - Values of the VMX capability MSRs are in `VMXCapabilityTable`; a model has those that its column there has.
/// - IA32_PERF_GLOBAL_CTRL can be written and is loaded by VM entries and exits, but CPUID says that there are no counters.
/// - `section`: what it is about, as the manual titles it.
enum MSRTable {
  static let text: StaticString = """
    index           name                      access  reset             writable     kept              check        storage           in                           section

    10              IA32_TIME_STAMP_COUNTER   rw      0                 all          0                 -            timeStampCounter  all                          Time-Stamp Counter
    17              IA32_PLATFORM_ID          ro      0                 0            0                 -            -                 all                          Microcode Update Facilities
    1B              IA32_APIC_BASE            rw      FEE00800          900+address  0                 apicBase     apicBase          all                          Local APIC Status and Location
    35              MSR_CORE_THREAD_COUNT     ro      0                 0            0                 -            coreThreadCount   corei7_sandy_bridge_2600k,corei7_haswell_4770,corei7_skylake_x,corei7_icelake_u,max  Detecting Hardware Multi-Threading Support and Topology
    3A              IA32_FEATURE_CONTROL      rw      0                 7            0                 unlocked     -                 VMX,SMX                      Enabling and Entering VMX Operation
    3B              IA32_TSC_ADJUST           rw      0                 all          0                 -            timeStampAdjust   TSC_ADJUST                   Time-Stamp Counter Adjustment
    79              IA32_BIOS_UPDT_TRIG       wo      0                 all          0                 -            -                 all                          Microcode Update Facilities
    8B              IA32_BIOS_SIGN_ID         rw      0                 all          0                 -            -                 all                          Microcode Update Facilities
    CD              MSR_FSB_FREQ              ro      0                 0            0                 -            -                 core2_penryn_t9600           Microcode Update Facilities
    CE              MSR_PLATFORM_INFO         ro      0                 0            0                 -            -                 all                          Enhanced Intel SpeedStep Technology
    FE              IA32_MTRRCAP              ro      508               0            0                 -            -                 MTRR                         MTRR Feature Identification
    174             IA32_SYSENTER_CS          rw      0                 FFFFFFFF     FFFFFFFF00000000  -            sysenterCS        SEP                          Performing Fast Calls to System Procedures with the SYSENTER and SYSEXIT Instructions
    175             IA32_SYSENTER_ESP         rw      0                 all          0                 canonical    sysenterESP       SEP                          Performing Fast Calls to System Procedures with the SYSENTER and SYSEXIT Instructions
    176             IA32_SYSENTER_EIP         rw      0                 all          0                 canonical    sysenterEIP       SEP                          Performing Fast Calls to System Procedures with the SYSENTER and SYSEXIT Instructions
    179             IA32_MCG_CAP              ro      106               0            0                 -            -                 MCA                          Machine-Check Global Control MSRs
    17A             IA32_MCG_STATUS           rw      0                 7            0                 -            -                 MCA                          Machine-Check Global Control MSRs
    17B             IA32_MCG_CTL              rw      0                 all          0                 -            -                 MCA                          Machine-Check Global Control MSRs
    1A0             IA32_MISC_ENABLE          rw      41801             400C50009    1880              -            -                 all                          Fast-String Operation
    1D9             IA32_DEBUGCTL             rw      0                 3            0                 -            -                 all                          IA32_DEBUGCTL MSR
    200..20E/2      IA32_MTRR_PHYSBASE{n}     rw      0                 FF+address   0                 memoryType   memoryTypes       MTRR                         Variable Range MTRRs
    201..20F/2      IA32_MTRR_PHYSMASK{n}     rw      0                 800+address  0                 -            memoryTypes       MTRR                         Variable Range MTRRs
    250             IA32_MTRR_FIX64K_00000    rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    258             IA32_MTRR_FIX16K_80000    rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    259             IA32_MTRR_FIX16K_A0000    rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    268             IA32_MTRR_FIX4K_C0000     rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    269             IA32_MTRR_FIX4K_C8000     rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    26A             IA32_MTRR_FIX4K_D0000     rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    26B             IA32_MTRR_FIX4K_D8000     rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    26C             IA32_MTRR_FIX4K_E0000     rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    26D             IA32_MTRR_FIX4K_E8000     rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    26E             IA32_MTRR_FIX4K_F0000     rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    26F             IA32_MTRR_FIX4K_F8000     rw      0                 all          0                 memoryTypes  memoryTypes       MTRR                         Fixed Range MTRRs
    277             IA32_PAT                  rw      0007040600070406  all          0                 patTypes     pageAttributes    PAT                          IA32_PAT MSR
    2FF             IA32_MTRR_DEF_TYPE        rw      0                 CFF          0                 memoryType   memoryTypes       MTRR                         IA32_MTRR_DEF_TYPE MSR
    38F             IA32_PERF_GLOBAL_CTRL     rw      0                 70000000F    0                 -            -                 PDCM                         Architectural Performance Monitoring
    400..414/4      IA32_MC{n}_CTL            rw      0                 all          0                 -            -                 core2_penryn_t9600,corei7_sandy_bridge_2600k,corei7_haswell_4770,corei7_skylake_x,corei7_icelake_u  Error-Reporting Register Banks
    400..414/4      IA32_MC{n}_CTL            rw      0                 all          0                 allOrNone    -                 max                          Error-Reporting Register Banks
    401..415/4      IA32_MC{n}_STATUS         rw      0                 0            0                 -            -                 MCA                          Error-Reporting Register Banks
    402..416/4      IA32_MC{n}_ADDR           rw      0                 0            0                 -            -                 core2_penryn_t9600,corei7_sandy_bridge_2600k,corei7_haswell_4770,corei7_skylake_x,corei7_icelake_u  Error-Reporting Register Banks
    402..416/4      IA32_MC{n}_ADDR           rw      0                 all          0                 -            -                 max                          Error-Reporting Register Banks
    403..417/4      IA32_MC{n}_MISC           rw      0                 0            0                 -            -                 core2_penryn_t9600,corei7_sandy_bridge_2600k,corei7_haswell_4770,corei7_skylake_x,corei7_icelake_u  Error-Reporting Register Banks
    403..417/4      IA32_MC{n}_MISC           rw      0                 all          0                 -            -                 max                          Error-Reporting Register Banks
    480             IA32_VMX_BASIC            ro      0                 0            0                 -            -                 VMX                          Basic VMX Information
    481             IA32_VMX_PINBASED_CTLS    ro      0                 0            0                 -            -                 VMX                          Pin-Based VM-Execution Controls
    482             IA32_VMX_PROCBASED_CTLS   ro      0                 0            0                 -            -                 VMX                          Primary Processor-Based VM-Execution Controls
    483             IA32_VMX_EXIT_CTLS        ro      0                 0            0                 -            -                 VMX                          VM-Exit Controls
    484             IA32_VMX_ENTRY_CTLS       ro      0                 0            0                 -            -                 VMX                          VM-Entry Controls
    485             IA32_VMX_MISC             ro      0                 0            0                 -            -                 VMX                          Miscellaneous Data
    486             IA32_VMX_CR0_FIXED0       ro      0                 0            0                 -            -                 VMX                          VMX-Fixed Bits in CR0
    487             IA32_VMX_CR0_FIXED1       ro      0                 0            0                 -            -                 VMX                          VMX-Fixed Bits in CR0
    488             IA32_VMX_CR4_FIXED0       ro      0                 0            0                 -            -                 VMX                          VMX-Fixed Bits in CR4
    489             IA32_VMX_CR4_FIXED1       ro      0                 0            0                 -            -                 VMX                          VMX-Fixed Bits in CR4
    48A             IA32_VMX_VMCS_ENUM        ro      0                 0            0                 -            -                 VMX                          VMCS Enumeration
    48B             IA32_VMX_PROCBASED_CTLS2  ro      0                 0            0                 -            -                 VMX                          Secondary Processor-Based VM-Execution Controls
    48C             IA32_VMX_EPT_VPID_CAP     ro      0                 0            0                 -            -                 VMX                          VPID and EPT Capabilities
    48D             IA32_VMX_TRUE_PINBASED_CTLS  ro   0                 0            0                 -            -                 VMX                          Pin-Based VM-Execution Controls
    48E             IA32_VMX_TRUE_PROCBASED_CTLS  ro  0                 0            0                 -            -                 VMX                          Primary Processor-Based VM-Execution Controls
    48F             IA32_VMX_TRUE_EXIT_CTLS   ro      0                 0            0                 -            -                 VMX                          VM-Exit Controls
    490             IA32_VMX_TRUE_ENTRY_CTLS  ro      0                 0            0                 -            -                 VMX                          VM-Entry Controls
    491             IA32_VMX_VMFUNC           ro      0                 0            0                 -            -                 VMX                          VM Functions
    6E0             IA32_TSC_DEADLINE         rw      0                 all          0                 -            timerDeadline     TSC-Deadline                 TSC-Deadline Mode
    6E1             IA32_PKRS                 rw      0                 FFFFFFFF     0                 -            supervisorKeys    PKS                          Protection Keys
    DA0             IA32_XSS                  rw      0                 0            0                 -            -                 XSAVES                       Enabling the XSAVE Feature Set
    C0000080        IA32_EFER                 rw      0                 101          400               efer         efer              LM,NX                        Extended Feature Enable Register
    C0000081        IA32_STAR                 rw      0                 all          0                 -            star              SYSCALL                      Fast System Calls in 64-Bit Mode
    C0000082        IA32_LSTAR                rw      0                 all          0                 canonical    lstar             SYSCALL                      Fast System Calls in 64-Bit Mode
    C0000083        IA32_CSTAR                rw      0                 all          0                 canonical    cstar             SYSCALL                      Fast System Calls in 64-Bit Mode
    C0000084        IA32_FMASK                rw      0                 FFFFFFFF     FFFFFFFF00000000  -            fmask             SYSCALL                      Fast System Calls in 64-Bit Mode
    C0000100        IA32_FS_BASE              rw      0                 all          0                 canonical    fsBase            LM                           Segmentation in IA-32e Mode
    C0000101        IA32_GS_BASE              rw      0                 all          0                 canonical    gsBase            LM                           Segmentation in IA-32e Mode
    C0000102        IA32_KERNEL_GS_BASE       rw      0                 all          0                 canonical    kernelGSBase      LM                           SWAPGS—Swap GS Base Register
    C0000103        IA32_TSC_AUX              rw      0                 FFFFFFFF     0                 -            timeStampAux      RDTSCP,RDPID                 IA32_TSC_AUX Register and RDTSCP Support
    """
}

/// Reset values of registers that differ from model to model, as the parts have them.
enum MSRValueTable {
  static let text: StaticString = """
    model                      index  reset
    core2_penryn_t9600         17     001C000098F4CA24
    core2_penryn_t9600         CD     1E0
    core2_penryn_t9600         CE     80170B2C4345060F
    corei7_sandy_bridge_2600k  17     0004000000000000
    corei7_sandy_bridge_2600k  CE     0000100068012200
    corei7_haswell_4770        17     0004000000000000
    corei7_haswell_4770        CE     00080838F3012200
    corei7_skylake_x           17     0008000000000000
    corei7_skylake_x           8B     0200002600000000
    corei7_skylake_x           CE     00070C2CF3012300
    corei7_icelake_u           17     001C000000000000
    corei7_icelake_u           8B     0000002E00000000
    corei7_icelake_u           CE     0004043CF1810F00
    """
}
