import EPTTLB
import Guests
import MMU
import Machine
import Races
import Tables

/// What came of a row under a policy.
public struct LitmusResult: Sendable {
  /// The row.
  public let row: LitmusRow
  /// The policy's name.
  public let policy: String
  /// The words seen, or how the machine ended without them.
  public let outcome: String
  /// What is wrong with them, each in a line; none: the row holds.
  public let problems: [String]
  /// The hash of the machine's state at the end.
  public let hash: String
}

extension LitmusRow {
  /// Policies that rows are run under when nothing else is said.
  public static let policies = ["retain", "speculate:1"] + TLBPart.names + ["flush", "random:1"]

  /// The guest whose programs the rows are.
  public static let guest = "litmus"

  private static let maximumCycles: UInt64 = 20_000_000

  /// Runs rows under policies, side by side; results row by row.
  ///
  /// - Throws: `TableError` when a built-in table is wrong.
  public static func run(
    _ rows: [LitmusRow], under policies: [RetentionPolicy], threads: Int? = nil
  ) throws(TableError) -> [LitmusResult] {
    let image = try Guest.all().first { $0.name == guest }?.image ?? []
    let sizes = Array(Set(rows.map(\.processors))).sorted()
    // A job is a machine: it runs its programs one after the other, each from the snapshot of the machine switched off.
    let jobs = policies.indices.flatMap { policy in sizes.map { (policy: policy, processors: $0) } }
    let results = Workers.run(jobs.count, threads: threads) { index in
      run(
        rows.filter { $0.processors == jobs[index].processors }, of: image, under: policies[jobs[index].policy],
        processors: jobs[index].processors)
    }
    var remaining = results.map { $0[...] }
    return rows.flatMap { row in
      policies.indices.compactMap { policy in
        jobs.firstIndex { $0 == (policy, row.processors) }.flatMap { remaining[$0].popFirst() }
      }
    }
  }

  /// Runs rows on one machine.
  private static func run(
    _ rows: [LitmusRow], of image: [UInt8], under policy: RetentionPolicy, processors: Int
  ) -> [LitmusResult] {
    var options = BoardOptions()
    options.memory = 16 << 20
    options.processors = processors
    options.policy = policy
    let serial = SerialLine()
    func result(_ row: LitmusRow, _ outcome: String, hash: String = "") -> LitmusResult {
      LitmusResult(
        row: row, policy: policy.name, outcome: outcome, problems: row.problems(of: outcome, under: policy), hash: hash)
    }
    do {
      let board = try Board(options, serial: { serial.take($0) })
      let off = try board.snapshot()
      return try rows.map { row in
        try board.restore(off)
        let outcome = try row.outcome(of: image, on: board, serial)
        return result(row, outcome, hash: board.hash())
      }
    } catch {
      return rows.map { result($0, "\(error)") }
    }
  }

  /// Runs it on a machine that is switched off.
  private func outcome(of image: [UInt8], on board: borrowing Board, _ serial: SerialLine) throws -> String {
    serial.clear()
    let types = StaleTypes()
    if watchesType {
      for processor in board.processors { processor.translation.staleUseObserver = types }
    }
    defer {
      if watchesType { for processor in board.processors { processor.translation.staleUseObserver = nil } }
    }
    let program = BootImage.flat(image, commandLine: name)
    try program.load(into: board)
    var limits = RunLimits()
    limits.cycles = LitmusRow.maximumCycles
    var end = board.run(limits)
    while end == .reset {
      board.reset()
      try program.load(into: board)
      end = board.run(limits)
    }
    guard end == .guestExit(1) else { return serial.text + " \(end)" }
    return serial.text + (watchesType ? types.isSeen ? " type-stale" : " type-fresh" : "")
  }
}

/// A line of serial text.
private final class SerialLine {
  private static let limit = 4096
  private var bytes: [UInt8] = []

  /// Begins anew.
  func clear() { bytes = [] }

  /// Takes a byte; never asks for a stop.
  func take(_ byte: UInt8) -> Bool {
    if bytes.count < SerialLine.limit { bytes.append(byte) }
    return false
  }

  /// Without spaces and ends of lines around it.
  var text: String {
    String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}

/// Sees whether a mapping was used whose memory type is not what memory says.
private final class StaleTypes: StaleUseObserver {
  var isSeen = false

  func staleMappingUsed(_ use: StaleUse) {
    let axes = use.own.excess.union(use.own.shortfall)
    if axes.contains(.type) { isSeen = true }
  }
}
