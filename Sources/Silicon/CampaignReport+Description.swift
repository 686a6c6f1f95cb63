extension CampaignReport {
  /// The report for people, line by line.
  public func description(seed: UInt64) -> [String] {
    var lines: [String] = []
    for mismatch in mismatches { lines += mismatch.lines }
    if mismatchCount > 0 {
      lines.append("differences by instruction and field:")
      lines += sorted(groups)
    }
    lines.append(
      "seed \(seed): \(compared) cases compared (\(sequences) of several instructions, \(exceptions) with exceptions), "
        + "\(mismatchCount) differ")
    lines.append(
      "of these, \(vectors) with vector registers, \(addresses32) with 67h, \(bases) with bases in FS and GS")
    if !vendor.isEmpty {
      lines.append("differences that the vendor table explains:")
      lines += sorted(vendor)
    }
    if !refused.isEmpty {
      lines.append("not compared, because ours does not have it: \(refused.values.reduce(0, +))")
      lines += sorted(refused)
    }
    if skipped > 0 { lines.append("not compared, because too much data changed: \(skipped)") }
    if unconfirmed > 0 { lines.append("differences that did not come again: \(unconfirmed)") }
    var reasons: [String: Int] = [:]
    for row in skippedRows { reasons[row.reason, default: 0] += 1 }
    if !reasons.isEmpty {
      lines.append("rows of the opcode table that are not run: \(skippedRows.count)")
      lines += sorted(reasons)
    }
    return lines
  }

  private func sorted(_ counts: [String: Int]) -> [String] {
    counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(40).map { "  \($0.value)  \($0.key)" }
  }
}
