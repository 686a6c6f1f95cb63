/// A processor's checks of VM entries: all of them, less those that cannot come out otherwise than when an entry last
/// passed.
///
/// Whether a check passes depends on words of the VMCS and on `EntryInputs`; only predicates look at memory. So when all
/// has passed, and then only some words change, it is enough to compare anew what reads one of them; everything of a stage
/// whose conditions have changed; and predicates. A hypervisor that goes round in a loop changes RIP, RFLAGS and a few more.
public final class EntryChecker {
  /// What a word matters for.
  private struct Uses {
    /// Operations that read it: where they lie in `operations`.
    var first: UInt16 = 0
    var count: UInt16 = 0
    /// Stages, as bits, whose conditions read it.
    var conditions: UInt8 = 0
    /// The bits that conditions and operations read.
    var conditionBits: UInt64 = 0
    var operationBits: UInt64 = 0
  }

  private struct State {
    var isValid = false
    var isIA32e = false
    var currentVMCS: UInt64 = 0
    var conditions: (UInt64, UInt64, UInt64) = (0, 0, 0)
  }

  private let checks: EntryChecks
  private let stages: [EntryStage]
  private let uses: UnsafeMutableBufferPointer<Uses>
  /// Operations by the words they read, and the stages of each.
  private let operations: UnsafeMutableBufferPointer<EntryOperation>
  private let stageOf: UnsafeMutableBufferPointer<UInt8>
  /// The words that passed, and room for the numbers of those that have changed.
  private let words: UnsafeMutablePointer<UInt64>
  private let changed: UnsafeMutablePointer<UInt8>
  private var state = State()
  /// Windows that together hold every word that is read and that exits write; and all others.
  private let windows: Windows
  private let otherWindows: Windows
  /// Predicates that the conditions ask for.
  private let predicates: UnsafeMutablePointer<EntryOperation>
  private var predicateCount = 0

  /// First words of stretches of eight.
  private struct Windows {
    static let words = 8
    let first: UnsafeMutablePointer<UInt8>
    let count: Int

    /// - Parameter words: numbers of the words that are to be in them, in order.
    init(_ words: [Int]) {
      var starts: [UInt8] = []
      var end = 0
      for word in words where word >= end {
        let start = min(word, EntryChecker.wordCount - Windows.words)
        starts.append(UInt8(start))
        end = start + Windows.words
      }
      first = .allocate(capacity: starts.count)
      first.initialize(from: starts, count: starts.count)
      count = starts.count
    }
  }
  private static let wordCount = VMCSField.allCases.count

  /// Makes the checks of a model.
  public init(_ checks: EntryChecks) {
    self.checks = checks
    stages = Array(checks.stages.prefix(3))
    var byWord = [[(EntryOperation, UInt8)]](repeating: [], count: EntryChecker.wordCount)
    uses = .allocate(capacity: EntryChecker.wordCount)
    uses.initialize(repeating: Uses())
    for (number, stage) in stages.enumerated() {
      for condition in stage.conditions {
        for (word, bits) in condition.reads {
          uses[word].conditions |= 1 << UInt8(number)
          uses[word].conditionBits |= bits
        }
      }
      for operation in Array(stage.masked) + Array(stage.others) where operation.kind != .predicate {
        for (word, bits) in operation.reads {
          byWord[word].append((operation, UInt8(number)))
          uses[word].operationBits |= bits
        }
      }
    }
    let all = byWord.flatMap { $0 }
    operations = .allocate(capacity: all.count)
    stageOf = .allocate(capacity: all.count)
    _ = operations.initialize(from: all.map(\.0))
    _ = stageOf.initialize(from: all.map(\.1))
    var first = 0
    for (word, list) in byWord.enumerated() {
      (uses[word].first, uses[word].count) = (UInt16(first), UInt16(list.count))
      first += list.count
    }
    words = .allocate(capacity: EntryChecker.wordCount)
    words.initialize(repeating: 0, count: EntryChecker.wordCount)
    changed = .allocate(capacity: EntryChecker.wordCount)
    changed.initialize(repeating: 0, count: EntryChecker.wordCount)
    var read: (ofExits: [Int], others: [Int]) = ([], [])
    for field in VMCSField.allCases {
      let word = Int(field.rawValue)
      guard uses[word].conditionBits | uses[word].operationBits != 0 else { continue }
      if field.isOfExits { read.ofExits.append(word) } else { read.others.append(word) }
    }
    (windows, otherWindows) = (Windows(read.ofExits), Windows(read.others))
    predicates = .allocate(capacity: stages.reduce(0) { $0 + $1.predicates.count })
  }

  deinit {
    uses.deallocate()
    operations.deallocate()
    stageOf.deallocate()
    words.deallocate()
    changed.deallocate()
    windows.first.deallocate()
    otherWindows.first.deallocate()
    predicates.deallocate()
  }

  /// Makes the checks on controls, host state and guest state, in this order; nil: all pass.
  public func check(_ vmcs: VMCS, _ inputs: EntryInputs) -> EntryFailure? {
    passes(vmcs, inputs) ? nil : failure(vmcs, inputs)
  }

  /// Whether all of them pass.
  func passes(_ vmcs: VMCS, _ inputs: EntryInputs) -> Bool {
    let new = UnsafePointer(vmcs.words)
    let isKnown =
      state.isValid && state.isIA32e == inputs.isIA32e
      && state.currentVMCS == inputs.currentVMCS
    let passes = isKnown ? passAsBefore(new, inputs, hasOtherWrites: vmcs.hasOtherWrites) : passAnew(new, inputs)
    state.isValid = passes
    if passes { vmcs.hasOtherWrites = false }
    return passes
  }

  /// The first of them that does not.
  func failure(_ vmcs: VMCS, _ inputs: EntryInputs) -> EntryFailure? {
    for stage in [EntryCheckStage.controls, .hostState, .guestState] {
      if let failure = checks.check(stage, vmcs, inputs) { return failure }
    }
    return nil
  }

  private func passAnew(_ new: UnsafePointer<UInt64>, _ inputs: EntryInputs) -> Bool {
    let conditions = (
      stages[0].workOut(new, inputs), stages[1].workOut(new, inputs), stages[2].workOut(new, inputs)
    )
    guard stages[0].pass(new, conditions.0, inputs), stages[1].pass(new, conditions.1, inputs),
      stages[2].pass(new, conditions.2, inputs)
    else { return false }
    words.update(from: new, count: EntryChecker.wordCount)
    predicateCount = 0
    for (stage, known) in zip(stages, [conditions.0, conditions.1, conditions.2]) {
      for predicate in stage.predicates where predicate.applies(known) {
        (predicates + predicateCount).initialize(to: predicate)
        predicateCount += 1
      }
    }
    state = State(
      isValid: true, isIA32e: inputs.isIA32e, currentVMCS: inputs.currentVMCS, conditions: conditions)
    return true
  }

  private func passAsBefore(
    _ new: UnsafePointer<UInt64>, _ inputs: EntryInputs, hasOtherWrites: Bool
  ) -> Bool {
    var (count, affected): (Int, UInt8) = (0, 0)
    noteChanges(new, windows, &count, &affected)
    if hasOtherWrites { noteChanges(new, otherWindows, &count, &affected) }
    var conditions = state.conditions
    if affected & 1 != 0 { conditions.0 = stages[0].workOut(new, inputs) }
    if affected & 2 != 0 { conditions.1 = stages[1].workOut(new, inputs) }
    if affected & 4 != 0 { conditions.2 = stages[2].workOut(new, inputs) }
    let old = state.conditions
    state.conditions = conditions
    guard old == conditions else { return passAnew(new, inputs) }
    for number in 0..<count {
      let uses = uses[Int(changed[number])]
      for place in Int(uses.first)..<Int(uses.first) + Int(uses.count) {
        let operation = operations[place]
        let stage = stageOf[place]
        let known = stage == 0 ? conditions.0 : stage == 1 ? conditions.1 : conditions.2
        guard !operation.applies(known) || operation.holds(new, known, inputs) else { return false }
      }
    }
    // They ask for no conditions but those that they apply under.
    for number in 0..<predicateCount where !predicates[number].holds(new, 0, inputs) { return false }
    return true
  }

  /// Takes over the words of some windows that have changed, and notes those of which operations read a bit that has.
  ///
  /// - Parameters:
  ///   - count: how many there are in `changed`.
  ///   - affected: stages, as bits, whose conditions read a bit that has changed.
  private func noteChanges(
    _ new: UnsafePointer<UInt64>, _ windows: Windows, _ count: inout Int, _ affected: inout UInt8
  ) {
    let words = words
    for number in 0..<windows.count {
      let first = Int(windows.first[number])
      let (old, now) = (UnsafeRawPointer(words + first), UnsafeRawPointer(new + first))
      let difference = old.loadUnaligned(as: SIMD8<UInt64>.self) ^ now.loadUnaligned(as: SIMD8<UInt64>.self)
      let half = difference.lowHalf | difference.highHalf
      let quarter = half.lowHalf | half.highHalf
      guard quarter[0] | quarter[1] != 0 else { continue }
      for word in first..<first &+ Windows.words where new[word] != words[word] {
        let difference = new[word] ^ words[word]
        words[word] = new[word]
        if difference & uses[word].conditionBits != 0 { affected |= uses[word].conditions }
        guard difference & uses[word].operationBits != 0 else { continue }
        changed[count] = UInt8(truncatingIfNeeded: word)
        count &+= 1
      }
    }
  }
}

extension EntryOperation {
  /// The words that it reads, and which bits of them.
  fileprivate var reads: [(word: Int, bits: UInt64)] {
    let second = (Int(second), secondMask << UInt64(secondShift))
    switch kind {
    case .conditions, .anyCondition, .predicate: return []
    case .masked: return [(Int(first), mask)]
    case .canonical, .uniform, .patTypes: return [(Int(first), .max)]
    case .differs, .atMost, .member: return [(Int(first), mask << UInt64(firstShift))]
    case .same, .sixteenTimes, .notAbove, .implies, .area: return [(Int(first), mask << UInt64(firstShift)), second]
    }
  }
}
