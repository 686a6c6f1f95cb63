import MMU

/// What a campaign with VMX found.
public struct VMXFuzzReport: Sendable {
  /// Cases that were run.
  public internal(set) var cases = 0
  /// What happened in them.
  public internal(set) var counts = VMXFuzzCounts()
  /// Of everything that the cases left behind: 32 hexadecimal digits.
  public internal(set) var hash = ""
  /// Numbers of cases that left something else behind on the other machine, the first hundred.
  public internal(set) var differing: [Int] = []

  /// The report, line by line.
  public var lines: [String] {
    let exits = counts.exits.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: " ")
    let failures = counts.failures.values.reduce(0, +)
    return [
      "\(counts.entries) entries, \(failures) that failed, by \(counts.failures.count) checks; "
        + "\(counts.shutdowns) shutdowns, \(counts.refusals) refusals",
      "exits by reason: \(exits)",
    ]
  }
}

/// VMCSs filled at random and entered, by one processor or two that share memory: no crash, no hang, and what is left
/// behind depends on nothing but seed and number.
public struct VMXFuzzCampaign {
  private let options: FuzzOptions
  private let machine: VMXFuzzMachine
  private let other: VMXFuzzMachine?
  /// The case that is being run: for who has to name it after a crash.
  public let current: UnsafeMutablePointer<Int>

  /// - Parameter processors: 1 or 2.
  /// - Throws: when the machine cannot be made.
  public init(_ options: FuzzOptions, processors: Int) throws {
    let strings = try ByteStrings()
    self.options = options
    machine = try VMXFuzzMachine(options.settings, strings: strings, processors: min(max(processors, 1), 2))
    other = try options.other.map {
      try VMXFuzzMachine($0, strings: strings, processors: min(max(processors, 1), 2))
    }
    current = .allocate(capacity: 1)
    current.initialize(to: options.first)
  }

  /// Runs the cases.
  ///
  /// - Parameter progress: called after every so many cases, with their number so far.
  public func run(progress: (Int) -> Void = { _ in }) -> VMXFuzzReport {
    var report = VMXFuzzReport()
    var hasher = StateHasher()
    for number in options.first..<options.first + options.cases {
      current.pointee = number
      if let other {
        var (here, there) = (StateHasher(), StateHasher())
        machine.run(number, seed: options.seed, into: &here)
        other.run(number, seed: options.seed, into: &there)
        if here.description != there.description && report.differing.count < 100 { report.differing.append(number) }
        for byte in here.description.utf8 { hasher.add(UInt64(byte)) }
      } else {
        machine.run(number, seed: options.seed, into: &hasher)
      }
      report.cases += 1
      if report.cases & 0xFFF == 0 { progress(report.cases) }
    }
    report.counts = machine.counts
    report.hash = hasher.description
    return report
  }
}
