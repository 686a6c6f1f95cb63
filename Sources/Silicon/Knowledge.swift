import Opcodes
import SiliconNative
import Tables

/// Flags and results that an instruction leaves undefined, and when.
package struct UndefinedRule {
  /// On what it depends.
  package enum Condition: String {
    case always
    case countOver0 = "count>0"
    case countOver1 = "count>1"
    case countFromSize = "count>=size"
    case countOverSize = "count>size"
    case sourceZero = "source=0"
  }

  package let flags: UInt64
  package let isResult: Bool
  package let condition: Condition

  /// Whether it applies.
  ///
  /// - Parameters:
  ///   - count: before masking; nil: not known, and then it may apply.
  ///   - isSourceZero: nil: not known.
  package func applies(width: Int, count: UInt64?, isSourceZero: Bool?) -> Bool {
    let masked = count.map { Int($0 & (width == 64 ? 63 : 31)) }
    switch condition {
    case .always: return true
    case .countOver0: return masked.map { $0 > 0 } ?? true
    case .countOver1: return masked.map { $0 > 1 } ?? true
    case .countFromSize: return masked.map { $0 >= width } ?? (width < 32)
    case .countOverSize: return masked.map { $0 > width } ?? (width < 32)
    case .sourceZero: return isSourceZero ?? true
    }
  }
}

/// Differences between vendors that the vendor table names.
public enum VendorRule: String, CaseIterable, Sendable {
  /// 66h before a near branch.
  case nearBranch66
  /// F2h or F3h before LOOPE or LOOPNE.
  case repeatedLoop
  /// 0Fh 0Dh with a register.
  case prefetch0D
  /// A near indirect CALL whose stack and target are both at fault.
  case callOrder
  /// A VEX instruction as long as may be, or longer, that has a prefix before VEX that is not admitted.
  case longVEX
  /// The x87 state behind a MASKMOVQ that faults.
  case maskedMove

  /// Whether it may be the reason of differences.
  func explains(_ differences: [FieldDifference]) -> Bool {
    guard self == .maskedMove else { return true }
    return differences.allSatisfy { difference in
      ["FPU", "MM", "exponent"].contains { difference.field.hasPrefix($0) } && !difference.field.hasPrefix("MXCSR")
    }
  }
}

/// A row of the opcode table that the host can run, with what the tables know of it.
struct Encoding {
  let opcode: Opcode
  let undefined: [UndefinedRule]
  /// Arithmetic flags it reads, unless its condition says.
  let reads: UInt64
  let readsCondition: Bool
  /// General registers it takes addresses from without naming them.
  let pointers: [Int]
  /// It is a near branch.
  let isBranch: Bool
  /// It has a displacement to branch to.
  let isRelative: Bool
  /// The same opcode is another instruction behind F2 or F3.
  let hasRepeatedSibling: Bool

  /// It may stand behind others in a sequence: it does not depend on registers or memory for where it goes.
  let mayFollow: Bool
  /// Others may stand behind it.
  let mayLead: Bool
  /// It may access memory that no operand names.
  let mayAccess: Bool

  init(
    _ opcode: Opcode, undefined: [UndefinedRule], reads: (flags: UInt64, isCondition: Bool)?, pointers: [Int],
    hasRepeatedSibling: Bool
  ) {
    self.opcode = opcode
    self.undefined = undefined
    self.reads = reads?.flags ?? 0
    readsCondition = reads?.isCondition ?? false
    self.pointers = pointers
    self.hasRepeatedSibling = hasRepeatedSibling
    isRelative = opcode.operands.contains { if case .relative = $0 { true } else { false } }
    isBranch = isRelative || opcode.isNearIndirect || opcode.mnemonic == "RET"
    mayFollow = pointers.isEmpty && (!isBranch || isRelative) && !["POPF", "LDMXCSR"].contains(opcode.mnemonic)
    mayLead = !isBranch && !undefined.contains { $0.isResult } && !["INT3", "POPF"].contains(opcode.mnemonic)
    mayAccess = !pointers.isEmpty || isBranch || opcode.operands.isEmpty
  }

  /// What it may leave undefined when nothing is known of its operands.
  func undefinedFlags(width: Int) -> UInt64 {
    undefined.reduce(0) { $1.applies(width: width, count: nil, isSourceZero: nil) ? $0 | $1.flags : $0 }
  }

  /// The flags an encoding with this last opcode byte reads.
  func flagsRead(byte: UInt8) -> UInt64 {
    guard readsCondition else { return reads }
    switch byte >> 1 & 7 {
    case 0: return FlagLetters.overflow
    case 1: return FlagLetters.carry
    case 2: return FlagLetters.zero
    case 3: return FlagLetters.carry | FlagLetters.zero
    case 4: return FlagLetters.sign
    case 5: return FlagLetters.parity
    case 6: return FlagLetters.sign | FlagLetters.overflow
    default: return FlagLetters.sign | FlagLetters.overflow | FlagLetters.zero
    }
  }
}

/// Arithmetic flags by the manual's letters.
package enum FlagLetters {
  static let carry: UInt64 = 1 << 0
  static let parity: UInt64 = 1 << 2
  static let adjust: UInt64 = 1 << 4
  static let zero: UInt64 = 1 << 6
  static let sign: UInt64 = 1 << 7
  static let overflow: UInt64 = 1 << 11

  /// Bits of a cell of letters; nil: a letter means nothing.
  package static func bits(_ letters: String) -> UInt64? {
    var bits: UInt64 = 0
    for letter in letters {
      switch letter {
      case "C": bits |= carry
      case "P": bits |= parity
      case "A": bits |= adjust
      case "Z": bits |= zero
      case "S": bits |= sign
      case "O": bits |= overflow
      default: return nil
      }
    }
    return bits
  }

  /// Names of set bits of RFLAGS.
  package static func names(_ bits: UInt64) -> String {
    let known = [(0, "CF"), (2, "PF"), (4, "AF"), (6, "ZF"), (7, "SF"), (10, "DF"), (11, "OF"), (14, "NT"), (21, "ID")]
    return known.filter { bits >> UInt64($0.0) & 1 != 0 }.map(\.1).joined(separator: " ")
  }
}

/// Registers by the manual's names, in the order of their encodings.
package let registerNames = [
  "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
]

/// Rows of the opcode table that are not run, and why.
public struct SkippedRow: Sendable {
  /// Its mnemonic.
  public let mnemonic: String
  /// Its encoding as `Opcode.encoding` has it.
  public let encoding: String
  /// Why.
  public let reason: String

  package init(mnemonic: String, encoding: String, reason: String) {
    self.mnemonic = mnemonic
    self.encoding = encoding
    self.reason = reason
  }
}

/// The opcode table and the harness's own tables, put together.
package struct Knowledge {
  let encodings: [Encoding]
  let skipped: [SkippedRow]

  /// - Parameter only: just this mnemonic's rows, when given.
  init(only: String? = nil) throws(TableError) {
    let opcodes = try Opcode.all()
    let exclusions = try Table("silicon exclusions", SiliconTables.exclusions)
    let features = try Table("silicon features", SiliconTables.features)
    var reasons: [String: String] = [:]
    for row in exclusions.rows { reasons[row["mnemonic"] + "|" + row["encoding"]] = row["reason"] }
    var lacking: [String: String] = [:]
    for row in features.rows where try !Knowledge.hostHas(row) {
      for mnemonic in row["mnemonic"].split(separator: ",") { lacking[String(mnemonic)] = row["feature"] }
    }
    let undefined = try Knowledge.undefinedRules()
    let reads = try Knowledge.reads()
    let pointers = try Knowledge.pointers()
    _ = try Knowledge.vendorRules()
    var encodings: [Encoding] = []
    var skipped: [SkippedRow] = []
    for opcode in opcodes where only == nil || opcode.mnemonic == only {
      let name = opcode.mnemonic
      if let reason = Knowledge.reasonToSkip(opcode, reasons, lacking) {
        skipped.append(SkippedRow(mnemonic: name, encoding: opcode.encoding, reason: reason))
        continue
      }
      let siblings = opcodes.contains {
        $0.map == opcode.map && $0.byte == opcode.byte && ($0.prefix == .byte(0xF2) || $0.prefix == .byte(0xF3))
      }
      encodings.append(
        Encoding(
          opcode, undefined: undefined[name] ?? [], reads: reads[name], pointers: pointers[name] ?? [],
          hasRepeatedSibling: siblings))
    }
    self.encodings = encodings
    self.skipped = skipped
  }

  private static func reasonToSkip(
    _ opcode: Opcode, _ reasons: [String: String], _ lacking: [String: String]
  ) -> String? {
    if opcode.modes == .legacy { return "not in 64-bit mode" }
    if let reason = reasons[opcode.mnemonic + "|"] ?? reasons[opcode.mnemonic + "|" + opcode.encoding] { return reason }
    if let feature = lacking[opcode.mnemonic] { return "the host lacks \(feature)" }
    if !opcode.isBuilt { return opcode.shape.rawValue }
    guard [.general, .sse, .mmx].contains(opcode.unit) else { return "the harness does not compare x87's control" }
    for operand in opcode.operands {
      switch operand {
      case .registerOrMemory, .memory, .register, .reg, .opcodeRegister, .accumulator, .immediate, .signedByte,
        .relative, .offset, .one, .cl, .dx, .registerOnly, .vexRegister, .atDestinationIndex, .vector, .vectorOrMemory,
        .vectorOnly, .mmx, .mmxOrMemory, .mmxOnly:
        continue
      default: return "the generator does not know the operand \(operand)"
      }
    }
    return nil
  }

  // MARK: Tables

  private static func hostHas(_ row: Table.Row) throws(TableError) -> Bool {
    guard let leaf = UInt32(row["leaf"], radix: 16) else { throw row.error("leaf", "is no hexadecimal number") }
    guard let subleaf = UInt32(row["subleaf"]) else { throw row.error("subleaf", "is no number") }
    guard let register = ["eax", "ebx", "ecx", "edx"].firstIndex(of: row["register"]) else {
      throw row.error("register", "is none that CPUID writes")
    }
    guard let bit = UInt32(row["bit"]), bit < 32 else { throw row.error("bit", "is no bit of 32") }
    var registers: [UInt32] = [0, 0, 0, 0]
    silicon_cpuid(leaf, subleaf, &registers)
    return registers[register] >> bit & 1 != 0
  }

  package static func undefinedRules() throws(TableError) -> [String: [UndefinedRule]] {
    var rules: [String: [UndefinedRule]] = [:]
    for row in try Table("silicon undefined", SiliconTables.undefined).rows {
      let isResult = row["what"] == "result"
      guard let flags = isResult ? 0 : FlagLetters.bits(row["what"]) else {
        throw row.error("what", "'\(row["what"])' is neither flags nor result")
      }
      guard let condition = UndefinedRule.Condition(rawValue: row["when"]) else {
        throw row.error("when", "'\(row["when"])' is unknown")
      }
      rules[row["mnemonic"], default: []].append(
        UndefinedRule(flags: flags, isResult: isResult, condition: condition))
    }
    return rules
  }

  static func reads() throws(TableError) -> [String: (flags: UInt64, isCondition: Bool)] {
    var reads: [String: (flags: UInt64, isCondition: Bool)] = [:]
    for row in try Table("silicon reads", SiliconTables.reads).rows {
      let isCondition = row["flags"] == "cc"
      guard let flags = isCondition ? 0 : FlagLetters.bits(row["flags"]) else {
        throw row.error("flags", "'\(row["flags"])' is neither flags nor cc")
      }
      reads[row["mnemonic"]] = (flags, isCondition)
    }
    return reads
  }

  static func pointers() throws(TableError) -> [String: [Int]] {
    var pointers: [String: [Int]] = [:]
    for row in try Table("silicon pointers", SiliconTables.pointers).rows {
      for name in row["registers"].split(separator: ",") {
        guard let number = registerNames.firstIndex(of: String(name)) else {
          throw row.error("registers", "'\(name)' is no general register")
        }
        pointers[row["mnemonic"], default: []].append(number)
      }
    }
    return pointers
  }

  static func vendorRules() throws(TableError) -> [VendorRule: String] {
    var rules: [VendorRule: String] = [:]
    for row in try Table("silicon vendor", SiliconTables.vendor).rows {
      guard let rule = VendorRule(rawValue: row["rule"]) else {
        throw row.error("rule", "'\(row["rule"])' is unknown")
      }
      rules[rule] = row["what"]
    }
    return rules
  }
}
