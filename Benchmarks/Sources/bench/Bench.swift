import ArgumentParser
import Foundation

/// Times the benchmark guests on this project's emulator and on Bochs, in one run and in turn.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Compares the emulator's speed with Bochs'.",
    discussion: """
      Times are CPU seconds, user and system, of the emulator's process, its median for an empty guest taken off. \
      An emulator that is not found is named and left out.
      """
  )

  @Option(help: ArgumentHelp("This project's emulator.", valueName: "path"))
  var shootdown = "shootdown"

  @Option(help: ArgumentHelp("The directory of the guest images.", valueName: "dir"))
  var images = ".build-images"

  @Option(
    help: ArgumentHelp(
      "A Bochs built from its repository: the program or its directory (default: BOCHS_GIT in the environment).",
      valueName: "path"))
  var bochsGit: String?

  @Option(help: ArgumentHelp("Another Bochs, as a distribution ships it.", valueName: "path"))
  var bochs = "bochs"

  @Option(help: "Counted runs of each guest on each emulator, from 1 to 1000.")
  var runs = 5

  @Option(help: "Seconds by the clock after which a run is stopped.")
  var timeout = 120.0

  @Option(parsing: .upToNextOption, help: "Only these benchmarks.")
  var only: [Guest] = []

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Flag(help: "End with status 1 unless every required ratio is reached.")
  var check = false

  func validate() throws {
    guard (1...1000).contains(runs) else {
      throw ValidationError("--runs is \(runs); it must be from 1 to 1000")
    }
    guard timeout > 0, timeout <= 86_400 else {
      throw ValidationError("--timeout is \(timeout); it must be more than 0 and at most 86400 seconds")
    }
    guard !check || only.isEmpty else {
      throw ValidationError("--check needs all benchmarks, so it does not go with --only")
    }
  }

  func run() throws {
    let images = URL(fileURLWithPath: images).standardizedFileURL
    let guests = only.isEmpty ? Guest.measured : Guest.measured.filter(only.contains)
    for file in Guest.allCases.flatMap({ ["\($0.rawValue).bin", "\($0.rawValue).disk"] })
    where !FileManager.default.fileExists(atPath: images.appendingPathComponent(file).path) {
      throw ValidationError("\(file) is not in \(images.path); make the images with `make images`")
    }

    let report = Report(isJSON: json)
    report.host(Self.host(), runs: runs)
    let emulators = find(images: images, report)
    guard !emulators.isEmpty else {
      throw BenchError("there is no emulator to measure")
    }
    var measurement = Measurement(emulators)
    report.header(measurement)
    for guest in [.empty] + guests {
      measurement.measure(guest, runs: runs, limit: timeout)
      report.row(guest, measurement)
    }
    report.footer(measurement)
    measurement.failures.forEach(report.failure)
    var isBelow = false
    if only.isEmpty, let own = emulators.first(where: { $0.role == .shootdown }) {
      do {
        try Comparisons(own, images: images, runs: runs, limit: timeout).all { comparison in
          report.comparison(comparison)
          if !comparison.isMet { isBelow = true }
        }
      } catch {
        report.failure("\(error)")
        isBelow = true
      }
    }

    var isGood = measurement.failures.isEmpty
    if check {
      for requirement in Requirement.all {
        let verdict = requirement.verdict(
          ratios: measurement.ratios(to: requirement.against),
          bochs: emulators.first { $0.role == requirement.against })
        report.verdict(verdict)
        isGood = isGood && verdict.isMet
      }
      isGood = isGood && !isBelow
    }
    if !isGood {
      throw ExitCode(1)
    }
  }

  /// The emulators there are, in the order of the columns. Each is named in the report, and so is one that is not
  /// there.
  private func find(images: URL, _ report: Report) -> [Emulator] {
    Emulator.Role.allCases.compactMap { role in
      do {
        let emulator = try find(role, images: images)
        report.found(emulator)
        return emulator
      } catch {
        report.missing(role, because: "\(error)")
        return nil
      }
    }
  }

  private func find(_ role: Emulator.Role, images: URL) throws -> Emulator {
    switch role {
    case .shootdown:
      return try .shootdown(shootdown, images: images)
    case .monitor:
      return try .monitor(shootdown, images: images)
    case .bochsGit:
      let named = bochsGit ?? ProcessInfo.processInfo.environment["BOCHS_GIT"] ?? ""
      guard !named.isEmpty else {
        throw BenchError("neither --bochs-git nor BOCHS_GIT names one")
      }
      return try Bochs(named).emulator(role, images: images, limit: timeout)
    case .bochs:
      return try Bochs(bochs).emulator(role, images: images, limit: timeout)
    }
  }

  private static func host() -> String {
    let lines = Files.lines(URL(fileURLWithPath: "/proc/cpuinfo"))
    let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last
    let name = model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
    return "\(name), \(ProcessInfo.processInfo.activeProcessorCount) processors"
  }
}
