import CPU
import EPTTLB
import MMU

/// A page walk for people and programs: each entry, what it says, and what comes of it.
package struct WalkReport: Encodable {
  /// An entry that was read.
  struct Step: Encodable {
    /// PML5E, PML4E, PDPTE, PDE, PTE; of PAE paging, PDPTE is a register.
    let entry: String
    /// Where it lies; nil: in a register.
    let address: String?
    let value: String
    /// Its flags by name.
    let flags: [String]
    /// The next table or the page.
    let target: String?
  }

  let event = "walk"
  let processor: Int?
  let linear: String
  let mode: String
  let root: String
  let steps: [Step]
  /// Where it leads; nil: nowhere.
  let physical: String?
  let pageSize: String?
  let rights: [String]?
  /// Why it leads nowhere.
  let fault: String?
  /// What the TLB says, if a processor was looked at: a physical address.
  let cached: String?

  /// Walks an address without side effects, as a supervisor's read whose rights nothing takes away.
  package init(
    _ linear: UInt64, _ controls: PagingControls, _ memory: PhysicalMemory, processor: Int? = nil, cached: UInt64?
  ) {
    var controls = controls
    controls.supervisorAccessPrevention = false
    (controls.userKeys, controls.supervisorKeys) = (0, 0)
    self.processor = processor
    self.linear = Hexadecimal.text(linear)
    self.cached = cached.map { Hexadecimal.text($0) }
    mode = WalkReport.names[controls.mode] ?? "none"
    root = Hexadecimal.text(controls.root)
    let address = LinearAddress(controls.mode.isLong ? linear : linear & 0xFFFF_FFFF)
    let bits = controls.mode.linearBits
    controls.ept?.isLooking = true
    guard controls.mode != .none || controls.ept != nil else {
      (steps, physical, pageSize, rights, fault) = ([], Hexadecimal.text(address.value), nil, nil, nil)
      return
    }
    guard !controls.mode.isLong || address.isCanonical(bits: bits) else {
      (steps, physical, pageSize, rights) = ([], nil, nil, nil)
      fault = "not canonical by \(bits) bits"
      return
    }
    let walk = Walk(address, Access(), controls, memory, sideEffects: false)
    var steps: [Step] = []
    if controls.mode == .pae {
      let pointer = controls.pointers[Int(truncatingIfNeeded: address.value >> 30 & 3)]
      steps.append(WalkReport.step(pointer, level: 3, at: nil, controls, isLeaf: false))
    }
    var isMapped = false
    if case .mapped = walk.outcome { isMapped = true }
    var located = 0
    for index in 0..<walk.count {
      let step = walk.steps[index]
      for entry in walk.located[located..<located + Int(step.locatedCount)] {
        steps.append(WalkReport.step(ept: entry))
      }
      located += Int(step.locatedCount)
      steps.append(
        WalkReport.step(
          step.source.value, level: step.level, at: step.source.address, controls,
          isLeaf: isMapped && index == walk.count - 1))
    }
    for entry in walk.located[located...] + walk.pageSteps[...] { steps.append(WalkReport.step(ept: entry)) }
    self.steps = steps
    switch walk.outcome {
    case .mapped(let entry):
      physical = Hexadecimal.text(entry.physical(address.value))
      pageSize = PageSize.text(shift: entry.shift)
      var rights = ["read"]
      if entry.rights.contains(.write) { rights.append("write") }
      if entry.rights.contains(.execute) { rights.append("execute") }
      if entry.rights.contains(.user) { rights.append("user") }
      self.rights = rights
      fault = nil
    case .fault(let code):
      (physical, pageSize, rights) = (nil, nil, nil)
      let entry = steps.last?.entry ?? "entry"
      fault = code.contains(.reserved) ? "\(entry) has a reserved bit set" : "\(entry) is not present"
    case .exit(let reason):
      (physical, pageSize, rights) = (nil, nil, nil)
      switch reason {
      case .eptViolation(let violation):
        fault = "EPT violation at guest-physical \(Hexadecimal.text(violation.guestPhysicalAddress))"
      case .eptMisconfiguration(let address):
        fault = "EPT misconfiguration at guest-physical \(Hexadecimal.text(address))"
      case .modificationLogFull: fault = "the page-modification log is full"
      }
    }
  }

  /// The processor's own walk, and what its TLB holds.
  package init(_ linear: UInt64, _ processor: Processor, number: Int) {
    let translation = processor.translation
    let controls = translation.controls
    let address = controls.mode.isLong ? linear : linear & 0xFFFF_FFFF
    let slot =
      controls.mode == .none
      ? nil
      : translation.cache.translation(
        controls.ept == nil ? .linear : .combined, address, controls.tag)
    self.init(
      linear, controls, processor.memory, processor: number,
      cached: slot.map { translation.cache.physical($0, address) })
  }

  /// Paging modes by the names that `walk --paging` takes.
  package static let names: [PagingMode: String] = [
    .none: "none", .twoLevel: "32-bit", .pae: "pae", .fourLevel: "4-level", .fiveLevel: "5-level",
  ]

  /// An entry of an EPT paging structure (SDM Vol. 3, "EPT Translation Mechanism").
  private static func step(ept step: Walk.Step) -> Step {
    let names: [UInt8: String] = [5: "EPT PML5E", 4: "EPT PML4E", 3: "EPT PDPTE", 2: "EPT PDE", 1: "EPT PTE"]
    let value = step.source.value
    let isLeaf = step.level == 1 || step.level <= 3 && value & 0x80 != 0
    var flags: [String] = []
    for (bit, name) in [(0, "R"), (1, "W"), (2, "X"), (8, "A"), (9, "D"), (10, "XU")] as [(UInt64, String)]
    where value >> bit & 1 != 0 { flags.append(name) }
    if isLeaf { flags.append("type=\(value >> 3 & 7)") }
    let frame = value & 0x000F_FFFF_FFFF_F000
    let target = value & 7 == 0 ? nil : (isLeaf ? "page " : "table ") + Hexadecimal.text(frame)
    return Step(
      entry: names[step.level] ?? "EPT entry", address: Hexadecimal.text(step.source.address),
      value: Hexadecimal.text(value, digits: 16), flags: flags, target: target)
  }

  private static func step(
    _ value: UInt64, level: UInt8, at address: UInt64?, _ controls: PagingControls, isLeaf: Bool
  ) -> Step {
    let names: [UInt8: String] = [5: "PML5E", 4: "PML4E", 3: "PDPTE", 2: "PDE", 1: "PTE"]
    let isTwoLevel = controls.mode == .twoLevel
    let isPresent = value & 1 != 0
    var target: String?
    if isPresent {
      let frame = isTwoLevel ? value & 0xFFFF_F000 : value & 0x000F_FFFF_FFFF_F000
      let shift = UInt64(level - 1) * (isTwoLevel ? 10 : 9) + 12
      if !isLeaf {
        target = "table \(Hexadecimal.text(frame))"
      } else if isTwoLevel, level == 2 {
        // PSE-36: bits 20:13 are bits 39:32 of the frame.
        target = "page \(Hexadecimal.text(value & 0xFFC0_0000 | (value >> 13 & 0xFF) << 32))"
      } else {
        target = "page \(Hexadecimal.text(frame & ~((1 << shift) - 1)))"
      }
    }
    return Step(
      entry: names[level] ?? "entry", address: address.map { Hexadecimal.text($0) },
      value: Hexadecimal.text(value, digits: isTwoLevel ? 8 : 16),
      flags: flags(value, level: level, controls, isLeaf: isLeaf), target: target)
  }

  /// Flags that are set (SDM Vol. 3, "4-Level Paging and 5-Level Paging", "32-Bit Paging", "PAE Paging").
  private static func flags(_ value: UInt64, level: UInt8, _ controls: PagingControls, isLeaf: Bool) -> [String] {
    guard value & 1 != 0 else { return [] }
    var flags = ["P"]
    let names: [(UInt64, String)] = [(1, "R/W"), (2, "U/S"), (3, "PWT"), (4, "PCD"), (5, "A")]
    for (bit, name) in names where value >> bit & 1 != 0 { flags.append(name) }
    if isLeaf, value >> 6 & 1 != 0 { flags.append("D") }
    if value >> 7 & 1 != 0 { flags.append(level == 1 ? "PAT" : "PS") }
    if isLeaf, value >> 8 & 1 != 0 { flags.append("G") }
    if isLeaf, level > 1, value >> 12 & 1 != 0 { flags.append("PAT") }
    if controls.mode.isLong, isLeaf, value >> 59 & 15 != 0 { flags.append("key=\(value >> 59 & 15)") }
    if controls.mode != .twoLevel, value >> 63 != 0 { flags.append("XD") }
    return flags
  }

  // MARK: Text

  /// Lines of a table.
  package var lines: [String] {
    let place = processor.map { "cpu\($0): " } ?? ""
    var lines = ["\(place)linear \(linear), \(mode == "none" ? "no paging" : "\(mode) paging, root \(root)")"]
    let flagWidth = max(5, steps.map { $0.flags.joined(separator: " ").count }.max() ?? 0)
    if !steps.isEmpty {
      lines.append(
        "  \(padded("entry", 7))\(padded("address", 14))\(padded("value", 18))\(padded("flags", flagWidth + 2))leads to"
      )
    }
    for step in steps {
      let flags = step.flags.isEmpty ? "-" : step.flags.joined(separator: " ")
      lines.append(
        "  \(padded(step.entry, 7))\(padded(step.address ?? "(register)", 14))\(padded(step.value, 18))"
          + "\(padded(flags, flagWidth + 2))\(step.target ?? "-")")
    }
    if let physical {
      let page = pageSize.map { ", page of \($0): \((rights ?? []).joined(separator: ", "))" } ?? ""
      lines.append("  physical \(physical)\(page)")
    } else if let fault {
      lines.append("  no translation: \(fault)")
    }
    if processor != nil, mode != "none" {
      let says = cached == nil ? "nothing" : cached == physical ? "the same" : "\(cached ?? "")"
      lines.append("  the TLB has \(says)")
    }
    return lines
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
