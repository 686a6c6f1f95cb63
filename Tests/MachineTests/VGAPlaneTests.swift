import CPU
import MMU
import Machine
import Testing

/// The VGA's planes, its latches and what it makes of a byte, as software sees them from A0000h on.
@Suite struct VGAPlaneTests {
  private final class Rig {
    let board: Board

    /// Mode 12h as its firmware sets it: 640 by 480, four planes.
    init(_ program: [UInt8] = [0xEB, 0xFE], _ settings: CacheSettings = CacheSettings()) throws {
      var options = BoardOptions()
      options.memory = 16 << 20
      options.blockLimit = settings.blockLimit
      options.usesHostPointers = settings.usesHostPointers
      options.boot = FirmwareBoot()
      board = try Board(options) { (_: UInt8) in false }
      try FlatImage.load(program, into: board)
      for (index, value) in [(2, 0x0F), (4, 0x06)] as [(UInt32, UInt32)] { set(0x3C4, index, value) }
      for (index, value) in [(6, 0x05), (8, 0xFF)] as [(UInt32, UInt32)] { set(0x3CE, index, value) }
      for (index, value) in [(1, 79), (7, 0x02), (9, 0x40), (0x12, 0xDF), (0x13, 40)] as [(UInt32, UInt32)] {
        set(0x3D4, index, value)
      }
      _ = board.processor.ports.read(port: 0x3DA, size: 1, at: 0)
      for (index, value) in (0..<16).map({ ($0, $0) }) + [(0x10, 1), (0x12, 15)] as [(UInt32, UInt32)] {
        out(0x3C0, index)
        out(0x3C0, value)
      }
    }

    func out(_ port: UInt16, _ value: UInt32) { board.processor.ports.write(port: port, size: 1, value: value, at: 0) }

    /// Writes an indexed register.
    func set(_ port: UInt16, _ index: UInt32, _ value: UInt32) {
      out(port, index)
      out(port + 1, value)
    }

    func write(_ offset: UInt64, _ value: UInt8) {
      board.memory.write(PhysicalAddress(0xA_0000 + offset), value)
    }

    func read(_ offset: UInt64) -> UInt8 {
      var value: UInt8 = 0
      withUnsafeMutableBytes(of: &value) { board.memory.read(PhysicalAddress(0xA_0000 + offset), into: $0) }
      return value
    }

    /// A byte of each plane.
    func planes(_ offset: UInt64) -> [UInt8] {
      defer { set(0x3CE, 4, 0) }
      return (0..<4 as Range<UInt32>).map { plane in
        set(0x3CE, 4, plane)
        return read(offset)
      }
    }
  }

  @Test("the map mask picks planes, Read Map Select one of them")
  func mapMask() throws {
    let rig = try Rig()
    rig.write(5, 0xAA)
    rig.set(0x3C4, 2, 0x6)
    rig.write(5, 0x0F)
    #expect(rig.planes(5) == [0xAA, 0x0F, 0x0F, 0xAA])
    #expect(rig.planes(6) == [0, 0, 0, 0])
    // Memory behind it is text modes' own.
    rig.set(0x3C4, 4, 0x02)
    #expect(rig.read(5) == 0)
    rig.write(5, 0x77)
    rig.set(0x3C4, 4, 0x06)
    #expect(rig.planes(5) == [0xAA, 0x0F, 0x0F, 0xAA])
  }

  @Test("rotation, set/reset, logical functions and the bit mask of write mode 0")
  func writeModeZero() throws {
    let rig = try Rig()
    rig.set(0x3CE, 3, 3)
    rig.write(0, 0x81)
    #expect(rig.planes(0) == [0x30, 0x30, 0x30, 0x30])
    rig.set(0x3CE, 3, 0)
    rig.set(0x3CE, 0, 0x5)
    rig.set(0x3CE, 1, 0x3)
    rig.write(1, 0x3C)
    #expect(rig.planes(1) == [0xFF, 0x00, 0x3C, 0x3C])
    rig.set(0x3CE, 1, 0)
    for (function, result) in [(1, 0x30), (2, 0xFC), (3, 0xCC)] as [(UInt32, UInt8)] {
      rig.set(0x3CE, 3, 0)
      rig.write(2, 0x3C)
      _ = rig.read(2)
      rig.set(0x3CE, 3, function << 3)
      rig.write(2, 0xF0)
      #expect(rig.planes(2) == [result, result, result, result])
    }
    rig.set(0x3CE, 3, 0)
    rig.set(0x3CE, 8, 0x0F)
    rig.write(2, 0x55)
    #expect(rig.planes(2) == [0xC5, 0xC5, 0xC5, 0xC5])
  }

  @Test("write modes 1, 2 and 3, and read mode 1")
  func otherModes() throws {
    let rig = try Rig()
    rig.set(0x3C4, 2, 1)
    rig.write(0, 0x12)
    rig.set(0x3C4, 2, 8)
    rig.write(0, 0x34)
    rig.set(0x3C4, 2, 15)
    _ = rig.read(0)
    rig.set(0x3CE, 5, 1)
    rig.write(9, 0xFF)
    #expect(rig.planes(9) == [0x12, 0, 0, 0x34])
    rig.set(0x3CE, 5, 2)
    rig.set(0x3CE, 8, 0x80)
    _ = rig.read(9)
    rig.write(9, 0x6)
    #expect(rig.planes(9) == [0x12, 0x80, 0x80, 0x34])
    rig.set(0x3CE, 5, 3)
    rig.set(0x3CE, 0, 0x9)
    rig.set(0x3CE, 8, 0x0F)
    _ = rig.read(9)
    rig.write(9, 0x3C)
    #expect(rig.planes(9) == [0x1E, 0x80, 0x80, 0x3C])
    rig.set(0x3CE, 5, 8)
    rig.set(0x3CE, 2, 0x9)
    rig.set(0x3CE, 7, 0xF)
    #expect(rig.read(9) == 0x1C)
    rig.set(0x3CE, 7, 0x1)
    #expect(rig.read(9) == 0x1E)
  }

  @Test("loads and stores of a processor go through the latches, whatever its caches, and a fork goes on")
  func processor() throws {
    // mov al, [A0003h]; mov [A0004h], al; lock inc byte [A0004h]; mov dword [A0FFEh], eax; mov bl, [A0004h]; out F4h, al
    let program: [UInt8] = [
      0x8A, 0x04, 0x25, 3, 0, 0x0A, 0, 0x88, 0x04, 0x25, 4, 0, 0x0A, 0, 0xF0, 0xFE, 0x04, 0x25, 4, 0, 0x0A, 0, 0x89,
      0x04,
      0x25, 0xFE, 0x0F, 0x0A, 0, 0x8A, 0x1C, 0x25, 4, 0, 0x0A, 0, 0x31, 0xC0, 0xE6, 0xF4,
    ]
    var hashes: Set<String> = []
    for settings in CacheSettings.all {
      let rig = try Rig(program, settings)
      rig.write(3, 0x41)
      var limits = RunLimits()
      limits.instructions = 2
      let end = rig.board.run(limits)
      #expect(end == .instructionLimit)
      let fork = try Board(forking: try rig.board.snapshot(), serial: { _ in false })
      let ends = [rig.board.run(), fork.run()]
      #expect(ends.allSatisfy { $0 == .guestExit(1) })
      hashes.formUnion([rig.board.hash(), fork.hash()])
      let loaded = rig.board.processor.state.pointee.gpr.3 & 0xFF
      #expect(loaded == 0x42)
      #expect(rig.planes(4) == [0x42, 0x42, 0x42, 0x42])
      #expect(rig.planes(0xFFE) == [0x41, 0x41, 0x41, 0x41])
    }
    #expect(hashes.count == 1)
  }

  @Test("a picture of mode 12h, and of 256 colors without chain 4")
  func pictures() throws {
    let rig = try Rig()
    rig.out(0x3C8, 5)
    for level: UInt32 in [63, 0, 21] { rig.out(0x3C9, level) }
    rig.set(0x3CE, 5, 2)
    rig.set(0x3CE, 8, 0x10)
    rig.write(2 * 80 + 1, 5)
    let shown = rig.board.picture
    let picture = try #require(shown)
    #expect(picture.width == 640 && picture.height == 480)
    let place = (2 * 640 + 11) * 3
    #expect(Array(picture.pixels[place..<place + 3]) == [255, 0, 85])
    #expect(picture.pixels.count { $0 != 0 } == 2)
    rig.set(0x3CE, 5, 0x40)
    rig.set(0x3CE, 8, 0xFF)
    rig.set(0x3D4, 9, 0x41)
    _ = rig.board.processor.ports.read(port: 0x3DA, size: 1, at: 0)
    rig.out(0x3C0, 0x10)
    rig.out(0x3C0, 0x41)
    rig.write(2 * 80 + 1, 0)
    rig.set(0x3C4, 2, 4)
    rig.write(1, 5)
    let shownBytes = rig.board.picture
    let bytes = try #require(shownBytes)
    #expect(bytes.width == 320 && bytes.height == 240)
    #expect(Array(bytes.pixels[18..<21]) == [255, 0, 85])
    #expect(bytes.pixels.count { $0 != 0 } == 2)
  }
}
