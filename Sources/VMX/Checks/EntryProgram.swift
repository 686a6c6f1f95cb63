import CPU
import Tables

/// What a stage of a VM entry's checks has become: conditions to work out, and operations that need them.
struct EntryProgram {
  /// Conditions in the order in which they are worked out; `number` is their bit.
  private(set) var conditions: [EntryOperation] = []
  /// One operation a row, in the table's order.
  private(set) var checks: [EntryOperation] = []
  /// Numbers of conditions, by name.
  private var numbers: [String: UInt64] = ["ia32eMode": 0, "zeroLengthInjection": 1]

  private let constants: EntryConstants
  private let linearBits: UInt64
  private let definitions: [String: EntryRow]
  private let controls: [VMXControl]

  init(
    _ constants: EntryConstants, linearBits: UInt64, conditions: [EntryRow], controls: [VMXControl]
  ) {
    self.constants = constants
    self.linearBits = linearBits
    self.controls = controls
    definitions = Dictionary(conditions.map { ($0.name, $0) }) { first, _ in first }
  }

  /// Adds a check.
  mutating func append(_ row: EntryRow, number: Int) throws(TableError) {
    var operation = try operation(row)
    operation.number = UInt16(truncatingIfNeeded: number)
    checks.append(operation)
  }

  // MARK: Conditions

  /// Mask and value of a list of conditions, each of which gets a number when it is first used.
  private mutating func bits(
    _ list: [(name: String, isTrue: Bool)], _ row: Table.Row
  ) throws(TableError) -> (mask: UInt64, value: UInt64) {
    var (mask, value): (UInt64, UInt64) = (0, 0)
    for condition in list {
      let bit = UInt64(1) << (try number(condition.name, row))
      mask |= bit
      if condition.isTrue { value |= bit }
    }
    return (mask, value)
  }

  private mutating func number(_ name: String, _ row: Table.Row) throws(TableError) -> UInt64 {
    if let number = numbers[name] { return number }
    var compiled: EntryOperation
    if let definition = definitions[name] {
      compiled = try operation(definition)
    } else if let control = try control(name, row) {
      compiled = control
    } else {
      throw row.error("when", "'\(name)' is no condition")
    }
    let number = numbers.count
    guard number < 64 else { throw row.error("when", "'\(name)' is the 65th condition of its stage") }
    compiled.number = UInt16(number)
    conditions.append(compiled)
    numbers[name] = UInt64(number)
    return UInt64(number)
  }

  /// A control as a condition, `set.name`.
  private mutating func control(_ name: String, _ row: Table.Row) throws(TableError) -> EntryOperation? {
    guard let place = EntryControl(name, among: controls) else { return nil }
    var operation = EntryOperation(
      mask: 1 << place.bit, value: 1 << place.bit, first: place.field.rawValue, kind: .masked)
    if let enabler = place.enabler {
      (operation.guardMask, operation.guardValue) = try bits([(enabler, true)], row)
    }
    return operation
  }

  // MARK: Operations

  private mutating func operation(_ row: EntryRow) throws(TableError) -> EntryOperation {
    var operation = EntryOperation()
    (operation.guardMask, operation.guardValue) = try bits(row.when, row.row)
    switch row.relation {
    case .holds, .any:
      operation.kind = row.relation == .any ? .anyCondition : .conditions
      (operation.mask, operation.value) = try bits(EntryRow.conditions(row.value), row.row)
      return operation
    default: break
    }
    guard let operand = row.operand else { throw row.row.error("field", "is missing") }
    operation.first = operand.word
    operation.firstShift = operand.low
    operation.mask = operand.mask
    try setValue(&operation, row, operand)
    return operation
  }

  private func setValue(_ operation: inout EntryOperation, _ row: EntryRow, _ operand: EntryOperand) throws(TableError)
  {
    func known(_ value: UInt64?) throws(TableError) -> UInt64 {
      guard let value else { throw row.row.error("value", "'\(row.value)' is not understood") }
      return value
    }
    switch row.relation {
    case .clear, .set:
      operation.mask = try known(constants.mask(row.value))
      operation.value = row.relation == .set ? operation.mask : 0
    case .is:
      operation.value = try known(constants.number(row.value)) << UInt64(operand.low)
      operation.mask = operand.mask << UInt64(operand.low)
    case .differs, .atMost:
      operation.kind = row.relation == .differs ? .differs : .atMost
      operation.value = try known(constants.number(row.value))
    case .in:
      operation.kind = .member
      operation.value = try known(constants.members(row.value))
    case .canonical: (operation.kind, operation.value) = (.canonical, linearBits)
    case .canonical48: (operation.kind, operation.value) = (.canonical, 48)
    case .canonical57: (operation.kind, operation.value) = (.canonical, 57)
    case .uniform: (operation.kind, operation.value) = (.uniform, linearBits)
    case .patTypes: operation.kind = .patTypes
    case .sameAs, .sixteenTimes, .notAbove, .implies, .area:
      guard let second = EntryOperand(row.value) else { throw row.row.error("value", "'\(row.value)' is no field") }
      operation.second = second.word
      operation.secondShift = second.low
      operation.secondMask = second.mask
      operation.kind = EntryProgram.kinds[row.relation] ?? .same
      if row.relation == .area { operation.value = try known(constants["beyondPhysical"]) }
    case .check:
      let predicate = EntryPredicate.allCases.first { "\($0)" == row.value }
      operation.kind = .predicate
      operation.value = try known(predicate?.rawValue)
      operation.mask = try known(constants["reservedPDPTE"])
    case .holds, .any: break
    }
  }

  private static let kinds: [EntryRelation: EntryOperation.Kind] = [
    .sameAs: .same, .sixteenTimes: .sixteenTimes, .notAbove: .notAbove, .implies: .implies, .area: .area,
  ]

  // MARK: The fast form

  /// The checks with the many that mask and compare first, those of one word under the same conditions made one, and
  /// without those that no value fails.
  func fast() -> (masked: [EntryOperation], others: [EntryOperation]) {
    var masked: [EntryOperation] = []
    for check in checks where check.kind == .masked && check.mask != 0 {
      let same = masked.firstIndex {
        $0.first == check.first && $0.guardMask == check.guardMask && $0.guardValue == check.guardValue
          && $0.mask & check.mask == 0
      }
      if let same {
        masked[same].mask |= check.mask
        masked[same].value |= check.value
      } else {
        masked.append(check)
      }
    }
    return (masked, checks.filter { $0.kind != .masked })
  }
}

/// Where a control lies, by `set.name`.
public struct EntryControl: Sendable {
  /// The control word.
  public let field: VMCSField
  /// The control's bit in it.
  public let bit: UInt64
  /// The control without which it counts as 0.
  public let enabler: String?

  /// Nil when there is no such control.
  public init?(_ name: String, among controls: [VMXControl]) {
    let parts = name.split(separator: ".")
    guard parts.count == 2, let set = VMXControl.Set(rawValue: String(parts[0])),
      let control = controls.first(where: { $0.set == set && $0.name == parts[1] })
    else { return nil }
    bit = control.bit
    switch set {
    case .pin: (field, enabler) = (.pinControls, nil)
    case .primary: (field, enabler) = (.primaryControls, nil)
    case .secondary: (field, enabler) = (.secondaryControls, "primary.activateSecondaryControls")
    case .exit: (field, enabler) = (.exitControls, nil)
    case .entry: (field, enabler) = (.entryControls, nil)
    case .vmfunc: (field, enabler) = (.vmFunctionControls, "secondary.enableVMFunctions")
    case .misc, .eptVPID: return nil
    }
  }
}
