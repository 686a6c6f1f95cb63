/// Rows of the opcode map that name what does not execute, in the notation of `OpcodeTable`; those of floating-point
/// arithmetic lie in `VectorOpcodeTable`.
///
/// - `refused`: the instruction ends the run by name, because nothing that is built would keep it from being executed.
/// - `absent`: #UD is what the manual wants, because the control that switches the instruction on cannot be set, the mode
///   that it belongs to cannot be entered, or CPUID never offers it and its page says "#UD if CPUID…".
///
/// AVX and its successors have no rows: XCR0 cannot have the bits without which every VEX and EVEX encoding of theirs is
/// #UD (SDM Vol. 2A, "Exception Conditions of Instructions").
enum UnbuiltOpcodeTable {
  static let text: StaticString = """
    opcode          mnemonic          operands  shape    widths  modes  attributes  timing  section

    # SMX and SMM: CR4.SMXE cannot be set, and nothing enters system-management mode
    NP! 0F 37       GETSEC            -         absent   -       all    ends        simple  GETSEC—Safer Mode Extensions Leaf Functions
    0F AA           RSM               -         absent   -       all    ends        simple  RSM—Resume From System Management Mode

    # CET: CR4.CET cannot be set; RDSSP and ENDBR are NOPs without it
    F3 0F 01 /5     RSTORSSP          M         absent   -       all    ends        simple  RSTORSSP—Restore Saved Shadow Stack Pointer
    F3 0F 01 /5!2   SAVEPREVSSP       -         absent   -       all    ends        simple  SAVEPREVSSP—Save Previous Shadow Stack Pointer
    F3 0F 01 /5!0   SETSSBSY          -         absent   -       all    ends        simple  SETSSBSY—Mark Shadow Stack Busy
    F3 0F AE /6     CLRSSBSY          M         absent   -       all    ends        simple  CLRSSBSY—Clear Busy Flag in a Supervisor Shadow Stack Token
    F3 0F AE /5     INCSSP            Ry        absent   -       all    ends        simple  INCSSPD/INCSSPQ—Increment Shadow Stack Pointer
    NP! 0F 38 F6    WRSS              M,Gy      absent   -       all    ends,onlyM  simple  WRSSD/WRSSQ—Write to Shadow Stack
    66 0F 38 F5     WRUSS             M,Gy      absent   -       all    ends,onlyM  simple  WRUSSD/WRUSSQ—Write to User Shadow Stack

    # Features that CPUID does not offer, and that nothing else switches on
    NP! 0F 01 /1!7  ENCLS             -         absent   -       all    ends        simple  ENCLS—Execute an Enclave System Function of Specified Leaf Number
    NP! 0F 01 /2!7  ENCLU             -         absent   -       all    ends        simple  ENCLU—Execute an Enclave User Function of Specified Leaf Number
    NP! 0F 01 /0!0  ENCLV             -         absent   -       all    ends        simple  ENCLV—Execute an Enclave VMM Function of Specified Leaf Number
    NP! 0F 01 /0!5  PCONFIG           -         absent   -       all    ends        simple  PCONFIG—Platform Configuration
    NP! 0F 01 /2!5  XEND              -         absent   -       all    ends        simple  XEND—Transactional End
    NP! 0F 01 /2!6  XTEST             -         absent   -       all    ends        simple  XTEST—Test if in Transactional Execution
    C6 /7!0         XABORT            Ib        absent   -       all    ends        simple  XABORT—Transactional Abort
    C7 /7!0         XBEGIN            Jz        absent   16,32,64  all    ends        simple  XBEGIN—Transactional Begin
    NP! 0F 01 /5!0  SERIALIZE         -         absent   -       all    ends        simple  SERIALIZE—Serialize Instruction Execution
    F3 0F AE /4     PTWRITE           Ey        absent   -       all    ends        simple  PTWRITE—Write Data to a Processor Trace Packet
    66 0F AE /6     TPAUSE            Rd        absent   -       all    ends        simple  TPAUSE—Timed PAUSE
    F3 0F AE /6     UMONITOR          Rd        absent   -       all    ends        simple  UMONITOR—User Level Set Up Monitor Address
    F2 0F AE /6     UMWAIT            Rd        absent   -       all    ends        simple  UMWAIT—User Level Monitor Wait
    NP! 0F 38 F9    MOVDIRI           M,Gy      absent   -       all    ends        simple  MOVDIRI—Move Doubleword as Direct Store
    66 0F 38 F8     MOVDIR64B         Gy,M      absent   -       all    ends        simple  MOVDIR64B—Move 64 Bytes as Direct Store
    F2 0F 38 F8     ENQCMD            Gy,M      absent   -       all    ends        simple  ENQCMD—Enqueue Command
    F3 0F 38 F8     ENQCMDS           Gy,M      absent   -       all    ends        simple  ENQCMDS—Enqueue Command Supervisor

    # Instructions that nothing keeps from being executed
    66 0F 38 DB     AESIMC            V,W       refused  -       all    ends        simple  AESIMC—Perform the AES InvMixColumn Transformation
    66 0F 38 DC     AESENC            V,W       refused  -       all    ends        simple  AESENC—Perform One Round of an AES Encryption Flow
    66 0F 38 DD     AESENCLAST        V,W       refused  -       all    ends        simple  AESENCLAST—Perform Last Round of an AES Encryption Flow
    66 0F 38 DE     AESDEC            V,W       refused  -       all    ends        simple  AESDEC—Perform One Round of an AES Decryption Flow
    66 0F 38 DF     AESDECLAST        V,W       refused  -       all    ends        simple  AESDECLAST—Perform Last Round of an AES Decryption Flow
    66 0F 3A DF     AESKEYGENASSIST   V,W,Ib    refused  -       all    ends        simple  AESKEYGENASSIST—AES Round Key Generation Assist
    66 0F 3A 44     PCLMULQDQ         V,W,Ib    refused  -       all    ends        simple  PCLMULQDQ—Carry-Less Multiplication Quadword
    NP! 0F 3A CC    SHA1RNDS4         V,W,Ib    refused  -       all    ends        simple  SHA1RNDS4—Perform Four Rounds of SHA1 Operation
    NP! 0F 38 C8    SHA1NEXTE         V,W       refused  -       all    ends        simple  SHA1NEXTE—Calculate SHA1 State Variable E After Four Rounds
    NP! 0F 38 C9    SHA1MSG1          V,W       refused  -       all    ends        simple  SHA1MSG1—Perform an Intermediate Calculation for the Next Four SHA1 Message Dwords
    NP! 0F 38 CA    SHA1MSG2          V,W       refused  -       all    ends        simple  SHA1MSG2—Perform a Final Calculation for the Next Four SHA1 Message Dwords
    NP! 0F 38 CB    SHA256RNDS2       V,W       refused  -       all    ends        simple  SHA256RNDS2—Perform Two Rounds of SHA256 Operation
    NP! 0F 38 CC    SHA256MSG1        V,W       refused  -       all    ends        simple  SHA256MSG1—Perform an Intermediate Calculation for the Next Four SHA256 Message Dwords
    NP! 0F 38 CD    SHA256MSG2        V,W       refused  -       all    ends        simple  SHA256MSG2—Perform a Final Calculation for the Next Four SHA256 Message Dwords
    66 0F 38 CF     GF2P8MULB         V,W       refused  -       all    ends        simple  GF2P8MULB—Galois Field Multiply Bytes
    66 0F 3A CE     GF2P8AFFINEQB     V,W,Ib    refused  -       all    ends        simple  GF2P8AFFINEQB—Galois Field Affine Transformation
    66 0F 3A CF     GF2P8AFFINEINVQB  V,W,Ib    refused  -       all    ends        simple  GF2P8AFFINEINVQB—Galois Field Affine Transformation Inverse

    # x87 encodings that the opcode map leaves empty and that processors take for others
    D9 /3           FSTP1             ST        refused  -       all    ends        simple  FST/FSTP—Store Floating-Point Value
    DB /4!0         FENI              -         refused  -       all    ends        simple  FINIT/FNINIT—Initialize Floating-Point Unit
    DB /4!1         FDISI             -         refused  -       all    ends        simple  FINIT/FNINIT—Initialize Floating-Point Unit
    DB /4!4         FSETPM            -         refused  -       all    ends        simple  FINIT/FNINIT—Initialize Floating-Point Unit
    DC /2           FCOM2             ST        refused  -       all    ends        simple  FCOM/FCOMP/FCOMPP—Compare Floating-Point Values
    DC /3           FCOMP3            ST        refused  -       all    ends        simple  FCOM/FCOMP/FCOMPP—Compare Floating-Point Values
    DD /1           FXCH4             ST        refused  -       all    ends        simple  FXCH—Exchange Register Contents
    DE /2           FCOMP5            ST        refused  -       all    ends        simple  FCOM/FCOMP/FCOMPP—Compare Floating-Point Values
    DF /0           FFREEP            ST        refused  -       all    ends        simple  FFREE—Free Floating-Point Register
    DF /1           FXCH7             ST        refused  -       all    ends        simple  FXCH—Exchange Register Contents
    DF /2           FSTP8             ST        refused  -       all    ends        simple  FST/FSTP—Store Floating-Point Value
    DF /3           FSTP9             ST        refused  -       all    ends        simple  FST/FSTP—Store Floating-Point Value
    """
}
