import Opcodes
import Tables

/// Instructions that #UD in a model without a feature, or do what `else` does: a row a feature, by the name in the feature
/// table (SDM Vol. 2, each instruction's page). What is not here executes in every model: SSE and SSE2, which every
/// processor with 64-bit mode has, and hints, which without their feature are NOP.
enum InstructionGateTable {
  static let text: StaticString = """
    feature     instructions                                                    else

    TSC         RDTSC                                                           -
    MSR         RDMSR,WRMSR                                                     -
    CX8         CMPXCHG8B                                                       -
    SEP         SYSENTER,SYSEXIT                                                -
    CMOV        CMOV                                                            -
    CLFSH       CLFLUSH                                                         -
    FXSR        FXSAVE,FXRSTOR                                                  -
    SSE3        LDDQU,MOVDDUP,MOVSHDUP,MOVSLDUP                                 -
    MONITOR     MONITOR,MWAIT                                                   -
    SSSE3       PSHUFB,PHADDW,PHADDD,PHADDSW,PMADDUBSW,PHSUBW,PHSUBD,PHSUBSW    -
    SSSE3       PSIGNB,PSIGNW,PSIGND,PMULHRSW,PABSB,PABSW,PABSD,PALIGNR         -
    CMPXCHG16B  CMPXCHG16B                                                      -
    SSE4.1      PBLENDVB,BLENDVPS,BLENDVPD,PTEST,PMOVSXBW,PMOVSXBD,PMOVSXBQ     -
    SSE4.1      PMOVSXWD,PMOVSXWQ,PMOVSXDQ,PMULDQ,PCMPEQQ,MOVNTDQA,PACKUSDW     -
    SSE4.1      PMOVZXBW,PMOVZXBD,PMOVZXBQ,PMOVZXWD,PMOVZXWQ,PMOVZXDQ,PMINSB    -
    SSE4.1      PMINSD,PMINUD,PMAXSB,PMAXSD,PMAXUW,PMAXUD,PMULLD,PHMINPOSUW      -
    SSE4.1      BLENDPS,BLENDPD,PBLENDW,PEXTRB,PEXTRD,EXTRACTPS,PINSRB,INSERTPS  -
    SSE4.1      PINSRD,MPSADBW                                                  -
    SSE4.2      PCMPGTQ,CRC32                                                   -
    MOVBE       MOVBE                                                           -
    POPCNT      POPCNT                                                          -
    XSAVE       XSAVE,XRSTOR,XGETBV,XSETBV                                      -
    RDRAND      RDRAND                                                          -
    FSGSBASE    RDFSBASE,RDGSBASE,WRFSBASE,WRGSBASE                             -
    BMI1        ANDN,BEXTR,BLSI,BLSMSK,BLSR                                     -
    BMI1        TZCNT                                                           BSF
    BMI2        BZHI,MULX,PDEP,PEXT,RORX,SARX,SHLX,SHRX                         -
    RDSEED      RDSEED                                                          -
    ADX         ADCX,ADOX                                                       -
    CLFLUSHOPT  CLFLUSHOPT                                                      -
    CLWB        CLWB                                                            -
    RDPID       RDPID                                                           -
    XSAVEOPT    XSAVEOPT                                                        -
    XSAVEC      XSAVEC                                                          -
    XSAVES      XSAVES,XRSTORS                                                  -
    LZCNT       LZCNT                                                           BSR
    SYSCALL     SYSCALL,SYSRET                                                  -
    RDTSCP      RDTSCP                                                          -
    """
}

/// The instructions that a model lacks.
struct InstructionGates {
  /// By mnemonic: the mnemonic of what is executed instead, or nil: #UD.
  private var missing: [String: String?] = [:]

  /// No gate: everything that is built executes.
  init() {}

  /// - Throws: `TableError` when the table is wrong.
  init(_ model: CPUModel) throws {
    let features = Set(try CPUFeature.all().map(\.name))
    for row in try Table("instruction gates", InstructionGateTable.text).rows {
      guard features.contains(row["feature"]) else { throw row.error("feature", "'\(row["feature"])' is unknown") }
      guard !model.partHas(row["feature"]) else { continue }
      for mnemonic in row["instructions"].split(separator: ",") {
        missing[String(mnemonic)] = .some(row["else"].isEmpty ? nil : row["else"])
      }
    }
  }

  /// Whether an instruction is missing.
  func isMissing(_ mnemonic: String) -> Bool { missing[mnemonic] != nil }

  /// What is executed in place of an instruction that is missing; nil: #UD.
  func substitute(for mnemonic: String) -> String? { missing[mnemonic] ?? nil }
}
