import Tables

/// A CPU model: what CPUID answers and which model-specific registers there are.
///
/// The values are a real part's, less what is not built and what `--cpuid` takes away.
public struct CPUModel: Sendable {
  /// Its name on the command line, Bochs' where Bochs has the part.
  public let name: String
  /// The processor it is.
  public let part: String
  /// Its timing table's name.
  public let timing: String
  /// Its registers, by index.
  public private(set) var registers: [ModelSpecificRegister]
  /// What was taken away.
  public let masks: [CPUIDMask]
  /// The most bits that a linear address has in any paging mode.
  public let linearBits: UInt64
  /// Bits of CR4 that may be set, and those that are not built and are refused by name; all others are reserved.
  let control4: (allowed: UInt64, refused: UInt64)

  /// Leaves as the model has them, before anything is computed; ECX matters in `subleaved`.
  let leaves: [CPUIDLeaf: CPUIDRegisters]
  let subleaved: Set<UInt32>
  private var registerNumbers: [UInt32: Int]
  /// The same for indices below 1000h, or -1.
  private var lowRegisterNumbers: [Int16]
  private let features: Set<String>
  private let partFeatures: Set<String>

  /// Every model's name, in the order of the table.
  ///
  /// - Throws: `TableError` when the table is wrong; a test reads it.
  public static func names() throws -> [String] { try Table("models", ModelTable.text).rows.map { $0["name"] } }

  /// The model of a name; nil when there is none.
  ///
  /// - Parameters:
  ///   - masks: bits of CPUID to take away.
  ///   - assumingBuilt: features to offer though they are not built; for tests of what is computed over them.
  /// - Throws: `TableError` when a built-in table is wrong; a test reads all of them.
  public static func named(
    _ name: String, without masks: [CPUIDMask] = [], assumingBuilt: Set<String> = []
  ) throws -> CPUModel? {
    guard let row = try Table("models", ModelTable.text).rows.first(where: { $0["name"] == name }) else { return nil }
    return try CPUModel(row, masks, assumingBuilt)
  }

  private init(_ row: Table.Row, _ masks: [CPUIDMask], _ assumingBuilt: Set<String>) throws {
    let name = row["name"]
    self.name = name
    part = row["part"]
    timing = row["timing"]
    self.masks = masks
    guard let text = CPUIDTable.text(row["leaves"]) else {
      throw row.error("leaves", "there is no table '\(row["leaves"])'")
    }
    var (leaves, subleaved) = try CPUModel.leaves(Table("CPUID of \(name)", text))
    for mask in masks { leaves[mask.leaf]?[mask.register] &= ~mask.bits }

    let table = try CPUFeature.all()
    func present(_ leaves: [CPUIDLeaf: CPUIDRegisters]) -> Set<String> {
      Set(table.filter { (leaves[$0.leaf]?[$0.register] ?? 0) & $0.mask != 0 }.map(\.name))
    }
    let partFeatures = present(leaves)
    self.partFeatures = partFeatures
    CPUModel.mask(&leaves, table, assumingBuilt)
    let features = present(leaves)
    self.features = features
    linearBits = features.contains("LA57") ? 57 : 48
    control4 = try ControlBitTable.bits(partHas: partFeatures.contains, has: features.contains)
    try CPUModel.clearDependents(&leaves, features)
    self.leaves = leaves
    self.subleaved = subleaved

    let physicalBits = leaves[CPUIDLeaf(0x8000_0008)]?.eax ?? 36
    self.physicalBits = UInt8(truncatingIfNeeded: physicalBits)
    let addressBits = ((1 << UInt64(physicalBits & 0x3F)) - 1) & ~0xFFF as UInt64
    var values: [UInt32: UInt64] = [:]
    for row in try Table("MSR values", MSRValueTable.text).rows where row["model"] == name {
      values[try row.hex("index", as: UInt32.self)] = try row.hex("reset", as: UInt64.self)
    }
    let capabilities = try VMXCapabilityValues.of(
      name, control4: control4.allowed, has: features.contains, assumingBuilt: assumingBuilt)
    values.merge(capabilities) { _, new in new }
    var registers: [ModelSpecificRegister] = []
    for row in try Table("MSRs", MSRTable.text).rows {
      registers += try ModelSpecificRegister.read(
        row, has: { $0 == "all" || $0 == name || partFeatures.contains($0) }, addressBits: addressBits, values: values)
    }
    registers.removeAll { VMXCapabilityValues.indices.contains($0.index) && capabilities[$0.index] == nil }
    registers.sort { $0.index < $1.index }
    self.registers = registers
    var numbers: [UInt32: Int] = [:]
    for (number, register) in registers.enumerated() {
      guard numbers.updateValue(number, forKey: register.index) == nil else {
        throw TableError(table: "MSRs", line: 0, column: "index", problem: "\(register.name) shares its index")
      }
    }
    registerNumbers = numbers
    lowRegisterNumbers = (0..<0x1000).map { Int16(numbers[$0] ?? -1) }
  }

  private static func leaves(_ table: Table) throws -> ([CPUIDLeaf: CPUIDRegisters], Set<UInt32>) {
    var leaves: [CPUIDLeaf: CPUIDRegisters] = [:]
    var subleaved: Set<UInt32> = []
    for row in table.rows {
      let leaf = try row.hex("leaf", as: UInt32.self)
      var subleaf: UInt32 = 0
      if !row["subleaf"].isEmpty {
        subleaf = try row.hex("subleaf", as: UInt32.self)
        subleaved.insert(leaf)
      }
      var values = CPUIDRegisters()
      for register in CPUIDRegisters.Name.allCases {
        values[register] = try row.hex(register.rawValue, as: UInt32.self)
      }
      guard leaves.updateValue(values, forKey: CPUIDLeaf(leaf, subleaf)) == nil else {
        throw row.error("leaf", "is there twice")
      }
    }
    return (leaves, subleaved)
  }

  /// Leaves of a register of feature bits those that are built.
  private static func mask(
    _ leaves: inout [CPUIDLeaf: CPUIDRegisters], _ features: [CPUFeature], _ assumingBuilt: Set<String>
  ) {
    struct Place: Hashable {
      let leaf: CPUIDLeaf
      let register: CPUIDRegisters.Name
    }
    var built: [Place: UInt32] = [:]
    for feature in features {
      let isBuilt = feature.isBuilt || assumingBuilt.contains(feature.name)
      built[Place(leaf: feature.leaf, register: feature.register), default: 0] |= isBuilt ? feature.mask : 0
    }
    for (place, bits) in built { leaves[place.leaf]?[place.register] &= bits }
  }

  private static func clearDependents(
    _ leaves: inout [CPUIDLeaf: CPUIDRegisters], _ features: Set<String>
  ) throws {
    for row in try Table("CPUID dependencies", CPUIDDependencyTable.text).rows where !features.contains(row["needs"]) {
      let leaf = try row.hex("leaf", as: UInt32.self)
      for key in leaves.keys where key.leaf == leaf {
        if row["register"] == "*" {
          leaves[key] = CPUIDRegisters()
        } else if let register = CPUIDRegisters.Name(rawValue: row["register"]) {
          leaves[key]?[register] = 0
        } else {
          throw row.error("register", "'\(row["register"])' is no register")
        }
      }
    }
  }

  /// The model with registers that a file adds. Those that it has already stay what they are.
  public func adding(_ added: [AddedRegister]) -> CPUModel {
    var model = self
    let new = added.filter { number(of: $0.index) == nil }
    guard !new.isEmpty else { return self }
    model.registers = (registers + new.map(ModelSpecificRegister.init)).sorted { $0.index < $1.index }
    model.registerNumbers = Dictionary(
      model.registers.enumerated().map { ($1.index, $0) }, uniquingKeysWith: { first, _ in first })
    model.lowRegisterNumbers = (0..<0x1000).map { Int16(model.registerNumbers[$0] ?? -1) }
    return model
  }

  // MARK: What it has

  /// Whether the model has a feature, by the name in the feature table.
  public func has(_ feature: String) -> Bool { features.contains(feature) }

  /// Whether the part has a feature, built or not.
  public func partHas(_ feature: String) -> Bool { partFeatures.contains(feature) }

  /// MAXPHYADDR.
  public let physicalBits: UInt8

  /// Leaf 1's EAX, which is in EDX after RESET too.
  var version: UInt32 { leaves[CPUIDLeaf(1)]?.eax ?? 0 }

  /// Family, model and stepping as software computes them (SDM Vol. 2A, "CPUID—CPU Identification", leaf 1).
  public var signature: (family: UInt32, model: UInt32, stepping: UInt32) {
    let eax = version
    let family = eax >> 8 & 0xF
    let extended = family == 6 || family == 15 ? eax >> 12 & 0xF0 : 0
    return (family == 15 ? family + (eax >> 20 & 0xFF) : family, eax >> 4 & 0xF | extended, eax & 0xF)
  }

  /// The brand string, without what pads it.
  public var brand: String {
    var bytes: [UInt8] = []
    for leaf: UInt32 in 0x8000_0002...0x8000_0004 {
      let values = leaves[CPUIDLeaf(leaf)] ?? CPUIDRegisters()
      for register in CPUIDRegisters.Name.allCases {
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: values[register] >> ($0 * 8)) }
      }
    }
    let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    return String(text.drop { $0 == " " })
  }

  /// Leaves and subleaves that the model has, in order.
  public var leafNumbers: [CPUIDLeaf] { leaves.keys.sorted() }

  /// Whether a leaf looks at ECX.
  public func hasSubleaves(_ leaf: UInt32) -> Bool { subleaved.contains(leaf) }

  /// Where a register lies in `registers`; nil when the model does not have it.
  func number(of index: UInt32) -> Int? {
    guard index < 0x1000 else { return registerNumbers[index] }
    let number = lowRegisterNumbers[Int(index)]
    return number < 0 ? nil : Int(number)
  }
}
