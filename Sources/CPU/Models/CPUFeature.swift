import Opcodes
import Tables

/// A feature bit of CPUID.
public struct CPUFeature: Sendable {
  /// The manual's name.
  public let name: String
  /// Where the bit lies.
  public let leaf: CPUIDLeaf
  /// In which register.
  public let register: CPUIDRegisters.Name
  /// Its number, 0-31.
  public let bit: UInt32
  /// Whether a model may have it.
  public let isBuilt: Bool
  /// The instructions it stands for, when they decide whether it is built.
  public let instructions: [String]
  /// What it is about, as the manual titles it.
  public let section: String

  /// The bit, in its place.
  public var mask: UInt32 { 1 << bit }

  /// Every row of the feature table, in its order.
  ///
  /// - Throws: `TableError`, which names the row; a test reads the table.
  public static func all() throws -> [CPUFeature] { try known.get() }

  private static let known = Result { try read() }

  private static func read() throws -> [CPUFeature] {
    let instructions = Set(try Opcode.all().filter(\.isBuilt).map(\.mnemonic))
    var features: [CPUFeature] = []
    for row in try Table("features", FeatureTable.text).rows {
      guard let register = CPUIDRegisters.Name(rawValue: row["register"]) else {
        throw row.error("register", "'\(row["register"])' is no register")
      }
      guard let bit = UInt32(row["bit"]), bit < 32 else { throw row.error("bit", "'\(row["bit"])' is not 0 to 31") }
      var needed: [String] = []
      let isBuilt: Bool
      switch row["built"] {
      case "": throw row.error("built", "is empty")
      case "yes": isBuilt = true
      case "no": isBuilt = false
      case let list:
        needed = list.split(separator: ",").map(String.init)
        isBuilt = instructions.isSuperset(of: needed)
      }
      features.append(
        CPUFeature(
          name: row["name"],
          leaf: CPUIDLeaf(try row.hex("leaf", as: UInt32.self), try row.hex("subleaf", as: UInt32.self)),
          register: register, bit: bit, isBuilt: isBuilt, instructions: needed, section: row["section"]))
    }
    return features
  }
}
