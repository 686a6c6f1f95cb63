/// An expectation about a number: `exits.18 >= 100`, `observer.refusals = 0` (docs/SCENARIO.md).
struct CountExpectation: Sendable {
  /// How it is compared.
  private enum Relation: String, CaseIterable {
    case atLeast = ">=", atMost = "<=", equal = "=", above = ">", below = "<"

    func holds(_ left: UInt64, _ right: UInt64) -> Bool {
      switch self {
      case .atLeast: left >= right
      case .atMost: left <= right
      case .equal: left == right
      case .above: left > right
      case .below: left < right
      }
    }
  }

  let text: String
  private let name: String
  private let relation: Relation
  private let bound: UInt64

  /// Nil: the text is none.
  init?(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 3, let relation = Relation(rawValue: words[1]), let bound = UInt64(words[2]),
      CountExpectation.isName(words[0])
    else { return nil }
    (self.text, name, self.relation, self.bound) = (text, words[0], relation, bound)
  }

  /// What does not hold, in a line.
  func failure(_ oracle: OracleCounters, _ nested: NestedCounters?) -> String? {
    guard let value = CountExpectation.value(name, oracle, nested) else { return "'\(text)': nothing has that name" }
    return relation.holds(value, bound) ? nil : "'\(text)' was expected, it is \(value)"
  }

  private static func isName(_ name: String) -> Bool {
    value(name, OracleCounters(), NestedCounters()) != nil
  }

  private static func value(_ name: String, _ oracle: OracleCounters, _ nested: NestedCounters?) -> UInt64? {
    let parts = name.split(separator: ".").map(String.init)
    if parts.count == 2, parts[0] == "exits", let reason = Int(parts[1]), oracle.exitsByReason.indices.contains(reason)
    {
      return oracle.exitsByReason[reason]
    }
    if parts.first == "observer" { return value(Array(parts.dropFirst()), nested ?? NestedCounters()) }
    switch name {
    case "exits": return oracle.exits
    case "entries": return oracle.entries
    case "messages": return oracle.messages
    case "stale-uses": return oracle.uses
    case "losses": return oracle.losses
    default: return nil
    }
  }

  private static func value(_ parts: [String], _ nested: NestedCounters) -> UInt64? {
    func item(_ list: [UInt64], from first: Int) -> UInt64? {
      guard parts.count == 2 else { return parts.count == 1 ? list.reduce(0, +) : nil }
      return Int(parts[1]).flatMap { $0 >= first && list.indices.contains($0) ? list[$0] : nil }
    }
    switch parts.first {
    case "invept"?: return item(nested.invept, from: 1)
    case "invvpid"?: return item(nested.invvpid, from: 0)
    default: break
    }
    guard parts.count == 1 else { return nil }
    switch parts[0] {
    case "fills": return nested.fills
    case "stores": return nested.stores
    case "entries": return nested.entries
    case "vmcs12s": return nested.vmcs12s
    case "notes": return nested.findings[.type, default: 0]
    case "refusals": return nested.refusals.values.reduce(0, +)
    case "unjudged": return nested.unjudged
    default: return nil
    }
  }
}
