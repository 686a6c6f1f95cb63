import Opcodes

/// Places in `Opcode.all` of the rows that campaigns run, on a host that has the features the rows ask for.
///
/// - Throws: `TableError` when a table is wrong.
public func siliconRows() throws -> Set<Int> {
  func name(_ mnemonic: String, _ encoding: String) -> String { mnemonic + "|" + encoding }
  // Rows with the same name differ in operands only: as many of them are left out as have been skipped.
  var skipped: [String: Int] = [:]
  for row in try Knowledge().skipped where !row.reason.hasPrefix("the host lacks") {
    skipped[name(row.mnemonic, row.encoding), default: 0] += 1
  }
  var rows: Set<Int> = []
  for (number, opcode) in try Opcode.all().enumerated() {
    let key = name(opcode.mnemonic, opcode.encoding)
    if let left = skipped[key], left > 0 {
      skipped[key] = left - 1
    } else {
      rows.insert(number)
    }
  }
  return rows
}
