/// A place at which runs stop before the instruction there.
struct Breakpoint {
  let number: Int
  /// Linear.
  let address: UInt64
  /// What must hold, and as it was written.
  let condition: Expression?
  let conditionText: String
  var isEnabled = true
  var hits = 0
}

extension Session {
  /// Has runs stop where breakpoints are.
  func armBreakpoints() { board.stop(at: Set(breakpoints.filter(\.isEnabled).map(\.address))) }

  /// `break`.
  func setBreakpoint(_ arguments: Arguments) throws {
    var arguments = arguments
    let text = arguments.condition()
    let condition = try text.map { try ExpressionParser.parse($0) }
    let address = arguments.isEmpty ? processor.linearRIP : try value(arguments.rest)
    breakpoints.append(
      Breakpoint(
        number: nextBreakpoint, address: address, condition: condition, conditionText: text.map(String.init) ?? ""))
    nextBreakpoint += 1
    armBreakpoints()
    say("breakpoint \(nextBreakpoint - 1) at \(place(address))")
  }

  /// `delete`.
  func deleteBreakpoints(_ arguments: Arguments) throws {
    var arguments = arguments
    guard !arguments.isEmpty else {
      breakpoints.removeAll()
      return armBreakpoints()
    }
    while let number = try arguments.number("number of a breakpoint") {
      guard let index = breakpoints.firstIndex(where: { UInt64($0.number) == number }) else {
        throw Complaint("there is no breakpoint \(number)")
      }
      breakpoints.remove(at: index)
      armBreakpoints()
    }
  }

  /// `info breakpoints`.
  func showBreakpoints(_ arguments: Arguments) throws {
    try arguments.end()
    if breakpoints.isEmpty { return say("no breakpoints") }
    for breakpoint in breakpoints {
      let condition = breakpoint.conditionText.isEmpty ? "" : " if \(breakpoint.conditionText)"
      let hits = breakpoint.hits == 0 ? "" : ", hit \(breakpoint.hits) times"
      say("\(breakpoint.number)  linear \(place(breakpoint.address))\(condition)\(hits)")
    }
  }
}
