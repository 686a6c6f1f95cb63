import CPU
import MMU
import VMX

// VMX: `info vmcs`, `info entry`, `info exits`.

extension Session {
  /// Where a VMCS is looked at.
  private enum Place {
    case current(VMXUnit)
    case region(UInt64)
  }

  /// `info vmcs`.
  func showVMCS(_ arguments: Arguments) throws {
    var arguments = arguments
    var isDifference = false
    var text: String?
    var place: Place?
    while let word = arguments.word() {
      if word == "-diff" {
        isDifference = true
      } else if word.hasPrefix("cpu"), word.count > 3, word.dropFirst(3).allSatisfy(\.isNumber) {
        place = .current(try unit(try processorNumber(word)))
      } else if let address = ExpressionParser.number(word) {
        place = region(address)
      } else {
        text = word.lowercased()
      }
    }
    try show(place ?? .current(try unit(selected)), isDifference: isDifference, text)
  }

  private func unit(_ number: Int) throws -> VMXUnit {
    guard let unit = board.processors[number].vmx else { throw Complaint("cpu\(number)'s model has no VMX") }
    guard unit.current != ~0 else {
      throw Complaint("cpu\(number) has no current VMCS\(unit.isOn ? "" : ": it is not in VMX operation")")
    }
    return unit
  }

  /// A VMCS by pointer: while it is current somewhere, its fields are the processor's.
  private func region(_ address: UInt64) -> Place {
    for processor in board.processors {
      if let unit = processor.vmx, unit.isOn, unit.current == address { return .current(unit) }
    }
    return .region(address)
  }

  private func show(_ place: Place, isDifference: Bool, _ text: String?) throws {
    let pointer: UInt64
    var values: [UInt64] = []
    let fields = VMCSField.allCases
    switch place {
    case .current(let unit):
      pointer = unit.current
      values = fields.map { unit.vmcs[$0] }
      say("VMCS \(hex(pointer)), current, \(unit.isLaunched ? "launched" : "clear")\(unit.isShadow ? ", shadow" : "")")
    case .region(let address):
      pointer = address
      let view = MemoryView(processor, .physical)
      let revision = try view.value(address, bytes: 4)
      values = try fields.map { try view.value(VMCSRegion.address(of: $0, in: address).value, bytes: 8) }
      say("VMCS region \(hex(address)), revision \(hex(revision))")
    }
    let old = shownVMCS[pointer]
    if isDifference, old == nil { say("it has not been shown before: all of it") }
    var group: VMCSFieldDescription.Kind?
    var count = 0
    let sorted = fields.enumerated().sorted {
      (VMCSFields.all[$0.element].kind.rawValue, $0.offset) < (VMCSFields.all[$1.element].kind.rawValue, $1.offset)
    }
    for (index, field) in sorted {
      let description = VMCSFields.all[field]
      if case .current(let unit) = place, !unit.capabilities.has(field) { continue }
      if let text, !description.title.lowercased().contains(text), !"\(field)".lowercased().contains(text) { continue }
      let was = old.map { $0[index] }
      if isDifference, let was, was == values[index] { continue }
      if group != description.kind {
        group = description.kind
        say(Session.title(description.kind))
      }
      count += 1
      let change = isDifference ? was.map { "  (was \(hex($0)))" } ?? "" : ""
      say(
        "  \(hex(UInt64(description.encoding), digits: 4)) \(description.title.padded(56))\(hex(values[index]))\(change)"
      )
    }
    if count == 0 { say(isDifference ? "nothing has changed" : "no field is called so") }
    shownVMCS[pointer] = values
  }

  private static func title(_ kind: VMCSFieldDescription.Kind) -> String {
    switch kind {
    case .control: "controls:"
    case .exitInformation: "VM-exit information:"
    case .guestState: "guest state:"
    case .hostState: "host state:"
    }
  }

  /// `info entry`.
  func showEntry(_ arguments: Arguments) throws {
    try arguments.end()
    for (number, processor) in board.processors.enumerated() {
      guard let unit = processor.vmx else { continue }
      guard let failure = unit.lastFailure else {
        say("cpu\(number): the last VM entry did not fail, or there was none")
        continue
      }
      say("cpu\(number): check '\(failure.check)' of the \(failure.stage) stage (\"\(failure.section)\")")
      for value in failure.values { say("  \(value.name.padded(46))\(hex(value.value))") }
      say("  \(failure.requirement)")
    }
  }

  /// `info exits`.
  func showExits(_ arguments: Arguments) throws {
    try arguments.end()
    var isEmpty = true
    for number in board.processors.indices {
      let exits = events.counts.exits(of: number)
      guard !exits.isEmpty else { continue }
      isEmpty = false
      say("cpu\(number): \(events.counts.entries[number]) entries, \(exits.reduce(0) { $0 &+ $1.count }) exits")
      for exit in exits.sorted(by: { ($1.count, $0.reason) < ($0.count, $1.reason) }) {
        say("  \(String(exit.count).padded(12))\(ExitText.name(exit.reason))")
      }
    }
    if isEmpty { say("no VM exits") }
  }
}

extension VMXUnit {
  /// Whether the guest of the current VMCS has EPT.
  var usesEPT: Bool {
    PrimaryControls(rawValue: vmcs[low: .primaryControls]).contains(.activateSecondaryControls)
      && SecondaryControls(rawValue: vmcs[low: .secondaryControls]).contains(.enableEPT)
  }
}

extension VMCSField {
  /// The field of a name without spaces, in any case: `guestRIP`, `eptPointer`; or as hypervisors write it:
  /// `guest_RIP`, `control_EPT_pointer`.
  static func named(_ name: some StringProtocol) -> VMCSField? {
    let wanted = name.lowercased().replacing("_", with: "")
    let short = wanted.hasPrefix("control") ? String(wanted.dropFirst(7)) : wanted
    return allCases.first { "\($0)".lowercased() == wanted || "\($0)".lowercased() == short }
  }
}

/// Basic exit reasons by name.
enum ExitText {
  static func name(_ reason: UInt32) -> String {
    let number = reason & 0xFFFF
    let name = ExitReason(rawValue: number).map { "\($0)" } ?? "reason"
    return "\(name) (\(number))\(reason >> 31 != 0 ? ", entry failure" : "")"
  }

  /// A reason by name, or by number.
  static func reason(_ text: String) -> UInt32? {
    if let number = ExpressionParser.number(text) { return number <= 0xFFFF ? UInt32(number) : nil }
    return ExitReason.allCases.first { "\($0)".lowercased() == text.lowercased() }?.rawValue
  }
}

extension Processor {
  /// Its VMX.
  var vmx: VMXUnit? { virtualization as? VMXUnit }

  /// Root or non-root operation, with what tags translations there; nothing outside VMX operation.
  var operation: String {
    guard let unit = vmx, unit.isOn else { return "" }
    guard isGuest else { return "root " }
    let tag = translation.controls.tag
    let ept = translation.controls.ept == nil ? "" : " ep4ta \(hex(tag.ep4ta))"
    return "non-root vpid \(tag.vpid)\(ept) "
  }

  /// A field of the current VMCS, by its name without spaces: `guestRIP`, `eptPointer`.
  func field(named name: String) throws(Complaint) -> UInt64 {
    guard VMCSField.named(name) != nil else {
      throw Complaint("a VMCS has no field '\(name)'; 'info vmcs' has their names")
    }
    guard let field = currentField(name) else { throw Complaint("there is no current VMCS that has it") }
    return field.unit.vmcs[field.field]
  }

  /// A field of the current VMCS by such a name, and the bits it has; nil: there is none.
  func currentField(_ name: some StringProtocol) -> (unit: VMXUnit, field: VMCSField, mask: UInt64)? {
    guard let field = VMCSField.named(name), let unit = vmx, unit.isOn, unit.current != ~0,
      unit.capabilities.has(field)
    else { return nil }
    return (unit, field, VMCSFields.all[field].mask)
  }
}
