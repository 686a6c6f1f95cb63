import CPU
import Machine

// Running: `step`, `continue`, `next`.

extension Session {
  /// Where the machine is: how far all its processors have come.
  var retired: UInt64 { board.processors.reduce(0) { $0 &+ $1.state.pointee.instructions } }

  /// Runs on, with resets that the machine goes on from.
  ///
  /// - Returns: how the run ended.
  func advance(_ limits: RunLimits) throws -> RunEnd {
    if let end { throw Complaint("the machine has ended: \(end.text)") }
    var ended = board.run(limits)
    while ended == .reset, !isEndedByReset {
      say("the guest reset the machine at cycle \(board.processor.state.pointee.cycles)")
      board.reset()
      try boot.load(into: board)
      ended = board.run(limits)
    }
    return ended
  }

  /// The machine's next instruction, whichever processor's.
  func stepMachine() throws -> RunEnd {
    var limits = self.limits
    limits.instructions = retired &+ 1
    board.stop(at: [])
    defer { armBreakpoints() }
    return try advance(limits)
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
    let count = try arguments.number("number of instructions", atMost: 1 << 32) ?? 1
    try arguments.end()
    try run(steps: count, ofAll: isAll)
    showPlace()
  }

  /// Steps one processor, with what the others do meanwhile, or the machine.
  private func run(steps: UInt64, ofAll isAll: Bool) throws {
    var left = steps
    while left > 0 {
      let before = board.processors.map(\.state.pointee.instructions)
      let ended = try stepMachine()
      let moved = board.processors.indices.filter { board.processors[$0].state.pointee.instructions != before[$0] }
      if isAll, let mover = moved.first { selected = mover }
      if isAll || moved.contains(selected) { left -= 1 }
      guard ended == .instructionLimit else { return note(ended) }
      guard !isInterrupted else { return }
    }
  }

  /// Whether Ctrl-C was pressed; takes it back.
  private var isInterrupted: Bool {
    guard host.flag.isSet, !host.mustEnd() else { return false }
    host.flag.clear()
    say("interrupted")
    return true
  }

  /// `next`.
  func next(_ arguments: Arguments) throws {
    var arguments = arguments
    let count = try arguments.number("number of instructions", atMost: 1 << 32) ?? 1
    try arguments.end()
    for _ in 0..<count {
      let (text, length) = nextInstruction
      let isCall = ["call", "lcall", "int", "rep", "repne", "repe", "syscall"].contains {
        text.hasPrefix($0 + " ") || text == $0
      }
      guard isCall else {
        try run(steps: 1, ofAll: false)
        continue
      }
      let stack = processor[.rsp]
      let target = processor.linearRIP &+ UInt64(length)
      _ = try stepMachine()
      while end == nil, processor.linearRIP != target || processor[.rsp] < stack {
        board.stop(at: Set(breakpoints.filter(\.isEnabled).map(\.address)).union([target]))
        defer { armBreakpoints() }
        let ended = try advance(limits)
        guard ended == .conditionMet, board.processors.allSatisfy({ !$0.isAtStopAddress || $0.linearRIP == target })
        else {
          note(ended)
          break
        }
        if !processor.isAtStopAddress || processor[.rsp] < stack { _ = try stepMachine() }
      }
    }
    showPlace()
  }

  /// `continue`.
  func continueRun(_ arguments: Arguments) throws {
    var arguments = arguments
    var condition: Expression?
    if let text = arguments.condition() { condition = try ExpressionParser.parse(text) }
    try arguments.end()
    let first = try stepMachine()
    if first != .instructionLimit {
      note(first)
    } else {
      while true {
        let ended = try advance(limits)
        if let number = board.processors.firstIndex(where: \.isAtStopAddress) {
          guard try hits(number, condition) else {
            _ = try stepMachine()
            continue
          }
          selected = number
        } else {
          note(ended)
        }
        break
      }
    }
    showPlace()
  }

  /// Whether a breakpoint at which a processor stands is one to stop at; it is named then.
  private func hits(_ number: Int, _ condition: Expression?) throws -> Bool {
    let processor = board.processors[number]
    let context = ProcessorContext(self, number)
    if let condition, try condition.value(in: context) == 0 { return false }
    for index in breakpoints.indices where breakpoints[index].isEnabled {
      let breakpoint = breakpoints[index]
      guard breakpoint.address == processor.linearRIP else { continue }
      if let condition = breakpoint.condition, try condition.value(in: context) == 0 { continue }
      breakpoints[index].hits += 1
      say("breakpoint \(breakpoint.number), cpu\(number)")
      return true
    }
    return false
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
    case .interrupted: "interrupted"
    case .refused(let refusal): refusal.description
    }
  }
}
