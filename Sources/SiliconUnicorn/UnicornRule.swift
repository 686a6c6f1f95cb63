import Silicon
import Tables

/// A row of the table of differences.
struct UnicornRule {
  let name: String
  let mnemonic: String
  let modes: [Substring]
  let theirs: String
  let ours: String
  let fields: Set<String>
  let when: Substring
  let encoding: String

  /// A difference that was found.
  struct Found {
    let mnemonic: String
    let encoding: String
    let mode: ScenarioMode
    let privilege: UInt16
    let theirs: String
    let ours: String
    let it: ModeCase
    /// Ours raised its exception behind the first instruction.
    let isBehind: Bool
    let differences: [ModeDifference]
    var fields: [String] { differences.map(\.field) }
  }

  static func all() throws(TableError) -> [UnicornRule] {
    try Table("unicorn differences", UnicornTables.differences).rows.map { row in
      UnicornRule(
        name: row["name"], mnemonic: row["mnemonic"], modes: row["modes"].split(separator: ","),
        theirs: row["theirs"], ours: row["ours"],
        fields: Set(row["fields"].split(separator: ",").map(String.init)), when: Substring(row["when"]),
        encoding: row["encoding"])
    }
  }

  /// Whether a case has the property that a row asks for.
  private func applies(_ found: Found) -> Bool {
    let it = found.it
    return switch when {
    case "behind": found.isBehind
    case "": true
    case "LOCK": it.prefixes.contains(0xF0)
    case "memory": it.hasMemory
    case "register": !it.hasMemory
    case "16": it.width == 16
    case "32": it.width == 32
    case "64": it.width == 64
    case "REX": it.hasREX
    case "RIP": it.isRIPRelative
    case "66": it.prefixes.contains(0x66)
    default: false
    }
  }

  func explains(_ found: Found) -> Bool {
    guard mnemonic == "*" || mnemonic.split(separator: ",").contains(Substring(found.mnemonic)), applies(found) else {
      return false
    }
    guard encoding.isEmpty || encoding == found.encoding else { return false }
    guard modes == ["all"] || modes.contains(Substring(found.mode.rawValue)) else { return false }
    guard fields.isEmpty else {
      return found.theirs == found.ours && found.differences.allSatisfy(isCovered)
    }
    return found.theirs != found.ours && (theirs == "any" || theirs == found.theirs)
      && (ours == "any" || ours == found.ours)
  }

  /// Whether the row's fields cover a difference: by name, by the general registers' common name, or by bits.
  private func isCovered(_ difference: ModeDifference) -> Bool {
    let isGeneral = Word.names[0..<16].contains(difference.field)
    for field in fields {
      let parts = field.split(separator: ":")
      guard let name = parts.first, name == difference.field || name == "general" && isGeneral else { continue }
      let bits = parts.count == 2 ? UInt64(parts[1], radix: 16) ?? 0 : ~0
      if difference.bits & ~bits == 0 { return true }
    }
    return false
  }
}

/// A difference in one field, and in which of its bits.
struct ModeDifference {
  let field: String
  let theirs: String
  let ours: String
  var bits: UInt64 = ~0
}
