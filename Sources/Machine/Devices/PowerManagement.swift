import MMU

/// The ACPI registers of the 82371AB (PIIX4), function 3 of the board: PM1 event and control blocks and the power management
/// timer, 64 ports where the function's PMBASE says. There is no SMI: ACPI mode is always on.
struct PowerManagement: Sendable {
  /// Bits of PM1 status and enable.
  private enum Event {
    static let timer: UInt16 = 0x0001
    /// Timer, bus master, global lock, power button, sleep button, real-time clock, wake.
    static let status: UInt16 = 0x8731
    static let enables: UInt16 = 0x0721
  }

  private enum Control {
    /// SCI_EN.
    static let interrupts: UInt16 = 0x0001
    /// SLP_TYP; S5 is 0 in `\_S5` of the DSDT.
    static let sleepType: UInt16 = 0x1C00
    static let sleep: UInt16 = 0x2000
  }

  private let timebase: Timebase
  private var status: UInt16 = 0
  private var enables: UInt16 = 0
  private var control: UInt16 = 0
  /// Half periods of the timer's bit 23 that have passed.
  private var halves: UInt64

  init(timebase: Timebase) {
    self.timebase = timebase
    halves = 0
  }

  /// RESET: the timer counts on.
  mutating func reset() { (status, enables, control) = (0, 0, 0) }

  /// SCI: IRQ 9.
  var line: Bool { status & enables & Event.timer != 0 }

  /// Reads a byte at an offset of its ports.
  mutating func read(_ offset: UInt16, at cycle: UInt64) -> UInt8 {
    advance(to: cycle)
    let word: UInt32
    switch offset & ~3 {
    case 0: word = UInt32(status) | UInt32(enables) << 16
    case 4: word = UInt32(control | Control.interrupts)
    case 8: word = UInt32(truncatingIfNeeded: timebase.ticks(at: cycle, of: .powerManagement)) & 0xFF_FFFF
    default: word = 0
    }
    return UInt8(truncatingIfNeeded: word >> UInt32(8 * (offset & 3)))
  }

  /// Writes a byte; true when it switches the machine off.
  mutating func write(_ offset: UInt16, _ value: UInt8, at cycle: UInt64) -> Bool {
    advance(to: cycle)
    let shift = 8 * (offset & 1)
    let (word, mask) = (UInt16(value) << shift, UInt16(0xFF) << shift)
    switch offset & ~1 {
    case 0: status &= ~(word & Event.status)
    case 2: enables = enables & ~mask | word & Event.enables
    case 4:
      // SLP_EN is write-only.
      control = control & ~mask | word & Control.sleepType
      return word & Control.sleep != 0 && control & Control.sleepType == 0
    default: break
    }
    return false
  }

  /// The cycle at which bit 23 of the timer changes, if that interrupts.
  var nextEvent: UInt64? {
    guard enables & ~status & Event.timer != 0 else { return nil }
    return timebase.cycle(ofTick: (halves &+ 1) << 23, of: .powerManagement)
  }

  mutating func advance(to cycle: UInt64) {
    let now = timebase.ticks(at: cycle, of: .powerManagement) >> 23
    guard now > halves else { return }
    halves = now
    status |= Event.timer
  }

  /// Adds all that a guest can see.
  func hash(into hasher: inout StateHasher) {
    hasher.add(UInt64(status) | UInt64(enables) << 16 | UInt64(control) << 32)
    hasher.add(halves)
  }
}
