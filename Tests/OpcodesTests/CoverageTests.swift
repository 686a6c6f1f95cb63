import CPU
import Foundation
import Fuzz
import Guests
import Machine
import Opcodes
import Silicon
import Testing

@Suite struct CoverageTests {
  /// What runs which rows, as each harness itself says.
  private func harnesses() throws -> [Harness] {
    [
      Harness("silicon", rows: try siliconRows()),
      Harness("guests", rows: try guestRows()),
      Harness("fuzz", rows: try fuzzedRows(strings: 300_000)),
    ]
  }

  /// Rows of the instructions that the guests consist of, as far as they run.
  private func guestRows() throws -> Set<Int> {
    var rows: Set<Int> = []
    for guest in try Guest.all() {
      var options = BoardOptions()
      options.memory = 16 << 20
      let board = try Board(options) { _ in false }
      board.processor.decoder.observer = { rows.insert($0) }
      try FlatImage.load(guest.image, into: board)
      _ = board.run()
    }
    return rows
  }

  /// docs/COVERAGE.md holds what the opcode table says; `SHOOTDOWN_UPDATE_GOLDEN=1` writes it anew.
  @Test func documentAgreesWithTheTable() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/COVERAGE.md").standardizedFileURL
    let text = try String(contentsOf: file, encoding: .utf8)
    let begin = "<!-- instructions: generated -->\n"
    let end = "\n<!-- end -->"
    let head = try #require(text.range(of: begin))
    let tail = try #require(text.range(of: end, range: head.upperBound..<text.endIndex))
    let table = coverageTable(of: try Opcode.all(), testedBy: try harnesses())
    if ProcessInfo.processInfo.environment["SHOOTDOWN_UPDATE_GOLDEN"] != nil {
      let updated = text.replacingCharacters(in: head.upperBound..<tail.lowerBound, with: table)
      try updated.write(to: file, atomically: true, encoding: .utf8)
      return
    }
    let isSame = String(text[head.upperBound..<tail.lowerBound]) == table
    #expect(isSame, "SHOOTDOWN_UPDATE_GOLDEN=1 mends it")
  }

  /// Every row is run by something.
  @Test func everyRowIsTested() throws {
    let tested = try harnesses().reduce(into: Set<Int>()) { $0.formUnion($1.rows) }
    for (number, opcode) in try Opcode.all().enumerated() {
      #expect(tested.contains(number), "\(opcode.mnemonic) \(opcode.encoding)")
    }
  }
}
