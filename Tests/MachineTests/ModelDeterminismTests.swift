import CPU
import Machine
import Testing

/// Results depend on no cache of ours under every timing, and a run on its model alone.
@Suite struct ModelDeterminismTests {
  private struct Result: Equatable {
    var end: RunEnd
    var hash: String
    var cycles: UInt64
  }

  private func run(
    _ image: [UInt8], model: String, timing: String, _ settings: CacheSettings = CacheSettings()
  ) throws -> Result {
    var options = BoardOptions()
    options.memory = 16 << 20
    options.model = model
    options.timing = timing
    options.blockLimit = settings.blockLimit
    options.usesHostPointers = settings.usesHostPointers
    let board = try Board(options) { _ in false }
    try FlatImage.load(image, into: board)
    let end = board.run()
    return Result(end: end, hash: board.hash(), cycles: board.processor.state.pointee.cycles)
  }

  @Test(arguments: TimingTable.names, ["hello", "stale", "faults", "crossing"])
  func timings(timing: String, name: String) throws {
    let image = try guest(name).image
    let reference = try run(image, model: "max", timing: timing)
    #expect(reference.end == .guestExit(1))
    for settings in CacheSettings.all {
      let result = try run(image, model: "max", timing: timing, settings)
      #expect(result == reference, "\(settings.testDescription)")
    }
    let unit = try run(image, model: "max", timing: "unit")
    #expect((reference.cycles > unit.cycles) == (timing != "unit"))
  }

  @Test func everyModelRuns() throws {
    let image = try guest("faults").image
    for name in try CPUModel.names() {
      let result = try run(image, model: name, timing: "unit")
      #expect(result.end == .guestExit(1), "\(name)")
      #expect(result.cycles == 7745, "\(name)")
    }
  }

  @Test func namesThatAreNone() {
    var options = BoardOptions()
    options.model = "i486"
    #expect(throws: UnknownName.self) { _ = try Board(options) { _ in false } }
    options.model = "max"
    options.timing = "i486"
    #expect(throws: UnknownName.self) { _ = try Board(options) { _ in false } }
  }
}
