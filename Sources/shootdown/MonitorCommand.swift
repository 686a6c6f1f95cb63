import ArgumentParser
import Foundation
import Machine
import Monitor

/// `shootdown monitor`: a person at a machine.
struct MonitorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "monitor",
    abstract: "Run a machine step by step: breakpoints, state, memory, translations.",
    usage: "shootdown monitor <options>",
    discussion: """
      Commands come from the terminal, edited by Readline, or from standard input when that is no terminal; 'help' lists \
      them, docs/MONITOR.md has an example of each.

      Options are those of 'run'. --until runs the machine to there before the first command; --oracle stop sets 'catch \
      verdict'; --timeout ends the session; --screen, --walk, --hash, --oracle-cost and --writable are about the moment \
      at which it ends. Refused are --json, because what is said here is for people, and --trace, because going back would \
      trace everything twice: 'trace KIND to FILE' does not.
      """)

  @OptionGroup var command: RunCommand

  @Option(
    name: .customLong("command"),
    help: ArgumentHelp("A file of monitor commands that come first; repeatable.", valueName: "file"))
  var scripts: [String] = []

  @Option(help: ArgumentHelp("Memory for snapshots that lead back, as 512M or 2G (default 1G).", valueName: "size"))
  var history = "1G"

  @Option(help: ArgumentHelp("A guest that comes with it, in place of --kernel.", valueName: "name"))
  var guest: String?

  func run() throws {
    guard let bytes = MachineSettings.bytes(history).flatMap({ Int(exactly: $0) }) else {
      throw Misuse("--history: '\(history)' is no size like 512M or 2G")
    }
    let settings = command.settings
    for (isSet, option, reason) in [
      (settings.json, "--json", "what is said here is for people; 'run --json' is for programs"),
      (settings.trace != nil, "--trace", "'trace KIND to FILE' leaves out what going back repeats"),
      (settings.traceFrom != nil, "--trace-from", "it goes with --trace"),
      (settings.traceCount != nil, "--trace-count", "it goes with --trace"),
    ] where isSet {
      throw Misuse("monitor: \(option) goes with 'run': \(reason)")
    }
    let run = try Run(machine: command.machine, settings: settings, oracle: command.oracle)
    let source = try guest.map { try BootSource(guest: $0, append: command.append) } ?? command.source()
    try run.monitor(source, scripts: scripts, historyBudget: bytes)
  }
}

extension Run {
  /// Text that a run is to go to first: seen once.
  private final class Aim {
    var watch: SerialWatch?
    private var isReached = false

    init(_ condition: Condition?) { if case .serial(let regex)? = condition { watch = SerialWatch(regex) } }

    /// Takes a byte; whether the run is to end.
    func take(_ byte: UInt8) -> Bool {
      guard watch?.take(byte) == true else { return false }
      (watch, isReached) = (nil, true)
      return true
    }

    /// Whether it was reached; takes it back.
    func takeReached() -> Bool {
      defer { isReached = false }
      return isReached
    }
  }

  /// Has a person run an image, and throws the exit status.
  func monitor(_ source: BootSource, scripts: [String], historyBudget: Int) throws {
    var options = try machine.options()
    source.prepare(&options)
    let outputs = Outputs()
    outputs.debug = try settings.tap(into: &options, machine)
    let condition = try settings.until.map(Condition.init)
    let limits = try limits(nil)
    let timeout = try timeout()
    let walks = try settings.walk.map { try WalkPlace($0, processors: options.processors) }
    let isEndedByReset = try machine.isOn(settings.noReboot, "no-reboot")
    let symbols = try Symbols(images: source.files, paths: settings.symbols)
    let markers = try oracleSettings.ports()
    let suppressions = try oracleSettings.suppressions()
    let gate = SerialGate()
    if let post = options.post {
      options.post = { byte in if !gate.isClosed { post(byte) } }
    }
    if let debug = options.debug {
      options.debug = { byte in if !gate.isClosed { debug(byte) } }
    }
    let aim = Aim(condition)
    let board = try Board(options, interruptFlag: HostSignals.flag) { byte, cycle in
      guard !gate.isClosed else { return false }
      outputs.take(byte, at: cycle)
      return aim.take(byte)
    }
    do { try source.image.load(into: board) } catch { throw Misuse("\(source.name): \(error)") }
    let place = try machine.value(settings.serial, "serial", default: "stdio")
    if settings.printConfig {
      try SerialSink.check(place.text, from: place.from)
      print(try configuration(options, source, serial: place.text, isEndedByReset).machineFile(), terminator: "")
      return
    }
    outputs.sink = try SerialSink(place.text, from: place.from)
    try outputs.debug?.open()
    HostSignals.install(timeout: timeout)
    let host = SessionHost(
      flag: HostSignals.flag, mustEnd: { HostSignals.mustEnd },
      write: { Descriptor.write(Array($0.utf8), to: STDOUT_FILENO) }, flushSerial: { outputs.sink?.endLine() },
      gate: gate, historyBudget: historyBudget, isAimReached: { aim.takeReached() },
      openText: { try TextOutput($0, option: "trace") })
    let session = try Session(
      board, boot: source.image, symbols: symbols.table, limits: limits, isEndedByReset: isEndedByReset,
      hasOracle: oracleSettings.oracle != .off, markers: markers, suppressions: suppressions,
      host: host)
    if oracleSettings.oracle == .stop { session.stopAtViolations() }
    if let line = try Run.command(to: condition, symbols) { session.carryOut(line) }
    for script in scripts { session.carryOut("source \"\(script)\"") }
    if session.exitCode == nil {
      if isatty(STDIN_FILENO) == 1 { session.run(ReadlineLines(session)) } else { session.run(PlainLines()) }
    }
    outputs.sink?.endLine()
    outputs.flush()
    if HostSignals.mustEnd, HostSignals.last != SIGALRM { HostSignals.raiseAgain(HostSignals.last) }
    throw ExitCode(try finish(session, walks, options))
  }

  /// The command that leads to where the machine is to be first.
  private static func command(to condition: Condition?, _ symbols: Symbols) throws -> String? {
    switch condition {
    case nil: nil
    case .cycle(let cycle)?: "goto \(cycle)"
    case .symbol(let name)?: "until \(try symbols.address(of: name))"
    case .serial?, .exit?, .haltedForEver?: "continue"
    }
  }

  /// What is said and saved at the end of a session, and its status.
  private func finish(_ session: Session, _ walks: [WalkPlace], _ options: BoardOptions) throws -> Int32 {
    HostSignals.flag.clear()
    do { try session.settle() } catch { log.error("the machine cannot be brought to where it was: \(error)") }
    if !session.board.saveDisks() { log.error("--writable: what the guest wrote could not be saved whole") }
    if settings.screen { show(screen: session.board.screen) }
    if let path = settings.screenshot { picture(session.board, try TextOutput(path, option: "--screenshot")) }
    show(walks, session.board, nil)
    if settings.hash { reportHash(session.board, options) }
    for line in session.oracle.map({ oracleSettings.lines($0) }) ?? [] { StandardError.line(line) }
    if HostSignals.mustEnd { return ExitStatus.limit }
    let status = session.oracle.flatMap { oracleSettings.status($0) }
    return status == ExitStatus.ownFault ? ExitStatus.ownFault : session.exitCode ?? status ?? 0
  }
}
