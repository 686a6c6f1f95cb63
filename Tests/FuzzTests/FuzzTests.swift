import Foundation
import Fuzz
import Testing

/// Random bytes and mutated instructions, executed in every mode (`FuzzCampaign`).
@Suite(.serialized) struct FuzzTests {
  /// How many: what takes about two seconds, or what SHOOTDOWN_FUZZ_CASES says.
  static var cases: Int {
    ProcessInfo.processInfo.environment["SHOOTDOWN_FUZZ_CASES"].flatMap(Int.init).map { max($0, 1) } ?? 60_000
  }

  /// No crash, no hang, and the same state behind each case whatever blocks and host pointers do.
  @Test func whatCasesLeaveDependsOnNoCache() throws {
    var options = FuzzOptions()
    options.cases = FuzzTests.cases
    options.seed = 0x5EED
    options.other = FuzzSettings(blockLimit: 1, usesHostPointers: false)
    let campaign = try FuzzCampaign(options)
    let report = campaign.run()
    print("fuzz: \(report.cases) cases of seed \(options.seed) twice, hash \(report.hash)")
    for number in report.differing {
      Issue.record("\(campaign.explain(number).joined(separator: "\n"))")
    }
    // A generator that does next to nothing would pass as well.
    for (place, outcomes) in zip(FuzzMode.places, report.outcomes) {
      let count = outcomes.values.reduce(0, +)
      #expect(count > options.cases / 20, "\(place)")
      #expect(outcomes[.vector(6), default: 0] < count / 2 && outcomes[.vector(13), default: 0] < count / 2, "\(place)")
      #expect(outcomes.count > 8, "\(place)")
    }
    #expect(report.count { $0 == .halted || $0 == .completed } > options.cases / 10)
  }

  /// A case leaves the machine as it was: run again, all of them do the same.
  @Test func aCaseDependsOnSeedAndNumberOnly() throws {
    var options = FuzzOptions()
    options.cases = 5_000
    let campaign = try FuzzCampaign(options)
    let first = campaign.run().hash
    #expect(campaign.run().hash == first)
    options.first = 1
    #expect(try FuzzCampaign(options).run().hash != first)
    options.first = 0
    options.seed = 2
    #expect(try FuzzCampaign(options).run().hash != first)
  }
}
