import CPU
import MMU

// Ports and memory of the drives and the screen.

extension Chipset {
  /// Reads a port of theirs; nil when it is none.
  func readFirmwareBoot(_ port: UInt16, size: Int) -> UInt32? {
    if IDEController.owns(port) {
      defer { refresh() }
      return devices.pc?.ide.read(port, size: size)
    }
    if VGA.ownsWord(port), size == 2 { return devices.pc.map { UInt32($0.vga.readWord(port)) } }
    guard VGA.owns(port) else { return nil }
    var value: UInt32 = 0
    for offset in 0..<UInt16(size) {
      value |= UInt32(devices.pc?.vga.read(port &+ offset) ?? 0xFF) << UInt32(8 * offset)
    }
    return value
  }

  /// Writes a port of theirs; false when it is none.
  func writeFirmwareBoot(_ port: UInt16, size: Int, _ value: UInt32) -> Bool {
    if IDEController.owns(port) {
      devices.pc?.ide.write(port, value, size: size, memory: memory)
      refresh()
      return true
    }
    if VGA.ownsWord(port), size == 2 {
      devices.pc?.vga.writeWord(port, UInt16(truncatingIfNeeded: value))
      videoChanged()
      return true
    }
    guard VGA.owns(port) else { return false }
    for offset in 0..<UInt16(size) {
      devices.pc?.vga.write(port &+ offset, UInt8(truncatingIfNeeded: value >> UInt32(8 * offset)))
    }
    videoChanged()
    return true
  }
}

// Ports that functions of the PCI bus have where software puts them.

extension Chipset {
  /// Reads a byte of theirs; all ones where there is none.
  func readFunction(_ port: UInt16, at now: UInt64) -> UInt8 {
    guard let offset = devices.functionPort(port) else { return 0xFF }
    switch offset {
    case .busMaster(let offset): return devices.pc?.ide.readMaster(offset) ?? 0xFF
    case .powerManagement(let offset):
      defer { eventsChanged() }
      return devices.pc?.power.read(offset, at: now) ?? 0xFF
    }
  }

  /// Writes a byte of theirs.
  func writeFunction(_ port: UInt16, _ value: UInt8, at now: UInt64) {
    guard let offset = devices.functionPort(port) else { return }
    switch offset {
    case .busMaster(let offset): devices.pc?.ide.writeMaster(offset, value, memory)
    case .powerManagement(let offset):
      if devices.pc?.power.write(offset, value, at: now) == true { ask(for: .powerOff) }
      eventsChanged()
    }
  }
}

extension Devices {
  /// A port of a function, from where its ports begin.
  enum FunctionPort {
    case busMaster(UInt16)
    case powerManagement(UInt16)
  }

  /// Whose port it is.
  func functionPort(_ port: UInt16) -> FunctionPort? {
    guard pc != nil else { return nil }
    if let ports = pci.busMasterPorts, ports.contains(port) { return .busMaster(port - ports.lowerBound) }
    if let ports = pci.powerManagementPorts, ports.contains(port) { return .powerManagement(port - ports.lowerBound) }
    return nil
  }
}

/// The HPET's registers.
final class HPETPage: MemoryMappedDevice {
  private unowned let chipset: Chipset

  init(_ chipset: Chipset) { self.chipset = chipset }

  func read(_ address: PhysicalAddress, bytes: Int) -> UInt64 { chipset.readHPET(address.value - HPET.base) }

  func write(_ address: PhysicalAddress, _ value: UInt64, bytes: Int) {
    chipset.writeHPET(address.value - HPET.base, value, bytes)
  }
}

/// The linear frame buffer: nothing until it is first written.
final class VideoMemory {
  var bytes: [UInt8] = []

  func read(_ offset: Int) -> UInt8 { bytes.indices.contains(offset) ? bytes[offset] : 0 }

  func write(_ offset: Int, _ value: UInt8) {
    if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: VGA.memorySize) }
    if bytes.indices.contains(offset) { bytes[offset] = value }
  }
}

/// Addresses between RAM and the I/O APIC: what the base address registers say.
final class PCIWindow: MemoryMappedDevice {
  private unowned let chipset: Chipset

  init(_ chipset: Chipset) { self.chipset = chipset }

  func read(_ address: PhysicalAddress, bytes count: Int) -> UInt64 {
    let (frame, rom) = (chipset.devices.pci.frameBuffer, chipset.devices.pci.videoROM)
    var value: UInt64 = 0
    for index in 0..<count {
      let place = address.value &+ UInt64(index)
      var byte: UInt8 = 0xFF
      if let frame, frame.contains(place) {
        byte = chipset.videoMemory.read(Int(place - frame.lowerBound))
      } else if let rom, rom.contains(place), let bytes = chipset.devices.pc?.videoROM {
        let offset = Int(place - rom.lowerBound)
        byte = bytes.indices.contains(offset) ? bytes[offset] : 0xFF
      }
      value |= UInt64(byte) << UInt64(8 * index)
    }
    return value
  }

  func write(_ address: PhysicalAddress, _ value: UInt64, bytes count: Int) {
    guard let frame = chipset.devices.pci.frameBuffer else { return }
    for index in 0..<count {
      let place = address.value &+ UInt64(index)
      guard frame.contains(place) else { continue }
      chipset.videoMemory.write(Int(place - frame.lowerBound), UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
    }
  }
}

extension Board {
  /// The text screen, line by line; nil when there is none, or when it shows graphics.
  public var screen: [String]? {
    guard let vga = chipset.devices.pc?.vga, !vga.isLinear else { return nil }
    return vga.text(memory)
  }

  /// Writes what the guest changed to disks that may be written; false when the host failed.
  public func saveDisks() -> Bool {
    (chipset.devices.pc?.ide.disks ?? []).reduce(true) { $1.save() && $0 }
  }
}
