import MMU
import Machine
import Testing

/// MC146818 data sheet.
@Suite struct CMOSTests {
  private static let second: UInt64 = 100_000_000

  private func clock(memory: UInt64 = 512 << 20, processors: Int = 1) -> CMOS {
    CMOS(memory: MemoryMap(size: memory), processors: processors)
  }

  private func read(_ cmos: inout CMOS, _ register: UInt8, at cycle: UInt64) -> UInt8 {
    cmos.write(0x70, register, at: cycle)
    return cmos.read(0x71, at: cycle)
  }

  private func write(_ cmos: inout CMOS, _ register: UInt8, _ value: UInt8, at cycle: UInt64 = 0) {
    cmos.write(0x70, register, at: cycle)
    cmos.write(0x71, value, at: cycle)
  }

  /// Century, year, month, day, hour, minute, second, day of the week.
  private func time(_ cmos: inout CMOS, at cycle: UInt64) -> [UInt8] {
    [0x32, 9, 8, 7, 4, 2, 0, 6].map { read(&cmos, $0, at: cycle) }
  }

  @Test func timeBeginsIn2000() {
    var cmos = clock()
    #expect(time(&cmos, at: 0) == [0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 7])
    #expect(time(&cmos, at: Self.second - 1)[6] == 0)
    #expect(time(&cmos, at: Self.second)[6] == 1)
    #expect(time(&cmos, at: Self.second * 86_399) == [0x20, 0x00, 0x01, 0x01, 0x23, 0x59, 0x59, 7])
    #expect(time(&cmos, at: Self.second * 86_400) == [0x20, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 1])
    #expect(time(&cmos, at: Self.second * 86_400 * 59) == [0x20, 0x00, 0x02, 0x29, 0x00, 0x00, 0x00, 3])
    #expect(time(&cmos, at: Self.second * 86_400 * 366) == [0x20, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 2])
  }

  @Test func formats() {
    var cmos = clock()
    write(&cmos, 0x0B, 0x00)
    write(&cmos, 4, 0x12)
    #expect(read(&cmos, 4, at: Self.second * 3600) == 0x01)
    #expect(read(&cmos, 4, at: Self.second * 3600 * 12) == 0x92)
    write(&cmos, 0x0B, 0x06, at: Self.second * 3600 * 12)
    write(&cmos, 4, 19, at: Self.second * 3600 * 12)
    #expect(read(&cmos, 4, at: Self.second * 3600 * 15) == 22)
  }

  /// However time passes, in one step or many, what is read is the same; and every day follows the one before.
  @Test func stepsDoNotMatter() {
    var stepped = clock()
    var jumped = clock()
    var random = SplitMix64(state: 5)
    var now: UInt64 = 0
    for _ in 0..<400 {
      let end = now + random.next() % (Self.second * 86_400 * 40)
      while now < end {
        now = min(end, now + 1 + random.next() % (Self.second * 86_400 * 7))
        stepped.advance(to: now)
      }
      #expect(time(&stepped, at: now) == time(&jumped, at: now))
    }
  }

  @Test func everyDayOfFourYears() {
    let lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    func decimal(_ value: Int) -> UInt8 { UInt8(value / 10 * 16 + value % 10) }
    var cmos = clock()
    var day: UInt64 = 0
    for year in 0..<4 {
      for month in 0..<12 {
        let length = month == 1 && year != 0 ? 28 : lengths[month]
        for date in 1...length {
          let expected = [decimal(year), decimal(month + 1), decimal(date)]
          #expect(Array(time(&cmos, at: day * 86_400 * Self.second)[1...3]) == expected)
          day += 1
        }
      }
    }
  }

  @Test func anyDateIsTaken() {
    var cmos = clock()
    for value: UInt8 in [0, 0x7F, 0x80, 0xFF] {
      for register: UInt8 in [0, 2, 4, 6, 7, 8, 9, 0x32] { write(&cmos, register, value) }
      cmos.advance(to: .max)
      for mode: UInt8 in [0, 2, 4, 6] {
        var other = clock()
        write(&other, 0x0B, mode)
        for register: UInt8 in [0, 2, 4, 6, 7, 8, 9, 0x32] { write(&other, register, value) }
        other.advance(to: Self.second * 100_000)
        #expect(time(&other, at: Self.second * 100_000).count == 8)
      }
    }
  }

  @Test("UIP announces an update by 244 µs and lasts until it is done")
  func updateInProgress() {
    var cmos = clock()
    // 73 ticks of 32768 Hz before the second.
    let begin = Self.second - 73 * Self.second / 32_768
    #expect(read(&cmos, 0x0A, at: begin - 10_000) == 0x26)
    #expect(read(&cmos, 0x0A, at: begin + 10_000) == 0xA6)
    #expect(read(&cmos, 0x0A, at: Self.second - 1) == 0xA6)
    #expect(read(&cmos, 0x0A, at: Self.second) == 0x26)
    write(&cmos, 0x0B, 0x82, at: Self.second)
    #expect(read(&cmos, 0x0A, at: 2 * Self.second - 1) == 0x26)
    #expect(read(&cmos, 0, at: 3 * Self.second) == 1)
  }

  @Test func theDividerStartsHalfASecondBeforeAnUpdate() {
    var cmos = clock()
    let start = Self.second / 10
    write(&cmos, 0x0A, 0x66)
    write(&cmos, 0x0A, 0x26, at: start)
    #expect(read(&cmos, 0, at: start + Self.second / 2 - 10_000) == 0)
    #expect(read(&cmos, 0, at: start + Self.second / 2 + 10_000) == 1)
    #expect(read(&cmos, 0, at: start + 3 * Self.second / 2 + 10_000) == 2)
  }

  @Test("IRQ 8 rises for each enabled cause and falls when register C is read")
  func interrupts() throws {
    for (enable, first) in [(0x42, Self.second / 1024), (0x12, Self.second)] as [(UInt8, UInt64)] {
      var cmos = clock()
      #expect(cmos.nextEvent == nil)
      write(&cmos, 0x0B, enable)
      for number: UInt64 in 1...3 {
        let event = try #require(cmos.nextEvent)
        #expect(event >= first * number - 1 && event <= first * number + 1)
        cmos.advance(to: event - 1)
        #expect(!cmos.line)
        cmos.advance(to: event)
        #expect(cmos.line)
        #expect(cmos.nextEvent == nil)
        #expect(read(&cmos, 0x0C, at: event) & 0x80 != 0)
        #expect(!cmos.line)
        #expect(read(&cmos, 0x0C, at: event) == 0)
      }
    }
  }

  @Test func alarms() throws {
    var cmos = clock()
    for (register, value) in [(1, 0x05), (3, 0x01), (5, 0xC0)] as [(UInt8, UInt8)] { write(&cmos, register, value) }
    write(&cmos, 0x0B, 0x22)
    var rises: [UInt64] = []
    while let event = cmos.nextEvent, event <= Self.second * 7300 {
      cmos.advance(to: event)
      if cmos.line {
        rises.append(event / Self.second)
        #expect(read(&cmos, 0x0C, at: event) & 0xB0 == 0xB0)
      }
    }
    #expect(rises == [65, 3665, 7265])
    // The flag is set though the interrupt is not enabled.
    var quiet = clock()
    for register: UInt8 in [1, 3, 5] { write(&quiet, register, 0x02) }
    #expect(read(&quiet, 0x0C, at: Self.second * 7321) & 0x20 == 0)
    #expect(read(&quiet, 0x0C, at: Self.second * 7400) & 0x20 != 0)
  }

  @Test func resetDisablesInterruptsAndKeepsTime() {
    var cmos = clock()
    write(&cmos, 0x0B, 0x72)
    write(&cmos, 0x40, 0x5A)
    cmos.advance(to: Self.second)
    #expect(cmos.line)
    cmos.reset()
    #expect(!cmos.line)
    #expect(cmos.nextEvent == nil)
    #expect(read(&cmos, 0x0B, at: Self.second) == 0x02)
    #expect(read(&cmos, 0x40, at: Self.second) == 0x5A)
    #expect(read(&cmos, 0, at: 5 * Self.second) == 0x05)
  }

  @Test func memorySizes() {
    func word(_ cmos: inout CMOS, _ register: UInt8) -> Int {
      Int(read(&cmos, register, at: 0)) | Int(read(&cmos, register + 1, at: 0)) << 8
    }
    var small = clock(memory: 32 << 20, processors: 4)
    #expect(word(&small, 0x15) == 640)
    #expect(word(&small, 0x30) == 31 << 10)
    #expect(word(&small, 0x34) == 16 << 4)
    #expect(word(&small, 0x5B) == 0)
    #expect(read(&small, 0x5F, at: 0) == 3)
    var large = clock(memory: 6 << 30)
    #expect(word(&large, 0x17) == 0xFFFF)
    #expect(word(&large, 0x34) == (0xC000_0000 - 0x100_0000) >> 16)
    #expect(word(&large, 0x5B) == 3 << 14)
  }

  @Test func memoryKeepsWhatIsWritten() {
    var cmos = clock()
    for register: UInt8 in [0x0E, 0x0F, 0x33, 0x7F] { write(&cmos, register, register ^ 0x5A) }
    for register: UInt8 in [0x0E, 0x0F, 0x33, 0x7F] { #expect(read(&cmos, register, at: 0) == register ^ 0x5A) }
    #expect(cmos.shutdownStatus == 0x0F ^ 0x5A)
    #expect(read(&cmos, 0x8F, at: 0) == 0x0F ^ 0x5A)
    #expect(cmos.masksNMI)
    write(&cmos, 0x0D, 0)
    #expect(read(&cmos, 0x0D, at: 0) == 0x80)
  }
}
