import Foundation
import Testing

/// Images that cannot be run: one line, status 2.
@Suite struct ImageMisuseTests {
  private func run(_ path: String, _ options: [String] = []) throws -> Ended {
    try shootdown(["run", "--kernel", path, "--memory", "4M"] + options)
  }

  @Test func missing() throws {
    try shootdown(["run"]).expectMisuse(naming: ["--kernel"])
    try shootdown(["run", "--memory", "4M", "--hash"]).expectMisuse(naming: ["--kernel"])
    try shootdown(["run", "--kernel"]).expectMisuse(naming: ["--kernel"])
    try shootdown(["run", "--kernel", ""]).expectMisuse(naming: ["--kernel"])
  }

  @Test func nonexistent() throws {
    let folder = try Folder()
    try run(folder.path("nothing")).expectMisuse(naming: [folder.path("nothing"), "No such file"])
  }

  @Test func belowAFile() throws {
    let folder = try Folder()
    let file = try folder.write(Program.endless)
    try run(file + "/image").expectMisuse(naming: [file, "Not a directory"])
  }

  @Test func nameTooLong() throws {
    try run("/" + String(repeating: "n", count: 5000)).expectMisuse(naming: ["File name too long"])
  }

  @Test func linkToItself() throws {
    let folder = try Folder()
    try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: folder.path("link"))
    try run(folder.path("link")).expectMisuse(naming: [folder.path("link")])
  }

  @Test(.enabled(if: geteuid() != 0, "root may read every file"))
  func unreadable() throws {
    let folder = try Folder()
    let file = try folder.write(Program.endless)
    chmod(file, 0)
    try run(file).expectMisuse(naming: [file, "Permission denied"])
  }

  @Test func notARegularFile() throws {
    let folder = try Folder()
    try #require(mkfifo(folder.path("fifo"), 0o600) == 0)
    for path in [folder.path, folder.path("fifo"), "/dev/zero", "/dev/null"] {
      try run(path).expectMisuse(naming: [path, "not a regular file"])
    }
  }

  @Test func empty() throws {
    let folder = try Folder()
    let file = try folder.write([])
    try run(file).expectMisuse(naming: [file, "empty"])
  }

  @Test func tooLargeForMemory() throws {
    let folder = try Folder()
    let room = 3 << 20
    let fits = try folder.writeHole(bytes: room, as: "fits")
    let ended = try run(fits, ["--max-cycles", "100"])
    #expect(ended.ending == .status(4) || ended.ending == .status(6), "\(ended)")
    let tooLarge = try folder.writeHole(bytes: room + 1, as: "too-large")
    try run(tooLarge).expectMisuse(naming: [tooLarge, "\(room + 1)", "\(room)"])
  }

  /// A file that no memory of the run can hold is refused by its size, not read first.
  @Test func hugeFileIsNotRead() throws {
    let folder = try Folder()
    let huge = try folder.writeHole(bytes: 1 << 30, as: "huge")
    let ended = try run(huge)
    ended.expectMisuse(naming: [huge, "\(1 << 30)"])
    #expect(ended.residentBytes < 768 << 20, "it held \(ended.residentBytes >> 20) MiB: \(ended)")
  }

  @Test func tooLargeForAnyMachine() throws {
    let folder = try Folder()
    let huge = try folder.writeHole(bytes: 65 << 30, as: "huge")
    try run(huge).expectMisuse(naming: [huge, "\(65 << 30)"])
  }
}
