import Guests
import Machine
import Races
import Testing

/// Races of the guest `quiesce` that only a schedule brings out: `fixtures/scenarios/race-*.yaml` are the same under their
/// schedules, these without one and under others.
@Suite(.timeLimit(.minutes(1))) struct ScheduledRaceTests {
  private static func run(_ word: String, _ schedule: String?) throws -> ScenarioResult {
    var text = "machine:\n  guest: quiesce\nmax-cycles: 20000000\nexpect:\n  violations: none\n"
    text += "  status: 1\n"
    let scenario = try Scenario(text: text, name: word)
    var options = BoardOptions()
    (options.memory, options.processors) = (16 << 20, 2)
    let image = try #require(try Guest.all().first { $0.name == "quiesce" }).image
    let machine = ScenarioMachine(
      options: options, image: .flat(image, commandLine: word), symbols: SymbolIndex(),
      schedule: try schedule.map { try Schedule(text: Schedule.header + "\n" + $0) })
    return scenario.run(on: machine, policy: nil)
  }

  @Test(arguments: ["hasty", "miskick", "defer", "shoot", "kick", "yield"])
  func withoutAScheduleAllIsWell(_ word: String) throws {
    let result = try Self.run(word, nil)
    #expect(result.failures.isEmpty, "\(result.failures)")
  }

  @Test(arguments: [
    ("hasty", "shoot", "at cpu0 nmi #1 +20000"), ("miskick", "kick", "at cpu1 lock #5 +100000"),
    ("defer", "yield", "at cpu1 lock #5 +100000\nat cpu1 iret #1 +100000"),
  ])
  func aScheduleBringsItOut(_ wrong: String, _ right: String, _ schedule: String) throws {
    let (first, second) = (try Self.run(wrong, schedule), try Self.run(wrong, schedule))
    #expect(first.failures.contains("there is a violation") && first.hash == second.hash, "\(first.failures)")
    // The right form need not come to each point: then that is all that is said.
    let mended = try Self.run(right, schedule)
    #expect(!mended.failures.contains("there is a violation"), "\(mended.failures)")
    #expect(mended.failures.allSatisfy { $0.contains("never come to") }, "\(mended.failures)")
  }
}
