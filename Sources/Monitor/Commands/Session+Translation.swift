import CPU
import EPTTLB
import MMU

// Translation as memory has it: `walk`, `gva2gpa`, `gpa2hpa`, `info mem`, `info ept`, `ept compose`, `ept diff`. All of
// it by the one walk, without side effects.

extension Session {
  /// `walk`.
  func walk(_ arguments: Arguments) throws {
    let address = try value(arguments.rest)
    for line in WalkReport(address, processor, number: selected).lines { say(line) }
  }

  /// `gva2gpa`.
  func guestPhysical(_ arguments: Arguments) throws {
    let address = try value(arguments.rest)
    guard let entry = processor.mapping(of: address) else {
      throw Complaint("linear \(hex(address)) is not mapped: 'walk' says where it ends")
    }
    let physical = entry.physical(address)
    guard entry.kind == .combined else {
      return say("linear \(hex(address)) is physical \(hex(physical)): EPT is not in use")
    }
    let offset = address & (1 << UInt64(entry.shift) - 1)
    say("linear \(hex(address)) is guest-physical \(hex(entry.guestFrame | offset)), physical \(hex(physical))")
  }

  /// An EPT: the one named, or that in force, or that of the current VMCS.
  private func ept(_ arguments: inout Arguments) throws -> EPTControls {
    if let pointer = try value(at: &arguments) { return try Session.ept(pointer) }
    guard let controls = processor.guestEPT else { throw Complaint("no EPT is in use here: name an EPTP") }
    return controls
  }

  /// The EPT that an EPTP names, or one of four levels at an address.
  private static func ept(_ pointer: UInt64) throws(Complaint) -> EPTControls {
    switch pointer >> 3 & 7 {
    case 3, 4: return EPTControls(pointer: pointer)
    case 0 where pointer & 0xFFF == 0: return EPTControls(pointer: pointer | 3 << 3 | 6)
    case let bits: throw Complaint("\(hex(pointer)) is no EPTP: bits 5:3 are \(bits), not 3 or 4 for 4 or 5 levels")
    }
  }

  /// `gpa2hpa`.
  func hostPhysical(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let address = try value(at: &arguments) else { throw Complaint("gpa2hpa: an address is missing") }
    let ept = try ept(&arguments)
    try arguments.end()
    for line in EPTReport.lines(address, ept, processor) { say(line) }
  }

  /// `info mem`.
  func showMappings(_ arguments: Arguments) throws {
    try arguments.end()
    var controls = processor.translation.controls
    guard controls.mode != .none else { return say("paging is off: linear addresses are physical ones") }
    (controls.supervisorAccessPrevention, controls.userKeys, controls.supervisorKeys) = (false, 0, 0)
    controls.ept?.isLooking = true
    try list(MappedRanges.linear(controls, board.memory))
  }

  /// `info ept`.
  func showEPT(_ arguments: Arguments) throws {
    var arguments = arguments
    let ept = try ept(&arguments)
    try arguments.end()
    say("EPTP \(hex(ept.pointer)): \(ept.levels) levels\(ept.hasFlags ? ", accessed and dirty flags" : "")")
    try list(MappedRanges.guestPhysical(ept, processor))
  }

  /// Says ranges, as far as a person wants to read.
  private func list(_ ranges: MappedRanges) throws {
    var ranges = ranges
    let flag = host.flag
    ranges.isInterrupted = { flag.isSet }
    var count = 0
    while let range = ranges.next(), !flag.isSet {
      count += 1
      guard count <= 1000 else { return say("and more") }
      say(range.text)
    }
    guard !flag.isSet else { throw Interrupted() }
    if count == 0 { say("nothing is mapped") }
  }

  private func two(_ arguments: inout Arguments) throws -> (EPTControls, EPTControls) {
    guard let a = try value(at: &arguments), let b = try value(at: &arguments) else {
      throw Complaint("two EPTPs are wanted")
    }
    try arguments.end()
    return (try Session.ept(a), try Session.ept(b))
  }

  /// `ept diff`.
  func differEPT(_ arguments: Arguments) throws {
    var arguments = arguments
    let (a, b) = try two(&arguments)
    var count = 0
    var differences = EPTDifferences(a, b, processor)
    while let line = differences.next() {
      guard !host.flag.isSet else { throw Interrupted() }
      count += 1
      guard count <= 1000 else { return say("and more") }
      say(line)
    }
    if count == 0 { say("they map the same") }
  }

  /// `ept compose`.
  func composeEPT(_ arguments: Arguments) throws {
    var arguments = arguments
    let (outer, inner) = try two(&arguments)
    try list(MappedRanges.composed(outer, inner, processor))
  }
}

extension Processor {
  /// The EPT in force; in root operation that of the current VMCS, if its guest has one.
  var guestEPT: EPTControls? {
    if let ept = translation.controls.ept { return ept }
    guard let unit = vmx, unit.isOn, unit.current != ~0, unit.usesEPT else { return nil }
    return EPTControls(pointer: unit.vmcs[.eptPointer])
  }

  /// Where a guest-physical address lies by that EPT; itself without one.
  func physical(ofGuest address: UInt64) -> UInt64? {
    guard var ept = guestEPT else { return address }
    ept.isLooking = true
    let access = EPTAccess(Access(), ept, isUserAddress: false)
    let walk = EPTWalk(
      address, access, ept, physicalBits: translation.controls.physicalBits, memory, sideEffects: false)
    guard case .mapped(let entry) = walk.outcome else { return nil }
    return entry.physical(address)
  }
}

/// The EPT walk of one address, for people.
enum EPTReport {
  static func lines(_ address: UInt64, _ ept: EPTControls, _ processor: Processor) -> [String] {
    var ept = ept
    ept.isLooking = true
    let walk = EPTWalk(
      address, EPTAccess(Access(), ept, isUserAddress: false), ept,
      physicalBits: processor.translation.controls.physicalBits, processor.memory, sideEffects: false)
    let names: [UInt8: String] = [5: "EPT PML5E", 4: "EPT PML4E", 3: "EPT PDPTE", 2: "EPT PDE", 1: "EPT PTE"]
    var lines = ["guest-physical \(hex(address)), EPTP \(hex(ept.pointer))"]
    for index in 0..<walk.count {
      let step = walk.steps[index]
      lines.append(
        "  \((names[step.level] ?? "entry").padded(10))\(hex(step.source.address).padded(14))"
          + hex(step.source.value, digits: 16))
    }
    switch walk.outcome {
    case .mapped(let entry):
      let type = ["UC", "WC", "2", "3", "WT", "WP", "WB", "7"][Int(entry.memoryType & 7)]
      let ignores = entry.memoryType & 8 != 0 ? ", PAT ignored" : ""
      lines.append(
        "  physical \(hex(entry.physical(address))), page of \(PageSize.text(shift: entry.shift)): "
          + "\(TranslationText.rights(entry.eptRights)), type \(type)\(ignores)")
    case .violation: lines.append("  no translation: an EPT violation")
    case .misconfiguration: lines.append("  no translation: an EPT misconfiguration")
    case .logFull: lines.append("  the page-modification log is full")
    }
    return lines
  }
}
