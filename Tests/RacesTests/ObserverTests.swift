import EPTTLB
import Guests
import MMU
import Machine
import Races
import Testing

/// The nested-EPT observer on a hypervisor that runs a hypervisor rightly, and on the same with a mistake.
@Suite(.timeLimit(.minutes(1))) struct ObserverTests {
  private struct Outcome {
    var findings: [NestedFinding] = []
    var counters: NestedCounters?
    var hasViolation = false
    var end: RunEnd
    var hash: String
  }

  private static func board(_ guest: String, _ word: String?) throws -> Board {
    var options = BoardOptions()
    options.memory = 16 << 20
    let board = try Board(options, serial: { _ in false })
    let image = try #require(try Guest.all().first { $0.name == guest }).image
    try BootImage.flat(image, commandLine: word).load(into: board)
    return board
  }

  private static var limits: RunLimits {
    var limits = RunLimits()
    limits.cycles = 20_000_000
    return limits
  }

  private static func run(
    _ word: String?, guest: String = "nested", nesting: Nesting? = Nesting()
  ) throws -> Outcome {
    let board = try board(guest, word)
    let oracle = Oracle(board)
    oracle.nesting = nesting
    var findings: [NestedFinding] = []
    oracle.reportNested = { findings.append($0) }
    let end = board.run(limits)
    return Outcome(
      findings: findings, counters: oracle.nestedCounters, hasViolation: oracle.hasViolation, end: end,
      hash: board.hash())
  }

  @Test func rightOneIsSilent() throws {
    let right = try Self.run(nil)
    #expect(right.end == .guestExit(1) && right.findings.isEmpty && !right.hasViolation)
    let counters = try #require(right.counters)
    #expect(counters.fills > 10 && counters.stores > 5 && counters.vmcs12s == 1 && counters.refusals.isEmpty)
    #expect(counters.invept == [0, 1, 0] && counters.invvpid == [0, 1, 0, 0])
  }

  @Test(arguments: [
    ("entry", NestedFinding.Cause.entry), ("memtype", .type), ("rights", .rights), ("lost", .lostINVEPT),
    ("vpid", .lostINVVPID), ("kept", .kept),
  ])
  func wrongOneIsReported(_ word: String, _ cause: NestedFinding.Cause) throws {
    let wrong = try Self.run(word)
    #expect(!wrong.findings.isEmpty && wrong.findings.allSatisfy { $0.cause == cause }, "\(wrong.findings)")
    #expect(wrong.hasViolation == cause.isViolation)
    let first = try #require(wrong.findings.first)
    switch cause {
    case .entry: #expect(first.address == 0x40_0000 && first.found.physical == 0x60_1000)
    case .rights: #expect(first.address == 0x40_2000 && first.wanted?.rights.contains(.write) == false)
    case .lostINVEPT: #expect(first.change?.old == 0x60_0037 && first.missed.isEmpty)
    case .kept: #expect(first.vpid12 == nil && first.vpid02 == 2)
    case .lostINVVPID: #expect(first.vpid02 == 2 && first.missed.contains { $0.text == "INVVPID of VPID 3" })
    default: #expect(first.found.type != first.wanted?.type)
    }
    #expect(NestedReport(first).lines.count > 3)
  }

  /// L1 without VPID12, whose entries drop L2's mappings.
  @Test func entriesWithoutVPIDDrop() throws {
    let right = try Self.run("novpid")
    #expect(right.end == .guestExit(1) && right.findings.isEmpty && right.counters?.fills ?? 0 > 10)
  }

  /// L1's VMREAD and VMWRITE that a shadow VMCS satisfies tell what is in VMCS12 as those that exit do.
  @Test func shadowVMCSIsFollowed() throws {
    let shadow = try Self.run("shadow")
    #expect(shadow.end == .guestExit(1) && shadow.findings.isEmpty && !shadow.hasViolation)
    let (all, own) = (try #require(shadow.counters), try #require(try Self.run(nil).counters))
    #expect(all.refusals.isEmpty && all.fills == own.fills && all.invept == own.invept && all.vmcs12s == 1)
  }

  /// Whose entry it is shows by where it enters, when one VMCS serves L1 and L2.
  @Test func oneVMCSForBothIsFollowed() throws {
    let one = try Self.run("onevmcs")
    #expect(one.end == .guestExit(1) && one.findings.isEmpty && !one.hasViolation)
    let (all, own) = (try #require(one.counters), try #require(try Self.run(nil).counters))
    #expect(all.fills == own.fills && all.entries == own.entries && all.invvpid == own.invvpid, "\(all)")
    #expect(all.refusals.isEmpty)
  }

  /// What it cannot follow it says by name, and judges no more.
  @Test func thirdLevelIsRefused() throws {
    let third = try Self.run("third")
    #expect(third.end == .guestExit(1) && third.findings.isEmpty)
    #expect(third.counters?.refusals == ["a third level: L2 executes instructions of VMX": 1])
  }

  @Test func eptpSwitchingIsRefused() throws {
    let switching = try Self.run("switch")
    #expect(switching.end == .guestExit(1) && switching.findings.isEmpty)
    #expect(switching.counters?.refusals == ["EPTP switching: L2 executes VMFUNC": 1])
  }

  /// Of a VMCS12 that was loaded before anybody looked it knows nothing, and says so, whenever it begins to look; no finding
  /// follows. An enlightened VMCS, which is never loaded, looks the same.
  @Test func whatWasDoneBeforeIsRefused() throws {
    let whole = try Self.board("nested", nil)
    _ = whole.run(Self.limits)
    let end = whole.processor.state.pointee.cycles
    var names: Set<String> = []
    for moment in 1..<24 as Range<UInt64> {
      let board = try Self.board("nested", nil)
      var limits = Self.limits
      limits.cycles = end / 24 * moment
      _ = board.run(limits)
      let oracle = Oracle(board)
      var findings: [NestedFinding] = []
      oracle.reportNested = { findings.append($0) }
      #expect(board.run(Self.limits) == .guestExit(1))
      #expect(findings.isEmpty, "from cycle \(limits.cycles ?? 0) on")
      names.formUnion(oracle.nestedCounters?.refusals.keys.map { $0 } ?? [])
    }
    #expect(names == ["an enlightened VMCS, or one that was loaded before anybody looked: L1 enters without VMPTRLD"])
  }

  /// What the observer is told wrongly, it notices.
  @Test(arguments: NestedMistake.allCases)
  func seededMistakeIsCaught(_ mistake: NestedMistake) throws {
    let seeded = try Self.run(nil, nesting: Nesting(mistake: mistake))
    let causes: [NestedMistake: NestedFinding.Cause] = [
      .entry: .entry, .rights: .rights, .type: .type, .invept: .lostINVEPT, .invvpid: .lostINVVPID,
    ]
    #expect(seeded.end == .guestExit(1))
    #expect(seeded.findings.contains { $0.cause == causes[mistake] }, "\(mistake): \(seeded.findings)")
  }

  @Test func pagesOfL0sOwnArePassedOver() throws {
    let wrong = try Self.run("rights", nesting: Nesting(own: [0x40_2123]))
    #expect(wrong.findings.isEmpty && wrong.counters != nil)
  }

  /// There is none where no guest executes instructions of VMX, and none when it is off; results are the same.
  @Test func looksOnOnly() throws {
    #expect(try Self.run(nil, guest: "quiesce").counters == nil)
    for word in [nil, "lost", "vpid"] {
      let (on, off) = (try Self.run(word), try Self.run(word, nesting: nil))
      #expect(off.counters == nil && on.hash == off.hash && on.end == off.end)
    }
  }

  /// What it knows goes with a snapshot: the same part of a run is judged the same again.
  @Test func knowledgeGoesWithSnapshots() throws {
    let board = try Self.board("nested", "lost")
    let oracle = Oracle(board)
    var findings = 0
    oracle.reportNested = { _ in findings += 1 }
    var limits = Self.limits
    limits.untilCycle = 26_000
    _ = board.run(limits)
    let state = try #require(oracle.nestedState)
    let snapshot = try board.snapshot()
    #expect(findings == 0)
    _ = board.run(Self.limits)
    let first = (findings, oracle.nestedCounters)
    try board.restore(snapshot)
    oracle.restore(state)
    _ = board.run(Self.limits)
    #expect(first.0 > 0 && findings == 2 * first.0 && oracle.nestedCounters == first.1)
  }
}
