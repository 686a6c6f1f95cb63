import Testing

/// `--keys`: what is typed, and when.
@Suite struct KeyTests {
  private func run(_ options: [String]) throws -> Ended {
    let folder = try Folder()
    return try shootdown(
      ["run", "--disk", try folder.write(BootSector.echo), "--memory", "32M", "--hash", "--max-cycles", "3000000000"]
        + options)
  }

  @Test func afterSerialText() throws {
    let ended = try run(["--keys", "serial:^ready$=>Hello, {World}! 9<lt>10<Backspace><Esc><Shift-a><Enter>"])
    #expect(ended.ending == .status(1), "\(ended)")
    #expect(ended.output == "ready\nHello, {World}! 9<10\u{8}\u{1B}A\r", "\(ended)")
    #expect(ended.hashLine?.contains("keys serial:^ready$=>Hello") == true, "\(ended)")
  }

  /// The same keys at the same cycles: the same run; one cycle later: another one.
  @Test func atCycles() throws {
    let keys = ["cycle:700000000=>ab", "cycle:900000000=>c<Enter>"]
    let ended = try run(keys.flatMap { ["--keys", $0] })
    #expect(ended.output == "ready\nabc\r" && ended.ending == .status(1), "\(ended)")
    #expect(try run(keys.flatMap { ["--keys", $0] }).hashLine == ended.hashLine)
    let other = try run(["--keys", keys[0], "--keys", "cycle:900000100=>c<Enter>"])
    #expect(other.output == ended.output && other.hashLine != ended.hashLine, "\(other)")
  }

  /// One text waits for the one before; the machine file has a list.
  @Test func oneAfterTheOther() throws {
    let folder = try Folder()
    let text = "keys:\n- \"serial:ready=>x\"\n- \"serial:x=>y<Ctrl-c><Enter>\"\n"
    let file = try folder.write(Array(text.utf8), as: "machine.yaml")
    let ended = try run(["--machine", file])
    #expect(ended.output == "ready\nxy\u{3}\r" && ended.ending == .status(1), "\(ended)")
  }

  @Test(arguments: [
    "", "x", "cycle:1", "cycle:=>x", "cycle:-1=>x", "cycle:18446744073709551616=>x", "serial:=>x", "serial:(=>x",
    "screen:x=>y", "cycle:1=>", "cycle:1=><", "cycle:1=><Nokey>", "cycle:1=><a-b>", "cycle:1=><>", "cycle:1=>é",
    "cycle:1=><Ctrl->", "=>", "=>x",
  ])
  func misuse(_ text: String) throws {
    try shootdown(["guests", "run", "hello", "--keys=\(text)"]).expectMisuse(naming: ["--keys"])
  }
}
