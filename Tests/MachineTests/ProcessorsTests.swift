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

  /// Turns of a machine that firmware boots end everywhere, whatever the period of what a processor does: here one holds a
  /// lock but for 50 of 18,000 cycles, in instructions of 600 cycles.
  @Test func turnsEndEverywhere() {
    var (clock, open, ends) = (0 as UInt64, 0, Set<UInt64>())
    for _ in 0..<20_000 {
      let allowed = Board.varied(1999, at: clock)
      #expect((1000...1999).contains(allowed))
      clock += 2 * allowed
      // Behind the window, long instructions end at multiples of 600.
      let phase = clock % 18_000
      if phase < 50 { open += 1 } else { clock += (600 - phase % 600) % 600 }
      ends.insert(clock % 18_000 / 600)
    }
    #expect(open > 20 && ends.count == 30, "\(open) of 20,000, \(ends.count) phases")
    #expect((0..<100 as Range<UInt64>).allSatisfy { Board.varied(1, at: $0) == 1 })
  }
}
