import EPTTLB
import Foundation
import Guests
import Litmus
import Testing

/// Every litmus program under every policy.
@Suite struct LitmusTests {
  private static let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../docs/LITMUS.md").standardizedFileURL

  private static func results(_ policies: [String] = LitmusRow.policies) throws -> [LitmusResult] {
    try LitmusRow.run(LitmusRow.all(), under: policies.map { try RetentionPolicy.named($0).get() })
  }

  /// Every row holds; docs/LITMUS.md holds the table; `SHOOTDOWN_UPDATE_GOLDEN=1` writes it anew.
  @Test func everyRowHolds() throws {
    let results = try Self.results()
    for result in results {
      #expect(result.problems.isEmpty, "\(result.row.name) (\(result.policy)): \(result.problems)")
    }
    let report = LitmusReport(results, gaps: try LitmusGap.all())
    let text = try String(contentsOf: Self.document, encoding: .utf8)
    let head = try #require(text.range(of: "<!-- programs: generated -->\n"))
    let tail = try #require(text.range(of: "\n<!-- end -->", range: head.upperBound..<text.endIndex))
    if ProcessInfo.processInfo.environment["SHOOTDOWN_UPDATE_GOLDEN"] != nil {
      let updated = text.replacingCharacters(in: head.upperBound..<tail.lowerBound, with: report.markdown)
      try updated.write(to: Self.document, atomically: true, encoding: .utf8)
      return
    }
    let isSame = String(text[head.upperBound..<tail.lowerBound]) == report.markdown
    #expect(isSame, "SHOOTDOWN_UPDATE_GOLDEN=1 mends it")
  }

  /// What a policy that keeps nothing would show, where it differs, is not what `retain` must: the suite fails with it.
  @Test func aPolicyThatKeepsNothingFails() throws {
    let flushed = try Self.results(["flush"])
    let retain = RetentionPolicy.retain(budget: RetentionPolicy.defaultBudget)
    let failing = flushed.filter { !$0.row.problems(of: $0.outcome, under: retain).isEmpty }
    #expect(failing.count > 60, "\(failing.count)")
  }

  /// What `retain` shows of wrong software would fail the right form.
  @Test func everyMistakeShows() throws {
    let rows = try LitmusRow.all()
    for result in try Self.results(["retain"]) where result.row.form == .wrong {
      let right = try #require(rows.first { $0.pair == result.row.pair && $0.form == .right })
      #expect(right.forbidden.contains { $0.matches(result.outcome) }, "\(result.row.name): \(result.outcome)")
    }
  }

  /// Rule C4: a mapping may go at any time, and with chance it sometimes does.
  @Test func chanceDropsMappings() throws {
    let rows = try LitmusRow.all().filter { $0.name == "dropped" }
    let outcomes = try LitmusRow.run(rows, under: (1...12).map { .random(seed: $0) })
    for result in outcomes { #expect(result.problems.isEmpty, "\(result.policy): \(result.problems)") }
    #expect(Set(outcomes.map(\.outcome)) == ["old", "new"])
  }

  /// No policy shows a forbidden outcome, whatever it speculates and drops.
  @Test func noSeedShowsWhatIsForbidden() throws {
    let rows = try LitmusRow.all()
    let policies: [RetentionPolicy] = (2...9).flatMap { [.speculate(seed: $0), .random(seed: $0)] }
    for result in try LitmusRow.run(rows, under: policies) {
      let isAllowed = result.row.allowed.contains { $0.matches(result.outcome) }
      #expect(isAllowed, "\(result.row.name) (\(result.policy)): \(result.outcome)")
    }
  }

  /// The same words and the same state, however many threads there are.
  @Test func runsAreTheSame() throws {
    let rows = try LitmusRow.all().filter { $0.processors == 2 }
    let policies: [RetentionPolicy] = [.speculate(seed: 1), .random(seed: 1)]
    let one = try LitmusRow.run(rows, under: policies, threads: 1)
    let four = try LitmusRow.run(rows, under: policies, threads: 4)
    #expect(one.map(\.outcome) == four.map(\.outcome) && one.map(\.hash) == four.map(\.hash))
  }
}
