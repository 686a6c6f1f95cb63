import CPU
import EPTTLB
import Machine

/// What a scenario's machine is made of; the command line finds images and options.
public struct ScenarioMachine: Sendable {
  /// The machine.
  public var options: BoardOptions
  /// What it is started with.
  public let image: BootImage
  /// Names for addresses.
  public let symbols: SymbolIndex
  /// The schedule that holds its processors up.
  public let schedule: Schedule?
  /// Violations that are not to be told of.
  public let suppressions: Suppressions

  /// A machine.
  public init(
    options: BoardOptions, image: BootImage, symbols: SymbolIndex, schedule: Schedule?,
    suppressions: Suppressions = Suppressions()
  ) {
    self.suppressions = suppressions
    self.options = options
    self.image = image
    self.symbols = symbols
    self.schedule = schedule
  }
}

/// What came of a scenario under one policy.
public struct ScenarioResult: Sendable {
  /// The scenario's name, and the policy's.
  public let name, policy: String
  /// Expectations that do not hold, each in a line; none: it passed.
  public let failures: [String]
  /// Lines of the oracle's reports.
  public let report: [String]
  /// The hash of the machine's state at the end.
  public let hash: String
  /// Serial text.
  public let serial: [UInt8]
  /// The clock of the bootstrap processor at the end.
  public let cycles: UInt64
}

extension Scenario {
  /// Runs it under one policy, on the thread that calls.
  ///
  /// - Parameter report: takes each violation, beside the result's lines.
  public func run(
    on machine: ScenarioMachine, policy: RetentionPolicy?, report: ((Violation) -> Void)? = nil
  ) -> ScenarioResult {
    var options = machine.options
    if let policy { options.policy = policy }
    func failed(_ text: String) -> ScenarioResult {
      ScenarioResult(
        name: name, policy: options.policy.name, failures: [text], report: [], hash: "", serial: [], cycles: 0)
    }
    let serial = SerialText(until: until)
    do {
      try serial.compile()
      let board = try Board(options, serial: { serial.take($0) })
      try machine.image.load(into: board)
      let oracle = Oracle(board)
      let outcome = Outcome()
      oracle.report = { violation in
        report?(violation)
        outcome.lines += ViolationReport(violation, symbols: machine.symbols).lines
        outcome.verdict = max(outcome.verdict ?? violation.verdict, violation.verdict)
      }
      oracle.reportNested = { outcome.lines += NestedReport($0, symbols: machine.symbols).lines }
      oracle.suppressions = (machine.suppressions, machine.symbols)
      oracle.nesting = nesting
      let markers = try Markers(markers, oracle, board, machine.symbols)
      board.stop(at: ExecutionStops(linear: markers.addresses))
      let scheduled = ScheduledRun(machine.schedule ?? Schedule([]), window: window)
      oracle.points = { [unowned scheduled] in scheduled.came(to: $0, $1) }
      var limits = RunLimits()
      limits.cycles = maximumCycles
      limits.instructions = maximumInstructions
      var end = board.run(limits, observer: scheduled)
      while true {
        if end == .reset {
          board.reset()
          try machine.image.load(into: board)
        } else if serial.isMet || !markers.take(end, oracle, board) {
          break
        }
        end = board.run(limits, observer: scheduled)
      }
      if serial.isMet, after > 0 {
        limits.instructions = board.processors.reduce(after) { $0 &+ $1.state.pointee.instructions }
        repeat { end = board.run(limits, observer: scheduled) } while markers.take(end, oracle, board)
        if end == .instructionLimit { end = .conditionMet }
      }
      let hash = board.hash()
      outcome.lines += (oracle.nestedCounters?.lines ?? []) + oracle.suppressedLines
      return ScenarioResult(
        name: name, policy: options.policy.name,
        failures: try failures(end, serial, oracle, outcome, hash, undone: scheduled.undone)
          + expectations.memory.compactMap { $0.failure(board.memory) },
        report: outcome.lines, hash: hash,
        serial: serial.bytes, cycles: board.processor.state.pointee.cycles)
    } catch {
      return failed("\(error)")
    }
  }

  private final class Outcome {
    var lines: [String] = []
    var verdict: Verdict?
  }

  private func failures(
    _ end: RunEnd, _ serial: SerialText, _ oracle: Oracle, _ outcome: Outcome, _ hash: String, undone: Int
  ) throws -> [String] {
    // A state's hash says how the run ended, whatever that was.
    let isExact = expectations.hash != nil
    var failures: [String] = []
    if case .refused(let refusal) = end { failures.append("the run was refused: \(refusal.description)") }
    if !isExact {
      if end == .cycleLimit { failures.append("max-cycles was reached") }
      if end == .instructionLimit { failures.append("max-instructions was reached") }
      if let until, !serial.isMet { failures.append("no line of serial text matched '\(until)', which ends the run") }
      if undone > 0 { failures.append("\(undone) preemptions of the schedule were never come to") }
    }
    if oracle.hasImpossible { failures.append("the oracle has seen something impossible: a fault of Shootdown's own") }
    if let status = expectations.status {
      if case .guestExit(let code) = end, Int(code) == status {
      } else {
        failures.append("status \(status) was expected, the machine ended with: \(end)")
      }
    }
    for pattern in expectations.serial where try !serial.hasLine(matching: pattern) {
      failures.append("no line of serial text matches '\(pattern)'")
    }
    for pattern in expectations.notSerial where try serial.hasLine(matching: pattern) {
      failures.append("a line of serial text matches '\(pattern)'")
    }
    for line in expectations.lines {
      if let failure = line.failure(try serial.lines(matching: line.pattern)) { failures.append(failure) }
    }
    if let isExpected = expectations.violations, isExpected != oracle.hasViolation {
      failures.append(isExpected ? "a violation was expected, and there is none" : "there is a violation")
    }
    if let verdict = expectations.verdict, verdict != outcome.verdict {
      failures.append("verdict \(verdict.rawValue) was expected, it is \(outcome.verdict?.rawValue ?? "none")")
    }
    for text in expectations.report where !outcome.lines.contains(where: { $0.contains(text) }) {
      failures.append("no line of a report has '\(text)'")
    }
    failures += expectations.counts.compactMap { $0.failure(oracle.counters, oracle.nestedCounters) }
    if let expected = expectations.hash, expected != hash {
      failures.append("hash \(expected) was expected, it is \(hash)")
    }
    return failures
  }
}

/// Serial text of a run, by lines, and the expression that ends it.
private final class SerialText {
  private static let limit = 4 << 20
  private(set) var bytes: [UInt8] = []
  /// The line that ends the run has come.
  private(set) var isMet = false
  private var lineStart = 0
  private let until: String?
  private var regex: Regex<AnyRegexOutput>?

  init(until: String?) { self.until = until }

  /// Makes the expression of what was written.
  func compile() throws {
    guard let until else { return }
    regex = try SerialText.expression(until)
  }

  /// Takes a byte; whether the line so far ends the run: one line does, and only once.
  func take(_ byte: UInt8) -> Bool {
    guard bytes.count < SerialText.limit else { return false }
    bytes.append(byte)
    if byte == UInt8(ascii: "\n") {
      lineStart = bytes.count
      return false
    }
    guard let regex, !isMet else { return false }
    isMet = String(decoding: bytes[lineStart...], as: UTF8.self).firstMatch(of: regex) != nil
    return isMet
  }

  /// Whether a line matches an expression.
  func hasLine(matching pattern: String) throws -> Bool { try lines(matching: pattern) > 0 }

  /// How many lines match an expression.
  func lines(matching pattern: String) throws -> Int {
    let regex = try SerialText.expression(pattern)
    return bytes.split(separator: UInt8(ascii: "\n")).count {
      String(decoding: $0, as: UTF8.self).firstMatch(of: regex) != nil
    }
  }

  private static func expression(_ pattern: String) throws -> Regex<AnyRegexOutput> {
    do { return try Regex(pattern) } catch {
      throw Scenario.Failure("'\(pattern)' is no regular expression")
    }
  }
}
