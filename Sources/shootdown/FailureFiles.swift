import Foundation
import Races

/// What a failed scenario leaves: what runs it again, its schedule, its serial text and the reports.
struct FailureFiles {
  let folder: String

  /// Writes the files; the scenario that replays it.
  func write(
    _ scenario: Scenario, _ machine: ScenarioMachine, _ result: ScenarioResult, path: String, place: (String) -> String
  ) throws -> String {
    let stem =
      URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent + "."
      + result.policy.replacing(":", with: "-")
    var texts: [(String, [UInt8])] = []
    let schedule = machine.schedule.map { schedule -> String in
      texts.append((stem + ".schedule", Array(schedule.text.utf8)))
      return stem + ".schedule"
    }
    let suppressions = scenario.suppressions.map(place)
    let again = scenario.replay(
      policy: result.policy, hash: result.hash, schedule: schedule, suppressions: suppressions, place: place)
    texts.append((stem + ".yaml", Array(again.utf8)))
    texts.append((stem + ".serial", result.serial))
    texts.append((stem + ".report", Array((result.failures + result.report).map { $0 + "\n" }.joined().utf8)))
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for (name, bytes) in texts { try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + name)) }
    } catch {
      throw Misuse("--failures: \(folder): cannot be written")
    }
    return folder + "/" + stem + ".yaml"
  }
}
