import Machine
import Testing

/// Several processors: they start, hear each other, and do so in the same order every time.
@Suite struct ProcessorsTests {
  @Test(arguments: [1, 2, 3, 8, 64])
  func everyProcessorStartsAndAnswers(_ count: Int) throws {
    let seen = try outcome(of: try guest("processors").image, CacheSettings(processors: count))
    #expect(seen.end == .guestExit(1))
    func hex(_ value: Int) -> String {
      String(repeating: "0", count: 16 - String(value, radix: 16).count) + String(value, radix: 16)
    }
    #expect(
      seen.serial == "processors: \(hex(count))\ninterrupts: \(hex(count - 1))\nNMIs:       \(hex(count - 1))\n")
  }

  /// A quantum is part of the run, our caches are not.
  @Test(arguments: [2, 8], [1, 100, BoardOptions.defaultQuantum])
  func runsDoNotDependOnOurCaches(_ count: Int, _ quantum: UInt64) throws {
    let image = try guest("processors").image
    let first = try outcome(of: image, CacheSettings(processors: count, quantum: quantum))
    #expect(first.end == .guestExit(1))
    for var settings in CacheSettings.all {
      (settings.processors, settings.quantum) = (count, quantum)
      #expect(try outcome(of: image, settings) == first, "\(settings.testDescription)")
    }
  }
}
