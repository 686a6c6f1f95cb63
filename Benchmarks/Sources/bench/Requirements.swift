/// What a ratio of CPU seconds, a Bochs' by ours, has to reach under `--check`.
struct Requirement {
  enum Measure: String, Encodable {
    /// The geometric mean of the guests that count for it.
    case geomean
    /// Each guest by itself, `rep` too.
    case each = "each of plain code"
    /// Each of some guests by itself.
    case guests = "each"
    /// The geometric mean of the other's seconds by ours may be as much at most.
    case atMost = "geomean, at most"

    /// Whether less is better.
    var isCost: Bool { self == .atMost }
  }

  let measure: Measure
  let against: Emulator.Role
  /// What the version of the Bochs must contain for the row to speak of it; empty for any.
  let version: String
  let atLeast: Double
  /// For `guests`: which.
  var of: [Guest] = []

  /// The whole list. A Bochs git is to be built with `-O3` and all optimizations, and without its debugger.
  static let all = [
    Requirement(measure: .geomean, against: .bochsGit, version: "", atLeast: 1.3),
    Requirement(measure: .each, against: .bochsGit, version: "", atLeast: 1.0),
    Requirement(measure: .geomean, against: .bochs, version: " 2.7", atLeast: 4.0),
    // Exits: tight ones, those with 512 pages read between, and what hypervisors do most.
    Requirement(measure: .guests, against: .bochsGit, version: "", atLeast: 5.0, of: [.cpuid, .cpuidvpid, .vmcall]),
    Requirement(measure: .guests, against: .bochsGit, version: "", atLeast: 10.0, of: [.pages, .eptpages]),
    Requirement(measure: .guests, against: .bochsGit, version: "", atLeast: 1.0, of: [.vmcs]),
    Requirement(measure: .guests, against: .bochsGit, version: "", atLeast: 3.0, of: [.cr3, .invept]),
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
    case .atMost:
      guard let mean = Statistics.geomean(of: ratios, complete: true) else {
        return answer(false, "not every benchmark has a ratio")
      }
      return answer(mean <= atLeast, "geomean \(mean.fixed(3))")
    case .each, .guests:
      let missed = (measure == .each ? Guest.compute : of).filter { (ratios[$0] ?? 0) < atLeast }
      let names = missed.map { guest in "\(guest.rawValue) \(ratios[guest]?.fixed(2) ?? "without a ratio")" }
      let all = of.map { guest in "\(guest.rawValue) \(ratios[guest]?.fixed(2) ?? "without a ratio")" }
      let good = of.isEmpty ? "none below" : all.joined(separator: ", ")
      return answer(missed.isEmpty, missed.isEmpty ? good : "below: " + names.joined(separator: ", "))
    }
  }
}
