import Foundation
import Testing

/// A signal ends a run as it would end any program, after everything is written.
@Suite struct SignalTests {
  private static let guest = Program.print("first line\nno end of line") + Program.endless

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func outputIsWholeAndTheSignalKills(_ signal: Int32) throws {
    let folder = try Folder()
    let image = try folder.write(SignalTests.guest)
    let child = try Child(["run", "--kernel", image, "--memory", "4M", "--hash"])
    try waitForText { child.outputSoFar }
    child.send(signal)
    let ended = try child.wait(seconds: 10)
    #expect(ended.output == "first line\nno end of line", "\(ended)")
    #expect(ended.ending == .signal(signal), "\(ended)")
    #expect(ended.errorLines.count == 1 && ended.errors.contains("stopped from outside"), "\(ended)")
    #expect(ended.hashLine == nil, "\(ended)")
  }

  @Test func fileIsWholeToo() throws {
    let folder = try Folder()
    let image = try folder.write(SignalTests.guest)
    let child = try Child(["run", "--kernel", image, "--memory", "4M", "-q", "--serial", folder.path("text")])
    try waitForText { folder.text("text") }
    child.send(SIGTERM)
    let ended = try child.wait(seconds: 10)
    #expect(folder.text("text") == "first line\nno end of line")
    #expect(ended.ending == .signal(SIGTERM) && ended.errors.isEmpty && ended.output.isEmpty, "\(ended)")
  }

  /// What waits for an aim or a time limit is no exception.
  @Test(arguments: [["--until", "serial:never"], ["--until", "cycle:18446744073709551615"], ["--timeout", "1000"]])
  func aimsAndLimitsDoNotMatter(_ options: [String]) throws {
    let folder = try Folder()
    let child = try Child(["run", "--kernel", try folder.write(SignalTests.guest), "--memory", "4M"] + options)
    try waitForText { child.outputSoFar }
    child.send(SIGTERM)
    let ended = try child.wait(seconds: 10)
    #expect(ended.output == "first line\nno end of line" && ended.ending == .signal(SIGTERM), "\(ended)")
  }

  /// Waits for the first line, and a little longer for what the guest prints behind it.
  private func waitForText(_ text: () -> String) throws {
    let deadline = Date(timeIntervalSinceNow: 10)
    while !text().hasPrefix("first line\n") {
      try #require(Date() < deadline, "the guest printed nothing")
      usleep(1000)
    }
    usleep(100_000)
  }
}
