import ArgumentParser
import CPU
import Foundation
import Logging
import Machine
import Monitor

/// One run of one image, from options to exit status.
struct Run {
  let machine: MachineSettings
  let settings: RunSettings
  let oracleSettings: OracleSettings
  let log: Logger

  init(machine: MachineSettings, settings: RunSettings, oracle: OracleSettings) throws {
    oracleSettings = oracle
    self.machine = machine
    self.settings = settings
    log = try settings.logger()
  }

  /// What is printed and written while a machine runs.
  final class Outputs {
    var sink: SerialSink?
    var serial: SerialEvents?
    var events: EventStream?
    var progress: Progress?
    var trace: Trace?
    var debug: DebugPort?
    var screenshot: TextOutput?

    func take(_ byte: UInt8, at cycle: UInt64) {
      if sink?.isTerminal == true { progress?.clear() }
      sink?.take(byte)
      serial?.take(byte, at: cycle)
      progress?.take(byte)
    }

    func flush() {
      progress?.clear()
      sink?.flush()
      serial?.flush()
      debug?.sink?.flush()
    }
  }

  /// Runs an image and throws the exit status.
  func run(_ source: BootSource) throws {
    var options = try machine.options()
    source.prepare(&options)
    let outputs = Outputs()
    outputs.debug = try settings.tap(into: &options, machine)
    let condition = try settings.until.map(Condition.init)
    let limits = try limits(condition)
    let timeout = try timeout()
    let walks = try settings.walk.map { try WalkPlace($0, processors: options.processors) }
    let window = try traceWindow()
    let isEndedByReset = try machine.isOn(settings.noReboot, "no-reboot")
    let symbols = try Symbols(images: source.files, paths: settings.symbols)
    var watch: SerialWatch?
    if case .serial(let regex)? = condition { watch = SerialWatch(regex) }
    let board = try Board(options, interruptFlag: HostSignals.flag) { byte, cycle in
      outputs.take(byte, at: cycle)
      return watch?.take(byte) ?? false
    }
    var stops: Set<UInt64> = []
    if case .symbol(let name)? = condition { stops.insert(try symbols.address(of: name)) }
    do { try source.image.load(into: board) } catch { throw Misuse("\(source.name): \(error)") }
    let place = try machine.value(settings.serial, "serial", default: "stdio")
    let configuration = try configuration(options, source, serial: place.text, isEndedByReset)
    if settings.printConfig {
      try SerialSink.check(place.text, from: place.from)
      print(try configuration.machineFile(), terminator: "")
      return
    }
    try oracleSettings.check(symbols.table)
    try open(outputs, serial: place, window)
    outputs.trace?.attach(board.processors)
    let oracle = try RunOracle(board, oracleSettings, symbols: symbols.table)
    board.stop(at: ExecutionStops(linear: stops.union(oracle?.stops ?? [])))
    oracle?.tell = { lines, event in
      outputs.flush()
      for line in lines { StandardError.line(line) }
      outputs.events?.send(event)
    }
    outputs.events?.send(Event.Start(configuration: configuration.byName))
    HostSignals.install(timeout: timeout)
    notice()
    let observer =
      outputs.trace == nil && outputs.progress == nil && oracleSettings.oracle != .stop
      ? nil : RunWatch(trace: outputs.trace, progress: outputs.progress, oracle: oracle)
    var end = board.run(limits, observer: observer)
    while true {
      if watch?.isMet != true, oracle?.takes(end, board, until: stops) == true {
        end = board.run(limits, observer: observer)
        continue
      }
      guard end == .reset && !isEndedByReset else { break }
      let cycle = board.processor.state.pointee.cycles
      outputs.progress?.clear()
      log.info("the guest reset the machine at cycle \(cycle)")
      outputs.serial?.flush()
      outputs.events?.send(Event.Reset(cycle: cycle))
      board.reset()
      do { try source.image.load(into: board) } catch { throw Misuse("\(source.name): \(error)") }
      end = board.run(limits, observer: observer)
    }
    outputs.flush()
    if !board.saveDisks() { log.error("--writable: what the guest wrote could not be saved whole") }
    if settings.screen { show(screen: board.screen) }
    picture(board, outputs.screenshot)
    if outputs.trace?.finish() == false { log.warning("--trace: the file could not be written whole") }
    let signal = end == .interrupted && HostSignals.last != SIGALRM ? HostSignals.last : nil
    let own = status(end, condition)
    let status = own == ExitStatus.misuse ? own : oracle?.status ?? own
    for line in oracle?.lines ?? [] { StandardError.line(line) }
    if let oracle { outputs.events?.send(oracle.event) }
    if let nested = oracle?.nestedEvent { outputs.events?.send(nested) }
    report(end, board, options, isEndedByReset)
    send(end, board, outputs.events, status: signal == nil ? status : nil, signal: signal)
    show(walks, board, outputs.events)
    if let signal { HostSignals.raiseAgain(signal) }
    throw ExitCode(status)
  }

  /// `--screenshot`.
  func picture(_ board: borrowing Board, _ file: TextOutput?) {
    guard let file else { return }
    guard let picture = board.picture else { return say("--screenshot: the machine shows no picture") }
    file.add(picture.png)
    file.flush()
    if file.hasFailed { log.error("--screenshot: the file could not be written whole") }
  }

  /// The text screen, on standard error.
  func show(screen: [String]?) {
    guard var lines = screen else { return say("--screen: the machine shows no text") }
    while lines.last?.isEmpty == true { lines.removeLast() }
    for line in lines { StandardError.line(line) }
  }

  /// What the options say that has no effect.
  func notice() {
    if let file = machine.bochsrc, let ignored = try? Bochsrc(file).ignored, !ignored.isEmpty {
      note("\(file): without meaning here: \(ignored.joined(separator: ", "))")
    }
  }

  // MARK: Options

  func limits(_ condition: Condition?) throws -> RunLimits {
    var limits = RunLimits()
    limits.cycles = try number(settings.maxCycles, "--max-cycles")
    limits.instructions = try number(settings.maxInstructions, "--max-instructions")
    if case .cycle(let cycle)? = condition { limits.untilCycle = cycle }
    return limits
  }

  func timeout() throws -> Double? {
    guard let text = settings.timeout else { return nil }
    guard let seconds = Double(text), seconds > 0, seconds <= 1_000_000 else {
      throw Misuse("--timeout: '\(text)' is no number of seconds")
    }
    return seconds
  }

  private func number(_ text: String?, _ option: String) throws -> UInt64? {
    guard let text else { return nil }
    guard let value = UInt64(text), value > 0 else { throw Misuse("\(option): '\(text)' is no number above 0") }
    return value
  }

  private func traceWindow() throws -> Trace.Window {
    var window = Trace.Window()
    for (text, option) in [(settings.traceFrom, "--trace-from"), (settings.traceCount, "--trace-count")] {
      guard let text else { continue }
      guard settings.trace != nil else { throw Misuse("\(option) goes with --trace FILE") }
      guard let number = UInt64(text) else { throw Misuse("\(option): '\(text)' is no number") }
      if option == "--trace-from" { window.from = number } else { window.count = number }
    }
    return window
  }

  func configuration(
    _ options: BoardOptions, _ source: BootSource, serial: String, _ isEndedByReset: Bool
  ) throws -> Configuration {
    var configuration = Configuration(options)
    for (name, texts) in source.settings {
      if MachineFile.lists.contains(name) {
        configuration.add(name, texts)
      } else {
        configuration.add(name, texts.first)
      }
    }
    let registers = try machine.value(machine.msr, "msr", default: "").text
    configuration.add("msr", registers.isEmpty ? nil : registers)
    configuration.add("serial", serial)
    for (flag, name) in [(settings.postPort, "post-port"), (settings.debugPort, "debug-port")] {
      let setting = try machine.value(flag, name, default: "")
      configuration.add(name, setting.text.isEmpty ? nil : setting.text)
    }
    configuration.add("no-reboot", isEndedByReset ? "true" : nil)
    return configuration
  }

  /// Opens files last, so that no misuse empties one.
  private func open(_ outputs: Outputs, serial place: (text: String, from: String), _ window: Trace.Window) throws {
    if settings.json {
      let events = EventStream()
      outputs.events = events
      if place.text == "stdio" { outputs.serial = SerialEvents(events) }
    }
    if outputs.serial == nil { outputs.sink = try SerialSink(place.text, from: place.from) }
    try outputs.debug?.open()
    if let path = settings.screenshot { outputs.screenshot = try TextOutput(path, option: "--screenshot") }
    if let path = settings.trace { outputs.trace = try Trace(path, window) }
    if !settings.quiet { outputs.progress = Progress() }
  }

  // MARK: The end

  /// If several statuses hold: 10, 2, 8, F4h, 0, 6, 4.
  private func status(_ end: RunEnd, _ condition: Condition?) -> Int32 {
    let isMet: Bool
    switch (end, condition) {
    case (.conditionMet, _), (_, nil): isMet = true
    case (.guestExit, .exit?), (.poweredOff, .exit?), (.reset, .exit?), (.haltedForEver, .haltedForEver?): isMet = true
    default: isMet = false
    }
    switch end {
    case .refused: return ExitStatus.misuse
    case .conditionMet: return ExitStatus.success
    case .poweredOff, .reset: return isMet ? ExitStatus.success : ExitStatus.expectation
    case .guestExit(let code): return isMet ? Int32(code) : ExitStatus.expectation
    case .haltedForEver:
      if condition == nil { return ExitStatus.guestDied }
      return isMet ? ExitStatus.success : ExitStatus.expectation
    case .shutdown: return isMet ? ExitStatus.guestDied : ExitStatus.expectation
    case .observerStopped: return ExitStatus.expectation
    case .cycleLimit, .instructionLimit, .interrupted: return ExitStatus.limit
    }
  }

  /// Events of the end.
  private func send(_ end: RunEnd, _ board: borrowing Board, _ events: EventStream?, status: Int32?, signal: Int32?) {
    guard let events else { return }
    let (reason, detail) = Run.words(end, board.processor)
    let processors = board.processors.enumerated().map { number, processor in
      let state = processor.state.pointee
      return Event.End.Processor(
        number: number, rip: hex(state.rip), cycles: state.cycles, instructions: state.instructions)
    }
    events.send(Event.End(reason: reason, detail: detail, status: status, signal: signal, processors: processors))
    if settings.hash, end != .interrupted { events.send(Event.Hash(hash: board.hash())) }
  }

  /// An end as `--json` names it, and what is to be said about it.
  private static func words(_ end: RunEnd, _ processor: Processor) -> (reason: String, detail: String?) {
    switch end {
    case .conditionMet: ("condition", nil)
    case .guestExit(let code): ("guest-exit", "\(code)")
    case .poweredOff: ("power-off", nil)
    case .reset: ("reset", nil)
    case .haltedForEver: ("halted", nil)
    case .shutdown: ("shutdown", nil)
    case .observerStopped: ("violation", nil)
    case .cycleLimit: ("max-cycles", nil)
    case .instructionLimit: ("max-instructions", nil)
    case .interrupted: (HostSignals.last == SIGALRM ? "timeout" : "signal", nil)
    case .refused(let refusal): ("refused", text(refusal, at: processor.state.pointee.rip))
    }
  }

  /// `--walk`: on standard error, or as events.
  func show(_ walks: [WalkPlace], _ board: borrowing Board, _ events: EventStream?) {
    for walk in walks {
      for (number, processor) in board.processors.enumerated() where walk.processor ?? number == number {
        let report = WalkReport(walk.address, processor, number: number)
        if let events {
          events.send(report)
        } else {
          for line in report.lines { StandardError.line(line) }
        }
      }
    }
  }

  // MARK: Reports, on standard error

  private func report(_ end: RunEnd, _ board: borrowing Board, _ options: BoardOptions, _ isEndedByReset: Bool) {
    let state = board.processor.state.pointee
    // Of all processors; of time, that of the one that has come farthest.
    let instructions = board.processors.reduce(0 as UInt64) { $0 &+ $1.state.pointee.instructions }
    let cycles = board.processors.reduce(0) { max($0, $1.state.pointee.cycles) }
    let place = "at RIP \(hex(state.rip))h after \(instructions) instructions, \(cycles) cycles"
    switch end {
    case .conditionMet: note("the condition was met \(place)")
    case .guestExit(let code): note("the guest ended the machine with status \(code) \(place)")
    case .poweredOff: note("the guest switched the machine off \(place)")
    case .reset: note("the guest reset the machine \(place)")
    case .haltedForEver: note("HLT for ever \(place)")
    case .shutdown: note("a triple fault: the processor is in the shutdown state, \(place)")
    case .observerStopped: note("the oracle has seen a violation \(place)")
    case .cycleLimit: note("--max-cycles was reached \(place)")
    case .instructionLimit: note("--max-instructions was reached \(place)")
    case .interrupted:
      note("stopped from outside \(place)")
      if board.processors.count > 1 { noteProcessors(board) }
    case .refused(let refusal): say("\(Run.text(refusal, at: state.rip)), \(place); see docs/COVERAGE.md")
    }
    let cache = board.processor.translation.cache
    log.info("TLB: \(cache.count) entries, \(cache.evictions) evicted")
    guard settings.hash, end != .interrupted else { return }
    reportHash(board, options)
  }

  /// Where each processor is.
  private func noteProcessors(_ board: borrowing Board) {
    for (number, processor) in board.processors.enumerated() {
      let state = processor.state.pointee
      let mode = processor.isGuest ? ", in non-root operation" : ""
      let waits = processor.isReady ? "" : ", waiting"
      note(
        "cpu\(number) at RIP \(hex(state.rip))h after \(state.instructions) instructions, \(state.cycles) cycles"
          + mode + waits)
    }
  }

  /// `--hash`, with what it depends on.
  func reportHash(_ board: borrowing Board, _ options: BoardOptions) {
    let instructions = board.processors.reduce(0 as UInt64) { $0 &+ $1.state.pointee.instructions }
    let cycles = board.processors.reduce(0) { max($0, $1.state.pointee.cycles) }
    let masks = options.cpuidMasks.map { "cpuid \($0), " }.joined()
    let seed = options.randomSeed == 0 ? "" : "random seed \(options.randomSeed), "
    let registers = options.addedRegisters.isEmpty ? "" : "\(options.addedRegisters.count) MSRs added, "
    let others = options.ignoresUnknownRegisters ? "unknown MSRs ignored, " : ""
    let keys = options.typing.map { "keys \($0.text), " }.joined()
    say(
      "hash \(board.hash()) (cpus \(options.processors), clock \(options.clock), quantum \(options.quantum), "
        + "memory \(MachineSettings.text(options.memory)), model \(options.model), \(masks)tlb \(options.policy.name), "
        + "timing \(options.timing), \(seed)\(registers)\(others)\(keys)instructions \(instructions), cycles \(cycles))"
    )
  }

  /// What is not built; an instruction as Capstone writes it.
  private static func text(_ refusal: Refusal, at rip: UInt64) -> String {
    guard case .instruction(_, let bytes) = refusal, let disassembler = Disassembler(),
      let instruction = disassembler.first(bytes, at: rip)
    else { return refusal.description }
    return "the instruction '\(instruction.text)' is not built"
  }

  func note(_ text: String) { log.notice("\(text)") }

  /// What no level silences.
  func say(_ text: String) { log.critical("\(text)") }

  private func hex(_ value: UInt64) -> String { Hexadecimal.text(value) }
}
