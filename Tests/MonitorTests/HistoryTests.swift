import Machine
import Monitor
import Races
import Testing

/// A machine that went back is the machine that was there.
@Suite struct HistoryTests {
  struct Setting: CustomTestStringConvertible, Sendable {
    let guest: String
    var processors = 1
    var quantum: UInt64 = 2000
    var testDescription: String { "\(guest), \(processors) processors, quantum \(quantum)" }
    static let all = [
      Setting(guest: "stale"), Setting(guest: "faults"), Setting(guest: "selfmodify"),
      Setting(guest: "processors", processors: 2), Setting(guest: "processors", processors: 3, quantum: 1),
      Setting(guest: "quiesce", processors: 2, quantum: 50),
    ]
  }

  /// Forward in steps of some length, and back by the same steps.
  @Test(arguments: Setting.all)
  func back(_ setting: Setting) throws {
    let bench = try Workbench(setting.guest, processors: setting.processors, quantum: setting.quantum)
    var hashes: [String] = []
    for step in 0..<40 {
      hashes.append(bench.hash)
      bench.tell("step all \(step % 7 == 0 ? 301 : 1)")
    }
    for hash in hashes.reversed() {
      bench.tell("undo")
      #expect(bench.hash == hash)
      if bench.hash != hash { return }
    }
  }

  /// Single steps back undo single steps.
  @Test(arguments: Setting.all)
  func reverseSteps(_ setting: Setting) throws {
    let bench = try Workbench(setting.guest, processors: setting.processors, quantum: setting.quantum)
    bench.tell("step all 500")
    var hashes: [String] = []
    for _ in 0..<30 {
      hashes.append(bench.hash)
      bench.tell("step all")
    }
    for hash in hashes.reversed() {
      bench.tell("reverse-step")
      #expect(bench.hash == hash)
    }
  }

  /// What was written is written again at its moment, and a run on from there is the run that it was.
  @Test func editsAreInput() throws {
    let bench = try Workbench("stale")
    bench.tell("step 20")
    bench.tell("set r15 = 0x1234")
    bench.tell("set l8[0x80000] = 77")
    bench.tell("step 30")
    let hash = bench.hash
    bench.tell("tlb flush")
    bench.tell("step 10")
    let later = bench.hash
    bench.tell("save later")
    bench.tell("goto 0")
    #expect(bench.tell("print r15").hasPrefix("0x0 "))
    bench.tell("step 50")
    #expect(bench.hash == hash)
    #expect(bench.tell("print l8[0x80000] + r15").hasPrefix("0x1281 "))
    bench.tell("load later")
    #expect(bench.hash == later)
  }

  /// A change in the past is another future; `undo` brings the first one back.
  @Test func aChangeInThePast() throws {
    let bench = try Workbench("stale")
    bench.tell("step 100")
    bench.tell("set r14 = 1")
    bench.tell("step 100")
    let hash = bench.hash
    bench.tell("goto 50")
    bench.tell("set r13 = 2")
    bench.tell("step 150")
    #expect(bench.tell("print r13").hasPrefix("0x2 ") && bench.tell("print r14").hasPrefix("0x0 "))
    for _ in 0..<3 { bench.tell("undo") }
    #expect(bench.hash == hash)
  }

  /// Backwards, stops are met in the opposite order, and at the same places.
  @Test(arguments: [1, 2])
  func reverseContinue(_ processors: Int) throws {
    let bench = try Workbench("quiesce", processors: processors)
    bench.tell("vmexitbp")
    var places: [String] = []
    var isAtEnd = false
    for _ in 0..<6 {
      let said = bench.tell("continue")
      isAtEnd = !said.contains("stop 1")
      guard !isAtEnd else { break }
      places.append(said)
    }
    #expect(places.count >= 2)
    // At a stop, the one before is next; at the machine's end, the last one.
    let earlier = bench.session.end == nil ? places.dropLast() : places[...]
    for place in earlier.reversed() { #expect(bench.tell("reverse-continue") == place) }
    #expect(bench.tell("reverse-continue").contains("this is the beginning"))
    for place in places { #expect(bench.tell("continue") == place) }
  }

  /// Stops, and what is traced or watched, change nothing in the run.
  @Test(arguments: Setting.all)
  func stopsChangeNothing(_ setting: Setting) throws {
    func end(_ lines: [String]) throws -> (String, Int) {
      let bench = try Workbench(setting.guest, processors: setting.processors, quantum: setting.quantum)
      for line in lines { bench.tell(line) }
      var stops = 0
      while bench.session.end == nil, stops < 500, bench.tell("continue").contains("stop ") { stops += 1 }
      // Thousands of stops would be no better.
      if bench.session.end == nil { bench.tell("delete") }
      if bench.session.end == nil { bench.tell("continue") }
      #expect(bench.session.end != nil)
      return (bench.hash, stops)
    }
    let plain = try end([])
    #expect(plain.1 == 0)
    let stopped = try end(["watch w 0x200000000", "catch exception", "catch inv", "break 0x100010", "vmexitbp"])
    #expect(stopped.0 == plain.0)
    #expect(setting.guest == "selfmodify" || stopped.1 > 0)
    #expect(try end(["watch rw 0x7ff00 0x100", "pbreak 0x100020", "trace exit"]).0 == plain.0)
  }

  /// Old snapshots go when there is no room; the way back is longer then, and leads to the same place.
  @Test func littleRoom() throws {
    let bench = try Workbench("quiesce", processors: 2, budget: 0)
    bench.tell("step all 100")
    let hash = bench.hash
    bench.tell("continue")
    bench.tell("undo")
    #expect(bench.hash == hash)
  }

  /// What the oracle knows goes back with the machine, and so do stops at its verdicts.
  @Test(arguments: [50, 2000] as [UInt64])
  func oracle(_ quantum: UInt64) throws {
    let bench = try Workbench("quiesce", processors: 2, quantum: quantum, append: "noflush")
    bench.tell("catch verdict")
    let first = bench.tell("continue")
    #expect(first.contains("stop 1, cpu"))
    let counters = bench.session.oracle?.counters
    #expect(counters?.uses ?? 0 > 0)
    bench.tell("save here")
    bench.tell("goto 0")
    #expect(bench.session.oracle?.counters.uses == 0)
    #expect(bench.tell("continue") == first)
    #expect(bench.session.oracle?.counters == counters)
    bench.tell("delete")
    bench.tell("step all 200")
    bench.tell("load here")
    #expect(bench.session.oracle?.counters == counters)
    bench.tell("catch verdict")
    bench.tell("step all 200")
    // Back at the stop, without another report.
    let back = bench.tell("reverse-continue")
    #expect(back.contains("stop 2, cpu") && !back.contains("  used:"), "\(back)")
    #expect(bench.session.oracle?.counters == counters)
  }

  /// Serial text and what devices hold go back too; nothing is sent twice on the way.
  @Test func devicesGoBack() throws {
    let bench = try Workbench("stale")
    bench.tell("continue")
    let (sent, end) = (bench.serial, bench.hash)
    #expect(sent.contains("OLD"))
    bench.tell("goto 900")
    let middle = bench.hash
    bench.tell("reverse-step 100")
    #expect(bench.serial == sent)
    bench.tell("step 100")
    #expect(bench.hash == middle)
    bench.tell("continue")
    #expect(bench.hash == end)
  }
}
