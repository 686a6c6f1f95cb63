extension Opcode {
  /// The encoding in the manual's notation, as the opcode table writes it.
  public var encoding: String {
    func hex(_ value: UInt8) -> String { (value < 16 ? "0" : "") + String(value, radix: 16, uppercase: true) }
    let mandatory: String?
    switch prefix {
    case .any: mandatory = nil
    case .none, .strictlyNone: mandatory = "NP"
    case .byte(let byte): mandatory = hex(byte)
    }
    var words: [String] = []
    let maps: [Map: String] = [
      .escape0F: "0F", .escape0F38: "0F 38", .escape0F3A: "0F 3A", .vex0F: "0F", .vex0F38: "0F38", .vex0F3A: "0F3A",
    ]
    if map.isVEX {
      words.append(["VEX.LZ", mandatory, maps[map]].compactMap(\.self).joined(separator: "."))
    } else {
      words += [needsREXW ? "REX.W" : nil, mandatory, maps[map]].compactMap(\.self)
    }
    words.append(hex(byte) + (spread == 8 ? "+r" : spread == 16 ? "+cc" : ""))
    if let digit { words.append("/\(digit)") }
    return words.joined(separator: " ")
  }
}

/// The instructions part of docs/COVERAGE.md: a row a mnemonic and section, in the table's order.
public func coverageTable(of opcodes: [Opcode]) -> String {
  var order: [String] = []
  var rows: [String: (mnemonic: String, section: String, encodings: [String], widths: Set<Int>, refused: Bool)] = [:]
  for opcode in opcodes {
    let key = opcode.mnemonic + "|" + opcode.section
    if rows[key] == nil { order.append(key) }
    var row = rows[key] ?? (opcode.mnemonic, opcode.section, [], [], false)
    row.refused = opcode.shape == .refused
    row.encodings.append(opcode.encoding)
    row.widths.formUnion(opcode.widths)
    rows[key] = row
  }
  var lines = ["| instruction | encodings | operand sizes | section |", "|---|---|---|---|"]
  for key in order {
    guard let row = rows[key] else { continue }
    let widths = row.widths.sorted().map(String.init).joined(separator: ", ")
    lines.append(
      "| \(row.mnemonic) | \(row.encodings.joined(separator: ", ")) | \(row.refused ? "refused" : widths.isEmpty ? "–" : widths) | \(row.section) |"
    )
  }
  return lines.joined(separator: "\n")
}
