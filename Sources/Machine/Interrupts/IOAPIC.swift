import CPU
import MMU

/// 82093AA I/O Advanced Programmable Interrupt Controller, with the EOI register of version 20h (ICH2).
///
/// A message is accepted at once, so that delivery status is always idle. Levels are those of the pins, which rest low; what
/// counts as active is the redirection entry's polarity.
package struct IOAPIC: Sendable {
  /// Where its registers lie.
  package static let base: UInt64 = 0xFEC0_0000
  /// Its pins.
  package static let pinCount = 24

  private enum Field {
    static let deliveryStatus: UInt64 = 1 << 12
    static let remoteIRR: UInt64 = 1 << 14
    static let mask: UInt64 = 1 << 16
    static let writable: UInt64 = 0xFF00_0000_0001_AFFF
  }

  private var index: UInt8 = 0
  private var id: UInt32 = 0
  private var arbitrationID: UInt32 = 0
  private var redirection = [UInt64](repeating: Field.mask, count: pinCount)
  private var levels: UInt32 = 0

  /// The state after power-up.
  package init() {}

  // MARK: Registers

  /// Reads the register at an offset of its page: 00h index, 10h window.
  package func read(offset: UInt64) -> UInt32 {
    switch offset {
    case 0x00: return UInt32(index)
    case 0x10: break
    default: return 0
    }
    switch index {
    case 0: return id
    case 1: return UInt32(Self.pinCount - 1) << 16 | 0x20
    case 2: return arbitrationID
    default:
      guard let pin = selectedPin else { return 0 }
      return UInt32(truncatingIfNeeded: redirection[pin] >> (index & 1 == 0 ? 0 : 32))
    }
  }

  /// Writes the register at an offset of its page: 00h index, 10h window, 40h EOI. Gives the messages that follow.
  package mutating func write(offset: UInt64, value: UInt32) -> [InterruptMessage] {
    switch offset {
    case 0x00: index = UInt8(truncatingIfNeeded: value)
    case 0x10: return writeWindow(value)
    case 0x40: return endOfInterrupt(UInt8(truncatingIfNeeded: value))
    default: break
    }
    return []
  }

  private var selectedPin: Int? {
    let pin = (Int(index) - 0x10) >> 1
    return redirection.indices.contains(pin) ? pin : nil
  }

  private mutating func writeWindow(_ value: UInt32) -> [InterruptMessage] {
    guard let pin = selectedPin else {
      if index == 0 {
        id = value & 0x0F00_0000
        arbitrationID = id
      }
      return []
    }
    let shift: UInt64 = index & 1 == 0 ? 0 : 32
    let mask = Field.writable & 0xFFFF_FFFF << shift
    redirection[pin] = redirection[pin] & ~mask | UInt64(value) << shift & mask
    // Software for parts without an EOI register clears remote IRR by making the pin edge-triggered for a moment.
    if !isLevel(pin) { redirection[pin] &= ~Field.remoteIRR }
    return levelMessage(pin).map { [$0] } ?? []
  }

  // MARK: Pins

  /// A pin's level changes; gives the message that follows. An edge at a masked pin is lost.
  package mutating func setLine(_ pin: Int, _ level: Bool) -> InterruptMessage? {
    guard redirection.indices.contains(pin) else { return nil }
    let wasActive = isActive(pin)
    levels = levels & ~(1 << UInt32(pin)) | (level ? 1 << UInt32(pin) : 0)
    if isLevel(pin) { return levelMessage(pin) }
    guard isActive(pin), !wasActive, redirection[pin] & Field.mask == 0 else { return nil }
    return message(pin)
  }

  /// A local APIC, or a write to the EOI register, ends a level-triggered interrupt; gives the messages of pins that are
  /// still active.
  package mutating func endOfInterrupt(_ vector: UInt8) -> [InterruptMessage] {
    var messages: [InterruptMessage] = []
    for pin in redirection.indices
    where redirection[pin] & Field.remoteIRR != 0 && UInt8(truncatingIfNeeded: redirection[pin]) == vector {
      redirection[pin] &= ~Field.remoteIRR
      if let message = levelMessage(pin) { messages.append(message) }
    }
    return messages
  }

  private func isActive(_ pin: Int) -> Bool {
    (levels >> UInt32(pin) & 1 != 0) != (redirection[pin] >> 13 & 1 != 0)
  }

  /// SMI, NMI, INIT and ExtINT are edge-triggered whatever the entry says.
  private func isLevel(_ pin: Int) -> Bool {
    redirection[pin] >> 15 & 1 != 0 && redirection[pin] >> 8 & 7 <= 1
  }

  private mutating func levelMessage(_ pin: Int) -> InterruptMessage? {
    guard isLevel(pin), isActive(pin), redirection[pin] & (Field.mask | Field.remoteIRR) == 0,
      let message = message(pin)
    else { return nil }
    redirection[pin] |= Field.remoteIRR
    return message
  }

  /// Nil for a reserved delivery mode.
  private func message(_ pin: Int) -> InterruptMessage? {
    let entry = redirection[pin]
    guard let mode = InterruptMessage.DeliveryMode(rawValue: UInt8(entry >> 8 & 7)), mode != .startUp, mode != .reserved
    else {
      return nil
    }
    let destination = UInt32(entry >> 56)
    return InterruptMessage(
      vector: UInt8(truncatingIfNeeded: entry), deliveryMode: mode,
      destination: entry >> 11 & 1 != 0 ? .logical(destination) : .physical(destination), isLevel: isLevel(pin))
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    hasher.add(UInt64(index) | UInt64(levels) << 32)
    hasher.add(UInt64(id) << 32 | UInt64(arbitrationID))
    for entry in redirection { hasher.add(entry) }
  }
}
