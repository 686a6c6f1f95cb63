import Foundation
import Testing

/// Sessions with the monitor, through the built program.
@Suite struct MonitorSessionTests {
  /// One for each family of commands.
  @Test(arguments: [
    "running", "stops", "guest-stops", "verdict", "modes", "state", "memory", "files", "translation", "ept", "vmx",
    "order",
    "time-travel",
  ])
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
    // Until Readline has given the line away, Ctrl-C would give it up; and the machine may not run yet when the first one comes.
    try terminal.wait { terminal.isCanonical }
    try terminal.expect("interrupted") { child.send(SIGINT) }
    try terminal.expect("cpu0> ")
    terminal.type("nonsense")
    try terminal.expect("nonsense")
    child.send(SIGINT)
    try terminal.expect("cpu0> ")
    terminal.type("quit 7\n")
    #expect(try child.wait().ending == .status(7))
  }

  /// What is completed: files whole, though a slash ends other words, symbols, registers, fields, words of a command; and
  /// what was typed is there in the next session.
  @Test func completionAndHistory() throws {
    let terminal = try Terminal()
    let folder = try Folder()
    let history = folder.path("history")
    let file = try folder.write(ELFFile.bytes(symbols: [("the_only_symbol", 0x10_0004)]), as: "symbols-of-it")
    func start() throws -> Child {
      try Child(
        ["monitor", "--guest", "hello"], environment: ["TERM": "dumb", "SHOOTDOWN_HISTORY": history],
        output: .file(terminal.path), input: terminal.path)
    }
    var child = try start()
    try terminal.expect("cpu0> ")
    terminal.type("sym load \(folder.path)/symb\t\n")
    try terminal.expect("1 symbols")
    for (typed, said) in [
      ("print the_on\t\n", "0x100004 "), ("print gdtr.l\t\n", "0x"), ("registers rfl\t\n", "rflags 0x"),
      ("catch excep\t\n", "stop 1: any exception"), ("vmexitbp eptV\t\n", "stop 2: VM exit eptViolation"),
      ("info breakp\t\n", "stop 1: "), ("print vmcs.guestRI\t\n", "no current VMCS"),
      ("trace ex\tt\to \(folder.path)/tra\t\n", "cpu0> "),
    ] {
      try terminal.expect("cpu0> ")
      terminal.type(typed)
      try terminal.expect(said)
    }
    terminal.type("quit\n")
    #expect(try child.wait().ending == .status(0))
    #expect(folder.text("history").contains("sym load \(file)"), "\(folder.text("history"))")
    child = try start()
    try terminal.expect("cpu0> ")
    // Two lines back: the one before "quit" is of "trace".
    terminal.type("\u{10}\u{10}\u{10}\n")
    try terminal.expect("no current VMCS")
    terminal.type("quit\n")
    #expect(try child.wait().ending == .status(0))
  }
}
