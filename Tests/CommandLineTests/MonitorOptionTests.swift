import Foundation
import Testing

/// The options of `run` that mean something of their own to `monitor`, and those that it refuses.
@Suite struct MonitorOptionTests {
  private func monitor(_ options: [String], _ lines: String = "", guest: String = "stale") throws -> Ended {
    let folder = try Folder()
    let input = try folder.write(Array(lines.utf8), as: "input")
    return try Child(["monitor", "--guest", guest] + options, input: input).wait()
  }

  @Test func misuse() throws {
    for option in [["--json"], ["--trace", "file"], ["--trace-from", "1"], ["--trace-count", "1"]] {
      try shootdown(["monitor", "--guest", "hello"] + option).expectMisuse(naming: [option[0], "goes with 'run'"])
    }
    try shootdown(["monitor"]).expectMisuse(naming: ["--kernel"])
    try shootdown(["monitor", "--guest", "nobody"]).expectMisuse(naming: ["nobody"])
    try shootdown(["monitor", "--guest", "hello", "--history", "much"]).expectMisuse(naming: ["--history"])
    try shootdown(["monitor", "--guest", "hello", "--until", "nowhere"]).expectMisuse(naming: ["--until"])
    try shootdown(["monitor", "--guest", "hello", "--until", "symbol:nobody"]).expectMisuse(naming: ["--until"])
  }

  /// The machine runs to there before the first command.
  @Test func until() throws {
    let text = try monitor(["--until", "serial:OLD"], "print cycle\nreverse-step\nstep\ncontinue\n")
    #expect(text.output.contains("the condition was met") && text.output.contains("after INVLPG"), "\(text)")
    let cycle = try monitor(["--until", "cycle:500"], "print cycle\n")
    #expect(cycle.output.contains("0x1f4 500"), "\(cycle)")
    let end = try monitor(["--until", "exit"], "print cycle\n")
    #expect(end.output.contains("the guest ended the machine"), "\(end)")
    let folder = try Folder()
    let symbols = try folder.write(ELFFile.bytes(symbols: [("store", 0x10_006E)]), as: "symbols")
    let symbol = try monitor(["--symbols", symbols, "--until", "symbol:store"], "print rip\n")
    #expect(symbol.output.contains("<store>"), "\(symbol)")
  }

  /// What is said at the end is of the moment at which the session ends.
  @Test func atTheEnd() throws {
    let lines = "step 100\nstep 50\nreverse-step 50\n"
    let ended = try monitor(["--hash", "--walk", "100000", "--screen", "--oracle-cost"], lines)
    let run = try shootdown(["guests", "run", "stale", "--hash", "--max-instructions", "100"])
    #expect(run.hashLine != nil && ended.hashLine == run.hashLine, "\(ended), not \(run)")
    #expect(ended.errors.contains("linear 100000"), "\(ended)")
    #expect(ended.errors.contains("no text") && ended.errors.contains("messages between processors: 0"), "\(ended)")
  }

  /// A breakpoint has fetched its instruction: the hash is that of a run that has not.
  @Test func hashAtAStop() throws {
    let ended = try monitor(["--hash"], "break 0x1000ce\ncontinue\nprint instructions\n")
    let line = try #require(ended.output.split(separator: "\n").last { $0.hasPrefix("0x") }, "\(ended)")
    let count = try #require(line.split(separator: " ").last)
    let run = try shootdown(["guests", "run", "stale", "--hash", "--max-instructions", String(count)])
    #expect(run.hashLine != nil && ended.hashLine == run.hashLine, "\(ended), not \(run)")
  }

  @Test func oracle() throws {
    let bad = ["--cpus", "2", "--append", "noflush"]
    let reported = try monitor(bad, "continue\n", guest: "quiesce")
    #expect(reported.output.contains("stale mapping, ") && reported.ending == .status(0), "\(reported)")
    let failed = try monitor(bad + ["--fail-on", "violation"], "continue\n", guest: "quiesce")
    #expect(failed.ending == .status(8), "\(failed)")
    let left = try monitor(bad + ["--fail-on", "violation"], "continue\nquit 3\n", guest: "quiesce")
    #expect(left.ending == .status(3), "\(left)")
    let stopped = try monitor(bad + ["--oracle", "stop"], "continue\n", guest: "quiesce")
    #expect(stopped.output.contains("\nstop 1, cpu1: "), "\(stopped)")
    let off = try monitor(bad + ["--oracle", "off"], "catch verdict\ncontinue\n", guest: "quiesce")
    #expect(off.output.contains("the oracle is off") && !off.output.contains("stale mapping, "), "\(off)")
  }

  @Test func timeout() throws {
    let folder = try Folder()
    let image = try folder.write(Program.endless)
    let input = try folder.write(Array("continue\n".utf8), as: "input")
    let child = try Child(["monitor", "--kernel", image, "--memory", "4M", "--timeout", "0.2"], input: input)
    #expect(try child.wait().ending == .status(4))
  }

  @Test func printsTheMachine() throws {
    let one = try shootdown(["monitor", "--guest", "hello", "--cpus", "3", "--print-config"])
    #expect(one.ending == .status(0) && one.output.contains("cpus: 3") && !one.output.contains("cpu0>"), "\(one)")
  }

  /// What the guest has written by then is saved, and no more.
  @Test func writableDisks() throws {
    // A boot sector that ends at once: the disk stays as it is.
    let folder = try Folder()
    var sector: [UInt8] = [0xFA, 0xF4] + [UInt8](repeating: 0, count: 508) + [0x55, 0xAA]
    sector += [UInt8](repeating: 0, count: 512 * 63)
    let disk = try folder.write(sector, as: "disk")
    let input = try folder.write(Array("info screen\nquit\n".utf8), as: "input")
    let ended = try Child(["monitor", "--disk", disk, "--writable"], input: input).wait()
    #expect(ended.ending == .status(0) && ended.output.contains("the screen"), "\(ended)")
    #expect(try folder.bytes("disk") == sector)
  }
}
