import EPTTLB
import Guests
import MMU
import Machine
import Testing

/// Snapshots in memory: a machine that goes back, and machines that go on from where another was (docs/ARCHITECTURE.md,
/// "Snapshots").
@Suite struct SnapshotTests {
  @Test("snapshots taken, restored and forked at random leave every end as it is", arguments: DeterminismTests.names)
  func anyOrder(name: String) throws {
    let image = try guest(name).image
    try wander(image, CacheSettings(), seed: 1)
    try wander(image, CacheSettings(blockLimit: 3, usesHostPointers: false), seed: 2)
  }

  @Test("the same with several processors and every quantum", arguments: [1, 2, 4, 8], [1, 100, 2000])
  func processors(_ count: Int, _ quantum: UInt64) throws {
    try wander(
      try guest("processors").image, CacheSettings(processors: count, quantum: quantum),
      seed: UInt64(count) << 16 | quantum)
  }

  @Test("the same under every TLB policy", arguments: RetentionPolicyNames.all)
  func policies(_ policy: String) throws {
    let known = try RetentionPolicy.named(policy).get()
    for name in ["stale", "faults", "selfmodify"] {
      try wander(try guest(name).image, CacheSettings(), policy: known, seed: 7, steps: 20)
    }
  }

  @Test("a snapshot outlives its machine, and a fork the snapshot")
  func lifetimes() throws {
    let image = try guest("selfmodify").image
    let reference = try outcome(of: image)
    func fork() throws -> Machine {
      func snapshot() throws -> Machine.Saved {
        let first = try Machine(image, CacheSettings())
        first.run(cycles: 100)
        _ = try first.saved()
        first.run(cycles: 1000)
        return try first.saved()
      }
      return try Machine(forking: try snapshot())
    }
    let machine = try fork()
    machine.finish()
    #expect(machine.outcome == reference)
  }

  @Test("what one machine of a family writes, no other sees")
  func isolation() throws {
    let first = try Machine(try guest("hello").image, CacheSettings())
    let address = PhysicalAddress(0x30_0000)
    first.board.memory.write(address, 1 as UInt64)
    let one = try first.saved()
    first.board.memory.write(address, 2 as UInt64)
    let two = try first.saved()
    let fork = try Machine(forking: one)
    #expect(fork.word(address) == 1)
    fork.board.memory.write(address, 3 as UInt64)
    let three = try fork.saved()
    #expect(first.word(address) == 2)
    #expect(try Machine(forking: two).word(address) == 2)
    // A snapshot of a fork may be restored in the machine that it came from, and back.
    try first.restore(three)
    #expect(first.word(address) == 3)
    try fork.restore(two)
    #expect(fork.word(address) == 2)
    try fork.restore(one)
    #expect(fork.word(address) == 1)
    #expect(fork.hash == one.hash)
  }

  @Test("many pages, written again between snapshots in runs of every length")
  func manyPages() throws {
    let first = try Machine(try guest("hello").image, CacheSettings())
    var random = SplitMix64(state: 3)
    var saved: [Machine.Saved] = []
    for _ in 0..<12 {
      for _ in 0..<8 {
        let start = 0x400 + random.next() % 0x900
        for page in start..<start + random.next() % 150 {
          first.board.memory.write(PhysicalAddress(page << 12 | random.next() % 512 * 8), random.next() % 3)
        }
      }
      saved.append(try first.saved())
      if random.next() % 3 == 0 { try first.restore(saved[Int(random.next() % UInt64(saved.count))]) }
      if random.next() % 4 == 0 { saved.remove(at: Int(random.next() % UInt64(saved.count))) }
    }
    for one in saved {
      #expect(try Machine(forking: one).hash == one.hash)
      try first.restore(one)
      #expect(first.hash == one.hash)
    }
  }

  @Test("cuts are not seen, with several processors either", arguments: [2, 4, 8], [1, 100, 2000])
  func cuts(_ count: Int, _ quantum: UInt64) throws {
    let image = try guest("processors").image
    let settings = CacheSettings(processors: count, quantum: quantum)
    let reference = try outcome(of: image, settings)
    var random = SplitMix64(state: quantum)
    let sliced = try outcome(of: image, settings, slice: { 1 + random.next() % 977 })
    #expect(sliced == reference)
  }

  /// Runs a guest piecewise, with snapshots, restorations and forks in any order, and compares every end with that of one
  /// run.
  private func wander(
    _ image: [UInt8], _ settings: CacheSettings, policy: RetentionPolicy? = nil, seed: UInt64, steps: Int = 36
  ) throws {
    let reference = try outcome(of: image, settings, policy: policy)
    var random = SplitMix64(state: seed)
    var machines = [try Machine(image, settings, policy: policy)]
    var saved: [Machine.Saved] = []
    let longest = max(reference.cycles / 12, 50)
    for _ in 0..<steps {
      let machine = machines[Int(random.next() % UInt64(machines.count))]
      switch random.next() % 8 {
      case 0, 1: saved.append(try machine.saved())
      case 2 where !saved.isEmpty:
        let target = saved[Int(random.next() % UInt64(saved.count))]
        try machine.restore(target)
        #expect(machine.hash == target.hash)
      case 3 where !saved.isEmpty && machines.count < 5:
        let target = saved[Int(random.next() % UInt64(saved.count))]
        machines.append(try Machine(forking: target))
        #expect(machines[machines.count - 1].hash == target.hash)
      case 4 where saved.count > 6: saved.remove(at: Int(random.next() % UInt64(saved.count)))
      case 5 where machines.count > 3: machines.removeFirst()
      default: machine.run(cycles: 1 + random.next() % longest)
      }
      machine.check()
    }
    for machine in machines {
      machine.finish()
      machine.check()
      #expect(machine.outcome == reference)
    }
    for one in saved {
      let machine = try Machine(forking: one)
      machine.finish()
      #expect(machine.outcome == reference)
    }
  }
}

/// A machine that is run piecewise.
private final class Machine {
  final class Text { var bytes: [UInt8] = [] }

  /// A snapshot, and what this wrapper knew.
  struct Saved {
    let snapshot: Snapshot
    let hash: String
    let text: [UInt8]
    let deadline: UInt64
    let end: RunEnd
  }

  let board: Board
  private let text = Text()
  private var deadline: UInt64 = 0
  private var end = RunEnd.cycleLimit

  init(_ image: [UInt8], _ settings: CacheSettings, policy: RetentionPolicy? = nil) throws {
    var options = BoardOptions()
    options.memory = 16 << 20
    options.blockLimit = settings.blockLimit
    options.usesHostPointers = settings.usesHostPointers
    options.processors = settings.processors
    options.quantum = settings.quantum
    if let policy { options.policy = policy }
    let text = text
    board = try Board(options) { byte in
      text.bytes.append(byte)
      return false
    }
    try FlatImage.load(image, into: board)
  }

  init(forking saved: Saved) throws {
    let text = text
    board = try Board(forking: saved.snapshot) { byte in
      text.bytes.append(byte)
      return false
    }
    remember(saved)
  }

  private func remember(_ saved: Saved) {
    text.bytes = saved.text
    deadline = saved.deadline
    end = saved.end
  }

  func saved() throws -> Saved {
    let hash = board.hash()
    let saved = Saved(
      snapshot: try board.snapshot(), hash: hash, text: text.bytes, deadline: deadline, end: end)
    #expect(self.hash == hash)
    return saved
  }

  func restore(_ saved: Saved) throws {
    try board.restore(saved.snapshot)
    remember(saved)
  }

  func run(cycles: UInt64) {
    guard end == .cycleLimit else { return }
    deadline += cycles
    var limits = RunLimits()
    limits.cycles = deadline
    end = board.run(limits)
  }

  func finish() {
    guard end == .cycleLimit else { return }
    end = board.run()
  }

  func check() {
    let memory = board.memory
    #expect(memory.checkStructureMarks() == nil)
    for processor in board.processors { #expect(processor.translation.checkInvariants() == nil) }
  }

  var hash: String { board.hash() }

  func word(_ address: PhysicalAddress) -> UInt64 { board.memory.read(address, as: UInt64.self) }

  var outcome: Outcome {
    let state = board.processor.state.pointee
    return Outcome(
      end: end, hash: board.hash(), instructions: state.instructions, cycles: state.cycles,
      serial: String(decoding: text.bytes, as: UTF8.self))
  }
}
