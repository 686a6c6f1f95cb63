import ArgumentParser
import Foundation
import Machine
import Monitor

/// `shootdown monitor`: a person at a machine.
struct MonitorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "monitor",
    abstract: "Run a machine step by step: breakpoints, state, memory, translations.",
    discussion: """
      Commands come from the terminal, edited by Readline, or from standard input when that is no terminal; 'help' lists \
      them, docs/MONITOR.md has an example of each.
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
    let run = try Run(machine: command.machine, settings: command.settings, oracle: command.oracle)
    let source = try guest.map { try BootSource(guest: $0, append: command.append) } ?? command.source()
    try run.monitor(source, scripts: scripts, historyBudget: bytes)
  }
}

extension Run {
  /// Has a person run an image, and throws the exit status.
  func monitor(_ source: BootSource, scripts: [String], historyBudget: Int) throws {
    for (isSet, option) in [
      (settings.json, "--json"), (settings.trace != nil, "--trace"), (settings.until != nil, "--until"),
      (settings.timeout != nil, "--timeout"), (settings.printConfig, "--print-config"), (settings.screen, "--screen"),
      (source.boot?.disks.contains(where: \.isWritable) == true, "--writable"),
    ] where isSet {
      throw Misuse("monitor: \(option) goes with 'run'")
    }
    var options = try machine.options()
    source.prepare(&options)
    let outputs = Outputs()
    outputs.debug = try settings.tap(into: &options, machine)
    let limits = try limits(nil)
    let isEndedByReset = try machine.isOn(settings.noReboot, "no-reboot")
    let symbols = SymbolTable()
    for file in try Symbols(images: source.files, paths: settings.symbols).files {
      try symbols.add(file.elf, offset: SymbolIndex.shift(of: file.elf, loadedAt: file.base))
    }
    let gate = SerialGate()
    if let post = options.post {
      options.post = { byte in if !gate.isClosed { post(byte) } }
    }
    if let debug = options.debug {
      options.debug = { byte in if !gate.isClosed { debug(byte) } }
    }
    let board = try Board(options, interruptFlag: HostSignals.flag) { byte, cycle in
      guard !gate.isClosed else { return false }
      outputs.take(byte, at: cycle)
      return false
    }
    do { try source.image.load(into: board) } catch { throw Misuse("\(source.name): \(error)") }
    let place = try machine.value(settings.serial, "serial", default: "stdio")
    outputs.sink = try SerialSink(place.text, from: place.from)
    try outputs.debug?.open()
    HostSignals.install(timeout: nil)
    let host = SessionHost(
      flag: HostSignals.flag, mustEnd: { HostSignals.mustEnd },
      write: { Descriptor.write(Array($0.utf8), to: STDOUT_FILENO) }, flushSerial: { outputs.sink?.endLine() },
      gate: gate, historyBudget: historyBudget)
    let session = try Session(
      board, boot: source.image, symbols: symbols, limits: limits, isEndedByReset: isEndedByReset, host: host)
    for script in scripts { session.carryOut("source \"\(script)\"") }
    if session.exitCode == nil {
      if isatty(STDIN_FILENO) == 1 { session.run(ReadlineLines(session)) } else { session.run(PlainLines()) }
    }
    outputs.flush()
    if HostSignals.mustEnd { HostSignals.raiseAgain(HostSignals.last) }
    throw ExitCode(session.exitCode ?? 0)
  }
}
