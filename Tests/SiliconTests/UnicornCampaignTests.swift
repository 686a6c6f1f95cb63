import Foundation
import SiliconUnicorn
import Testing

/// Generated instructions do on our processor what they do on Unicorn, in modes that a user's program does not have.
@Suite(.serialized) struct UnicornCampaignTests {
  static let seed: UInt64 = 0x5EED

  /// How many: sixty thousand, or what SHOOTDOWN_UNICORN_CASES says.
  static var cases: Int {
    ProcessInfo.processInfo.environment["SHOOTDOWN_UNICORN_CASES"].flatMap(Int.init).map { max($0, 1) } ?? 60_000
  }

  @Test func unicornAgrees() throws {
    var options = UnicornOptions()
    options.cases = UnicornCampaignTests.cases
    options.seed = UnicornCampaignTests.seed
    var campaign = try UnicornCampaign(options)
    let report = try campaign.run()
    print("unicorn: \(report.compared) of \(options.cases) cases compared, seed \(options.seed)")
    #expect(report.mismatchCount == 0, "\(report.description(seed: options.seed).joined(separator: "\n"))")
    // A generator that does next to nothing, or a table that names everything, would pass as well.
    #expect(report.compared > options.cases * 9 / 10)
    #expect(report.events > options.cases / 20)
    #expect(report.explained.values.reduce(0, +) < options.cases / 20)
    #expect(report.byMode.count == 9)
    #expect(report.byMode.values.allSatisfy { $0 > options.cases / 12 })
  }

  /// A wrong bit on one side is reported, with what makes the case again.
  @Test(arguments: [0, 16, 18])
  func aDifferenceIsReported(word: Int) throws {
    var options = UnicornOptions()
    options.cases = 1000
    options.only = "ADD"
    options.tamper = { number, registers in
      if number == 700 { registers[word] ^= 1 }
    }
    var campaign = try UnicornCampaign(options)
    let report = try campaign.run()
    #expect(report.mismatchCount == 1)
    #expect(report.mismatches.first?.first?.hasPrefix("case 2.188: ") == true)
  }
}
