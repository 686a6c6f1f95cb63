import ArgumentParser
import EPTTLB
import Foundation
import Guests
import Machine
import Races

/// `shootdown guests run tour`: a missing shootdown, found and explained; the right one beside it; and a race that one
/// schedule makes certain.
struct Tour {
  /// What came of one run.
  struct Outcome {
    var violations: [Violation] = []
    var serial: [UInt8] = []
    var hash = ""
  }

  /// Where the schedule and its scenarios are written.
  private let folder: String
  private let out = TextOutput()

  /// - Parameter folder: where files are written; nil: shootdown-tour here.
  init(folder: String?) { self.folder = folder ?? "shootdown-tour" }

  func run() throws {
    say(TourText.beginning)
    let wrong = try outcome("noflush", nil)
    guard let violation = wrong.violations.max(by: { $0.verdict < $1.verdict }) else {
      throw Misuse("tour: the oracle has seen nothing; that is a fault of Shootdown's own")
    }
    say(TourText.mistake(violation))
    say(TourText.printed(wrong.serial))
    say(TourText.wholeReport(ViolationReport(violation).lines))
    let right = try outcome(nil, nil)
    say(TourText.right(right.serial, isSilent: right.violations.isEmpty))
    let schedule = try Schedule(text: TourText.schedule)
    let lucky = try outcome("hasty", nil)
    let unlucky = try outcome("hasty", schedule)
    let mended = try outcome("shoot", schedule)
    guard lucky.violations.isEmpty, let race = unlucky.violations.first, mended.violations.isEmpty else {
      throw Misuse("tour: the race has not come out as it should; that is a fault of Shootdown's own")
    }
    say(TourText.race(race))
    try write()
    say(TourText.files(folder))
  }

  private func say(_ lines: [String]) {
    for line in lines { out.line(line) }
    out.flush()
  }

  /// The guest `quiesce` on two processors, with a word, under a schedule.
  private func outcome(_ word: String?, _ schedule: Schedule?) throws -> Outcome {
    var options = BoardOptions()
    options.memory = 16 << 20
    options.processors = 2
    guard let guest = try Guest.all().first(where: { $0.name == "quiesce" }) else { throw Misuse("tour: no guest") }
    let machine = ScenarioMachine(
      options: options, image: .flat(guest.image, commandLine: word), symbols: SymbolIndex(), schedule: schedule)
    var outcome = Outcome()
    let scenario = try Scenario(text: TourText.scenario("tour", word, schedule: nil), name: "tour")
    let result = scenario.run(on: machine, policy: nil) { outcome.violations.append($0) }
    (outcome.serial, outcome.hash) = (result.serial, result.hash)
    return outcome
  }

  /// The schedule, and what `suite` runs it with.
  private func write() throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for (name, text) in TourText.fileTexts {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
      }
    } catch {
      throw Misuse("\(folder): cannot be written; --output FOLDER names another place")
    }
  }
}
