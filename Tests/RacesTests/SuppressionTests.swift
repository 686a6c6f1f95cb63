import Guests
import Machine
import Races
import Testing

/// Suppressions: what a file may say, and what it keeps from being told.
@Suite(.timeLimit(.minutes(1))) struct SuppressionTests {
  private static func run(_ word: String, guest: String = "quiesce", _ rule: String) throws -> (Bool, [String]) {
    var options = BoardOptions()
    (options.memory, options.processors) = (16 << 20, 2)
    let board = try Board(options, serial: { _ in false })
    let image = try #require(try Guest.all().first { $0.name == guest }).image
    try BootImage.flat(image, commandLine: word).load(into: board)
    let oracle = Oracle(board)
    oracle.suppressions = (try Suppressions(text: Suppressions.header + "\n" + rule), SymbolIndex())
    var limits = RunLimits()
    limits.cycles = 20_000_000
    _ = board.run(limits)
    return (oracle.hasViolation, oracle.suppressedLines)
  }

  @Test(arguments: ["verdict=reused", "entry=303000h", "root=300000h", "address=400000h verdict=reused"])
  func aRuleThatFitsSuppresses(_ conditions: String) throws {
    let (isThere, lines) = try Self.run("noflush", "suppress \(conditions): known")
    #expect(!isThere && lines.count == 1 && lines[0].hasSuffix("known") && !lines[0].contains(" 0 "), "\(lines)")
  }

  @Test(arguments: ["verdict=acknowledged", "entry=303008h", "verdict=reused used=1h"])
  func oneThatDoesNotFitDoesNot(_ conditions: String) throws {
    let (isThere, lines) = try Self.run("noflush", "suppress \(conditions): known")
    #expect(isThere && lines[0].contains(" 0 "))
  }

  @Test func findingsToo() throws {
    #expect(try Self.run("lost", guest: "nested", "suppress verdict=lost-INVEPT: known").0 == false)
    #expect(try Self.run("lost", guest: "nested", "suppress verdict=lost-INVVPID: known").0)
  }

  @Test(arguments: [
    "", "suppress verdict=reused", "suppress verdict=reused: ", "suppress: why", "allow verdict=reused: why",
    "suppress colour=red: why", "suppress verdict=a verdict=b: why",
  ])
  func refused(_ text: String) {
    let whole = text.isEmpty ? "" : Suppressions.header + "\n" + text
    #expect(throws: Suppressions.Failure.self) { try Suppressions(text: whole) }
  }
}
