import EPTTLB
import MMU
import Testing

/// The emulator beside a model that knows the rules independently: it replays what was cached and what has invalidated
/// since, and says what may, must and must not remain (TLB rules, sections C, U and I). A million operations.
@Suite struct RuleModelTests {
  /// Arrays so small that everything is driven out of them all the time.
  private static let tiny = TLBPart(
    name: "tiny",
    arrays: [
      TLBPart.Array(role: .instruction, shifts: [12, 21, 22, 30], entries: 4, ways: 2),
      TLBPart.Array(role: .data, shifts: [12, 21, 22, 30], entries: 6, ways: 2),
      TLBPart.Array(role: .second, shifts: [12, 21, 22, 30], entries: 8, ways: 4),
      TLBPart.Array(role: .structure, shifts: [21, 22, 30, 39, 48], entries: 8, ways: 2),
      TLBPart.Array(role: .nested, shifts: [12, 21, 30], entries: 8, ways: 2),
    ])

  /// A program's run.
  struct Run: CustomTestStringConvertible, Sendable {
    let name: String
    let policy: RetentionPolicy
    let processors: Int
    let operations: Int
    var testDescription: String { "\(name), \(processors) processors" }
  }

  static let runs: [Run] =
    [
      ("retain", .retain(budget: RetentionPolicy.defaultBudget)), ("speculate", .speculate(seed: 1)), ("flush", .flush),
      ("random", .random(seed: 1)), ("tiny part", .part(tiny)),
    ].flatMap { (name: String, policy: RetentionPolicy) in
      (1...4).map { Run(name: name, policy: policy, processors: $0, operations: name == "retain" ? 80_000 : 40_000) }
    }
    + ["sandybridge", "skylake"].compactMap { name in
      (try? RetentionPolicy.named(name).get()).map { Run(name: name, policy: $0, processors: 2, operations: 20_000) }
    }

  /// Each translation is explained by memory or by what may remain; nothing is made that memory does not lead to; nothing
  /// remains that must not, no *impossible*; with `retain` what must remain does, and is used.
  @Test(arguments: runs) func everythingIsExplained(_ run: Run) throws {
    let program = try RandomProgram(
      processors: run.processors, policy: run.policy,
      random: SplitMix64("everythingIsExplained, \(run.testDescription)", seed: UInt64(run.processors)))
    if let problem = program.run(run.operations) { Issue.record("\(problem)") }
    // A run that tries nothing shows nothing.
    for (event, least) in RuleModelTests.leasts(run) {
      #expect(program.seen[event, default: 0] >= least * run.operations / 100_000, "\(event): \(program.seen)")
    }
  }

  /// How often, in 100,000 operations, each thing happens at least; by far most have something to invalidate.
  private static func leasts(_ run: Run) -> [(String, Int)] {
    let common = [
      ("hit", 1000), ("walk", 5000), ("page fault", 10_000), ("EPT violation", 2000), ("EPT misconfiguration", 500),
      ("linear translation", 2000), ("combined translation", 1500), ("guest-physical translation", 1000),
      ("linear structure", 5000), ("combined structure", 3000), ("guest-physical structure", 3000),
    ]
    guard run.name == "retain" else { return common }
    return common + [
      ("INVLPG", 500), ("INVPCID 0", 20), ("INVPCID 1", 40), ("INVPCID 2", 30), ("INVPCID 3", 30), ("INVVPID 0", 30),
      ("INVVPID 1", 60), ("INVVPID 2", 40), ("INVVPID 3", 80), ("INVEPT 1", 150), ("INVEPT 2", 50), ("MOV to CR3", 250),
      ("MTRR", 40), ("SMEP", 10), ("paging mode", 60), ("task switch", 10), ("RESET", 8), ("VM entry or exit", 400),
      ("some remain", 2000),
    ]
  }

  /// The runs are as long as they claim.
  @Test func aMillionOperations() {
    #expect(RuleModelTests.runs.map(\.operations).reduce(0, +) == 1_000_000)
  }
}
