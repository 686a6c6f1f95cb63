extension Scenario {
  /// Settings of a machine that name files.
  private static let paths: Set = ["kernel", "module", "disk", "cdrom", "bios", "vgabios", "symbols"]

  /// A scenario that runs a failed one again, wherever it lies, and expects the same run: what must have come of it is
  /// not asked any more.
  ///
  /// - Parameters:
  ///   - policy: the TLB policy under which it failed.
  ///   - hash: the state's at its end.
  ///   - schedule: the name of a schedule file beside it.
  ///   - suppressions: the same of suppressions.
  ///   - place: makes a path of the scenario's one that holds anywhere.
  public func replay(
    policy: String, hash: String, schedule: String?, suppressions: String?, place: (String) -> String
  ) -> String {
    var lines = [
      "# The run that failed, again: it passes when the run is the same.", "name: \(quoted(name + ", again"))",
      "machine:",
    ]
    for (setting, values) in machine {
      let isPath = Scenario.paths.contains(setting)
      // A module's path may have a command line behind it.
      let texts = values.map { value -> String in
        guard isPath else { return value }
        let words = value.split(separator: " ", maxSplits: 1)
        return words.isEmpty
          ? value : ([place(String(words[0]))] + words.dropFirst().map(String.init)).joined(separator: " ")
      }
      if texts.count == 1 {
        lines.append("  \(setting): \(quoted(texts[0]))")
      } else {
        lines.append("  \(setting):")
        lines += texts.map { "    - \(quoted($0))" }
      }
    }
    lines += ["policies:", "  - \(quoted(policy))"]
    if let schedule { lines.append("schedule: \(quoted(schedule))") }
    if let suppressions { lines.append("suppressions: \(quoted(suppressions))") }
    if window > 0 { lines.append("window: \(window)") }
    if !markers.isEmpty { lines += ["markers:"] + markers.map { "  - \(quoted($0.text))" } }
    if nesting == nil { lines.append("observer: 'off'") }
    if let own = nesting?.own, !own.isEmpty {
      lines += ["observer-own:"] + own.sorted().map { "  - \(quoted("0x" + String($0, radix: 16)))" }
    }
    if let until { lines.append("until: \(quoted(until))") }
    lines += ["max-cycles: \(maximumCycles)", "expect:", "  hash: \(quoted(hash))"]
    return lines.joined(separator: "\n") + "\n"
  }

  private func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''").replacing("\n", with: " ") + "'"
  }
}
