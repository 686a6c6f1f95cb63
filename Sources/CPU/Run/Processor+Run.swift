import Layout
import MMU

extension Processor {
  /// Runs until the clock has reached a cycle or the count of retired instructions a limit, or something ends the run.
  ///
  /// An instruction starts if and only if the clock is before `deadline` and the count below `instructionLimit`, however
  /// blocks are formed.
  public func run(until deadline: UInt64, instructionLimit: UInt64 = .max) -> Stop {
    let s = state
    refusal = nil
    memory.writer = .processor(translation.processorNumber)
    defer { memory.writer = .monitor }
    s.pointee.instructionLimit = instructionLimit
    s.pointee.deadline = deadline
    nearestDeadline = nil
    isAtStopAddress = false
    if let waiting { return waiting }
    // Read once: each use would count references.
    let virtualization = virtualization
    s.pointee.exit = UInt32(ExitNone)
    s.pointee.link = nil
    s.vectorControlsChanged()
    while true {
      // Before anything else: where the run stops must not change what comes behind.
      guard !isAtStopAddress else { return .deadline }
      guard s.pointee.instructions < instructionLimit else { return .instructionLimit }
      guard s.pointee.cycles < s.pointee.deadline else {
        // Ours, or one nearer that somebody asked for: a stop.
        guard s.pointee.deadline != deadline, nearestDeadline == s.pointee.deadline else { return .deadline }
        nearestDeadline = nil
        s.pointee.deadline = deadline
        if isGuest { noteInterrupts() }
        continue
      }
      if isGuest, isAttentionWanted, let virtualization, virtualization.takeBeforeTraps() {
        if let waiting { return waiting }
        continue
      }
      if pendingDebug != 0, s.pointee.interruptShadow != 2 {
        deliverDebugTrap()
        if let waiting { return waiting }
        continue
      }
      if isAttentionWanted, takeEvent() {
        if let waiting { return waiting }
        continue
      }
      guard s.pointee.activity == Activity.active else { return .halted }
      if s.pointee.interruptShadow != 0 || s.pointee.rflags & (FlagBit.trap | FlagBit.resume) != 0
        || isGuest && virtualization?.seesEachInstruction == true
      {
        if let stop = step(s, virtualization) { return stop }
        continue
      }
      bringDeadlineNearer(s, virtualization)
      if let block = block(at: s.pointee.rip) { chain(s, from: block) }
      if s.pointee.exit != UInt32(ExitNone), let stop = handleExit(s, virtualization) { return stop }
    }
  }

  /// Runs one instruction, because what happens between it and the next depends on it: a single-step trap, the end of a
  /// shadow, the clearing of RF (SDM Vol. 3, "Single-Step Exception Condition", "Masking Exceptions and Interrupts When
  /// Switching Stacks").
  private func step(_ s: State, _ virtualization: (any VirtualMachineExtensions)?) -> Stop? {
    let isTraced = s.pointee.rflags & FlagBit.trap != 0
    let shadow = s.pointee.interruptShadow
    let wasGuest = seesEachInstruction
    let limit = s.pointee.instructionLimit
    let retired = s.pointee.instructions
    s.pointee.instructionLimit = retired + 1
    isResuming = s.pointee.rflags & FlagBit.resume != 0
    s.pointee.rflags &= ~FlagBit.resume
    if let block = block(at: s.pointee.rip) { runPrefix(s, block, isFetched: true) }
    s.pointee.instructionLimit = limit
    if isAtStopAddress {
      // Nothing has begun.
      if isResuming { s.pointee.rflags |= FlagBit.resume }
      (isResuming, s.pointee.exit) = (false, UInt32(ExitNone))
      return nil
    }
    isResuming = false
    // Still the shadow that was there: it ends with this instruction.
    let isFaulted = s.pointee.exit == UInt32(ExitFault)
    if s.pointee.interruptShadow == shadow, !isFaulted { s.pointee.interruptShadow = 0 }
    // What loads SS puts its own single-step trap off for good: the next instruction has one, unless it is an INT.
    if isTraced, s.pointee.instructions > retired, !isFaulted, s.pointee.exit != UInt32(ExitInterrupt),
      s.pointee.interruptShadow != 2
    {
      pendingDebug |= DR6.singleStep
    }
    let stop = s.pointee.exit == UInt32(ExitNone) ? nil : handleExit(s, virtualization)
    if wasGuest, seesEachInstruction { virtualization?.instructionRetired() }
    return stop
  }

  /// The monitor trap flag: something happens behind each instruction of a guest.
  private var seesEachInstruction: Bool { isGuest && virtualization?.seesEachInstruction == true }

  /// An instruction takes at least a cycle, so a deadline as many cycles away as instructions are left keeps the limit
  /// without the blocks having to look at it.
  private func bringDeadlineNearer(_ s: State, _ virtualization: (any VirtualMachineExtensions)?) {
    let (sum, overflow) = s.pointee.cycles.addingReportingOverflow(
      s.pointee.instructionLimit - s.pointee.instructions)
    var limit = overflow ? .max : sum
    if isGuest, let timer = virtualization?.timerDeadline { limit = min(limit, timer) }
    guard limit < s.pointee.deadline else { return }
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
      if isFetchWatched { block = unlinkedCopy(of: block) }
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
        let next: BlockRef
        if let known = knownBlock(s, rip) {
          next = known
        } else {
          guard mayFetch(s), let found = self.block(at: rip) else { return }
          isFetched = true
          next = found
        }
        if drops == blocks.drops, let last, last.mayLink(link), next.pointee.secondPage == ~0 { link.pointee = next }
        s.pointee.link = nil
        block = next
        continue
      }
      if let known = knownBlock(s, rip) {
        block = known
        continue
      }
      guard mayFetch(s), let next = self.block(at: rip) else { return }
      isFetched = true
      block = next
    }
  }

  /// The block at an instruction pointer, if a fetch pointer leads to it.
  @inline(__always) private func knownBlock(_ s: State, _ rip: UInt64) -> BlockRef? {
    // Only 64-bit mode takes RIP as it is; elsewhere there are a base and a limit.
    let linear = rip &+ s.pointee.codeBase
    let entry = s.fetchPointer(linear)
    guard entry.pointee.rip == linear, entry.pointee.contextAndGeneration == s.fetchTag(linear),
      let known = entry.pointee.block, known.pointee.live != 0, s.isInsideLimit(rip, known)
    else { return nil }
    isFetchWatched = false
    return known
  }

  /// A copy of a block without links: what follows a block that was fetched by a suspect mapping is fetched anew, so that
  /// each use of the mapping is seen.
  private func unlinkedCopy(of block: BlockRef) -> BlockRef {
    prefix.pointee = block.pointee
    prefix.pointee.linkable = 0
    let last = Int(block.pointee.lastOp)
    for index in 0...last { prefix.ops[index] = block.ops[index] }
    (prefix.ops + last + 1).withMemoryRebound(to: BlockLinks.self, capacity: 1) {
      $0.pointee = BlockLinks(taken: nil, notTaken: nil, reserved: (0, 0))
    }
    return prefix
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
    // The first op that does not start in time; an address op starts with the instruction behind it.
    let end = Int(block.pointee.lastOp)
    var index = 0
    while index <= end, UInt64(ops[index].cyclesBefore) < room, UInt64(ops[index].number) < allowed { index += 1 }
    let count = index <= end ? Int(ops[index].number) : Int(block.pointee.count)
    guard count < Int(block.pointee.count) else {
      s.pointee.cycles &+= UInt64(block.pointee.cycles)
      s.pointee.instructions &+= UInt64(block.pointee.count)
      s.pointee.block = block
      return ops.pointee.handler(s, ops)
    }
    prefix.pointee = block.pointee
    prefix.pointee.cycles = UInt32(ops[index].cyclesBefore)
    prefix.pointee.count = UInt16(count)
    for position in 0...index { prefix.ops[position] = ops[position] }
    prefix.ops[index].handler = stopHere
    s.pointee.cycles &+= UInt64(prefix.pointee.cycles)
    s.pointee.instructions &+= UInt64(count)
    s.pointee.block = prefix
    prefix.ops.pointee.handler(s, prefix.ops)
  }

  /// Deals with why a block was left; returns the reason when the run ends there.
  private func handleExit(_ s: State, _ virtualization: (any VirtualMachineExtensions)?) -> Stop? {
    let exit = Int(s.pointee.exit)
    s.pointee.exit = UInt32(ExitNone)
    switch exit {
    case ExitFault, ExitInterrupt:
      isFault = exit == ExitFault
      if isFault, s.pointee.faultVector == Vector.exit.rawValue {
        takePendingExit(length: s.pointee.faultLength)
        s.pointee.exit = UInt32(ExitNone)
        break
      }
      if isFault { beginFault() }
      let isPrivileged = exit == ExitInterrupt && s.pointee.faultError == 1
      isSoftwareException = exit == ExitInterrupt && s.pointee.faultError == 2
      // INT1's #DB is the one that a breakpoint met by a load of SS has waited for.
      if isPrivileged, pendingDebug != 0 { reportPendingDebug() }
      deliver(
        vector: s.pointee.faultVector, error: s.pointee.faultHasError != 0 ? s.pointee.faultError : nil,
        source: exit != ExitInterrupt ? .exception : isPrivileged ? .privileged : .software)
      s.pointee.exit = UInt32(ExitNone)
    case ExitVirtual:
      virtualization?.transition()
      s.pointee.exit = UInt32(ExitNone)
    case ExitRefused:
      if let refusal { return .refused(refusal) }
    case ExitStop, ExitDropped, ExitNone: break
    default: break
    }
    takeMatches()
    if let refusal { return .refused(refusal) }
    return waiting
  }

  /// Why the processor runs no instruction; nil when it does, or when what waits for it is about to end that.
  private var waiting: Stop? {
    guard !isReady else { return nil }
    switch state.pointee.activity {
    case Activity.halted: return .halted
    case Activity.waitForSIPI: return .waitingForSIPI
    default: return .shutdown
    }
  }
}
