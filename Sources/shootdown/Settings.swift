import ArgumentParser
import CPU
import EPTTLB
import Foundation
import Logging
import Machine

/// Options that make a machine: a flag goes before `SHOOTDOWN_*` in the environment, that before the default.
struct MachineSettings: ParsableArguments {
  @Option(help: ArgumentHelp("Settings in YAML; flags and SHOOTDOWN_* go before it.", valueName: "file"))
  var machine: String?

  @Option(help: ArgumentHelp("Settings in a bochsrc; all others go before it (docs/USING.md).", valueName: "file"))
  var bochsrc: String?

  @Option(help: ArgumentHelp("RAM, as 64M or 2G (default 512M; SHOOTDOWN_MEMORY).", valueName: "size"))
  var memory: String?

  @Option(help: ArgumentHelp("Processors, 1-64 (default 1; SHOOTDOWN_CPUS).", valueName: "n"))
  var cpus: String?

  @Option(help: ArgumentHelp("Cycles in a second of guest time (default 100000000; SHOOTDOWN_CLOCK).", valueName: "hz"))
  var clock: String?

  @Option(
    help: ArgumentHelp(
      """
      Cycles by which a processor may pass the next one; 1 interleaves every instruction \
      (default 2000; SHOOTDOWN_QUANTUM).
      """,
      valueName: "cycles"))
  var quantum: String?

  @Option(
    help: ArgumentHelp(
      "CPU model, of those that 'shootdown models list' names (default max; SHOOTDOWN_MODEL).", valueName: "name"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      """
      Takes features away: LEAF.REG=MASK or LEAF:SUBLEAF.REG=MASK, hexadecimal; repeatable, or a list with commas \
      (SHOOTDOWN_CPUID).
      """, valueName: "mask"))
  var cpuid: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      What the TLB keeps: retain, speculate:SEED, sandybridge, haswell, skylake, icelake, flush, random:SEED (default \
      retain; SHOOTDOWN_TLB).
      """, valueName: "policy"))
  var tlb: String?

  @Option(
    help: ArgumentHelp(
      "Cycle costs: unit, core2, sandybridge, haswell, skylake (default: the model's; SHOOTDOWN_TIMING).",
      valueName: "name"))
  var timing: String?

  @Option(
    help: ArgumentHelp(
      "Seed of RDRAND and RDSEED, a number (default 0; SHOOTDOWN_RANDOM_SEED).", valueName: "n"))
  var randomSeed: String?

  @Option(
    help: ArgumentHelp(
      "Model-specific registers that the model lacks, in the format of Bochs' msrs.def (SHOOTDOWN_MSR).",
      valueName: "file"))
  var msr: String?

  @Flag(
    help: "Unknown model-specific registers read as zero and take writes, rather than #GP (SHOOTDOWN_IGNORE_MSRS).")
  var ignoreMsrs = false

  @Option(
    help: ArgumentHelp(
      """
      Types on the keyboard: cycle:N=>TEXT, or serial:REGEX=>TEXT, with <Enter>, <F12>, <Ctrl-C>; repeatable \
      (docs/USING.md; SHOOTDOWN_KEYS).
      """, valueName: "when=>text"))
  var keys: [String] = []

  @Option(
    help: ArgumentHelp(
      "Instructions a decoded block holds at most, 1-32; for tests of ourselves: results do not depend on it.",
      valueName: "n"))
  var blockLimit: String?

  @Flag(help: "Every access goes the long way; for tests of ourselves: results do not depend on it.")
  var noHostPointers = false

  /// A setting's value, and where it was set: flag, environment, machine file, default.
  func value(_ flag: String?, _ name: String, default defaultValue: String) throws -> (text: String, from: String) {
    if let flag { return (flag, "--" + name) }
    let variable = MachineSettings.variable(name)
    if let value = ProcessInfo.processInfo.environment[variable] { return (value, variable) }
    for file in try files() {
      if let values = file.values[name] { return (values.joined(separator: ","), "\(file.path): \(name)") }
    }
    return (defaultValue, "--" + name)
  }

  /// The values of a setting that may have several: flags, lines of the environment, a list in the machine file.
  func values(_ flags: [String], _ name: String) throws -> [String] {
    if !flags.isEmpty { return flags }
    let variable = MachineSettings.variable(name)
    if let value = ProcessInfo.processInfo.environment[variable] {
      return value.split(whereSeparator: \.isNewline).map(String.init)
    }
    return try files().lazy.compactMap { $0.values[name] }.first ?? []
  }

  /// Files with settings, the one that goes before first.
  private func files() throws -> [(path: String, values: [String: [String]])] {
    let machineFile = try machine.map { try MachineFile($0) }.map { ($0.path, $0.values) }
    let bochs = try bochsrc.map { try Bochsrc($0) }.map { ($0.path, $0.values) }
    return [machineFile, bochs].compactMap(\.self)
  }

  /// Where a setting was set: 0 a flag, 1 the environment, 2 the machine file, 3 the bochsrc; nil: nowhere.
  func rank(_ flag: String?, _ name: String) throws -> Int? {
    if flag != nil { return 0 }
    if ProcessInfo.processInfo.environment[MachineSettings.variable(name)] != nil { return 1 }
    if let machine, try MachineFile(machine).values[name] != nil { return 2 }
    return try bochsrc.flatMap { try Bochsrc($0).values[name] } == nil ? nil : 3
  }

  /// A setting's variable in the environment.
  private static func variable(_ name: String) -> String {
    "SHOOTDOWN_" + name.uppercased().replacing("-", with: "_")
  }

  /// A setting that is true or false.
  func isOn(_ flag: Bool, _ name: String) throws -> Bool {
    let setting = try value(flag ? "true" : nil, name, default: "false")
    guard let isOn = Bool(setting.text) else { throw Misuse("\(setting.from): '\(setting.text)' is not true or false") }
    return isOn
  }

  /// The machine that these settings describe.
  func options() throws -> BoardOptions {
    var options = BoardOptions()
    let size = try value(memory, "memory", default: "512M")
    guard let bytes = MachineSettings.bytes(size.text) else {
      throw Misuse("\(size.from): '\(size.text)' is no size like 64M or 2G")
    }
    guard (2 << 20...64 << 30).contains(bytes) else { throw Misuse("\(size.from): memory is 2M to 64G") }
    options.memory = bytes
    let count = try value(cpus, "cpus", default: "1")
    guard let processors = Int(count.text), (1...64).contains(processors) else {
      throw Misuse("\(count.from): '\(count.text)' is not 1 to 64")
    }
    options.processors = processors
    options.clock = try positive(clock, "clock", default: options.clock)
    options.quantum = try positive(quantum, "quantum", default: options.quantum)
    options.cpuidMasks = try cpuidMasks()
    let name = try value(model, "model", default: options.model)
    guard let known = try CPUModel.named(name.text) else {
      throw Misuse("\(name.from): \(UnknownName(kind: "CPU model", name: name.text, known: try CPUModel.names()))")
    }
    options.model = known.name
    let policy = try value(tlb, "tlb", default: "retain")
    switch RetentionPolicy.named(policy.text) {
    case .success(let known): options.policy = known
    case .failure(let problem): throw Misuse("\(policy.from): \(problem)")
    }
    let costs = try value(timing, "timing", default: known.timing)
    guard TimingTable.names.contains(costs.text) else {
      throw Misuse("\(costs.from): \(UnknownName(kind: "timing", name: costs.text, known: TimingTable.names))")
    }
    options.timing = costs.text
    let seed = try value(randomSeed, "random-seed", default: "0")
    guard seed.text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = UInt64(seed.text) else {
      throw Misuse("\(seed.from): '\(seed.text)' is no number of 64 bits")
    }
    options.randomSeed = number
    options.addedRegisters = try addedRegisters()
    options.ignoresUnknownRegisters = try isOn(ignoreMsrs, "ignore-msrs")
    options.typing = try values(keys, "keys").map { text in
      do { return try TypedText(text) } catch { throw Misuse("\(keys.isEmpty ? "keys" : "--keys"): \(error)") }
    }
    if let text = blockLimit {
      guard let limit = Int(text), (1...32).contains(limit) else {
        throw Misuse("--block-limit: '\(text)' is not 1 to 32")
      }
      options.blockLimit = limit
    }
    options.usesHostPointers = !noHostPointers
    return options
  }

  /// The registers of `--msr`.
  private func addedRegisters() throws -> [AddedRegister] {
    let file = try value(msr, "msr", default: "")
    guard msr != nil || !file.text.isEmpty else { return [] }
    let text: String
    do {
      text = String(decoding: try ImageFile.read(file.text, limit: 1 << 20), as: UTF8.self)
    } catch let misuse as Misuse {
      throw Misuse("\(file.from): \(misuse)")
    }
    do { return try AddedRegister.parse(text) } catch { throw Misuse("\(file.from): \(file.text): \(error)") }
  }

  private func positive(_ flag: String?, _ name: String, default defaultValue: UInt64) throws -> UInt64 {
    let setting = try value(flag, name, default: String(defaultValue))
    guard let number = UInt64(setting.text), (1...1 << 40).contains(number) else {
      throw Misuse("\(setting.from): '\(setting.text)' is not 1 to \(1 << 40)")
    }
    return number
  }

  /// A size as `bytes` reads it.
  static func text(_ bytes: UInt64) -> String {
    bytes.isMultiple(of: 1 << 20) ? "\(bytes >> 20)M" : "\(bytes >> 10)K"
  }

  /// What `--cpuid` takes away, from flags or else from one setting.
  func cpuidMasks() throws -> [CPUIDMask] {
    let setting = try value(cpuid.isEmpty ? nil : cpuid.joined(separator: ","), "cpuid", default: "")
    guard !cpuid.isEmpty || !setting.text.isEmpty else { return [] }
    return try MachineSettings.cpuidMasks(setting.text, from: setting.from)
  }

  /// Masks of a list with commas.
  static func cpuidMasks(_ list: String, from: String) throws -> [CPUIDMask] {
    try list.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let mask = CPUIDMask(String(text)) else {
        throw Misuse("\(from): '\(text)' is not LEAF.REG=MASK in hexadecimal, as 7.EBX=80")
      }
      return mask
    }
  }

  /// Bytes of a size like 512M; nil when it is none or too large for 64 bits.
  static func bytes(_ text: String) -> UInt64? {
    let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    guard let last = text.last, let unit = units[Character(last.uppercased())] else { return nil }
    let digits = text.dropLast()
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = UInt64(digits) else {
      return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
    return overflow ? nil : bytes
  }
}

/// Options that end a run and say what it prints.
struct RunSettings: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "serial:REGEX, cycle:N, symbol:NAME, exit or hlt-all: the run's aim.", valueName: "condition"))
  var until: String?

  @Option(
    help: ArgumentHelp(
      "An ELF file with symbols, and where it is loaded if not where it was linked for; repeatable.",
      valueName: "file[@address]"))
  var symbols: [String] = []

  @Option(help: ArgumentHelp("Cycles after which the run is cut off.", valueName: "n"))
  var maxCycles: String?

  @Option(help: ArgumentHelp("Retired instructions after which the run is cut off.", valueName: "n"))
  var maxInstructions: String?

  @Option(
    help: ArgumentHelp("Seconds of host time after which the run is cut off; no hash is printed.", valueName: "s"))
  var timeout: String?

  @Flag(help: "Print a hash of the machine's state at the end, with what it depends on.")
  var hash = false

  @Flag(help: "Events in JSON on standard output, one a line, serial text among them: docs/JSON.md.")
  var json = false

  @Flag(
    help: "Print the machine, merged from flags, environment, machine file and defaults, as a machine file; no run.")
  var printConfig = false

  @Option(
    help: ArgumentHelp("Write each instruction and event to a file, as docs/TRACE.md has it.", valueName: "file"))
  var trace: String?

  @Option(help: ArgumentHelp("Cycle from which on to trace (default 0).", valueName: "cycle"))
  var traceFrom: String?

  @Option(
    help: ArgumentHelp("Instructions to trace (default: all); behind them, exceptions and interrupts.", valueName: "n"))
  var traceCount: String?

  @Option(
    help: ArgumentHelp(
      "Walk a hexadecimal linear address at the end, on one processor or all; repeatable.", valueName: "[cpuN:]address")
  )
  var walk: [String] = []

  @Flag(help: "Print the text screen at the end, on standard error.")
  var screen = false

  @Option(help: ArgumentHelp("Write the screen, text or graphics, to a PNG file at the end.", valueName: "file"))
  var screenshot: String?

  @Flag(help: "A reset ends the run, with status 0 (SHOOTDOWN_NO_REBOOT).")
  var noReboot = false

  @Option(help: ArgumentHelp("COM1: stdio (default), none or a file (SHOOTDOWN_SERIAL).", valueName: "where"))
  var serial: String?

  @Option(help: ArgumentHelp("Print bytes written to this port on standard error, as POST codes.", valueName: "port"))
  var postPort: String?

  @Option(help: ArgumentHelp("Keep bytes written to a port in a file.", valueName: "port:file"))
  var debugPort: String?

  @Flag(name: .shortAndLong, help: "No report on standard error unless something is wrong.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "More on standard error: --log-level info.")
  var verbose = false

  @Option(
    help: ArgumentHelp("trace, debug, info, notice (default), warning, error or critical.", valueName: "level"))
  var logLevel: String?

  /// A port's number as 190h, 0x190 or 400.
  static func port(_ text: String) -> UInt16? {
    if text.lowercased().hasSuffix("h") { return UInt16(text.dropLast(), radix: 16) }
    if text.lowercased().hasPrefix("0x") { return UInt16(text.dropFirst(2), radix: 16) }
    return UInt16(text)
  }

  /// Connects the POST and debug ports.
  ///
  /// - Returns: makes the file of the debug port, to be flushed at the end; not called before the run is about to begin.
  func tap(into options: inout BoardOptions, _ machine: MachineSettings) throws -> DebugPort? {
    let post = try machine.value(postPort, "post-port", default: "")
    if !post.text.isEmpty || postPort != nil {
      guard let port = RunSettings.port(post.text) else { throw Misuse("\(post.from): '\(post.text)' is no port") }
      options.postPort = port
      options.post = { StandardError.line("POST " + String($0, radix: 16, uppercase: true)) }
    }
    let debug = try machine.value(debugPort, "debug-port", default: "")
    guard !debug.text.isEmpty || debugPort != nil else { return nil }
    let parts = debug.text.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2, let port = RunSettings.port(parts[0]), parts[1] != "stdio" else {
      throw Misuse("\(debug.from): '\(debug.text)' is not PORT:FILE")
    }
    let tap = DebugPort(path: parts[1], origin: debug.from)
    options.debugPort = port
    options.debug = { tap.sink?.take($0) }
    return tap
  }

  /// The log that these settings ask for, on standard error.
  func logger() throws -> Logger {
    var level = quiet ? Logger.Level.warning : verbose ? .info : .notice
    if let logLevel {
      guard let known = Logger.Level(rawValue: logLevel) else {
        throw Misuse("--log-level: '\(logLevel)' is no level; trace, debug, info, notice, warning, error, critical are")
      }
      level = known
    }
    var logger = Logger(label: "shootdown", factory: { _ in StandardErrorLog() })
    logger.logLevel = level
    return logger
  }
}

/// Where the bytes of `--debug-port` go.
final class DebugPort: @unchecked Sendable {
  private let path: String
  private let origin: String
  /// The file, once it is open.
  private(set) var sink: SerialSink?

  init(path: String, origin: String) {
    self.path = path
    self.origin = origin
  }

  /// Makes the file.
  func open() throws { sink = try SerialSink(path, from: origin) }
}
