/// Rows and what came of them, as a table for people.
public struct LitmusReport {
  private let rows: [LitmusRow]
  private let policies: [String]
  private let results: [LitmusResult]
  private let gaps: [LitmusGap]

  /// A report of results row by row, as `LitmusRow.run` gives them.
  public init(_ results: [LitmusResult], gaps: [LitmusGap]) {
    self.results = results
    self.gaps = gaps
    var policies: [String] = []
    for result in results where !policies.contains(result.policy) { policies.append(result.policy) }
    self.policies = policies
    rows = stride(from: 0, to: results.count, by: max(policies.count, 1)).map { results[$0].row }
  }

  /// Whether every row holds under every policy.
  public var holds: Bool { results.allSatisfy(\.problems.isEmpty) }

  private func cells(_ index: Int) -> [LitmusResult] {
    Array(results[index * policies.count..<(index + 1) * policies.count])
  }

  private static func text(_ patterns: [OutcomePattern]) -> String {
    patterns.isEmpty ? "-" : patterns.map(\.description).joined(separator: ", ")
  }

  private static func markdown(_ patterns: [OutcomePattern]) -> String {
    text(patterns).replacing("*", with: "\\*")
  }

  /// What is required, policy by policy.
  private static func required(_ row: LitmusRow) -> String {
    if let keeps = row.keeps, row.flushes?.description == keeps.description, row.speculates == nil {
      return keeps.description
    }
    var parts: [String] = []
    if let keeps = row.keeps { parts.append("keeping: \(keeps)") }
    if let speculates = row.speculates { parts.append("speculate: \(speculates)") }
    if let flushes = row.flushes { parts.append("flush: \(flushes)") }
    return parts.isEmpty ? "-" : parts.joined(separator: "; ")
  }

  /// A row's outcomes; `=` is that of the first policy again, and `!` marks one that does not hold.
  private func outcomes(_ index: Int, mark: (String) -> String) -> [String] {
    let results = cells(index)
    return results.enumerated().map { column, result in
      let text = column > 0 && result.outcome == results[0].outcome ? "=" : result.outcome
      return result.problems.isEmpty ? text : mark(text)
    }
  }

  /// Aligned columns; an outcome that does not hold is marked by `!`, and told below the table.
  public var text: String {
    var table = [["program", "rule", "allowed", "forbidden"] + policies]
    for (index, row) in rows.enumerated() {
      table.append(
        [row.name, row.rule, LitmusReport.text(row.allowed), LitmusReport.text(row.forbidden)]
          + outcomes(index) { "! " + $0 })
    }
    let widths = (0..<table[0].count).map { column in table.map { $0[column].count }.max() ?? 0 }
    var text = ""
    for line in table where !rows.isEmpty {
      let cells = zip(line, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
      var joined = cells.joined(separator: "  ")
      while joined.hasSuffix(" ") { joined.removeLast() }
      text += joined + "\n"
    }
    for gap in gaps { text += "not run: \(gap.rule): \(gap.reason)\n" }
    for result in results {
      for problem in result.problems { text += "\(result.row.name) (\(result.policy)): \(problem)\n" }
    }
    guard !rows.isEmpty else { return text }
    let failed = results.filter { !$0.problems.isEmpty }.count
    text += "\(rows.count) programs under \(policies.count) policies: "
    return text + (failed == 0 ? "all hold\n" : "\(failed) outcomes do not hold\n")
  }

  /// Tables of Markdown, a section a family of rules; rules are links into docs/TLB-RULES.md.
  public var markdown: String {
    var text = ""
    var section = ""
    for (index, row) in rows.enumerated() {
      let next = LitmusReport.section(of: row)
      if next != section {
        section = next
        text += "\n## \(section)\n\n"
        text += "| program | rule | what it does | allowed | forbidden | required |"
        text += policies.map { " \($0) |" }.joined() + "\n"
        text += String(repeating: "|---", count: 6 + policies.count) + "|\n"
      }
      let rule = "[\(row.rule)](TLB-RULES.md#\(row.rule.lowercased()))"
      let title = row.pattern.map { "*\($0)*: \(row.title)" } ?? row.title
      let cells =
        [
          "`\(row.name)`", rule, title, LitmusReport.markdown(row.allowed),
          LitmusReport.markdown(row.forbidden), LitmusReport.required(row),
        ] + outcomes(index) { "! " + $0 }
      text += "| " + cells.joined(separator: " | ") + " |\n"
    }
    if !gaps.isEmpty {
      text += "\n## What cannot be run yet\n\n| rule | why |\n|---|---|\n"
      for gap in gaps { text += "| [\(gap.rule)](TLB-RULES.md#\(gap.rule.lowercased())) | \(gap.reason) |\n" }
    }
    return text
  }

  private static func section(of row: LitmusRow) -> String {
    switch row.rule.first {
    case "C": "Creating"
    case "U": "Using"
    case "I": "Invalidating"
    default: "What software must do"
    }
  }
}

/// A result as JSON.
public struct LitmusEvent: Encodable {
  let event = "litmus"
  let name: String
  let rule: String
  let pattern: String?
  let form: String?
  let policy: String
  let outcome: String
  let allowed: [String]
  let forbidden: [String]
  let required: String?
  let passed: Bool
  let problems: [String]
  let hash: String

  /// The event of a result; `required` is what its policy must show.
  public init(_ result: LitmusResult, required: OutcomePattern?) {
    name = result.row.name
    rule = result.row.rule
    pattern = result.row.pattern
    form = result.row.form?.rawValue
    policy = result.policy
    outcome = result.outcome
    allowed = result.row.allowed.map(\.description)
    forbidden = result.row.forbidden.map(\.description)
    self.required = required?.description
    passed = result.problems.isEmpty
    problems = result.problems
    hash = result.hash
  }
}
