import MMU

/// What a campaign runs.
public struct FuzzOptions: Sendable {
  /// How many cases.
  public var cases = 1_000_000
  /// What they are made from.
  public var seed: UInt64 = 1
  /// Number of the first one.
  public var first = 0
  /// How the machine's caches are set.
  public var settings = FuzzSettings()
  /// A second machine that every case runs on too, when given: both must leave the same behind.
  public var other: FuzzSettings?

  /// A million cases from seed 1.
  public init() {}
}

/// What a campaign found.
public struct FuzzReport: Sendable {
  /// Cases that were run.
  public internal(set) var cases = 0
  /// By mode and privilege level, how cases ended.
  public internal(set) var outcomes: [[FuzzOutcome: Int]] = Array(repeating: [:], count: FuzzMode.places.count)
  /// Of everything that the cases left behind: 32 hexadecimal digits.
  public internal(set) var hash = ""
  /// Numbers of cases that left something else behind on the other machine, the first hundred.
  public internal(set) var differing: [Int] = []

  /// How often an outcome was met in any mode.
  public func count(_ condition: (FuzzOutcome) -> Bool) -> Int {
    outcomes.reduce(0) { $0 + $1.reduce(0) { $0 + (condition($1.key) ? $1.value : 0) } }
  }

  /// The report, line by line.
  public var lines: [String] {
    var lines = ["mode            CPL      cases  completed     halted     cycles    refused   shutdown  vectors"]
    func padded(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    for (place, counts) in zip(FuzzMode.places, outcomes) {
      let columns =
        [counts.values.reduce(0, +)] + [.completed, .halted, .cycles, .refused, .shutdown].map { counts[$0] ?? 0 }
      let vectors = (0...255).compactMap { vector in counts[.vector(vector)].map { "\(vector):\($0)" } }
      let name = place.mode.rawValue
      lines.append(
        name + padded("\(place.privilege)", 19 - name.count) + columns.map { padded("\($0)", 11) }.joined() + "  "
          + vectors.prefix(18).joined(separator: " "))
    }
    return lines
  }
}

/// Random and mutated instructions, executed in every mode: no crash, no hang, and what they leave behind depends on
/// nothing but seed and number.
public struct FuzzCampaign {
  private let options: FuzzOptions
  private let machine: FuzzMachine
  private let other: FuzzMachine?
  /// The case that is being run: for who has to name it after a crash.
  public let current: UnsafeMutablePointer<Int>

  /// - Throws: when the machine cannot be made.
  public init(_ options: FuzzOptions) throws {
    let strings = try ByteStrings()
    self.options = options
    machine = try FuzzMachine(options.settings, strings: strings)
    other = try options.other.map { try FuzzMachine($0, strings: strings) }
    current = .allocate(capacity: 1)
    current.initialize(to: options.first)
  }

  /// Runs the cases.
  ///
  /// - Parameter progress: called after every so many cases, with their number so far.
  public func run(progress: (Int) -> Void = { _ in }) -> FuzzReport {
    var report = FuzzReport()
    var hasher = StateHasher()
    for number in options.first..<options.first + options.cases {
      current.pointee = number
      if let other {
        var (here, there) = (StateHasher(), StateHasher())
        let (place, outcome) = machine.run(number, seed: options.seed, into: &here)
        let (_, otherOutcome) = other.run(number, seed: options.seed, into: &there)
        if (here.description != there.description || outcome != otherOutcome) && report.differing.count < 100 {
          report.differing.append(number)
        }
        for byte in here.description.utf8 { hasher.add(UInt64(byte)) }
        report.outcomes[place][outcome, default: 0] += 1
      } else {
        let (place, outcome) = machine.run(number, seed: options.seed, into: &hasher)
        report.outcomes[place][outcome, default: 0] += 1
      }
      report.cases += 1
      if report.cases & 0xFFFF == 0 { progress(report.cases) }
    }
    report.hash = hasher.description
    return report
  }

  /// A case and what it did, for people.
  public func explain(_ number: Int) -> [String] {
    let (mode, privilege, bytes, address) = machine.bytes(number, seed: options.seed)
    let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
    var lines = [
      "case \(number) of seed \(options.seed): \(mode.rawValue), CPL \(privilege), at \(String(address, radix: 16))h: \(text)"
    ]
    for machine in [machine, other].compactMap(\.self) {
      var hasher = StateHasher()
      let outcome = machine.run(number, seed: options.seed, into: &hasher).outcome
      lines.append("\(outcome), hash \(hasher.description)")
      lines += machine.description
    }
    return lines
  }
}
