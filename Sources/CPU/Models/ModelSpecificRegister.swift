import Tables

/// A model-specific register as a model has it.
public struct ModelSpecificRegister: Sendable {
  /// What ECX selects it with.
  public let index: UInt32
  /// The manual's name.
  public let name: String
  /// Whether RDMSR may read it.
  public let isReadable: Bool
  /// Whether WRMSR may write it.
  public let isWritable: Bool
  /// Value after power-up.
  public let reset: UInt64
  /// Bits that a write stores.
  public let writable: UInt64
  /// Bits that a write may set or clear without effect; all others that are not writable are reserved.
  public let kept: UInt64
  /// Bits that a write must leave as they are.
  let fixed: UInt64
  /// What it is about, as the manual titles it.
  public let section: String
  let check: Check
  let storage: Storage

  /// What a written value must hold beside its reserved bits.
  enum Check: String {
    case none = ""
    /// A canonical linear address.
    case canonical
    /// A physical address.
    case physical
    /// A memory type of the MTRRs in bits 7:0, or in every byte.
    case memoryType, memoryTypes
    /// A memory type of the PAT in every byte.
    case patTypes
    /// Bit 0 of the register's own value is clear.
    case unlocked
    /// No bit, or every one.
    case allOrNone
    /// No change of LME while paging is on; no NXE without NX.
    case efer
    /// A mode that the APIC can change to; bit 10 is reserved without x2APIC.
    case apicBase
  }

  /// Where the value lies.
  enum Storage: String {
    /// A place of its own.
    case own = ""
    case timeStampCounter, timeStampAdjust, apicBase, timerDeadline, coreThreadCount
    case sysenterCS, sysenterESP, sysenterEIP
    case efer, star, lstar, cstar, fmask, fsBase, gsBase, kernelGSBase, timeStampAux, supervisorKeys
    /// A place of their own; translations' memory types follow from them.
    case memoryTypes, pageAttributes
  }

  /// Reads a row, or a series.
  ///
  /// - Parameters:
  ///   - has: whether a word of column `in` holds for the model.
  ///   - addressBits: what `address` stands for.
  static func read(
    _ row: Table.Row, has: (String) -> Bool, addressBits: UInt64, values: [UInt32: UInt64]
  ) throws(TableError) -> [ModelSpecificRegister] {
    guard row["in"].split(separator: ",").contains(where: { has(String($0)) }) else { return [] }
    guard let check = Check(rawValue: row["check"]) else { throw row.error("check", "'\(row["check"])' is unknown") }
    guard let storage = Storage(rawValue: row["storage"]) else {
      throw row.error("storage", "'\(row["storage"])' is unknown")
    }
    guard ["rw", "ro", "wo"].contains(row["access"]) else {
      throw row.error("access", "'\(row["access"])' is not rw, ro or wo")
    }
    let writable = try mask(row, "writable", addressBits)
    let kept = try mask(row, "kept", addressBits)
    let reset = try row.hex("reset", as: UInt64.self)
    var registers: [ModelSpecificRegister] = []
    for (number, index) in try indices(row).enumerated() {
      registers.append(
        ModelSpecificRegister(
          index: index, name: row["name"].filled("{n}", with: String(number)), isReadable: row["access"] != "wo",
          isWritable: row["access"] != "ro", reset: values[index] ?? reset, writable: writable, kept: kept, fixed: 0,
          section: row["section"], check: check, storage: storage))
    }
    return registers
  }

  private static func mask(_ row: Table.Row, _ column: String, _ addressBits: UInt64) throws(TableError) -> UInt64 {
    var mask: UInt64 = 0
    for word in row[column].split(separator: "+") {
      switch word {
      case "all": mask = .max
      case "address": mask |= addressBits
      default:
        guard let bits = UInt64(word, radix: 16) else { throw row.error(column, "'\(word)' is no mask") }
        mask |= bits
      }
    }
    return mask
  }

  private static func indices(_ row: Table.Row) throws(TableError) -> [UInt32] {
    let text = row["index"]
    let ends = text.split(separator: "/").first?.split(separator: ".") ?? []
    let step = UInt32(text.split(separator: "/").last ?? "")
    if ends.count == 1, let index = UInt32(text, radix: 16) { return [index] }
    guard ends.count == 2, let first = UInt32(ends[0], radix: 16), let last = UInt32(ends[1], radix: 16), let step,
      step > 0, first <= last
    else { throw row.error("index", "'\(text)' is neither an index nor first..last/step") }
    return Array(stride(from: first, through: last, by: Int(step)))
  }
}

/// Memory types (SDM Vol. 3, "Memory Types That Can Be Encoded in MTRRs" and in the PAT).
enum MemoryTypeEncoding {
  /// UC, WC, WT, WP, WB.
  static func isMTRRType(_ value: UInt64) -> Bool { [0, 1, 4, 5, 6].contains(value & 0xFF) }
  /// Those, and UC-.
  static func isPATType(_ value: UInt64) -> Bool { isMTRRType(value) || value & 0xFF == 7 }
  /// Whether every byte holds a type.
  static func every(_ value: UInt64, _ holds: (UInt64) -> Bool) -> Bool {
    (0..<8).allSatisfy { holds(value >> UInt64($0 * 8)) }
  }
}
