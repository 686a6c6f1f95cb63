import CPU
import MMU
import Machine

// Time travel: a moment is reached again from the snapshot before it, by running what was run before.

extension Session {
  /// Where the machine is.
  var moment: Moment {
    Moment(instructions: retired, events: events.counts.events)
  }

  /// Instructions retired, of all processors.
  var retired: UInt64 { board.processors.reduce(0) { $0 &+ $1.state.pointee.instructions } }

  // MARK: On

  /// Runs on, writes what was written at its moment, and takes snapshots.
  ///
  /// - Parameters:
  ///   - target: where to stop at the latest; nil: nowhere.
  ///   - heedsStops: breakpoints and the like end it.
  ///   - stepsEvents: the next event ends it, and so does the next instruction.
  /// - Returns: how the run ended; nil: the moment was reached, or the step done.
  func advance(
    to target: Moment? = nil, limits: RunLimits, heedsStops: Bool, isStep: Bool = false
  ) throws -> RunEnd? {
    if let end { throw Complaint("the machine has ended: \(end.text)") }
    board.processor.blocks.passesStops = !heedsStops
    events.heedsStops = heedsStops
    defer {
      events.pausesAtEvents = false
      board.processor.blocks.passesStops = false
    }
    let start = moment
    while true {
      if let target, moment >= target { return nil }
      if isStep, moment > start { return nil }
      try applyEdits()
      if history.isDue(at: moment) { try takeSnapshot() }
      var limits = limits
      let bound =
        [
          limits.instructions, history.nextDue(after: moment), history.nextEdit?.moment.instructions,
          target?.instructions,
        ].compactMap(\.self).min() ?? .max
      // At the target's count of instructions events are what is missing; step by step they cannot be missed.
      let steps = isStep || retired >= bound
      events.pausesAtEvents = steps
      let isLimited = limits.instructions.map { retired >= $0 } ?? false
      if !isLimited { limits.instructions = steps ? retired &+ 1 : bound }
      isExact = true
      let ended = board.run(limits, observer: instructionTracer)
      let isPaused = events.takePause()
      switch ended {
      case .instructionLimit where isLimited: return ended
      case .instructionLimit: continue
      case .reset where !isEndedByReset: try restart()
      case .conditionMet where isPaused && events.reasons.isEmpty: continue
      case .interrupted, .cycleLimit:
        finishRepetition()
        return ended
      case .conditionMet where limits.untilCycle != nil:
        finishRepetition()
        return ended
      case .conditionMet:
        // The next instruction has been fetched: a replay that ends here has not.
        isExact = false
        return ended
      default: return ended
      }
    }
  }

  /// A repeated instruction that is half done is no moment.
  private func finishRepetition() {
    while board.processors.contains(where: { $0.state.pointee.isRepeating != 0 }) {
      var limits = RunLimits()
      limits.instructions = retired &+ 1
      guard board.run(limits) == .instructionLimit else { return }
    }
  }

  /// Tells of instructions, if that is wanted and this is no replay.
  private var instructionTracer: InstructionTracer? {
    guard let tracer = events.tracer, tracer.kinds.contains(.insn), events.isTold else { return nil }
    return InstructionTracer(self, tracer)
  }

  /// What a reset does.
  private func restart() throws {
    if !gate.isClosed { say("the guest reset the machine at cycle \(board.processor.state.pointee.cycles)") }
    board.reset()
    try boot.load(into: board)
  }

  // MARK: Edits

  /// Writes into the machine what was written at this moment.
  private func applyEdits() throws {
    while let edit = history.nextEdit, edit.moment <= moment {
      history.applied += 1
      try perform(edit.change)
    }
  }

  /// Writes something into the machine, now and in every replay.
  func edit(_ change: Edit.Change) throws { try edit([change]) }

  /// Writes several things, which `undo` takes back together.
  func edit(_ changes: [Edit.Change]) throws {
    remember()
    if !isExact { try go(to: moment) }
    for change in changes {
      try perform(change)
      history.add(change, at: moment)
    }
  }

  private func perform(_ change: Edit.Change) throws {
    switch change {
    case .register(let processor, let name, let value):
      guard RegisterName.write(name, value, of: board.processors[processor]) else {
        throw Complaint("'\(name)' is no register that can be written")
      }
    case .memory(let address, let bytes):
      board.memory.writer = .monitor
      bytes.withUnsafeBytes { board.memory.write(PhysicalAddress(address), $0) }
    case .delay(let processor, let cycles): board.preempt(processor, cycles: cycles)
    case .translations(let processor, let change): board.processors[processor].translation.perform(change)
    }
  }

  // MARK: Back

  /// Takes a snapshot.
  func takeSnapshot() throws {
    let snapshot = try board.snapshot()
    let memory = board.memory
    if baseline == nil { baseline = memory.bytesInUse }
    let base = baseline ?? 0
    let cycle = board.processors.map(\.state.pointee.cycles).max() ?? 0
    history.keep(snapshot, at: moment, cycle: cycle, events.counts, oracle?.facts) { memory.bytesInUse - base }
  }

  /// Becomes what the machine was at a snapshot.
  func restore(_ point: History.Point) throws {
    try board.restore(point.snapshot)
    events.counts = point.counts
    if let facts = point.facts { oracle?.facts = facts }
    events.moved()
    history.applied = point.applied
    end = nil
    isExact = true
    for processor in board.processors { processor.forgetStop() }
  }

  /// Goes to a moment, back or on, in silence.
  ///
  /// - Parameter applied: edits that are in the machine then; nil: all up to that moment.
  func go(to target: Moment, applied: Int? = nil) throws {
    let wanted = applied ?? history.edits.count { $0.moment <= target }
    guard let point = history.point(before: target, applied: wanted) else {
      throw Complaint("there is no way back to that moment")
    }
    let (now, isHere) = (moment, history.applied <= wanted && isExact && end == nil)
    if !(isHere && now <= target && now >= point.moment) { try restore(point) }
    let start = retired
    defer { replayed &+= retired &- start }
    try silently {
      let ended = try advance(to: target, limits: RunLimits(), heedsStops: false)
      if ended == .interrupted { throw Interrupted() }
      if let ended, ended != .conditionMet { end = ended }
      while let edit = history.nextEdit, edit.moment <= target, history.applied < wanted {
        history.applied += 1
        try perform(edit.change)
      }
    }
    for processor in board.processors { processor.passStop() }
  }

  /// Does something that the person has seen already.
  func silently<T>(_ body: () throws -> T) rethrows -> T {
    let was = gate.isClosed
    (gate.isClosed, events.isTold) = (true, false)
    defer { (gate.isClosed, events.isTold) = (was, !was) }
    return try body()
  }

  /// Remembers where the machine is, for `undo`.
  func remember() {
    replayed = 0
    undoable.append(Undoable(moment: moment, edits: history.edits, applied: history.applied, selected: selected))
    if undoable.count > 1000 { undoable.removeFirst() }
  }
}

/// What `undo` goes back to.
struct Undoable {
  let moment: Moment
  let edits: [Edit]
  let applied: Int
  let selected: Int
}

/// Ctrl-C came while a moment was being reached.
struct Interrupted: Error {}
