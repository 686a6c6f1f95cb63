import CPU
import MMU

// The scheduler: processors in the order of their clocks, events in the order of their cycles.

extension Board {
  /// The processor that would run next, and up to which cycle; nil: an event is next, or nothing.
  package var nextProcessor: (number: Int, until: UInt64)? {
    guard case .run(let processor, let cycle) = unfinishedTurn ?? nextTurn() else { return nil }
    return processors.firstIndex { $0 === processor }.map { ($0, cycle) }
  }

  /// Holds a processor up: its clock is so many cycles further, and its turn is over.
  package func preempt(_ number: Int, cycles: UInt64) {
    processors[number].state.pointee.cycles &+= cycles
    chipset.unfinished = nil
  }

  /// What is next.
  private enum Turn {
    /// A processor runs up to a cycle.
    case run(Processor, until: UInt64)
    /// The chipset's next event is due.
    case event(UInt64)
    /// The timer of a processor that waits has run down.
    case timer(Processor, UInt64)
    /// Nothing will ever happen.
    case nothing
  }

  /// Runs until something ends the run. The same machine and limits end at the same instruction, always, watched or not.
  public func run(_ limits: RunLimits = RunLimits(), observer: (any RunObserver)? = nil) -> RunEnd {
    let last = min(limits.untilCycle ?? .max, limits.cycles ?? .max)
    var lookAtHost = Board.hostInterval
    while true {
      let turn = unfinishedTurn ?? nextTurn()
      if let end = limit(limits, at: turn) { return end }
      switch turn {
      case .nothing: return .haltedForEver
      case .event(let cycle): chipset.advance(to: cycle)
      case .timer(let processor, let cycle): chipset.wake(processor, at: cycle) { $0.advanceTimer(to: cycle) }
      case .run(let processor, let cycle):
        let clock = processor.state.pointee.cycles
        // The host is only looked at between runs of a processor; where they end changes nothing the guest can see.
        let deadline = min(cycle, last, clock &+ Board.hostInterval)
        if let end = run(processor, until: deadline, turnEnd: cycle, limits, observer) { return end }
        if observer?.endsRun == true { return .observerStopped }
        let spent = processor.state.pointee.cycles &- clock
        guard spent >= lookAtHost else {
          lookAtHost -= spent
          continue
        }
        lookAtHost = Board.hostInterval
        observer?.runGoesOn(processors)
        if interruptFlag?.isSet == true { return .interrupted }
      }
    }
  }

  /// Cycles between looks at what the host asks for.
  private static let hostInterval: UInt64 = 1 << 20

  /// The turn that a limit cut off, or the look at the host: it goes on, so that where runs are cut changes nothing.
  private var unfinishedTurn: Turn? {
    guard let turn = chipset.unfinished, processors[turn.processor].isReady else { return nil }
    return .run(processors[turn.processor], until: turn.until)
  }

  /// The processor with the lowest clock, lowest number first; an event or a timer that is due by then goes before it.
  private func nextTurn() -> Turn {
    var next: Processor?
    var clock = UInt64.max
    var nextButOne = UInt64.max
    var waiting: Processor?
    var waitingTimer = UInt64.max
    for processor in processors {
      if processor.isReady {
        let own = processor.state.pointee.cycles
        if next == nil || own < clock {
          (next, clock, nextButOne) = (processor, own, clock)
        } else {
          nextButOne = min(nextButOne, own)
        }
      } else if let timer = processor.nextTimerEvent, timer < waitingTimer {
        (waiting, waitingTimer) = (processor, timer)
      }
    }
    let event = chipset.nextEvent ?? .max
    if next == nil, isIdleForEver(at: min(event, waitingTimer)) { return .nothing }
    if event <= min(clock, waitingTimer), event < .max { return .event(event) }
    if let waiting, waitingTimer <= clock { return .timer(waiting, waitingTimer) }
    guard let next else { return .nothing }
    next.advanceTimer(to: clock)
    let (horizon, overflow) = nextButOne.addingReportingOverflow(
      variesTurns ? Board.varied(quantum, at: nextButOne) : quantum)
    return .run(next, until: min(overflow ? .max : horizon, event, waitingTimer, next.nextTimerEvent ?? .max))
  }

  /// A quantum less up to half of it, as a processor's clock has it. Were all turns as long as one another, a processor whose
  /// time goes into a few long instructions could end every turn at the same ones: with the lock held that another waits for.
  package static func varied(_ quantum: UInt64, at clock: UInt64) -> UInt64 {
    quantum - ((clock &* 0x9E37_79B9_7F4A_7C15) >> 32) % (quantum / 2 + 1)
  }

  /// No processor runs. One that takes interrupts is given a day, and an hour more, of guest time: the longest that the
  /// board's clock can be set to.
  private func isIdleForEver(at event: UInt64) -> Bool {
    if event == .max { return true }
    if processors.allSatisfy(\.isDeafToInterrupts) { return !chipset.hasMessages }
    let latest = processors.map(\.state.pointee.cycles).max() ?? 0
    return event > latest && event - latest > chipset.clock &* 90_000
  }

  /// The limit that the machine's time has reached, if any; a condition goes before a limit.
  private func limit(_ limits: RunLimits, at turn: Turn) -> RunEnd? {
    let now: UInt64
    switch turn {
    case .run(let processor, _): now = processor.state.pointee.cycles
    case .event(let cycle), .timer(_, let cycle): now = cycle
    case .nothing: return nil
    }
    if let cycle = limits.untilCycle, now >= cycle { return .conditionMet }
    if let cycles = limits.cycles, now >= cycles { return .cycleLimit }
    return nil
  }

  /// Runs one processor; an end of its run that is none of the machine's gives nil.
  private func run(
    _ processor: Processor, until deadline: UInt64, turnEnd: UInt64, _ limits: RunLimits,
    _ observer: (any RunObserver)?
  ) -> RunEnd? {
    var most = UInt64.max
    if let total = limits.instructions {
      let retired = processors.reduce(0) { $0 + $1.state.pointee.instructions }
      guard retired < total else { return .instructionLimit }
      most = processor.state.pointee.instructions + (total - retired)
    }
    chipset.unfinished = nil
    chipset.running = processor
    chipset.turnEnd = deadline
    let stop = turn(of: processor, until: deadline, instructionLimit: most, observer)
    chipset.running = nil
    chipset.noteTurn(of: processor, stop, end: turnEnd)
    if case .refused(let refusal) = stop { return .refused(refusal) }
    // A condition goes before a limit or an end at the same instruction.
    switch chipset.takeStop() {
    case .condition: return .conditionMet
    case .exit(let code): return .guestExit(UInt8(truncatingIfNeeded: code << 1 | 1))
    case .powerOff: return .poweredOff
    case .reset: return .reset
    case nil: break
    }
    if processor.isAtStopAddress { return .conditionMet }
    if stop == .deadline { return observer?.stepsFrom != nil && interruptFlag?.isSet == true ? .interrupted : nil }
    if let cycle = limits.untilCycle, processor.state.pointee.cycles >= cycle { return .conditionMet }
    switch stop {
    case .shutdown: return .shutdown
    case .instructionLimit: return .instructionLimit
    case .halted, .waitingForSIPI, .deadline, .refused: return nil
    }
  }

  /// Lets a processor have its turn: at one go, or instruction by instruction from where the observer wants to see each.
  /// Its turn ends where it would end unwatched, so that the processors' order is the same.
  private func turn(
    of processor: Processor, until deadline: UInt64, instructionLimit: UInt64, _ observer: (any RunObserver)?
  ) -> Stop {
    let state = processor.state
    while let observer, let first = observer.stepsFrom {
      let isWatched = state.pointee.cycles >= first
      let stop: Stop
      if isWatched {
        observer.willStep(processor)
        let (next, overflow) = state.pointee.instructions.addingReportingOverflow(1)
        stop = processor.run(
          until: deadline, instructionLimit: overflow ? instructionLimit : min(next, instructionLimit))
        observer.didStep(processor)
      } else {
        stop = processor.run(until: min(deadline, first), instructionLimit: instructionLimit)
      }
      guard stop == .deadline || stop == .instructionLimit, !processor.isAtStopAddress else { return stop }
      if stop == .instructionLimit, state.pointee.instructions >= instructionLimit { return stop }
      // A deadline of 0 says that somebody asked for the turn's end.
      guard state.pointee.deadline != 0, state.pointee.cycles < deadline, interruptFlag?.isSet != true else {
        return .deadline
      }
    }
    return processor.run(until: deadline, instructionLimit: instructionLimit)
  }
}
