/// Guest time: what a processor cycle is in seconds, exactly. Conversions are of rational numbers; none of them traps, and
/// what lies beyond the range of cycles is the last cycle.
package struct Timebase: Equatable, Sendable {
  /// A device's clock.
  package struct Rate: Equatable, Sendable {
    /// Ticks in `seconds` seconds.
    let ticks: UInt64
    let seconds: UInt64

    /// The 8254's clock: a twelfth of 14.31818 MHz, as "Counter/Timers" of the PIIX3 data sheet has it.
    package static let pit = Rate(ticks: 3_579_545, seconds: 3)
    /// The ACPI power management timer's clock.
    package static let powerManagement = Rate(ticks: 3_579_545, seconds: 1)
    /// The HPET's counter.
    package static let highPrecision = Rate(ticks: 10_000_000, seconds: 1)
    /// The real-time clock's crystal.
    package static let rtc = Rate(ticks: 32_768, seconds: 1)
  }

  /// Processor cycles in a second.
  package let clock: UInt64

  /// A clock of 1 Hz to 1 THz; another one becomes the nearest of these.
  package init(clock: UInt64 = 100_000_000) { self.clock = min(max(clock, 1), 1_000_000_000_000) }

  /// Ticks of a clock that have passed at a cycle.
  package func ticks(at cycle: UInt64, of rate: Rate) -> UInt64 {
    let product = cycle.multipliedFullWidth(by: rate.ticks)
    let divisor = clock * rate.seconds
    guard product.high < divisor else { return .max }
    return divisor.dividingFullWidth(product).quotient
  }

  /// The first cycle at which so many ticks of a clock have passed.
  package func cycle(ofTick tick: UInt64, of rate: Rate) -> UInt64 {
    let product = tick.multipliedFullWidth(by: clock * rate.seconds)
    guard product.high < rate.ticks else { return .max }
    let (quotient, remainder) = rate.ticks.dividingFullWidth(product)
    return remainder == 0 ? quotient : quotient.addingReportingOverflow(1).overflow ? .max : quotient + 1
  }
}
