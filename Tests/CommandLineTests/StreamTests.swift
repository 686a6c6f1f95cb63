import Foundation
import Testing

/// What goes to standard output, to standard error and to files.
@Suite struct StreamTests {
  private let hello = "Hello from a 64-bit guest.\n"

  @Test func serialTextIsStandardOutputAndReportsAreStandardError() throws {
    let ended = try shootdown(["guests", "run", "hello", "--hash"])
    #expect(ended.output == hello, "\(ended)")
    #expect(ended.errorLines.count == 2 && ended.errorLines.allSatisfy { $0.hasPrefix("shootdown: ") }, "\(ended)")
    #expect(!ended.errors.contains("Hello"), "\(ended)")
  }

  @Test func textWithoutEndOfLineIsWholeOnEveryWayOut() throws {
    let ways: [([UInt8], [String], Int32)] = [
      (Program.exit(0), [], 1), (Program.halt, [], 6), (Program.tripleFault, [], 6), (Program.refused, [], 2),
      (Program.endless, ["--max-cycles", "9999"], 4), (Program.endless, ["--max-instructions", "9999"], 4),
      (Program.endless, ["--timeout", "0.2"], 4), (Program.endless, ["--until", "serial:end"], 0),
    ]
    for (tail, options, status) in ways {
      let folder = try Folder()
      let image = try folder.write(Program.print("first\r\nno end") + tail)
      let ended = try shootdown(["run", "--kernel", image, "--memory", "4M"] + options)
      #expect(ended.output == "first\r\nno end" && ended.ending == .status(status), "\(ended)")
    }
  }

  @Test func everyByteOfTheGuestArrives() throws {
    let folder = try Folder()
    // MOV DX, 3F8h; then every AL, 64 times: MOV ECX, 4000h; OUT DX, AL; INC AL; LOOP; OUT F4h, AL.
    let image = try folder.write([
      0x66, 0xBA, 0xF8, 0x03, 0x31, 0xC0, 0xB9, 0x00, 0x40, 0x00, 0x00, 0xEE, 0xFE, 0xC0, 0xE2, 0xFB, 0xE6, 0xF4,
    ])
    let arguments = ["run", "--kernel", image, "--memory", "4M", "--serial", folder.path("text")]
    #expect(try shootdown(arguments).ending == .status(1))
    let bytes = (0...255).map(UInt8.init)
    #expect(try folder.bytes("text") == Array(repeatElement(bytes, count: 64).joined()))
  }

  @Test func serialToAFile() throws {
    let folder = try Folder()
    _ = try folder.write(Array("older and longer text than the guest will ever print".utf8), as: "text")
    let ended = try shootdown(["guests", "run", "hello", "--serial", folder.path("text")])
    #expect(ended.output.isEmpty && ended.ending == .status(1), "\(ended)")
    #expect(folder.text("text") == hello)
  }

  @Test func serialToNowhere() throws {
    let folder = try Folder()
    let ended = try shootdown(["guests", "run", "hello", "--serial", "none"])
    #expect(ended.output.isEmpty && ended.ending == .status(1), "\(ended)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func serialHasNoPartInTheHash() throws {
    let folder = try Folder()
    let places = ["stdio", "none", folder.path("text")]
    let lines = try places.map { try shootdown(["guests", "run", "hello", "--hash", "--serial", $0]).hashLine }
    #expect(lines[0] != nil && lines[1] == lines[0] && lines[2] == lines[0])
  }

  @Test func quietSaysNothingUnlessSomethingIsWrong() throws {
    for quiet in ["-q", "--quiet"] {
      let ended = try shootdown(["guests", "run", "hello", quiet])
      #expect(ended.output == hello && ended.errors.isEmpty && ended.ending == .status(1), "\(ended)")
    }
    let hashed = try shootdown(["guests", "run", "hello", "-q", "--hash"])
    #expect(hashed.errorLines.count == 1 && hashed.hashLine != nil, "\(hashed)")
    let folder = try Folder()
    let refused = try shootdown(["run", "--kernel", try folder.write(Program.refused), "--memory", "4M", "-q"])
    #expect(refused.errorLines.count == 1 && refused.ending == .status(2), "\(refused)")
  }

  @Test func levelsOfTheLog() throws {
    let lines: [([String], Int)] = [
      ([], 1), (["-v"], 2), (["--verbose"], 2), (["--log-level", "trace"], 2), (["--log-level", "info"], 2),
      (["--log-level", "notice"], 1), (["--log-level", "warning"], 0), (["--log-level", "critical"], 0),
      (["-q", "-v"], 0), (["-q", "--log-level", "info"], 2), (["--log-level", "critical", "--hash"], 1),
    ]
    for (options, count) in lines {
      let ended = try shootdown(["guests", "run", "hello"] + options)
      #expect(ended.output == hello && ended.ending == .status(1), "\(ended)")
      #expect(ended.errorLines.count == count, "\(ended)")
      #expect(ended.errorLines.allSatisfy { $0.hasPrefix("shootdown: ") }, "\(ended)")
    }
  }

  @Test func noHashAfterATimeout() throws {
    let folder = try Folder()
    let arguments = ["run", "--kernel", try folder.write(Program.endless), "--memory", "4M", "--hash"]
    let timeout = try shootdown(arguments + ["--timeout", "0.2"])
    #expect(timeout.ending == .status(4) && timeout.hashLine == nil, "\(timeout)")
    for limit in ["--max-cycles", "--max-instructions"] {
      let ended = try shootdown(arguments + [limit, "4321"])
      #expect(ended.ending == .status(4) && ended.hashLine != nil, "\(ended)")
    }
  }

  /// The run goes on to its own end; what cannot be written is lost.
  @Test func readerThatGoesAwayIsNoErrorOfTheRun() throws {
    let pipe = try closedPipe()
    let child = try Child(["guests", "run", "hello"], output: .descriptor(pipe))
    close(pipe)
    let ended = try child.wait()
    #expect(ended.ending == .status(1), "\(ended)")
  }

  @Test func closedStandardOutputIsNoErrorOfTheRun() throws {
    let ended = try Child(["guests", "run", "hello"], output: .closed).wait()
    #expect(ended.ending == .status(1), "\(ended)")
  }

  /// Reports that nobody can take change neither the serial text nor the status.
  @Test(arguments: ["closed", "/dev/full"])
  func standardErrorThatTakesNothing(_ place: String) throws {
    let errors = place == "closed" ? Child.Place.closed : .file(place)
    let ended = try Child(["guests", "run", "hello", "--hash"], errors: errors).wait()
    #expect(ended.ending == .status(1) && ended.output == hello, "\(ended)")
    let misuse = try Child(["run", "--bogus"], errors: errors).wait()
    #expect(misuse.ending == .status(2) && misuse.output.isEmpty, "\(misuse)")
  }

  /// The writing end of a pipe that nobody reads.
  private func closedPipe() throws -> Int32 {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    close(ends[0])
    return ends[1]
  }
}
