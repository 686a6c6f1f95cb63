import MMU

/// 8042 keyboard controller at ports 60h and 64h, with a keyboard and no pointing device (IBM PS/2 Hardware
/// Interface Technical Reference, "Keyboard and Auxiliary Device Controller").
package struct KeyboardController: Sendable {
  /// A byte for the output buffer, and whose it is.
  private struct Output: Sendable {
    let value: UInt8
    let isAuxiliary: Bool
  }

  /// What the next byte at port 60h is for.
  private enum Expected: UInt8, Sendable {
    case keyboard, memory, outputPort, keyboardBuffer, auxiliaryBuffer, auxiliary, keyboardParameter
  }

  /// Bits of the command byte, byte 0 of its memory.
  private enum Command {
    static let keyboardInterrupt: UInt8 = 0x01
    static let auxiliaryInterrupt: UInt8 = 0x02
    static let system: UInt8 = 0x04
    static let keyboardDisabled: UInt8 = 0x10
    static let auxiliaryDisabled: UInt8 = 0x20
  }

  private var memory = [UInt8](repeating: 0, count: 32)
  private var memoryIndex = 0
  private var output: [Output] = []
  private var lastRead: UInt8 = 0
  /// Bit 0: not reset, bit 1: A20; both are set at power-up, or the reset vector could not be fetched.
  private var outputPort: UInt8 = 0x03
  private var expected = Expected.keyboard
  private var lastWasCommand = false
  private var isResetPending = false
  /// The keyboard sends what is typed.
  private var isScanning = true
  /// What it has not sent yet, in scan code set 2.
  private var typed: [UInt8] = []
  /// The cycle from which on it may send.
  private var readyAt: UInt64 = 0
  /// The break prefix was the last byte that was translated.
  private var isBreak = false
  /// Cycles that a byte takes on the keyboard's line: a millisecond.
  private let byteCycles: UInt64

  /// The state after power-up.
  ///
  /// - Parameter clock: cycles in a second.
  package init(clock: UInt64 = 100_000_000) { byteCycles = max(clock / 1000, 1) }

  /// Whether a port is one of its: 60h, 64h.
  package static func owns(_ port: UInt16) -> Bool { port == 0x60 || port == 0x64 }

  /// Its output port opens address line 20.
  package var isA20Enabled: Bool { outputPort & 2 != 0 }

  /// IRQ 1.
  package var line: Bool { output.first?.isAuxiliary == false && memory[0] & Command.keyboardInterrupt != 0 }
  /// IRQ 12.
  package var auxiliaryLine: Bool { output.first?.isAuxiliary == true && memory[0] & Command.auxiliaryInterrupt != 0 }

  /// Whether the reset line was pulsed, once.
  package mutating func takeReset() -> Bool {
    defer { isResetPending = false }
    return isResetPending
  }

  /// Reads a port: 60h output buffer, 64h status.
  package mutating func read(_ port: UInt16, at cycle: UInt64) -> UInt8 {
    guard port == 0x60 else { return status }
    if !output.isEmpty {
      lastRead = output.removeFirst().value
      readyAt = max(readyAt, cycle &+ byteCycles)
    }
    return lastRead
  }

  /// Output buffer full, system flag, last write was a command, keyboard not locked, auxiliary output buffer full. The input
  /// buffer is always empty.
  private var status: UInt8 {
    var value: UInt8 = 0x10 | memory[0] & Command.system
    if let first = output.first { value |= first.isAuxiliary ? 0x21 : 0x01 }
    return value | (lastWasCommand ? 0x08 : 0)
  }

  /// Writes a port: 60h data, 64h command.
  package mutating func write(_ port: UInt16, _ value: UInt8, at cycle: UInt64) {
    lastWasCommand = port == 0x64
    if lastWasCommand { command(value) } else { data(value) }
  }

  private mutating func answer(_ values: UInt8..., isAuxiliary: Bool = false) {
    // Its queue is short; what nobody reads is lost.
    for value in values where output.count < 16 { output.append(Output(value: value, isAuxiliary: isAuxiliary)) }
  }

  private mutating func command(_ value: UInt8) {
    expected = .keyboard
    switch value {
    case 0x20...0x3F: answer(memory[Int(value & 31)])
    case 0x60...0x7F:
      memoryIndex = Int(value & 31)
      expected = .memory
    case 0xA7: memory[0] |= Command.auxiliaryDisabled
    case 0xA8: memory[0] &= ~Command.auxiliaryDisabled
    case 0xA9: answer(0x00)
    case 0xAA:
      memory[0] |= Command.system
      answer(0x55)
    case 0xAB: answer(0x00)
    case 0xAD: memory[0] |= Command.keyboardDisabled
    case 0xAE: memory[0] &= ~Command.keyboardDisabled
    // Input port: the keyboard is not inhibited.
    case 0xC0: answer(0x80)
    case 0xD0: answer(outputPort)
    case 0xD1: expected = .outputPort
    case 0xD2: expected = .keyboardBuffer
    case 0xD3: expected = .auxiliaryBuffer
    case 0xD4: expected = .auxiliary
    case 0xE0: answer(0x00)
    // Pulses the bits of the output port that are 0; bit 0 resets the processor.
    case 0xF0...0xFF: if value & 1 == 0 { isResetPending = true }
    default: break
    }
  }

  private mutating func data(_ value: UInt8) {
    let purpose = expected
    expected = .keyboard
    switch purpose {
    case .memory: memory[memoryIndex] = value
    case .outputPort:
      outputPort = value
      if value & 1 == 0 { isResetPending = true }
    case .keyboardBuffer: answer(value)
    case .auxiliaryBuffer: answer(value, isAuxiliary: true)
    // Nothing is connected.
    case .auxiliary: break
    case .keyboardParameter: answer(0xFA)
    case .keyboard: keyboard(value)
    }
  }

  /// The keyboard's own commands; it answers with ACK, or RESEND when it does not know one.
  private mutating func keyboard(_ value: UInt8) {
    memory[0] &= ~Command.keyboardDisabled
    switch value {
    case 0xED, 0xF0, 0xF3:
      answer(0xFA)
      expected = .keyboardParameter
    case 0xEE: answer(0xEE)
    case 0xF2: answer(0xFA, 0xAB, memory[0] & 0x40 != 0 ? 0x41 : 0x83)
    case 0xF4, 0xF5, 0xF6:
      answer(0xFA)
      typed = []
      isScanning = value != 0xF5
    case 0xFF:
      answer(0xFA, 0xAA)
      typed = []
      isScanning = true
    default: answer(0xFE)
    }
  }

  // MARK: Typing

  /// A key goes down or up: its bytes in scan code set 2. They are lost when the keyboard is switched off, or when its 16
  /// bytes are full.
  package mutating func type(_ bytes: [UInt8], at cycle: UInt64) {
    guard isScanning, typed.count + bytes.count <= 16 else { return }
    if typed.isEmpty { readyAt = max(readyAt, cycle &+ byteCycles) }
    typed += bytes
  }

  /// The cycle at which the keyboard's next byte arrives: it sends when the output buffer is empty and its line is not held.
  package var nextEvent: UInt64? {
    guard !typed.isEmpty, output.isEmpty, memory[0] & Command.keyboardDisabled == 0 else { return nil }
    return readyAt
  }

  /// Takes a byte that arrives by a cycle, translated to scan code set 1 if software wants that.
  package mutating func advance(to cycle: UInt64) {
    guard let event = nextEvent, event <= cycle else { return }
    let byte = typed.removeFirst()
    readyAt = cycle &+ byteCycles
    guard memory[0] & 0x40 != 0 else { return answer(byte) }
    if byte == 0xF0 {
      isBreak = true
      // What follows is one byte with it.
      readyAt = cycle
      return advance(to: cycle)
    }
    answer((KeyTable.keys?.translation[byte] ?? byte) | (isBreak ? 0x80 : 0))
    isBreak = false
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    memory.withUnsafeBytes { hasher.add($0) }
    hasher.add(UInt64(memoryIndex) | UInt64(expected.rawValue) << 8 | UInt64(lastRead) << 16 | UInt64(outputPort) << 24)
    hasher.add(lastWasCommand)
    hasher.add(isResetPending)
    hasher.add(UInt64(output.count))
    for entry in output { hasher.add(UInt64(entry.value) | (entry.isAuxiliary ? 0x100 : 0)) }
    if !isScanning { hasher.add(1) }
    guard !typed.isEmpty else { return }
    typed.withUnsafeBytes { hasher.add($0) }
    hasher.add(readyAt)
    hasher.add(isBreak)
  }
}
