import MMU

/// High Precision Event Timers at FED00000h: a counter of 10 MHz and three comparators (IA-PC HPET Specification 1.0a). Messages
/// of their own (FSB) are not offered.
struct HPET: Sendable {
  static let base: UInt64 = 0xFED0_0000
  static let size: UInt64 = 0x400
  /// Femtoseconds of a tick.
  private static let period: UInt64 = 100_000_000
  /// I/O APIC pins that a comparator may be led to.
  private static let pins: UInt64 = 0x00F0_0000

  /// Bits of a comparator's configuration.
  private enum Field {
    static let isLevel: UInt64 = 1 << 1
    static let isEnabled: UInt64 = 1 << 2
    static let isPeriodic: UInt64 = 1 << 3
    static let mayBePeriodic: UInt64 = 1 << 4
    static let isWide: UInt64 = 1 << 5
    static let setsValue: UInt64 = 1 << 6
    static let isNarrowed: UInt64 = 1 << 8
    static let writable: UInt64 = 0x3F4E
  }

  private struct Comparator: Sendable {
    var configuration: UInt64
    /// Ticks at which it next matches.
    var value: UInt64 = .max
    var periodTicks: UInt64 = 0
    /// An edge is on its line until the next tick.
    var isPulsing = false
  }

  private let timebase: Timebase
  private var configuration: UInt64 = 0
  private var status: UInt64 = 0
  /// The counter is this plus the ticks that have passed, while it counts.
  private var counterBase: UInt64 = 0
  private var comparators: [Comparator]
  /// The tick that was looked at last.
  private var tick: UInt64 = 0

  init(timebase: Timebase) {
    self.timebase = timebase
    let fixed = Self.pins << 32 | Field.isWide
    comparators = (0..<3).map { Comparator(configuration: $0 == 0 ? fixed | Field.mayBePeriodic : fixed) }
  }

  /// RESET: the counter stands at zero.
  mutating func reset() {
    let tick = tick
    self = HPET(timebase: timebase)
    self.tick = tick
  }

  private var isCounting: Bool { configuration & 1 != 0 }
  /// "LegacyReplacement Route": comparators 0 and 1 stand for the 8254 and the real-time clock.
  var replacesTimers: Bool { configuration & 2 != 0 }
  private var counter: UInt64 { isCounting ? counterBase &+ tick : counterBase }

  // MARK: Registers

  private func register(_ offset: UInt64) -> UInt64 {
    switch offset & ~7 {
    // Vendor, legacy replacement, 64-bit counter, three comparators, revision 1.
    case 0x000: return Self.period << 32 | 0x8086_A201
    case 0x010: return configuration
    case 0x020: return status
    case 0x0F0: return counter
    case let place where (0x100..<0x160).contains(place):
      let comparator = comparators[Int(place - 0x100) >> 5]
      return place & 0x1F == 0 ? comparator.configuration : place & 0x1F == 8 ? comparator.value : 0
    default: return 0
    }
  }

  /// Reads 1 to 8 bytes.
  mutating func read(_ offset: UInt64, at cycle: UInt64) -> UInt64 {
    advance(to: cycle)
    return register(offset) >> (offset & 7 * 8)
  }

  /// Writes 4 or 8 bytes; of narrower accesses the specification knows nothing.
  mutating func write(_ offset: UInt64, _ value: UInt64, bytes: Int, at cycle: UInt64) {
    advance(to: cycle)
    guard bytes == 8 && offset & 7 == 0 || bytes == 4 && offset & 3 == 0 else { return }
    let shift = offset & 4 * 8
    let mask: UInt64 = bytes == 8 ? .max : 0xFFFF_FFFF << shift
    let old = register(offset)
    let new = old & ~mask | value << shift & mask
    switch offset & ~7 {
    case 0x010:
      let counted = counter
      configuration = new & 3
      counterBase = isCounting ? counted &- tick : counted
    case 0x020: status &= ~(value << shift & mask)
    case 0x0F0: if !isCounting { counterBase = new }
    case let place where (0x100..<0x160).contains(place):
      let number = Int(place - 0x100) >> 5
      if place & 0x1F == 0 { configure(number, new) }
      if place & 0x1F == 8 { setValue(number, value << shift & mask, mask) }
    default: break
    }
  }

  private mutating func configure(_ number: Int, _ value: UInt64) {
    let old = comparators[number].configuration
    var writable = Field.writable
    if old & Field.mayBePeriodic == 0 { writable &= ~(Field.isPeriodic | Field.setsValue) }
    comparators[number].configuration = old & ~writable | value & writable
  }

  /// "Timer N Comparator Value Register": in periodic mode a write is the period too, and moves the next match only with
  /// Tn_VAL_SET_CNF.
  private mutating func setValue(_ number: Int, _ bits: UInt64, _ mask: UInt64) {
    var comparator = comparators[number]
    let isPeriodic = comparator.configuration & Field.isPeriodic != 0
    if !isPeriodic || comparator.configuration & Field.setsValue != 0 {
      comparator.value = comparator.value & ~mask | bits
    }
    if isPeriodic {
      comparator.periodTicks = comparator.periodTicks & ~mask | bits
      comparator.configuration &= ~Field.setsValue
    }
    comparators[number] = comparator
  }

  // MARK: Time

  /// Ticks from now to a comparator's next match: 1 or more.
  private func distance(_ comparator: Comparator) -> UInt64 {
    let isNarrow = comparator.configuration & Field.isNarrowed != 0
    let distance = comparator.value &- counter
    guard isNarrow else { return distance == 0 ? .max : distance }
    let narrow = distance & 0xFFFF_FFFF
    return narrow == 0 ? 1 << 32 : narrow
  }

  var nextEvent: UInt64? {
    guard isCounting else { return comparators.contains(where: \.isPulsing) ? time(tick &+ 1) : nil }
    var next: UInt64?
    for comparator in comparators {
      if comparator.isPulsing { return time(tick &+ 1) }
      guard comparator.configuration & Field.isEnabled != 0 else { continue }
      let (match, overflow) = tick.addingReportingOverflow(distance(comparator))
      if !overflow { next = min(next ?? .max, match) }
    }
    return next.map(time)
  }

  private func time(_ tick: UInt64) -> UInt64 { timebase.cycle(ofTick: tick, of: .highPrecision) }

  mutating func advance(to cycle: UInt64) {
    let now = timebase.ticks(at: cycle, of: .highPrecision)
    guard now > tick else { return }
    let passed = now - tick
    for number in comparators.indices {
      comparators[number].isPulsing = false
      guard isCounting else { continue }
      let left = distance(comparators[number])
      guard passed >= left else { continue }
      if comparators[number].configuration & Field.isPeriodic != 0, comparators[number].periodTicks > 0 {
        // What has been passed over has passed.
        let period = comparators[number].periodTicks
        comparators[number].value &+= ((passed - left) / period &+ 1) &* period
      }
      guard comparators[number].configuration & Field.isEnabled != 0 else { continue }
      if comparators[number].configuration & Field.isLevel != 0 {
        status |= 1 << UInt64(number)
      } else {
        comparators[number].isPulsing = true
      }
    }
    tick = now
  }

  /// Interrupt lines that are high. Comparators 0 and 1 are lines 0 and 8 while they replace the timers.
  var lines: UInt32 {
    var lines: UInt32 = 0
    for (number, comparator) in comparators.enumerated() where comparator.configuration & Field.isEnabled != 0 {
      guard comparator.isPulsing || status >> UInt64(number) & 1 != 0 else { continue }
      let route = UInt32(truncatingIfNeeded: comparator.configuration >> 9 & 31)
      if replacesTimers && number < 2 {
        lines |= number == 0 ? 1 : 1 << 8
      } else if Self.pins >> UInt64(route) & 1 != 0 {
        lines |= 1 << route
      }
    }
    return lines
  }

  /// Adds all that a guest can see.
  func hash(into hasher: inout StateHasher) {
    for value in [configuration, status, counterBase, tick] { hasher.add(value) }
    for comparator in comparators {
      for value in [comparator.configuration, comparator.value, comparator.periodTicks] { hasher.add(value) }
      hasher.add(comparator.isPulsing)
    }
  }
}
