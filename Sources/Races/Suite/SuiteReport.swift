/// What came of a suite, in the formats that other programs read.
public struct SuiteReport {
  /// One scenario under one policy: what came of it, and the command that runs it again.
  public struct Line: Sendable {
    /// What came of it.
    public let result: ScenarioResult
    /// The command line.
    public let replay: String

    /// A line.
    public init(result: ScenarioResult, replay: String) {
      self.result = result
      self.replay = replay
    }

    var title: String { "\(result.name) (\(result.policy))" }
  }

  private let lines: [Line]

  /// A report in the order of the files.
  public init(_ lines: [Line]) { self.lines = lines }

  /// Test Anything Protocol.
  public var tap: String {
    var text = "TAP version 13\n1..\(lines.count)\n"
    for (index, line) in lines.enumerated() {
      let isGood = line.result.failures.isEmpty
      text += "\(isGood ? "ok" : "not ok") \(index + 1) - \(line.title.replacing("#", with: "\\#"))\n"
      guard !isGood else { continue }
      for failure in line.result.failures { text += "# \(failure)\n" }
      for report in line.result.report { text += "# \(report)\n" }
      text += "# again: \(line.replay)\n"
    }
    return text
  }

  /// JUnit's XML.
  public var junit: String {
    let failed = lines.filter { !$0.result.failures.isEmpty }.count
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text += "<testsuite name=\"shootdown\" tests=\"\(lines.count)\" failures=\"\(failed)\">\n"
    for line in lines {
      text += "  <testcase classname=\"\(xml(line.result.policy))\" name=\"\(xml(line.result.name))\""
      if line.result.failures.isEmpty {
        text += "/>\n"
        continue
      }
      let detail = line.result.failures + line.result.report + ["again: \(line.replay)"]
      text += ">\n    <failure message=\"\(xml(line.result.failures[0]))\">"
      text += xml(detail.joined(separator: "\n")) + "</failure>\n  </testcase>\n"
    }
    return text + "</testsuite>\n"
  }

  private func xml(_ text: String) -> String {
    String(
      text.unicodeScalars.flatMap { scalar -> [Character] in
        switch scalar {
        case "&": return Array("&amp;")
        case "<": return Array("&lt;")
        case ">": return Array("&gt;")
        case "\"": return Array("&quot;")
        case "\n": return ["\n"]
        // What XML cannot hold.
        case _ where scalar.value < 0x20: return ["?"]
        default: return [Character(scalar)]
        }
      })
  }
}

/// A scenario's result as JSON.
public struct ScenarioEvent: Encodable {
  let event = "scenario"
  let name: String
  let policy: String
  let passed: Bool
  let failures: [String]
  let report: [String]
  let hash: String
  let cycles: UInt64
  let again: String

  /// The event of a line.
  public init(_ line: SuiteReport.Line) {
    name = line.result.name
    policy = line.result.policy
    passed = line.result.failures.isEmpty
    failures = line.result.failures
    report = line.result.report
    hash = line.result.hash
    cycles = line.result.cycles
    again = line.replay
  }
}
