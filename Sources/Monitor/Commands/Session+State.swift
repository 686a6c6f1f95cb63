import CPU
import Layout
import MMU

// State: registers of all kinds, and the processors.

extension Session {
  /// The next instruction's text and length.
  var nextInstruction: (text: String, length: Int) {
    let processor = processor
    let address = processor.linearRIP
    let bytes = processor.peek(address, count: 15)
    guard !bytes.isEmpty else { return ("(cannot be fetched)", 0) }
    return disassemblers.text(bytes, at: address, bits: processor.codeBits)
  }

  /// Says where the machine is, before the prompt.
  func showPlace() {
    nextDisassembled = processor.linearRIP
    shownPlace = placeLine
    say(shownPlace)
  }

  /// Processor, operation and mode, cycle, RIP with its symbol, next instruction.
  var placeLine: String {
    "cpu\(selected) \(mode(of: processor)) cycle \(processor.state.pointee.cycles) "
      + "\(place(processor.linearRIP)): \(nextInstruction.text)"
  }

  private func mode(of processor: Processor) -> String {
    "\(processor.operation)\(processor.modeName) cpl\(processor.privilege)\(activity(of: processor))"
  }

  private func activity(of processor: Processor) -> String {
    switch processor.state.pointee.activity {
    case 0: ""
    case 1: " HLT"
    case 2: " shutdown"
    default: " wait-for-SIPI"
    }
  }

  /// `info cpus`.
  func showProcessors(_ arguments: Arguments) throws {
    try arguments.end()
    for (number, processor) in board.processors.enumerated() {
      let s = processor.state.pointee
      say(
        "\(number == selected ? "*" : " ") cpu\(number) \(mode(of: processor)) cycle \(s.cycles), "
          + "\(s.instructions) instructions, "
          + "at \(place(processor.linearRIP))")
    }
  }

  /// `cpu`.
  func select(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let word = arguments.word() else { throw Complaint("cpu: a number is missing") }
    try arguments.end()
    selected = try processorNumber(word)
    showPlace()
  }

  /// `registers`.
  func showRegisters(_ arguments: Arguments) throws {
    var arguments = arguments
    guard arguments.isEmpty else {
      while let name = arguments.word() {
        let plain = name.hasPrefix("$") ? String(name.dropFirst()) : name
        guard let value = RegisterName.value(plain, of: processor) else {
          throw Complaint("there is no register '\(name)'")
        }
        say("\(plain.lowercased()) \(hex(value))")
      }
      return
    }
    let (processor, state) = (processor, processor.state)
    let registers = GeneralRegister.allCases.map { ("\($0)", processor[$0]) }
    for row in 0..<4 {
      say(
        registers[(row * 4)..<(row * 4 + 4)].map { name, value in
          "\(name)\(name.count == 2 ? " " : "") \(Hexadecimal.text(value, digits: 16))"
        }.joined(separator: "  "))
    }
    say("rip \(place(processor.state.pointee.rip))")
    say("rflags \(hex(state.rflags)) \(Flagged.text(state.rflags, Flagged.rflags))")
  }

  /// `sreg`.
  func showSegments(_ arguments: Arguments) throws {
    try arguments.end()
    let s = processor.state.pointee
    for name in SegmentNames.all + ["ldtr", "tr"] {
      guard let register = SegmentNames.register(name, s) else { continue }
      say(
        "\(name.padded(5))\(hex(UInt64(register.selector), digits: 4))  base \(hex(register.base, digits: 16))  "
          + "limit \(hex(UInt64(register.limit), digits: 8))  rights \(hex(UInt64(register.attributes), digits: 4)) "
          + Flagged.segment(register.attributes))
    }
    for (name, register) in [("gdtr", s.gdtr), ("idtr", s.idtr)] {
      say("\(name.padded(13))base \(hex(register.base, digits: 16))  limit \(hex(register.limit, digits: 4))")
    }
  }

  /// `creg`.
  func showControls(_ arguments: Arguments) throws {
    try arguments.end()
    let s = processor.state.pointee
    say("cr0  \(hex(s.cr0, digits: 16)) \(Flagged.text(s.cr0, Flagged.cr0))")
    say("cr2  \(hex(s.cr2, digits: 16))")
    say("cr3  \(hex(s.cr3, digits: 16))")
    say("cr4  \(hex(s.cr4, digits: 16)) \(Flagged.text(s.cr4, Flagged.cr4))")
    say("cr8  \(hex(s.cr8, digits: 16))")
    say("efer \(hex(s.efer, digits: 16)) \(Flagged.text(s.efer, Flagged.efer))")
    let controls = processor.translation.controls
    let mode = WalkReport.names[controls.mode] ?? "none"
    say("paging \(mode)\(controls.mode == .none ? "" : ", root \(hex(controls.root))")")
    guard controls.mode == .pae else { return }
    for index in 0..<4 { say("pdpte\(index) \(hex(controls.pointers[index], digits: 16))") }
  }

  /// `dreg`.
  func showDebugRegisters(_ arguments: Arguments) throws {
    try arguments.end()
    let dr = processor.state.pointee.dr
    for (number, value) in [(0, dr.0), (1, dr.1), (2, dr.2), (3, dr.3), (6, dr.6), (7, dr.7)] {
      say("dr\(number) \(hex(value, digits: 16))")
    }
  }

  /// `msr`.
  func showModelSpecific(_ arguments: Arguments) throws {
    var arguments = arguments
    let registers = processor.model.registers
    if let word = arguments.word() {
      try arguments.end()
      let wanted = [word.lowercased(), "ia32_" + word.lowercased()]
      let named = registers.first { wanted.contains($0.name.lowercased()) }?.index
      guard let index = named ?? ExpressionParser.number(word).flatMap({ UInt32(exactly: $0) }),
        let value = processor.peek(modelSpecific: index)
      else { throw Complaint("the model has no model-specific register '\(word)' that can be read") }
      let name = registers.first { $0.index == index }?.name ?? ""
      return say("\(hex(UInt64(index))) \(name) \(hex(value))")
    }
    for register in registers {
      guard let value = processor.peek(modelSpecific: register.index) else { continue }
      say("\(hex(UInt64(register.index)).padded(12))\(register.name.padded(34))\(hex(value))")
    }
  }

  /// `set`.
  func setRegister(_ arguments: Arguments) throws {
    let parts = arguments.rest.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw Complaint("set REGISTER = E, or set l4[E] = E") }
    if case .memory(let level, let bytes, let place)? = try? ExpressionParser.parse(parts[0]) {
      let address = try place.value(in: ProcessorContext(self, selected))
      let value = try value(parts[1])
      let content = (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
      try write(content, to: address, level)
      return say("\(MemoryView(processor, level).name) \(hex(address)) \(hex(value, digits: bytes * 2))")
    }
    var name = parts[0].filter { !$0.isWhitespace }
    if name.first == "$" { name.removeFirst() }
    let value = try value(parts[1])
    try edit(.register(processor: selected, name: name, value: value))
    let now = try ProcessorContext(self, selected).value(named: name)
    say("\(name) \(hex(now))")
  }

  /// `info screen`.
  func showScreen(_ arguments: Arguments) throws {
    try arguments.end()
    guard var lines = board.screen else { throw Complaint("the machine shows no text") }
    while lines.last?.isEmpty == true { lines.removeLast() }
    if lines.isEmpty { return say("the screen is empty") }
    for line in lines { say(line) }
  }
}

extension String {
  /// With spaces behind it, one at least.
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}

/// Registers bit by bit, by the manual's names.
enum Flagged {
  typealias Names = [(Int, String)]

  /// EFLAGS (SDM Vol. 1, "EFLAGS Register").
  static let rflags: Names = [
    (0, "CF"), (2, "PF"), (4, "AF"), (6, "ZF"), (7, "SF"), (8, "TF"), (9, "IF"), (10, "DF"), (11, "OF"), (14, "NT"),
    (16, "RF"), (17, "VM"), (18, "AC"), (19, "VIF"), (20, "VIP"), (21, "ID"),
  ]
  /// CR0 (SDM Vol. 3, "Control Registers").
  static let cr0: Names = [
    (0, "PE"), (1, "MP"), (2, "EM"), (3, "TS"), (4, "ET"), (5, "NE"), (16, "WP"), (18, "AM"), (29, "NW"), (30, "CD"),
    (31, "PG"),
  ]
  /// CR4.
  static let cr4: Names = [
    (0, "VME"), (1, "PVI"), (2, "TSD"), (3, "DE"), (4, "PSE"), (5, "PAE"), (6, "MCE"), (7, "PGE"), (8, "PCE"),
    (9, "OSFXSR"), (10, "OSXMMEXCPT"), (11, "UMIP"), (12, "LA57"), (13, "VMXE"), (14, "SMXE"), (16, "FSGSBASE"),
    (17, "PCIDE"), (18, "OSXSAVE"), (20, "SMEP"), (21, "SMAP"), (22, "PKE"), (23, "CET"), (24, "PKS"),
  ]
  /// IA32_EFER.
  static let efer: Names = [(0, "SCE"), (8, "LME"), (10, "LMA"), (11, "NXE")]

  /// The names of the bits that are set.
  static func text(_ value: UInt64, _ names: Names) -> String {
    names.filter { value >> UInt64($0.0) & 1 != 0 }.map(\.1).joined(separator: " ")
  }

  /// Access rights as a VMCS has them.
  static func segment(_ rights: UInt32) -> String {
    if rights >> 16 & 1 != 0 { return "unusable" }
    var words = [rights >> 4 & 1 == 0 ? "system" : rights & 8 != 0 ? "code" : "data", "dpl\(rights >> 5 & 3)"]
    if rights >> 7 & 1 != 0 { words.append("P") }
    if rights >> 13 & 1 != 0 { words.append("L") }
    if rights >> 14 & 1 != 0 { words.append("D/B") }
    if rights >> 15 & 1 != 0 { words.append("G") }
    return words.joined(separator: " ")
  }
}
