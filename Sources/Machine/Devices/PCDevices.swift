import MMU

/// What a machine that firmware boots has beside the board's own devices: drives and a screen.
public struct FirmwareBoot: Sendable {
  /// Disks, up to four, in the order of their numbers.
  public var disks: [DiskFile] = []
  /// A CD-ROM, behind the disks.
  public var cdrom: DiskFile?
  /// A kind of drive that firmware boots from.
  public enum Medium: String, Sendable {
    /// Disks, in the order of their numbers.
    case disk
    /// The CD-ROM.
    case cdrom

    /// What CMOS bytes 38h and 3Dh call it.
    var code: UInt8 { self == .disk ? 2 : 3 }
  }

  /// The order in which firmware tries drives.
  public var order: [Medium] = [.disk, .cdrom]
  /// The VGA's own firmware.
  public var videoROM: [UInt8] = []

  /// Nothing in it.
  public init() {}

  /// A CD-ROM has a place of its own when there is one: the second channel's master.
  var drives: [IDEDrive?] {
    var drives: [IDEDrive?] = [nil, nil, nil, nil]
    for (place, disk) in disks.prefix(4).enumerated() { drives[place] = IDEDrive(Disk(disk), isCDROM: false) }
    if let cdrom, let place = [2, 3, 1].first(where: { drives[$0] == nil }) {
      drives[place] = IDEDrive(Disk(cdrom), isCDROM: true)
    }
    return drives
  }

  /// "bootorder": a device path a line (QEMU, `docs/specs/fw_cfg.rst`).
  private var bootOrder: [UInt8] {
    let places = drives.enumerated().filter { $0.element != nil }
    let paths = order.flatMap { medium in
      places.filter { ($0.element?.isCDROM == true) == (medium == .cdrom) }.map { place, _ in
        "/pci@i0cf8/ide@1,1/drive@\(place >> 1)/disk@\(place & 1)\n"
      }
    }
    return Array(paths.joined().utf8) + [0]
  }

  /// Byte 3Dh of CMOS: the first medium in its low half, the second in its high half.
  var orderCode: UInt8 { order.prefix(2).enumerated().reduce(0) { $0 | $1.element.code << UInt8(4 * $1.offset) } }

  /// Files for firmware: RAM, the order of drives, and VMX switched on and locked.
  func files(_ memory: MemoryMap, processors: Int) -> [String: [UInt8]] {
    let own = [
      "etc/e820": FirmwareConfiguration.e820(memory), "etc/msr_feature_control": [5, 0, 0, 0, 0, 0, 0, 0],
      "bootorder": bootOrder,
    ]
    let tables = ACPITableFiles(processors: processors).files
    let system = SMBIOSTables(memory: memory, processors: processors).files
    return own.merging(tables) { first, _ in first }.merging(system) { first, _ in first }
  }

  /// A quantum for firmware, whose processors wait for one another in loops of a few cycles: a prime, and turns vary
  /// (`Board.varied`), so that a lock is not found held at every turn's end.
  public static let quantum: UInt64 = 1999
}

/// The devices themselves; a value.
struct PCDevices: Sendable {
  var ide: IDEController
  var vga = VGA()
  var power: PowerManagement
  var hpet: HPET
  let videoROM: [UInt8]

  init(_ boot: FirmwareBoot, timebase: Timebase) {
    power = PowerManagement(timebase: timebase)
    hpet = HPET(timebase: timebase)
    ide = IDEController(boot.drives)
    videoROM = boot.videoROM
  }

  /// RESET: disks keep what was written.
  mutating func reset() {
    ide.reset()
    vga = VGA()
    power.reset()
    hpet.reset()
  }

  /// Cycle of the next thing that happens by itself.
  var nextEvent: UInt64? { Devices.earliest(power.nextEvent, hpet.nextEvent) }

  /// Outputs become those of a cycle.
  mutating func advance(to cycle: UInt64) {
    power.advance(to: cycle)
    hpet.advance(to: cycle)
  }

  /// Levels of their interrupt lines; SCI is IRQ 9.
  var lines: UInt32 {
    mutating get { ide.lines | hpet.lines | (power.line ? 1 << 9 : 0) }
  }

  /// Adds all that a guest can see.
  func hash(into hasher: inout StateHasher) {
    ide.hash(into: &hasher)
    vga.hash(into: &hasher)
    power.hash(into: &hasher)
    hpet.hash(into: &hasher)
    videoROM.withUnsafeBytes { hasher.add($0) }
  }
}

extension PCIConfiguration {
  private static let ide = 1 << 3 | 1
  private static let vga = 2 << 3

  /// Puts the functions of a machine that firmware boots on the bus.
  mutating func addFirmwareBoot() {
    // QEMU's subsystem, by which firmware knows the board.
    self[device: 0, function: 0]?.setSubsystem(vendor: 0x1AF4, device: 0x1100)
    self[device: 1, function: 1] = .ide
    self[device: 1, function: 3] = .powerManagement
    self[device: 2, function: 0] = .vga
  }

  private func word(_ function: Int, _ register: Int) -> UInt32 {
    guard let registers = self[device: 1, function: function]?.registers else { return 0 }
    return (0..<4).reduce(0) { $0 | UInt32(registers[register + $1]) << UInt32(8 * $1) }
  }

  /// BMIBA, when I/O is switched on.
  var busMasterPorts: ClosedRange<UInt16>? {
    let base = UInt16(truncatingIfNeeded: word(1, 0x20)) & 0xFFF0
    return word(1, 0x04) & 1 != 0 && base != 0 ? base...(base | 15) : nil
  }

  /// PMBASE, when PMREGMISC switches it on.
  var powerManagementPorts: ClosedRange<UInt16>? {
    let base = UInt16(truncatingIfNeeded: word(3, 0x40)) & 0xFFC0
    return word(3, 0x80) & 1 != 0 && base != 0 ? base...(base | 63) : nil
  }

  /// Where a base address register of the VGA points to, when it is switched on.
  private func window(_ register: Int, size: UInt64) -> Range<UInt64>? {
    guard let registers = self[device: 2, function: 0]?.registers, registers[4] & 2 != 0 else { return nil }
    let word = (0..<4).reduce(UInt64(0)) { $0 | UInt64(registers[register + $1]) << UInt64(8 * $1) }
    guard register != 0x30 || word & 1 != 0 else { return nil }
    let start = word & ~(size - 1) & 0xFFFF_FFFF
    return start == 0 ? nil : start..<start + size
  }

  /// The linear frame buffer, the VGA's registers and its firmware.
  var frameBuffer: Range<UInt64>? { window(0x10, size: UInt64(VGA.memorySize)) }
  var videoROM: Range<UInt64>? { window(0x30, size: 0x1_0000) }
}

extension PCIFunction {
  mutating func setSubsystem(vendor: UInt16, device: UInt16) {
    registers[0x2C] = UInt8(truncatingIfNeeded: vendor)
    registers[0x2D] = UInt8(truncatingIfNeeded: vendor >> 8)
    registers[0x2E] = UInt8(truncatingIfNeeded: device)
    registers[0x2F] = UInt8(truncatingIfNeeded: device >> 8)
  }

  /// 82371SB IDE interface, function 1 of PIIX3.
  static var ide: PCIFunction {
    var function = PCIFunction(vendor: 0x8086, device: 0x7010, classCode: 0x01_0180, revision: 0, headerType: 0)
    function.define([
      (0x04...0x04, 0x00, 0x05, 0), (0x07...0x07, 0x02, 0x00, 0x38), (0x0D...0x0D, 0x00, 0xF0, 0),
      (0x20...0x20, 0x01, 0xF0, 0), (0x21...0x21, 0x00, 0xFF, 0),
      // Reserved in the 82371SB; firmware takes the size from all 32 bits, and finds QEMU's.
      (0x22...0x23, 0x00, 0xFF, 0),
      (0x40...0x43, 0x00, 0xFF, 0), (0x44...0x44, 0x00, 0xFF, 0),
    ])
    return function
  }

  /// 82371AB power management, function 3 of PIIX4, as QEMU's board has it. APMC_EN says that firmware has seen to SMM, which
  /// there is none of.
  static var powerManagement: PCIFunction {
    var function = PCIFunction(vendor: 0x8086, device: 0x7113, classCode: 0x06_8000, revision: 3, headerType: 0)
    function.define([
      (0x04...0x04, 0x00, 0x01, 0), (0x07...0x07, 0x02, 0x00, 0), (0x3C...0x3C, 0x00, 0xFF, 0),
      (0x3D...0x3D, 0x01, 0x00, 0),
      // PMBASE, DEVACTB, PMREGMISC, SMBHSTBASE, SMBHSTCFG.
      (0x40...0x40, 0x01, 0xC0, 0), (0x41...0x41, 0x00, 0xFF, 0), (0x58...0x5A, 0x00, 0xFF, 0),
      (0x5B...0x5B, 0x02, 0x00, 0), (0x80...0x80, 0x00, 0x01, 0), (0x90...0x90, 0x01, 0xF0, 0),
      (0x91...0x91, 0x00, 0xFF, 0), (0xD2...0xD2, 0x00, 0xFF, 0),
    ])
    return function
  }

  /// QEMU's and Bochs' standard VGA: frame buffer, registers, firmware.
  static var vga: PCIFunction {
    var function = PCIFunction(vendor: 0x1234, device: 0x1111, classCode: 0x03_0000, revision: 2, headerType: 0)
    function.define([
      // I/O and memory are always on, as on Bochs: its firmware of 2021 reads the ROM without asking for them.
      (0x04...0x04, 0x03, 0x00, 0),
      (0x10...0x10, 0x08, 0x00, 0), (0x13...0x13, 0x00, 0xFF, 0),
      (0x19...0x19, 0x00, 0xF0, 0), (0x1A...0x1B, 0x00, 0xFF, 0),
      (0x30...0x30, 0x00, 0x01, 0), (0x32...0x33, 0x00, 0xFF, 0),
    ])
    return function
  }
}
