import EPTTLB
import MMU
import Testing

/// Of the two that tests see, the one of an address space; `Testing` has another.
typealias Tag = EPTTLB.Tag

/// Each rule broken on purpose, one mutation at a time, under the random programs of `RuleModelTests`: the model must say
/// that something is wrong.
@Suite(.serialized) struct MutationTests {
  /// Under which policies a breach is looked for, in this order.
  private static let policies: [(name: String, policy: RetentionPolicy)] = [
    ("retain", .retain(budget: RetentionPolicy.defaultBudget)), ("speculate", .speculate(seed: 1)), ("flush", .flush),
    ("random", .random(seed: 1)),
  ]
  /// Of one program; there are twelve.
  private static let operations = 40_000

  /// Rules that nothing can be mutated for, and why.
  private static let without = [
    "C8": "the APIC-access page is part of a context, sub-page write permissions are not built: no mapping has them",
    "PML full": "no code: the exit invalidates nothing",
    "APIC access exits": "no code: the exit invalidates nothing",
    "VMXON, VMXOFF, VMCLEAR, VMPTRLD": "no code: they invalidate nothing",
  ]

  /// The rules of sections C, U and I.
  private static let rules: [String] =
    (1...8).map { "C\($0)" } + (1...3).map { "U\($0)" } + InvalidationRow.allCases.map(\.rawValue) + [
      "only on the processor that executes it", "WRMSR to EFER, PAT, PKRS; WRPKRU", "EPT misconfiguration", "PML full",
      "APIC access exits", "VM entry or exit, VPID on", "VMXON, VMXOFF, VMCLEAR, VMPTRLD", "change of EPTP, VMFUNC 0",
    ]

  /// How a mutation shows, or nil: it does not.
  private func caught(_ mutation: Mutation?) throws -> (problem: String, operations: Int)? {
    let random = SplitMix64(mutation?.description ?? "nothing is broken", seed: 100)
    var operations = 0
    for (name, policy) in MutationTests.policies {
      for processors in 1...3 {
        let program = try RandomProgram(processors: processors, policy: policy, random: random)
        Mutation.inForce = mutation
        defer { Mutation.inForce = nil }
        let problem = program.run(MutationTests.operations)
        operations += program.steps
        if let problem { return ("\(name), \(processors) processors: \(problem)", operations) }
      }
    }
    return nil
  }

  /// Nothing broken, nothing caught: what is caught otherwise is the mutation.
  @Test func nothingIsCaughtInVain() throws {
    if let (problem, _) = try caught(nil) { Issue.record("\(problem)") }
  }

  /// Every mutation is caught; it prints after how many operations, and how.
  @Test func everyMutationIsCaught() throws {
    var count = 0
    for mutation in Mutation.all {
      guard let (problem, operations) = try caught(mutation) else {
        Issue.record("\(mutation.rule): \(mutation) is not caught")
        continue
      }
      count += 1
      print("  caught after \(operations) operations; \(problem.prefix(160))")
    }
    print("\(count) of \(Mutation.all.count) mutations are caught")
    #expect(Set(Mutation.all).count == Mutation.all.count)
  }

  /// Every rule has a mutation, or a reason to have none.
  @Test func everyRuleIsBroken() {
    let broken = Set(Mutation.all.map(\.rule))
    for rule in MutationTests.rules {
      #expect(broken.contains(rule) != (MutationTests.without[rule] != nil), "\(rule)")
    }
    #expect(broken.isSubset(of: MutationTests.rules))
  }
}
