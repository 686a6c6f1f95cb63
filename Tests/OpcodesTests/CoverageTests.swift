import Foundation
import Opcodes
import Testing

@Suite struct CoverageTests {
  /// docs/COVERAGE.md holds what the opcode table says; `SHOOTDOWN_UPDATE_GOLDEN=1` writes it anew.
  @Test func documentAgreesWithTheTable() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/COVERAGE.md").standardizedFileURL
    let text = try String(contentsOf: file, encoding: .utf8)
    let begin = "<!-- instructions: generated -->\n"
    let end = "\n<!-- end -->"
    let head = try #require(text.range(of: begin))
    let tail = try #require(text.range(of: end, range: head.upperBound..<text.endIndex))
    let table = coverageTable(of: try Opcode.all())
    if ProcessInfo.processInfo.environment["SHOOTDOWN_UPDATE_GOLDEN"] != nil {
      let updated = text.replacingCharacters(in: head.upperBound..<tail.lowerBound, with: table)
      try updated.write(to: file, atomically: true, encoding: .utf8)
      return
    }
    #expect(String(text[head.upperBound..<tail.lowerBound]) == table, "SHOOTDOWN_UPDATE_GOLDEN=1 mends it")
  }
}
