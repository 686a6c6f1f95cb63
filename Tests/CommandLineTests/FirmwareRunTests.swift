import Foundation
import Testing

/// Runs that firmware boots: boot order, pictures, and disks on every way out.
@Suite struct FirmwareRunTests {
  @Test func bootOrder() throws {
    let folder = try Folder()
    let first = try folder.write(BootSector.text("first\n"), as: "first")
    let second = try folder.write(BootSector.echo, as: "second")
    let ended = try shootdown(["run", "--disk", first, "--disk", second, "--memory", "32M", "--boot", "disk"])
    #expect(ended.output == "first\n" && ended.ending == .status(1), "\(ended)")
    // A CD-ROM that cannot be booted goes before the disk, when it is to.
    let compactDisc = try folder.writeHole(bytes: 1 << 20, as: "cd")
    for (order, goesFirst) in [("cdrom,disk", true), ("disk,cdrom", false)] {
      let ended = try shootdown([
        "run", "--disk", first, "--cdrom", compactDisc, "--memory", "32M", "--boot", order, "--screen",
      ])
      #expect(ended.output == "first\n" && ended.ending == .status(1), "\(ended)")
      #expect(ended.errors.contains("Booting from DVD/CD") == goesFirst, "\(ended)")
    }
    for order in ["", "floppy", "disk,disk", "disk,", "cdrom disk"] {
      try shootdown(["run", "--disk", first, "--boot=\(order)"]).expectMisuse(naming: ["--boot"])
    }
    try shootdown(["run", "--boot", "disk"]).expectMisuse(naming: ["--boot"])
  }

  /// A PNG of the text screen: signature, size, and pixels in stored blocks.
  @Test func screenshot() throws {
    let folder = try Folder()
    let disk = try folder.write(BootSector.text("x"))
    let ended = try shootdown(["run", "--disk", disk, "--memory", "32M", "--screenshot", folder.path("a.png")])
    #expect(ended.ending == .status(1), "\(ended)")
    let bytes = try folder.bytes("a.png")
    #expect(Array(bytes.prefix(8)) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    #expect(Array(bytes[16..<26]) == [0, 0, 0x02, 0x80, 0, 0, 0x01, 0x90, 8, 2], "640 by 400, RGB of 8 bits")
    // SeaBIOS writes its name in light grey on black.
    let lit = (0..<bytes.count - 2).filter { bytes[$0..<$0 + 3].elementsEqual([0xAA, 0xAA, 0xAA]) }
    #expect(lit.count > 500)
    #expect(Array(bytes.suffix(12)) == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
    try shootdown(["run", "--disk", disk, "--screenshot", "/nonexistent/a.png"]).expectMisuse(naming: ["--screenshot"])
    let none = try shootdown(["guests", "run", "hello", "--screenshot", folder.path("b.png")])
    #expect(none.errors.contains("--screenshot") && none.ending == .status(1), "\(none)")
  }

  /// What the guest wrote reaches the file also when a signal ends the run.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func signals(_ signal: Int32) throws {
    let folder = try Folder()
    let disk = try folder.write(BootSector.writer, as: "disk")
    let child = try Child(["run", "--disk", disk, "--writable", "--memory", "32M", "--cpus", "2"])
    let deadline = Date(timeIntervalSinceNow: 60)
    while !child.outputSoFar.hasSuffix("written\n") {
      try #require(Date() < deadline, "the guest wrote nothing")
      usleep(10_000)
    }
    child.send(signal)
    let ended = try child.wait(seconds: 20)
    #expect(ended.ending == .signal(signal), "\(ended)")
    let bytes = try folder.bytes("disk")
    #expect(bytes[512..<1024] == BootSector.writer[0..<512])
    // Where each processor is.
    #expect(ended.errors.contains("cpu0 at RIP ") && ended.errors.contains("cpu1 at RIP "), "\(ended)")
  }

  @Test func timeLimit() throws {
    let folder = try Folder()
    let disk = try folder.write(BootSector.writer, as: "disk")
    for (options, isSaved) in [([], false), (["--writable"], true)] as [([String], Bool)] {
      let ended = try shootdown(
        ["run", "--disk", disk, "--memory", "32M", "--until", "serial:written", "--timeout", "60"] + options)
      #expect(ended.ending == .status(0), "\(ended)")
      #expect((try folder.bytes("disk")[512..<1024] == BootSector.writer[0..<512]) == isSaved)
    }
  }
}
