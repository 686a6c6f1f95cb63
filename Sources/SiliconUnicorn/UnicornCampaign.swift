import MMU
import Silicon
import Tables

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// What a campaign against Unicorn runs.
public struct UnicornOptions: Sendable {
  /// How many cases.
  public var cases = 100_000
  /// What they are made from.
  public var seed: UInt64 = 1
  /// Just this mnemonic's rows.
  public var only: String?
  /// Changes the registers that Unicorn gave, general ones first, before they are compared: to show that a difference is
  /// seen.
  public var tamper: (@Sendable (_ number: Int, _ registers: UnsafeMutablePointer<UInt64>) -> Void)?

  /// A hundred thousand cases from seed 1.
  public init() {}
}

/// Runs cases in modes that a user's program does not have, on Unicorn and on our processor.
public struct UnicornCampaign {
  private let options: UnicornOptions
  private let knowledge: ModeKnowledge
  private let rules: [UnicornRule]
  private let engine32: UnicornEngine
  private let engine64: UnicornEngine
  private let emulated: EmulatedModes
  private var report = UnicornReport()

  /// Groups of which the first case is told in full.
  private static let kept = 200

  private static let kinds: [(mode: ScenarioMode, privilege: UInt16)] = [
    (.real, 0), (.protected16, 0), (.protected16, 3), (.protected32, 0), (.protected32, 3), (.compatibility, 0),
    (.compatibility, 3), (.long, 0), (.long, 3),
  ]

  /// - Throws: when a table is wrong, Unicorn cannot be had, or nothing is named like `only`.
  public init(_ options: UnicornOptions) throws {
    self.options = options
    knowledge = try ModeKnowledge(only: options.only)
    guard !knowledge.rows.isEmpty else { throw NoSuchMnemonic(mnemonic: options.only ?? "") }
    rules = try UnicornRule.all()
    engine32 = try UnicornEngine(is64: false)
    engine64 = try UnicornEngine(is64: true)
    emulated = try EmulatedModes()
    report.skippedRows = knowledge.skipped
  }

  /// Runs them all.
  public mutating func run() throws -> UnicornReport {
    let out = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * Word.count)
    defer { out.deallocate() }
    var left = options.cases
    var batch = 0
    while left > 0 {
      let count = min(left, ModeLayout.slots)
      try runBatch(batch, count, out)
      left -= count
      batch += 1
    }
    return report
  }

  private mutating func runBatch(_ batch: Int, _ count: Int, _ out: UnsafeMutablePointer<UInt64>) throws {
    let kind = UnicornCampaign.kinds[batch % UnicornCampaign.kinds.count]
    var random = Randomness(seed: options.seed, stream: UInt64(batch) << 16)
    var scenario = Scenario(kind.mode, privilege: kind.privilege, random: &random)
    let rows = knowledge.rows.indices.filter { knowledge.rows[$0].opcode.exists(in64BitMode: kind.mode == .long) }
    guard !rows.isEmpty else {
      report.skipped["no such instruction in the mode", default: 0] += count
      return
    }
    let cases = (0..<count).map { slot in
      var random = Randomness(seed: options.seed, stream: UInt64(batch) << 16 | UInt64(slot + 1))
      let number = random.pick(rows)
      var draft = ModeDraft(knowledge.rows[number], number: number, slot: slot, scenario: scenario, random: random)
      return draft.write()
    }
    for it in cases {
      let start = ModeLayout.code + it.slot * ModeLayout.slotBytes
      for (offset, byte) in it.code.enumerated() { scenario.put(UInt64(byte), at: start + offset, bytes: 1) }
    }
    let engine = kind.mode.isLong ? engine64 : engine32
    try engine.enter(scenario)
    guard emulated.enter(scenario) else {
      throw UnicornFailure(action: "be compared: ours does not enter \(kind.mode)", code: .init(0))
    }
    for it in cases { compare(it, scenario, engine, batch, out) }
    compareAll(engine, batch)
  }

  /// Cases may write anywhere: what lies elsewhere is compared once a batch.
  private mutating func compareAll(_ engine: UnicornEngine, _ batch: Int) {
    let (theirs, ours) = (engine.memory, emulated.memory.base)
    guard memcmp(theirs, ours, ModeLayout.memory) != 0 else { return }
    let offset = (0..<ModeLayout.memory).first {
      theirs.load(fromByteOffset: $0, as: UInt8.self) != ours.load(fromByteOffset: $0, as: UInt8.self)
    }
    report.mismatchCount += 1
    report.groups["batch \(batch): memory at \(hex(UInt64(offset ?? 0)))", default: 0] += 1
  }

  private mutating func compare(
    _ it: ModeCase, _ scenario: Scenario, _ engine: UnicornEngine, _ batch: Int, _ out: UnsafeMutablePointer<UInt64>
  ) {
    for patch in it.patches {
      withUnsafeBytes(of: patch.value) { bytes in
        let source = UnsafeRawBufferPointer(rebasing: bytes[0..<patch.bytes])
        emulated.memory.write(PhysicalAddress(UInt64(patch.address)), source)
        (engine.memory + patch.address).copyMemory(
          from: source.baseAddress.unsafelyUnwrapped, byteCount: patch.bytes)
      }
    }
    let theirs = engine.run(it, scenario, out: out)
    options.tamper?(batch * ModeLayout.slots + it.slot, out)
    let ours = emulated.run(it, scenario, out: out + Word.count)
    let differences = self.differences(it, scenario, engine, theirs, ours, out)
    restore(scenario, engine)
    if case .refused(let text) = ours {
      report.skipped["not built: " + text, default: 0] += 1
      return
    }
    let opcode = knowledge.rows[it.row].opcode
    if !differences.isEmpty {
      let found = UnicornRule.Found(
        mnemonic: opcode.mnemonic, encoding: opcode.encoding, mode: scenario.mode, privilege: scenario.privilege,
        theirs: theirs.name, ours: ours.name, it: it,
        isBehind: out[Word.count + Word.rip] != scenario.start(it.slot), differences: differences)
      if let rule = rules.first(where: { $0.explains(found) }) {
        report.explained[rule.name, default: 0] += 1
        // It may have written elsewhere, too.
        if memcmp(engine.memory, emulated.memory.base, ModeLayout.memory) != 0 {
          engine.memory.copyMemory(from: emulated.memory.base, byteCount: ModeLayout.memory)
        }
      } else if theirs == .outside {
        report.skipped["outside of the memory", default: 0] += 1
        return
      } else {
        report.mismatchCount += 1
        note(it, scenario, batch, differences, found)
      }
    }
    report.compared += 1
    if case .event = ours { report.events += 1 }
    report.byMode["\(scenario.mode.rawValue), CPL \(scenario.privilege)", default: 0] += 1
  }

  private mutating func note(
    _ it: ModeCase, _ scenario: Scenario, _ batch: Int, _ differences: [ModeDifference], _ found: UnicornRule.Found
  ) {
    let ends = found.theirs == found.ours ? found.theirs : "\(found.theirs) against \(found.ours)"
    let fields = found.theirs == found.ours ? ", " + fieldNames(found) : ""
    let group = "\(found.mnemonic) \(found.encoding): \(ends)\(fields)"
    report.groups[group, default: 0] += 1
    guard report.groups[group] == 1, report.mismatches.count < UnicornCampaign.kept else { return }
    let code = it.code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
    var lines = ["case \(batch).\(it.slot): \(code): \(group), in \(scenario.mode.rawValue) CPL \(scenario.privilege)"]
    lines.append(
      "  " + (0..<16).map { "\(Word.names[$0]) \(hex(it.gpr[$0]))" }.joined(separator: ", ")
        + ", flags \(hex(it.flags)), bases \(scenario.bases.map { hex($0) }), at \(hex(scenario.start(it.slot)))")
    for patch in it.patches {
      lines.append("  \(hex(UInt64(patch.address))): \(hex(patch.value)), \(patch.bytes) bytes")
    }
    for difference in differences.prefix(10) {
      lines.append("  \(difference.field): theirs \(difference.theirs), ours \(difference.ours)")
    }
    report.mismatches.append(lines)
  }

  private func fieldNames(_ found: UnicornRule.Found) -> String {
    var names: [String] = []
    for difference in found.differences {
      let isGeneral = Word.names[0..<16].contains(difference.field)
      let letters = difference.field == "flags" ? " " + FlagLetters.names(difference.bits) : ""
      let name = isGeneral ? "general" : difference.field + letters
      if !names.contains(name) { names.append(name) }
    }
    return names.joined(separator: ", ")
  }

  private static let comparedFlags: UInt64 = 0x3E_7FD5

  private func differences(
    _ it: ModeCase, _ scenario: Scenario, _ engine: UnicornEngine, _ theirs: ModeEnding, _ ours: ModeEnding,
    _ out: UnsafeMutablePointer<UInt64>
  ) -> [ModeDifference] {
    var list: [ModeDifference] = []
    if theirs != ours { list.append(ModeDifference(field: "end", theirs: theirs.name, ours: ours.name)) }
    if it.isResultUndefined && theirs == ours { return [] }
    let other = out + Word.count
    let isLong = scenario.mode.isLong
    for word in 0..<Word.count {
      var mask: UInt64 = ~0
      switch word {
      case 8..<16, Word.fsBase...Word.kernelGSBase: if !isLong { continue }
      case Word.rflags: mask = UnicornCampaign.comparedFlags & ~it.undefined
      case Word.cr2: if ours != .event(14) { continue }
      default: break
      }
      if !isLong { mask &= 0xFFFF_FFFF }
      guard (out[word] ^ other[word]) & mask != 0 else { continue }
      let name = Word.names[word]
      list.append(
        ModeDifference(
          field: name, theirs: hex(out[word] & mask), ours: hex(other[word] & mask),
          bits: (out[word] ^ other[word]) & mask))
    }
    let mine = emulated.memory.base + ModeLayout.compared
    let their = engine.memory + ModeLayout.compared
    let bytes = ModeLayout.comparedEnd - ModeLayout.compared
    guard memcmp(mine, their, bytes) != 0 else { return list }
    for offset in 0..<bytes {
      let (a, b) = (
        their.load(fromByteOffset: offset, as: UInt8.self), mine.load(fromByteOffset: offset, as: UInt8.self)
      )
      guard a != b else { continue }
      let address = ModeLayout.compared + offset
      let name =
        address < ModeLayout.ldt ? "GDT" : address < ModeLayout.idt ? "LDT" : address < ModeLayout.data ? "TSS" : "data"
      list.append(
        ModeDifference(
          field: name, theirs: "\(hex(UInt64(a))) at \(hex(UInt64(address)))", ours: hex(UInt64(b)), bits: UInt64(a ^ b)
        ))
      if list.count > 12 { break }
    }
    return list
  }

  /// Puts the image back into what is compared, on both sides.
  private func restore(_ scenario: Scenario, _ engine: UnicornEngine) {
    scenario.image.withUnsafeBytes { image in
      let line = 64
      for start in stride(from: ModeLayout.compared, to: ModeLayout.comparedEnd, by: 4096) {
        guard let wanted = image.baseAddress else { return }
        let (mine, their) = (emulated.memory.base + start, engine.memory + start)
        if memcmp(their, wanted + start, 4096) != 0 { their.copyMemory(from: wanted + start, byteCount: 4096) }
        guard memcmp(mine, wanted + start, 4096) != 0 else { continue }
        for offset in stride(from: 0, to: 4096, by: line)
        where memcmp(mine + offset, wanted + start + offset, line) != 0 {
          emulated.memory.write(
            PhysicalAddress(UInt64(start + offset)), UnsafeRawBufferPointer(start: wanted + start + offset, count: line)
          )
        }
      }
    }
  }
}
