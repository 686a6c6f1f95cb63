import MMU
import Machine
import Testing

/// Ports 92h and CF9h (PIIX3 data sheet).
@Suite struct SystemControlTests {
  @Test func resetsFollowRisingBits() {
    var control = SystemControl()
    #expect(control.takeReset() == nil)
    control.write(0x92, 2, at: 0)
    #expect(control.isA20Enabled)
    #expect(control.takeReset() == nil)
    control.write(0x92, 3, at: 0)
    #expect(control.takeReset() == .processor)
    #expect(control.takeReset() == nil)
    control.write(0x92, 3, at: 0)
    #expect(control.takeReset() == nil)
    control.write(0xCF9, 2, at: 0)
    #expect(control.takeReset() == nil)
    control.write(0xCF9, 6, at: 0)
    #expect(control.takeReset() == .system)
    control.write(0xCF9, 0, at: 0)
    control.write(0xCF9, 4, at: 0)
    #expect(control.takeReset() == .processor)
  }
}

@Suite struct KeyboardControllerTests {
  private func bytes(_ controller: inout KeyboardController) -> [UInt8] {
    var bytes: [UInt8] = []
    while controller.read(0x64, at: 0) & 1 != 0 { bytes.append(controller.read(0x60, at: 0)) }
    return bytes
  }

  @Test func selfTestAndReset() {
    var controller = KeyboardController()
    #expect(controller.read(0x64, at: 0) & 0x04 == 0)
    controller.write(0x64, 0xAA, at: 0)
    #expect(controller.read(0x64, at: 0) & 0x0D == 0x0D)
    #expect(bytes(&controller) == [0x55])
    #expect(controller.takeReset() == false)
    controller.write(0x64, 0xFE, at: 0)
    #expect(controller.takeReset() == true)
    #expect(controller.takeReset() == false)
  }

  @Test func outputPortOpensA20() {
    var controller = KeyboardController()
    #expect(controller.isA20Enabled)
    controller.write(0x64, 0xD1, at: 0)
    controller.write(0x60, 0xDF, at: 0)
    #expect(controller.isA20Enabled)
    controller.write(0x64, 0xD0, at: 0)
    #expect(bytes(&controller) == [0xDF])
    controller.write(0x64, 0xD1, at: 0)
    controller.write(0x60, 0xDD, at: 0)
    #expect(!controller.isA20Enabled)
    #expect(controller.takeReset() == false)
  }

  @Test func commandByteDecidesAboutInterrupts() {
    var controller = KeyboardController()
    controller.write(0x64, 0x60, at: 0)
    controller.write(0x60, 0x03, at: 0)
    controller.write(0x64, 0x20, at: 0)
    #expect(bytes(&controller) == [0x03])
    controller.write(0x60, 0xEE, at: 0)
    #expect(controller.line && !controller.auxiliaryLine)
    #expect(bytes(&controller) == [0xEE])
    #expect(!controller.line)
    controller.write(0x64, 0xD3, at: 0)
    controller.write(0x60, 0x11, at: 0)
    #expect(!controller.line && controller.auxiliaryLine)
    #expect(controller.read(0x64, at: 0) & 0x21 == 0x21)
  }

  @Test func keyboardAnswers() {
    var controller = KeyboardController()
    for (sent, expected) in [
      ([0xFF], [0xFA, 0xAA]), ([0xF2], [0xFA, 0xAB, 0x83]), ([0xED, 0x07], [0xFA, 0xFA]), ([0xF4], [0xFA]),
      ([0x01], [0xFE]),
    ] as [([UInt8], [UInt8])] {
      for byte in sent { controller.write(0x60, byte, at: 0) }
      #expect(bytes(&controller) == expected)
    }
  }

  /// A key travels byte by byte, in scan code set 1 or 2, each a millisecond after the one before was read.
  @Test func keysAreSent() throws {
    for (isTranslated, expected) in [(false, [0xE0, 0x75, 0xE0, 0xF0, 0x75]), (true, [0xE0, 0x48, 0xE0, 0xC8])] {
      var controller = KeyboardController(clock: 1_000_000)
      controller.write(0x64, 0x60, at: 0)
      controller.write(0x60, isTranslated ? 0x41 : 0x01, at: 0)
      #expect(controller.nextEvent == nil)
      controller.type([0xE0, 0x75, 0xE0, 0xF0, 0x75], at: 5000)
      var got: [UInt8] = []
      var cycle: UInt64 = 5000
      while let event = controller.nextEvent {
        #expect(event == cycle + 1000)
        controller.advance(to: event - 1)
        #expect(!controller.line)
        controller.advance(to: event)
        #expect(controller.line)
        cycle = event + 10
        got.append(controller.read(0x60, at: cycle))
        #expect(!controller.line)
      }
      #expect(got == expected.map { UInt8($0) })
    }
  }

  @Test func keysWaitOrAreLost() {
    var controller = KeyboardController(clock: 1_000_000)
    controller.write(0x64, 0xAD, at: 0)
    controller.type([0x1C], at: 0)
    #expect(controller.nextEvent == nil)
    controller.write(0x64, 0xAE, at: 0)
    #expect(controller.nextEvent == 1000)
    controller.write(0x60, 0xF5, at: 0)
    #expect(bytes(&controller) == [0xFA])
    controller.type([0x1C], at: 0)
    #expect(controller.nextEvent == nil)
  }

  @Test func nobodyReadsForEver() {
    var controller = KeyboardController()
    for _ in 0..<1000 { controller.write(0x60, 0xEE, at: 0) }
    #expect(bytes(&controller).count == 16)
  }
}

@Suite struct DebugPortTests {
  @Test func consoles() {
    var console = DebugConsole()
    #expect(console.read(0x402, at: 0) == 0xE9)
    #expect(console.write(0xE9, 0x41, at: 0) == 0x41)
    #expect(console.write(0x80, 0x33, at: 0) == nil)
    #expect(console.read(0x80, at: 0) == 0x33)
  }

  @Test func onlyTheWholeWordSwitchesOff() {
    func end(_ text: String) -> [Int] {
      var port = ShutdownPort()
      return text.utf8.enumerated().filter { port.write($0.element) }.map(\.offset)
    }
    #expect(end("Shutdown") == [7])
    #expect(end("Shutdow") == [])
    #expect(end("ShutShutdown!Shutdown") == [11, 20])
    #expect(end("shutdown") == [])
  }
}

/// QEMU's pc-testdev, as kvm-unit-tests uses it.
@Suite struct TestDeviceTests {
  @Test func portsEchoAndRaiseLines() {
    var device = TestDevice()
    for offset: UInt16 in 0..<4 { #expect(device.write(0xE0 + offset, UInt8(0x11 * (offset + 1)), at: 0) == nil) }
    #expect((0..<4).map { device.read(0xE8 + $0, at: 0) } == [0x11, 0x22, 0x33, 0x44])
    #expect(device.write(0xE4, 0xFF, at: 0) == nil)
    #expect(device.read(0xE0, at: 0) == 0x11)
    for line in 0..<24 {
      #expect(device.write(0x2000 + UInt16(line), 1, at: 0) == line)
      #expect(device.lines == 1 << UInt32(line))
      #expect(device.write(0x2000 + UInt16(line), 0, at: 0) == line)
      #expect(device.lines == 0)
    }
  }
}
