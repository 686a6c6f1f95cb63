import Layout
import MMU

/// A block: its header, with its ops behind it.
public typealias BlockRef = UnsafeMutablePointer<DecodedBlock>

extension UnsafeMutablePointer where Pointee == DecodedBlock {
  /// The block's ops.
  @inline(__always) var ops: UnsafeMutablePointer<DecodedOp> {
    UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: DecodedOp.self)
  }

  /// Whether the block that a link of this one is about to name lies in this one's page.
  func mayLink(_ link: UnsafeMutablePointer<BlockRef?>) -> Bool {
    let last = ops + Int(pointee.lastOp)
    if link == OpRef(last).taken { return pointee.linkable & 1 != 0 }
    return link == OpRef(last).notTaken && pointee.linkable & 2 != 0
  }
}

/// A machine's decoded blocks, by physical address; all its processors share them.
///
/// A dropped block stays in memory, its first op replaced by one that leaves at once, until the arena is full and all
/// blocks go together: so a link to a block is never dangling.
public final class BlockCache: CodeObserver {
  /// Instructions a block holds at most.
  public let limit: Int
  /// How often blocks were dropped: whoever runs one looks whether this has moved.
  private(set) var drops: UInt64 = 0

  /// Where a run stops, before the instruction there.
  public private(set) var stops = ExecutionStops()
  /// Stops are passed over, without anything being forgotten: for a replay that knows where it goes.
  public var passesStops = false
  /// Their places in a page: a block is physical memory's, and may be run at any linear page.
  private var stopOffsets: Set<UInt64> = []

  private let memory: PhysicalMemory
  private let arena: UnsafeMutableRawPointer
  private let arenaSize: Int
  private var used = 0
  private var buckets: [BlockRef?]
  private var pages: [UInt64: BlockRef] = [:]
  private var crossing: [BlockRef] = []
  /// Processors whose fetch pointers may name blocks.
  private var states: [State] = []

  /// - Parameters:
  ///   - limit: instructions a block holds at most, 1 to 32.
  ///   - arenaSize: bytes for decoded blocks.
  public init(memory: PhysicalMemory, limit: Int = 32, arenaSize: Int = 8 << 20) {
    self.memory = memory
    self.limit = min(max(limit, 1), 32)
    self.arenaSize = max(arenaSize, 1 << 16)
    arena = .allocate(byteCount: self.arenaSize, alignment: 64)
    buckets = Array(repeating: nil, count: 1 << 14)
    memory.codeObserver = self
  }

  deinit {
    if memory.codeObserver === self { memory.codeObserver = nil }
    arena.deallocate()
  }

  func attach(_ state: State) { states.append(state) }

  /// Has runs stop before the instructions at some addresses, and nowhere else.
  public func stop(at stops: ExecutionStops) {
    guard stops != self.stops else { return }
    self.stops = stops
    stopOffsets = stops.offsets
    flush()
  }

  /// Whether a run is to stop before an instruction.
  func isStop(linear: UInt64, physical: UInt64, of processor: Processor) -> Bool {
    guard !passesStops else { return false }
    if stops.linear.contains(linear) || stops.physical.contains(physical) { return true }
    guard !stops.guestPhysical.isEmpty, processor.isGuest else { return false }
    return processor.guestPhysical(of: linear).map { stops.guestPhysical.contains($0) } ?? false
  }

  /// Whether an instruction at a place in its page must be a block's first one, because a run may stop before it.
  func mayStop(at physical: UInt64) -> Bool { !stopOffsets.isEmpty && stopOffsets.contains(physical & 0xFFF) }

  private func bucket(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 50) }

  /// The live block of a key (physical address << 8 | mode) whose last instruction, if it runs into another page, runs
  /// into this one.
  func find(_ key: UInt64, secondPage: (BlockRef) -> Bool) -> BlockRef? {
    var block = buckets[bucket(key)]
    while let candidate = block {
      if candidate.pointee.key == key && (candidate.pointee.secondPage == ~0 || secondPage(candidate)) {
        return candidate
      }
      block = candidate.pointee.nextInBucket
    }
    return nil
  }

  /// Room for a block with this many ops, links included; drops all blocks when the arena is full.
  func allocate(ops: Int) -> BlockRef {
    let bytes = MemoryLayout<DecodedBlock>.size + (ops + 2) * MemoryLayout<DecodedOp>.size
    let rounded = (bytes + 63) & ~63
    if used + rounded > arenaSize { flush() }
    let block = (arena + used).bindMemory(to: DecodedBlock.self, capacity: 1)
    used += rounded
    block.initialize(to: DecodedBlock())
    block.pointee.secondPage = ~0
    block.pointee.live = 1
    return block
  }

  /// Files a finished block and marks the granules it came from.
  func file(_ block: BlockRef) {
    let chain = bucket(block.pointee.key)
    block.pointee.nextInBucket = buckets[chain]
    buckets[chain] = block
    let page = (block.pointee.key >> 8) & ~0xFFF
    block.pointee.nextInPage = pages[page]
    pages[page] = block
    memory.markCode(page: page, granules: block.pointee.granules)
    if block.pointee.secondPage != ~0 {
      crossing.append(block)
      memory.markCode(page: block.pointee.secondPage, granules: 1)
    }
  }

  /// Drops every block decoded from these granules.
  public func codeWritten(page: UInt64, granules: UInt64) {
    drops &+= 1
    var kept: BlockRef?
    var marks: UInt64 = 0
    var block = pages[page]
    while let candidate = block {
      block = candidate.pointee.nextInPage
      if candidate.pointee.granules & granules != 0 {
        drop(candidate)
      } else {
        candidate.pointee.nextInPage = kept
        kept = candidate
        marks |= candidate.pointee.granules
      }
    }
    pages[page] = kept
    crossing.removeAll { crossingBlock in
      guard crossingBlock.pointee.live != 0 else { return true }
      guard crossingBlock.pointee.secondPage == page else { return false }
      guard granules & 1 != 0 else {
        marks |= 1
        return false
      }
      drop(crossingBlock)
      return true
    }
    memory.setCode(page: page, granules: marks)
  }

  private func drop(_ block: BlockRef) {
    guard block.pointee.live != 0 else { return }
    block.pointee.live = 0
    block.ops.pointee.handler = droppedBlock
    let chain = bucket(block.pointee.key)
    if buckets[chain] == block {
      buckets[chain] = block.pointee.nextInBucket
      return
    }
    var previous = buckets[chain]
    while let candidate = previous {
      if candidate.pointee.nextInBucket == block {
        candidate.pointee.nextInBucket = block.pointee.nextInBucket
        return
      }
      previous = candidate.pointee.nextInBucket
    }
  }

  private func flush() {
    drops &+= 1
    for page in pages.keys { memory.setCode(page: page, granules: 0) }
    for block in crossing { memory.setCode(page: block.pointee.secondPage, granules: 0) }
    pages.removeAll()
    crossing.removeAll()
    for index in buckets.indices { buckets[index] = nil }
    used = 0
    for state in states { state.pointee.generation &+= 1 }
  }
}
