import ArgumentParser
import CPU
import Foundation
import Logging
import Machine
import Monitor

/// `shootdown run`: runs a machine until a condition.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a machine; COM1 is standard output.")

  @Option(
    help: ArgumentHelp(
      "A Multiboot image, or a flat one, entered in 64-bit mode at 100000h.", valueName: "file"))
  var kernel: String?

  @Option(
    help: ArgumentHelp("A Multiboot module, with its command line behind a space; repeatable.", valueName: "file"))
  var module: [String] = []

  @Option(help: ArgumentHelp("Command line of a Multiboot image.", valueName: "text"))
  var append: String?

  @Option(
    help: ArgumentHelp("Firmware: a raw ROM that ends at 4 GiB and is aliased below 1 MiB.", valueName: "file"))
  var bios: String?

  @OptionGroup var machine: MachineSettings
  @OptionGroup var settings: RunSettings

  func run() throws {
    let run = try Run(machine: machine, settings: settings)
    if let bios {
      guard kernel == nil else { throw Misuse("run: --bios and --kernel exclude each other") }
      guard module.isEmpty, append == nil else { throw Misuse("run: --module and --append go with --kernel") }
      return try run.run(.rom(try ImageFile.read(bios, limit: 16 << 20)), name: bios)
    }
    let setting = try machine.value(kernel, "kernel", default: "")
    guard !setting.text.isEmpty else { throw Misuse("run: --kernel FILE is missing") }
    let room = try machine.options().memory
    do {
      let bytes = try ImageFile.read(setting.text, limit: room)
      try run.run(try image(bytes, setting.text, room: room), name: setting.text)
    } catch let misuse as Misuse {
      throw setting.from.hasPrefix("--") ? misuse : Misuse("\(setting.from): \(misuse)")
    }
  }

  /// What the bytes of `--kernel` are.
  private func image(_ bytes: [UInt8], _ path: String, room: UInt64) throws -> BootImage {
    guard MultibootImage.isMultiboot(bytes) else {
      guard !ELF.isELF(bytes) else { throw Misuse("\(path): an ELF image without a Multiboot header") }
      guard module.isEmpty, append == nil else {
        throw Misuse("\(path): --module and --append go with Multiboot images")
      }
      return .flat(bytes)
    }
    let multiboot: MultibootImage
    do { multiboot = try MultibootImage.parse(bytes) } catch { throw Misuse("\(path): \(error)") }
    let modules = try module.map { text in
      let file = text.split(separator: " ", maxSplits: 1).first.map(String.init) ?? text
      return MultibootImage.Module(bytes: try ImageFile.read(file, limit: room), commandLine: text)
    }
    return .multiboot(
      multiboot, modules: modules, commandLine: ([path] + [append].compactMap(\.self)).joined(separator: " "))
  }
}

/// One run of one image, from options to exit status.
struct Run {
  let machine: MachineSettings
  let settings: RunSettings
  private let log: Logger

  init(machine: MachineSettings, settings: RunSettings) throws {
    self.machine = machine
    self.settings = settings
    log = try settings.logger()
  }

  /// Runs an image and throws the exit status.
  func run(_ image: BootImage, name: String) throws {
    var options = try machine.options()
    let debug = try settings.tap(into: &options)
    let condition = try settings.until.map(Condition.init)
    var limits = RunLimits()
    limits.cycles = try number(settings.maxCycles, "--max-cycles")
    limits.instructions = try number(settings.maxInstructions, "--max-instructions")
    if case .cycle(let cycle)? = condition { limits.untilCycle = cycle }
    var timeout: Double?
    if let text = settings.timeout {
      guard let seconds = Double(text), seconds > 0, seconds <= 1_000_000 else {
        throw Misuse("--timeout: '\(text)' is no number of seconds")
      }
      timeout = seconds
    }
    final class Output { var sink: SerialSink? }
    let output = Output()
    var watch: SerialWatch?
    if case .serial(let regex)? = condition { watch = SerialWatch(regex) }
    let board = try Board(options, interruptFlag: HostSignals.flag) { byte in
      output.sink?.take(byte)
      return watch?.take(byte) ?? false
    }
    do { try image.load(into: board) } catch { throw Misuse("\(name): \(error)") }
    // Last, so that no misuse empties a file.
    let place = try machine.value(settings.serial, "serial", default: "stdio")
    let sink = try SerialSink(place.text, from: place.from)
    output.sink = sink
    HostSignals.install(timeout: timeout)
    var end = board.run(limits)
    while end == .reset && !settings.noReboot {
      log.info("the guest reset the machine at cycle \(board.processor.state.pointee.cycles)")
      board.reset()
      do { try image.load(into: board) } catch { throw Misuse("\(name): \(error)") }
      end = board.run(limits)
    }
    sink.flush()
    debug?.flush()
    report(end, board, options)
    if end == .interrupted && HostSignals.last != SIGALRM { HostSignals.raiseAgain(HostSignals.last) }
    throw ExitCode(status(end, condition))
  }

  private func number(_ text: String?, _ option: String) throws -> UInt64? {
    guard let text else { return nil }
    guard let value = UInt64(text), value > 0 else { throw Misuse("\(option): '\(text)' is no number above 0") }
    return value
  }

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
    case .cycleLimit, .instructionLimit, .interrupted: return ExitStatus.limit
    }
  }

  // MARK: Reports, on standard error

  private func report(_ end: RunEnd, _ board: borrowing Board, _ options: BoardOptions) {
    let state = board.processor.state.pointee
    let place =
      "at RIP \(hex(state.rip))h after \(state.instructions) instructions, \(state.cycles) cycles"
    switch end {
    case .conditionMet: note("the condition was met \(place)")
    case .guestExit(let code): note("the guest ended the machine with status \(code) \(place)")
    case .poweredOff: note("the guest switched the machine off \(place)")
    case .reset: note("the guest reset the machine \(place)")
    case .haltedForEver: note("HLT for ever \(place)")
    case .shutdown: note("a triple fault: the processor is in the shutdown state, \(place)")
    case .cycleLimit: note("--max-cycles was reached \(place)")
    case .instructionLimit: note("--max-instructions was reached \(place)")
    case .interrupted: note("stopped from outside \(place)")
    case .refused(let refusal):
      var text = refusal.description
      if case .instruction(_, let bytes) = refusal, let disassembler = Disassembler(),
        let instruction = disassembler.first(bytes, at: state.rip)
      {
        text = "the instruction '\(instruction.text)' is not built"
      }
      say("\(text), \(place); see docs/COVERAGE.md")
    }
    let cache = board.processor.translation.cache
    log.info("TLB: \(cache.count) entries, \(cache.evictions) evicted")
    guard settings.hash, end != .interrupted else { return }
    let masks = options.cpuidMasks.map { "cpuid \($0), " }.joined()
    let seed = options.randomSeed == 0 ? "" : "random seed \(options.randomSeed), "
    say(
      "hash \(board.hash()) (cpus \(options.processors), clock \(options.clock), quantum \(options.quantum), "
        + "memory \(MachineSettings.text(options.memory)), model \(options.model), \(masks)tlb \(options.policy.name), timing \(options.timing), \(seed)instructions \(state.instructions), cycles \(state.cycles))"
    )
  }

  private func note(_ text: String) { log.notice("\(text)") }

  /// What no level silences.
  private func say(_ text: String) { log.critical("\(text)") }

  private func hex(_ value: UInt64) -> String { String(value, radix: 16) }
}
