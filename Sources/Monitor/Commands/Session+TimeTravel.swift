import CPU
import Machine

// Going back, and to a moment: `reverse-step`, `reverse-continue`, `goto`, `undo`, `save`, `load`, `info history`.

extension Session {
  /// `reverse-step`.
  func reverseStep(_ arguments: Arguments) throws {
    var arguments = arguments
    let count = try arguments.number("number of instructions", atMost: 1 << 40) ?? 1
    try arguments.end()
    remember()
    for _ in 0..<count {
      guard try stepBack() else { break }
      if host.flag.isSet { throw Interrupted() }
    }
    showPlace()
  }

  /// One instruction or event back, of whichever processor; false: this is the beginning.
  private func stepBack() throws -> Bool {
    let now = moment
    guard let first = history.points.first?.moment, first < now else {
      say("this is the beginning")
      return false
    }
    if now.events > 0, now.instructions > 0 {
      // Events since the instruction before this moment retired: how many there are, a replay tells.
      try go(to: max(first, Moment(instructions: now.instructions - 1, events: 0)))
      var last = moment
      try silently {
        while true {
          guard try advance(limits: RunLimits(), heedsStops: false, isStep: true) == nil, moment < now else { break }
          last = moment
        }
      }
      try go(to: last)
    } else {
      try go(to: Moment(instructions: now.instructions &- 1, events: 0))
    }
    return true
  }

  /// `reverse-continue`.
  func reverseContinue(_ arguments: Arguments) throws {
    var arguments = arguments
    let condition = try arguments.condition().map { try ExpressionParser.parse($0) }
    try arguments.end()
    remember()
    arm()
    let now = moment
    var upper = now
    for point in history.points.reversed() where point.moment < now {
      if let (last, met) = try lastStop(from: point, before: upper, condition) {
        try go(to: last)
        tell(met, counts: false)
        return showPlace()
      }
      upper = point.moment
    }
    guard let first = history.points.first else { return }
    try go(to: first.moment)
    say("this is the beginning")
    showPlace()
  }

  /// The last stop between a snapshot and a moment.
  private func lastStop(
    from point: History.Point, before upper: Moment, _ condition: Expression?
  ) throws -> (Moment, [Hit])? {
    try restore(point)
    var last: (Moment, [Hit])?
    _ = events.takeReasons()
    try silently {
      while moment < upper {
        let ended = try advance(to: upper, limits: RunLimits(), heedsStops: true)
        if ended == .interrupted { throw Interrupted() }
        guard ended == .conditionMet, moment < upper else { break }
        let met = try hits(condition)
        if !met.isEmpty { last = (moment, met) }
      }
    }
    end = nil
    return last
  }

  /// `goto`.
  func goTo(_ arguments: Arguments) throws {
    guard !arguments.isEmpty else { throw Complaint("goto: a cycle is missing") }
    let cycle = try value(arguments.rest)
    remember()
    let latest = board.processors.map(\.state.pointee.cycles).max() ?? 0
    if cycle < latest {
      guard let point = history.points.last(where: { $0.cycle <= cycle }) else {
        throw Complaint("history begins at cycle \(history.points.first?.cycle ?? 0)")
      }
      try restore(point)
    }
    var limits = RunLimits()
    limits.untilCycle = cycle
    try silently(if: cycle < latest) {
      while true {
        // A stop that somebody else asked for is not the cycle.
        guard let ended = try advance(limits: limits, heedsStops: false) else { break }
        if ended == .interrupted { throw Interrupted() }
        if ended != .conditionMet { note(ended) }
        break
      }
    }
    isExact = true
    showPlace()
  }

  private func silently(if isSilent: Bool, _ body: () throws -> Void) throws {
    if isSilent { try silently(body) } else { try body() }
  }

  /// `undo`.
  func undo(_ arguments: Arguments) throws {
    try arguments.end()
    guard let last = undoable.popLast() else { throw Complaint("there is nothing to undo") }
    change(to: last.edits)
    try go(to: last.moment, applied: last.applied)
    selected = last.selected
    showPlace()
  }

  /// Goes over to the course of events that some edits make.
  private func change(to edits: [Edit]) {
    let common = zip(history.edits, edits).prefix { $0.number == $1.number }.count
    guard common < max(edits.count, history.edits.count) else { return }
    history.replaceEdits(edits, common: common)
    // What is in the machine now need not be in that course.
    if history.applied > common { isExact = false }
  }

  /// `save`.
  func save(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let name = arguments.word() else { throw Complaint("save: a name is missing") }
    try arguments.end()
    saved[name] = Undoable(moment: moment, edits: history.edits, applied: history.applied, selected: selected)
    say("'\(name)' is here")
  }

  /// `load`.
  func load(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let name = arguments.word(), let place = saved[name] else {
      throw Complaint("load: \(saved.isEmpty ? "nothing was saved" : saved.keys.sorted().joined(separator: ", "))")
    }
    try arguments.end()
    remember()
    change(to: place.edits)
    try go(to: place.moment, applied: place.applied)
    selected = place.selected
    showPlace()
  }

  /// `info history`.
  func showHistory(_ arguments: Arguments) throws {
    try arguments.end()
    let bytes = baseline.map { max(0, board.memory.bytesInUse - $0) } ?? 0
    say(
      "\(history.points.count) snapshots, \(bytes >> 10) KiB of \(history.budget >> 10); \(history.edits.count) changes "
        + "of yours; here \(moment.instructions) instructions and \(moment.events) events have passed")
  }
}
