import Yams

/// A scenario: a machine, what it is started with, how its processors are held up, and what must come of it
/// (docs/SCENARIO.md).
public struct Scenario: Sendable {
  /// What must come of it; what is not said is not looked at.
  public struct Expectations: Sendable {
    /// The guest's exit status.
    public var status: Int?
    /// Expressions that lines of serial text match.
    public var serial: [String] = []
    /// Expressions that no line matches.
    public var notSerial: [String] = []
    /// Whether there are violations.
    public var violations: Bool?
    /// The strongest verdict.
    public var verdict: Verdict?
    /// Text in the report of some violation.
    public var report: [String] = []
    /// How many lines of serial text match.
    var lines: [LineExpectation] = []
    /// Conditions on numbers: exits, what the observer has counted.
    var counts: [CountExpectation] = []
    /// What memory holds at the end.
    var memory: [MemoryExpectation] = []
    /// The hash at the end.
    public var hash: String?
  }

  /// What is wrong with a file.
  public struct Failure: Error, CustomStringConvertible, Sendable {
    /// One line for people.
    public let description: String

    /// A failure.
    public init(_ description: String) { self.description = description }
  }

  /// Its name.
  public let name: String
  /// Settings of the machine, as in a machine file.
  public let machine: [(name: String, values: [String])]
  /// The schedule file, relative to the scenario's.
  public let schedule: String?
  /// The cycle from which on points are counted.
  public let window: UInt64
  /// Places that say that a shootdown is done.
  public let markers: [Marker]
  /// The file of suppressions, relative to the scenario's.
  public let suppressions: String?
  /// The nested-EPT observer; nil: it is off.
  public let nesting: Nesting?
  /// An expression: a line of serial text that matches ends the run.
  public let until: String?
  /// Instructions for which the machine goes on behind that line.
  public let after: UInt64
  /// Cycles at most.
  public let maximumCycles: UInt64
  /// Instructions at most, of all processors together, until the line that ends the run; nil: no limit.
  public let maximumInstructions: UInt64?
  /// TLB policies it is run under; none: the machine's.
  public let policies: [String]
  /// What must come of it.
  public let expectations: Expectations

  private static let known: Set = [
    "name", "machine", "schedule", "window", "markers", "suppressions", "observer", "observer-own", "until", "after",
    "max-cycles", "max-instructions", "policies", "expect",
  ]
  private static let knownExpectations: Set = [
    "status", "serial", "not-serial", "violations", "verdict", "report", "lines", "counts", "memory", "hash",
  ]

  /// Reads a file's text.
  public init(text: String, name defaultName: String) throws {
    if let problem = ScenarioText.problem(of: text) { throw Failure("line \(problem.line): \(problem.text)") }
    let node: Node?
    do { node = try compose(yaml: text) } catch { throw Failure("not YAML: \(error)") }
    let top = try Scenario.mapping(node, "a scenario", Scenario.known)
    name = try Scenario.scalar(top["name"], "name") ?? defaultName
    guard let machineNode = top["machine"] else { throw Failure("'machine' is missing") }
    machine = try Scenario.pairs(machineNode, "machine").map { name, value in
      (name, try Scenario.list(value, name))
    }
    schedule = try Scenario.scalar(top["schedule"], "schedule")
    window = try Scenario.number(top["window"], "window") ?? 0
    maximumCycles = try Scenario.number(top["max-cycles"], "max-cycles") ?? 1_000_000_000
    maximumInstructions = try Scenario.number(top["max-instructions"], "max-instructions")
    until = try Scenario.scalar(top["until"], "until")
    after = try Scenario.number(top["after"], "after") ?? 0
    guard after == 0 || until != nil else { throw Failure("after: there is no 'until' that it could follow") }
    policies = try top["policies"].map { try Scenario.list($0, "policies") } ?? []
    markers = try (top["markers"].map { try Scenario.list($0, "markers") } ?? []).map { text in
      guard let marker = Marker(text) else {
        throw Failure("markers: '\(text)' is no port, no symbol:NAME and not hypercall")
      }
      return marker
    }
    suppressions = try Scenario.scalar(top["suppressions"], "suppressions")
    nesting = try Scenario.nesting(top)
    expectations = try Scenario.expectations(top["expect"])
  }

  private static func nesting(_ top: [String: Node]) throws -> Nesting? {
    let own = try (top["observer-own"].map { try list($0, "observer-own") } ?? []).map { text in
      guard let page = UInt64(text.hasPrefix("0x") ? String(text.dropFirst(2)) : text, radix: 16) else {
        throw Failure("observer-own: '\(text)' is no hexadecimal address")
      }
      return page
    }
    switch try scalar(top["observer"], "observer") {
    case nil, "on"?: return Nesting(own: Set(own))
    case "off"?: return nil
    case let text?: throw Failure("observer: '\(text)' is not on or off")
    }
  }

  private static func expectations(_ node: Node?) throws -> Expectations {
    var expectations = Expectations()
    guard let node else { return expectations }
    let values = try mapping(node, "expect", knownExpectations)
    expectations.status = try number(values["status"], "status").map { Int(clamping: $0) }
    expectations.serial = try values["serial"].map { try list($0, "serial") } ?? []
    expectations.notSerial = try values["not-serial"].map { try list($0, "not-serial") } ?? []
    expectations.report = try values["report"].map { try list($0, "report") } ?? []
    expectations.lines = try (values["lines"].map { try list($0, "lines") } ?? []).map { text in
      guard let line = LineExpectation(text) else {
        throw Failure("lines: '\(text)' is not REGEX RELATION NUMBER, as in 'iter [0-9]+ >= 20'")
      }
      return line
    }
    expectations.counts = try (values["counts"].map { try list($0, "counts") } ?? []).map { text in
      guard let count = CountExpectation(text) else {
        throw Failure("counts: '\(text)' is not NAME RELATION NUMBER, as in 'exits.18 >= 1'")
      }
      return count
    }
    expectations.memory = try (values["memory"].map { try list($0, "memory") } ?? []).map { text in
      guard let memory = MemoryExpectation(text) else {
        throw Failure("memory: '\(text)' is not ADDRESS.BYTES = VALUE, as in '400000h.8 = 1111h'")
      }
      return memory
    }
    expectations.hash = try scalar(values["hash"], "hash")
    switch try scalar(values["violations"], "violations") {
    case nil: break
    case "none"?: expectations.violations = false
    case "some"?: expectations.violations = true
    case let text?: throw Failure("violations: '\(text)' is not none or some")
    }
    if let text = try scalar(values["verdict"], "verdict") {
      guard let verdict = Verdict(rawValue: text) else {
        throw Failure("verdict: there are \(Verdict.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      expectations.verdict = verdict
    }
    return expectations
  }

  // MARK: Nodes

  private static func pairs(_ node: Node, _ what: String) throws -> [(String, Node)] {
    guard let mapping = node.mapping else { throw Failure("\(what) is no mapping") }
    return mapping.map { ($0.key.scalar?.string ?? "", $0.value) }
  }

  private static func mapping(_ node: Node?, _ what: String, _ known: Set<String>) throws -> [String: Node] {
    guard let node else { throw Failure("\(what) is a mapping") }
    var values: [String: Node] = [:]
    for (name, value) in try pairs(node, what) {
      guard known.contains(name) else {
        throw Failure("\(what) has no '\(name)'; it has \(known.sorted().joined(separator: ", "))")
      }
      guard values[name] == nil else { throw Failure("\(what): '\(name)' is there twice") }
      values[name] = value
    }
    return values
  }

  private static func scalar(_ node: Node?, _ what: String) throws -> String? {
    guard let node else { return nil }
    guard let scalar = node.scalar else { throw Failure("\(what) takes one value") }
    return scalar.string
  }

  private static func number(_ node: Node?, _ what: String) throws -> UInt64? {
    guard let text = try scalar(node, what) else { return nil }
    guard let number = UInt64(text) else { throw Failure("\(what): '\(text)' is no number") }
    return number
  }

  private static func list(_ node: Node, _ what: String) throws -> [String] {
    if let scalar = node.scalar { return [scalar.string] }
    guard let items = node.sequence?.map(\.scalar?.string), items.allSatisfy({ $0 != nil }) else {
      throw Failure("\(what) takes values")
    }
    return items.compactMap(\.self)
  }
}
