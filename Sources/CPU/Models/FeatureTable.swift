/// Feature bits of CPUID, a row a bit (SDM Vol. 2A, "CPUID—CPU Identification"). A register named here consists of
/// feature bits only: bits without a row are zero in every model.
///
/// - `name`: the manual's.
/// - `built`: `yes`; `no`; or the instructions that make it so: it is built when the opcode table has all of them.
/// - `section`: what it is about, as the manual titles it.
///
/// SSE and SSE2 are offered for their moves and fences, without which no 64-bit system starts; what of their arithmetic
/// is not built is refused by name (docs/COVERAGE.md). Their successors stay `no` until they are built.
enum FeatureTable {
  static let text: StaticString = """
    name                leaf      subleaf  register  bit  built                                section

    SSE3                1         0        ECX       0    no                                   Streaming SIMD Extensions 3 (SSE3)
    PCLMULQDQ           1         0        ECX       1    no                                   PCLMULQDQ—Carry-Less Multiplication Quadword
    DTES64              1         0        ECX       2    no                                   Debug Store (DS) Mechanism
    MONITOR             1         0        ECX       3    MONITOR,MWAIT                        MONITOR—Set Up Monitor Address
    DS-CPL              1         0        ECX       4    no                                   CPL-Qualified Branch Trace Mechanism
    VMX                 1         0        ECX       5    VMCALL,VMCLEAR,VMLAUNCH,VMPTRLD,VMPTRST,VMREAD,VMRESUME,VMWRITE,VMXOFF,VMXON,INVEPT,INVVPID,VMFUNC  Discovering Support for VMX
    SMX                 1         0        ECX       6    no                                   Safer Mode Extensions Reference
    EIST                1         0        ECX       7    no                                   Enhanced Intel SpeedStep Technology
    TM2                 1         0        ECX       8    no                                   Thermal Monitor 2
    SSSE3               1         0        ECX       9    no                                   Supplemental Streaming SIMD Extensions 3 (SSSE3)
    CNXT-ID             1         0        ECX       10   no                                   L1 Data Cache Context Mode
    SDBG                1         0        ECX       11   no                                   Silicon Debug
    FMA                 1         0        ECX       12   no                                   Fused-Multiply-ADD (FMA) Extensions
    CMPXCHG16B          1         0        ECX       13   CMPXCHG16B                           CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes
    XTPR                1         0        ECX       14   no                                   xTPR Update Control
    PDCM                1         0        ECX       15   no                                   Performance Monitoring
    PCID                1         0        ECX       17   yes                                  Process-Context Identifiers (PCIDs)
    DCA                 1         0        ECX       18   no                                   Direct Cache Access
    SSE4.1              1         0        ECX       19   no                                   SSE4.1 Instruction Set
    SSE4.2              1         0        ECX       20   no                                   SSE4.2 Instruction Set
    x2APIC              1         0        ECX       21   yes                                  Extended XAPIC (x2APIC)
    MOVBE               1         0        ECX       22   MOVBE                                MOVBE—Move Data After Swapping Bytes
    POPCNT              1         0        ECX       23   POPCNT                               POPCNT—Return the Count of Number of Bits Set to 1
    TSC-Deadline        1         0        ECX       24   yes                                  TSC-Deadline Mode
    AESNI               1         0        ECX       25   no                                   Intel Advanced Encryption Standard New Instructions
    XSAVE               1         0        ECX       26   XSAVE,XRSTOR,XGETBV,XSETBV           Managing State Using the XSAVE Feature Set
    OSXSAVE             1         0        ECX       27   XSAVE,XRSTOR,XGETBV,XSETBV           Enabling the XSAVE Feature Set
    AVX                 1         0        ECX       28   no                                   Intel Advanced Vector Extensions
    F16C                1         0        ECX       29   no                                   Half-Precision Floating-Point Conversion
    RDRAND              1         0        ECX       30   RDRAND                               RDRAND—Read Random Number

    FPU                 1         0        EDX       0    no                                   Programming with the x87 FPU
    VME                 1         0        EDX       1    yes                                  Virtual-8086 Mode Extensions
    DE                  1         0        EDX       2    yes                                  Debug Registers DR4 and DR5
    PSE                 1         0        EDX       3    yes                                  32-Bit Paging
    TSC                 1         0        EDX       4    yes                                  Time-Stamp Counter
    MSR                 1         0        EDX       5    yes                                  Model-Specific Registers (MSRs)
    PAE                 1         0        EDX       6    yes                                  4-Level Paging and 5-Level Paging
    MCE                 1         0        EDX       7    yes                                  Machine-Check Architecture
    CX8                 1         0        EDX       8    CMPXCHG8B                            CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes
    APIC                1         0        EDX       9    yes                                  Local APIC Status and Location
    SEP                 1         0        EDX       11   SYSENTER,SYSEXIT                     SYSENTER—Fast System Call
    MTRR                1         0        EDX       12   yes                                  Memory Type Range Registers (MTRRs)
    PGE                 1         0        EDX       13   yes                                  Global Pages
    MCA                 1         0        EDX       14   yes                                  Machine-Check Architecture
    CMOV                1         0        EDX       15   CMOV                                 CMOVcc—Conditional Move
    PAT                 1         0        EDX       16   yes                                  Page Attribute Table (PAT)
    PSE-36              1         0        EDX       17   yes                                  32-Bit Paging
    PSN                 1         0        EDX       18   no                                   CPUID—CPU Identification
    CLFSH               1         0        EDX       19   CLFLUSH                              CLFLUSH—Flush Cache Line
    DS                  1         0        EDX       21   no                                   Debug Store (DS) Mechanism
    ACPI                1         0        EDX       22   no                                   Software Controlled Clock Modulation
    MMX                 1         0        EDX       23   EMMS                                 Programming with Intel MMX Technology
    FXSR                1         0        EDX       24   FXSAVE,FXRSTOR                       FXSAVE—Save x87 FPU, MMX Technology, and SSE State
    SSE                 1         0        EDX       25   MOVAPS,MOVNTPS,SFENCE                Programming with Streaming SIMD Extensions (SSE)
    SSE2                1         0        EDX       26   MOVDQA,MOVNTI,LFENCE,MFENCE          Programming with Streaming SIMD Extensions 2 (SSE2)
    SS                  1         0        EDX       27   yes                                  Self Snooping
    HTT                 1         0        EDX       28   yes                                  Detecting Hardware Multi-Threading Support and Topology
    TM                  1         0        EDX       29   no                                   Thermal Monitoring and Protection
    PBE                 1         0        EDX       31   no                                   FERR#/PBE# Pin

    DTS                 6         0        EAX       0    no                                   Thermal Monitoring and Protection
    TURBO               6         0        EAX       1    no                                   Intel Turbo Boost Technology
    ARAT                6         0        EAX       2    yes                                  APIC Timer
    PLN                 6         0        EAX       4    no                                   Power Limit Notification
    ECMD                6         0        EAX       5    no                                   Software Controlled Clock Modulation
    PTM                 6         0        EAX       6    no                                   Package Level Thermal Management
    HWP                 6         0        EAX       7    no                                   Hardware-Controlled Performance States (HWP)
    APERFMPERF          6         0        ECX       0    no                                   IA32_MPERF and IA32_APERF
    EPB                 6         0        ECX       3    no                                   IA32_ENERGY_PERF_BIAS

    FSGSBASE            7         0        EBX       0    RDFSBASE,RDGSBASE,WRFSBASE,WRGSBASE  RDFSBASE/RDGSBASE—Read FS/GS Segment Base
    TSC_ADJUST          7         0        EBX       1    yes                                  Time-Stamp Counter Adjustment
    SGX                 7         0        EBX       2    no                                   Intel Software Guard Extensions
    BMI1                7         0        EBX       3    ANDN,BEXTR,BLSI,BLSMSK,BLSR,TZCNT    Bit Manipulation Instructions
    HLE                 7         0        EBX       4    no                                   Programming with Intel Transactional Synchronization Extensions
    AVX2                7         0        EBX       5    no                                   Intel Advanced Vector Extensions 2
    FDP_EXCPTN_ONLY     7         0        EBX       6    no                                   x87 FPU Instruction and Data (Operand) Pointers
    SMEP                7         0        EBX       7    yes                                  Determination of Access Rights
    BMI2                7         0        EBX       8    BZHI,MULX,PDEP,PEXT,RORX,SARX,SHLX,SHRX  Bit Manipulation Instructions
    ERMS                7         0        EBX       9    MOVS,STOS                            Fast-String Operation
    INVPCID             7         0        EBX       10   INVPCID                              INVPCID—Invalidate Process-Context Identifier
    RTM                 7         0        EBX       11   no                                   Programming with Intel Transactional Synchronization Extensions
    RDT-M               7         0        EBX       12   no                                   Intel Resource Director Technology (Intel RDT) Monitoring Features
    FPU_CSDS            7         0        EBX       13   no                                   x87 FPU Instruction and Data (Operand) Pointers
    MPX                 7         0        EBX       14   no                                   Intel Memory Protection Extensions
    RDT-A               7         0        EBX       15   no                                   Intel Resource Director Technology (Intel RDT) Allocation Features
    AVX512F             7         0        EBX       16   no                                   Programming with Intel AVX-512
    AVX512DQ            7         0        EBX       17   no                                   Programming with Intel AVX-512
    RDSEED              7         0        EBX       18   RDSEED                               RDSEED—Read Random SEED
    ADX                 7         0        EBX       19   ADCX,ADOX                            ADCX—Unsigned Integer Addition of Two Operands With Carry Flag
    SMAP                7         0        EBX       20   CLAC,STAC                            Determination of Access Rights
    AVX512_IFMA         7         0        EBX       21   no                                   Programming with Intel AVX-512
    CLFLUSHOPT          7         0        EBX       23   CLFLUSHOPT                           CLFLUSHOPT—Flush Cache Line Optimized
    CLWB                7         0        EBX       24   CLWB                                 CLWB—Cache Line Write Back
    PT                  7         0        EBX       25   no                                   Intel Processor Trace
    AVX512CD            7         0        EBX       28   no                                   Programming with Intel AVX-512
    SHA                 7         0        EBX       29   no                                   Intel SHA Extensions
    AVX512BW            7         0        EBX       30   no                                   Programming with Intel AVX-512
    AVX512VL            7         0        EBX       31   no                                   Programming with Intel AVX-512

    AVX512_VBMI         7         0        ECX       1    no                                   Programming with Intel AVX-512
    UMIP                7         0        ECX       2    yes                                  User-Mode Instruction Prevention
    PKU                 7         0        ECX       3    RDPKRU,WRPKRU                        Protection Keys
    OSPKE               7         0        ECX       4    RDPKRU,WRPKRU                        Protection Keys
    WAITPKG             7         0        ECX       5    no                                   TPAUSE—Timed PAUSE
    AVX512_VBMI2        7         0        ECX       6    no                                   Programming with Intel AVX-512
    CET_SS              7         0        ECX       7    no                                   Control-Flow Enforcement Technology
    GFNI                7         0        ECX       8    no                                   Galois Field New Instructions
    VAES                7         0        ECX       9    no                                   Intel Advanced Encryption Standard New Instructions
    VPCLMULQDQ          7         0        ECX       10   no                                   PCLMULQDQ—Carry-Less Multiplication Quadword
    AVX512_VNNI         7         0        ECX       11   no                                   Programming with Intel AVX-512
    AVX512_BITALG       7         0        ECX       12   no                                   Programming with Intel AVX-512
    AVX512_VPOPCNTDQ    7         0        ECX       14   no                                   Programming with Intel AVX-512
    LA57                7         0        ECX       16   yes                                  4-Level Paging and 5-Level Paging
    RDPID               7         0        ECX       22   RDPID                                RDPID—Read Processor ID
    CLDEMOTE            7         0        ECX       25   CLDEMOTE                             CLDEMOTE—Cache Line Demote
    MOVDIRI             7         0        ECX       27   MOVDIRI                              MOVDIRI—Move Doubleword as Direct Store
    MOVDIR64B           7         0        ECX       28   MOVDIR64B                            MOVDIR64B—Move 64 Bytes as Direct Store
    SGX_LC              7         0        ECX       30   no                                   Intel Software Guard Extensions
    PKS                 7         0        ECX       31   yes                                  Protection Keys

    FSRM                7         0        EDX       4    MOVS                                 Fast-String Operation
    AVX512_VP2INTERSECT  7        0        EDX       8    no                                   Programming with Intel AVX-512
    MD_CLEAR            7         0        EDX       10   no                                   VERR/VERW—Verify a Segment for Reading or Writing
    SERIALIZE           7         0        EDX       14   SERIALIZE                            SERIALIZE—Serialize Instruction Execution
    CET_IBT             7         0        EDX       20   no                                   Control-Flow Enforcement Technology
    IBRS                7         0        EDX       26   no                                   Speculation Control
    STIBP               7         0        EDX       27   no                                   Speculation Control
    L1D_FLUSH           7         0        EDX       28   no                                   Speculation Control
    ARCH_CAPABILITIES   7         0        EDX       29   no                                   Speculation Control
    CORE_CAPABILITIES   7         0        EDX       30   no                                   Speculation Control
    SSBD                7         0        EDX       31   no                                   Speculation Control

    XSAVEOPT            D         1        EAX       0    XSAVEOPT                             XSAVEOPT—Save Processor Extended States Optimized
    XSAVEC              D         1        EAX       1    XSAVEC                               XSAVEC—Save Processor Extended States With Compaction
    XGETBV1             D         1        EAX       2    yes                                  XGETBV—Get Value of Extended Control Register
    XSAVES              D         1        EAX       3    XSAVES,XRSTORS                       XSAVES—Save Processor Extended States Supervisor

    LAHF                80000001  0        ECX       0    LAHF,SAHF                            LAHF—Load Status Flags Into AH Register
    LZCNT               80000001  0        ECX       5    LZCNT                                LZCNT—Count the Number of Leading Zero Bits
    PREFETCHW           80000001  0        ECX       8    yes                                  PREFETCHW—Prefetch Data Into Caches in Anticipation of a Write

    SYSCALL             80000001  0        EDX       11   SYSCALL,SYSRET                       SYSCALL—Fast System Call
    NX                  80000001  0        EDX       20   yes                                  Determination of Access Rights
    Page1GB             80000001  0        EDX       26   yes                                  4-Level Paging and 5-Level Paging
    RDTSCP              80000001  0        EDX       27   RDTSCP                               RDTSCP—Read Time-Stamp Counter and Processor ID
    LM                  80000001  0        EDX       29   yes                                  IA-32e Mode Operation
    Invariant_TSC       80000007  0        EDX       8    yes                                  Invariant TSC
    WBNOINVD            80000008  0        EBX       9    WBNOINVD                             WBNOINVD—Write Back and Do Not Invalidate Cache
    """
}
