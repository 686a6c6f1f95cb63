import ArgumentParser
import Foundation
import Silicon
import SiliconUnicorn

/// Runs generated instructions on the host's processor and on ours, and reports where they differ.
struct SiliconCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "silicon",
    abstract: "Run generated instructions on this computer's own processor and on the emulated one, and compare.")

  @Option(
    help: "What ours is compared with: this computer's processor, or Unicorn, in the modes a program cannot enter.")
  var against = Oracle.host
  @Option(help: "How many cases.")
  var cases = 1_000_000
  @Option(help: "What the cases are made from.")
  var seed: UInt64 = 1
  @Option(name: .customLong("case"), help: "Just this case of the seed.")
  var number: Int?
  @Option(help: "Just the instructions of this mnemonic; numbers of cases then mean other cases.")
  var only: String?
  @Flag(help: "Print the report as JSON.")
  var json = false

  func validate() throws {
    guard cases > 0 else { throw ValidationError("--cases is a positive number") }
    guard number ?? 0 >= 0 else { throw ValidationError("--case is not negative") }
    guard against == .host || number == nil && !json else {
      throw ValidationError("--case and --json are for --against host")
    }
  }

  func run() throws {
    if against == .unicorn { return try runUnicorn() }
    var options = CampaignOptions()
    options.cases = number == nil ? cases : 1
    options.first = number ?? 0
    options.seed = seed
    options.only = only?.uppercased()
    let start = Date()
    var campaign = try Campaign(options)
    let report = try campaign.run()
    let seconds = Date().timeIntervalSince(start)
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(Summary(report, seed: seed, seconds: seconds)), as: UTF8.self))
    } else {
      for line in report.description(seed: seed) { print(line) }
      print("\(String(format: "%.1f", seconds)) s, \(Int(Double(options.cases) / seconds)) cases/s")
    }
    if report.mismatchCount > 0 { throw ExitCode.failure }
  }

  private func runUnicorn() throws {
    var options = UnicornOptions()
    options.cases = cases
    options.seed = seed
    options.only = only?.uppercased()
    let start = Date()
    var campaign = try UnicornCampaign(options)
    let report = try campaign.run()
    let seconds = Date().timeIntervalSince(start)
    for line in report.description(seed: seed) { print(line) }
    print("\(String(format: "%.1f", seconds)) s, \(Int(Double(options.cases) / seconds)) cases/s")
    if report.mismatchCount > 0 { throw ExitCode.failure }
  }
}

/// What ours is compared with.
enum Oracle: String, ExpressibleByArgument, CaseIterable {
  case host, unicorn
}

/// The report as JSON has it.
private struct Summary: Encodable {
  let seed: UInt64
  let seconds: Double
  let compared, sequences, exceptions, vectors, addresses32, bases, mismatches, skipped, unconfirmed: Int
  let groups, vendor, refused, byMnemonic: [String: Int]
  let differences: [[String]]
  let skippedRows: [String: String]

  init(_ report: CampaignReport, seed: UInt64, seconds: Double) {
    self.seed = seed
    self.seconds = seconds
    compared = report.compared
    sequences = report.sequences
    exceptions = report.exceptions
    vectors = report.vectors
    addresses32 = report.addresses32
    bases = report.bases
    mismatches = report.mismatchCount
    skipped = report.skipped
    unconfirmed = report.unconfirmed
    groups = report.groups
    vendor = report.vendor
    refused = report.refused
    byMnemonic = report.byMnemonic
    differences = report.mismatches.map(\.lines)
    skippedRows = Dictionary(
      report.skippedRows.map { ("\($0.mnemonic) \($0.encoding)", $0.reason) }, uniquingKeysWith: { first, _ in first })
  }
}

SiliconCommand.main()
