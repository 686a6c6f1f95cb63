import ArgumentParser
import Machine
import Races

/// Options of the staleness oracle (docs/ORACLE.md).
struct OracleSettings: ParsableArguments {
  /// What the oracle does about a violation.
  enum Mode: String, CaseIterable, ExpressibleByArgument {
    /// It is reported.
    case report
    /// It is reported, and the run ends there, with status 8.
    case stop
    /// Nobody looks.
    case off
  }

  @Option(
    help: ArgumentHelp(
      "Uses of stale translations that software answers for: report (default), stop the run with status 8, or off.",
      valueName: "mode"))
  var oracle = Mode.report

  @Option(
    help: ArgumentHelp(
      "A port; a processor that writes to it says that its shootdown is done; repeatable.", valueName: "port"))
  var oracleMarker: [String] = []

  @Flag(help: "At the end, say how many invalidations and messages there were, and how many removed nothing.")
  var oracleCost = false

  @Option(help: ArgumentHelp("violation: a violation makes the exit status 8.", valueName: "what"))
  var failOn: FailOn?

  /// The ports of `--oracle-marker`.
  func markers() throws -> [UInt16] {
    try oracleMarker.map { text in
      guard let port = RunSettings.port(text) else { throw Misuse("--oracle-marker: '\(text)' is no port") }
      return port
    }
  }

  /// Exit status that an oracle asks for, or nil.
  func status(_ oracle: Oracle) -> Int32? {
    if oracle.hasImpossible { return ExitStatus.ownFault }
    return oracle.hasViolation && failOn == .violation ? ExitStatus.expectation : nil
  }

  /// Lines at the end about what an oracle has seen, for people.
  func lines(_ oracle: Oracle) -> [String] {
    let counters = oracle.counters
    var lines: [String] = []
    if oracle.hasViolation {
      let verdicts = Verdict.allCases.filter { counters.verdicts[$0, default: 0] > 0 }
        .map { "\(counters.verdicts[$0, default: 0]) \($0.rawValue)" }
      lines.append(
        "stale translations: \(counters.violations) kinds of violation; \(counters.uses) uses: "
          + verdicts.joined(separator: ", "))
    }
    guard oracleCost else { return lines }
    for (name, count) in counters.invalidations.sorted(by: { $0.key < $1.key }) {
      lines.append("\(name): \(count.all), of which \(count.needless) removed no translation")
    }
    lines.append("messages between processors: \(counters.messages)")
    return lines
  }

  /// What fails a run.
  enum FailOn: String, CaseIterable, ExpressibleByArgument {
    /// A violation that the oracle has seen.
    case violation
  }
}

/// The oracle of a run, and what it tells.
final class RunOracle {
  private let oracle: Oracle
  private let settings: OracleSettings
  /// Takes the lines of a report, and an event.
  var tell: (([String], ViolationEvent) -> Void)?

  /// Nil when it is off.
  init?(_ board: borrowing Board, _ settings: OracleSettings, ports: [UInt16], symbols: SymbolIndex) {
    guard settings.oracle != .off else { return nil }
    self.settings = settings
    oracle = Oracle(board, stopsAtViolation: settings.oracle == .stop)
    oracle.report = { [unowned self] violation in
      tell?(
        ViolationReport(violation, symbols: symbols).lines, ViolationEvent(violation, symbols: symbols))
    }
    for port in ports { oracle.mark(port: port, of: board) }
  }

  /// The run is to end.
  var endsRun: Bool { settings.oracle == .stop && oracle.hasViolation }

  /// Exit status that it asks for, or nil.
  var status: Int32? { settings.status(oracle) }

  /// What was counted.
  var event: OracleEvent { OracleEvent(oracle.counters) }

  /// Lines at the end, for people.
  var lines: [String] { settings.lines(oracle) }
}
