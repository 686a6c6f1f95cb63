/// A 16550A UART without interrupts: what is written goes out at once, nothing comes in.
///
/// Registers as in the PC16550D data sheet, "Summary of Registers"; by default it is not paced, so THRE and TEMT are
/// always set.
final class SerialPort {
  /// Takes what the guest transmits.
  var transmit: (UInt8) -> Void
  private var interruptEnable: UInt8 = 0
  private var fifoControl: UInt8 = 0
  private var lineControl: UInt8 = 0
  private var modemControl: UInt8 = 0
  private var scratch: UInt8 = 0
  private var divisor: UInt16 = 12

  init(transmit: @escaping (UInt8) -> Void) { self.transmit = transmit }

  private var selectsDivisor: Bool { lineControl & 0x80 != 0 }

  /// Reads register 0-7.
  func read(_ register: UInt16) -> UInt8 {
    switch register {
    case 0: selectsDivisor ? UInt8(truncatingIfNeeded: divisor) : 0
    case 1: selectsDivisor ? UInt8(truncatingIfNeeded: divisor >> 8) : interruptEnable
    case 2: fifoControl & 1 != 0 ? 0xC1 : 0x01
    case 3: lineControl
    case 4: modemControl
    case 5: 0x60
    case 6: 0xB0
    default: scratch
    }
  }

  /// Writes register 0-7.
  func write(_ register: UInt16, _ value: UInt8) {
    switch register {
    case 0 where selectsDivisor: divisor = divisor & 0xFF00 | UInt16(value)
    case 0: transmit(value)
    case 1 where selectsDivisor: divisor = divisor & 0x00FF | UInt16(value) << 8
    case 1: interruptEnable = value & 0x0F
    case 2: fifoControl = value
    case 3: lineControl = value
    case 4: modemControl = value & 0x1F
    case 7: scratch = value
    default: break
    }
  }

  /// What a hash covers.
  var words: [UInt64] {
    [interruptEnable, fifoControl, lineControl, modemControl, scratch].map(UInt64.init) + [UInt64(divisor)]
  }
}
