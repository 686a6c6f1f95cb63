import EPTTLB
import Foundation
import Guests
import Machine
import Testing

/// Results do not depend on any cache of ours (docs/ARCHITECTURE.md, "Time and order").
@Suite struct DeterminismTests {
  static let names = ["hello", "stale", "faults", "selfmodify", "crossing", "halt", "triplefault", "processors"]

  @Test("every block limit, host pointers on and off", arguments: names)
  func caches(name: String) throws {
    let image = try guest(name).image
    let reference = try outcome(of: image)
    for settings in CacheSettings.all {
      #expect(try outcome(of: image, settings) == reference, "\(settings.testDescription)")
    }
    #expect(try outcome(of: image) == reference, "a second run")
  }

  @Test("runs cut at any cycle go on as if they had not been", arguments: names)
  func slices(name: String) throws {
    let image = try guest(name).image
    let reference = try outcome(of: image)
    for (number, settings) in CacheSettings.all.enumerated() {
      var random = SplitMix64(state: UInt64(number))
      let sliced = try outcome(of: image, settings, slice: { 1 + random.next() % 97 })
      #expect(sliced == reference, "\(settings.testDescription)")
    }
    #expect(try outcome(of: image, slice: { 1 }) == reference, "a cycle at a time")
  }

  @Test("an instruction limit is exact, wherever it falls")
  func instructionLimits() throws {
    let image = try guest("selfmodify").image
    for limit: UInt64 in [1, 2, 3, 17, 31, 32, 33, 100, 1000, 4242] {
      var limits = RunLimits()
      limits.instructions = limit
      let reference = try outcome(of: image, limits: limits)
      #expect(reference.end == .instructionLimit)
      #expect(reference.instructions == limit)
      for settings in CacheSettings.all {
        #expect(try outcome(of: image, settings, limits: limits) == reference, "\(limit), \(settings.testDescription)")
      }
    }
  }

  @Test("a cycle limit stops at the same instruction, wherever it falls")
  func cycleLimits() throws {
    let image = try guest("crossing").image
    for limit: UInt64 in 1...300 {
      var limits = RunLimits()
      limits.cycles = limit
      let reference = try outcome(of: image, limits: limits)
      for settings in [CacheSettings(blockLimit: 1), CacheSettings(blockLimit: 3, usesHostPointers: false)] {
        #expect(try outcome(of: image, settings, limits: limits) == reference, "\(limit), \(settings.testDescription)")
      }
    }
  }

  @Test("a TLB so small that it evicts all the time changes clocks, the same way for every cache setting")
  func evictions() throws {
    let image = try guest("faults").image
    let reference = try outcome(of: image, budget: 16)
    for settings in CacheSettings.all {
      #expect(try outcome(of: image, settings, budget: 16) == reference, "\(settings.testDescription)")
    }
  }

  @Test("every TLB policy, the same way for every cache setting", arguments: RetentionPolicyNames.all)
  func policies(_ policy: String) throws {
    for name in ["stale", "faults", "crossing"] {
      let image = try guest(name).image
      let known = try RetentionPolicy.named(policy).get()
      let reference = try outcome(of: image, policy: known, timing: "haswell")
      // What these guests print does not rest on what a processor may forget.
      #expect(try reference.serial == outcome(of: image).serial)
      for settings in CacheSettings.all {
        let result = try outcome(of: image, settings, policy: known, timing: "haswell")
        #expect(result == reference, "\(name), \(settings.testDescription)")
      }
      var random = SplitMix64(state: 5)
      let sliced = try outcome(of: image, slice: { 1 + random.next() % 97 }, policy: known, timing: "haswell")
      #expect(sliced == reference, "\(name), in slices")
    }
  }

  /// Debug and release builds, and every host, give these; `SHOOTDOWN_UPDATE_GOLDEN=1` writes them anew.
  @Test func goldenHashes() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../fixtures/golden/guests.txt").standardizedFileURL
    var lines: [String] = []
    for guest in try Guest.all() {
      let result = try outcome(of: guest.image)
      lines.append("\(guest.name) \(result.hash) \(result.instructions) \(result.cycles)")
    }
    let text = lines.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["SHOOTDOWN_UPDATE_GOLDEN"] != nil {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }
}

enum RetentionPolicyNames {
  static let all = ["retain", "speculate:7", "sandybridge", "haswell", "skylake", "icelake", "flush", "random:7"]
}
