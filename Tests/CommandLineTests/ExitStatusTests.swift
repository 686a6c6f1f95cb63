import Testing

/// Every documented exit status of a run, and which goes first when several hold.
@Suite struct ExitStatusTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let image: [UInt8]
    let options: [String]
    let status: Int32
    let report: String
    var testDescription: String { "\(options.joined(separator: " ")): \(status), \(report)" }

    init(_ image: [UInt8], _ options: String..., gives status: Int32, _ report: String) {
      self.image = image
      self.options = options
      self.status = status
      self.report = report
    }
  }

  private static let met = "the condition was met"
  private static let cases = [
    // The aim is reached.
    Case(Program.print("a line\n") + Program.endless, "--until", "serial:l.ne$", gives: 0, met),
    Case(Program.print("no end of line") + Program.endless, "--until", "serial:end", gives: 0, met),
    Case(Program.print("a\nb") + Program.exit(3), "--until", "serial:^b", gives: 0, met),
    Case(Program.endless, "--until", "cycle:5000", gives: 0, "5000 cycles"),
    Case(Program.endless, "--until", "cycle:0", gives: 0, "after 0 instructions, 0 cycles"),
    Case(Program.halt, "--until", "hlt-all", gives: 0, "HLT for ever"),
    // Limits.
    Case(Program.endless, "--max-cycles", "5000", gives: 4, "--max-cycles was reached"),
    Case(Program.endless, "--max-instructions", "5000", gives: 4, "after 5000 instructions"),
    Case(Program.endless, "--max-instructions", "1", gives: 4, "after 1 instructions"),
    Case(Program.endless, "--timeout", "0.2", gives: 4, "stopped from outside"),
    Case(Program.endless, "--until", "serial:never", "--max-cycles", "5000", gives: 4, "--max-cycles was reached"),
    Case(Program.endless, "--until", "exit", "--max-instructions", "5000", gives: 4, "--max-instructions was reached"),
    Case(Program.endless, "--until", "hlt-all", "--timeout", "0.2", gives: 4, "stopped from outside"),
    // The guest dies.
    Case(Program.halt, gives: 6, "HLT for ever"),
    Case(Program.tripleFault, gives: 6, "a triple fault"),
    // The machine ended, and the condition was never met.
    Case(Program.halt, "--until", "serial:never", gives: 8, "HLT for ever"),
    Case(Program.halt, "--until", "exit", gives: 8, "HLT for ever"),
    Case(Program.halt, "--until", "cycle:5000", gives: 8, "HLT for ever"),
    Case(Program.tripleFault, "--until", "serial:never", gives: 8, "a triple fault"),
    Case(Program.tripleFault, "--until", "hlt-all", gives: 8, "a triple fault"),
    Case(Program.tripleFault, "--until", "exit", gives: 8, "a triple fault"),
    Case(Program.print("ab\ncd\n") + Program.exit(0), "--until", "serial:b.*c", gives: 8, "status 1"),
    Case(Program.exit(3), "--until", "serial:never", gives: 8, "status 7"),
    Case(Program.exit(3), "--until", "hlt-all", gives: 8, "status 7"),
    Case(Program.exit(3), "--until", "cycle:5000", gives: 8, "status 7"),
    // What is not built goes before everything else.
    Case(Program.refused, gives: 2, "is not built"),
    Case(Program.refused, "--until", "serial:never", gives: 2, "is not built"),
    // Port F4h.
    Case(Program.exit(0), gives: 1, "status 1"),
    Case(Program.exit(1), gives: 3, "status 3"),
    Case(Program.exit(0x7F), gives: 0xFF, "status 255"),
    Case(Program.exit(0x80), gives: 1, "status 1"),
    Case(Program.exit(0xFF), gives: 0xFF, "status 255"),
    Case(Program.exit(wide: 0x1_0005), gives: 0x0B, "status 11"),
    Case(Program.exit(wide: 0x8000_0000), gives: 1, "status 1"),
    Case(Program.exit(wide: 0xFFFF_FFFF), gives: 0xFF, "status 255"),
    Case(Program.exit(4), "--until", "exit", gives: 9, "status 9"),
    Case(Program.exit(4), "--max-cycles", "100000", "--max-instructions", "100000", gives: 9, "status 9"),
  ]

  @Test(arguments: cases)
  func status(_ row: Case) throws {
    let folder = try Folder()
    let ended = try shootdown(["run", "--kernel", try folder.write(row.image), "--memory", "4M"] + row.options)
    #expect(ended.ending == .status(row.status), "\(ended)")
    #expect(ended.errors.contains(row.report), "\(ended)")
    #expect(ended.errorLines.count == 1 && ended.errors.hasPrefix("shootdown: "), "\(ended)")
  }

  /// A fetch takes three walk references; JMP to itself then is an instruction a cycle.
  @Test(arguments: [["--max-cycles", "1000"], ["--max-instructions", "997"]])
  func conditionGoesBeforeALimitAtTheSameInstruction(_ limit: [String]) throws {
    let folder = try Folder()
    let image = try folder.write(Program.endless)
    let ended = try shootdown(["run", "--kernel", image, "--memory", "4M", "--until", "cycle:1000"] + limit)
    #expect(ended.errors.contains("after 997 instructions, 1000 cycles"), "\(ended)")
    #expect(ended.ending == .status(0), "\(ended)")
  }

  /// CLI and HLT end at cycle 5: the clock has reached the condition's cycle.
  @Test func cycleThatTheLastInstructionReachesIsMet() throws {
    let folder = try Folder()
    let image = try folder.write(Program.halt)
    let ended = try shootdown(["run", "--kernel", image, "--memory", "4M", "--until", "cycle:5"])
    #expect(ended.errors.contains("after 2 instructions, 5 cycles"), "\(ended)")
    #expect(ended.ending == .status(0), "\(ended)")
  }

  /// A time limit ends the run however short it is.
  @Test(arguments: ["0.000001", "1e-9", "0.9999999"])
  func shortTimeoutIsATimeout(_ seconds: String) throws {
    let folder = try Folder()
    let image = try folder.write(Program.endless)
    let child = try Child(["run", "--kernel", image, "--memory", "4M", "--timeout", seconds])
    let ended = try child.wait(seconds: 5)
    #expect(ended.ending == .status(4) || ended.ending == .status(2), "\(ended)")
  }

  private static let repetitions: [[UInt8]] = [
    // MOV RCX, -1; MOV EDI, 200000h; REP STOSB: over RAM, and on through addresses without any.
    [0x48, 0xC7, 0xC1, 0xFF, 0xFF, 0xFF, 0xFF, 0xBF, 0x00, 0x00, 0x20, 0x00, 0xF3, 0xAA],
    // MOV RCX, 7FFFFFFFh; MOV EDI, 80000000h, where no RAM is; REPE SCASB; JMP to the beginning.
    [0x48, 0xC7, 0xC1, 0xFF, 0xFF, 0xFF, 0x7F, 0xBF, 0x00, 0x00, 0x00, 0x80, 0xF3, 0xAE, 0xEB, 0xF0],
  ]

  /// A time limit reaches a guest that repeats one instruction.
  @Test(arguments: repetitions)
  func timeoutReachesRepetition(_ image: [UInt8]) throws {
    let folder = try Folder()
    let child = try Child(["run", "--kernel", try folder.write(image), "--memory", "4M", "--timeout", "0.3"])
    let ended = try child.wait(seconds: 10)
    #expect([.status(4), .status(6)].contains(ended.ending), "\(ended)")
  }
}
