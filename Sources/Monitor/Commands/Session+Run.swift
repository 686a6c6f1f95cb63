import CPU
import Machine

// Running on: `continue`, `step`, `next`, `finish`, `until`.

extension Session {
  /// How a run of the person's ended.
  enum Halt {
    /// A stop was met, and told.
    case stop
    /// A temporary stop was met by a processor.
    case temporary(Int)
    /// The machine's end, a limit or Ctrl-C, and told.
    case ended
  }

  /// Runs on until something stops the machine.
  ///
  /// - Parameters:
  ///   - temporary: linear addresses to stop at for this once.
  ///   - condition: must hold at a stop, beside its own.
  func resume(temporary: Set<UInt64> = [], condition: Expression? = nil) throws -> Halt {
    arm(temporary: temporary)
    defer { if !temporary.isEmpty { arm() } }
    processor.passStop()
    _ = events.takeReasons()
    while true {
      let ended = try advance(limits: limits, heedsStops: true)
      let met = try hits(condition)
      guard ended == .conditionMet else {
        tell(met)
        if let ended { note(ended) }
        return .ended
      }
      if !met.isEmpty {
        tell(met)
        return .stop
      }
      if let number = board.processors.firstIndex(where: {
        $0.isAtStopAddress && temporary.contains($0.linearRIP)
      }) {
        return .temporary(number)
      }
      if host.isAimReached() {
        say(RunEnd.conditionMet.text)
        return .ended
      }
      // Nobody's stop.
      guard isInterrupted else { continue }
      return .ended
    }
  }

  /// The machine's next instruction or event, whichever processor's.
  ///
  /// - Returns: whether all is well to go on.
  private func stepMachine() throws -> Bool {
    let before = board.processors.map(\.state.pointee.instructions)
    let delivered = events.counts.events
    while true {
      guard let ended = try advance(limits: limits, heedsStops: true, isStep: true) else { return true }
      guard ended == .conditionMet else {
        note(ended)
        return false
      }
      let met = try hits(nil)
      if !met.isEmpty {
        tell(met)
        return false
      }
      let moved = before != board.processors.map(\.state.pointee.instructions) || delivered != events.counts.events
      if moved { return true }
    }
  }

  /// Steps one processor, with what the others do meanwhile, or the machine; false: something stopped it.
  private func run(steps: UInt64, ofAll isAll: Bool) throws -> Bool {
    arm()
    processor.passStop()
    _ = events.takeReasons()
    var left = steps
    while left > 0 {
      let before = board.processors.map { ($0.state.pointee.instructions, $0.linearRIP) }
      let goesOn = try stepMachine()
      let moved = board.processors.indices.filter {
        (board.processors[$0].state.pointee.instructions, board.processors[$0].linearRIP) != before[$0]
      }
      guard goesOn else { return false }
      if isAll, let mover = moved.first { selected = mover }
      if isAll || moved.contains(selected) { left -= 1 }
      if isInterrupted { return false }
    }
    return true
  }

  /// Whether Ctrl-C was pressed; takes it back.
  private var isInterrupted: Bool {
    guard host.flag.isSet else { return false }
    if !host.mustEnd() {
      host.flag.clear()
      say("interrupted")
    }
    return true
  }

  // MARK: Commands

  /// `continue`.
  func continueRun(_ arguments: Arguments) throws {
    var arguments = arguments
    let condition = try arguments.condition().map { try ExpressionParser.parse($0) }
    try arguments.end()
    remember()
    _ = try resume(condition: condition)
    showPlace()
  }

  /// `step`.
  func step(_ arguments: Arguments) throws {
    var arguments = arguments
    var isAll = false
    if arguments.take("all") {
      isAll = true
    } else if arguments.rest.hasPrefix("cpu"), let word = arguments.word() {
      selected = try processorNumber(word)
    }
    let count = try arguments.number("number of instructions", atMost: 1 << 40) ?? 1
    try arguments.end()
    remember()
    _ = try run(steps: count, ofAll: isAll)
    showPlace()
  }

  /// `next`.
  func next(_ arguments: Arguments) throws {
    var arguments = arguments
    let count = try arguments.number("number of instructions", atMost: 1 << 40) ?? 1
    try arguments.end()
    remember()
    for _ in 0..<count { if try !stepOver() { break } }
    showPlace()
  }

  /// One instruction, or a call and all that it calls; false: something stopped it.
  private func stepOver() throws -> Bool {
    let (text, length) = nextInstruction
    let name = text.prefix { $0 != " " }
    guard ["call", "lcall", "int", "int3", "syscall", "sysenter", "vmcall"].contains(name) else {
      return try run(steps: 1, ofAll: false)
    }
    let (number, stack) = (selected, processor[.rsp])
    let target = processor.linearRIP &+ UInt64(length)
    while true {
      guard case .temporary(let who) = try resume(temporary: [target]) else { return false }
      // Not another processor's, nor a deeper call of the same code.
      if who == number, processor[.rsp] >= stack { return true }
      board.processors[who].passStop()
    }
  }

  /// `finish`.
  func finish(_ arguments: Arguments) throws {
    try arguments.end()
    remember()
    let stack = processor[.rsp]
    while true {
      let name = nextInstruction.text.prefix { $0 != " " }
      let isReturn = ["ret", "retf", "retfq", "iret", "iretd", "iretq", "sysret", "sysretq", "sysexit"].contains(name)
      if isReturn, processor[.rsp] >= stack {
        _ = try run(steps: 1, ofAll: false)
        break
      }
      guard try stepOver() else { break }
    }
    showPlace()
  }

  /// `until`.
  func until(_ arguments: Arguments) throws {
    guard !arguments.isEmpty else { throw Complaint("until: an address or a condition is missing") }
    let expression = try ExpressionParser.parse(arguments.rest)
    remember()
    if expression.isTruth {
      let context = ProcessorContext(self, selected)
      repeat { guard try run(steps: 1, ofAll: true) else { break } } while try expression.value(in: context) == 0
    } else {
      let address = try expression.value(in: ProcessorContext(self, selected))
      if case .temporary(let number) = try resume(temporary: [address]) { selected = number }
    }
    showPlace()
  }

  /// Says how a run ended, and remembers it if the machine did.
  func note(_ ended: RunEnd) {
    switch ended {
    case .conditionMet, .cycleLimit, .instructionLimit: say(ended.text)
    case .interrupted:
      say("interrupted")
      if !host.mustEnd() { host.flag.clear() }
    case .refused: say("\(ended.text); see docs/COVERAGE.md")
    default:
      end = ended
      say(ended.text)
    }
  }
}

extension Expression {
  /// Whether its value is true or false.
  var isTruth: Bool {
    switch self {
    case .binary(let operation, _, _): ["==", "!=", "<", ">", "<=", ">=", "&&", "||"].contains(operation)
    case .unary("!", _): true
    default: false
    }
  }
}

extension RunEnd {
  /// In words.
  var text: String {
    switch self {
    case .conditionMet: "the condition was met"
    case .guestExit(let code): "the guest ended the machine with status \(code)"
    case .poweredOff: "the guest switched the machine off"
    case .reset: "the guest reset the machine"
    case .haltedForEver: "HLT for ever on all processors"
    case .shutdown: "a triple fault: the processor is in the shutdown state"
    case .cycleLimit: "the limit of cycles was reached"
    case .instructionLimit: "the limit of instructions was reached"
    case .observerStopped: "the oracle has seen a violation"
    case .interrupted: "interrupted"
    case .refused(let refusal): refusal.description
    }
  }
}
