import Foundation
import Monitor
import Testing

@Suite struct CommandTableTests {
  /// The table is read, and each of its rows is carried out by something.
  @Test func tableIsWhole() throws {
    let commands = try CommandTable().commands
    #expect(commands.count > 60)
    #expect(Set(commands.map(\.name)).count == commands.count)
  }

  /// What a person types by its short name or by another name is that command.
  @Test func shortNamesAreTheirOwn() throws {
    let table = try CommandTable()
    for command in table.commands {
      let names =
        [command.name] + [command.shortName].compactMap(\.self) + (command.name.contains(" ") ? [] : command.aliases)
      for name in names { #expect(try table.name(of: name) == command.name, "\(name)") }
    }
  }

  /// The examples are taken: none of them is an unknown command, or complains of how it is written.
  @Test func examplesAreTaken() throws {
    let bench = try Workbench("stale")
    bench.tell("sym add main 0x100000")
    for command in try CommandTable().commands where !["quit", "source"].contains(command.name) {
      let said = bench.tell(command.example)
      for complaint in ["there is no command", "is no expression", "is left of", "is missing", "what?"] {
        #expect(!said.contains(complaint), "\(command.example): \(said)")
      }
    }
    for name in ["page.bin"] { try? FileManager.default.removeItem(atPath: name) }
  }

  /// docs/MONITOR.md holds what the table says; `SHOOTDOWN_UPDATE_GOLDEN=1` writes it anew.
  @Test func documentAgreesWithTheTable() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/MONITOR.md").standardizedFileURL
    let text = try String(contentsOf: file, encoding: .utf8)
    let begin = "<!-- commands: generated -->\n"
    let head = try #require(text.range(of: begin))
    let tail = try #require(text.range(of: "\n<!-- end -->", range: head.upperBound..<text.endIndex))
    let table = try document()
    if ProcessInfo.processInfo.environment["SHOOTDOWN_UPDATE_GOLDEN"] != nil {
      let updated = text.replacingCharacters(in: head.upperBound..<tail.lowerBound, with: table)
      try updated.write(to: file, atomically: true, encoding: .utf8)
      return
    }
    let isSame = String(text[head.upperBound..<tail.lowerBound]) == table
    #expect(isSame, "SHOOTDOWN_UPDATE_GOLDEN=1 mends it")
  }

  private func document() throws -> String {
    var lines: [String] = []
    var family = ""
    for command in try CommandTable().commands {
      if command.family != family {
        family = command.family
        lines += ["", "## \(family)", "", "| command | short | what it does | example |", "|---|---|---|---|"]
      }
      let short = ([command.shortName] + command.aliases).compactMap(\.self).map { "`\($0)`" }.joined(separator: ", ")
      let usage = "\(command.name) \(command.arguments)".trimmingCharacters(in: .whitespaces)
      lines.append("| `\(escaped(usage))` | \(short) | \(escaped(command.help)) | `\(escaped(command.example))` |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func escaped(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
