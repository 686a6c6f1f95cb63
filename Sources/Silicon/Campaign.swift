import CPU
import SiliconNative

/// What a campaign runs.
public struct CampaignOptions: Sendable {
  /// How many cases.
  public var cases = 1_000_000
  /// What they are made from.
  public var seed: UInt64 = 1
  /// Number of the first one.
  public var first = 0
  /// Just this mnemonic's rows.
  public var only: String?
  /// Changes what the host gave, before it is compared: to show that a difference is seen.
  public var tamper: (@Sendable (_ number: Int, _ result: UnsafeMutablePointer<SiliconResult>) -> Void)?

  /// A million cases from seed 1.
  public init() {}
}

/// A case in which the two sides differ.
public struct Mismatch: Sendable {
  /// The case's number: with the seed, it makes the case again.
  public let number: Int
  /// The mnemonic of the last instruction that ran, and which fields differ: what belongs together.
  public let group: String
  /// Everything that is known of it, line by line.
  public let lines: [String]
}

/// What a campaign found.
public struct CampaignReport: Sendable {
  /// Cases that were run on both sides and compared.
  public internal(set) var compared = 0
  /// Of these, cases of more than one instruction.
  public internal(set) var sequences = 0
  /// Of these, cases in which the host raised an exception.
  public internal(set) var exceptions = 0
  /// Of these, cases that load and compare vector registers.
  public internal(set) var vectors = 0
  /// Of these, cases with 67h before an instruction.
  public internal(set) var addresses32 = 0
  /// Of these, cases with FS or GS before an instruction, and a base of its own.
  public internal(set) var bases = 0
  /// Differences that no table explains.
  public internal(set) var mismatches: [Mismatch] = []
  /// How many there were, also where only the first are kept.
  public internal(set) var mismatchCount = 0
  /// How often each group of differences was seen.
  public internal(set) var groups: [String: Int] = [:]
  /// Differences that the vendor table explains, by rule.
  public internal(set) var vendor: [String: Int] = [:]
  /// Cases that ours refused as not built, by mnemonic and reason.
  public internal(set) var refused: [String: Int] = [:]
  /// Cases that were not compared: the host changed too much data.
  public internal(set) var skipped = 0
  /// Differences that were gone when the case was run again by a new child and a new machine.
  public internal(set) var unconfirmed = 0
  /// Cases by mnemonic of their first instruction.
  public internal(set) var byMnemonic: [String: Int] = [:]
  /// Rows of the opcode table that are not run at all.
  public internal(set) var skippedRows: [SkippedRow] = []
}

/// Why a campaign cannot begin.
public struct NoSuchMnemonic: Error, CustomStringConvertible {
  let mnemonic: String

  package init(mnemonic: String) { self.mnemonic = mnemonic }

  /// One line.
  public var description: String { "no row of the opcode table that the host can run is named \(mnemonic)" }
}

/// Runs cases on both sides: while the child runs a batch, the one before it is run by ours and compared.
public struct Campaign {
  /// Mismatches of which everything is kept.
  private static let kept = 20
  /// Differences of one group, and of all, that are run again before the rest is only counted.
  private static let examinedOfGroup = 3
  private static let examined = 100

  private let options: CampaignOptions
  private let generator: Generator
  private let native: NativeHost
  private var emulated: EmulatedHost
  private var plans: [[[PlannedInstruction]]] = [[], []]
  private var report = CampaignReport()
  private var counts: [Int]
  private var examined = 0
  /// The child that runs again what differs.
  private var judge: NativeHost?
  /// Forms that ours refused before it ran them: running more would tell nothing.
  private var refusedForms: Set<Form> = []

  private struct Form: Hashable {
    var encoding: Int
    var traits: PlannedInstruction.Traits
  }

  /// - Throws: when a table is wrong, the host is none that can do it, or nothing is named like `only`.
  public init(_ options: CampaignOptions) throws {
    self.options = options
    let knowledge = try Knowledge(only: options.only)
    guard !knowledge.encodings.isEmpty else { throw NoSuchMnemonic(mnemonic: options.only ?? "") }
    generator = Generator(knowledge: knowledge, seed: options.seed)
    native = try NativeHost(batches: 2)
    emulated = try EmulatedHost.make()
    report.skippedRows = knowledge.skipped
    counts = [Int](repeating: 0, count: knowledge.encodings.count)
  }

  /// Runs them all.
  public mutating func run() throws -> CampaignReport {
    let size = Places.batchSize
    let last = options.first + max(options.cases, 1) - 1
    let numbers = Array(options.first / size...last / size)
    for (turn, number) in numbers.enumerated() {
      prepare(number, in: turn & 1)
      if turn > 0 { try native.wait() }
      try native.start(turn & 1)
      if turn > 0 { try compare(numbers[turn - 1], in: (turn - 1) & 1) }
    }
    if let number = numbers.last {
      try native.wait()
      try compare(number, in: (numbers.count - 1) & 1)
    }
    for (encoding, count) in counts.enumerated() where count > 0 {
      report.byMnemonic[generator.knowledge.encodings[encoding].opcode.mnemonic, default: 0] += count
    }
    counts = counts.map { _ in 0 }
    return report
  }

  private mutating func prepare(_ number: Int, in place: Int) {
    let batch = native.batch(place)
    let size = Places.batchSize
    let base = number * size
    let first = max(options.first, base) - base
    let end = min(options.first + options.cases, base + size) - base
    batch.pointee.first = UInt32(first)
    batch.pointee.count = UInt32(max(end, first))
    generator.fillImage(silicon_image(batch), batch: number)
    plans[place].removeAll(keepingCapacity: true)
    for index in first..<max(end, first) {
      plans[place].append(
        generator.make(base + index, into: silicon_case(batch, UInt32(index)), image: silicon_image(batch)))
    }
  }

  private mutating func compare(_ number: Int, in place: Int) throws {
    let batch = native.batch(place)
    emulated.load(image: silicon_image(batch))
    let base = number * Places.batchSize
    let first = Int(batch.pointee.first)
    try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 18) { room in
      guard let out = room.baseAddress else { return }
      for index in first..<Int(batch.pointee.count) {
        let plan = plans[place][index - first]
        let result = silicon_result(batch, UInt32(index))
        options.tamper?(base + index, result)
        if !refusedForms.isEmpty, let form = plan.first(where: { refusedForms.contains(form(of: $0)) }) {
          report.refused[mnemonic(form) + ": " + Campaign.notBuilt, default: 0] += 1
          continue
        }
        let it = silicon_case(batch, UInt32(index))
        let ending = emulated.run(it, index: index, out: out)
        let comparison = Comparison(plan: plan, index: index, it: it, batch: batch, emulated: emulated)
        switch comparison.verdict(ending, out) {
        case .same: count(plan, result)
        case .different(let differences):
          count(plan, result)
          try examine(base + index, plan, differences)
        case .skipped: report.skipped += 1
        case .refused(let refusal):
          refused(refusal, plan, at: out[17] &- Places.slot(index))
          emulated = try emulated.another()
          emulated.load(image: silicon_image(batch))
        }
      }
    }
  }

  private mutating func count(_ plan: [PlannedInstruction], _ result: UnsafeMutablePointer<SiliconResult>) {
    report.compared += 1
    if plan.count > 1 { report.sequences += 1 }
    if Int(result.pointee.status) == SiliconFaulted { report.exceptions += 1 }
    if plan.contains(where: { $0.traits.contains(.address32) }) { report.addresses32 += 1 }
    if plan.contains(where: { $0.hasBase }) { report.bases += 1 }
    if plan.contains(where: { generator.knowledge.encodings[$0.encoding].opcode.unit != .general }) {
      report.vectors += 1
    }
    if let first = plan.first { counts[first.encoding] += 1 }
  }

  private static let notBuilt = "the encoding is not built"

  private func form(of instruction: PlannedInstruction) -> Form {
    Form(encoding: instruction.encoding, traits: instruction.traits)
  }

  /// - Parameter offset: of the refused instruction in the slot.
  private mutating func refused(_ refusal: Refusal, _ plan: [PlannedInstruction], at offset: UInt64) {
    let instruction = plan.first { UInt64($0.start) == offset } ?? plan.last
    let name = instruction.map { mnemonic($0) } ?? ""
    guard case .instruction = refusal, let instruction else {
      report.refused[name + ": " + refusal.description, default: 0] += 1
      return
    }
    refusedForms.insert(form(of: instruction))
    report.refused[name + ": " + Campaign.notBuilt, default: 0] += 1
  }

  private func mnemonic(_ instruction: PlannedInstruction) -> String {
    generator.knowledge.encodings[instruction.encoding].opcode.mnemonic
  }

  // MARK: Differences

  /// Files a case that differs: it is run again by another child and another machine, and cut down to the instructions
  /// that make the difference. What has been seen often enough is only counted.
  private mutating func examine(_ number: Int, _ plan: [PlannedInstruction], _ differences: [FieldDifference]) throws {
    if let rule = plan.lazy.compactMap(\.vendor).first(where: { $0.explains(differences) }) {
      report.vendor[rule.rawValue, default: 0] += 1
      return
    }
    let known = name(plan, differences, isWhole: plan.count == 1)
    let isNews = plan.count > 1 || report.groups[known, default: 0] < Campaign.examinedOfGroup
    guard isNews && examined < Campaign.examined else {
      report.mismatchCount += 1
      report.groups[known, default: 0] += 1
      return
    }
    examined += 1
    var again = try self.again(number, without: [])
    guard case .different(var found) = again.verdict else {
      report.unconfirmed += 1
      return
    }
    var dropped: Set<Int> = []
    for instruction in plan.indices where dropped.count < plan.count - 1 {
      let smaller = try self.again(number, without: dropped.union([instruction]))
      guard case .different(let differences) = smaller.verdict else { continue }
      dropped.insert(instruction)
      again = smaller
      found = differences
    }
    let group = name(again.plan, found, isWhole: true)
    report.mismatchCount += 1
    report.groups[group, default: 0] += 1
    guard report.mismatches.count < Campaign.kept, report.groups[group] == 1 else { return }
    report.mismatches.append(Mismatch(number: number, group: group, lines: again.lines(found)))
  }

  private mutating func again(_ number: Int, without: Set<Int>) throws -> Again {
    let native = try judge ?? NativeHost(batches: 1)
    judge = native
    return try Again(number, options, generator, native, emulated.another(), without: without)
  }

  /// The instructions that make a difference, and its fields.
  ///
  /// - Parameter isWhole: nothing more can be left out.
  private func name(_ plan: [PlannedInstruction], _ differences: [FieldDifference], isWhole: Bool) -> String {
    var seen: Set<String> = []
    let fields = differences.map { $0.field.hasPrefix("data") ? "data" : $0.field }
    return (isWhole ? plan.map { mnemonic($0) }.joined(separator: "; ") : "sequences") + ": "
      + fields.filter { seen.insert($0).inserted }.joined(separator: ", ")
  }
}
