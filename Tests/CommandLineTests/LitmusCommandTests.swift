import Foundation
import Testing

/// `shootdown litmus`: names, rules and policies, the table and JSON.
@Suite struct LitmusCommandTests {
  @Test func aRuleUnderTwoPolicies() throws {
    let ended = try shootdown(["litmus", "S5", "--tlb", "retain", "--tlb", "flush"])
    #expect(ended.ending == .status(0) && ended.errors.isEmpty, "\(ended)")
    let lines = ended.output.split(separator: "\n")
    let head = try #require(lines.first).split(separator: " ").map(String.init)
    #expect(head == ["program", "rule", "allowed", "forbidden", "retain", "flush"], "\(ended)")
    let row = try #require(lines.first { $0.hasPrefix("remote-invept-wrong ") }, "\(ended)")
    #expect(row.split(separator: " ") == ["remote-invept-wrong", "S5", "old/new", "-", "old", "new"], "\(row)")
    #expect(lines.last?.hasSuffix("under 2 policies: all hold") == true, "\(ended)")
  }

  @Test func json() throws {
    let ended = try shootdown(["litmus", "stale", "reuse-wrong", "--tlb", "retain", "--json"])
    #expect(ended.ending == .status(0) && ended.errors.isEmpty, "\(ended)")
    let objects = try ended.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    try #require(objects.count == 2, "\(ended)")
    #expect(objects[0]["outcome"] as? String == "old" && objects[0]["required"] as? String == "old", "\(ended)")
    #expect(objects[1]["form"] as? String == "wrong" && objects[1]["rule"] as? String == "S5", "\(ended)")
    #expect(objects.allSatisfy { $0["passed"] as? Bool == true && $0["event"] as? String == "litmus" }, "\(ended)")
  }

  @Test func aGapIsNamed() throws {
    let ended = try shootdown(["litmus", "I-RSM"])
    #expect(ended.ending == .status(0) && ended.output.hasPrefix("not run: I-RSM: system-management"), "\(ended)")
  }

  /// The same outcome as `litmus` reports: the guest is there for everybody.
  @Test func oneAlone() throws {
    let run = ["guests", "run", "litmus", "--cpus", "2", "--append"]
    for (name, words) in [("remote-invlpg-wrong", "old\n"), ("remote-invlpg-right", "new\n")] {
      let ended = try shootdown(run + [name])
      #expect(ended.ending == .status(1) && ended.output == words, "\(ended)")
    }
    #expect(try shootdown(run + ["nothing"]).ending == .status(5))
  }

  @Test(arguments: [
    (["nothing"], "'nothing'"), (["--tlb", "nothing"], "'nothing'"), (["--threads", "0"], "'0'"),
    (["--json", "--markdown"], "--markdown"), (["--tlb", "retain", "--tlb", "retain"], "twice"),
  ])
  func misuse(_ arguments: [String], _ problem: String) throws {
    try shootdown(["litmus"] + arguments).expectMisuse(naming: [problem])
  }
}
