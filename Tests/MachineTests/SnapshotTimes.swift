import Foundation
import MMU
import Machine
import Testing

/// How long snapshots take; `SHOOTDOWN_TIMES=1` runs it. Printed, not asserted: a host that is busy says nothing.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SHOOTDOWN_TIMES"] != nil))
struct SnapshotTimes {
  @Test(arguments: [1, 8])
  func times(processors: Int) throws {
    var options = BoardOptions()
    options.memory = 512 << 20
    options.processors = processors
    let board = try Board(options) { _ in false }
    try FlatImage.load(try guest("processors").image, into: board)
    var limits = RunLimits()
    limits.cycles = 2000
    _ = board.run(limits)
    func write(_ pages: Range<UInt64>) {
      for page in pages { board.memory.write(PhysicalAddress(page << 12), page | 1) }
    }
    // 32 MiB touched.
    write(0x1000..<0x3000)
    let clock = ContinuousClock()
    var lines: [String] = []
    func measure(_ what: String, _ body: () throws -> Void) rethrows {
      let time = try clock.measure(body)
      let (seconds, fraction) = time.components
      lines.append("\(what): \(seconds * 1_000_000 + fraction / 1_000_000_000_000) us")
    }
    var snapshots: [Snapshot] = []
    try measure("first snapshot, 32 MiB touched") { snapshots.append(try board.snapshot()) }
    try measure("snapshot, nothing changed") { snapshots.append(try board.snapshot()) }
    write(0x1000..<0x1100)
    try measure("snapshot, 256 pages changed") { snapshots.append(try board.snapshot()) }
    for page in stride(from: 0x1001, to: 0x3000, by: 32) as StrideTo<UInt64> { write(page..<page + 1) }
    try measure("snapshot, 256 scattered pages changed") { snapshots.append(try board.snapshot()) }
    for (index, snapshot) in snapshots.enumerated() {
      for attempt in 0..<3 {
        try measure("fork of snapshot \(index), attempt \(attempt)") {
          let fork = try Board(forking: snapshot) { _ in false }
          #expect(fork.processors.count == processors)
        }
      }
    }
    try measure("restore, 512 pages back") { try board.restore(snapshots[0]) }
    try measure("restore, nothing changed") { try board.restore(snapshots[0]) }
    let fork = try Board(forking: snapshots[3]) { _ in false }
    measure("first writes of a fork to 256 pages") {
      for page in 0x2000..<0x2100 as Range<UInt64> { fork.memory.write(PhysicalAddress(page << 12), page) }
    }
    print("\(processors) processors:\n" + lines.joined(separator: "\n"))
  }
}
