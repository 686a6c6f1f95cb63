/// What the harness knows of instructions beyond the opcode table, one row a fact. `mnemonic` is the opcode table's.
public enum SiliconTables {
  /// What a user's program cannot run, or would run with results that say nothing.
  ///
  /// - `encoding`: one encoding of the mnemonic (`Opcode.encoding`); `-`, all of them.
  public static let exclusions: StaticString = """
    mnemonic   encoding   reason

    IN         -          privileged at IOPL 0
    OUT        -          privileged at IOPL 0
    INS        -          privileged at IOPL 0
    OUTS       -          privileged at IOPL 0
    CLI        -          privileged at IOPL 0
    STI        -          privileged at IOPL 0
    HLT        -          privileged
    LGDT       -          privileged
    LIDT       -          privileged
    LLDT       -          privileged
    LTR        -          privileged
    LMSW       -          privileged
    CLTS       -          privileged
    INVD       -          privileged
    WBINVD     -          privileged
    WBNOINVD   -          privileged
    INVLPG     -          privileged
    INVPCID    -          privileged
    MOV        0F 20      privileged: control registers
    MOV        0F 21      privileged: debug registers
    MOV        0F 22      privileged: control registers
    MOV        0F 23      privileged: debug registers
    RDMSR      -          privileged
    WRMSR      -          privileged
    SWAPGS     -          privileged
    SYSEXIT    -          privileged
    SYSRET     -          privileged
    XSETBV     -          privileged
    XSAVES     -          privileged
    XRSTORS    -          privileged
    RDPMC      -          privileged
    MONITOR    -          privileged
    MWAIT      -          privileged
    CLAC       -          privileged
    STAC       -          privileged
    RSM        -          system-management mode only
    VMXON      -          VMX operation
    VMXOFF     -          VMX operation
    VMCALL     -          VMX operation
    VMLAUNCH   -          VMX operation
    VMRESUME   -          VMX operation
    VMCLEAR    -          VMX operation
    VMPTRLD    -          VMX operation
    VMPTRST    -          VMX operation
    VMREAD     -          VMX operation
    VMWRITE    -          VMX operation
    VMFUNC     -          VMX operation
    INVEPT     -          VMX operation
    INVVPID    -          VMX operation
    INT        -          a call of the host's system, or a fault with its descriptors in the error code
    INT1       -          the host's debugger takes it
    SYSCALL    -          a call of the host's system
    SYSENTER   -          a call of the host's system
    IRET       -          needs the host's selectors
    UD0        -          its length: vendors differ on whether a ModRM byte follows
    UD1        -          its length: vendors differ on whether a ModRM byte follows
    RET        CA         far: needs the host's selectors
    RET        CB         far: needs the host's selectors
    JMP        FF /5      far: needs the host's selectors
    CALL       FF /3      far: needs the host's selectors
    JMPF       -          far: needs the host's selectors
    CALLF      -          far: needs the host's selectors
    JMP        EA         far: needs the host's selectors
    CALL       9A         far: needs the host's selectors
    MOV        8C         the host's selectors
    MOV        8E         the host's selectors
    PUSH       0F A0      the host's selectors
    PUSH       0F A8      the host's selectors
    POP        0F A1      the host's selectors
    POP        0F A9      the host's selectors
    LSS        -          the host's selectors
    LFS        -          the host's selectors
    LGS        -          the host's selectors
    LDS        -          the host's selectors
    LES        -          the host's selectors
    LAR        -          the host's descriptor tables
    LSL        -          the host's descriptor tables
    VERR       -          the host's descriptor tables
    VERW       -          the host's descriptor tables
    SGDT       -          the host's descriptor tables
    SIDT       -          the host's descriptor tables
    SLDT       -          the host's descriptor tables
    STR        -          the host's descriptor tables
    SMSW       -          the host's control registers
    RDFSBASE   -          the host program's own thread pointer
    WRFSBASE   -          the host program's own thread pointer
    RDGSBASE   -          the host program's own segment base
    WRGSBASE   -          the host program's own segment base
    RDTSC      -          never the same twice
    RDTSCP     -          never the same twice
    RDPMC      -          never the same twice
    RDPID      -          the host's
    RDRAND     -          never the same twice
    RDSEED     -          never the same twice
    CPUID      -          the host's
    XGETBV     -          the host's
    RDPKRU     -          the host's
    WRPKRU     -          the host's
    FXSAVE     -          stores what only its vendor defines
    FXSAVE64   -          stores what only its vendor defines
    XSAVE      -          stores what only its vendor defines
    XSAVEC     -          stores what only its vendor defines
    XSAVEOPT   -          stores what only its vendor defines
    FXRSTOR    -          needs an image that is valid
    FXRSTOR64  -          needs an image that is valid
    XRSTOR     -          needs an image that is valid
    """

  /// Flags and results that the manual leaves undefined: they are not compared.
  ///
  /// - `what`: flags by letter (C P A Z S O), or `result`.
  /// - `when`: `always`; `count>0`, `count>1`, `count>=size`, `count>size` of the masked count; `source=0`.
  public static let undefined: StaticString = """
    mnemonic   what    when         section

    AND        A       always       AND—Logical AND
    OR         A       always       OR—Logical Inclusive OR
    XOR        A       always       XOR—Logical Exclusive OR
    TEST       A       always       TEST—Logical Compare
    MUL        PAZS    always       MUL—Unsigned Multiply
    IMUL       PAZS    always       IMUL—Signed Multiply
    DIV        CPAZSO  always       DIV—Unsigned Divide
    IDIV       CPAZSO  always       IDIV—Signed Divide
    ROL        O       count>1      RCL/RCR/ROL/ROR—Rotate
    ROR        O       count>1      RCL/RCR/ROL/ROR—Rotate
    RCL        O       count>1      RCL/RCR/ROL/ROR—Rotate
    RCR        O       count>1      RCL/RCR/ROL/ROR—Rotate
    SHL        A       count>0      SAL/SAR/SHL/SHR—Shift
    SHL        O       count>1      SAL/SAR/SHL/SHR—Shift
    SHL        C       count>=size  SAL/SAR/SHL/SHR—Shift
    SHR        A       count>0      SAL/SAR/SHL/SHR—Shift
    SHR        O       count>1      SAL/SAR/SHL/SHR—Shift
    SHR        C       count>=size  SAL/SAR/SHL/SHR—Shift
    SAR        A       count>0      SAL/SAR/SHL/SHR—Shift
    SAR        O       count>1      SAL/SAR/SHL/SHR—Shift
    SHLD       A       count>0      SHLD—Double Precision Shift Left
    SHLD       O       count>1      SHLD—Double Precision Shift Left
    SHLD       CPAZSO  count>size   SHLD—Double Precision Shift Left
    SHLD       result  count>size   SHLD—Double Precision Shift Left
    SHRD       A       count>0      SHRD—Double Precision Shift Right
    SHRD       O       count>1      SHRD—Double Precision Shift Right
    SHRD       CPAZSO  count>size   SHRD—Double Precision Shift Right
    SHRD       result  count>size   SHRD—Double Precision Shift Right
    BT         PASO    always       BT—Bit Test
    BTS        PASO    always       BTS—Bit Test and Set
    BTR        PASO    always       BTR—Bit Test and Reset
    BTC        PASO    always       BTC—Bit Test and Complement
    BSF        CPASO   always       BSF—Bit Scan Forward
    BSF        result  source=0     BSF—Bit Scan Forward
    BSR        CPASO   always       BSR—Bit Scan Reverse
    BSR        result  source=0     BSR—Bit Scan Reverse
    TZCNT      PASO    always       TZCNT—Count the Number of Trailing Zero Bits
    LZCNT      PASO    always       LZCNT—Count the Number of Leading Zero Bits
    ANDN       PA      always       ANDN—Logical AND NOT
    BEXTR      PAS     always       BEXTR—Bit Field Extract
    BLSI       PA      always       BLSI—Extract Lowest Set Isolated Bit
    BLSMSK     PA      always       BLSMSK—Get Mask Up to Lowest Set Bit
    BLSR       PA      always       BLSR—Reset Lowest Set Bit
    BZHI       PA      always       BZHI—Zero High Bits Starting with Specified Bit Position
    AAA        PZSO    always       AAA—ASCII Adjust After Addition
    AAS        PZSO    always       AAS—ASCII Adjust AL After Subtraction
    AAM        CAO     always       AAM—ASCII Adjust AX After Multiply
    AAD        CAO     always       AAD—ASCII Adjust AX Before Division
    DAA        O       always       DAA—Decimal Adjust AL After Addition
    DAS        O       always       DAS—Decimal Adjust AL After Subtraction
    """

  /// Arithmetic flags that an instruction reads: in a sequence none of these may have been left undefined before.
  ///
  /// - `flags`: by letter; `cc`, those of the encoding's condition.
  public static let reads: StaticString = """
    mnemonic   flags   section

    J          cc      Jcc—Jump if Condition Is Met
    SET        cc      SETcc—Set Byte on Condition
    CMOV       cc      CMOVcc—Conditional Move
    ADC        C       ADC—Add With Carry
    SBB        C       SBB—Integer Subtraction With Borrow
    RCL        C       RCL/RCR/ROL/ROR—Rotate
    RCR        C       RCL/RCR/ROL/ROR—Rotate
    ADCX       C       ADCX—Unsigned Integer Addition of Two Operands With Carry Flag
    ADOX       O       ADOX—Unsigned Integer Addition of Two Operands With Overflow Flag
    CMC        C       CMC—Complement Carry Flag
    SALC       C       Opcode Map
    LAHF       CPAZS   LAHF—Load Status Flags Into AH Register
    PUSHF      CPAZSO  PUSHF/PUSHFD/PUSHFQ—Push RFLAGS Register Onto the Stack
    LOOPE      Z       LOOP/LOOPcc—Loop According to ECX Counter
    LOOPNE     Z       LOOP/LOOPcc—Loop According to ECX Counter
    """

  /// Registers that an instruction takes addresses from though no operand names them.
  public static let pointers: StaticString = """
    mnemonic   registers  section

    MOVS       RSI,RDI    MOVS/MOVSB/MOVSW/MOVSD/MOVSQ—Move Data From String to String
    CMPS       RSI,RDI    CMPS/CMPSB/CMPSW/CMPSD/CMPSQ—Compare String Operands
    STOS       RDI        STOS/STOSB/STOSW/STOSD/STOSQ—Store String
    LODS       RSI        LODS/LODSB/LODSW/LODSD/LODSQ—Load String
    SCAS       RDI        SCAS/SCASB/SCASW/SCASD—Scan String
    XLAT       RBX        XLAT/XLATB—Table Look-up Translation
    LEAVE      RBP        LEAVE—High Level Procedure Exit
    ENTER      RBP        ENTER—Make Stack Frame for Procedure Parameters
    MASKMOVQ   RDI        MASKMOVQ—Store Selected Bytes of Quadword
    MASKMOVDQU  RDI       MASKMOVDQU—Store Selected Bytes of Double Quadword
    """

  /// The CPUID bit that says whether the host has instructions; those that it lacks are skipped and counted.
  public static let features: StaticString = """
    mnemonic    feature     leaf      subleaf  register  bit

    CMPXCHG16B  CMPXCHG16B  1         0        ecx       13
    POPCNT      POPCNT      1         0        ecx       23
    MOVBE       MOVBE       1         0        ecx       22
    CRC32       SSE4.2      1         0        ecx       20
    LAHF        LAHF-SAHF   80000001  0        ecx       0
    SAHF        LAHF-SAHF   80000001  0        ecx       0
    LZCNT       LZCNT       80000001  0        ecx       5
    TZCNT       BMI1        7         0        ebx       3
    ANDN        BMI1        7         0        ebx       3
    BEXTR       BMI1        7         0        ebx       3
    BLSI        BMI1        7         0        ebx       3
    BLSMSK      BMI1        7         0        ebx       3
    BLSR        BMI1        7         0        ebx       3
    BZHI        BMI2        7         0        ebx       8
    MULX        BMI2        7         0        ebx       8
    PDEP        BMI2        7         0        ebx       8
    PEXT        BMI2        7         0        ebx       8
    RORX        BMI2        7         0        ebx       8
    SARX        BMI2        7         0        ebx       8
    SHLX        BMI2        7         0        ebx       8
    SHRX        BMI2        7         0        ebx       8
    ADCX        ADX         7         0        ebx       19
    ADOX        ADX         7         0        ebx       19
    CLFLUSH     CLFSH       1         0        edx       19
    CLFLUSHOPT  CLFLUSHOPT  7         0        ebx       23
    CLWB        CLWB        7         0        ebx       24
    LDDQU,MOVDDUP,MOVSLDUP,MOVSHDUP  SSE3  1  0  ecx  0
    PSHUFB,PHADDW,PHADDD,PHADDSW,PHSUBW,PHSUBD,PHSUBSW,PMADDUBSW,PMULHRSW,PSIGNB,PSIGNW,PSIGND  SSSE3  1  0  ecx  9
    PABSB,PABSW,PABSD,PALIGNR        SSSE3  1  0  ecx  9
    MOVNTDQA,PTEST,PMINUW,PMINSB,PMAXUW,PMAXSB,PMAXSD,PMINSD,PMINUD,PMAXUD,PMULLD,PMULDQ  SSE4.1  1  0  ecx  19
    PHMINPOSUW,MPSADBW,PCMPEQQ,PACKUSDW,PINSRB,PINSRD,PEXTRB,PEXTRD,EXTRACTPS,INSERTPS    SSE4.1  1  0  ecx  19
    PMOVSXBW,PMOVSXBD,PMOVSXBQ,PMOVSXWD,PMOVSXWQ,PMOVSXDQ  SSE4.1  1  0  ecx  19
    PMOVZXBW,PMOVZXBD,PMOVZXBQ,PMOVZXWD,PMOVZXWQ,PMOVZXDQ  SSE4.1  1  0  ecx  19
    PBLENDVB,BLENDVPS,BLENDVPD,PBLENDW,BLENDPS,BLENDPD     SSE4.1  1  0  ecx  19
    PCMPGTQ     SSE4.2      1         0        ecx       20
    """

  /// Where a host of AMD's does otherwise than the model, which is Intel's: a difference that a row explains is counted
  /// under its name.
  ///
  /// - `rule`: which cases, one of `VendorRule`.
  public static let vendor: StaticString = """
    rule            section                what

    nearBranch66    Instruction Prefixes   66h before a near branch: Intel ignores it, AMD makes operand and RIP 16 bits
    repeatedLoop    Instruction Prefixes   F2h, F3h before LOOPE and LOOPNE: reserved by Intel, on AMD they choose the condition
    prefetch0D      Opcode Map             0Fh 0Dh with a register: Intel does nothing, AMD raises #UD
    maskedMove      MASKMOVQ—Store Selected Bytes of Quadword  a MASKMOVQ that faults: the manual leaves the x87 state alone, AMD's has become MMX's
    longVEX         Priority Among Concurrent Events  15 bytes or more with a prefix before VEX: no order is given; AMD's #GP, ours #UD
    callOrder       CALL—Call Procedure    stack and target both at fault: the manual checks the target first, AMD the stack
    """
}
