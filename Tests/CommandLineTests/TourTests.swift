import Foundation
import Testing

/// `guests run tour`: a missing shootdown explained, and the files that `suite` runs again.
@Suite struct TourTests {
  @Test func tellsAndLeavesFilesThatRun() throws {
    let folder = try Folder()
    let files = folder.path + "/tour"
    let ended = try shootdown(["guests", "run", "tour", "--output", files])
    #expect(ended.ending == .status(0) && ended.errors.isEmpty, "\(ended)")
    for text in [
      "Processor 1 reads the page, walks the tables, and remembers where the page lies.",
      "changes the EPT's entry at 303000h from 400037h to 0h, which leads nowhere.",
      "Processor 0 executes INVEPT of EPTP 300000h, the EPT's address. It forgets; processor 1 does not.",
      "read the secret:       0000000000000001", "read the secret:       0000000000000000",
      "stale mapping, reused: CPU 1 read linear 400000h", "nothing is reported", "at cpu0 nmi #1 +20000",
      "shootdown suite \(files)/race.yaml \(files)/race-mended.yaml",
    ] { #expect(ended.output.contains(text), "\(text): \(ended)") }
    let suite = try shootdown(["suite", files + "/race.yaml", files + "/race-mended.yaml"])
    #expect(suite.ending == .status(0), "\(suite)")
    // Each time the same words.
    #expect(try shootdown(["guests", "run", "tour", "--output", files]).output == ended.output)
  }

  @Test func misuse() throws {
    let folder = try Folder()
    let file = try folder.write([1])
    let blocked = try shootdown(["guests", "run", "tour", "--output", file])
    #expect(blocked.ending == .status(2) && blocked.errors.contains("cannot be written"), "\(blocked)")
    let other = try shootdown(["guests", "run", "hello", "--output", file])
    #expect(other.ending == .status(2) && other.errors.contains("goes with the tour"), "\(other)")
  }
}

/// Options of the oracle and the observer that are wrong, and what they say.
@Suite struct OracleOptionTests {
  @Test(arguments: [
    (["--oracle-marker", "nowhere"], "no port, no symbol:NAME"),
    (["--oracle-marker", "symbol:nowhere"], "there is no symbol 'nowhere'"),
    (["--observer-own", "xyz"], "no hexadecimal address"), (["--oracle-suppress", "/nowhere"], "/nowhere"),
    (["--observer-mistake", "none"], "there are entry"),
  ])
  func misuse(_ options: [String], _ problem: String) throws {
    let ended = try shootdown(["guests", "run", "hello"] + options)
    #expect(ended.ending == .status(2) && ended.output.isEmpty && ended.errors.contains(problem), "\(ended)")
  }

  @Test func observerSpeaks() throws {
    let lost = try shootdown(["guests", "run", "nested", "--append", "lost", "--fail-on", "violation"])
    #expect(lost.ending == .status(8) && lost.errors.contains("nested EPT, lost INVEPT"), "\(lost)")
    let off = try shootdown(["guests", "run", "nested", "--append", "lost", "--observer", "off"])
    #expect(off.ending == .status(3) && !off.errors.contains("nested EPT"), "\(off)")
    let json = try shootdown(["guests", "run", "nested", "--append", "lost", "--json"])
    for text in ["\"cause\":\"lost INVEPT\"", "\"event\":\"nested\"", "\"invept\":{\"1\":1,\"2\":0}"] {
      #expect(json.output.contains(text), "\(text): \(json)")
    }
  }

  @Test func suppressionsAreCounted() throws {
    let folder = try Folder()
    let rules = "# shootdown suppressions 1\nsuppress entry=303000h: looked at\n"
    let path = try folder.write(Array(rules.utf8))
    let ended = try shootdown([
      "guests", "run", "quiesce", "--cpus", "2", "--append", "noflush", "--oracle-suppress", path, "--fail-on",
      "violation",
    ])
    #expect(ended.ending == .status(3) && !ended.errors.contains("stale mapping"), "\(ended)")
    #expect(ended.errors.contains("suppressed: 1 violations: looked at"), "\(ended)")
  }
}
