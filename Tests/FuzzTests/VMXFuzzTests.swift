import Foundation
import Fuzz
import Testing

/// VMCSs filled at random and entered (`VMXFuzzCampaign`).
@Suite(.serialized) struct VMXFuzzTests {
  /// No crash, no hang, and the same state behind each case whatever blocks and host pointers do.
  @Test(arguments: [1, 2]) func whatCasesLeaveDependsOnNoCache(processors: Int) throws {
    var options = FuzzOptions()
    options.cases = FuzzTests.cases / 60
    options.seed = 0x5EED
    options.other = FuzzSettings(blockLimit: 1, usesHostPointers: false)
    let report = try VMXFuzzCampaign(options, processors: processors).run()
    print("fuzz: \(report.cases) VMCSs of seed \(options.seed), \(processors) processors, twice, hash \(report.hash)")
    #expect(report.differing == [])
    // A generator that never enters, never fails, or knows few exits would pass as well.
    #expect(report.counts.entries > report.cases)
    #expect(report.counts.exits.count > 25 && report.counts.failures.count > 60)
  }

  /// A case leaves the machine as it was: run again, all of them do the same.
  @Test func aCaseDependsOnSeedAndNumberOnly() throws {
    var options = FuzzOptions()
    options.cases = 500
    let campaign = try VMXFuzzCampaign(options, processors: 2)
    let first = campaign.run().hash
    #expect(campaign.run().hash == first)
    options.first = 1
    #expect(try VMXFuzzCampaign(options, processors: 2).run().hash != first)
  }
}
