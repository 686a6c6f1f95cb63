import Guests
import Machine
import Races
import Testing

/// Expectations of scenarios on numbers and memory, and markers.
@Suite(.timeLimit(.minutes(1))) struct ExpectationTests {
  private static func run(_ word: String?, guest: String = "quiesce", _ rest: String) throws -> ScenarioResult {
    let scenario = try Scenario(text: "machine:\n  guest: x\nmax-cycles: 20000000\n" + rest, name: "x")
    var options = BoardOptions()
    (options.memory, options.processors) = (16 << 20, 2)
    let image = try #require(try Guest.all().first { $0.name == guest }).image
    let machine = ScenarioMachine(
      options: options, image: .flat(image, commandLine: word), symbols: SymbolIndex(), schedule: nil)
    return scenario.run(on: machine, policy: nil)
  }

  @Test(arguments: [
    ("exits.18 >= 2", true), ("exits.0 = 1", true), ("exits.48 > 0", true), ("exits.48 = 0", false),
    ("exits < 3", false), ("entries >= 3", true), ("observer.fills = 0", true), ("stale-uses <= 1000", true),
  ])
  func counts(_ condition: String, _ holds: Bool) throws {
    let result = try Self.run(nil, "expect:\n  counts: \"\(condition)\"\n")
    #expect(result.failures.isEmpty == holds, "\(result.failures)")
  }

  @Test(arguments: [
    ("400000h.8 = 5ec2e7h", true), ("400000h.4 = 0x5ec2e7", true), ("0x400000.1 = 231", true),
    ("400000h = 0", false), ("ffffffffffffffffh.8 = 0", false),
  ])
  func memory(_ condition: String, _ holds: Bool) throws {
    let result = try Self.run(nil, "expect:\n  memory: \"\(condition)\"\n")
    #expect(result.failures.isEmpty == holds, "\(result.failures)")
  }

  @Test(arguments: [
    "expect:\n  counts: \"exits\"\n", "expect:\n  counts: \"nothing = 1\"\n", "expect:\n  counts: \"exits.999 = 1\"\n",
    "expect:\n  memory: \"400000h.3 = 1\"\n", "expect:\n  memory: \"x = 1\"\n", "expect:\n  memory: \"1h.1 = 256\"\n",
    "markers: x\n", "observer: maybe\n", "observer-own: xyz\n",
  ])
  func refused(_ text: String) {
    #expect(throws: Scenario.Failure.self) { try Scenario(text: "machine:\n  guest: x\n" + text, name: "x") }
  }

  /// The hypercall's return says that the shootdown is done, before anybody has written the page again.
  @Test func hypercallIsAMarker() throws {
    let right = try Self.run(nil, "markers: hypercall\nexpect:\n  violations: none\n")
    #expect(right.failures.isEmpty, "\(right.failures)")
    let wrong = try Self.run("noflush", "markers: hypercall\nexpect:\n  violations: some\n")
    #expect(wrong.failures.isEmpty, "\(wrong.failures)")
  }

  @Test(arguments: ["0x80", "128", "symbol:main", "hypercall"])
  func markersAreRead(_ text: String) { #expect(Marker(text) != nil) }

  @Test(arguments: ["", "symbol:", "0x10000", "call"])
  func othersAreNone(_ text: String) { #expect(Marker(text) == nil) }

  /// A symbol that nobody knows is said, and nothing runs.
  @Test func unknownSymbol() throws {
    let result = try Self.run(nil, "markers: \"symbol:nowhere\"\n")
    #expect(result.failures == ["there is no symbol 'nowhere' for a marker"])
  }

  /// A failed run's scenario expects the same hash, and gets it.
  @Test func replayIsTheSameRun() throws {
    let scenario = try Scenario(
      text: "machine:\n  guest: quiesce\nmax-cycles: 20000000\nuntil: 'it''s'\nexpect:\n  status: 1\n", name: "a 'b'")
    var options = BoardOptions()
    (options.memory, options.processors) = (16 << 20, 2)
    let image = try #require(try Guest.all().first { $0.name == "quiesce" }).image
    let machine = ScenarioMachine(
      options: options, image: .flat(image, commandLine: "noflush"), symbols: SymbolIndex(), schedule: nil)
    let failed = scenario.run(on: machine, policy: nil)
    #expect(!failed.failures.isEmpty)
    let text = scenario.replay(
      policy: failed.policy, hash: failed.hash, schedule: nil, suppressions: nil, place: { "/" + $0 })
    let again = try Scenario(text: text, name: "again")
    #expect(again.until == "it's" && again.name == "a 'b', again" && again.policies == ["retain"])
    #expect(again.run(on: machine, policy: nil).failures.isEmpty)
  }
}
