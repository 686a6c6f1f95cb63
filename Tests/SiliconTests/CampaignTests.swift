import Foundation
import Silicon
import SiliconNative
import Testing

/// Generated instructions do on our processor what they do on the host's (`Campaign`).
@Suite(.serialized) struct CampaignTests {
  static let seed: UInt64 = 0x5EED

  /// How many: a million, or what SHOOTDOWN_SILICON_CASES says.
  static var cases: Int {
    ProcessInfo.processInfo.environment["SHOOTDOWN_SILICON_CASES"].flatMap(Int.init).map { max($0, 1) } ?? 1_000_000
  }

  @Test func siliconAgrees() throws {
    var options = CampaignOptions()
    options.cases = CampaignTests.cases
    options.seed = CampaignTests.seed
    var campaign = try Campaign(options)
    let report = try campaign.run()
    let text = report.description(seed: options.seed)
    print("silicon: \(report.compared) of \(options.cases) cases compared, seed \(options.seed)")
    #expect(report.mismatchCount == 0, "\(text.joined(separator: "\n"))")
    // A generator or a runner that does next to nothing would pass as well.
    #expect(report.compared > options.cases * 3 / 4)
    #expect(report.sequences > options.cases / 8)
    #expect(report.exceptions > options.cases / 50)
    #expect(report.vectors > options.cases / 4)
    #expect(report.addresses32 > options.cases / 50)
    #expect(report.bases > options.cases / 100)
    #expect(report.unconfirmed <= options.cases / 10_000)
  }

  /// A wrong bit on one side is reported, with what makes the case again.
  @Test(arguments: ["register", "flag", "end"])
  func aDifferenceIsReported(field: String) throws {
    var options = CampaignOptions()
    options.cases = 300
    options.only = "ADD"
    options.tamper = { number, result in
      guard number == 123 else { return }
      switch field {
      case "register": result.pointee.out.gpr.9 ^= 1 << 40
      case "flag": result.pointee.out.rflags ^= 1
      default: result.pointee.out.rip ^= 1
      }
    }
    var campaign = try Campaign(options)
    let report = try campaign.run()
    let mismatch = try #require(report.mismatches.first { $0.number == 123 })
    #expect(mismatch.group.contains(["register": "R9", "flag": "flags CF", "end": "end"][field] ?? ""))
    #expect(mismatch.lines.first?.hasPrefix("case 123 of seed 1: ") == true)
    #expect(report.mismatchCount == 1)
  }

  /// The same seed and number give the same case, alone or among others.
  @Test func casesAreReproducible() throws {
    func outcome(first: Int, cases: Int) throws -> [String] {
      var options = CampaignOptions()
      options.first = first
      options.cases = cases
      options.only = "XOR"
      options.tamper = { number, result in
        if number == 700 { result.pointee.out.gpr.3 = ~result.pointee.out.gpr.3 }
      }
      var campaign = try Campaign(options)
      return try campaign.run().mismatches.first { $0.number == 700 }?.lines ?? []
    }
    let alone = try outcome(first: 700, cases: 1)
    #expect(!alone.isEmpty)
    #expect(try outcome(first: 0, cases: 1000) == alone)
  }

  @Test func aMnemonicThatIsNotThereIsRefused() {
    var options = CampaignOptions()
    options.only = "NOSUCH"
    #expect(throws: NoSuchMnemonic.self) { try Campaign(options) }
    // There, but not to be run on the host.
    options.only = "HLT"
    #expect(throws: NoSuchMnemonic.self) { try Campaign(options) }
  }
}
