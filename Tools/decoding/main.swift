import ArgumentParser
import CPU
import Foundation
import Fuzz

/// Compares our decoder with Capstone 5: random strings in each mode, and the code of binaries.
struct DecodingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decoding", abstract: "Compare length and validity of decoded instructions with Capstone 5.")

  @Option(help: "How many random strings in each mode.")
  var cases = 1_000_000
  @Option(help: "What the strings are made from.")
  var seed: UInt64 = 1
  @Option(help: "Capstone's library; scripts/capstone5 fetches it.")
  var library = CapstoneFive.usualPath
  @Option(help: "How binaries that are no ELF files are decoded: real, protected16, protected32 or long.")
  var raw = "real"
  @Argument(help: "Binaries: the executable sections of an ELF file, all of any other.")
  var binaries: [String] = []

  func validate() throws {
    guard cases >= 0 else { throw ValidationError("--cases is not negative") }
    guard CodeKind(rawValue: raw) != nil else {
      throw ValidationError("--raw is real, protected16, protected32 or long")
    }
  }

  func run() throws {
    var total = 0
    for kind in CodeKind.allCases where cases > 0 {
      var comparison = try DecodeComparison(library: library)
      comparison.compareRandom(cases, seed: seed, as: kind)
      print("\(kind.rawValue), random, seed \(seed), against Capstone \(comparison.version)")
      comparison.lines.forEach { print($0) }
      total += comparison.report.unexplainedCount
    }
    for path in binaries {
      guard let data = FileManager.default.contents(atPath: path) else {
        throw ValidationError("'\(path)' cannot be read")
      }
      var comparison = try DecodeComparison(library: library)
      let sections = ExecutableSections(of: [UInt8](data))
      for section in sections?.sections ?? [[UInt8](data)] {
        section.withUnsafeBytes { comparison.compareCode($0, as: sections?.kind ?? CodeKind(rawValue: raw) ?? .real) }
      }
      print(path)
      comparison.lines.forEach { print($0) }
      total += comparison.report.unexplainedCount
    }
    if total > 0 { throw ExitCode.failure }
  }
}

DecodingCommand.main()
