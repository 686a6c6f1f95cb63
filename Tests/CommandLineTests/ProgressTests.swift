import Foundation
import Testing

/// The progress line of long runs: on a terminal only, and not with `-q`.
@Suite struct ProgressTests {
  private func errors(_ options: [String]) throws -> String {
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(terminal >= 0)
    defer { close(terminal) }
    // TIOCSPTLCK, TIOCGPTN: Swift does not see the macros.
    var locked: Int32 = 0
    var number: Int32 = 0
    try #require(ioctl(terminal, 0x4004_5431, &locked) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0)
    let name = "/dev/pts/\(number)"
    let folder = try Folder()
    let image = try folder.write(Program.print("a line\n\u{1B}[2Jsecond\nthird") + Program.endless)
    let child = try Child(
      ["run", "--kernel", image, "--memory", "4M", "--timeout", "1.3"] + options, errors: .file(name))
    _ = fcntl(terminal, F_SETFL, O_NONBLOCK)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    _ = try child.wait()
    while true {
      let count = read(terminal, &chunk, chunk.count)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }

  @Test func onATerminal() throws {
    let text = try errors([])
    let line = #/\r\x1b\[K\d+ cycles, \d+\.\d M instructions/s: {1,2}\[2Jsecond/#
    #expect(text.contains(line), "\(text.debugDescription)")
    #expect(text.contains("\r\u{1B}[Kshootdown: "), "\(text.debugDescription)")
  }

  @Test func quiet() throws { #expect(try errors(["-q"]).isEmpty) }

  @Test func notInAFile() throws {
    let folder = try Folder()
    let ended = try shootdown([
      "run", "--kernel", try folder.write(Program.endless), "--memory", "4M", "--timeout", "1.3",
    ])
    #expect(ended.errorLines.count == 1 && !ended.errors.contains("M instructions/s"), "\(ended)")
  }
}
