import CPU
import Foundation
import Machine

// Order and files: `sched`, `trace`, `sym`, `bt`, `source`, `help`, `quit`.

extension Session {
  // MARK: The scheduler

  /// `sched show`.
  func showSchedule(_ arguments: Arguments) throws {
    try arguments.end()
    let next = board.nextProcessor
    for (number, processor) in board.processors.enumerated() {
      let isNext = next?.number == number
      let turn = isNext ? ", runs next, to cycle \(next?.until ?? 0)" : processor.isReady ? "" : ", waits"
      say("cpu\(number) cycle \(processor.state.pointee.cycles)\(turn)")
    }
    if next == nil { say("no processor is next: an event is, or nothing") }
  }

  /// `sched next`.
  func stepSchedule(_ arguments: Arguments) throws {
    try step(Arguments(arguments.isEmpty ? "all" : "all \(arguments.rest)"))
  }

  /// `sched preempt`.
  func preempt(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let word = arguments.word() else { throw Complaint("sched preempt CPU CYCLES") }
    let number = try processorNumber(word)
    guard let cycles = try value(at: &arguments), cycles <= 1 << 40 else {
      throw Complaint("sched preempt: cycles, 0 to \(1 << 40 as UInt64), are missing")
    }
    try arguments.end()
    try edit(.delay(processor: number, cycles: cycles))
    try showSchedule(Arguments(""))
  }

  // MARK: Traces

  /// `trace`.
  func trace(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let word = arguments.word() else {
      return say(
        "traced: \(events.tracer.map { $0.kinds.map(\.rawValue).sorted().joined(separator: " ") } ?? "nothing")")
    }
    if word == "off" {
      try arguments.end()
      events.tracer = nil
      return arm()
    }
    guard let kind = Tracer.Kind(rawValue: word) else {
      throw Complaint("trace \(Tracer.Kind.allCases.map(\.rawValue).joined(separator: ", ")) or off")
    }
    if arguments.take("to") {
      guard let path = arguments.word() else { throw Complaint("trace: a file is missing") }
      try arguments.end()
      let file = try host.openText(path)
      events.tracer = Tracer((events.tracer?.kinds ?? []).union([kind]), flush: { file.flush() }) { file.line($0) }
    } else {
      try arguments.end()
      if let tracer = events.tracer {
        tracer.kinds.insert(kind)
      } else {
        events.tracer = Tracer([kind]) { [unowned self] in self.say($0) }
      }
    }
    arm()
  }

  // MARK: Symbols

  /// `sym load`.
  func loadSymbols(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let path = arguments.word() else { throw Complaint("sym load: a file is missing") }
    let offset = try value(at: &arguments) ?? 0
    try arguments.end()
    do { say("\(try symbols.add(try ELF(try HostFile.bytes(path)), movedBy: offset)) symbols") } catch let error
      as ELF.Failure
    {
      throw Complaint("\(path): \(error)")
    }
  }

  /// `sym add`.
  func addSymbol(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let name = arguments.word() else { throw Complaint("sym add NAME E") }
    let address = try value(arguments.rest)
    symbols.add(name, at: address)
    say("\(name) \(hex(address))")
  }

  /// `sym list`.
  func listSymbols(_ arguments: Arguments) throws {
    var arguments = arguments
    let prefix = arguments.word() ?? ""
    try arguments.end()
    let names = symbols.names(beginningWith: prefix, atMost: 200)
    if names.isEmpty { return say("no symbol begins so") }
    for name in names { say("\(hex(symbols.address(of: name) ?? 0, digits: 16)) \(name)") }
  }

  /// `bt`.
  func backtrace(_ arguments: Arguments) throws {
    try arguments.end()
    let view = MemoryView(processor, .linear)
    let bytes = processor.codeBits / 8
    say("#0 \(place(processor.linearRIP))")
    var frame = processor[.rbp]
    for number in 1..<64 {
      guard let caller = try? view.value(frame, bytes: bytes),
        let back = try? view.value(frame &+ UInt64(bytes), bytes: bytes), back != 0
      else { return }
      say("#\(number) \(place(back))")
      // Stacks grow down: a frame further up lies higher.
      guard caller > frame else { return }
      frame = caller
    }
  }

  // MARK: The rest

  /// `source`.
  func source(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let name = arguments.word() else { throw Complaint("source: a file is missing") }
    try arguments.end()
    try carryOut(file: name)
  }

  /// `time`.
  func time(_ arguments: Arguments) throws {
    guard !arguments.isEmpty else { throw Complaint("time: a command is missing") }
    let (command, rest) = try commands.command(in: arguments.rest)
    guard command.name != "time" else { throw Complaint("time: another command") }
    var before = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before)
    defer {
      var after = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after)
      let seconds = Double(after.tv_sec - before.tv_sec) + Double(after.tv_nsec - before.tv_nsec) / 1e9
      say(String(format: "%.6f s of processor time", seconds))
    }
    try command.action(self, Arguments(rest))
  }

  /// `help`.
  func help(_ arguments: Arguments) throws {
    guard arguments.isEmpty else {
      let (command, _) = try commands.command(in: arguments.rest)
      say("\(command.name) \(command.arguments)")
      say("  \(command.help)")
      let names = ([command.shortName] + command.aliases).compactMap(\.self)
      if !names.isEmpty { say("  also: \(names.joined(separator: ", "))") }
      return say("  example: \(command.example)")
    }
    var family = ""
    for command in commands.commands {
      if command.family != family {
        family = command.family
        say("\(family):")
      }
      say("  \("\(command.name) \(command.arguments)".padded(44))\(command.help)")
    }
  }

  /// `quit`.
  func quit(_ arguments: Arguments) throws {
    var arguments = arguments
    let code = try arguments.number("status", atMost: 255) ?? 0
    try arguments.end()
    quit(Int32(code))
  }
}
