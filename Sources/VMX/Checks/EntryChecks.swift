import CPU
import MMU
import Tables

/// The checks of VM entries as a model of processor makes them: `EntryCheckTable`, compiled. Nothing in it changes.
///
/// `EntryStage` makes them all; `EntryChecker`, of which a processor has one, those that may come out differently from the
/// last time. Which check failed is found by going through the table's order again.
public final class EntryChecks: @unchecked Sendable {
  /// A check.
  public struct Check: Sendable {
    /// Its row.
    public let row: EntryRow
    /// The stage it belongs to.
    public let stage: EntryCheckStage
    /// The manual's section.
    public let section: String
  }

  /// Every check, in the table's order.
  public let checks: [Check]
  /// Every condition, in the table's order.
  public let conditions: [EntryRow]
  /// Controls by name.
  public let controls: [VMXControl]
  let stages: [EntryStage]
  package let constants: EntryConstants

  /// Compiles the table for a model.
  ///
  /// - Throws: `TableError`, which names the row; a test reads the tables.
  public init(_ capabilities: VMXCapabilities) throws {
    controls = try VMXControl.all()
    var sections: [String: (EntryCheckStage, String)] = [:]
    for row in try Table("VM-entry sections", EntrySectionTable.text).rows {
      guard let stage = EntryCheckStage(rawValue: row["stage"]) else {
        throw row.error("stage", "'\(row["stage"])' is unknown")
      }
      sections[row["section"]] = (stage, row["title"])
    }
    var conditions: [EntryRow] = []
    for row in try Table("VM-entry conditions", EntryConditionTable.text).rows {
      conditions += try EntryRow.read(row, guardedBy: "while")
    }
    self.conditions = conditions

    constants = EntryConstants(capabilities)
    let empty = EntryProgram(
      constants, linearBits: capabilities.linearBits, conditions: conditions, controls: controls)
    var programs = EntryCheckStage.allCases.map { _ in empty }
    var checks: [Check] = []
    for row in try Table("VM-entry checks", EntryCheckTable.text).rows {
      guard let (stage, section) = sections[row["section"]] else {
        throw row.error("section", "'\(row["section"])' is unknown")
      }
      for check in try EntryRow.read(row, guardedBy: "when") {
        try programs[stage.number].append(check, number: checks.count)
        checks.append(Check(row: check, stage: stage, section: section))
      }
    }
    self.checks = checks
    let initial: UInt64 = capabilities.misc.injectsZeroLength ? 2 : 0
    stages = programs.map { EntryStage($0, initial) }
  }

  deinit {
    for stage in stages { stage.deallocate() }
  }

  // MARK: Checking

  /// Makes all of a stage's checks; nil: all pass.
  public func check(_ stage: EntryCheckStage, _ vmcs: VMCS, _ inputs: EntryInputs) -> EntryFailure? {
    let words = UnsafePointer(vmcs.words)
    return stages[stage.number].pass(words, inputs) ? nil : firstFailure(stage, words, inputs, 0)
  }

  /// Checks entry `number`, from 1, of a VM-entry MSR-load area; nil: it may be loaded.
  ///
  /// - Parameters:
  ///   - index: bits 31:0 of the entry.
  ///   - reserved: bits 63:32.
  ///   - faults: whether WRMSR of the value would raise #GP at CPL 0.
  public func checkMSR(
    number: UInt64, index: UInt32, reserved: UInt32, faults: Bool, _ inputs: EntryInputs
  ) -> EntryFailure? {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 3) { words in
      (words[0], words[1], words[2]) = (UInt64(index), UInt64(reserved), faults ? 1 : 0)
      guard let base = words.baseAddress, !stages[EntryCheckStage.msrLoading.number].pass(base, inputs) else {
        return nil
      }
      return firstFailure(.msrLoading, base, inputs, number)
    }
  }

  /// Numbers in `checks` of all that fail in a stage; for tests and the monitor.
  public func failures(_ stage: EntryCheckStage, _ vmcs: VMCS, _ inputs: EntryInputs) -> [Int] {
    let words = UnsafePointer(vmcs.words)
    return stages[stage.number].failures(words, inputs).map { Int($0.number) }
  }

  // MARK: Failing

  private func firstFailure(
    _ stage: EntryCheckStage, _ words: UnsafePointer<UInt64>, _ inputs: EntryInputs, _ number: UInt64
  ) -> EntryFailure? {
    guard let failed = stages[stage.number].failures(words, inputs).first else { return nil }
    let check = checks[Int(failed.number)]
    return EntryFailure(
      check: check.row.name, section: check.section, stage: stage,
      qualification: stage == .msrLoading ? number : qualification(check),
      values: values(check.row, words, inputs), requirement: requirement(check.row))
  }

  /// The exit qualification of a failed entry (SDM Vol. 3, "VM-Entry Failures During or After Loading Guest State").
  private func qualification(_ check: Check) -> UInt64 {
    if check.row.name.hasPrefix("guest.pdpte") { return 2 }
    if check.row.name == "guest.interruptibility.nmiSTI" { return 3 }
    return check.row.name.hasPrefix("guest.link.") ? 4 : 0
  }

  private func values(
    _ row: EntryRow, _ words: UnsafePointer<UInt64>, _ inputs: EntryInputs
  ) -> [EntryFailure.Value] {
    func value(_ operand: EntryOperand) -> EntryFailure.Value {
      EntryFailure.Value(
        name: operand.title, value: words[Int(operand.word)] >> UInt64(operand.low) & operand.mask)
    }
    var values: [EntryFailure.Value] = []
    if let operand = row.operand { values.append(value(operand)) }
    if let second = EntryOperand(row.value) { values.append(value(second)) }
    for condition in row.when + (row.relation == .holds ? EntryRow.conditions(row.value) : []) {
      guard let control = EntryControl(condition.name, among: controls) else { continue }
      let name = "\(condition.name)"
      guard !values.contains(where: { $0.name == name }) else { continue }
      values.append(EntryFailure.Value(name: name, value: words[Int(control.field.rawValue)] >> control.bit & 1))
    }
    if let predicate = EntryPredicate.allCases.first(where: { "\($0)" == row.value }), row.relation == .check {
      values += predicate.observed(words, inputs).map { EntryFailure.Value(name: $0.name, value: $0.value) }
    }
    return values
  }

  private func requirement(_ row: EntryRow) -> String {
    func members(_ bits: UInt64) -> String {
      (0..<64).filter { bits >> UInt64($0) & 1 != 0 }.map { hexadecimal(UInt64($0)) }.joined(separator: ", ")
    }
    switch row.relation {
    case .clear: return "bits \(hexadecimal(constants.mask(row.value) ?? 0)) must be 0"
    case .set: return "bits \(hexadecimal(constants.mask(row.value) ?? 0)) must be 1"
    case .is: return "must be \(hexadecimal(constants.number(row.value) ?? 0))"
    case .differs: return "must not be \(hexadecimal(constants.number(row.value) ?? 0))"
    case .atMost: return "must be at most \(hexadecimal(constants.number(row.value) ?? 0))"
    case .in: return "must be one of \(members(constants.members(row.value) ?? 0))"
    case .canonical: return "must be canonical"
    case .canonical48: return "must be canonical in 48 bits"
    case .canonical57: return "must be canonical in 57 bits"
    case .uniform: return "the bits above a linear address must be equal"
    case .patTypes: return "must be memory types in every byte"
    case .sameAs: return "must be equal"
    case .sixteenTimes: return "the first must be sixteen times the second"
    case .notAbove: return "the first must not be above the second"
    case .implies: return "the second must be all ones where the first is not 0"
    case .area: return "the area must end within physical addresses"
    case .holds: return "must hold: \(row.value)"
    case .any: return "must hold one: \(row.value)"
    case .check: return "must fit"
    }
  }
}

extension EntryCheckStage {
  /// Its place among the stages.
  var number: Int {
    switch self {
    case .controls: 0
    case .hostState: 1
    case .guestState: 2
    case .msrLoading: 3
    }
  }
}
