import CPU
import MMU
import VMX

/// Ways to make a check fail, from its row in the table.
struct EntryViolation {
  let rig: EntryRig

  /// What is done to a valid VMCS.
  typealias Change = (EntryRig) -> Void

  /// Every change that violates a row, alone.
  func changes(_ row: EntryRow) -> [Change] {
    guard row.violation.isEmpty else { return [{ EntryViolation(rig: $0).apply(row.violation) }] }
    return violations(row).map { change in
      { rig in
        for condition in row.when { EntryViolation(rig: rig).realize(condition.name, condition.isTrue) }
        change(rig)
      }
    }
  }

  private func violations(_ row: EntryRow) -> [Change] {
    let constants = rig.checks.constants
    if row.relation == .holds {
      return EntryRow.conditions(row.value).map { condition in
        { EntryViolation(rig: $0).realize(condition.name, !condition.isTrue) }
      }
    }
    guard let operand = row.operand else { return [] }
    func sets(_ values: [UInt64]) -> [Change] { values.map { value in { $0.set(operand, value) } } }
    switch row.relation {
    case .clear, .set:
      let mask = constants.mask(row.value) ?? 0
      let width = operand.field.map { VMCSFields.all[$0].mask } ?? .max
      return (0..<64).filter { (mask & width) >> UInt64($0) & 1 != 0 }.map { bit in
        { rig in
          rig.set(operand, rig.value(operand) & ~(1 << UInt64(bit)) | (row.relation == .clear ? 1 << UInt64(bit) : 0))
        }
      }
    case .is: return sets((0..<64).filter { $0 != constants.number(row.value) })
    case .differs: return sets([constants.number(row.value) ?? 0])
    case .atMost: return sets([(constants.number(row.value) ?? 0) &+ 1])
    case .in: return sets((0..<64).filter { (constants.members(row.value) ?? 0) >> $0 & 1 == 0 && $0 <= operand.mask })
    case .canonical, .canonical48, .canonical57, .uniform: return sets([1 << 63])
    case .patTypes: return sets([2, 3, 8].map { $0 << 16 })
    case .sameAs, .sixteenTimes:
      guard let second = EntryOperand(row.value) else { return [] }
      return [{ $0.set(operand, $0.value(operand) ^ 1) }, { $0.set(second, $0.value(second) ^ 1) }]
    case .notAbove:
      guard let second = EntryOperand(row.value) else { return [] }
      return [
        { $0.set(operand, operand.mask) },
        { rig in
          rig.set(operand, operand.mask)
          rig.set(second, 0)
        },
      ]
    case .implies:
      guard let second = EntryOperand(row.value) else { return [] }
      return [
        { $0.set(operand, operand.mask) }, { $0.set(second, 0) },
        { rig in
          rig.set(operand, operand.mask)
          rig.set(second, 0)
        },
      ]
    case .area, .check, .holds, .any: return []
    }
  }

  /// Makes a condition hold, or not.
  func realize(_ name: String, _ isTrue: Bool) {
    if name == "ia32eMode" { return rig.inputs.isIA32e = isTrue }
    if let control = EntryControl(name, among: rig.checks.controls) {
      if isTrue, let enabler = control.enabler { realize(enabler, true) }
      let bit = UInt64(1) << control.bit
      rig.vmcs[control.field] = rig.vmcs[control.field] & ~bit | (isTrue ? bit : 0)
      return
    }
    guard let row = rig.checks.conditions.first(where: { $0.name == name }) else { return }
    if isTrue { for condition in row.when { realize(condition.name, condition.isTrue) } }
    let conditions = EntryRow.conditions(row.value)
    switch row.relation {
    case .holds:
      for condition in isTrue ? conditions : Array(conditions.prefix(1)) {
        realize(condition.name, isTrue == condition.isTrue)
      }
    case .any:
      for condition in isTrue ? Array(conditions.prefix(1)) : conditions { realize(condition.name, isTrue) }
    default:
      guard let operand = row.operand else { return }
      let constants = rig.checks.constants
      let number = constants.number(row.value) ?? 0
      let members = constants.members(row.value) ?? 0
      let value = rig.value(operand)
      let holds =
        switch row.relation {
        case .in: value < 64 && members >> value & 1 != 0
        case .differs: value != number
        default: value == number
        }
      guard holds != isTrue else { return }
      switch row.relation {
      case .is: rig.set(operand, isTrue ? number : number ^ 1)
      case .differs: rig.set(operand, isTrue ? number ^ 1 : number)
      case .in:
        let fitting = (0..<64).first { $0 <= operand.mask && (members >> $0 & 1 != 0) == isTrue }
        rig.set(operand, fitting ?? 0)
      default: break
      }
    }
  }

  // MARK: Column "violated by"

  /// `PLACE=VALUE`, separated by spaces.
  func apply(_ text: String) {
    for assignment in text.split(separator: " ") {
      let sides = assignment.split(separator: "=").map(String.init)
      if sides.count == 2 { assign(sides[0], sides[1]) } else { assign(sides[0], "1") }
    }
  }

  private func assign(_ place: String, _ text: String) {
    let number: UInt64 =
      switch text {
      case "page": EntryRig.linkPage
      case "current": rig.inputs.currentVMCS
      case "lastPage": (~rig.capabilities.beyondPhysical) & ~0xFFF
      case "revision": UInt64(VMCSRegion.revisionIdentifier)
      default: UInt64(text, radix: 16) ?? 0
      }
    switch place {
    case "memory.vtpr": rig.memory.write(PhysicalAddress(rig.vmcs[.virtualAPICAddress] + 0x80), number)
    case "memory.link":
      rig.memory.write(PhysicalAddress(rig.vmcs[.vmcsLinkPointer]), UInt32(truncatingIfNeeded: number))
    case "memory.pdpte": rig.memory.write(PhysicalAddress(EntryRig.pdptePage), number)
    case "msr.index": rig.msr.index = UInt32(truncatingIfNeeded: number)
    case "msr.reserved": rig.msr.reserved = UInt32(truncatingIfNeeded: number)
    case "privilege": rig.setPrivilege(number)
    case "virtual8086Segments": rig.setSegments(rights: 0xF3, code: 0xF3, limit: 0xFFFF, isShifted: true)
    default:
      if let operand = EntryOperand(place) {
        rig.set(operand, number)
      } else {
        realize(place, number != 0)
      }
    }
  }
}

extension EntryRig {
  /// An operand's value.
  func value(_ operand: EntryOperand) -> UInt64 {
    guard let field = operand.field else {
      return [UInt64(msr.index), UInt64(msr.reserved), msr.faults ? 1 : 0][Int(operand.word)] >> UInt64(operand.low)
        & operand.mask
    }
    return vmcs[field] >> UInt64(operand.low) & operand.mask
  }

  /// Sets an operand, as far as its field is wide.
  func set(_ operand: EntryOperand, _ value: UInt64) {
    let mask = operand.mask << UInt64(operand.low)
    let bits = value << UInt64(operand.low) & mask
    guard let field = operand.field else {
      switch operand.word {
      case 0: msr.index = UInt32(truncatingIfNeeded: UInt64(msr.index) & ~mask | bits)
      case 1: msr.reserved = UInt32(truncatingIfNeeded: bits)
      default: msr.faults = bits != 0
      }
      return
    }
    vmcs[field] = (vmcs[field] & ~mask | bits) & VMCSFields.all[field].mask
  }
}
