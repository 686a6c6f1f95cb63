import ArgumentParser
import EPTTLB
import Foundation
import Machine
import Races

/// `shootdown suite`: runs scenarios side by side.
struct SuiteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suite", abstract: "Run scenarios, side by side; status 8 when an expectation fails.")

  @Argument(help: ArgumentHelp("Scenarios in YAML (docs/SCENARIO.md).", valueName: "file"))
  var files: [String]

  @Option(help: ArgumentHelp("tap (default), junit or json, on standard output.", valueName: "format"))
  var format = Format.tap

  /// What is printed.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    /// Test Anything Protocol, version 13.
    case tap
    /// JUnit's XML.
    case junit
    /// One JSON object a line (docs/JSON.md).
    case json
  }

  @Option(help: ArgumentHelp("Only under this TLB policy, whatever the scenarios say.", valueName: "policy"))
  var policy: String?

  @Option(help: ArgumentHelp("Threads (default: the host's processors).", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "Where a failed scenario leaves what runs it again, its serial text and reports (default: shootdown-failures).",
      valueName: "folder"))
  var failures = "shootdown-failures"

  /// A scenario under a policy.
  private struct Job: Sendable {
    let path: String
    let scenario: Scenario
    let machine: ScenarioMachine
    let policy: RetentionPolicy?
  }

  func run() throws {
    // A scenario says everything: what the environment sets for `run` is not meant.
    for name in ProcessInfo.processInfo.environment.keys
    where name.hasPrefix("SHOOTDOWN_") && name != "SHOOTDOWN_IMAGES" {
      unsetenv(name)
    }
    if let threads, !(1...1024).contains(threads) { throw Misuse("--threads: '\(threads)' is not 1 to 1024") }
    let jobs = try files.flatMap { try self.jobs($0) }
    let results = Workers.run(jobs.count, threads: threads) { index in
      jobs[index].scenario.run(on: jobs[index].machine, policy: jobs[index].policy)
    }
    let files = FailureFiles(folder: failures)
    let lines = try zip(jobs, results).map { job, result in
      guard !result.failures.isEmpty, !result.hash.isEmpty else {
        return SuiteReport.Line(result: result, replay: "shootdown suite --policy \(result.policy) \(job.path)")
      }
      let folder = URL(fileURLWithPath: job.path).deletingLastPathComponent()
      let again = try files.write(job.scenario, job.machine, result, path: job.path) {
        URL(fileURLWithPath: SuiteCommand.place($0, folder)).absoluteURL.path
      }
      return SuiteReport.Line(result: result, replay: "shootdown suite \(again)")
    }
    switch format {
    case .tap: print(SuiteReport(lines).tap, terminator: "")
    case .junit: print(SuiteReport(lines).junit, terminator: "")
    case .json:
      let events = EventStream()
      for line in lines { events.send(ScenarioEvent(line)) }
    }
    if lines.contains(where: { !$0.result.failures.isEmpty }) { throw ExitCode(ExitStatus.expectation) }
  }

  private func jobs(_ path: String) throws -> [Job] {
    let text = String(decoding: try ImageFile.read(path, limit: 1 << 20), as: UTF8.self)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    do {
      let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      let scenario = try Scenario(text: text, name: name)
      let machine = try machine(scenario, in: folder)
      let names = policy.map { [$0] } ?? scenario.policies
      let policies: [RetentionPolicy?] =
        names.isEmpty ? [nil] : try names.map { try RetentionPolicy.named($0).get() }
      return policies.map { Job(path: path, scenario: scenario, machine: machine, policy: $0) }
    } catch {
      throw Misuse("\(path): \(error)")
    }
  }

  /// Settings that are files, or go with them.
  private static let images: Set = [
    "guest", "kernel", "bios", "module", "append", "disk", "cdrom", "vgabios", "symbols",
  ]

  /// The machine and its image, by the words of `run`.
  private func machine(_ scenario: Scenario, in folder: URL) throws -> ScenarioMachine {
    var arguments: [String] = []
    var images: [String: [String]] = [:]
    for (name, values) in scenario.machine {
      if SuiteCommand.images.contains(name) {
        images[name] = values
      } else {
        arguments += values.flatMap { ["--" + name, $0] }
      }
    }
    let settings: MachineSettings
    do {
      settings = try MachineSettings.parse(arguments)
    } catch {
      throw Misuse("machine: \(MachineSettings.message(for: error))")
    }
    var options = try settings.options()
    let append = images["append"]?.joined(separator: " ")
    let source: BootSource
    if images["disk"] != nil || images["cdrom"] != nil {
      source = try BootSource(
        disks: (images["disk"] ?? []).map { SuiteCommand.place($0, folder) },
        cdrom: images["cdrom"]?.first.map { SuiteCommand.place($0, folder) },
        bios: images["bios"]?.first.map { SuiteCommand.place($0, folder) },
        videoBIOS: images["vgabios"]?.first.map { SuiteCommand.place($0, folder) })
    } else if let guest = images["guest"]?.first {
      source = try BootSource(guest: guest, append: append)
    } else if let kernel = images["kernel"]?.first {
      source = try BootSource(
        kernel: SuiteCommand.place(kernel, folder), modules: images["module"] ?? [], append: append,
        room: options.memory)
    } else if let bios = images["bios"]?.first {
      source = try BootSource(bios: SuiteCommand.place(bios, folder))
    } else {
      throw Misuse("machine: there is no guest, kernel, bios, disk or cdrom")
    }
    source.prepare(&options)
    var schedule: Schedule?
    if let file = scenario.schedule {
      let path = SuiteCommand.place(file, folder)
      let text = String(decoding: try ImageFile.read(path, limit: 1 << 20), as: UTF8.self)
      do { schedule = try Schedule(text: text) } catch { throw Misuse("\(path): \(error)") }
    }
    var suppressions = Suppressions()
    if let file = scenario.suppressions {
      let path = SuiteCommand.place(file, folder)
      let text = String(decoding: try ImageFile.read(path, limit: 1 << 20), as: UTF8.self)
      do { suppressions = try Suppressions(text: text) } catch { throw Misuse("\(path): \(error)") }
    }
    let paths = (images["symbols"] ?? []).map { SuiteCommand.place($0, folder) }
    let symbols = try Symbols(images: source.files, paths: paths).table
    return ScenarioMachine(
      options: options, image: source.image, symbols: symbols, schedule: schedule, suppressions: suppressions)
  }

  /// `$SHOOTDOWN_IMAGES/…` is looked for there, other relative paths beside the scenario.
  private static func place(_ path: String, _ folder: URL) -> String {
    let prefix = "$SHOOTDOWN_IMAGES/"
    if path.hasPrefix(prefix), let images = ProcessInfo.processInfo.environment["SHOOTDOWN_IMAGES"] {
      return images + "/" + path.dropFirst(prefix.count)
    }
    return path.hasPrefix("/") ? path : folder.appendingPathComponent(path).path
  }
}
