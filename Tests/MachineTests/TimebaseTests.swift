import Machine
import Testing

/// Conversions between cycles and a device's ticks are exact.
@Suite struct TimebaseTests {
  @Test(
    "the first cycle of a tick has it, the cycle before does not",
    arguments: [1, 999, 32_768, 100_000_000, 3_400_000_001])
  func inverse(clock: UInt64) {
    let timebase = Timebase(clock: clock)
    var random = SplitMix64(state: clock)
    for _ in 0..<2000 {
      for rate in [Timebase.Rate.pit, .rtc] {
        let tick = 1 + random.next() >> UInt64.random(in: 24...63, using: &random)
        let cycle = timebase.cycle(ofTick: tick, of: rate)
        #expect(timebase.ticks(at: cycle, of: rate) >= tick)
        #expect(timebase.ticks(at: cycle - 1, of: rate) < tick)
      }
    }
  }

  @Test func aSecondHasAsManyTicksAsTheClockSays() {
    for clock: UInt64 in [50_000_000, 100_000_000, 3_000_000_000] {
      let timebase = Timebase(clock: clock)
      #expect(timebase.ticks(at: clock, of: .rtc) == 32_768)
      #expect(timebase.ticks(at: 3 * clock, of: .pit) == 3_579_545)
      #expect(timebase.ticks(at: 3 * clock - 1, of: .pit) == 3_579_544)
    }
  }

  @Test func whatIsOutOfRangeIsTheLastCycle() {
    #expect(Timebase(clock: 1).ticks(at: .max, of: .rtc) == .max)
    #expect(Timebase(clock: .max).cycle(ofTick: .max, of: .pit) == .max)
    #expect(Timebase(clock: 0).ticks(at: 1, of: .rtc) == 32_768)
  }
}
