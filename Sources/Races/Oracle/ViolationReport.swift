import EPTTLB
import MMU
import Machine

/// A violation in words: what happened, in the order in which it did, and why nothing has helped.
public struct ViolationReport {
  private let violation: Violation
  private let symbols: SymbolIndex

  /// - Parameter symbols: names for instruction pointers.
  public init(_ violation: Violation, symbols: SymbolIndex = SymbolIndex()) {
    self.violation = violation
    self.symbols = symbols
  }

  /// The lines, the first of them a summary.
  public var lines: [String] {
    let use = violation.use
    let mapping = use.mapping
    var lines = [
      "stale mapping, \(violation.verdict.rawValue): CPU \(use.processor) \(accessText) \(addressText) "
        + "by a translation that memory no longer has (\(axesText))"
    ]
    if let fill = violation.fill {
      lines.append(
        "  made:    cycle \(fill.cycle), CPU \(use.processor) at \(place(fill.rip)): \(kindText) "
          + "\(hex(mapping.prefix)) -> \(hex(mapping.target)), \(rightsText); tags \(tagText)"
          + (use.suspicion?.isInherited == true ? "; by way of a mapping that was stale already" : ""))
    } else {
      lines.append(
        "  made:    by CPU \(use.processor): \(kindText) \(hex(mapping.prefix)) -> \(hex(mapping.target)), "
          + "\(rightsText); tags \(tagText)")
    }
    if let change = violation.change {
      lines.append(
        "  changed: cycle \(change.cycle), \(writerText(change.writer)) at \(place(change.rip)): "
          + "\(violation.isEPT ? "EPT" : "paging-structure") entry at \(hex(change.address)), "
          + "\(hex(change.old)) -> \(hex(change.new))")
    } else {
      lines.append("  changed: not by a store: the mapping was made from another root with the same tags")
    }
    if let write = violation.write {
      lines.append(
        "  reused:  cycle \(write.cycle), \(writerText(write.writer)) at \(place(write.rip)): wrote \(hex(write.address)), "
          + "which the translation leads to, through another one")
    }
    if let acknowledgement = violation.acknowledgement { lines.append("  claimed: \(acknowledgement)") }
    lines.append(
      "  used:    cycle \(use.cycle), CPU \(use.processor) at \(place(use.rip)): \(accessText) \(addressText), "
        + "physical \(hex(mapping.physical(use.address.value)))")
    for missed in violation.missed {
      lines.append(
        "  no help: cycle \(missed.cycle), CPU \(missed.processor) at \(place(missed.rip)): \(missed.text): "
          + missed.reason)
    }
    if !violation.missed.contains(where: { $0.processor == use.processor }) {
      lines.append("  no help: CPU \(use.processor) has executed no invalidation since the change")
    }
    if !violation.residency.isEmpty {
      lines.append("  would hardware show it? An estimate by the fills since; --tlb NAME tells:")
      for (part, text) in violation.residency { lines.append("    \(part): \(text)") }
    }
    return lines
  }

  /// An address, with its symbol where one is known.
  func place(_ address: UInt64) -> String {
    symbols.text(of: address).map { "\(hex(address)) (\($0))" } ?? hex(address)
  }

  private var accessText: String {
    let access = violation.use.access
    return access.isFetch ? "fetched from" : access.isWrite ? "wrote" : "read"
  }

  private var addressText: String {
    (violation.use.mapping.kind == .guestPhysical ? "guest-physical " : "linear ") + hex(violation.use.address.value)
  }

  private var kindText: String {
    switch violation.use.mapping.kind {
    case .linear: "linear mapping"
    case .guestPhysical: "guest-physical mapping"
    case .combined: "combined mapping"
    }
  }

  private var rightsText: String {
    let mapping = violation.use.mapping
    let write = mapping.rights.contains(.write) && mapping.eptRights.contains(.write)
    let execute = mapping.rights.contains(.execute) && mapping.eptRights.contains(.execute)
    return "r" + (write ? "w" : "-") + (execute ? "x" : "-")
  }

  private var tagText: String {
    let tag = violation.use.mapping.tag
    switch violation.use.mapping.kind {
    case .linear: return "VPID \(tag.vpid), PCID \(tag.pcid)"
    case .guestPhysical: return "EPTP \(hex(tag.ep4ta))"
    case .combined: return "VPID \(tag.vpid), PCID \(tag.pcid), EPTP \(hex(tag.ep4ta))"
    }
  }

  private var axesText: String { violation.axes.names.joined(separator: ", ") }

  private func writerText(_ writer: Writer) -> String {
    switch writer {
    case .processor(let number): "CPU \(number)"
    case .device: "a device"
    case .monitor: "the monitor"
    }
  }
}

extension MappingAxes {
  /// Their names.
  public var names: [String] {
    let all: [(MappingAxes, String)] = [
      (.frame, "frame"), (.read, "present"), (.write, "write"), (.execute, "execute"), (.user, "user"),
      (.type, "memory type"), (.dirty, "dirty"), (.global, "global"), (.key, "key"),
    ]
    return all.filter { contains($0.0) }.map(\.1)
  }
}

/// A violation as `--json` tells it (docs/JSON.md).
public struct ViolationEvent: Encodable {
  /// A change, a use, an invalidation: who, when, where.
  struct Moment: Encodable {
    let processor: Int?
    let cycle: UInt64
    let rip: String
    let symbol: String?
  }
  struct Entry: Encodable {
    let kind: String
    let address: String
    let old: String
    let new: String
  }
  struct Mapping: Encodable {
    let kind: String
    let address: String
    let target: String
    let vpid: UInt16
    let pcid: UInt16
    let eptp: String
  }
  struct Missed: Encodable {
    let at: Moment
    let operation: String
    let reason: String
  }

  let event = "violation"
  let verdict: String
  let axes: [String]
  let access: String
  let address: String
  let used: Moment
  let mapping: Mapping
  let filled: Moment?
  let changed: Moment?
  let entry: Entry?
  let reused: Moment?
  let claimed: String?
  let missed: [Missed]
  let residency: [String: String]

  /// The event of a violation.
  public init(_ violation: Violation, symbols: SymbolIndex = SymbolIndex()) {
    func digits(_ value: UInt64) -> String { String(value, radix: 16) }
    func moment(_ processor: Int?, _ cycle: UInt64, _ rip: UInt64) -> Moment {
      Moment(processor: processor, cycle: cycle, rip: digits(rip), symbol: symbols.text(of: rip))
    }
    func number(_ writer: Writer) -> Int? { if case .processor(let number) = writer { number } else { nil } }
    let use = violation.use
    verdict = violation.verdict.rawValue
    axes = violation.axes.names
    access = use.access.isFetch ? "fetch" : use.access.isWrite ? "write" : "read"
    address = digits(use.address.value)
    used = moment(use.processor, use.cycle, use.rip)
    mapping = Mapping(
      kind: "\(use.mapping.kind)", address: digits(use.mapping.prefix), target: digits(use.mapping.target),
      vpid: use.mapping.tag.vpid, pcid: use.mapping.tag.pcid, eptp: digits(use.mapping.tag.ep4ta))
    filled = violation.fill.map { moment(use.processor, $0.cycle, $0.rip) }
    changed = violation.change.map { moment(number($0.writer), $0.cycle, $0.rip) }
    entry = violation.change.map {
      Entry(
        kind: violation.isEPT ? "ept" : "paging", address: digits($0.address), old: digits($0.old), new: digits($0.new))
    }
    reused = violation.write.map { moment(number($0.writer), $0.cycle, $0.rip) }
    claimed = violation.acknowledgement
    missed = violation.missed.map {
      Missed(at: moment($0.processor, $0.cycle, $0.rip), operation: $0.text, reason: $0.reason)
    }
    residency = Dictionary(violation.residency.map { ($0.part, $0.text) }) { $1 }
  }
}

/// What the oracle has counted, as `--json` tells it.
public struct OracleEvent: Encodable {
  struct Invalidations: Encodable {
    let all: UInt64
    let needless: UInt64
  }

  let event = "oracle"
  let changes: UInt64
  let losses: UInt64
  let uses: UInt64
  let verdicts: [String: UInt64]
  let kinds: [String: UInt64]
  let violations: UInt64
  let strayFlags: UInt64
  let entries: UInt64
  let exits: UInt64
  let messages: UInt64
  let invalidations: [String: Invalidations]

  /// The event of what was counted.
  public init(_ counters: OracleCounters) {
    changes = counters.changes
    losses = counters.losses
    uses = counters.uses
    verdicts = Dictionary(Verdict.allCases.map { ($0.rawValue, counters.verdicts[$0, default: 0]) }) { $1 }
    kinds = Dictionary(MappingKind.allCases.map { ("\($0)", counters.kinds[$0, default: 0]) }) { $1 }
    violations = counters.violations
    strayFlags = counters.strayFlags
    entries = counters.entries
    exits = counters.exits
    messages = counters.messages
    invalidations = counters.invalidations.mapValues { Invalidations(all: $0.all, needless: $0.needless) }
  }
}
