import MMU
import Machine
import Testing

/// 82C54 data sheet.
@Suite struct PITTests {
  /// OUT after each of so many pulses.
  private func outputs(_ counter: inout PITCounter, _ pulses: Int) -> String {
    var text = ""
    for _ in 0..<pulses {
      counter.advance(1)
      text += counter.out ? "1" : "0"
    }
    return text
  }

  private func counter(_ control: UInt8, _ count: UInt8, gate: Bool = true) -> PITCounter {
    var counter = PITCounter(gate: gate)
    counter.program(control)
    counter.write(count)
    return counter
  }

  private func count(_ counter: inout PITCounter) -> UInt8 { counter.read() }

  /// "Figure 15. Mode 0": N + 1 pulses after the count is written.
  @Test func interruptOnTerminalCount() {
    var timer = counter(0x10, 4)
    #expect(!timer.out)
    #expect(outputs(&timer, 8) == "00001111")
    timer.write(2)
    #expect(outputs(&timer, 4) == "0011")
    // GATE disables counting, but not loading.
    timer.write(3)
    timer.setGate(false)
    #expect(outputs(&timer, 5) == "00000")
    #expect(count(&timer) == 3)
    timer.setGate(true)
    #expect(outputs(&timer, 4) == "0011")
    #expect(count(&timer) == 0xFF)
  }

  /// "Figure 16. Mode 1".
  @Test func retriggerableOneShot() {
    var timer = counter(0x12, 3, gate: false)
    #expect(outputs(&timer, 3) == "111")
    timer.setGate(true)
    #expect(outputs(&timer, 6) == "000111")
    timer.setGate(false)
    timer.setGate(true)
    #expect(outputs(&timer, 2) == "00")
    timer.setGate(false)
    timer.setGate(true)
    #expect(outputs(&timer, 5) == "00011")
  }

  /// "Figure 17. Mode 2".
  @Test func rateGenerator() {
    var timer = counter(0x14, 3)
    #expect(outputs(&timer, 10) == "1101101101")
    // A new count waits for the end of the period.
    timer.write(4)
    #expect(outputs(&timer, 9) == "101110111")
    timer.advance(1)
    #expect(!timer.out)
    timer.setGate(false)
    #expect(timer.out)
    #expect(outputs(&timer, 4) == "1111")
    timer.setGate(true)
    #expect(outputs(&timer, 6) == "111011")
  }

  /// "Figure 18. Mode 3".
  @Test func squareWave() {
    var even = counter(0x16, 4)
    #expect(outputs(&even, 12) == "110011001100")
    var odd = counter(0x16, 5)
    var values: [UInt8] = []
    var wave = ""
    for _ in 0..<11 {
      wave += outputs(&odd, 1)
      values.append(count(&odd))
    }
    #expect(wave == "11100111001")
    #expect(values == [4, 2, 0, 4, 2, 4, 2, 0, 4, 2, 4])
  }

  /// "Figure 19. Mode 4" and "Figure 20. Mode 5".
  @Test func strobes() {
    var software = counter(0x18, 3)
    #expect(outputs(&software, 7) == "1110111")
    var hardware = counter(0x1A, 3, gate: false)
    #expect(outputs(&hardware, 3) == "111")
    hardware.setGate(true)
    #expect(outputs(&hardware, 7) == "1110111")
  }

  @Test func decimalCounts() {
    var timer = counter(0x31, 0x00)
    timer.write(0x01)
    timer.advance(2)
    #expect([timer.read(), timer.read()] == [0x99, 0x00])
    timer.advance(99)
    #expect(timer.out)
    timer.advance(1)
    #expect([timer.read(), timer.read()] == [0x99, 0x99])
  }

  @Test("zero is the largest count", arguments: [(0x30, 65_536), (0x31, 10_000)] as [(UInt8, UInt64)])
  func zero(control: UInt8, pulses: UInt64) {
    var timer = counter(control, 0)
    timer.write(0)
    timer.advance(pulses)
    #expect(!timer.out)
    timer.advance(1)
    #expect(timer.out)
  }

  @Test func latches() {
    var pit = PIT(timebase: Timebase(clock: 3_579_545))
    pit.write(0x43, 0x34, at: 0)
    pit.write(0x40, 0x00, at: 0)
    pit.write(0x40, 0x10, at: 0)
    // Three cycles a pulse: 1000h has been loaded and 100h pulses have passed.
    let cycle: UInt64 = 3 * 0x101
    pit.write(0x43, 0x00, at: cycle)
    let later = cycle + 3000
    #expect([pit.read(0x40, at: later), pit.read(0x40, at: later)] == [0x00, 0x0F])
    #expect(pit.read(0x40, at: cycle + 3 * 0x10) == UInt8(truncatingIfNeeded: 0x0F00 - 1000))
    _ = pit.read(0x40, at: later)
    // Read-back: status and count of counter 0.
    pit.write(0x43, 0xC2, at: later)
    #expect(pit.read(0x40, at: later) == 0xB4)
    #expect(UInt16(pit.read(0x40, at: later)) | UInt16(pit.read(0x40, at: later)) << 8 == 0x0F00 - 1000)
    pit.write(0x40, 0, at: later)
    pit.write(0x40, 0, at: later)
    pit.write(0x43, 0xE2, at: later)
    #expect(pit.read(0x40, at: later) == 0xF4)
  }

  @Test func port61h() {
    var pit = PIT()
    pit.write(0x43, 0xB0, at: 0)
    pit.write(0x42, 100, at: 0)
    pit.write(0x42, 0, at: 0)
    #expect(pit.read(0x61, at: 100_000) & 0x2F == 0)
    pit.write(0x61, 0xFD, at: 100_000)
    #expect(pit.read(0x61, at: 100_000) & 0xEF == 0x0D)
    // 100 pulses at 1.193182 MHz are 8381 cycles at 100 MHz.
    #expect(pit.read(0x61, at: 108_200) & 0x20 == 0)
    #expect(pit.read(0x61, at: 108_500) & 0x20 != 0)
    // The refresh bit changes every 18 pulses: 1508.6 cycles.
    var changes = 0
    var last = pit.read(0x61, at: 200_000)
    for cycle in stride(from: UInt64(200_000), through: 350_860, by: 100) {
      let value = pit.read(0x61, at: cycle)
      if (value ^ last) & 0x10 != 0 { changes += 1 }
      last = value
    }
    #expect(changes == 100)
  }

  @Test("events tell of each change of IRQ 0", arguments: [0x30, 0x34, 0x36, 0x38] as [UInt8])
  func events(control: UInt8) throws {
    var pit = PIT(timebase: Timebase(clock: 3_579_545))
    pit.write(0x43, control, at: 0)
    pit.write(0x40, 7, at: 0)
    pit.write(0x40, 0, at: 0)
    var polled = pit
    var changes: [UInt64] = []
    for cycle: UInt64 in 1...200 {
      let before = polled.line
      polled.advance(to: cycle)
      if polled.line != before { changes.append(cycle) }
    }
    var seen: [UInt64] = []
    while let cycle = pit.nextEvent, cycle <= 200 {
      let before = pit.line
      pit.advance(to: cycle)
      if pit.line != before { seen.append(cycle) }
    }
    #expect(seen == changes)
    #expect(!changes.isEmpty)
  }

  /// Many pulses at once are those pulses one by one, whatever is done between.
  @Test func pulsesMayBeCountedTogether() {
    func digest(_ counter: PITCounter) -> String {
      var hasher = StateHasher()
      counter.hash(into: &hasher)
      return hasher.description
    }
    for seed: UInt64 in 1...60 {
      var random = SplitMix64(state: seed)
      var fast = PITCounter(gate: seed & 1 != 0)
      var slow = fast
      for _ in 0..<60 {
        let value = UInt8(truncatingIfNeeded: random.next())
        switch random.next() % 6 {
        case 0:
          let control = value & 0x0F | [0x10, 0x10, 0x20, 0x30][Int(random.next() % 4)]
          fast.program(control)
          slow.program(control)
        case 1, 2:
          let count = random.next() & 1 == 0 ? value & 7 : value
          fast.write(count)
          slow.write(count)
        case 3:
          fast.setGate(value & 1 != 0)
          slow.setGate(value & 1 != 0)
        default:
          let pulses = random.next() % [4, 40, 3000][Int(value % 3)]
          fast.advance(pulses)
          for _ in 0..<pulses { slow.advance(1) }
        }
        guard digest(fast) == digest(slow) else {
          Issue.record("seed \(seed)")
          return
        }
      }
      // A long sleep costs no time.
      fast.advance(.max)
    }
  }
}
