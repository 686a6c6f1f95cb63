/// A stage's program in raw memory, which loops read without reference counts.
///
/// It first works out its conditions, a bit each, then makes its comparisons, without a branch where they mask and compare.
struct EntryStage {
  /// Conditions in the order in which they are worked out.
  let conditions: UnsafeBufferPointer<EntryOperation>
  /// Checks that mask and compare, those of one word made one; all others, by kind; of them, predicates.
  let masked, others, predicates: UnsafeBufferPointer<EntryOperation>
  /// One a row, in the table's order.
  let checks: UnsafeBufferPointer<EntryOperation>
  private let initialConditions: UInt64

  /// - Parameter initialConditions: those that the model decides.
  init(_ program: EntryProgram, _ initialConditions: UInt64) {
    func copy(_ operations: [EntryOperation]) -> UnsafeBufferPointer<EntryOperation> {
      let buffer = UnsafeMutableBufferPointer<EntryOperation>.allocate(capacity: operations.count)
      _ = buffer.initialize(from: operations)
      return UnsafeBufferPointer(buffer)
    }
    let fast = program.fast()
    (masked, others) = (copy(fast.masked), copy(fast.others))
    predicates = copy(fast.others.filter { $0.kind == .predicate })
    (conditions, checks) = (copy(program.conditions), copy(program.checks))
    self.initialConditions = initialConditions
  }

  func deallocate() {
    for buffer in [conditions, masked, others, predicates, checks] { buffer.deallocate() }
  }

  /// Whether all checks pass.
  func pass(_ words: UnsafePointer<UInt64>, _ inputs: EntryInputs) -> Bool {
    pass(words, workOut(words, inputs), inputs)
  }

  /// Whether all checks pass under conditions that are worked out.
  func pass(_ words: UnsafePointer<UInt64>, _ conditions: UInt64, _ inputs: EntryInputs) -> Bool {
    var wrong: UInt64 = 0
    for operation in masked {
      let difference = words[Int(operation.first)] & operation.mask ^ operation.value
      wrong |= operation.applies(conditions) ? difference : 0
    }
    guard wrong == 0 else { return false }
    for operation in others where operation.applies(conditions) {
      guard operation.holds(words, conditions, inputs) else { return false }
    }
    return true
  }

  /// Every check that fails.
  func failures(_ words: UnsafePointer<UInt64>, _ inputs: EntryInputs) -> [EntryOperation] {
    let conditions = workOut(words, inputs)
    return checks.filter { $0.applies(conditions) && !$0.holds(words, conditions, inputs) }
  }

  /// The conditions, a bit each.
  func workOut(_ words: UnsafePointer<UInt64>, _ inputs: EntryInputs) -> UInt64 {
    var known = initialConditions | (inputs.isIA32e ? 1 : 0)
    for operation in conditions {
      let holds =
        operation.kind == .masked
        ? words[Int(operation.first)] & operation.mask == operation.value
        : operation.holds(words, known, inputs)
      known |= (holds && operation.applies(known) ? 1 : 0) &<< UInt64(operation.number)
    }
    return known
  }
}
