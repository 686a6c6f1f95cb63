/// What a ratio of CPU seconds, a Bochs' by ours, has to reach under `--check`.
struct Requirement {
  enum Measure: String, Encodable {
    /// The geometric mean of the guests that count for it.
    case geomean
    /// Each guest by itself, `rep` too.
    case each
    /// The geometric mean of the other's seconds by ours may be as much at most.
    case atMost = "geomean, at most"
    /// Seconds of one step back in the monitor, at most.
    case reverseStep = "reverse step, seconds at most"

    /// Whether less is better.
    var isCost: Bool { self == .atMost || self == .reverseStep }
  }

  /// The most that a step back may take.
  static let reverseStepSeconds = 0.2

  let measure: Measure
  let against: Emulator.Role
  /// What the version of the Bochs must contain for the row to speak of it; empty for any.
  let version: String
  let atLeast: Double

  /// The whole list. A Bochs git is to be built with `-O3` and all optimizations, and without its debugger.
  static let all = [
    Requirement(measure: .geomean, against: .bochsGit, version: "", atLeast: 1.3),
    Requirement(measure: .each, against: .bochsGit, version: "", atLeast: 1.0),
    Requirement(measure: .geomean, against: .bochs, version: " 2.7", atLeast: 4.0),
    // The monitor with no stop set: 0.95 of the speed of `run`.
    Requirement(measure: .atMost, against: .monitor, version: "", atLeast: 1 / 0.95),
  ]
}

/// How one requirement came out.
struct Verdict: Encodable {
  let measure: Requirement.Measure
  let against: Emulator.Role
  let atLeast: Double
  let isMet: Bool
  let reason: String
}

extension Requirement {
  /// Holds the requirement against `ratios`, those to the Bochs in question, and that Bochs, if there was one.
  ///
  /// What could not be measured is not met: a check must not pass because nobody installed the other emulator.
  func verdict(ratios: [Guest: Double], bochs: Emulator?) -> Verdict {
    func answer(_ isMet: Bool, _ reason: String) -> Verdict {
      Verdict(measure: measure, against: against, atLeast: atLeast, isMet: isMet, reason: reason)
    }
    guard let bochs else {
      return answer(false, "\(against.title) was not found")
    }
    guard version.isEmpty || bochs.version.contains(version) else {
      return answer(false, "needs Bochs\(version), and this is \(bochs.version)")
    }
    switch measure {
    case .geomean:
      guard let mean = Statistics.geomean(of: ratios, complete: true) else {
        return answer(false, "not every benchmark has a ratio")
      }
      return answer(mean >= atLeast, "geomean \(mean.fixed(2))")
    case .reverseStep: return answer(false, "is measured apart")
    case .atMost:
      guard let mean = Statistics.geomean(of: ratios, complete: true) else {
        return answer(false, "not every benchmark has a ratio")
      }
      return answer(mean <= atLeast, "geomean \(mean.fixed(3))")
    case .each:
      let missed = Guest.measured.filter { (ratios[$0] ?? 0) < atLeast }
      let names = missed.map { guest in "\(guest.rawValue) \(ratios[guest]?.fixed(2) ?? "without a ratio")" }
      return answer(missed.isEmpty, missed.isEmpty ? "none below" : "below: " + names.joined(separator: ", "))
    }
  }
}
