import MMU

/// One counter of the 8254 ("Intel 82C54 CHMOS Programmable Interval Timer", "Mode Definitions").
///
/// It is moved by CLK pulses, many at a time: `quietPulses` says how many only decrement the counting element.
package struct PITCounter: Sendable {
  /// Mode 0-5.
  private var mode: UInt8 = 3
  /// Which bytes are read and written: 1 low, 2 high, 3 both.
  private var access: UInt8 = 3
  private var isBCD = false
  /// The level at GATE.
  private(set) var gate: Bool
  /// The level at OUT.
  package private(set) var out = true

  /// The count register, of a value written; 0 stands for the largest count.
  private var countRegister = 0
  /// The low byte of a count that is half written.
  private var lowByte: UInt8?
  /// The counting element; in mode 3 twice the pulses left of the half period, so never odd.
  private var element = 0
  /// A count has been written since the control word.
  private var hasCount = false
  /// The last count written is not in the counting element yet.
  private var isNullCount = true
  /// The next pulse loads the counting element.
  private var loads = false
  /// The counting element has been loaded since the control word.
  private var isLoaded = false
  /// OUT is still to change at terminal count.
  private var isArmed = false
  /// The half period of mode 3 has a pulse that does not decrement.
  private var hasOddPulse = false

  private var latchedCount: UInt16?
  private var latchedStatus: UInt8?
  /// The high byte is read next.
  private var readsHigh = false

  /// A counter whose GATE is high or low.
  package init(gate: Bool) { self.gate = gate }

  private var modulus: Int { isBCD ? 10_000 : 65_536 }
  /// The period of modes 2 and 3. A count of 1 is illegal; the counting element passes 1 and goes all the way round.
  private var period: Int { countRegister <= 1 ? modulus + countRegister : countRegister }

  // MARK: Programming

  /// Takes a control word for this counter, other than a latch command.
  package mutating func program(_ control: UInt8) {
    let field = control >> 1 & 7
    mode = field > 5 ? field & 3 : field
    access = control >> 4 & 3
    isBCD = control & 1 != 0
    out = mode != 0
    hasCount = false
    isNullCount = true
    loads = false
    isLoaded = false
    isArmed = false
    lowByte = nil
    latchedCount = nil
    latchedStatus = nil
    readsHigh = false
  }

  /// Takes a byte of a count.
  package mutating func write(_ value: UInt8) {
    switch (access, lowByte) {
    case (1, _): take(UInt16(value))
    case (2, _): take(UInt16(value) << 8)
    case (_, nil):
      lowByte = value
      if mode == 0 {
        isLoaded = false
        loads = false
        out = false
      }
    case (_, let low?):
      lowByte = nil
      take(UInt16(value) << 8 | UInt16(low))
    }
  }

  private mutating func take(_ count: UInt16) {
    countRegister = isBCD ? Self.fromBCD(count) : Int(count)
    hasCount = true
    isNullCount = true
    switch mode {
    case 0:
      out = false
      loads = true
    case 4: loads = true
    case 2, 3: if !isLoaded { loads = true }
    default: break
    }
  }

  /// Sets the level at GATE.
  package mutating func setGate(_ level: Bool) {
    let rises = level && !gate
    gate = level
    switch mode {
    case 1, 5: if rises && hasCount { loads = true }
    case 2, 3:
      if rises && hasCount { loads = true }
      if !level { out = true }
    default: break
    }
  }

  // MARK: Reading

  /// What a program sees in the counting element.
  private var visible: UInt16 {
    let value = mode == 3 ? element - (hasOddPulse && out ? 2 : 0) : element
    let count = max(0, value) % modulus
    return isBCD ? Self.toBCD(count) : UInt16(truncatingIfNeeded: count)
  }

  /// "Counter latch command".
  package mutating func latchCount() {
    if latchedCount == nil { latchedCount = visible }
  }

  /// "Read-back command" for the status.
  package mutating func latchStatus() {
    guard latchedStatus == nil else { return }
    latchedStatus = (out ? 0x80 : 0) | (isNullCount ? 0x40 : 0) | access << 4 | mode << 1 | (isBCD ? 1 : 0)
  }

  /// Reads the status or a byte of the count.
  package mutating func read() -> UInt8 {
    if let status = latchedStatus {
      latchedStatus = nil
      return status
    }
    let count = latchedCount ?? visible
    let isHigh = access == 2 || access == 3 && readsHigh
    if access == 3 { readsHigh.toggle() }
    if access != 3 || isHigh { latchedCount = nil }
    return UInt8(truncatingIfNeeded: isHigh ? count >> 8 : count)
  }

  private static func fromBCD(_ value: UInt16) -> Int {
    var result = 0
    for shift in [12, 8, 4, 0] { result = result * 10 + Int(value >> UInt16(shift) & 15) }
    return result % 10_000
  }

  private static func toBCD(_ value: Int) -> UInt16 {
    var result: UInt16 = 0
    for divisor in [1000, 100, 10, 1] { result = result << 4 | UInt16(value / divisor % 10) }
    return result
  }

  // MARK: Pulses

  private var counts: Bool { isLoaded && (gate || mode == 1 || mode == 5) }

  /// Pulses until the counting element is 0.
  private var pulsesToZero: Int { element == 0 ? modulus : element }

  /// Pulses that change neither OUT nor what is counted; nil when none ever will.
  private var quietPulses: Int? {
    if loads { return 0 }
    guard counts else { return nil }
    switch mode {
    case 0: return isArmed ? pulsesToZero - 1 : nil
    case 1: return out ? nil : pulsesToZero - 1
    case 2: return !out ? 0 : (element <= 1 ? modulus + element : element) - 2
    case 3: return element / 2 - 1
    default: return !out ? 0 : isArmed ? pulsesToZero - 1 : nil
    }
  }

  /// Pulses until OUT may change; nil when it does not by itself.
  package var pulsesToChange: UInt64? { quietPulses.map { UInt64($0) + 1 } }

  /// Lets CLK pulse.
  package mutating func advance(_ pulses: UInt64) {
    var left = pulses
    while left > 0 {
      if isPeriodic { left %= UInt64(period) }
      let quiet = min(left, quietPulses.map(UInt64.init) ?? .max)
      decrement(by: quiet)
      left -= quiet
      if left > 0 {
        pulse()
        left -= 1
      }
    }
  }

  /// Modes 2 and 3 come back to the same state after a period, once the count has been taken over.
  private var isPeriodic: Bool { (mode == 2 || mode == 3) && counts && !loads && !isNullCount }

  private mutating func decrement(by pulses: UInt64) {
    guard counts, !loads else { return }
    if mode == 3 {
      element -= 2 * Int(pulses)
    } else {
      element = ((element - Int(pulses % UInt64(modulus))) % modulus + modulus) % modulus
    }
  }

  private mutating func pulse() {
    if loads {
      loads = false
      load()
      if mode == 1 { out = false }
      return
    }
    guard counts else { return }
    switch mode {
    case 2 where !out:
      out = true
      load()
    case 3 where element == 2:
      out.toggle()
      load()
    case 3: element -= 2
    default:
      if !out && mode >= 4 { out = true }
      element = (element - 1 + modulus) % modulus
      terminalCount()
    }
  }

  private mutating func terminalCount() {
    switch mode {
    case 0 where element == 0 && isArmed:
      out = true
      isArmed = false
    case 1 where element == 0: out = true
    case 2 where element == 1: out = false
    case 4 where element == 0 && isArmed, 5 where element == 0 && isArmed:
      out = false
      isArmed = false
    default: break
    }
  }

  private mutating func load() {
    isLoaded = true
    isNullCount = false
    isArmed = true
    if mode == 3 {
      hasOddPulse = period % 2 != 0
      element = 2 * (out ? (period + 1) / 2 : period / 2)
    } else {
      element = countRegister
    }
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    hasher.add(UInt64(mode) | UInt64(access) << 8 | UInt64(lowByte ?? 0) << 16 | UInt64(latchedStatus ?? 0) << 24)
    hasher.add(UInt64(countRegister) | UInt64(element) << 32)
    hasher.add(UInt64(latchedCount ?? 0))
    let flags = [
      isBCD, gate, out, lowByte != nil, hasCount, isNullCount, loads, isLoaded, isArmed, hasOddPulse,
      latchedCount != nil, latchedStatus != nil, readsHigh,
    ]
    for flag in flags { hasher.add(flag) }
  }
}
