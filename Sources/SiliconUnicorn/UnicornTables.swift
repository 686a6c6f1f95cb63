/// What the comparison with Unicorn knows beyond the opcode table, one row a fact.
enum UnicornTables {
  /// Rows that are not drawn.
  static let exclusions: StaticString = """
    mnemonic   encoding   reason

    HLT        -          Unicorn ends the run with it, whatever the privilege
    CPUID      -          the model's
    RDTSC      -          never the same twice
    RDTSCP     -          never the same twice
    RDPID      -          never the same twice
    RDRAND     -          never the same twice
    RDSEED     -          never the same twice
    MOV        0F 22      leaves the scenario's mode
    SYSCALL    -          needs registers that no case loads
    SYSRET     -          needs registers that no case loads
    SYSENTER   -          needs registers that no case loads
    SYSEXIT    -          needs registers that no case loads
    MONITOR    -          not in Unicorn's processor
    MWAIT      -          not in Unicorn's processor
    RDPMC      -          its counters are the model's
    INVPCID    -          not in Unicorn's processor
    UMONITOR   -          CPUID does not offer it, and Unicorn takes it for something else
    UMWAIT     -          CPUID does not offer it, and Unicorn takes it for something else
    TPAUSE     -          CPUID does not offer it, and Unicorn takes it for something else
    INCSSP     -          CPUID does not offer it, and Unicorn takes it for something else
    XBEGIN     -          CPUID does not offer it, and Unicorn executes it all the same
    XABORT     -          CPUID does not offer it, and Unicorn executes it all the same
    ADCX       -          not in Unicorn's processor
    MOVBE      -          not in Unicorn's processor
    POPCNT     -          not in Unicorn's processor
    CLFLUSHOPT  -         not in Unicorn's processor
    CLWB       -          not in Unicorn's processor
    """

  /// Where Unicorn 2.0.1 does otherwise than the manual: a difference that a row explains is counted under its name.
  ///
  /// - `mnemonic`: or several, or `*`; `encoding`: just this one.
  /// - `modes`: `real`, `16`, `32`, `compat`, `64`, or `all`.
  /// - `theirs`, `ours`: how the case ends: `on` without exception, `GP` and so on, `outside` the memory, `any`; empty when
  ///   the row is of fields.
  /// - `fields`: the fields that may differ when the ends are the same, and behind a colon which of their bits;
  ///   `general`, the general registers.
  /// - `when`: the form: `register`, `memory`, `LOCK`, an operand size, 66h, `REX`, `RIP` (relative); `behind`, ours raised its exception behind the
  ///   first instruction.
  static let differences: StaticString = """
    name       mnemonic   encoding   modes   theirs   ours   fields   when   section   what

    ports      IN,OUT,INS,OUTS   -   all   on   GP   -   -   I/O Permission Bit Map   every privilege may use every port
    test       TEST   F6 /1   all   UD   on   -   -   Opcode Map   /1 is not the same as /0
    test       TEST   F7 /1   all   UD   on   -   -   Opcode Map   /1 is not the same as /0
    control    MOV    0F 20   all   GP   UD   -   -   MOV—Move to/from Control Registers   a register that does not exist, at CPL 3: the manual has #UD first
    int1       INT1   -   all   UD   DB   -   -   INT n/INTO/INT3/INT1—Call to Interrupt Procedure   not known
    prefetch   NOP    0F 0D   all   UD   on   -   register   PREFETCHW—Prefetch Data Into Caches   #UD with a register
    prefetch   NOP    0F 18   all   UD   on   -   register   PREFETCHh—Prefetch Data Into Caches   #UD with a register
    pushSegment  PUSH   06      all   -    -    data   -   PUSH—Push Word, Doubleword, or Quadword   all of the stack's word is written
    pushSegment  PUSH   0E      all   -    -    data   -   PUSH—Push Word, Doubleword, or Quadword   all of the stack's word is written
    pushSegment  PUSH   16      all   -    -    data   -   PUSH—Push Word, Doubleword, or Quadword   all of the stack's word is written
    pushSegment  PUSH   1E      all   -    -    data   -   PUSH—Push Word, Doubleword, or Quadword   all of the stack's word is written
    pushSegment  PUSH   0F A0   all   -    -    data   -   PUSH—Push Word, Doubleword, or Quadword   all of the stack's word is written
    pushSegment  PUSH   0F A8   all   -    -    data   -   PUSH—Push Word, Doubleword, or Quadword   all of the stack's word is written
    smsw       SMSW   -   real,16,32,compat   -   -   general:FFFF0000   register   SMSW—Store Machine Status Word   the undefined upper half of a 32-bit register
    lar        LAR    -   all   -   -   general:F0000   -   LAR—Load Access Rights Byte   the undefined bits of the limit
    rights     *      -   all   on  GP  -   behind   Limit Checking   a read through a null segment, beyond a limit, or of code that is only executed
    negate     NEG    -   all   -   -   flags:8D5   LOCK   NEG—Two's Complement Negation   flags behind LOCK NEG
    accessed   JMP,CALL,RET,IRET   -   16,32,compat,64   -   -   GDT:1,LDT:1   -   Code- and Data-Segment Descriptor Types   a far transfer does not set the accessed bit
    larGate    LAR,LSL    -   compat,64   -   -   general,flags:40   -   LAR—Load Access Rights Byte   a 64-bit call gate whose upper half is invalid: the manual does not say
    task       CALL,JMP,IRET   -   16,32   -   -   RIP   -   Task Switching   a fault of the new task has the old one's RIP
    stackNP    RET,IRET   -   16,32,compat,64   NP   SS   -   -   IRET/IRETD/IRETQ—Interrupt Return   a stack segment that is not present is #SS
    nullStack  RET,IRET   -   compat,64   on   GP   -   -   RET—Return From Procedure   a null SS though the code is not 64-bit
    nullStack  LSS    -      64   on   GP   -   -   LDS/LES/LFS/LGS/LSS—Load Far Pointer   a null selector of another privilege in SS
    nullStack  MOV    8E     64   on   GP   -   -   MOV—Move   a null selector of another privilege in SS
    upperHalf  LLDT,LTR   -   compat,64   on   GP   -   -   LLDT—Load Local Descriptor Table Register   a descriptor whose upper half is invalid
    int6       INT    CD     all   -   -   RIP   -   INT n/INTO/INT3/INT1—Call to Interrupt Procedure   INT 6 is taken for an invalid instruction, and leaves RIP there
    conforming  CALL  -      16,32   -    -    CS:3,GDT:1,LDT:1   -   CALL—Call Procedure   a gate to conforming code of an inner ring changes CPL
    gateAbsent  JMP   -      16,32,compat,64   GP   NP   -   -   JMP—Jump   a gate to code that is absent raises #GP
    fetch      JMP,CALL,RET   -   compat,64   PF   on   -   -   Paging   what is jumped to is fetched before the run can be stopped
    canonical  CALL,JMP   -   compat,64   -   -   general,RIP,CS,data,GDT:1,LDT:1   -   CALL—Call Procedure   a gate's target that is not canonical faults behind the transfer
    canonical  LGDT,LIDT   -   64   on   GP   -   -   LGDT/LIDT—Load Global/Interrupt Descriptor Table Register   a base that is not canonical is loaded
    canonical  WRMSR  -   all   on   GP   -   -   WRMSR—Write to Model Specific Register   an address that is not canonical is loaded
    nullTask   LTR    -   all   on   GP   -   -   LTR—Load Task Register   a null selector is loaded
    far64      LSS,LFS,LGS   -   64   any   any   -   64   LDS/LES/LFS/LGS/LSS—Load Far Pointer   REX.W makes no 64-bit pointer, as on AMD's
    far64      LSS,LFS,LGS   -   64   -   -   general,FS,GS,SS,FS.base,GS.base,GDT,LDT   64   LDS/LES/LFS/LGS/LSS—Load Far Pointer   REX.W makes no 64-bit pointer, as on AMD's
    relative   SHLD,SHRD  -  64  -   -   flags,data,TSS   RIP   RIP-Relative Addressing   the immediate is not counted
    highByte   LAHF,SAHF  -  64  -   -   general,flags    REX   REX Prefixes   behind a REX it is no AH
    exchange   CMPXCHG  -  64  -   -   general:FFFFFFFF00000000   32   CMPXCHG—Compare and Exchange   RAX is written where the values are equal
    gateOrder  JMP,CALL  -  compat,64  NP  GP  -  -   CALL—Call Procedure   a call gate that is absent and whose upper half is invalid, too: no order is given
    crc        CRC32  -   real,16   -   -   general   -   CRC32—Accumulate CRC32 Value   16-bit code has the operand sizes of 32-bit code
    crc        CRC32  -   all   UD   on   -   66   CRC32—Accumulate CRC32 Value   66h before it is refused
    """
}
