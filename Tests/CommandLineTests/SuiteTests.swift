import Foundation
import Testing

/// `shootdown suite`: the scenarios that come with the project, and what a wrong one says.
@Suite struct SuiteTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../fixtures/scenarios").standardizedFileURL

  private static var scenarios: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { folder.appendingPathComponent($0).path }
  }

  @Test func everyScenarioPasses() throws {
    #expect(Self.scenarios.count >= 6)
    let ended = try shootdown(["suite"] + Self.scenarios)
    #expect(ended.ending == .status(0), "\(ended)")
    #expect(ended.output.hasPrefix("TAP version 13\n1..") && !ended.output.contains("not ok"), "\(ended)")
  }

  /// How many threads there are changes nothing but time.
  @Test func threadsDoNotMatter() throws {
    let one = try shootdown(["suite", "--threads", "1", "--format", "json"] + Self.scenarios)
    let four = try shootdown(["suite", "--threads", "4", "--format", "json"] + Self.scenarios)
    #expect(one.output == four.output && one.ending == .status(0), "\(one)")
  }

  @Test func aFailureSaysWhyAndHowToRunItAgain() throws {
    let folder = try Folder()
    let scenario = """
      machine:
        guest: quiesce
        append: noflush
        cpus: 2
        memory: 16M
      expect:
        status: 1
        violations: none
      """
    let path = try folder.write(Array(scenario.utf8))
    let left = folder.path + "/left"
    let ended = try shootdown(["suite", "--failures", left, path])
    #expect(ended.ending == .status(8), "\(ended)")
    for text in ["not ok 1", "# there is a violation", "# status 1 was expected", "# stale mapping, reused", "again:"] {
      #expect(ended.output.contains(text), "\(text): \(ended)")
    }
    // What it leaves replays it: the same run, from anywhere.
    let names = try FileManager.default.contentsOfDirectory(atPath: left).sorted()
    #expect(Set(names.map { ($0 as NSString).pathExtension }) == ["report", "serial", "yaml"], "\(names)")
    let yaml = try #require(names.first { $0.hasSuffix(".yaml") })
    #expect(ended.output.contains("# again: shootdown suite \(left)/\(yaml)\n"), "\(ended)")
    let again = try shootdown(["suite", left + "/" + yaml])
    #expect(again.ending == .status(0) && again.output.contains("ok 1"), "\(again)")
    let junit = try shootdown(["suite", "--failures", left, "--format", "junit", path])
    #expect(junit.output.contains("failures=\"1\"") && junit.output.contains("<failure message="), "\(junit)")
  }

  /// `until`, what comes behind it, the limit of instructions, and how many lines there are.
  @Test(arguments: [
    ("until: processors\nafter: 100000000\n", "status: 1", "processors|NMIs == 2", ""),
    ("until: processors\nafter: 1\n", "violations: none", "NMIs <= 0", ""),
    ("until: processors\n", "violations: none", "NMIs == 1", "0 lines of serial text match 'NMIs', not == 1"),
    ("until: nobody\n", "status: 1", "processors >= 1", "no line of serial text matched 'nobody'"),
    ("until: NMIs\nmax-instructions: 100\n", "violations: none", "NMIs == 0", "max-instructions was reached"),
  ])
  func runsEndAndGoOn(_ head: String, _ other: String, _ lines: String, _ problem: String) throws {
    let folder = try Folder()
    let scenario = """
      \(head)machine:
        guest: processors
        cpus: 2
        memory: 16M
      expect:
        \(other)
        lines: "\(lines)"
      """
    let ended = try shootdown(["suite", try folder.write(Array(scenario.utf8))])
    #expect(ended.ending == .status(problem.isEmpty ? 0 : 8), "\(ended)")
    #expect(problem.isEmpty || ended.output.contains(problem), "\(ended)")
  }

  @Test(arguments: [
    ("a: [1]\n", "quote it"), ("machine: &x\n", "quote it"), ("nothing: 1\n", "has no 'nothing'"),
    ("name: x\n", "'machine' is missing"), ("machine:\n  guest: nobody\n", "there is no guest 'nobody'"),
    ("machine:\n  cpus: 2\n", "no guest, kernel, bios, disk or cdrom"),
    ("machine:\n  guest: hello\n  cpus: none\n", "not 1 to 64"),
    ("machine:\n  guest: hello\nexpect:\n  verdict: bad\n", "verdict: there are"),
    ("machine:\n  guest: hello\n          deep: 1\n", "nests too deep"),
    ("machine:\n  guest: hello\nschedule: nowhere\n", "No such file"),
    ("machine:\n  guest: hello\nafter: 1\n", "there is no 'until'"),
    ("machine:\n  guest: hello\nexpect:\n  lines: \"x > 1\"\n", "is not REGEX RELATION NUMBER"),
    ("machine:\n  guest: hello\nmax-instructions: few\n", "'few' is no number"),
  ])
  func misuse(_ text: String, _ problem: String) throws {
    let folder = try Folder()
    let path = try folder.write(Array(text.utf8))
    let ended = try shootdown(["suite", path])
    #expect(ended.ending == .status(2) && ended.output.isEmpty && ended.errors.contains(problem), "\(ended)")
  }
}
