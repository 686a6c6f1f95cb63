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

  /// A hundred thousand cases from seed 1.
  public init() {}
}

/// What a campaign against Unicorn found.
public struct UnicornReport: Sendable {
  /// Cases that were run on both sides and compared.
  public internal(set) var compared = 0
  /// Of these, cases that end with an exception or a software interrupt on ours.
  public internal(set) var events = 0
  /// Of these, by mode and privilege.
  public internal(set) var byMode: [String: Int] = [:]
  /// Differences that no row explains.
  public internal(set) var mismatchCount = 0
  /// How often each group of them was seen.
  public internal(set) var groups: [String: Int] = [:]
  /// The first of each group, line by line.
  public internal(set) var mismatches: [[String]] = []
  /// Differences that a row explains, by its name.
  public internal(set) var explained: [String: Int] = [:]
  /// Cases not compared, by reason.
  public internal(set) var skipped: [String: Int] = [:]
  /// Rows of the opcode table that are not run.
  public internal(set) var skippedRows: [SkippedRow] = []
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
      let count = min(left, Layout32.slots)
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
      let start = Layout32.code + it.slot * Layout32.slotBytes
      for (offset, byte) in it.code.enumerated() { scenario.put(UInt64(byte), at: start + offset, bytes: 1) }
    }
    let engine = kind.mode.isLong ? engine64 : engine32
    try engine.enter(scenario)
    guard emulated.enter(scenario) else {
      throw UnicornFailure(action: "be compared: ours does not enter \(kind.mode)", code: .init(0))
    }
    for it in cases { compare(it, scenario, engine, batch, out) }
    for range in [0..<Layout32.entry64 - 0x1000, Layout32.prologue..<Layout32.memory] {
      let (theirs, ours) = (engine.memory + range.lowerBound, emulated.memory.base + range.lowerBound)
      guard memcmp(theirs, ours, range.count) != 0 else { continue }
      let offset = range.indices.first { engine.memory.load(fromByteOffset: $0, as: UInt8.self) != emulated.memory.base.load(fromByteOffset: $0, as: UInt8.self) }
      report.mismatchCount += 1
      report.groups["elsewhere in memory, in batch \(batch), at \(hex(UInt64(offset ?? 0)))", default: 0] += 1
    }
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
    for patch in it.patches { lines.append("  \(hex(UInt64(patch.address))): \(hex(patch.value)), \(patch.bytes) bytes") }
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
    let mine = emulated.memory.base + Layout32.compared
    let their = engine.memory + Layout32.compared
    let bytes = Layout32.comparedEnd - Layout32.compared
    guard memcmp(mine, their, bytes) != 0 else { return list }
    for offset in 0..<bytes {
      let (a, b) = (their.load(fromByteOffset: offset, as: UInt8.self), mine.load(fromByteOffset: offset, as: UInt8.self))
      guard a != b else { continue }
      let address = Layout32.compared + offset
      let name = address < Layout32.ldt ? "GDT" : address < Layout32.idt ? "LDT" : address < Layout32.data ? "TSS" : "data"
      list.append(
        ModeDifference(
          field: name, theirs: "\(hex(UInt64(a))) at \(hex(UInt64(address)))", ours: hex(UInt64(b)), bits: UInt64(a ^ b)))
      if list.count > 12 { break }
    }
    return list
  }

  /// Puts the image back into what is compared, on both sides.
  private func restore(_ scenario: Scenario, _ engine: UnicornEngine) {
    scenario.image.withUnsafeBytes { image in
      let line = 64
      for start in stride(from: Layout32.compared, to: Layout32.comparedEnd, by: 4096) {
        guard let wanted = image.baseAddress else { return }
        let (mine, their) = (emulated.memory.base + start, engine.memory + start)
        if memcmp(their, wanted + start, 4096) != 0 { their.copyMemory(from: wanted + start, byteCount: 4096) }
        guard memcmp(mine, wanted + start, 4096) != 0 else { continue }
        for offset in stride(from: 0, to: 4096, by: line) where memcmp(mine + offset, wanted + start + offset, line) != 0 {
          emulated.memory.write(
            PhysicalAddress(UInt64(start + offset)), UnsafeRawBufferPointer(start: wanted + start + offset, count: line))
        }
      }
    }
  }
}

/// A row of the table of differences.
struct UnicornRule {
  let name: String
  let mnemonic: String
  let modes: [Substring]
  let theirs: String
  let ours: String
  let fields: Set<String>
  let when: Substring
  let encoding: String

  /// A difference that was found.
  struct Found {
    let mnemonic: String
    let encoding: String
    let mode: ScenarioMode
    let privilege: UInt16
    let theirs: String
    let ours: String
    let it: ModeCase
    /// Ours raised its exception behind the first instruction.
    let isBehind: Bool
    let differences: [ModeDifference]
    var fields: [String] { differences.map(\.field) }
  }

  static func all() throws(TableError) -> [UnicornRule] {
    try Table("unicorn differences", UnicornTables.differences).rows.map { row in
      UnicornRule(
        name: row["name"], mnemonic: row["mnemonic"], modes: row["modes"].split(separator: ","),
        theirs: row["theirs"], ours: row["ours"],
        fields: Set(row["fields"].split(separator: ",").map(String.init)), when: Substring(row["when"]), encoding: row["encoding"])
    }
  }

  /// Whether a case has the property that a row asks for.
  private func applies(_ found: Found) -> Bool {
    let it = found.it
    return switch when {
    case "behind": found.isBehind
    case "": true
    case "LOCK": it.prefixes.contains(0xF0)
    case "memory": it.hasMemory
    case "register": !it.hasMemory
    case "16": it.width == 16
    case "32": it.width == 32
    case "64": it.width == 64
    case "REX": it.hasREX
    case "RIP": it.isRIPRelative
    case "66": it.prefixes.contains(0x66)
    default: false
    }
  }

  func explains(_ found: Found) -> Bool {
    guard mnemonic == "*" || mnemonic.split(separator: ",").contains(Substring(found.mnemonic)), applies(found) else {
      return false
    }
    guard encoding.isEmpty || encoding == found.encoding else { return false }
    guard modes == ["all"] || modes.contains(Substring(found.mode.rawValue)) else { return false }
    guard fields.isEmpty else {
      return found.theirs == found.ours && found.differences.allSatisfy(isCovered)
    }
    return found.theirs != found.ours && (theirs == "any" || theirs == found.theirs)
      && (ours == "any" || ours == found.ours)
  }

  /// Whether the row's fields cover a difference: by name, by the general registers' common name, or by bits.
  private func isCovered(_ difference: ModeDifference) -> Bool {
    let isGeneral = Word.names[0..<16].contains(difference.field)
    for field in fields {
      let parts = field.split(separator: ":")
      guard let name = parts.first, name == difference.field || name == "general" && isGeneral else { continue }
      let bits = parts.count == 2 ? UInt64(parts[1], radix: 16) ?? 0 : ~0
      if difference.bits & ~bits == 0 { return true }
    }
    return false
  }
}

/// A difference in one field, and in which of its bits.
struct ModeDifference {
  let field: String
  let theirs: String
  let ours: String
  var bits: UInt64 = ~0
}
