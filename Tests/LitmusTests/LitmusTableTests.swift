import Foundation
import Litmus
import Testing

/// The table of litmus tests agrees with itself, with the rules and with the programs.
@Suite struct LitmusTableTests {
  private static let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../docs/TLB-RULES.md").standardizedFileURL

  /// The rules, by the anchors of docs/TLB-RULES.md.
  private func rules() throws -> [String] {
    try String(contentsOf: Self.document, encoding: .utf8).matches(of: /<a id="([a-z0-9-]+)">/).map { String($0.1) }
  }

  /// Every rule has a program, or a reason why it has none; and every rule that is named is there.
  @Test func everyRuleHasAProgram() throws {
    let rules = try rules()
    #expect(rules.count > 30 && Set(rules).count == rules.count)
    let named = try LitmusRow.all().map(\.rule) + LitmusGap.all().map(\.rule)
    for rule in named { #expect(rules.contains(rule.lowercased()), "\(rule) is no rule") }
    for rule in rules { #expect(named.contains { $0.lowercased() == rule }, "\(rule) has no program") }
  }

  /// The known mistakes are all there, each with both forms, on two processors.
  @Test func everyPatternIsAPair() throws {
    let patterns = [
      "no remote flush", "flush before the write", "reuse before the acknowledgement", "wrong type", "wrong tag",
      "tag reused without flush", "virtual processor migrated", "flush lost in an NMI window", "large page split",
      "A/D cleared without flush", "freed table page", "root changed under the same tag", "memory type changed",
    ]
    let rows = try LitmusRow.all().filter { $0.pattern != nil }
    #expect(Set(rows.compactMap(\.pattern)) == Set(patterns))
    for pattern in patterns {
      let forms = rows.filter { $0.pattern == pattern }
      #expect(forms.contains { $0.form == .wrong } && forms.contains { $0.form == .right }, "\(pattern)")
      #expect(forms.allSatisfy { $0.processors == 2 }, "\(pattern)")
    }
  }

  /// Rows about software are pairs: what the wrong form must show is forbidden to the right one, or not allowed to it.
  @Test func everySoftwareRowIsAPair() throws {
    let rows = try LitmusRow.all()
    for row in rows where row.rule.hasPrefix("S") {
      let pair = try #require(row.pair, "\(row.name)")
      let forms = rows.filter { $0.pair == pair }
      let wrong = try #require(forms.first { $0.form == .wrong }, "\(pair)")
      let right = try #require(forms.first { $0.form == .right }, "\(pair)")
      #expect(forms.count == 2 && wrong.rule == right.rule && wrong.pattern == right.pattern, "\(pair)")
      let mistake = try #require(wrong.keeps, "\(pair)")
      #expect(right.forbidden.contains { mistake.isPart(of: $0) }, "\(pair): the right form does not forbid it")
    }
  }

  /// Names differ, nothing is both allowed and forbidden, and what is required is allowed.
  @Test func rowsAgreeWithThemselves() throws {
    let rows = try LitmusRow.all()
    #expect(Set(rows.map(\.name)).count == rows.count)
    for row in rows {
      for allowed in row.allowed {
        #expect(!row.forbidden.contains { $0.overlaps(allowed) }, "\(row.name): '\(allowed)' is allowed and forbidden")
      }
      for required in [row.keeps, row.speculates, row.flushes].compactMap(\.self) {
        #expect(row.allowed.contains { required.isPart(of: $0) }, "\(row.name): '\(required)' is required, not allowed")
      }
      #expect(!row.forbidden.isEmpty || row.keeps != nil, "\(row.name) cannot fail")
    }
  }

  @Test func patterns() throws {
    let row = try #require(try LitmusRow.all().first { $0.name == "stale" })
    let pattern = try #require(row.allowed.first)
    #expect(pattern.matches("old") && pattern.matches("new"))
    #expect(!pattern.matches("fault") && !pattern.matches("old new"))
  }
}
