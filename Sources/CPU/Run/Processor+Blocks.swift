import Layout
import MMU

// Finding and building the block at RIP.

extension Processor {
  /// Decode mode: the low byte of a block's key. 64-bit mode is the one that is built.
  private static let mode: UInt64 = 64

  /// The block at RIP, or nil: an exit is recorded (a fault at the fetch, or a refusal).
  func block(at rip: UInt64) -> BlockRef? {
    let entry = state.fetchPointer(rip)
    let tag = state.fetchTag
    if let known = entry.pointee.block, entry.pointee.rip == rip, entry.pointee.contextAndGeneration == tag,
      known.pointee.live != 0
    {
      return known
    }
    guard let physical = fetch(rip) else { return nil }
    let key = physical.value << 8 | Processor.mode
    let next = (rip | 0xFFF) &+ 1
    let found =
      blocks.find(key) { block in self.fetch(next)?.value == block.pointee.secondPage } ?? build(rip, physical, key)
    guard let found else { return nil }
    state.pointee.exit = UInt32(ExitNone)
    // Translating may have dropped mappings, and so have moved the generation.
    entry.pointee.rip = rip
    entry.pointee.contextAndGeneration = state.fetchTag
    entry.pointee.block = found
    return found
  }

  /// Translates for a fetch; nil: the fault is recorded.
  private func fetch(_ rip: UInt64) -> PhysicalAddress? {
    switch translation.translate(LinearAddress(rip), Access(isFetch: true)) {
    case .physical(let address, _): return address
    case .pageFault(let code):
      state.pointee.cr2 = rip
      setFault(state, .pageFault, code.rawValue)
    case .notCanonical: setFault(state, .generalProtection, 0)
    }
    state.pointee.exit = UInt32(ExitFault)
    return nil
  }

  private func build(_ rip: UInt64, _ physical: PhysicalAddress, _ key: UInt64) -> BlockRef? {
    guard memory.isRAM(PhysicalAddress(physical.page), bytes: 0x1000) else {
      refusal = .fetchOutsideRAM(physical.value)
      state.pointee.exit = UInt32(ExitRefused)
      return nil
    }
    let available = Int(0x1000 - physical.value & 0xFFF)
    let bytes = UnsafeRawBufferPointer(start: memory.base + Int(physical.value), count: available)
    var ops: [DecodedOp] = []
    var offset = 0
    var cycles: UInt64 = 0
    while ops.count < blocks.limit && offset < available {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      guard case .op(var op) = decoder.decode(rest, ripOffset: offset) else {
        if ops.isEmpty { return buildCrossing(rip, rest, key) }
        break
      }
      place(&op, number: ops.count, offset: offset, cycles: cycles)
      ops.append(op)
      offset += Int(op.length)
      cycles += decoder.lastCycles
      if op.detail & OpDetail.ends.rawValue != 0 { break }
    }
    return file(ops, key: key, bytes: offset, cycles: cycles, available: available, secondPage: ~0)
  }

  /// One instruction that runs into the next page is a block of its own.
  private func buildCrossing(_ rip: UInt64, _ head: UnsafeRawBufferPointer, _ key: UInt64) -> BlockRef? {
    guard let next = fetch((rip | 0xFFF) &+ 1) else { return nil }
    var bytes = [UInt8](head)
    for offset in 0..<UInt64(15) { bytes.append(memory.read(PhysicalAddress(next.value + offset), as: UInt8.self)) }
    let outcome = bytes.withUnsafeBytes { decoder.decode($0, ripOffset: 0) }
    guard case .op(var op) = outcome else { return nil }
    place(&op, number: 0, offset: 0, cycles: 0)
    return file(
      [op], key: key, bytes: Int(op.length), cycles: decoder.lastCycles, available: head.count, secondPage: next.value)
  }

  private func place(_ op: inout DecodedOp, number: Int, offset: Int, cycles: UInt64) {
    op.number = UInt8(number)
    op.ripOffset = UInt16(offset)
    op.cyclesBefore = UInt16(truncatingIfNeeded: cycles)
  }

  private func file(
    _ ops: [DecodedOp], key: UInt64, bytes: Int, cycles: UInt64, available: Int, secondPage: UInt64
  ) -> BlockRef {
    var ops = ops
    let count = ops.count
    if let last = ops.last, last.detail & OpDetail.ends.rawValue == 0 {
      var end = DecodedOp(continueBehind)
      place(&end, number: count, offset: bytes, cycles: cycles)
      ops.append(end)
    }
    let block = blocks.allocate(ops: ops.count)
    block.pointee.key = key
    block.pointee.count = UInt16(count)
    block.pointee.bytes = UInt16(bytes)
    block.pointee.cycles = UInt32(cycles)
    block.pointee.secondPage = secondPage
    let first = key >> 8 & 0xFFF
    block.pointee.granules = memory.granules(from: first, through: first + UInt64(min(bytes, available)) - 1)
    for (index, op) in ops.enumerated() { block.ops[index] = op }
    (block.ops + ops.count).withMemoryRebound(to: BlockLinks.self, capacity: 1) {
      $0.initialize(to: BlockLinks(taken: nil, notTaken: nil, reserved: (0, 0)))
    }
    // A branch inside a page may be linked whatever the page is mapped to.
    if secondPage == ~0, let last = ops.last {
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

  /// What a fetch pointer's tag must be.
  @inline(__always) var fetchTag: UInt64 { pointee.context | pointee.generation << 12 }
}
