import Layout
import MMU

// Finding and building the block at RIP.

extension Processor {
  /// The block at an instruction pointer, or nil: an exit is recorded (a fault at the fetch, or a refusal).
  func block(at offset: UInt64) -> BlockRef? {
    if hasBreakpoints, breaks(before: state.is64Bit ? offset : (state.pointee.codeBase &+ offset) & 0xFFFF_FFFF) {
      return nil
    }
    guard let rip = fetchAddress(offset) else { return nil }
    isFetchWatched = false
    let entry = state.fetchPointer(rip)
    let tag = state.fetchTag(rip)
    if let known = entry.pointee.block, entry.pointee.rip == rip, entry.pointee.contextAndGeneration == tag,
      known.pointee.live != 0
    {
      return known
    }
    guard let physical = fetch(rip) else { return nil }
    let endsHere = limitLies(inPageOf: rip) || holdsExecutionBreakpoint(pageOf: rip)
    let key = physical.value << 8 | state.pointee.mode | (endsHere ? UInt64(ModeLimit) : 0)
    let next = (rip | 0xFFF) &+ 1
    let found =
      blocks.find(key) { block in self.fetch(next)?.value == block.pointee.secondPage }
      ?? build(rip, physical, key, isLast: endsHere)
    guard let found else { return nil }
    guard state.isInsideLimit(offset, found) else {
      setFault(state, .generalProtection, 0)
      state.pointee.exit = UInt32(ExitFault)
      return nil
    }
    state.pointee.exit = UInt32(ExitNone)
    guard !isFetchWatched, !isExecutionBreakpoint(rip) else { return found }
    // Translating may have dropped mappings, and so have moved the generation.
    entry.pointee.rip = rip
    entry.pointee.contextAndGeneration = state.fetchTag(rip)
    entry.pointee.block = found
    return found
  }

  /// Whether CS ends inside a page, before the page does: there a block is one instruction, and is not linked, because
  /// straight code must not run past the limit.
  private func limitLies(inPageOf linear: UInt64) -> Bool {
    guard !state.is64Bit, state.pointee.mode & UInt64(ModeFlatCode) == 0 else { return false }
    let end = state.pointee.codeBase &+ UInt64(state.segment(.cs).pointee.limit) &+ 1
    let page = linear & ~0xFFF
    return end > page && end < page &+ 0x1000
  }

  /// Linear address of an instruction; nil: it lies beyond CS's limit, and the fault is recorded.
  private func fetchAddress(_ offset: UInt64) -> UInt64? {
    if state.is64Bit { return offset }
    guard offset <= UInt64(state.segment(.cs).pointee.limit) else {
      setFault(state, .generalProtection, 0)
      state.pointee.exit = UInt32(ExitFault)
      return nil
    }
    return (state.pointee.codeBase &+ offset) & 0xFFFF_FFFF
  }

  /// Translates for a fetch; nil: the fault is recorded.
  private func fetch(_ address: UInt64) -> PhysicalAddress? {
    let rip = state.is64Bit ? address : address & 0xFFFF_FFFF
    let access = Access(isFetch: true, isUser: translation.isUser)
    switch translation.translate(LinearAddress(rip), access) {
    case .physical(let address, let slot):
      if translation.isAPICAccess(address, by: slot), let virtualization {
        _ = virtualization.apicAccess(
          Access(isFetch: true), linear: rip, offset: address.value & 0xFFF, bytes: 1, length: 0)
        setFault(state, .exit, 0)
        state.pointee.exit = UInt32(ExitFault)
        return nil
      }
      translation.noteFetch(rip)
      if !translation.mayDerive(slot, LinearAddress(rip), access) { isFetchWatched = true }
      return address
    case .pageFault(let code):
      state.pointee.faultAddress = rip
      setFault(state, .pageFault, code.rawValue)
    case .notCanonical: setFault(state, .generalProtection, 0)
    case .exit(let reason):
      pendingExit = reason
      setFault(state, .exit, 0)
      state.pointee.faultLength = 0
    }
    state.pointee.exit = UInt32(ExitFault)
    return nil
  }

  private func build(_ rip: UInt64, _ physical: PhysicalAddress, _ key: UInt64, isLast: Bool) -> BlockRef? {
    guard let host = memory.host(PhysicalAddress(physical.page), bytes: 0x1000) else {
      refusal = .fetchOutsideRAM(physical.value)
      state.pointee.exit = UInt32(ExitRefused)
      return nil
    }
    let available = Int(0x1000 - physical.value & 0xFFF)
    let bytes = UnsafeRawBufferPointer(
      start: host + Int(physical.value & 0xFFF), count: available)
    var straight = StraightRun()
    if blocks.mayStop(at: physical.value) { straight.place(DecodedOp(lookForStop)) }
    while straight.count < (isLast ? 1 : blocks.limit) && straight.bytes < available && !straight.isEnded {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[straight.bytes...])
      if straight.count > 0, blocks.mayStop(at: physical.value + UInt64(straight.bytes)) { break }
      guard
        case .instruction(let instruction) = decoder.decode(
          rest, ripOffset: straight.bytes, mode: state.pointee.mode)
      else {
        if straight.count == 0 { return buildCrossing(rip, rest, key) }
        break
      }
      straight.append(instruction)
    }
    return file(straight, key: key, available: available, secondPage: ~0)
  }

  /// Ops of a block that is being built.
  private struct StraightRun {
    var ops: [DecodedOp] = []
    var count = 0
    var bytes = 0
    var cycles: UInt64 = 0
    var isEnded = false

    mutating func append(_ instruction: Decoder.Instruction) {
      if let address = instruction.address { place(address) }
      place(instruction.op)
      count += 1
      bytes += Int(instruction.op.length)
      cycles += instruction.cycles
      isEnded = instruction.op.detail & OpDetail.ends.rawValue != 0
    }

    /// Puts an op where the next instruction begins.
    mutating func place(_ op: DecodedOp) {
      var op = op
      op.number = UInt8(count)
      op.ripOffset = UInt16(bytes)
      op.cyclesBefore = UInt16(truncatingIfNeeded: cycles)
      ops.append(op)
    }
  }

  /// One instruction that runs into the next page is a block of its own.
  private func buildCrossing(_ rip: UInt64, _ head: UnsafeRawBufferPointer, _ key: UInt64) -> BlockRef? {
    guard let next = fetch((rip | 0xFFF) &+ 1) else { return nil }
    var bytes = [UInt8](head)
    for offset in 0..<UInt64(15) { bytes.append(memory.read(PhysicalAddress(next.value + offset), as: UInt8.self)) }
    let outcome = bytes.withUnsafeBytes { decoder.decode($0, ripOffset: 0, mode: state.pointee.mode) }
    guard case .instruction(let instruction) = outcome else { return nil }
    var straight = StraightRun()
    if blocks.mayStop(at: key >> 8) { straight.place(DecodedOp(lookForStop)) }
    straight.append(instruction)
    return file(straight, key: key, available: head.count, secondPage: next.value)
  }

  private func file(_ run: StraightRun, key: UInt64, available: Int, secondPage: UInt64) -> BlockRef {
    var run = run
    if !run.isEnded { run.place(DecodedOp(continueBehind)) }
    let ops = run.ops
    let block = blocks.allocate(ops: ops.count)
    block.pointee.key = key
    block.pointee.count = UInt16(run.count)
    block.pointee.lastOp = UInt16(ops.count - 1)
    block.pointee.bytes = UInt16(run.bytes)
    block.pointee.cycles = UInt32(run.cycles)
    block.pointee.secondPage = secondPage
    let first = key >> 8 & 0xFFF
    block.pointee.granules = memory.granules(from: first, through: first + UInt64(min(run.bytes, available)) - 1)
    for (index, op) in ops.enumerated() { block.ops[index] = op }
    (block.ops + ops.count).withMemoryRebound(to: BlockLinks.self, capacity: 1) {
      $0.initialize(to: BlockLinks(taken: nil, notTaken: nil, reserved: (0, 0)))
    }
    // A branch inside a page may be linked whatever the page is mapped to.
    if secondPage == ~0, key & UInt64(ModeLimit) == 0, let last = ops.last {
      let end = Int64(first) + Int64(last.ripOffset) + Int64(last.length)
      let (target, overflow) = Int64(first).addingReportingOverflow(last.immediate)
      if (0..<0x1000).contains(end) { block.pointee.linkable |= 2 }
      if !overflow, (0..<0x1000).contains(target) { block.pointee.linkable |= 1 }
    }
    blocks.file(block)
    return block
  }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// The fetch pointer that a RIP falls into.
  @inline(__always) func fetchPointer(_ rip: UInt64) -> UnsafeMutablePointer<FetchPointer> {
    let index = Int(truncatingIfNeeded: (rip ^ rip >> 12) & UInt64(FetchPointerCount - 1))
    return (raw + FetchPointersOffset).assumingMemoryBound(to: FetchPointer.self) + index
  }

  /// Whether a block that begins at an instruction pointer ends before CS does.
  @inline(__always) func isInsideLimit(_ offset: UInt64, _ block: BlockRef) -> Bool {
    is64Bit || offset &+ UInt64(block.pointee.bytes) &- 1 <= UInt64(segment(.cs).pointee.limit)
  }

  /// What the tag of a RIP's fetch pointer must be: of both counts, neither falls.
  @inline(__always) func fetchTag(_ rip: UInt64) -> UInt64 {
    pointee.fetchContext | pointee.mode << 12 | (pointee.generation &+ fetchGeneration(rip).pointee) << 20
  }
}
