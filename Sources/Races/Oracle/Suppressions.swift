import EPTTLB
import Machine

/// Violations that somebody has looked at and does not want to hear of again, each with the reason (docs/ORACLE.md).
public struct Suppressions: Sendable {
  /// One of them.
  public struct Rule: Equatable, Sendable {
    /// What a violation must be like: by name, all of them.
    let conditions: [Key: String]
    /// Why it is of no interest.
    public let reason: String
  }

  /// What a rule may ask for.
  enum Key: String, CaseIterable {
    /// The verdict, or the cause of a finding about nested EPT.
    case verdict
    /// The function, or the instruction's address, that changed the entry.
    case changed
    /// The function, or the address, of the use.
    case used
    /// The changed entry's address.
    case entry
    /// The address that was used.
    case address
    /// The EPTP, or EP4TA, that the mapping is tagged with; of nested EPT, EPTP02.
    case root
  }

  /// What is wrong with a file.
  public struct Failure: Error, CustomStringConvertible, Sendable {
    /// The line, from 1.
    public let line: Int
    /// What is wrong with it.
    public let problem: String
    /// One line for people.
    public var description: String { "line \(line): \(problem)" }
  }

  /// The first line of a file.
  public static let header = "# shootdown suppressions 1"

  /// The rules, in the file's order.
  public let rules: [Rule]

  /// Nothing is suppressed.
  public init() { rules = [] }

  /// Reads a file's text: `suppress KEY=VALUE …: REASON` a line.
  public init(text: String) throws(Failure) {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard lines.first.map(String.init) == Suppressions.header else {
      throw Failure(line: 1, problem: "suppressions begin with '\(Suppressions.header)'")
    }
    guard lines.count <= 10_000 else { throw Failure(line: 10_000, problem: "10000 lines are the most") }
    var rules: [Rule] = []
    for (index, line) in lines.enumerated() where !line.hasPrefix("#") && !line.allSatisfy(\.isWhitespace) {
      rules.append(try Suppressions.rule(line, index + 1))
    }
    self.rules = rules
  }

  private static func rule(_ line: Substring, _ number: Int) throws(Failure) -> Rule {
    guard let colon = line.range(of: ": ") ?? line.range(of: ":\t") else {
      throw Failure(line: number, problem: "there is no reason; 'suppress KEY=VALUE …: REASON'")
    }
    let reason = line[colon.upperBound...].drop { $0.isWhitespace }
    guard !reason.isEmpty else { throw Failure(line: number, problem: "the reason is empty") }
    let words = line[..<colon.lowerBound].split(separator: " ")
    guard words.first == "suppress", words.count > 1 else {
      throw Failure(line: number, problem: "'\(line.prefix(80))' is not 'suppress KEY=VALUE …: REASON'")
    }
    var conditions: [Key: String] = [:]
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let key = Key(rawValue: String(parts[0])) else {
        let known = Key.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure(line: number, problem: "'\(word)' is no KEY=VALUE; keys are \(known)")
      }
      guard conditions.updateValue(String(parts[1]), forKey: key) == nil else {
        throw Failure(line: number, problem: "'\(key.rawValue)' is there twice")
      }
    }
    return Rule(conditions: conditions, reason: String(reason))
  }

  /// The rule that a violation falls under, by its place in the list.
  func rule(for violation: Violation, _ symbols: SymbolIndex) -> Int? {
    match { key in
      switch key {
      case .verdict: [violation.verdict.rawValue]
      case .changed: violation.change.map { names($0.rip, symbols) } ?? []
      case .used: names(violation.use.rip, symbols)
      case .entry: violation.change.map { [hex($0.address)] } ?? []
      case .address: [hex(violation.use.address.value)]
      case .root: [hex(violation.use.mapping.tag.ep4ta), hex(violation.use.mapping.root)]
      }
    }
  }

  /// The rule that a finding falls under.
  func rule(for finding: NestedFinding, _ symbols: SymbolIndex) -> Int? {
    match { key in
      switch key {
      case .verdict: [finding.cause.rawValue.replacing(" ", with: "-")]
      case .changed: (finding.stored.map { names($0.moment.rip, symbols) } ?? [])
      case .used: names(finding.seen.rip, symbols)
      case .entry: finding.entry02.map { [hex($0.address)] } ?? []
      case .address: [hex(finding.address)]
      case .root: [hex(finding.eptp02), hex(finding.eptp02 & StructureChange.frame)]
      }
    }
  }

  private func match(_ values: (Key) -> [String]) -> Int? {
    rules.firstIndex { rule in rule.conditions.allSatisfy { values($0.key).contains($0.value) } }
  }

  /// An address as a rule may write it: in hexadecimal with an h, or as the function it lies in.
  private func names(_ address: UInt64, _ symbols: SymbolIndex) -> [String] {
    [hex(address)] + (symbols.symbol(at: address).map { [$0.name] } ?? [])
  }
}

extension Oracle {
  /// What was suppressed, a line a rule.
  public var suppressedLines: [String] {
    suppressions.rules.rules.enumerated().map { index, rule in
      "suppressed: \(suppressed[index, default: 0]) violations: \(rule.reason)"
    }
  }
}
