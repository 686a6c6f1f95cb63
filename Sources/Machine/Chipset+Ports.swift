import CPU
import MMU

// The port space. A wider access to byte registers is that many byte accesses at consecutive ports.

extension Chipset: PortSpace {
  func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 {
    let now = time(of: cycle)
    settle(now)
    if PCIConfiguration.owns(port, size: size) { return devices.pci.read(port, size: size, at: now) }
    if FirmwareConfiguration.owns(port) { return devices.firmware.read(port, size: size, at: now) }
    if devices.pc != nil, let value = readFirmwareBoot(port, size: size) { return value }
    var value: UInt32 = 0
    for offset in 0..<UInt16(size) {
      value |= UInt32(read(port &+ offset, at: now)) << UInt32(8 * offset)
    }
    refresh()
    return value
  }

  func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {
    let now = time(of: cycle)
    settle(now)
    if port == 0xF4 { return ask(for: .exit(value & (size == 4 ? .max : (1 << UInt32(8 * size)) - 1))) }
    if PCIConfiguration.owns(port, size: size) {
      devices.pci.write(port, size: size, value, at: now)
      return memory.setAttributes(devices.pci.attributes)
    }
    if FirmwareConfiguration.owns(port) {
      return devices.firmware.write(port, size: size, value, memory: memory, at: now)
    }
    if devices.pc != nil, writeFirmwareBoot(port, size: size, value) { return }
    for offset in 0..<UInt16(size) {
      let byte = UInt8(truncatingIfNeeded: value >> UInt32(8 * offset))
      taps[port &+ offset]?(byte)
      write(port &+ offset, byte, at: now)
    }
    refresh()
  }

  private func read(_ port: UInt16, at now: UInt64) -> UInt8 {
    switch port {
    case 0x3F8...0x3FF: devices.com1.read(port, at: now)
    case 0x2F8...0x2FF: devices.com2.read(port, at: now)
    case _ where PICPair.owns(port): devices.pic.read(port, at: now)
    case _ where PIT.owns(port): devices.pit.read(port, at: now)
    case _ where CMOS.owns(port): readClock(port, at: now)
    case _ where KeyboardController.owns(port): readKeyboard(port, at: now)
    case _ where SystemControl.owns(port): devices.control.read(port, at: now)
    case _ where DebugConsole.owns(port): devices.console.read(port, at: now)
    case _ where TestDevice.owns(port): devices.test.read(port, at: now)
    default: readFunction(port, at: now)
    }
  }

  /// Reading register C lets its line fall.
  private func readClock(_ port: UInt16, at now: UInt64) -> UInt8 {
    defer { eventsChanged() }
    return devices.cmos.read(port, at: now)
  }

  /// Reading its output buffer lets the keyboard send.
  private func readKeyboard(_ port: UInt16, at now: UInt64) -> UInt8 {
    defer { eventsChanged() }
    return devices.keyboard.read(port, at: now)
  }

  /// What is transmitted may be what somebody waits for before typing.
  private func writeSerial(_ port: UInt16, _ value: UInt8, at now: UInt64) {
    let count = typist.waitingCount
    devices.com1.write(port, value, at: now)
    if typist.waitingCount != count { eventsChanged() }
  }

  private func write(_ port: UInt16, _ value: UInt8, at now: UInt64) {
    switch port {
    case 0x3F8...0x3FF: writeSerial(port, value, at: now)
    case 0x2F8...0x2FF: devices.com2.write(port, value, at: now)
    case 0x8900: if devices.shutdown.write(value) { ask(for: .powerOff) }
    case _ where PICPair.owns(port): devices.pic.write(port, value, at: now)
    case _ where PIT.owns(port):
      devices.pit.write(port, value, at: now)
      eventsChanged()
    case _ where CMOS.owns(port):
      devices.cmos.write(port, value, at: now)
      eventsChanged()
    case _ where KeyboardController.owns(port):
      devices.keyboard.write(port, value, at: now)
      eventsChanged()
      if devices.keyboard.takeReset() { ask(for: .reset) }
      gateA20()
    case _ where SystemControl.owns(port):
      devices.control.write(port, value, at: now)
      if devices.control.takeReset() != nil { ask(for: .reset) }
      gateA20()
    case _ where DebugConsole.owns(port): _ = devices.console.write(port, value, at: now)
    case _ where TestDevice.owns(port): _ = devices.test.write(port, value, at: now)
    default: writeFunction(port, value, at: now)
    }
  }

  /// Address line 20 is open when port 92h or the keyboard controller's output port opens it.
  private func gateA20() {
    let isMasked = !devices.control.isA20Enabled && !devices.keyboard.isA20Enabled
    for processor in processors { processor.setA20Mask(isMasked) }
  }
}
