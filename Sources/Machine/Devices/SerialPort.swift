import MMU

/// A 16550A UART (PC16550D data sheet, "Register Description").
///
/// It is not paced: what is written goes out at once, and what is received fills the FIFO as fast as it is read, so that
/// the character timeout has always passed. Nothing is cut to the word length. Its modem is always there: CTS, DSR and
/// DCD are on, RI is off.
package struct SerialPort {
  /// Takes what the guest transmits.
  package var transmit: (UInt8) -> Void
  private var interruptEnable: UInt8 = 0
  private var fifoControl: UInt8 = 0
  private var lineControl: UInt8 = 0
  private var modemControl: UInt8 = 0
  private var scratch: UInt8 = 0
  private var divisor: UInt16 = 12
  /// Error bits of the line status register.
  private var lineErrors: UInt8 = 0
  /// Low half of the modem status register.
  private var modemDeltas: UInt8 = 0
  /// THRE has risen, or was enabled, and has not been reported.
  private var isTransmitterInterrupting = false
  /// The receiver's buffer or FIFO.
  private var received: [UInt8] = []
  /// What is on the line behind it.
  private var waiting: ArraySlice<UInt8> = []

  /// A port whose output goes somewhere.
  package init(transmit: @escaping (UInt8) -> Void) { self.transmit = transmit }

  private enum InterruptEnable {
    static let received: UInt8 = 0x01
    static let transmitter: UInt8 = 0x02
    static let lineStatus: UInt8 = 0x04
    static let modemStatus: UInt8 = 0x08
  }

  private var selectsDivisor: Bool { lineControl & 0x80 != 0 }
  private var isLoopback: Bool { modemControl & 0x10 != 0 }
  private var hasFIFOs: Bool { fifoControl & 1 != 0 }
  private var capacity: Int { hasFIFOs ? 16 : 1 }

  /// Received bytes that raise an interrupt.
  private var trigger: Int { hasFIFOs ? [1, 4, 8, 14][Int(fifoControl >> 6)] : 1 }

  // MARK: Interrupts

  /// Bits 3-0 of the interrupt identification register, by the data sheet's "Interrupt Control Functions".
  private var identification: UInt8 {
    if interruptEnable & InterruptEnable.lineStatus != 0 && lineErrors != 0 { return 0x06 }
    if interruptEnable & InterruptEnable.received != 0 && !received.isEmpty {
      return received.count >= trigger ? 0x04 : 0x0C
    }
    if interruptEnable & InterruptEnable.transmitter != 0 && isTransmitterInterrupting { return 0x02 }
    if interruptEnable & InterruptEnable.modemStatus != 0 && modemDeltas != 0 { return 0x00 }
    return 0x01
  }

  /// Its interrupt request. A PC lets it through when OUT2 is on, and loopback takes OUT2 off the pin.
  package var line: Bool { identification & 1 == 0 && modemControl & 0x08 != 0 && !isLoopback }

  // MARK: The line

  /// Bytes come in. They wait until there is room for them.
  package mutating func receive(_ bytes: [UInt8]) {
    waiting.append(contentsOf: bytes)
    refill()
  }

  private mutating func refill() {
    while !isLoopback, received.count < capacity, let byte = waiting.popFirst() { received.append(byte) }
  }

  private mutating func send(_ byte: UInt8) {
    isTransmitterInterrupting = true
    guard isLoopback else { return transmit(byte) }
    if received.count < capacity {
      received.append(byte)
    } else {
      // Overrun: the buffer is overwritten; the FIFO keeps what it has.
      lineErrors |= 0x02
      if !hasFIFOs { received = [byte] }
    }
  }

  /// High half of the modem status register.
  private var modemLines: UInt8 {
    guard isLoopback else { return 0xB0 }
    let control = modemControl
    return (control & 0x02) << 3 | (control & 0x01) << 5 | (control & 0x04) << 4 | (control & 0x08) << 4
  }

  // MARK: Registers

  /// Reads register 0-7, by the low bits of a port.
  package mutating func read(_ port: UInt16, at cycle: UInt64 = 0) -> UInt8 {
    switch port & 7 {
    case 0 where selectsDivisor: return UInt8(truncatingIfNeeded: divisor)
    case 0:
      guard let byte = received.first else { return 0 }
      received.removeFirst()
      refill()
      return byte
    case 1: return selectsDivisor ? UInt8(truncatingIfNeeded: divisor >> 8) : interruptEnable
    case 2:
      let value = identification
      if value == 0x02 { isTransmitterInterrupting = false }
      return value | (hasFIFOs ? 0xC0 : 0)
    case 3: return lineControl
    case 4: return modemControl
    case 5:
      // THRE and TEMT: the transmitter is always empty.
      let value = 0x60 | lineErrors | (received.isEmpty ? 0 : 0x01)
      lineErrors = 0
      return value
    case 6:
      let value = modemLines | modemDeltas
      modemDeltas = 0
      return value
    default: return scratch
    }
  }

  /// Writes register 0-7, by the low bits of a port.
  package mutating func write(_ port: UInt16, _ value: UInt8, at cycle: UInt64 = 0) {
    switch port & 7 {
    case 0 where selectsDivisor: divisor = divisor & 0xFF00 | UInt16(value)
    case 0: send(value)
    case 1 where selectsDivisor: divisor = divisor & 0x00FF | UInt16(value) << 8
    case 1:
      if value & ~interruptEnable & InterruptEnable.transmitter != 0 { isTransmitterInterrupting = true }
      interruptEnable = value & 0x0F
    case 2:
      if (value ^ fifoControl) & 1 != 0 || value & 0x03 == 0x03 { received = [] }
      fifoControl = value & 1 != 0 ? value & 0xC9 : 0
      refill()
    case 3: lineControl = value
    case 4: setModemControl(value & 0x1F)
    case 7: scratch = value
    default: break
    }
  }

  private mutating func setModemControl(_ value: UInt8) {
    let before = modemLines
    modemControl = value
    let changed = before ^ modemLines
    // DCTS, DDSR and DDCD; TERI is RI's trailing edge only.
    modemDeltas |= changed >> 4 & 0x0B | (before & changed) >> 4 & 0x04
    refill()
  }

  /// Nothing happens by itself.
  package var nextEvent: UInt64? { nil }
  /// Nothing depends on time.
  package mutating func advance(to cycle: UInt64) {}

  /// Its registers.
  package var words: [UInt64] {
    [interruptEnable, fifoControl, lineControl, modemControl, scratch].map(UInt64.init) + [UInt64(divisor)]
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    for word in words { hasher.add(word) }
    hasher.add(UInt64(lineErrors) | UInt64(modemDeltas) << 8)
    hasher.add(isTransmitterInterrupting)
    for bytes in [received, Array(waiting)] {
      hasher.add(UInt64(bytes.count))
      bytes.withUnsafeBytes { hasher.add($0) }
    }
  }
}
