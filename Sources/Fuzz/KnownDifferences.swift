import CPU
import Opcodes
import Tables

/// A difference between our decoder and Capstone 5 that is understood.
struct KnownDifference {
  /// What must hold of the bytes.
  enum Condition: String {
    case any
    /// LOCK, 66h, F2h or F3h, or a REX prefix stands before the opcode; the string begins with 15 prefixes or more.
    case lock, operandSize, repeated, rex, long
    /// The opcode lies behind C4h or C5h; behind 62h.
    case vex, evex
  }

  let kind: DecodeDifference.Kind
  /// Ours, or Capstone's without prefixes where ours has none; a trailing `*` stands for the rest.
  let mnemonics: [String]
  let modes: [CodeKind]
  let condition: Condition
  /// Who is right: `ours`, `both` (the manual leaves it open, or it is a matter of taste).
  let right: String
  let why: String

  static func all() throws(TableError) -> [KnownDifference] {
    var list: [KnownDifference] = []
    for row in try Table("decoding differences", KnownDifferences.text).rows {
      guard let kind = DecodeDifference.Kind(rawValue: row["kind"]) else { throw row.error("kind", "is unknown") }
      guard let condition = Condition(rawValue: row["condition"]) else { throw row.error("condition", "is unknown") }
      guard ["ours", "both"].contains(row["right"]) else { throw row.error("right", "is neither 'ours' nor 'both'") }
      guard !row["why"].isEmpty else { throw row.error("why", "is empty") }
      var modes: [CodeKind] = []
      for name in row["modes"].split(separator: ",") {
        if name == "all" {
          modes = CodeKind.allCases
        } else if let mode = CodeKind(rawValue: String(name)) {
          modes.append(mode)
        } else {
          throw row.error("modes", "'\(name)' is unknown")
        }
      }
      list.append(
        KnownDifference(
          kind: kind, mnemonics: row["mnemonics"].split(separator: ",").map(String.init), modes: modes,
          condition: condition, right: row["right"], why: row["why"]))
    }
    return list
  }

  /// One line.
  var text: String { "\(kind.rawValue) \(mnemonics.joined(separator: ",")) (\(condition.rawValue)): \(right), \(why)" }

  func explains(_ difference: DecodeDifference) -> Bool {
    guard difference.kind == kind, modes.contains(difference.code), holds(difference) else { return false }
    let name: Substring
    if kind == .capstone {
      name = difference.capstone?.mnemonic.split(separator: " ").last ?? ""
    } else {
      name = Substring(difference.ours.opcode?.mnemonic ?? "")
    }
    return mnemonics.contains { $0.hasSuffix("*") ? name.hasPrefix($0.dropLast()) : name == $0 }
  }

  private func holds(_ difference: DecodeDifference) -> Bool {
    let is64 = difference.code == .long
    let isPrefix: (UInt8) -> Bool = {
      [0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65].contains($0) || is64 && $0 & 0xF0 == 0x40
    }
    let prefixes = difference.bytes.prefix(while: isPrefix)
    let opcode = difference.bytes.dropFirst(prefixes.count).first
    switch condition {
    case .any: return true
    case .lock: return prefixes.contains(0xF0)
    case .operandSize: return prefixes.contains(0x66)
    case .repeated: return prefixes.contains(0xF2) || prefixes.contains(0xF3)
    case .rex: return prefixes.contains { is64 && $0 & 0xF0 == 0x40 }
    case .long: return difference.ours.standing == .tooLong || prefixes.count >= 14
    case .vex: return opcode == 0xC4 || opcode == 0xC5
    case .evex: return opcode == 0x62
    }
  }
}

/// Where our decoder and Capstone 5 differ, and who is right.
///
/// - `kind`: `length`; `ours`, only ours knows an instruction; `capstone`, only Capstone does.
/// - `mnemonics`: ours, or for `capstone` Capstone's; a trailing `*` stands for the rest.
/// - `condition`: what must hold of the bytes (`KnownDifference.Condition`).
/// - `why`: the manual's section, and what it says.
enum KnownDifferences {
  static let text: StaticString = """
    kind      mnemonics         modes        condition    right  why
    """
}
