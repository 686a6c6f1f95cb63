import Foundation
import Machine
import Monitor
import Testing

/// Whatever is typed: a complaint at worst, never a crash.
@Suite struct HostileInputTests {
  private static let words = [
    "0", "1", "-1", "0xffffffffffffffff", "18446744073709551615", "18446744073709551616", "9999999999999999999999999",
    "0x", "h", "ffh", "rip", "$rip", "rsp", "nothing", "if", "if 1", "if (", "=", "==", "(", ")", "((((", "[", "]",
    "l8[", "l8[0]", "p4[0xffffffffffffffff]", "g1[rip]", "msr[0x10]", "msr[-1]", "*", "**rsp", "1/0", "1%0", "1<<64",
    "1<<-1", "~0", "!", "'a'", "'", "\"", "\"a b\"", "cpu0", "cpu1", "cpu-1", "cpu99999999999999999999", "all", "-diff",
    "/", "/4gx", "/0x", "/99999999999x", "/i", "/3i", "/s", "/zzz", "physical", "guest", "linear", "combined", "vpid",
    "exception", "verdict", "reused", "stale", "mode", "inv", "port", "msr", "entry-failure", "to", "off", "insn",
    "mem", "rwx", "r", "w", "x",
    "/nonexistent/file", "/dev/zero", "/", ".", "\u{0}", "\u{7f}", "é", "🧨", "\u{301}", "continue", "step", "find",
    "0:0", "8:0x100000", ":",
    "vmcs.guestRIP", "vmcs.", "cs.base", "cs.", ".", "eptViolation", "65536", "256", "255", "4096", "1048577",
    "0x8000000000000000", "0x7fffffffffff", "0x800000000000", "0xffff800000000000", "41 41", "zz",
  ]

  /// Lines that would take long, or leave.
  private static func isHarmless(_ line: String) -> Bool {
    !["quit", "writemem", " to "].contains { line.contains($0) }
  }

  @Test(arguments: 0..<2 as Range<UInt64>)
  func everyCommandTakesAnything(_ seed: UInt64) throws {
    var random = RandomNumbers(seed)
    let commands = try CommandTable().commands
    let guests = ["stale", "faults", "processors", "quiesce"]
    let start = Date()
    var lines = 0
    for guest in guests {
      let bench = try Workbench(guest, processors: guest == "stale" ? 1 : 2)
      for command in commands {
        for _ in 0..<6 {
          let count = Int.random(in: 0...4, using: &random)
          let words = (0..<count).map { _ in Self.words.randomElement(using: &random) ?? "" }
          let line = ([command.name] + words).joined(separator: Bool.random(using: &random) ? " " : "  ")
          guard Self.isHarmless(line), Date().timeIntervalSince(start) < 5 else { continue }
          bench.tell(line)
          lines += 1
        }
      }
    }
    #expect(lines > 100)
  }

  /// Bytes of no meaning, and expressions of every shape.
  @Test func noise() throws {
    var random = RandomNumbers(99)
    let bench = try Workbench("stale")
    let letters = Array("0123456789abcdefxhlgp[]()+-*/%&|^<>=!~ $.'\"rsi,@:\t")
    for _ in 0..<5000 {
      let count = Int.random(in: 0...40, using: &random)
      let text = String((0..<count).map { _ in letters.randomElement(using: &random) ?? " " })
      bench.tell("print " + text)
    }
    for text in [
      String(repeating: "(", count: 100_000), String(repeating: "-", count: 100_000),
      String(repeating: "1+", count: 2000),
      String(repeating: "l8[", count: 1000), String(repeating: "1&&", count: 1300) + "1",
    ] {
      #expect(!bench.tell("print " + text).isEmpty)
    }
    #expect(bench.tell("print 2 + 3 * 4 == 14 && 1 << 4 == 0x10").hasPrefix("0x1 "))
  }
}
