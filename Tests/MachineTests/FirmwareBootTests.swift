import Foundation
import Guests
import MMU
import Machine
import Testing

/// A disk of our own, booted by the system's SeaBIOS through int 13h.
@Suite struct FirmwareBootTests {
  private static let firmware = "/usr/share/seabios/bios-256k.bin"
  private static let videoFirmware = "/usr/share/seabios/vgabios-stdvga.bin"

  /// What a boot left behind.
  private struct Result: Equatable {
    var end: RunEnd
    var text: String
    var hash: String
    var screen: [String]
    var disk: [UInt8]
  }

  private func boot(isWritable: Bool, isCut: Bool = false, firmware: String = firmware) throws -> Result {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data(Guest.disk).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    var boot = FirmwareBoot()
    boot.disks = [try #require(DiskFile(path: path.path, isWritable: isWritable))]
    boot.videoROM = Array(try Data(contentsOf: URL(fileURLWithPath: Self.videoFirmware)))
    var options = BoardOptions()
    options.memory = 64 << 20
    options.boot = boot
    final class Text { var bytes: [UInt8] = [] }
    let text = Text()
    let take = { (byte: UInt8) -> Bool in
      text.bytes.append(byte)
      return false
    }
    let board = try Board(options, serial: take)
    try ROMImage.load(Array(try Data(contentsOf: URL(fileURLWithPath: firmware))), into: board)
    var limits = RunLimits()
    limits.cycles = 4_000_000_000
    var end: RunEnd
    if isCut {
      // Goes on in another machine from the middle of firmware's work.
      limits.cycles = 1_000_000
      let cut = board.run(limits)
      #expect(cut == .cycleLimit)
      let fork = try Board(forking: try board.snapshot(), serial: take)
      limits.cycles = 4_000_000_000
      end = fork.run(limits)
      let isSaved = fork.saveDisks()
      #expect(isSaved)
      return Result(
        end: end, text: String(decoding: text.bytes, as: UTF8.self), hash: fork.hash(), screen: fork.screen ?? [],
        disk: Array(try Data(contentsOf: path)))
    }
    end = board.run(limits)
    lookAtShadow(board.memory)
    let isSaved = board.saveDisks()
    #expect(isSaved)
    return Result(
      end: end, text: String(decoding: text.bytes, as: UTF8.self), hash: board.hash(), screen: board.screen ?? [],
      disk: Array(try Data(contentsOf: path)))
  }

  /// Firmware has left its copy in RAM that nobody writes.
  private func lookAtShadow(_ memory: PhysicalMemory) {
    let pages: UInt64 = 0xFFFF << 48
    #expect(memory.attributes.readable & pages == pages)
    #expect(memory.attributes.writable & pages == 0)
    let hash = FirmwareBootTests.hash(memory)
    for address in stride(from: 0xF_0000 as UInt64, to: 0x10_0000, by: 0x1000) {
      memory.write(PhysicalAddress(address), ~memory.read(PhysicalAddress(address), as: UInt64.self))
    }
    #expect(FirmwareBootTests.hash(memory) == hash)
  }

  private static func hash(_ memory: PhysicalMemory) -> String {
    var hasher = StateHasher()
    memory.hash(into: &hasher)
    return hasher.description
  }

  @Test("firmware boots a disk, which reads and writes by int 13h; its changes are lost without --writable")
  func overlay() throws {
    let result = try boot(isWritable: false)
    #expect(result.end == .guestExit(1))
    #expect(result.text == "read through int 13h\n")
    #expect(result.disk == Guest.disk)
    #expect(result.screen.contains { $0.hasPrefix("Booting from Hard Disk") })
  }

  @Test("firmware of 128 KiB does so too")
  func smallFirmware() throws {
    let result = try boot(isWritable: false, firmware: "/usr/share/seabios/bios.bin")
    #expect(result.end == .guestExit(1))
    #expect(result.text == "read through int 13h\n")
  }

  private static let bochs = "/usr/share/bochs/BIOS-bochs-latest"

  @Test(
    "Bochs' own firmware boots a disk, which reads and writes by int 13h",
    .enabled(if: FileManager.default.fileExists(atPath: bochs), "\(bochs) is not there: Debian's package bochsbios"))
  func bochsFirmware() throws {
    let result = try boot(isWritable: true, firmware: Self.bochs)
    #expect(result.end == .guestExit(1))
    #expect(result.text == "read through int 13h\n")
    #expect(result.disk[1024..<1536] == Guest.disk[512..<1024])
    #expect(result.screen.contains { $0.contains("ata0 master: SHOOTDOWN DISK") })
  }

  @Test("changes are saved when the disk may be written")
  func writable() throws {
    let result = try boot(isWritable: true)
    #expect(result.end == .guestExit(1))
    #expect(result.disk[1024..<1536] == Guest.disk[512..<1024])
    #expect(result.disk[1536...] == Guest.disk[1536...])
  }

  @Test("a fork in the middle of firmware's work ends as an uncut run does")
  func fork() throws { #expect(try boot(isWritable: false, isCut: true) == boot(isWritable: false)) }
}
