import Layout
import MMU

extension Processor {
  /// Runs until the clock has reached a cycle or the count of retired instructions a limit, or something ends the run.
  ///
  /// An instruction starts if and only if the clock is before `deadline` and the count below `instructionLimit`, however
  /// blocks are formed.
  public func run(until deadline: UInt64, instructionLimit: UInt64 = .max) -> Stop {
    let s = state
    s.pointee.instructionLimit = instructionLimit
    s.pointee.deadline = deadline
    guard s.pointee.activity == 0 else { return s.pointee.activity == 1 ? .halted : .shutdown }
    s.pointee.exit = UInt32(ExitNone)
    s.pointee.link = nil
    s.vectorControlsChanged()
    while true {
      guard s.pointee.instructions < instructionLimit else { return .instructionLimit }
      guard s.pointee.cycles < s.pointee.deadline else {
        // Ours, or one nearer that somebody asked for: a stop.
        guard s.pointee.deadline != deadline, nearestDeadline == s.pointee.deadline else { return .deadline }
        nearestDeadline = nil
        s.pointee.deadline = deadline
        continue
      }
      bringDeadlineNearer(s)
      if let block = block(at: s.pointee.rip) { chain(s, from: block) }
      if s.pointee.exit != UInt32(ExitNone), let stop = handleExit(s) { return stop }
    }
  }

  /// An instruction takes at least a cycle, so a deadline as many cycles away as instructions are left keeps the limit
  /// without the blocks having to look at it.
  private func bringDeadlineNearer(_ s: State) {
    let (limit, overflow) = s.pointee.cycles.addingReportingOverflow(
      s.pointee.instructionLimit - s.pointee.instructions)
    guard !overflow, limit < s.pointee.deadline else { return }
    s.pointee.deadline = limit
    nearestDeadline = limit
  }

  /// Runs block after block as long as nothing needs attention. The first instruction has been fetched, and starts.
  ///
  /// Direct branches go from block to block by themselves (`follow`); here arrive those whose successor is not known yet
  /// and those that end otherwise.
  private func chain(_ s: State, from first: BlockRef) {
    var block = first
    var isFetched = true
    while true {
      let cycles = s.pointee.cycles &+ UInt64(block.pointee.cycles)
      guard cycles <= s.pointee.deadline else { return runPrefix(s, block, isFetched: isFetched) }
      isFetched = false
      s.pointee.cycles = cycles
      s.pointee.instructions = s.pointee.instructions &+ UInt64(block.pointee.count)
      s.pointee.block = block
      let ops = block.ops
      ops.pointee.handler(s, ops)
      guard s.pointee.exit == UInt32(ExitNone) else { return }
      let rip = s.pointee.rip
      if let link = s.pointee.link {
        if let next = link.pointee {
          block = next
          continue
        }
        let last = s.pointee.block
        let drops = blocks.drops
        guard mayFetch(s), let next = self.block(at: rip) else { return }
        isFetched = true
        if drops == blocks.drops, let last, last.mayLink(link), next.pointee.secondPage == ~0 { link.pointee = next }
        s.pointee.link = nil
        block = next
        continue
      }
      let entry = s.fetchPointer(rip)
      if entry.pointee.rip == rip, entry.pointee.contextAndGeneration == s.fetchTag, let known = entry.pointee.block,
        known.pointee.live != 0
      {
        block = known
        continue
      }
      guard mayFetch(s), let next = self.block(at: rip) else { return }
      isFetched = true
      block = next
    }
  }

  /// Whether an instruction may start: a fetch may walk, and walks only for an instruction that does.
  private func mayFetch(_ s: State) -> Bool {
    s.pointee.cycles < s.pointee.deadline && s.pointee.instructions < s.pointee.instructionLimit
  }

  /// Runs the instructions of a block that start before the deadline and below the limit.
  ///
  /// - Parameter isFetched: the fetch of the first one may have taken cycles; it has started.
  private func runPrefix(_ s: State, _ block: BlockRef, isFetched: Bool) {
    guard isFetched || mayFetch(s) else { return }
    let room = s.pointee.cycles < s.pointee.deadline ? s.pointee.deadline - s.pointee.cycles : 1
    let allowed = s.pointee.instructionLimit &- s.pointee.instructions
    let ops = block.ops
    var count = 0
    while count < Int(block.pointee.count), UInt64(ops[count].cyclesBefore) < room, UInt64(count) < allowed {
      count += 1
    }
    guard count < Int(block.pointee.count) else {
      s.pointee.cycles &+= UInt64(block.pointee.cycles)
      s.pointee.instructions &+= UInt64(block.pointee.count)
      s.pointee.block = block
      return ops.pointee.handler(s, ops)
    }
    prefix.pointee = block.pointee
    prefix.pointee.cycles = UInt32(ops[count].cyclesBefore)
    prefix.pointee.count = UInt16(count)
    for index in 0..<count { prefix.ops[index] = ops[index] }
    prefix.ops[count] = ops[count]
    prefix.ops[count].handler = stopHere
    s.pointee.cycles &+= UInt64(prefix.pointee.cycles)
    s.pointee.instructions &+= UInt64(count)
    s.pointee.block = prefix
    prefix.ops.pointee.handler(s, prefix.ops)
  }

  /// Deals with why a block was left; returns the reason when the run ends there.
  private func handleExit(_ s: State) -> Stop? {
    let exit = Int(s.pointee.exit)
    s.pointee.exit = UInt32(ExitNone)
    switch exit {
    case ExitFault, ExitInterrupt:
      deliver(
        vector: s.pointee.faultVector, error: s.pointee.faultHasError != 0 ? s.pointee.faultError : nil,
        isSoftware: exit == ExitInterrupt)
      s.pointee.exit = UInt32(ExitNone)
    case ExitRefused:
      if let refusal { return .refused(refusal) }
    case ExitStop, ExitDropped, ExitNone: break
    default: break
    }
    if let refusal { return .refused(refusal) }
    switch s.pointee.activity {
    case 0: return nil
    case 1: return .halted
    default: return .shutdown
    }
  }
}
