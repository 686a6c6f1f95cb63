import ArgumentParser
import Machine
import Monitor
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
      "What says that a processor's shootdowns are done: a port it writes to, symbol:NAME, or hypercall (the return of "
        + "one); repeatable.", valueName: "marker"))
  var oracleMarker: [String] = []

  @Flag(help: "At the end, say how many invalidations and messages there were, and how many removed nothing.")
  var oracleCost = false

  @Option(help: ArgumentHelp("Violations not to be told of, each with its reason (docs/ORACLE.md).", valueName: "file"))
  var oracleSuppress: String?

  @Option(help: ArgumentHelp("The nested-EPT observer (docs/OBSERVER.md): on (default) or off.", valueName: "mode"))
  var observer = Observer.on

  /// Whether nested EPT is observed.
  enum Observer: String, CaseIterable, ExpressibleByArgument {
    /// From the first instruction of VMX on that a guest executes.
    case on
    /// Never.
    case off
  }

  @Option(
    help: ArgumentHelp(
      "A page of the nested guest's that its host's host backs itself, as the APIC-access page; in hexadecimal; "
        + "repeatable.", valueName: "address"))
  var observerOwn: [String] = []

  @Option(help: ArgumentHelp("What the observer is told wrongly.", visibility: .private))
  var observerMistake: String?

  @Option(help: ArgumentHelp("violation: a violation makes the exit status 8.", valueName: "what"))
  var failOn: FailOn?

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
    lines += oracle.suppressedLines
    lines += oracle.nestedCounters?.lines ?? []
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
  var tell: (([String], any Encodable) -> Void)?
  private let markers: Markers

  /// Nil when it is off.
  init?(_ board: borrowing Board, _ settings: OracleSettings, symbols: SymbolIndex) throws {
    let wanted = try settings.markers()
    let nesting = try settings.nesting()
    let rules = try settings.suppressions()
    guard settings.oracle != .off else { return nil }
    self.settings = settings
    oracle = Oracle(board, stopsAtViolation: settings.oracle == .stop)
    do { markers = try Markers(wanted, oracle, board, symbols) } catch { throw Misuse("--oracle-marker: \(error)") }
    oracle.report = { [unowned self] violation in
      tell?(
        ViolationReport(violation, symbols: symbols).lines, ViolationEvent(violation, symbols: symbols))
    }
    oracle.reportNested = { [unowned self] finding in
      tell?(NestedReport(finding, symbols: symbols).lines, NestedEvent(finding, symbols: symbols))
    }
    (oracle.nesting, oracle.suppressions) = (nesting, (rules, symbols))
  }

  /// Addresses of markers by symbol, at which the run stops.
  var stops: Set<UInt64> { markers.addresses }

  /// Whether the run has only come to a marker.
  func takes(_ end: RunEnd, _ board: borrowing Board, until others: Set<UInt64>) -> Bool {
    markers.take(end, oracle, board, until: others)
  }

  /// The run is to end.
  var endsRun: Bool { settings.oracle == .stop && oracle.hasViolation }

  /// Exit status that it asks for, or nil.
  var status: Int32? { settings.status(oracle) }

  /// What was counted.
  var event: OracleEvent { OracleEvent(oracle.counters) }

  /// What the nested-EPT observer has counted.
  var nestedEvent: NestedCountersEvent? { oracle.nestedCounters.map(NestedCountersEvent.init) }

  /// Lines at the end, for people.
  var lines: [String] { settings.lines(oracle) }
}

extension OracleSettings {
  /// `--oracle-marker`.
  func markers() throws -> [Marker] {
    try oracleMarker.map { text in
      guard let marker = Marker(text) else {
        throw Misuse("--oracle-marker: '\(text)' is no port, no symbol:NAME and not hypercall")
      }
      return marker
    }
  }

  /// The same where runs are a person's, who goes back and forth: ports only.
  func ports() throws -> [UInt16] {
    try markers().map { marker in
      guard case .port(let port) = marker else {
        throw Misuse("monitor: --oracle-marker takes a port; markers by symbol or hypercall are for run and suite")
      }
      return port
    }
  }

  /// Whether all of them can be used; said before any file is opened for writing.
  func check(_ symbols: SymbolIndex) throws {
    for case .symbol(let name) in try markers() where symbols.address(of: name) == nil {
      throw Misuse("--oracle-marker: there is no symbol '\(name)'")
    }
    _ = try nesting()
    _ = try suppressions()
  }

  /// `--observer` and what goes with it.
  func nesting() throws -> Nesting? {
    let own = try observerOwn.map { text in
      guard let address = Hexadecimal.number(text) else {
        throw Misuse("--observer-own: '\(text)' is no hexadecimal address")
      }
      return address
    }
    let mistake = try observerMistake.map { text in
      guard let mistake = NestedMistake(rawValue: text) else {
        throw Misuse("--observer-mistake: there are \(NestedMistake.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return mistake
    }
    return observer == .on ? Nesting(own: Set(own), mistake: mistake) : nil
  }

  /// `--oracle-suppress`.
  func suppressions() throws -> Suppressions {
    guard let oracleSuppress else { return Suppressions() }
    let text = String(decoding: try ImageFile.read(oracleSuppress, limit: 1 << 20), as: UTF8.self)
    do { return try Suppressions(text: text) } catch { throw Misuse("--oracle-suppress: \(oracleSuppress): \(error)") }
  }
}
