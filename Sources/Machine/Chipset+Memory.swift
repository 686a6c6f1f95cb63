import CPU
import MMU

// Devices in physical address space.

extension Chipset {
  /// Puts the I/O APIC and the test device's memory where they lie.
  func attachMemory() {
    memory.attach(IOAPICPage(self), at: IOAPIC.base..<IOAPIC.base + 0x1000)
    let size = TestDevice.memorySize
    if devices.pc != nil {
      memory.attach(PCIWindow(self), at: 0xC000_0000..<0xFEC0_0000)
      memory.attach(HPETPage(self), at: HPET.base..<HPET.base + HPET.size)
    }
    memory.attach(testMemory, at: TestDevice.memoryBase..<TestDevice.memoryBase + size)
  }

  /// The cycle of the access under way.
  fileprivate var accessTime: UInt64 { time(of: running?.accessCycle ?? now) }

  fileprivate func readIOAPIC(_ offset: UInt64) -> UInt32 { devices.ioapic.read(offset: offset) }

  func readHPET(_ offset: UInt64) -> UInt64 {
    let now = accessTime
    settle(now)
    return devices.pc?.hpet.read(offset, at: now) ?? .max
  }

  func writeHPET(_ offset: UInt64, _ value: UInt64, _ bytes: Int) {
    let now = accessTime
    settle(now)
    devices.pc?.hpet.write(offset, value, bytes: bytes, at: now)
    eventsChanged()
    refresh()
  }

  fileprivate func writeIOAPIC(_ offset: UInt64, _ value: UInt32) {
    _ = accessTime
    for message in devices.ioapic.write(offset: offset, value: value) { deliver(message) }
    refresh()
  }
}

/// The I/O APIC's registers: 32 bits at the start of 16 bytes.
private final class IOAPICPage: MemoryMappedDevice {
  private unowned let chipset: Chipset

  init(_ chipset: Chipset) { self.chipset = chipset }

  func read(_ address: PhysicalAddress, bytes: Int) -> UInt64 {
    UInt64(chipset.readIOAPIC(address.value & 0xFFC)) >> (address.value & 3 * 8)
  }

  func write(_ address: PhysicalAddress, _ value: UInt64, bytes: Int) {
    chipset.writeIOAPIC(address.value & 0xFFF, UInt32(truncatingIfNeeded: value))
  }
}

/// A device's own memory.
final class DeviceMemory: MemoryMappedDevice {
  var bytes: [UInt8]

  init(size: Int) { bytes = [UInt8](repeating: 0, count: size) }

  func clear() { bytes = [UInt8](repeating: 0, count: bytes.count) }

  func read(_ address: PhysicalAddress, bytes count: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[place(address, index)]) << UInt64(8 * index) }
    return value
  }

  func write(_ address: PhysicalAddress, _ value: UInt64, bytes count: Int) {
    for index in 0..<count { bytes[place(address, index)] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }

  private func place(_ address: PhysicalAddress, _ index: Int) -> Int {
    (Int(truncatingIfNeeded: address.value) &+ index) & (bytes.count - 1)
  }
}
