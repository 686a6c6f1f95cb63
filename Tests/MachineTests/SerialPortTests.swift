import Machine
import Testing

/// PC16550D data sheet.
@Suite struct SerialPortTests {
  private final class Output { var bytes: [UInt8] = [] }

  private func port() -> (SerialPort, Output) {
    let output = Output()
    return (SerialPort { output.bytes.append($0) }, output)
  }

  @Test func transmitsAtOnce() {
    var (port, output) = port()
    for byte in "text".utf8 {
      #expect(port.read(5) & 0x60 == 0x60)
      port.write(0, byte)
    }
    #expect(output.bytes == Array("text".utf8))
    #expect(!port.line)
  }

  @Test func registersKeepWhatTheyCan() {
    var (port, output) = port()
    for (register, kept) in [(1, 0x0F), (3, 0xFF), (4, 0x1F), (7, 0xFF)] as [(UInt16, UInt8)] {
      for value: UInt8 in [0xFF, 0x55, 0x00] {
        port.write(register, value)
        #expect(port.read(register) == value & kept)
      }
    }
    port.write(3, 0x80)
    port.write(0, 0x34)
    port.write(1, 0x12)
    #expect([port.read(0), port.read(1)] == [0x34, 0x12])
    port.write(3, 0x03)
    #expect([port.read(0), port.read(1)] == [0, 0])
    #expect(output.bytes.isEmpty)
    _ = port.read(6)
    #expect(port.read(6) == 0xB0)
  }

  @Test func transmitterInterrupt() {
    var (port, _) = port()
    port.write(4, 0x08)
    #expect(port.read(2) == 0x01)
    port.write(1, 0x02)
    #expect(port.line)
    #expect(port.read(2) == 0x02)
    #expect(!port.line)
    #expect(port.read(2) == 0x01)
    port.write(0, 0x41)
    #expect(port.line)
    // OUT2 is the gate to the interrupt controller.
    port.write(4, 0x00)
    #expect(!port.line)
    #expect(port.read(2) == 0x02)
  }

  @Test func receiverWithoutFIFOs() {
    var (port, _) = port()
    port.write(4, 0x08)
    port.write(1, 0x01)
    port.receive([1, 2, 3])
    for byte: UInt8 in 1...3 {
      #expect(port.line)
      #expect(port.read(2) == 0x04)
      #expect(port.read(5) == 0x61)
      #expect(port.read(0) == byte)
    }
    #expect(!port.line)
    #expect(port.read(5) == 0x60)
  }

  @Test(arguments: [(0x01, 1), (0x41, 4), (0x81, 8), (0xC1, 14)] as [(UInt8, Int)])
  func receiverWithFIFOs(control: UInt8, trigger: Int) {
    var (port, _) = port()
    port.write(2, control)
    port.write(1, 0x01)
    port.receive(Array(1...20))
    var identifications: [UInt8] = []
    for byte: UInt8 in 1...20 {
      identifications.append(port.read(2))
      #expect(port.read(0) == byte)
    }
    // The FIFO is full until the last four bytes have moved up; below the trigger the character timeout has passed.
    let expected = (0..<20).map { UInt8(min(16, 20 - $0) >= trigger ? 0xC4 : 0xCC) }
    #expect(identifications == expected)
    #expect(port.read(2) == 0xC1)
  }

  @Test func resettingTheFIFO() {
    var (port, _) = port()
    port.write(2, 0x01)
    port.receive([1, 2])
    port.write(2, 0x03)
    #expect(port.read(5) & 1 == 0)
    #expect(port.read(2) == 0xC1)
    port.write(2, 0x00)
    #expect(port.read(2) == 0x01)
  }

  @Test func loopback() {
    var (port, output) = port()
    port.write(4, 0x10)
    _ = port.read(6)
    port.write(0, 0x5A)
    #expect(output.bytes.isEmpty)
    #expect(port.read(5) == 0x61)
    #expect(port.read(0) == 0x5A)
    // DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD.
    for (control, status) in [(0x11, 0x22), (0x12, 0x13), (0x14, 0x42), (0x18, 0x8C)] as [(UInt8, UInt8)] {
      port.write(4, control)
      #expect(port.read(6) & 0xF0 == status & 0xF0)
      #expect(port.read(6) & 0x0F == 0)
      port.write(4, 0x10)
      let deltas = port.read(6)
      #expect(deltas & 0x0F == (control == 0x14 ? 0x04 : control == 0x11 ? 0x02 : control == 0x12 ? 0x01 : 0x08))
    }
  }

  @Test func overrun() {
    var (port, _) = port()
    port.write(1, 0x05)
    port.write(4, 0x10)
    port.write(0, 1)
    port.write(0, 2)
    #expect(port.read(2) == 0x06)
    #expect(port.read(5) == 0x63)
    #expect(port.read(5) == 0x61)
    #expect(port.read(0) == 2)
    port.write(2, 0x01)
    for byte: UInt8 in 0..<17 { port.write(0, byte) }
    #expect(port.read(5) == 0x63)
    #expect((0..<16).map { _ in port.read(0) } == Array(0..<16))
    #expect(port.read(5) == 0x60)
  }

  @Test func prioritiesOfInterrupts() {
    var (port, _) = port()
    port.write(1, 0x0F)
    port.write(4, 0x10)
    port.write(0, 1)
    port.write(0, 2)
    #expect(port.read(2) == 0x06)
    _ = port.read(5)
    #expect(port.read(2) == 0x04)
    _ = port.read(0)
    #expect(port.read(2) == 0x02)
    #expect(port.read(2) == 0x00)
    _ = port.read(6)
    #expect(port.read(2) == 0x01)
  }
}
