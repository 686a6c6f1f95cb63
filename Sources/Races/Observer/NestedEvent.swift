import Machine

/// A finding of the nested-EPT observer as `--json` tells it (docs/JSON.md).
public struct NestedEvent: Encodable {
  let event = "nested-finding"
  let cause: String
  let isViolation: Bool
  let place: String
  let processor: Int?
  let cycle: UInt64
  let rip: String
  let address: String
  let physical: String
  let wanted: String?
  let eptp02: String
  let eptp12: String?
  let vpid02: UInt16?
  let vpid12: UInt16?
  let asked: String?
  let lines: [String]

  /// The event of a finding.
  public init(_ finding: NestedFinding, symbols: SymbolIndex = SymbolIndex()) {
    func digits(_ value: UInt64) -> String { String(value, radix: 16) }
    cause = finding.cause.rawValue
    isViolation = finding.cause.isViolation
    place = finding.place.rawValue
    processor = finding.seen.processor
    (cycle, rip) = (finding.seen.cycle, digits(finding.seen.rip))
    (address, physical) = (digits(finding.address), digits(finding.found.physical))
    wanted = finding.wanted.map { digits($0.physical) }
    eptp02 = digits(finding.eptp02)
    eptp12 = finding.eptp12.map(digits)
    (vpid02, vpid12) = (finding.vpid02, finding.vpid12)
    asked = finding.invalidation?.text
    lines = NestedReport(finding, symbols: symbols).lines
  }
}

/// What the nested-EPT observer has counted, as `--json` tells it.
public struct NestedCountersEvent: Encodable {
  let event = "nested"
  let fills, stores, entries, vmcs12s, ept12s, ept02s, older, unjudged, failed: UInt64
  let invept, invvpid: [String: UInt64]
  let findings, refusals: [String: UInt64]

  /// The event of what was counted.
  public init(_ counters: NestedCounters) {
    (fills, stores, entries) = (counters.fills, counters.stores, counters.entries)
    (vmcs12s, ept12s, ept02s) = (counters.vmcs12s, counters.ept12s, counters.ept02s)
    (older, unjudged, failed) = (counters.older, counters.unjudged, counters.failed)
    invept = Dictionary(uniqueKeysWithValues: (1...2).map { ("\($0)", counters.invept[$0]) })
    invvpid = Dictionary(uniqueKeysWithValues: (0...3).map { ("\($0)", counters.invvpid[$0]) })
    findings = Dictionary(counters.findings.map { ($0.key.rawValue, $0.value) }) { $1 }
    refusals = counters.refusals
  }
}

extension NestedCounters {
  /// Lines for people.
  public var lines: [String] {
    func list(_ counts: [UInt64], from first: Int) -> String {
      counts.indices.filter { $0 >= first }.map { "type \($0): \(counts[$0])" }.joined(separator: ", ")
    }
    var lines = [
      "nested EPT: \(vmcs12s) VMCS12s, \(ept12s) EPT12s, \(ept02s) EPT02s; L2 entered \(entries) times; checked "
        + "\(fills) fills under EPT02 and \(stores) stores to it",
      "nested EPT: L1's INVEPT \(list(invept, from: 1)); INVVPID \(list(invvpid, from: 0))",
    ]
    for (name, count) in refusals.sorted(by: { $0.key < $1.key }) {
      lines.append("nested EPT: not followed, \(count) times: \(name)")
    }
    if unjudged > 0 { lines.append("nested EPT: \(unjudged) could not be judged: EPT12 changes without INVEPT") }
    let found = findings.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
    if !found.isEmpty { lines.append("nested EPT: findings: " + found.joined(separator: ", ")) }
    return lines
  }
}
