import EPTTLB
import MMU
import Machine

/// A finding in words.
public struct NestedReport {
  private let finding: NestedFinding
  private let symbols: SymbolIndex

  /// - Parameter symbols: names for instruction pointers, L0's and L1's.
  public init(_ finding: NestedFinding, symbols: SymbolIndex = SymbolIndex()) {
    self.finding = finding
    self.symbols = symbols
  }

  /// The lines, the first of them a summary.
  public var lines: [String] {
    var lines = [
      "nested EPT, \(finding.cause.rawValue)\(finding.cause.isViolation ? "" : " (a note)"): \(summary)",
      "  seen:    \(moment(finding.seen)): \(seenText); L2 runs on EPTP02 \(hex(finding.eptp02))"
        + (finding.vpid02.map { ", VPID02 \($0)" } ?? "") + " for "
        + (finding.eptp12.map { "EPTP12 \(hex($0))" } ?? "L1 without EPT12")
        + (finding.vpid12.map { ", VPID12 \($0)" } ?? ", no VPID12"),
    ]
    if let mapping = finding.mapping {
      lines.append(
        "  mapping: \(mapping.kind == .combined ? "combined" : "guest-physical") \(hex(mapping.prefix)) -> "
          + "\(hex(mapping.target)), \(rights(mapping.eptRights)); tags VPID \(mapping.tag.vpid), PCID "
          + "\(mapping.tag.pcid), EPTP \(hex(mapping.tag.ep4ta))")
    }
    if let entry = finding.entry02 {
      lines.append("  EPT02:   entry at \(hex(entry.address)) is \(hex(entry.value))")
    }
    if let stored = finding.stored {
      lines.append("  written: \(moment(stored.moment)): \(hex(stored.old)) -> \(hex(stored.new))")
    }
    if let entry = finding.entry12 {
      lines.append(
        "  EPT12:   entry at L1's \(hex(entry.address)) is \(hex(entry.value))"
          + (finding.guestPhysical.map { ", which leads to L1's \(hex($0))" } ?? ", which leads nowhere"))
    }
    if let wanted = finding.wanted {
      lines.append("  wanted:  EPT01 makes that \(text(wanted)); \(foundText)")
    } else {
      lines.append("  found:   \(text(finding.found))")
    }
    if let change = finding.change {
      lines.append(
        "  changed: cycle \(change.cycle), \(writer(change.writer)) at \(place(change.rip)): EPT12's entry at "
          + "\(hex(change.address)), \(hex(change.old)) -> \(hex(change.new))")
    }
    if let invalidation = finding.invalidation {
      lines.append(
        "  asked:   cycle \(invalidation.cycle), L1 at \(place(invalidation.rip)): \(invalidation.text), "
          + "and L0 told it of success")
      if finding.missed.isEmpty {
        lines.append("  no help: CPU \(finding.seen.processor ?? 0) has executed no INVEPT and no INVVPID since")
      }
    }
    for missed in finding.missed {
      lines.append(
        "  no help: cycle \(missed.cycle), CPU \(missed.processor) at \(place(missed.rip)): \(missed.text): "
          + missed.reason)
    }
    return lines
  }

  private var summary: String {
    let who = "CPU \(finding.seen.processor ?? 0)"
    let what = "L2's guest-physical \(hex(finding.address))"
    switch finding.cause {
    case .entry: return "on \(who) \(what) leads to \(hex(finding.found.physical)), and not where EPT12 and EPT01 lead"
    case .absent: return "on \(who) \(what) leads to \(hex(finding.found.physical)), and EPT12 leads nowhere"
    case .withheld: return "on \(who) \(what) leads to \(hex(finding.found.physical)), which EPT01 does not give L1"
    case .rights: return "on \(who) \(what) may be used in ways that EPT12 or EPT01 denies"
    case .lostINVEPT:
      return
        "on \(who) \(what) still leads to \(hex(finding.found.physical)), as before L1 changed EPT12 and invalidated"
    case .lostINVVPID:
      return "on \(who) linear \(hex(finding.address)) is translated by a mapping that L1 has invalidated"
    case .kept: return "on \(who) linear \(hex(finding.address)) is translated by a mapping that L1's entry drops"
    case .type: return "on \(who) \(what) has another memory type than EPT12 says"
    }
  }

  private var seenText: String {
    switch finding.place {
    case .fill: "a walk filled a mapping"
    case .store: "L2 is entered after a store to EPT02"
    case .entry: "L2 is entered"
    }
  }

  private var foundText: String { "found \(text(finding.found))" }

  private func text(_ meaning: NestedFinding.Meaning) -> String {
    "\(hex(meaning.physical)), \(rights(meaning.rights))" + (meaning.type.map { ", type \(typeText($0))" } ?? "")
  }

  private func typeText(_ type: UInt8) -> String {
    let names: [UInt8: String] = [0: "UC", 1: "WC", 4: "WT", 5: "WP", 6: "WB"]
    return (names[type & 7] ?? "\(type & 7)") + (type & 8 != 0 ? " without PAT" : "")
  }

  private func rights(_ rights: EPTRights) -> String {
    (rights.contains(.read) ? "r" : "-") + (rights.contains(.write) ? "w" : "-")
      + (rights.contains(.execute) ? "x" : "-")
  }

  private func moment(_ moment: NestedFinding.Moment) -> String {
    "cycle \(moment.cycle), \(moment.processor.map { "CPU \($0)" } ?? "a device") at \(place(moment.rip))"
  }

  private func writer(_ writer: Writer) -> String {
    switch writer {
    case .processor(let number): "CPU \(number)"
    case .device: "a device"
    case .monitor: "the monitor"
    }
  }

  private func place(_ address: UInt64) -> String {
    symbols.text(of: address).map { "\(hex(address)) (\($0))" } ?? hex(address)
  }
}
