import MMU

/// MC146818 real-time clock with 128 bytes of memory, at ports 70h and 71h.
///
/// Time begins at 2000-01-01 00:00:00, a Saturday, with cycle 0.
package struct CMOS: Sendable {
  private enum Register {
    static let statusA = 0x0A
    static let statusB = 0x0B
    static let statusC = 0x0C
    static let statusD = 0x0D
    static let shutdown = 0x0F
    static let century = 0x32
  }

  /// Bits of registers B and C.
  private enum Flag {
    static let set: UInt8 = 0x80
    static let periodic: UInt8 = 0x40
    static let alarm: UInt8 = 0x20
    static let updateEnded: UInt8 = 0x10
    static let binary: UInt8 = 0x04
    static let hours24: UInt8 = 0x02
  }

  /// Ticks of an update cycle and of the 244 µs that announce it.
  private static let updateTicks: UInt64 = 73

  private let timebase: Timebase
  private var bytes = [UInt8](repeating: 0, count: 128)
  private var index: UInt8 = 0
  /// Bit 7 of port 70h: NMI is masked.
  package private(set) var masksNMI = false
  /// Ticks of the crystal that have been counted.
  private var ticks: UInt64 = 0
  /// Where the divider chain stands: seconds end at multiples of 32768 ticks from here.
  private var dividerStart: UInt64 = 0

  /// A clock with memory sizes for firmware.
  ///
  /// - Parameters:
  ///   - memory: where RAM lies.
  ///   - processors: how many there are; byte 5Fh is one less.
  package init(timebase: Timebase = Timebase(), memory: MemoryMap, processors: Int = 1) {
    self.timebase = timebase
    bytes[0x06] = 7
    bytes[0x07] = 1
    bytes[0x08] = 1
    bytes[Register.statusA] = 0x26
    bytes[Register.statusB] = Flag.hours24
    bytes[Register.statusD] = 0x80
    bytes[Register.century] = 0x20
    // Equipment: a coprocessor and a PS/2 pointing device's socket.
    bytes[0x14] = 0x06
    func set(_ register: Int, _ value: UInt64, limit: UInt64 = 0xFFFF) {
      let value = min(value, limit)
      bytes[register] = UInt8(truncatingIfNeeded: value)
      bytes[register + 1] = UInt8(truncatingIfNeeded: value >> 8)
    }
    set(0x15, 640)
    let extended = memory.low > 1 << 20 ? (memory.low - 1 << 20) >> 10 : 0
    set(0x17, extended)
    set(0x30, extended)
    set(0x34, memory.low > 16 << 20 ? (memory.low - 16 << 20) >> 16 : 0)
    let above = memory.high >> 16
    set(0x5B, above & 0xFFFF)
    bytes[0x5D] = UInt8(truncatingIfNeeded: above >> 16)
    bytes[0x5F] = UInt8(truncatingIfNeeded: max(processors, 1) - 1)
  }

  /// Whether a port is one of its: 70h, 71h.
  package static func owns(_ port: UInt16) -> Bool { port == 0x70 || port == 0x71 }

  /// The shutdown status byte, which tells firmware why the processor was reset.
  package var shutdownStatus: UInt8 { bytes[Register.shutdown] }

  /// A byte of its memory, for firmware's settings; the clock's own registers, 0-0Dh, are not reached.
  package subscript(_ register: Int) -> UInt8 {
    get { bytes.indices.contains(register) ? bytes[register] : 0xFF }
    set { if bytes.indices.contains(register) && register > Register.statusD { bytes[register] = newValue } }
  }

  /// "RESET": interrupts are disabled and none is pending; time and memory go on.
  package mutating func reset() {
    bytes[Register.statusB] &= ~(Flag.periodic | Flag.alarm | Flag.updateEnded | 0x08)
    bytes[Register.statusC] = 0
    masksNMI = false
  }

  // MARK: Ports

  /// Reads a port; 70h is write-only.
  package mutating func read(_ port: UInt16, at cycle: UInt64) -> UInt8 {
    guard port == 0x71 else { return 0xFF }
    advance(to: cycle)
    switch Int(index) {
    case Register.statusA: return bytes[Register.statusA] | (isUpdating ? 0x80 : 0)
    case Register.statusC:
      let value = bytes[Register.statusC] | (line ? 0x80 : 0)
      bytes[Register.statusC] = 0
      return value
    default: return bytes[Int(index)]
    }
  }

  /// Writes a port.
  package mutating func write(_ port: UInt16, _ value: UInt8, at cycle: UInt64) {
    advance(to: cycle)
    guard port == 0x71 else {
      index = value & 0x7F
      masksNMI = value & 0x80 != 0
      return
    }
    switch Int(index) {
    case Register.statusA:
      let wasRunning = isRunning
      bytes[Register.statusA] = value & 0x7F
      // "Divider control": the first update comes half a second after the divider starts.
      if isRunning && !wasRunning { dividerStart = ticks &- 16_384 }
    case Register.statusB:
      // SET clears UIE.
      bytes[Register.statusB] = value & Flag.set != 0 ? value & ~Flag.updateEnded : value
    case Register.statusC, Register.statusD: break
    default: bytes[Int(index)] = value
    }
  }

  // MARK: Time

  /// The divider runs from a 32.768 kHz crystal; its other settings stop the clock.
  private var isRunning: Bool { bytes[Register.statusA] & 0x70 == 0x20 }
  private var updates: Bool { isRunning && bytes[Register.statusB] & Flag.set == 0 }

  /// Ticks since the divider started; it wraps like what it is taken from.
  private var dividerTicks: UInt64 { ticks &- dividerStart }

  /// UIP.
  private var isUpdating: Bool { updates && 32_768 - dividerTicks % 32_768 <= Self.updateTicks }

  /// Ticks between two periodic interrupts ("Periodic interrupt rate"); nil when there are none.
  private var periodTicks: UInt64? {
    let rate = bytes[Register.statusA] & 0x0F
    guard isRunning, rate != 0 else { return nil }
    return rate < 3 ? 1 << UInt64(rate + 6) : 1 << UInt64(rate - 1)
  }

  /// IRQF: IRQ 8, until register C is read.
  package var line: Bool { bytes[Register.statusB] & bytes[Register.statusC] & 0x70 != 0 }

  /// The cycle at which the line may rise.
  package var nextEvent: UInt64? {
    let wanted = bytes[Register.statusB] & ~bytes[Register.statusC]
    var left: UInt64?
    if wanted & Flag.periodic != 0, let period = periodTicks { left = period - dividerTicks % period }
    if wanted & (Flag.alarm | Flag.updateEnded) != 0, updates {
      left = min(left ?? .max, 32_768 - dividerTicks % 32_768)
    }
    return left.map { timebase.cycle(ofTick: ticks &+ $0, of: .rtc) }
  }

  /// Registers and outputs become those of a cycle; nothing goes back.
  package mutating func advance(to cycle: UInt64) {
    let now = timebase.ticks(at: cycle, of: .rtc)
    guard now > ticks else { return }
    let before = dividerTicks
    ticks = now
    guard isRunning else { return }
    if let period = periodTicks, dividerTicks / period != before / period {
      bytes[Register.statusC] |= Flag.periodic
    }
    let seconds = dividerTicks / 32_768 - before / 32_768
    if seconds > 0 && updates { update(by: seconds) }
  }

  private mutating func update(by seconds: UInt64) {
    let start = time
    bytes[Register.statusC] |= Flag.updateEnded
    let isQuiet = bytes[Register.statusC] & Flag.alarm == 0
    if isQuiet, (1...min(seconds, 86_400)).contains(where: { isAlarm(start.adding(seconds: $0)) }) {
      bytes[Register.statusC] |= Flag.alarm
    }
    let end = start.adding(seconds: seconds)
    let days = UInt64(bitPattern: Int64(end.days - start.days))
    if end.days != start.days { bytes[6] = UInt8((UInt64(bytes[6]) + 6 + days % 7) % 7) + 1 }
    time = end
  }

  /// The time registers.
  private var time: CalendarTime {
    get {
      var hour = decoded(bytes[4] & (is24Hours ? 0xFF : 0x7F))
      if !is24Hours { hour = hour % 12 + (bytes[4] & 0x80 != 0 ? 12 : 0) }
      return CalendarTime(
        year: decoded(bytes[Register.century]) * 100 + decoded(bytes[9]), month: decoded(bytes[8]),
        day: decoded(bytes[7]), hour: hour, minute: decoded(bytes[2]), second: decoded(bytes[0]))
    }
    set {
      bytes[0] = encoded(newValue.second)
      bytes[2] = encoded(newValue.minute)
      bytes[4] = encodedHour(newValue.hour)
      bytes[7] = encoded(newValue.day)
      bytes[8] = encoded(newValue.month)
      bytes[9] = encoded(newValue.year % 100)
      bytes[Register.century] = encoded(newValue.year / 100)
    }
  }

  private var is24Hours: Bool { bytes[Register.statusB] & Flag.hours24 != 0 }
  private var isBinary: Bool { bytes[Register.statusB] & Flag.binary != 0 }

  private func decoded(_ byte: UInt8) -> Int { isBinary ? Int(byte) : Int(byte >> 4) * 10 + Int(byte & 15) }
  private func encoded(_ value: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: isBinary ? value : (value / 10) << 4 | value % 10)
  }
  private func encodedHour(_ hour: Int) -> UInt8 {
    if is24Hours { return encoded(hour) }
    return encoded((hour + 11) % 12 + 1) | (hour >= 12 ? 0x80 : 0)
  }

  /// Alarm bytes whose two high bits are set match everything.
  private func isAlarm(_ time: CalendarTime) -> Bool {
    func matches(_ register: Int, _ value: UInt8) -> Bool {
      bytes[register] & 0xC0 == 0xC0 || bytes[register] == value
    }
    return matches(1, encoded(time.second)) && matches(3, encoded(time.minute)) && matches(5, encodedHour(time.hour))
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    bytes.withUnsafeBytes { hasher.add($0) }
    hasher.add(UInt64(index) | (masksNMI ? 0x100 : 0))
    hasher.add(ticks)
    hasher.add(dividerStart)
  }
}
