import Foundation
import Testing

/// Sessions with the monitor, through the built program.
@Suite struct MonitorSessionTests {
  /// One for each family of commands.
  @Test(arguments: ["running", "stops", "state", "memory", "translation", "vmx", "order", "time-travel"])
  func family(_ name: String) throws { try Transcript("fixtures/monitor/\(name).txt").check() }

  /// The tutorial's.
  @Test func tutorial() throws { try Transcript("docs/TUTORIAL.md").check() }

  @Test func statusOfQuit() throws {
    let folder = try Folder()
    for (line, status) in [("quit 3", 3), ("q", 0), ("q 256", 0), ("", 0)] as [(String, Int32)] {
      let input = try folder.write(Array(line.utf8), as: "input")
      let ended = try Child(["monitor", "--guest", "hello"], input: input).wait()
      #expect(ended.ending == .status(status), "\(ended)")
    }
  }

  @Test func misuse() throws {
    for option in ["--json", "--print-config"] {
      try shootdown(["monitor", "--guest", "hello", option]).expectMisuse(naming: [option])
    }
    try shootdown(["monitor"]).expectMisuse(naming: ["--kernel"])
    try shootdown(["monitor", "--guest", "nobody"]).expectMisuse(naming: ["nobody"])
    try shootdown(["monitor", "--guest", "hello", "--history", "much"]).expectMisuse(naming: ["--history"])
  }

  /// Commands of a file come first, and may be nested no deeper than a person could mean.
  @Test func commandFiles() throws {
    let folder = try Folder()
    let script = try folder.write(Array("step 2\nsource \"\(folder.path("again"))\"\n".utf8), as: "script")
    _ = try folder.write(Array("print rip\nsource \"\(folder.path("again"))\"\n".utf8), as: "again")
    let ended = try shootdown(["monitor", "--guest", "hello", "--command", script])
    #expect(ended.ending == .status(0) && ended.output.contains("nested too deeply"), "\(ended)")
  }

  /// A signal that asks for the end ends a run that is under way.
  @Test func termination() throws {
    let folder = try Folder()
    let image = try folder.write(Program.endless)
    let input = try folder.write(Array("continue\n".utf8), as: "input")
    let child = try Child(["monitor", "--kernel", image, "--memory", "4M"], input: input)
    while !child.outputSoFar.contains("continue") { usleep(1000) }
    usleep(50_000)
    child.send(SIGTERM)
    #expect(try child.wait().ending == .signal(SIGTERM))
  }

  /// At a terminal: completion, history, an empty line, Ctrl-C in a running machine.
  @Test func terminal() throws {
    let terminal = try Terminal()
    let folder = try Folder()
    let image = try folder.write(Program.endless)
    let child = try Child(
      ["monitor", "--kernel", image, "--memory", "4M"], environment: ["TERM": "dumb"], output: .file(terminal.path),
      input: terminal.path)
    try terminal.expect("cpu0> ")
    terminal.type("ste\t\n")
    try terminal.expect("step")
    try terminal.expect("cpu0> ")
    terminal.type("\n")
    try terminal.expect("cycle")
    try terminal.expect("cpu0> ")
    terminal.type("\u{10}\n")
    try terminal.expect("step")
    try terminal.expect("cpu0> ")
    terminal.type("print instructions\n")
    try terminal.expect("0x3 3")
    try terminal.expect("cpu0> ")
    terminal.type("continue\n")
    try terminal.expect("continue")
    usleep(100_000)
    child.send(SIGINT)
    try terminal.expect("interrupted")
    try terminal.expect("cpu0> ")
    terminal.type("nonsense")
    child.send(SIGINT)
    try terminal.expect("cpu0> ")
    terminal.type("quit 7\n")
    #expect(try child.wait().ending == .status(7))
  }
}

/// A pseudo-terminal, from its master's side.
private final class Terminal {
  enum Failure: Error { case none, silent(wanted: String, got: String) }

  let path: String
  private let master: Int32
  private var text = ""

  init() throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    // TIOCSPTLCK and TIOCGPTN: what unlockpt and ptsname do.
    var (number, isLocked): (Int32, Int32) = (0, 0)
    guard master >= 0, ioctl(master, 0x4004_5431, &isLocked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
      throw Failure.none
    }
    path = "/dev/pts/\(number)"
    _ = fcntl(master, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(master) }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(master, bytes, bytes.count)
  }

  /// Waits for a text, and takes everything up to it.
  func expect(_ wanted: String) throws {
    let deadline = Date(timeIntervalSinceNow: 20)
    while true {
      if let range = text.range(of: wanted) {
        text.removeSubrange(..<range.upperBound)
        return
      }
      guard Date() < deadline else { throw Failure.silent(wanted: wanted, got: text) }
      var descriptor = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, 100) > 0 else { continue }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(master, &bytes, bytes.count)
      if count > 0 { text += String(decoding: bytes[..<count], as: UTF8.self) }
    }
  }
}
