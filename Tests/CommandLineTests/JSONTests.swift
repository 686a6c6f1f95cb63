import Foundation
import Guests
import Testing

/// `--json`: standard output carries one object a line, and nothing else.
@Suite struct JSONTests {
  private func retired(_ end: [String: Any]) throws -> Int {
    let processors = try #require(end["processors"] as? [[String: Any]])
    return processors.compactMap { $0["instructions"] as? Int }.reduce(0, +)
  }

  @Test(arguments: try Guest.all().map(\.name))
  func everyGuest(_ guest: String) throws {
    let arguments = ["guests", "run", guest, "--memory", "8M", "--hash"]
    let plain = try shootdown(arguments)
    let ended = try shootdown(arguments + ["--json"])
    let events = try ended.events()
    #expect(ended.ending == plain.ending && ended.errors == plain.errors)
    #expect(events.first?["event"] as? String == "start" && events.first?["schema"] as? Int == 1)
    let text = events.named("serial").compactMap { $0["text"] as? String }.joined()
    #expect(text == plain.output)
    let end = try #require(events.named("end").first)
    #expect((end["status"] as? Int).map(Int32.init) == ended.status)
    let hash = try #require(events.named("hash").first?["hash"] as? String)
    #expect(plain.hashLine?.contains("hash \(hash) ") == true)
    let processor = try #require((end["processors"] as? [[String: Any]])?.first)
    let instructions = try #require(processor["instructions"] as? Int)
    let cycles = try #require(processor["cycles"] as? Int)
    #expect(plain.hashLine?.contains("instructions \(instructions), cycles \(cycles))") == true)
  }

  @Test func configurationIsThatOfTheRun() throws {
    let ended = try shootdown([
      "guests", "run", "hello", "--json", "--memory", "8M", "--tlb", "random:7", "--cpuid", "7.EBX=80,1.ECX=1",
    ])
    let configuration = try #require(try ended.events().first?["configuration"] as? [String: Any])
    #expect(configuration["memory"] as? String == "8M" && configuration["tlb"] as? String == "random:7")
    #expect(configuration["cpuid"] as? [String] == ["7.EBX=80", "1.ECX=1"])
    #expect(configuration["guest"] as? String == "hello")
  }

  /// Text by the line; a last one without an end is sent when the run ends; bytes that are no text are kept.
  @Test func serialText() throws {
    let folder = try Folder()
    var program = Program.print("one\ntwo\nthr")
    program += [0xB0, 0xFF, 0xEE] + Program.exit(0)
    let image = try folder.write(program)
    let events = try shootdown(["run", "--kernel", image, "--memory", "4M", "--json"]).events().named("serial")
    #expect(events.compactMap { $0["text"] as? String } == ["one\n", "two\n", "thr\u{FFFD}"])
    #expect(events.compactMap { $0["bytes"] as? String } == ["746872ff"])
    let cycles = events.compactMap { $0["cycle"] as? Int }
    #expect(cycles.count == 3 && cycles == cycles.sorted() && Set(cycles).count == 3)
    #expect(events.allSatisfy { $0["port"] as? String == "COM1" })
    // Not as it happens to be cut into blocks.
    let single = try shootdown(["run", "--kernel", image, "--memory", "4M", "--json", "--block-limit", "1"])
    #expect(try single.events().named("serial").compactMap { $0["cycle"] as? Int } == cycles)
  }

  @Test func serialElsewhereIsNoEvent() throws {
    let folder = try Folder()
    let ended = try shootdown(["guests", "run", "hello", "--json", "--serial", folder.path("text")])
    #expect(try ended.events().named("serial").isEmpty && !folder.text("text").isEmpty)
  }

  @Test func reasons() throws {
    let cases: [([UInt8], [String], String)] = [
      (Program.exit(0), [], "guest-exit"), (Program.halt, [], "halted"), (Program.tripleFault, [], "shutdown"),
      (Program.refused, [], "refused"), (Program.endless, ["--max-cycles", "99"], "max-cycles"),
      (Program.endless, ["--max-instructions", "99"], "max-instructions"),
      (Program.endless, ["--timeout", "0.1"], "timeout"), (Program.endless, ["--until", "cycle:9"], "condition"),
    ]
    for (program, options, reason) in cases {
      let folder = try Folder()
      let ended = try shootdown(["run", "--kernel", try folder.write(program), "--memory", "4M", "--json"] + options)
      let end = try #require(try ended.events().named("end").first, "\(ended)")
      #expect(end["reason"] as? String == reason, "\(ended)")
      #expect((end["status"] as? Int).map(Int32.init) == ended.status, "\(ended)")
      #expect(try retired(end) >= 0)
    }
  }

  @Test func aSignalIsSaid() throws {
    let folder = try Folder()
    let image = try folder.write(Program.print("first\nrest") + Program.endless)
    let child = try Child(["run", "--kernel", image, "--memory", "4M", "--json"])
    let deadline = Date(timeIntervalSinceNow: 10)
    while !child.outputSoFar.contains("first") {
      try #require(Date() < deadline)
      usleep(1000)
    }
    usleep(50_000)
    child.send(SIGTERM)
    let ended = try child.wait(seconds: 10)
    let events = try ended.events()
    #expect(ended.ending == .signal(SIGTERM))
    #expect(events.named("serial").compactMap { $0["text"] as? String } == ["first\n", "rest"])
    #expect(events.named("end").first?["signal"] as? Int == Int(SIGTERM))
  }
}
