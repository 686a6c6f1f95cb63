import CPU
import Layout
import MMU
import Machine
import Races

/// Takes lines of text, for a file.
package protocol TextSink: AnyObject {
  /// Takes a line, without its end.
  func line(_ text: String)
  /// Writes what is left.
  func flush()
}

/// What the monitor needs of whoever runs it.
package struct SessionHost {
  /// Asks a run for an end; the monitor takes the request back.
  package var flag: InterruptFlag
  /// Whether the process is to end: a signal other than Ctrl-C's came.
  package var mustEnd: () -> Bool
  /// Takes text for the person.
  package var write: (String) -> Void
  /// Writes what the guest's serial port has pending, before the monitor speaks.
  package var flushSerial: () -> Void
  /// What lets serial text through.
  package var gate: SerialGate
  /// Bytes that snapshots for going back may take.
  package var historyBudget: Int
  /// Whether the run's own aim, a text on the serial port, was reached just now; takes it back.
  package var isAimReached: () -> Bool
  /// Makes a text file of a path; what is wrong with it is thrown.
  package var openText: (String) throws -> any TextSink

  package init(
    flag: InterruptFlag, mustEnd: @escaping () -> Bool, write: @escaping (String) -> Void,
    flushSerial: @escaping () -> Void, gate: SerialGate, historyBudget: Int,
    isAimReached: @escaping () -> Bool = { false }, openText: @escaping (String) throws -> any TextSink
  ) {
    self.flag = flag
    self.mustEnd = mustEnd
    self.write = write
    self.flushSerial = flushSerial
    self.gate = gate
    self.historyBudget = historyBudget
    self.isAimReached = isAimReached
    self.openText = openText
  }
}

/// One person at one machine.
package final class Session {
  package let board: Board
  package var symbols: SymbolIndex
  let host: SessionHost
  let boot: BootImage
  let isEndedByReset: Bool
  /// How far runs may go at all.
  let limits: RunLimits
  let commands: CommandTable
  let disassemblers = Disassemblers()
  /// The processor that commands are about.
  var selected = 0
  var stops: [StopPoint] = []
  var nextStop = 1
  let events = MachineEvents()
  /// What says what uses of stale mappings amount to; nil: nobody does.
  package let oracle: Oracle?
  var history: History
  /// Bytes that memory took before the first snapshot but one.
  var baseline: Int?
  /// Nothing of what comes next has been done: at a breakpoint its instruction has been fetched.
  var isExact = true
  var undoable: [Undoable] = []
  /// Instructions that the last command has run again on its way to a moment.
  var replayed: UInt64 = 0
  /// VMCSs as they were shown last, by pointer.
  var shownVMCS: [UInt64: [UInt64]] = [:]
  /// Places that `save` has named.
  var saved: [String: Undoable] = [:]
  var gate: SerialGate { host.gate }
  /// How the machine ended, if it did.
  package internal(set) var end: RunEnd?
  /// The status that `quit` was given.
  package private(set) var exitCode: Int32?
  /// Where `x` and `u` go on.
  var nextExamined: UInt64 = 0
  var nextDisassembled: UInt64 = 0
  /// The line that said last where the machine is.
  var shownPlace = ""
  /// The line that an empty one repeats.
  private var lastLine = ""
  private var sourceDepth = 0

  /// - Parameters:
  ///   - board: a machine that is about to start.
  ///   - boot: what starts it again after a reset.
  ///   - hasOracle: an oracle looks on.
  ///   - markers: ports, of which a write says that a shootdown is done.
  ///   - suppressions: violations that are not told of.
  package init(
    _ board: consuming Board, boot: BootImage, symbols: SymbolIndex, limits: RunLimits, isEndedByReset: Bool,
    hasOracle: Bool = true, markers: [UInt16] = [],
    suppressions: Suppressions = Suppressions(), host: SessionHost
  ) throws {
    self.board = board
    self.boot = boot
    self.symbols = symbols
    self.limits = limits
    self.isEndedByReset = isEndedByReset
    self.host = host
    commands = try CommandTable()
    history = History(budget: host.historyBudget)
    events.attach(self.board.processors)
    oracle = hasOracle ? Oracle(self.board) : nil
    nextDisassembled = processor.linearRIP
    guard let oracle else { return }
    events.listen(to: oracle)
    for port in markers { oracle.mark(port: port, of: self.board) }
    oracle.suppressions = (suppressions, symbols)
    // What the nested-EPT observer knows does not go back with the machine.
    oracle.nesting = nil
    oracle.report = { [unowned self] violation in
      guard events.isTold else { return }
      for line in ViolationReport(violation, symbols: self.symbols).lines { say(line) }
    }
  }

  /// The processor that commands are about.
  var processor: Processor { board.processors[selected] }

  // MARK: Lines

  /// Reads commands and carries them out until there are none, or `quit`.
  package func run(_ lines: some LineSource) {
    while exitCode == nil, !host.mustEnd() {
      if placeLine != shownPlace { showPlace() }
      guard let line = lines.next(prompt: prompt) else { break }
      if !lines.isInteractive { say(prompt + line) }
      carryOut(line, repeats: true)
    }
  }

  /// What stands before a command.
  var prompt: String { "cpu\(selected)> " }

  /// Carries a line out; what is wrong with it is said.
  package func carryOut(_ line: String, repeats: Bool = false) {
    var text = line[...]
    text = text.drop { $0.isWhitespace }
    if text.isEmpty, repeats { text = lastLine[...] }
    guard !text.isEmpty, text.first != "#" else { return }
    lastLine = String(text)
    defer { events.tracer?.flush() }
    do {
      let (command, rest) = try commands.command(in: text)
      try command.action(self, Arguments(rest))
    } catch is Interrupted {
      if !host.mustEnd() { host.flag.clear() }
      say("interrupted")
      showPlace()
    } catch let complaint as Complaint {
      say(complaint.description)
    } catch {
      say("\(error)")
    }
  }

  /// Carries out the lines of a file.
  func carryOut(file name: String) throws {
    guard sourceDepth < 8 else { throw Complaint("files are nested too deeply") }
    sourceDepth += 1
    defer { sourceDepth -= 1 }
    for line in try HostFile.text(name).split(whereSeparator: \.isNewline) {
      guard exitCode == nil, !host.mustEnd() else { return }
      if placeLine != shownPlace { showPlace() }
      say(prompt + line)
      carryOut(String(line))
    }
  }

  /// Makes the machine exactly what it is between two instructions: at a breakpoint the next one has been fetched.
  package func settle() throws { if !isExact { try go(to: moment) } }

  /// Ends the session.
  func quit(_ code: Int32) { exitCode = code }

  /// A line for the person. What a guest has written must not command a terminal.
  func say(_ line: some StringProtocol) {
    host.flushSerial()
    host.write(String(line.unicodeScalars.map { $0.isControl ? "." : Character($0) }) + "\n")
  }

  /// An empty line does what was done before, on from there.
  func repeatAs(_ line: String) { lastLine = line }

  // MARK: Expressions

  /// The value of an expression, all that is left of the arguments.
  func value(_ text: some StringProtocol) throws(Complaint) -> UInt64 {
    try ExpressionParser.parse(text).value(in: ProcessorContext(self, selected))
  }

  /// The value of the expression that the arguments begin with.
  func value(at arguments: inout Arguments) throws(Complaint) -> UInt64? {
    guard !arguments.isEmpty else { return nil }
    let (expression, rest) = try ExpressionParser.parse(prefixOf: arguments.rest)
    arguments = Arguments(rest)
    return try expression.value(in: ProcessorContext(self, selected))
  }

  /// A processor by number: `1` or `cpu1`.
  func processorNumber(_ text: some StringProtocol) throws(Complaint) -> Int {
    let digits = text.hasPrefix("cpu") ? text.dropFirst(3)[...] : text[...]
    guard let number = Int(digits), board.processors.indices.contains(number) else {
      throw Complaint("there is no processor '\(text)'; there are 0 to \(board.processors.count - 1)")
    }
    return number
  }

  /// An address with its symbol.
  func place(_ address: UInt64) -> String {
    symbolText(address).map { "\(hex(address)) <\($0)>" } ?? hex(address)
  }

  /// `name` or `name+0x12`, of the symbol that an address lies in or close behind; nil: there is none.
  func symbolText(_ address: UInt64) -> String? {
    guard let symbol = symbols.symbol(at: address) else { return nil }
    return address == symbol.address ? symbol.name : "\(symbol.name)+\(hex(address - symbol.address))"
  }
}

extension Unicode.Scalar {
  /// C0, DEL and C1.
  var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}
