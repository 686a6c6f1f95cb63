import CPU
import Machine

// Going back, and to a moment: `reverse-step`, `reverse-continue`, `goto`, `undo`, `save`, `load`, `info history`.

extension Session {
  /// `reverse-step`.
  func reverseStep(_ arguments: Arguments) throws {
    var arguments = arguments
    let count = try arguments.number("number of instructions", atMost: 1 << 20) ?? 1
    try arguments.end()
    remember()
    let before = cycles
    try stepBack(Int(count))
    showPlace()
    tellWhoWentBack(before)
  }

  private var cycles: [UInt64] { board.processors.map(\.state.pointee.cycles) }

  /// The step may have been another processor's: the place shown has not changed then, and that one's is told too.
  private func tellWhoWentBack(_ before: [UInt64]) {
    let moved = before.indices.filter { cycles[$0] != before[$0] }
    guard !moved.contains(selected), let other = moved.first else { return }
    let own = selected
    selected = other
    say("the step was of \(placeLine)")
    selected = own
  }

  /// Instructions that are gone through one by one to find out what lies between them.
  private static let reach: UInt64 = 4000

  /// So many instructions or events back, of whichever processor.
  private func stepBack(_ count: Int) throws {
    let now = moment
    guard let first = history.points.first?.moment, first < now else { return say("this is the beginning") }
    guard count > 0 else { return }
    if let near = history.point(behind: now.earlier(by: Session.reach), before: now.earlier(by: UInt64(count) - 1)) {
      try restore(near)
    } else {
      // From a little further back: the snapshot there makes the steps back that will follow cheap.
      try go(to: max(first, now.earlier(by: max(UInt64(count), Session.reach / 2))))
      if history.distance(to: moment) > 100_000 { try takeSnapshot() }
    }
    // Events lie between the instructions: how many there are, a replay tells.
    var trail: [Moment] = []
    let start = retired
    defer { replayed &+= now.instructions &- start }
    try silently {
      while moment < now {
        trail.append(moment)
        let ended = try advance(to: now, limits: RunLimits(), heedsStops: false, isStep: true)
        if ended == .interrupted { throw Interrupted() }
        guard ended == nil else { break }
      }
    }
    end = nil
    guard trail.count >= count else {
      try go(to: first)
      return say("this is the beginning")
    }
    try go(to: trail[trail.count - count])
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
    if replayed > 0 { say("the last way here replayed \(replayed) instructions") }
  }
}
