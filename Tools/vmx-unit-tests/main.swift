import ArgumentParser
import Foundation
import Tables

/// Boots kvm-unit-tests' vmx.flat once for each of its sub-tests, and writes what they report beside what they report on
/// Bochs, with the causes that a table holds.
struct VMXUnitTests: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vmx-unit-tests", abstract: "Run the sub-tests of vmx.flat and write docs/VMX-UNIT-TESTS.md.")

  @Option(help: "The program.")
  var shootdown = ".build/release/shootdown"
  @Option(help: "Folder with kut/vmx.flat (default: SHOOTDOWN_IMAGES).")
  var images = ProcessInfo.processInfo.environment["SHOOTDOWN_IMAGES"] ?? ""
  @Option(help: "The sub-tests and their causes.")
  var table = "fixtures/vmx-unit-tests.txt"
  @Option(help: "What is written; nothing with --only.")
  var output = "docs/VMX-UNIT-TESTS.md"
  @Option(help: "Just sub-tests with this in their name.")
  var only: String?
  @Option(help: "How many at a time.")
  var jobs = 2
  @Option(help: "Seconds of host time for each.")
  var timeout = 1800
  @Option(help: "Folder for what each writes.")
  var logs: String?

  func validate() throws {
    guard !images.isEmpty else {
      throw ValidationError("--images or SHOOTDOWN_IMAGES names the folder with kut/vmx.flat")
    }
    guard jobs > 0, timeout > 0 else { throw ValidationError("--jobs and --timeout are positive numbers") }
  }

  func run() throws {
    let text = try String(contentsOfFile: table, encoding: .utf8)
    let rows = try Table(table, text: text).rows.filter { row in only.map { row["sub-test"].contains($0) } ?? true }
    let results = Results(count: rows.count)
    let next = Counter()
    DispatchQueue.concurrentPerform(iterations: jobs) { _ in
      while let number = next.take(below: rows.count) {
        let result = boot(rows[number])
        results[number] = result
        // Who waits for minutes wants to see each line at once.
        FileHandle.standardOutput.write(Data("\(rows[number]["sub-test"]): \(result)\n".utf8))
      }
    }
    var uncaused: [String] = []
    for (number, row) in rows.enumerated() where results[number].isGood != row["cause"].isEmpty {
      uncaused.append(row["sub-test"])
    }
    if only == nil {
      try page(rows, results).write(toFile: output, atomically: true, encoding: .utf8)
    }
    let good = rows.indices.filter { results[$0].isGood }.count
    print("\(good) of \(rows.count) pass")
    if !uncaused.isEmpty {
      print(
        "\(table) has a cause for one that passes, or none for one that does not: " + uncaused.joined(separator: ", "))
      throw ExitCode.failure
    }
  }

  // MARK: One boot

  private func boot(_ row: Table.Row) -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: shootdown)
    process.arguments =
      [
        "run", "--kernel", images + "/kut/vmx.flat", "--append", row["sub-test"], "--cpus", "2", "--memory", "2560M",
        "--timeout", String(timeout),
      ] + row["options"].split(separator: " ").map(String.init)
    let pipe = Pipe()
    let errors = Pipe()
    process.standardOutput = pipe
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    do { try process.run() } catch { return Outcome(text: "not run: \(error)", isGood: false) }
    // The program ends by itself in time, unless it hangs where it does not look at the clock.
    let identifier = process.processIdentifier
    let watchdog = DispatchWorkItem { kill(identifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(timeout + 30), execute: watchdog)
    defer { watchdog.cancel() }
    // What goes to standard error is short and cannot fill its pipe.
    let written = pipe.fileHandleForReading.readDataToEndOfFile()
    let said = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    if let logs {
      try? (written + said).write(
        to: URL(fileURLWithPath: logs).appendingPathComponent(row["sub-test"].replacing("/", with: "_") + ".log"))
    }
    return Outcome(
      lines: String(decoding: written, as: UTF8.self).split(whereSeparator: \.isNewline),
      said: String(decoding: said, as: UTF8.self), status: process.terminationStatus,
      wasKilled: process.terminationReason == .uncaughtSignal)
  }

  // MARK: The page

  private func page(_ rows: [Table.Row], _ results: Results) -> String {
    var lines = [
      "# vmx.flat", "",
      "The sub-tests of kvm-unit-tests' `vmx.flat`, one boot each with two processors of model `max` and 2,560 MB, beside what",
      "they come to on Bochs. `make vmx-unit-tests` writes this page; causes stand in `\(table)`.", "",
      "\(rows.indices.filter { results[$0].isGood }.count) of \(rows.count) pass, with at least one report each.", "",
      "| sub-test | here | Bochs | cause |", "|---|---|---|---|",
    ]
    for (number, row) in rows.enumerated() {
      let options = row["options"].isEmpty ? "" : ", with `\(row["options"])`"
      lines.append("| \(row["sub-test"]) | \(results[number])\(options) | \(row["Bochs"]) | \(row["cause"]) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// What a boot came to.
struct Outcome: CustomStringConvertible {
  let text: String
  /// At least one report, and all passed.
  let isGood: Bool

  init(text: String, isGood: Bool) { (self.text, self.isGood) = (text, isGood) }

  /// - Parameters:
  ///   - lines: what the guest wrote.
  ///   - said: what the program said.
  init(lines: [Substring], said: String, status: Int32, wasKilled: Bool) {
    // "SUMMARY: 12 tests, 1 unexpected failures, 2 skipped", the last two where there are any.
    var counts: [Substring: Int] = [:]
    for part in lines.last(where: { $0.hasPrefix("SUMMARY: ") })?.dropFirst(9).split(separator: ",") ?? [] {
      let words = part.split(separator: " ")
      if let last = words.last, let count = words.first.flatMap({ Int($0) }) { counts[last] = count }
    }
    let failed = counts["failures"] ?? 0
    let skipped = counts["skipped"] ?? 0
    let passed = (counts["tests"] ?? 0) - failed - skipped
    let reason = said.split(whereSeparator: \.isNewline).last ?? ""
    let last = lines.last { !$0.allSatisfy(\.isWhitespace) } ?? ""
    isGood = !wasKilled && status == 1 && failed == 0 && passed > 0
    text =
      switch (wasKilled, status) {
      case (true, SIGKILL): "the program hangs"
      case (true, _): "the program crashes, signal \(status)"
      case (_, 1) where counts.isEmpty: "ends without a summary"
      case (_, 1) where passed == 0 && failed == 0: skipped > 0 ? "skip" : "no reports"
      case (_, 1) where failed == 0: "pass \(passed)" + (skipped > 0 ? ", skip \(skipped)" : "")
      case (_, 1), (_, 3): "fail \(failed)/\(passed + failed)"
      case (_, 77): "skip"
      case (_, 127): "aborts: \(last)"
      default: "status \(status): \(reason)"
      }
  }

  var description: String { text }
}

/// Outcomes by row, written by several threads.
final class Results: @unchecked Sendable {
  private let lock = NSLock()
  private var outcomes: [Outcome]

  init(count: Int) { outcomes = Array(repeating: Outcome(text: "not run", isGood: false), count: count) }

  subscript(number: Int) -> Outcome {
    get { lock.withLock { outcomes[number] } }
    set { lock.withLock { outcomes[number] = newValue } }
  }
}

/// Hands out numbers in order.
final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var next = 0

  func take(below end: Int) -> Int? {
    lock.withLock {
      guard next < end else { return nil }
      next += 1
      return next - 1
    }
  }
}

VMXUnitTests.main()
