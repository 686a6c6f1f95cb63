import EPTTLB
import Guests
import MMU
import Machine
import Races
import Testing

/// The oracle on guests that shoot down rightly, and on the same with a mistake.
@Suite(.timeLimit(.minutes(1))) struct OracleTests {
  /// What a run has come to.
  struct Outcome {
    var violations: [Violation] = []
    var counters: OracleCounters
    var end: RunEnd
    var hash: String
    /// The worst verdict.
    var verdict: Verdict? { violations.map(\.verdict).max() }
    var first: Violation? { violations.max { $0.verdict < $1.verdict } }
  }

  private static func run(
    _ guest: String, _ word: String?, policy: RetentionPolicy = .retain(budget: 65536), processors: Int = 2,
    marker: UInt16? = nil, stops: Bool = false
  ) throws -> Outcome {
    let board = try board(guest, word, policy, processors)
    let oracle = Oracle(board, stopsAtViolation: stops)
    var violations: [Violation] = []
    oracle.report = { violations.append($0) }
    if let marker { oracle.mark(port: marker, of: board) }
    let end = board.run(limits)
    return Outcome(violations: violations, counters: oracle.counters, end: end, hash: board.hash())
  }

  private static var limits: RunLimits {
    var limits = RunLimits()
    limits.cycles = 20_000_000
    return limits
  }

  private static func board(
    _ guest: String, _ word: String?, _ policy: RetentionPolicy, _ processors: Int
  ) throws -> Board {
    var options = BoardOptions()
    options.memory = 16 << 20
    options.processors = processors
    options.policy = policy
    let board = try Board(options, serial: { _ in false })
    let image = try #require(try Guest.all().first { $0.name == guest }).image
    try BootImage.flat(image, commandLine: word).load(into: board)
    return board
  }

  // MARK: An operating system's shootdown

  @Test func rightShootdownIsSilent() throws {
    let right = try Self.run("remap", nil, marker: 0x80)
    #expect(right.end == .guestExit(1) && right.violations.isEmpty)
    #expect(right.counters.losses > 0, "the change was seen")
    #expect(right.counters.verdicts[.impossible] == nil)
  }

  @Test(arguments: ["local", "other"])
  func wrongShootdownIsReported(_ word: String) throws {
    let wrong = try Self.run("remap", word)
    #expect(wrong.end == .guestExit(3))
    let violation = try #require(wrong.first)
    #expect(violation.verdict == .reused && violation.use.processor == 1)
    #expect(violation.use.mapping.kind == .linear && violation.axes.contains(.frame))
    #expect(violation.change?.writer == .processor(0) && violation.change?.old != violation.change?.new)
    #expect(violation.write?.address == 0x21_0000 && violation.write?.writer == .processor(0))
    let own = violation.missed.filter { $0.processor == 1 }
    switch word {
    case "other": #expect(own.count == 1 && own.first?.reason.contains("it names the page at 200001000h") == true)
    default: #expect(own.isEmpty)
    }
    #expect(violation.missed.contains { $0.processor == 0 && $0.text.hasPrefix("INVLPG") })
  }

  /// Between claim and reuse a marker is needed; without one a guest's own tables are its own affair.
  @Test func markerAcknowledges() throws {
    let marked = try Self.run("remap", "local", marker: 0x80)
    #expect(marked.violations.contains { $0.verdict == .acknowledged || $0.verdict == .reused })
    let right = try Self.run("remap", nil, marker: 0x80)
    #expect(right.violations.isEmpty)
  }

  // MARK: A hypervisor's

  @Test func rightQuiesceIsSilent() throws {
    for processors in [2, 3] {
      let right = try Self.run("quiesce", nil, processors: processors)
      #expect(right.end == .guestExit(1) && right.violations.isEmpty)
      #expect(right.counters.losses > 0 && right.counters.entries > 0 && right.counters.exits > 0)
    }
  }

  @Test(arguments: ["noflush", "early", "type", "tag", "flags"])
  func wrongQuiesceIsReported(_ word: String) throws {
    let wrong = try Self.run("quiesce", word)
    #expect(wrong.end == .guestExit(3))
    let violation = try #require(wrong.first)
    #expect(violation.isEPT && violation.change?.address == 0x30_3000 && violation.change?.new == 0)
    #expect(violation.use.processor == 1 && violation.axes.contains(.read))
    let own = violation.missed.filter { $0.processor == 1 }
    switch word {
    case "type": #expect(own.contains { $0.text.hasPrefix("INVVPID") && $0.reason.contains("by way of a stale one") })
    case "tag": #expect(own.contains { $0.reason.hasPrefix("it names EPTP 301000h") })
    case "flags":
      #expect(own.contains { $0.text == "INVEPT of 300000h" && $0.reason.hasPrefix("it failed") })
    case "early": #expect(own.contains { $0.reason.hasPrefix("it came before the change") })
    default: #expect(own.isEmpty)
    }
    #expect(violation.missed.contains { $0.processor == 0 && $0.reason.contains("acts on CPU 0 alone") })
  }

  /// What does not keep mappings does not show the mistake.
  @Test func flushHidesIt() throws {
    let hidden = try Self.run("quiesce", "noflush", policy: .flush)
    #expect(hidden.violations.isEmpty)
  }

  // MARK: It looks on

  @Test(
    arguments: [("remap", "local"), ("remap", nil), ("quiesce", "noflush"), ("quiesce", nil)] as [(String, String?)])
  func resultsDoNotDependOnIt(_ guest: String, _ word: String?) throws {
    let watched = try Self.run(guest, word, marker: 0x80)
    let board = try Self.board(guest, word, .retain(budget: 65536), 2)
    let end = board.run(Self.limits)
    #expect(end == watched.end && board.hash() == watched.hash)
  }

  @Test func reportSaysWhatHappened() throws {
    let wrong = try Self.run("quiesce", "tag")
    let lines = ViolationReport(try #require(wrong.first)).lines
    for word in ["stale mapping", "made:", "changed:", "used:", "no help:", "303000h", "would hardware show it?"] {
      #expect(lines.contains { $0.contains(word) }, "\(word) is not in \(lines)")
    }
  }
}
