extension UnicornReport {
  /// The report for people, line by line.
  public func description(seed: UInt64) -> [String] {
    var lines: [String] = mismatches.flatMap { $0 }
    if mismatchCount > 0 { lines += ["differences by instruction and field:"] + sorted(groups) }
    lines.append(
      "seed \(seed): \(compared) cases compared with Unicorn (\(events) with exceptions), "
        + "\(mismatchCount) with a difference that the tables do not name")
    lines += ["by mode:"] + sorted(byMode)
    if !explained.isEmpty { lines += ["differences that the tables name:"] + sorted(explained) }
    if !skipped.isEmpty { lines += ["not compared:"] + sorted(skipped) }
    var reasons: [String: Int] = [:]
    for row in skippedRows { reasons[row.reason, default: 0] += 1 }
    if !reasons.isEmpty {
      lines += ["rows of the opcode table that are not run: \(skippedRows.count)"] + sorted(reasons)
    }
    return lines
  }

  private func sorted(_ counts: [String: Int]) -> [String] {
    counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(80).map { "  \($0.value)  \($0.key)" }
  }
}
