import CPU
import Foundation
import MMU
import Machine
import Testing

/// Devices of a machine that firmware boots, programmed through their ports and registers.
@Suite struct PCDeviceTests {
  /// A machine with a disk of numbered sectors, switched on, whose processor spins.
  private final class Rig {
    let board: Board
    let path: String

    init() throws {
      path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
      var sectors = Data()
      for number in 0..<64 { sectors += Data(repeating: UInt8(number), count: 512) }
      try sectors.write(to: URL(fileURLWithPath: path))
      var boot = FirmwareBoot()
      boot.disks = [try #require(DiskFile(path: path, isWritable: false))]
      var options = BoardOptions()
      options.memory = 16 << 20
      options.boot = boot
      board = try Board(options) { (_: UInt8) in false }
      try FlatImage.load([0xEB, 0xFE], into: board)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func out(_ port: UInt16, _ value: UInt32, size: Int = 1, at cycle: UInt64 = 0) {
      board.processor.ports.write(port: port, size: size, value: value, at: cycle)
    }

    func input(_ port: UInt16, size: Int = 1, at cycle: UInt64 = 0) -> UInt32 {
      board.processor.ports.read(port: port, size: size, at: cycle)
    }

    /// Writes a doubleword of a function's configuration space.
    func configure(_ function: UInt32, _ register: UInt32, _ value: UInt32) {
      out(0xCF8, 0x8000_0000 | 1 << 11 | function << 8 | register, size: 4)
      out(0xCFC, value, size: 4)
    }
  }

  // MARK: ACPI

  @Test("the power management timer counts 3.579545 MHz where PMBASE says, in 24 bits")
  func timer() throws {
    let rig = try Rig()
    #expect(rig.input(0x608, size: 4) == 0xFFFF_FFFF)
    rig.configure(3, 0x40, 0x601)
    #expect(rig.input(0x608, size: 4) == 0xFFFF_FFFF)
    rig.configure(3, 0x80, 1)
    #expect(rig.input(0x608, size: 4, at: 100_000_000) == 3_579_545)
    #expect(rig.input(0x608, size: 4, at: 1_000_000_000) == 35_795_450 & 0xFF_FFFF)
  }

  @Test("SCI rises when the timer's bit 23 changes, and falls when its status is cleared")
  func timerInterrupt() throws {
    let rig = try Rig()
    rig.configure(3, 0x40, 0x601)
    rig.configure(3, 0x80, 1)
    rig.out(0x602, 1, size: 2)
    let cycle: UInt64 = 8_388_608 * 100_000_000 / 3_579_545 + 1
    // IRR of the slave 8259A: IRQ 9 is its input 1.
    rig.out(0xA0, 0x0A)
    #expect(rig.input(0x600, size: 2, at: cycle - 2) & 1 == 0 && rig.input(0xA0, at: cycle - 2) & 2 == 0)
    #expect(rig.input(0x600, size: 2, at: cycle) & 1 == 1 && rig.input(0xA0, at: cycle) & 2 == 2)
    rig.out(0x600, 1, size: 2, at: cycle)
    #expect(rig.input(0x600, size: 2, at: cycle) & 1 == 0)
  }

  @Test("SLP_EN with the sleep type of S5 switches the machine off, another type does not")
  func powerOff() throws {
    let rig = try Rig()
    rig.configure(3, 0x40, 0x601)
    rig.configure(3, 0x80, 1)
    var limits = RunLimits()
    limits.cycles = 1000
    rig.out(0x604, 0x3401, size: 2)
    #expect(rig.board.run(limits) == .cycleLimit)
    limits.cycles = 2000
    rig.out(0x604, 0x2001, size: 2)
    #expect(rig.board.run(limits) == .poweredOff)
  }

  // MARK: HPET

  private func read(_ rig: Rig, _ offset: UInt64) -> UInt64 {
    rig.board.memory.read(PhysicalAddress(0xFED0_0000 + offset), as: UInt64.self)
  }

  private func write(_ rig: Rig, _ offset: UInt64, _ value: UInt64) {
    rig.board.memory.write(PhysicalAddress(0xFED0_0000 + offset), value)
  }

  @Test("the HPET's counter counts its period while it is on")
  func counter() throws {
    let rig = try Rig()
    #expect(read(rig, 0) >> 32 == 100_000_000 && read(rig, 0) & 0xFFFF == 0xA201)
    _ = rig.input(0x80, at: 1000)
    #expect(read(rig, 0xF0) == 0)
    write(rig, 0x10, 1)
    _ = rig.input(0x80, at: 2000)
    #expect(read(rig, 0xF0) == 100)
    write(rig, 0xF0, 7)
    #expect(read(rig, 0xF0) == 100)
    write(rig, 0x10, 0)
    write(rig, 0xF0, 7)
    _ = rig.input(0x80, at: 3000)
    #expect(read(rig, 0xF0) == 7)
  }

  @Test("comparator 0 interrupts periodically in place of the 8254")
  func periodic() throws {
    let rig = try Rig()
    // Edges on IRQ 0, counted by the 8259A's request bit.
    for (port, value) in [(0x20, 0x11), (0x21, 0x20), (0x21, 4), (0x21, 1), (0x21, 0xFF)] as [(UInt16, UInt32)] {
      rig.out(port, value)
    }
    write(rig, 0x100, 0x4C)
    write(rig, 0x108, 1000)
    write(rig, 0x108, 500)
    write(rig, 0x10, 3)
    rig.out(0x20, 0x0A)
    #expect(rig.input(0x20, at: 9_990) & 1 == 0)
    #expect(rig.input(0x20, at: 10_000) & 1 == 1)
    #expect(read(rig, 0x108) == 1500)
    #expect(rig.input(0x20, at: 10_020) & 1 == 0)
    #expect(rig.input(0x20, at: 15_000) & 1 == 1)
    #expect(read(rig, 0x108) == 2000)
  }

  @Test("a level-triggered comparator holds its status until that is cleared")
  func level() throws {
    let rig = try Rig()
    write(rig, 0x120, 21 << 9 | 0x6)
    write(rig, 0x128, 50)
    write(rig, 0x10, 1)
    _ = rig.input(0x80, at: 499)
    #expect(read(rig, 0x20) == 0)
    _ = rig.input(0x80, at: 5000)
    #expect(read(rig, 0x20) == 2)
    write(rig, 0x20, 2)
    #expect(read(rig, 0x20) == 0)
  }

  // MARK: Bus-master IDE

  /// A machine whose bus-master registers are at C000h, with a table at 1000h.
  private func busMaster(_ table: [(address: UInt32, control: UInt32)]) throws -> Rig {
    let rig = try Rig()
    rig.configure(1, 0x20, 0xC001)
    rig.configure(1, 0x04, 0x05)
    for (number, row) in table.enumerated() {
      rig.board.memory.write(PhysicalAddress(0x1000 + UInt64(number) * 8), row.address)
      rig.board.memory.write(PhysicalAddress(0x1004 + UInt64(number) * 8), row.control)
    }
    rig.out(0xC004, 0x1000, size: 4)
    return rig
  }

  /// READ DMA or WRITE DMA of sectors from 5.
  private func command(_ rig: Rig, _ command: UInt32, sectors: UInt32) {
    for (port, value) in [(0x1F2, sectors), (0x1F3, 5), (0x1F4, 0), (0x1F5, 0), (0x1F6, 0xE0), (0x1F7, command)]
      as [(UInt16, UInt32)]
    {
      rig.out(port, value)
    }
  }

  @Test("READ DMA scatters sectors as the table says, and interrupts")
  func readDMA() throws {
    let rig = try busMaster([(0x20_0000, 600), (0x30_0000, 0x8000_0000 | 424)])
    command(rig, 0xC8, sectors: 2)
    #expect(rig.input(0x1F7) == 0x58)
    rig.out(0xC000, 0x09)
    #expect(rig.input(0xC002) & 7 == 4)
    #expect(rig.input(0x1F7) == 0x50)
    let memory = rig.board.memory
    func byte(_ address: UInt64) -> UInt8 { memory.read(PhysicalAddress(address), as: UInt8.self) }
    #expect([0x20_0000, 0x20_01FF, 0x20_0200, 0x20_0257, 0x20_0258].map(byte) == [5, 5, 6, 6, 0])
    #expect([0x30_0000, 0x30_01A7, 0x30_01A8].map(byte) == [6, 6, 0])
    rig.out(0xC002, 4)
    #expect(rig.input(0xC002) & 7 == 0)
  }

  @Test("WRITE DMA gathers, and what it wrote is read back, in a fork too")
  func writeDMA() throws {
    let rig = try busMaster([(0x20_0000, 0x8000_0000 | 512)])
    for offset in 0..<UInt64(512) {
      rig.board.memory.write(PhysicalAddress(0x20_0000 + offset), UInt8(truncatingIfNeeded: offset))
    }
    // The bus master may be started before the drive.
    rig.out(0xC000, 0x01)
    command(rig, 0xCA, sectors: 1)
    #expect(rig.input(0xC002) & 7 == 4)
    let fork = try Board(forking: try rig.board.snapshot(), serial: { _ in false })
    let same = fork.hash() == rig.board.hash()
    #expect(same)
    for offset in 0..<UInt64(512) { rig.board.memory.write(PhysicalAddress(0x20_0000 + offset), 0 as UInt8) }
    command(rig, 0x20, sectors: 1)
    #expect((0..<256).allSatisfy { rig.input(0x1F0, size: 2) == ($0 * 2) & 0xFF | (($0 * 2 + 1) & 0xFF) << 8 })
  }

  @Test("a table that is no RAM is an error, one that is too short leaves the drive waiting")
  func badTables() throws {
    let outside = try busMaster([(0xF000_0000, 0x8000_0000 | 512)])
    command(outside, 0xC8, sectors: 1)
    outside.out(0xC000, 0x09)
    #expect(outside.input(0xC002) & 7 == 2)
    let short = try busMaster([(0x20_0000, 0x8000_0000 | 256)])
    command(short, 0xC8, sectors: 1)
    short.out(0xC000, 0x09)
    #expect(short.input(0xC002) & 7 == 0)
    #expect(short.input(0x1F7) == 0x58)
  }
}
