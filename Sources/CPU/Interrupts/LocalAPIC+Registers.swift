// Registers (SDM Vol. 3, "Local APIC Register Address Map", "x2APIC Register Address Space"), by number: offset / 16 in
// the page, or MSR index less 800h.

extension LocalAPIC {
  /// Version 14h, six LVT entries.
  static let version: UInt32 = 5 << 16 | 0x14

  /// Reads a register; nil: there is none.
  package func read(_ register: Int, at cycle: UInt64) -> UInt32? {
    switch register {
    case 0x02: mode == .x2APIC ? initialID : UInt32(narrowID) << 24
    case 0x03: LocalAPIC.version
    case 0x08: UInt32(taskPriority)
    case 0x09 where mode != .x2APIC: UInt32(processorPriority)
    case 0x0A: UInt32(processorPriority)
    case 0x0B, 0x0C: mode == .x2APIC ? nil : 0
    case 0x0D: logicalDestination
    case 0x0E: mode == .x2APIC ? nil : destinationFormat
    case 0x0F: spurious
    case 0x10...0x17: inService.register(register - 0x10)
    case 0x18...0x1F: levelTriggered.register(register - 0x18)
    case 0x20...0x27: requested.register(register - 0x20)
    case 0x28: errorStatus
    case 0x30: UInt32(truncatingIfNeeded: command)
    case 0x31: mode == .x2APIC ? nil : UInt32(truncatingIfNeeded: command >> 32)
    case 0x32...0x37: localVectors[register - 0x32]
    case 0x38: timer.initialCount
    case 0x39: timer.currentCount(at: cycle)
    case 0x3E: timer.divideConfiguration
    default: nil
    }
  }

  /// Writes a register of the page; writes to those that are read-only, or not there, are lost.
  package mutating func write(_ register: Int, _ value: UInt32, at cycle: UInt64) -> Effect? {
    switch register {
    case 0x02: narrowID = UInt8(truncatingIfNeeded: value >> 24)
    case 0x08: taskPriority = UInt8(truncatingIfNeeded: value)
    case 0x0B: return endOfInterrupt()
    case 0x0D: logicalDestination = value & 0xFF00_0000
    case 0x0E: destinationFormat = value | 0x0FFF_FFFF
    case 0x0F: setSpurious(value)
    case 0x28: latchErrors()
    case 0x30:
      command = command & ~0xFFFF_FFFF | UInt64(value & LocalAPIC.commandBits)
      return sendCommand(destination: UInt32(truncatingIfNeeded: command >> 56), isWide: false)
    case 0x31: command = command & 0xFFFF_FFFF | UInt64(value & 0xFF00_0000) << 32
    case 0x32...0x37: setLocalVector(register - 0x32, value)
    case 0x38: timer.setInitialCount(value, at: cycle)
    case 0x3E: timer.setDivide(value, at: cycle)
    default:
      if read(register, at: cycle) == nil { report(error: 1 << 7) }
    }
    return nil
  }

  /// Bits of the interrupt command register's low half that are kept.
  private static let commandBits: UInt32 = 0x000C_CFFF

  /// Reads an x2APIC register; nil: #GP(0).
  package func readWide(_ register: Int, at cycle: UInt64) -> UInt64? {
    switch register {
    case 0x0B, 0x3F: nil
    case 0x30: command
    default: read(register, at: cycle).map(UInt64.init)
    }
  }

  /// Writes an x2APIC register; nil: #GP(0), nothing has changed.
  package mutating func writeWide(_ register: Int, _ value: UInt64, at cycle: UInt64) -> Effect?? {
    guard let writable = LocalAPIC.wideWritable(register), value & ~writable == 0 else { return .none }
    let low = UInt32(truncatingIfNeeded: value)
    switch register {
    case 0x30:
      command = value
      return .some(sendCommand(destination: UInt32(truncatingIfNeeded: value >> 32), isWide: true))
    case 0x3F:
      let vector = UInt8(truncatingIfNeeded: value)
      if vector < 16 { report(error: 1 << 5) }
      accept(vector, isLevel: false)
      return .some(nil)
    default: return .some(write(register, low, at: cycle))
    }
  }

  /// Bits that an x2APIC register takes; nil: it cannot be written.
  private static func wideWritable(_ register: Int) -> UInt64? {
    switch register {
    case 0x08: 0xFF
    case 0x0B, 0x28: 0
    case 0x0F: 0x1FF
    case 0x30: 0xFFFF_FFFF_0000_0000 | UInt64(commandBits & ~(1 << 12))
    case 0x32: 0x7_00FF
    case 0x33, 0x34: 0x1_07FF
    case 0x35, 0x36: 0x1_A7FF
    case 0x37: 0x1_00FF
    case 0x38: 0xFFFF_FFFF
    case 0x3E: 0xB
    case 0x3F: 0xFF
    default: nil
    }
  }

  // MARK: What writes do

  private mutating func setSpurious(_ value: UInt32) {
    spurious = value & 0x1FF
    guard spurious & 0x100 == 0 else { return }
    // "Local APIC State After It Has Been Software Disabled".
    for index in localVectors.indices { localVectors[index] |= LocalAPIC.masked }
  }

  private mutating func setLocalVector(_ index: Int, _ value: UInt32) {
    let kept: UInt32
    switch LocalVector(rawValue: index) {
    case .timer: kept = 0x7_00FF
    case .lint0, .lint1: kept = 0x1_A7FF
    case .error: kept = 0x1_00FF
    default: kept = 0x1_07FF
    }
    var entry = value & kept
    if spurious & 0x100 == 0 { entry |= LocalAPIC.masked }
    localVectors[index] = entry
    if index == LocalVector.timer.rawValue { timer.setMode(value >> 17) }
  }

  private mutating func endOfInterrupt() -> Effect? {
    guard let vector = inService.highest else { return nil }
    inService[vector] = false
    return levelTriggered[vector] ? .ended(vector) : nil
  }

  /// A write of the error status register makes what was noted since the last one readable.
  private mutating func latchErrors() {
    errorStatus = pendingErrors
    pendingErrors = 0
  }

  private mutating func sendCommand(destination: UInt32, isWide: Bool) -> Effect? {
    let low = UInt32(truncatingIfNeeded: command)
    guard let delivery = InterruptMessage.DeliveryMode(rawValue: UInt8(truncatingIfNeeded: low >> 8 & 7)) else {
      return nil
    }
    let vector = UInt8(truncatingIfNeeded: low)
    switch delivery {
    // An INIT level de-assert has no effect since the Pentium 4.
    case .initialize where low & (1 << 14 | 1 << 15) == 1 << 15: return nil
    case .fixed where vector < 16, .lowestPriority where vector < 16:
      report(error: 1 << 5)
      return nil
    case .reserved, .external, .systemManagement: return nil
    default: break
    }
    let target: InterruptMessage.Destination
    switch low >> 18 & 3 {
    case 1: target = .sender
    case 2: target = .everybody
    case 3: target = .everybodyElse
    default: target = low & 1 << 11 != 0 ? .logical(destination) : .physical(destination)
    }
    return .send(
      InterruptMessage(vector: vector, deliveryMode: delivery, destination: target, isWide: isWide))
  }
}
