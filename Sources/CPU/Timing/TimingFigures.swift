/// The timing tables: a row a class, with the source of its figure, or `estimate`.
///
/// Classes of instructions are those of the opcode table: `control` is MOV to a control register and MOV of debug
/// registers, `msr` RDMSR and WRMSR, `segment` a segment load, `far` a far transfer or a fast system call.
/// The others are parts of one: `iteration` of a repeated string instruction, `walk` a structure read of a page walk,
/// `stlb` a hit in the second-level TLB (of the policies that have one), `delivery` of an exception or interrupt, `ipi`
/// from a processor's APIC to another's.
enum TimingFigures {
  /// A table by its name on the command line.
  static func text(_ name: String) -> StaticString? {
    switch name {
    case "unit": unit
    case "core2": core2
    case "sandybridge": sandyBridge
    case "haswell": haswell
    case "skylake": skylake
    default: nil
    }
  }

  /// Everything costs 1: clocks count instructions, walk references and iterations.
  private static let unit: StaticString = """
    class      cycles  source
    simple     1       by definition
    multiply   1       by definition
    divide     1       by definition
    branch     1       by definition
    port       1       by definition
    invlpg     1       by definition
    control    1       by definition
    cpuid      1       by definition
    msr        1       by definition
    segment    1       by definition
    far        1       by definition
    float      1       by definition
    state      1       by definition
    vector     1       by definition
    iteration  1       by definition
    walk       1       by definition
    stlb       1       by definition
    delivery   1       by definition
    ipi        1       by definition
    exit       1       by definition
    entry      1       by definition
    vmcs       1       by definition
    vmptr      1       by definition
    invept     1       by definition
    vmfunc     1       by definition
    """

  /// Core 2, 45 nm.
  private static let core2: StaticString = """
    class      cycles  source
    simple     1       Optimization Reference Manual, "Instruction Latency and Throughput"
    multiply   5       estimate
    divide     40      estimate
    branch     1       estimate
    port       1000    estimate
    invlpg     200     estimate
    control    200     estimate
    cpuid      200     estimate
    msr        100     estimate
    segment    10      estimate
    far        80      estimate
    float      5       estimate
    state      40      estimate
    vector     1       estimate
    iteration  1       estimate
    walk       4       estimate: a read that hits the first-level cache
    stlb       7       estimate: as in Haswell
    delivery   100     estimate
    ipi        1000    estimate
    exit       600     estimate: round trips through KVM take 1181-1313 cycles, software included (Linux commit b7ffc44d5b2e)
    entry      500     estimate
    vmcs       30      estimate: VMREAD, VMWRITE
    vmptr      150     estimate: VMPTRLD, VMCLEAR
    invept     300     estimate: INVEPT, INVVPID
    vmfunc     130     110-160, measured by others
    """

  /// Sandy Bridge.
  private static let sandyBridge: StaticString = """
    class      cycles  source
    simple     1       Optimization Reference Manual, "Instruction Latency and Throughput"
    multiply   3       Optimization Reference Manual, "Instruction Latency and Throughput"
    divide     26      estimate
    branch     1       estimate
    port       1000    estimate
    invlpg     200     estimate
    control    200     estimate
    cpuid      100     estimate
    msr        100     estimate
    segment    10      estimate
    far        80      estimate
    float      5       estimate
    state      40      estimate
    vector     1       estimate
    iteration  1       estimate
    walk       4       estimate: a read that hits the first-level cache
    stlb       7       estimate: as in Haswell
    delivery   100     estimate
    ipi        1000    estimate
    exit       800     estimate: half of a round trip of 1600-1700 cycles, measured by others
    entry      800     estimate
    vmcs       30      estimate: VMREAD, VMWRITE
    vmptr      150     estimate: VMPTRLD, VMCLEAR
    invept     300     estimate: INVEPT, INVVPID
    vmfunc     130     110-160, measured by others
    """

  /// Haswell.
  private static let haswell: StaticString = """
    class      cycles  source
    simple     1       Optimization Reference Manual, "Instruction Latency and Throughput"
    multiply   3       Optimization Reference Manual, "Instruction Latency and Throughput"
    divide     25      estimate
    branch     1       estimate
    port       1000    estimate
    invlpg     200     estimate
    control    200     estimate
    cpuid      100     estimate
    msr        100     estimate
    segment    10      estimate
    far        80      estimate
    float      5       estimate
    state      40      estimate
    vector     1       estimate
    iteration  1       estimate
    walk       4       estimate: a read that hits the first-level cache
    stlb       7       Optimization Reference Manual, "Haswell": a hit in the second-level TLB
    delivery   100     estimate
    ipi        1000    estimate
    exit       600     estimate: round trips through KVM take 1181-1313 cycles, software included (Linux commit b7ffc44d5b2e)
    entry      500     estimate
    vmcs       30      estimate: VMREAD, VMWRITE
    vmptr      150     estimate: VMPTRLD, VMCLEAR
    invept     300     estimate: INVEPT, INVVPID
    vmfunc     130     110-160, measured by others
    """

  /// Skylake.
  private static let skylake: StaticString = """
    class      cycles  source
    simple     1       Optimization Reference Manual, "Instruction Latency and Throughput"
    multiply   3       Optimization Reference Manual, "Instruction Latency and Throughput"
    divide     26      estimate
    branch     1       estimate
    port       1000    estimate
    invlpg     200     "about 200": Dave Hansen, Linux kernel mailing list, 2017
    control    200     estimate
    cpuid      100     estimate
    msr        100     estimate
    segment    10      estimate
    far        80      estimate
    float      5       estimate
    state      40      estimate
    vector     1       estimate
    iteration  1       estimate
    walk       4       estimate: a read that hits the first-level cache
    stlb       7       estimate: as in Haswell
    delivery   100     estimate
    ipi        1000    estimate
    exit       600     estimate: round trips through KVM take 1181-1313 cycles, software included (Linux commit b7ffc44d5b2e)
    entry      500     estimate
    vmcs       30      estimate: VMREAD, VMWRITE
    vmptr      150     estimate: VMPTRLD, VMCLEAR
    invept     300     estimate: INVEPT, INVVPID
    vmfunc     130     110-160, measured by others
    """
}
