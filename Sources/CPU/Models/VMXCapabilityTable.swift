/// The VMX capability MSRs as the parts have them, a row a register and a column a model; `-`, the part does not have the
/// register (SDM Vol. 3, "VMX Capability Reporting Facility").
///
/// What is not built is masked by `VMXControlTable`, as CPUID is by the feature table; `max` has all that is built. Three
/// registers are this implementation's and no part's: IA32_VMX_BASIC names our layout of a VMCS region, of 4,096 bytes and
/// without the dual-monitor treatment of SMM; IA32_VMX_CR4_FIXED1 is `allowed`, what CR4 may have set; IA32_VMX_VMCS_ENUM
/// follows from the fields that exist, and a test compares it with them.
enum VMXCapabilityTable {
  static let text: StaticString = """
    index  name                          core2_penryn_t9600  corei7_sandy_bridge_2600k  corei7_haswell_4770  corei7_skylake_x  corei7_icelake_u  max
    480    IA32_VMX_BASIC                0058100000005D01    00D8100000005D01           00D8100000005D01     00D8100000005D01  00D8100000005D01  00D8100000005D01
    481    IA32_VMX_PINBASED_CTLS        0000003F00000016    0000007F00000016           0000007F00000016     000000FF00000016  000000FF00000016  FFFFFFFF00000016
    482    IA32_VMX_PROCBASED_CTLS       F7F9FFFE0401E172    FFF9FFFE0401E172           FFF9FFFE0401E172     FFF9FFFE0401E172  FFF9FFFE0401E172  FFFFFFFF0401E172
    483    IA32_VMX_EXIT_CTLS            0003FFFF00036DFF    007FFFFF00036DFF           007FFFFF00036DFF     01FFFFFF00036DFF  01FFFFFF00036DFF  FFFFFFFF00036DFF
    484    IA32_VMX_ENTRY_CTLS           00003FFF000011FF    0000FFFF000011FF           0000FFFF000011FF     0003FFFF000011FF  0003FFFF000011FF  FFFFFFFF000011FF
    485    IA32_VMX_MISC                 401C0               100401E5                   300481E5             7004C1E7          7004C1E7          6004C1E5
    486    IA32_VMX_CR0_FIXED0           80000021            80000021                   80000021             80000021          80000021          80000021
    487    IA32_VMX_CR0_FIXED1           FFFFFFFF            FFFFFFFF                   FFFFFFFF             FFFFFFFF          FFFFFFFF          FFFFFFFF
    488    IA32_VMX_CR4_FIXED0           2000                2000                       2000                 2000              2000              2000
    489    IA32_VMX_CR4_FIXED1           allowed             allowed                    allowed              allowed           allowed           allowed
    48A    IA32_VMX_VMCS_ENUM            2A                  2E                         2E                   32                32                32
    48B    IA32_VMX_PROCBASED_CTLS2      0000004100000000    000000FF00000000           00007CFF00000000     025F7FFF00000000  02DFFFFF00000000  FFFFFFFF00000000
    48C    IA32_VMX_EPT_VPID_CAP         -                   00000F0106114141           00000F0106334141     00000F0106734141  00000F0106734141  FFFFFFFFFFFFFFFF
    48D    IA32_VMX_TRUE_PINBASED_CTLS   -                   0000007F00000016           0000007F00000016     000000FF00000016  000000FF00000016  FFFFFFFF00000016
    48E    IA32_VMX_TRUE_PROCBASED_CTLS  -                   FFF9FFFE04006172           FFF9FFFE04006172     FFF9FFFE04006172  FFF9FFFE04006172  FFFFFFFF04006172
    48F    IA32_VMX_TRUE_EXIT_CTLS       -                   007FFFFF00036DFB           007FFFFF00036DFB     01FFFFFF00036DFB  01FFFFFF00036DFB  FFFFFFFF00036DFB
    490    IA32_VMX_TRUE_ENTRY_CTLS      -                   0000FFFF000011FB           0000FFFF000011FB     0003FFFF000011FB  0003FFFF000011FB  FFFFFFFF000011FB
    491    IA32_VMX_VMFUNC               -                   -                          1                    1                 1                 FFFFFFFFFFFFFFFF
    """
}
