/// The local APIC's timer (SDM Vol. 3, "APIC Timer"). It counts cycles of the processor's clock, divided.
///
/// Nothing ticks: counts follow from the cycle of the last write.
public struct APICTimer: Equatable, Sendable {
  /// Bits 18:17 of the timer's LVT entry.
  public enum Mode: UInt32, Sendable { case oneShot = 0, periodic, deadline, reserved }

  /// How it counts.
  public private(set) var mode = Mode.oneShot
  /// Initial-count register.
  public private(set) var initialCount: UInt32 = 0
  /// Divide-configuration register.
  public private(set) var divideConfiguration: UInt32 = 0
  /// IA32_TSC_DEADLINE; 0 when disarmed.
  public private(set) var deadline: UInt64 = 0
  /// Cycle at which the count is 0; nil when it stands.
  private var expiry: UInt64?

  /// Cycles of a count.
  private var divisor: UInt64 {
    let code = divideConfiguration & 3 | divideConfiguration >> 1 & 4
    return code == 7 ? 1 : 2 << UInt64(code)
  }

  /// Cycle at which it next runs down.
  ///
  /// - Parameter timeStampOffset: TSC less the clock.
  public func nextEvent(timeStampOffset: UInt64) -> UInt64? {
    guard mode == .deadline else { return expiry }
    guard deadline != 0 else { return nil }
    // A clock that the deadline lies behind runs down at once; a TSC that is set back makes it wait longer.
    let cycle = deadline &- timeStampOffset
    return cycle > 1 << 63 ? 0 : cycle
  }

  /// Current-count register.
  public func currentCount(at cycle: UInt64) -> UInt32 {
    guard let expiry, cycle < expiry else { return 0 }
    return UInt32(truncatingIfNeeded: (expiry - cycle + divisor - 1) / divisor)
  }

  private mutating func load(_ count: UInt64, at cycle: UInt64) {
    let (span, isFar) = count.multipliedReportingOverflow(by: divisor)
    let (end, overflow) = cycle.addingReportingOverflow(span)
    expiry = count == 0 || isFar || overflow ? nil : end
  }

  /// Writes the initial-count register: ignored in TSC-deadline mode.
  mutating func setInitialCount(_ count: UInt32, at cycle: UInt64) {
    guard mode != .deadline else { return }
    initialCount = count
    load(UInt64(count), at: cycle)
  }

  /// Writes the divide-configuration register; a count that runs goes on at the new rate.
  mutating func setDivide(_ value: UInt32, at cycle: UInt64) {
    let count = currentCount(at: cycle)
    divideConfiguration = value & 0xB
    if expiry != nil { load(UInt64(count), at: cycle) }
  }

  /// Writes bits 18:17 of the LVT entry; a change between TSC-deadline mode and the others disarms it.
  mutating func setMode(_ bits: UInt32) {
    let new = Mode(rawValue: bits & 3) ?? .reserved
    if (new == .deadline) != (mode == .deadline) {
      deadline = 0
      initialCount = 0
      expiry = nil
    }
    mode = new
  }

  /// Writes IA32_TSC_DEADLINE: ignored in the other modes.
  mutating func setDeadline(_ value: UInt64) {
    if mode == .deadline { deadline = value }
  }

  /// Whether it has run down by a cycle.
  mutating func advance(to cycle: UInt64, timeStampOffset: UInt64) -> Bool {
    guard let next = nextEvent(timeStampOffset: timeStampOffset), next <= cycle else { return false }
    switch mode {
    case .deadline: deadline = 0
    case .periodic:
      let (period, overflow) = UInt64(initialCount).multipliedReportingOverflow(by: divisor)
      guard !overflow, period > 0 else {
        expiry = nil
        return true
      }
      expiry = next &+ period &* ((cycle - next) / period &+ 1)
    case .oneShot, .reserved: expiry = nil
    }
    return true
  }

  /// What a hash covers.
  var words: [UInt64] {
    [
      UInt64(mode.rawValue), UInt64(initialCount), UInt64(divideConfiguration), deadline, expiry ?? 0,
      expiry == nil ? 0 : 1,
    ]
  }
}
