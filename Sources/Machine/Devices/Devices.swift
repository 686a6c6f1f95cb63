import MMU

/// Every device of the board; a value.
struct Devices {
  var pic = PICPair()
  var ioapic = IOAPIC()
  var pit: PIT
  var cmos: CMOS
  var keyboard: KeyboardController
  var control = SystemControl()
  var com1 = SerialPort { _ in }
  var com2 = SerialPort { _ in }
  var console = DebugConsole()
  var shutdown = ShutdownPort()
  var test = TestDevice()
  var pci = PCIConfiguration()
  var firmware: FirmwareConfiguration
  /// What a machine that firmware boots has beside them.
  var pc: PCDevices?

  private let timebase: Timebase

  /// The state after power-up.
  init(clock: UInt64, memory: PhysicalMemory, processors: Int, boot: FirmwareBoot? = nil) {
    timebase = Timebase(clock: clock)
    let map = MemoryMap(size: memory.size)
    pit = PIT(timebase: timebase)
    keyboard = KeyboardController(clock: timebase.clock)
    cmos = CMOS(timebase: timebase, memory: map, processors: processors)
    let files = boot?.files(map, processors: processors) ?? [:]
    firmware = FirmwareConfiguration(processors: processors, memory: map, files: files)
    guard let boot else { return }
    pc = PCDevices(boot, timebase: timebase)
    pci.addFirmwareBoot()
    cmos[0x3D] = boot.orderCode
  }

  /// RESET: the real-time clock and its memory go on, and so do the serial lines.
  mutating func reset() {
    pic = PICPair()
    ioapic = IOAPIC()
    pit = PIT(timebase: timebase)
    cmos.reset()
    keyboard = KeyboardController(clock: timebase.clock)
    control = SystemControl()
    com1 = SerialPort(transmit: com1.transmit)
    com2 = SerialPort(transmit: com2.transmit)
    test = TestDevice()
    pci = PCIConfiguration()
    guard pc != nil else { return }
    pc?.reset()
    pci.addFirmwareBoot()
  }

  /// Cycle of the next thing that happens by itself.
  var nextEvent: UInt64? {
    Self.earliest(
      Self.earliest(pit.nextEvent, cmos.nextEvent), Self.earliest(keyboard.nextEvent, pc?.nextEvent))
  }

  /// The earlier of two cycles; nil is never.
  static func earliest(_ one: UInt64?, _ other: UInt64?) -> UInt64? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }

  /// Outputs become those of a cycle.
  mutating func advance(to cycle: UInt64) {
    pit.advance(to: cycle)
    cmos.advance(to: cycle)
    keyboard.advance(to: cycle)
    pc?.advance(to: cycle)
  }

  /// Levels of interrupt lines 0-23: 0-15 are the ISA bus's. Nothing changes; but to read them all where they are costs much
  /// less than a copy to read.
  var lines: UInt32 {
    mutating get {
      let isa: UInt32 =
        (pit.line ? 1 : 0) | (keyboard.line ? 1 << 1 : 0) | (com2.line ? 1 << 3 : 0) | (com1.line ? 1 << 4 : 0)
        | (cmos.line ? 1 << 8 : 0) | (keyboard.auxiliaryLine ? 1 << 12 : 0)
      guard let others = pc?.lines else { return isa | test.lines }
      // The HPET may stand for the timer and the clock.
      let kept = pc?.hpet.replacesTimers == true ? isa & ~0x101 : isa
      return kept | test.lines | others
    }
  }

  /// Adds all that a guest can see.
  func hash(into hasher: inout StateHasher) {
    pic.hash(into: &hasher)
    ioapic.hash(into: &hasher)
    pit.hash(into: &hasher)
    cmos.hash(into: &hasher)
    keyboard.hash(into: &hasher)
    control.hash(into: &hasher)
    com1.hash(into: &hasher)
    com2.hash(into: &hasher)
    console.hash(into: &hasher)
    shutdown.hash(into: &hasher)
    test.hash(into: &hasher)
    pci.hash(into: &hasher)
    firmware.hash(into: &hasher)
    pc?.hash(into: &hasher)
  }
}
