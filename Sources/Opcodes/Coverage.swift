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

/// What runs rows of the opcode table, and which.
public struct Harness: Sendable {
  /// A word for the table.
  public let name: String
  /// Places in `Opcode.all` of the rows it runs.
  public let rows: Set<Int>

  /// A harness that runs these rows.
  public init(_ name: String, rows: Set<Int>) {
    self.name = name
    self.rows = rows
  }
}

/// The instructions part of docs/COVERAGE.md: a row a mnemonic and section, in the table's order.
public func coverageTable(of opcodes: [Opcode], testedBy harnesses: [Harness]) -> String {
  var order: [String] = []
  var groups: [String: [Int]] = [:]
  for (number, opcode) in opcodes.enumerated() {
    let key = opcode.mnemonic + "|" + opcode.section
    if groups[key] == nil { order.append(key) }
    groups[key, default: []].append(number)
  }
  var lines = ["| instruction | encodings | operand sizes | tested by | section |", "|---|---|---|---|---|"]
  for key in order {
    guard let numbers = groups[key], let first = numbers.first.map({ opcodes[$0] }) else { continue }
    let rows = numbers.map { opcodes[$0] }
    let widths = Set(rows.flatMap(\.widths)).sorted().map(String.init).joined(separator: ", ")
    let sizes: String
    switch first.shape {
    case .refused: sizes = "refused"
    case .absent: sizes = "#UD"
    default: sizes = widths.isEmpty ? "–" : widths
    }
    let tested = harnesses.compactMap { harness -> String? in
      let count = numbers.count { harness.rows.contains($0) }
      return count == 0 ? nil : count == numbers.count ? harness.name : "\(harness.name) (\(count) of \(numbers.count))"
    }
    let encodings = rows.map(\.encoding).joined(separator: ", ")
    lines.append(
      "| \(first.mnemonic) | \(encodings) | \(sizes) | \(tested.joined(separator: ", ")) | \(first.section) |")
  }
  return lines.joined(separator: "\n")
}
