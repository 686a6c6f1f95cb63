import Tables

/// A row of the opcode table: one encoding of one instruction.
public struct Opcode: Sendable {
  /// Mandatory prefix: none needed, neither F2 nor F3 allowed, not 66 either, or the byte.
  public enum Prefix: Equatable, Sendable { case any, none, strictlyNone, byte(UInt8) }

  /// Which opcode map the last byte lies in.
  public enum Map: Int, Sendable {
    case oneByte = 0, escape0F = 1, escape0F38 = 2, escape0F3A = 3
    /// The maps behind a VEX prefix, by mmmmm.
    case vex0F = 5, vex0F38 = 6, vex0F3A = 7

    /// Whether a VEX prefix leads to the map.
    public var isVEX: Bool { rawValue > 4 }
  }

  /// What a row's operands are made of.
  public enum Operand: Equatable, Sendable {
    /// ModRM.rm, register or memory (E); memory only (M); a register whatever mod is (R), or only with mod = 3 (R and a
    /// size).
    case registerOrMemory(Size), memory, register, registerOnly(Size)
    /// ModRM.reg (G), the opcode's low bits (Z), the accumulator (AL, rAX).
    case reg(Size), opcodeRegister(Size), accumulator(Size)
    /// A general register in VEX.vvvv (B).
    case vexRegister(Size)
    /// An immediate (I), sign-extended byte (Ibs), branch displacement (J), memory offset (O).
    case immediate(Size), signedByte, relative(Size), offset(Size)
    /// The constants and fixed registers.
    case one, cl, dx
    /// A control or debug register in ModRM.reg (C).
    case control
    /// An XMM register in ModRM.reg (V); in ModRM.rm, or memory (W), or never memory (U).
    case vector, vectorOrMemory, vectorOnly
    /// An MMX register in ModRM.reg (P); in ModRM.rm, or memory (Q), or never memory (N).
    case mmx, mmxOrMemory, mmxOnly
    /// An x87 register in ModRM.rm (ST).
    case stackRegister
    /// Memory at rDI.
    case atDestinationIndex
    /// A segment register in ModRM.reg (S), or a fixed one (S0 to S5).
    case segment, fixedSegment(UInt8)
    /// A far pointer: offset of the operand size, then selector (Ap).
    case farPointer
  }

  /// Which registers an instruction needs that CR0, CR4 or a pending x87 error may keep it from.
  public enum Unit: UInt8, Sendable {
    case general = 0, sse, mmx, x87, waiting, fxsave, xsave

    init(_ attributes: [Substring], _ operands: [Operand]) {
      let named: [(Substring, Unit)] = [
        ("sse", .sse), ("mmx", .mmx), ("x87", .x87), ("waiting", .waiting), ("fxsave", .fxsave), ("xsave", .xsave),
      ]
      if let unit = named.first(where: { attributes.contains($0.0) })?.1 {
        self = unit
      } else if operands.contains(where: { $0 == .mmx || $0 == .mmxOrMemory || $0 == .mmxOnly }) {
        self = .mmx
      } else {
        self = operands.contains { $0 == .vector || $0 == .vectorOrMemory || $0 == .vectorOnly } ? .sse : .general
      }
    }
  }

  /// Operand sizes of the manual's notation.
  public enum Size: Character, Sendable { case b = "b", w = "w", d = "d", q = "q", v = "v", z = "z", y = "y" }

  /// In which modes an encoding exists.
  public enum Modes: String, Sendable { case all, only64 = "64", legacy }

  /// Mandatory prefix.
  public let prefix: Prefix
  /// Opcode map.
  public let map: Map
  /// Last opcode byte, the first of 8 or 16 when `spread` says so.
  public let byte: UInt8
  /// How many consecutive bytes the row stands for: 1, 8 (`+r`) or 16 (`+c`).
  public let spread: Int
  /// Required ModRM.reg, when the row is one of a group.
  public let digit: UInt8?
  /// Required ModRM.rm with mod = 3.
  public let exactRM: UInt8?
  /// REX.W must stand before it.
  public let needsREXW: Bool
  /// The manual's mnemonic.
  public let mnemonic: String
  /// Its operands, destination first.
  public let operands: [Operand]
  /// How it is executed.
  public let shape: Shape
  /// Operand sizes in bits it is built for; empty when size does not matter.
  public let widths: [Int]
  /// Modes it exists in.
  public let modes: Modes
  /// LOCK may stand before its memory form.
  public let allowsLock: Bool
  /// The unit that CR0, CR4 or a pending error may keep from executing it; see `Unit`.
  public let unit: Unit
  /// Bytes of its memory operand, where neither operands nor widths say them.
  public let memoryBytes: Int?
  /// The same with a 16-bit operand size, where that differs.
  public let memoryBytes16: Int?
  /// Its 16-byte memory operand need not be aligned.
  public let allowsUnaligned: Bool
  /// Nothing is encoded where its memory operand would be a register: #UD.
  public let excludesRegister: Bool
  /// 66h before it is #UD, and no operand size.
  public let excludesOperandSize: Bool
  /// It is the last of its block.
  public let endsBlock: Bool
  /// 64-bit operands without REX.W in 64-bit mode.
  public let defaultsTo64: Bool
  /// Near transfers: in 64-bit mode the operand size is 64 whatever the prefixes.
  public let isAlways64: Bool
  /// Its handler differs by mode.
  public let usesMode: Bool
  /// A memory operand that comes first is only read.
  public let onlyReads: Bool
  /// REX.B makes it another instruction (90: NOP, XCHG R8).
  public let excludesREXB: Bool
  /// The handler's stem.
  public let handlerStem: String
  /// The same in lower case.
  let lowercaseStem: String
  /// Class of the timing tables.
  public let timing: String
  /// The manual's section title.
  public let section: String

  /// Whether the instruction executes: not a row that only names what is refused or absent.
  public var isBuilt: Bool { shape != .refused && shape != .absent }

  /// Whether a ModRM byte follows the opcode.
  public var hasModRM: Bool {
    if digit != nil { return true }
    return operands.contains {
      switch $0 {
      case .registerOrMemory, .memory, .register, .registerOnly, .reg, .control, .segment: true
      case .vector, .vectorOrMemory, .vectorOnly, .mmx, .mmxOrMemory, .mmxOnly, .stackRegister: true
      default: false
      }
    }
  }

  /// Whether ModRM.rm must be a register.
  public var needsRegister: Bool {
    operands.contains {
      switch $0 {
      case .registerOnly, .vectorOnly, .mmxOnly, .stackRegister: true
      default: false
      }
    }
  }

  /// Whether the row can be encoded in 64-bit mode, or outside of it.
  public func exists(in64BitMode is64: Bool) -> Bool {
    switch modes {
    case .all: true
    case .only64: is64
    case .legacy: !is64
    }
  }

  /// JMP and CALL to an address in a register or in memory.
  public var isNearIndirect: Bool {
    guard isAlways64, case .registerOrMemory = operands.first else { return false }
    return true
  }

  /// Whether a memory operand is written; reading and writing counts as writing.
  public var writesMemory: Bool {
    guard !onlyReads, isBuilt else { return false }
    switch shape {
    case .compare, .multiply, .divide: return false
    case .bitTest: return mnemonic != "BT"
    default: break
    }
    if operands.contains(.atDestinationIndex) { return true }
    switch operands.first {
    case .registerOrMemory, .memory, .offset, .vectorOrMemory: return true
    default: return false
    }
  }

  /// Every row of the opcode map, in the table's order.
  ///
  /// - Throws: `TableError`, which names the row; a test reads the table, so a shipped program does not throw.
  public static func all() throws(TableError) -> [Opcode] { try known.get() }

  private static let known = Result { () throws(TableError) in try read() }

  private static func read() throws(TableError) -> [Opcode] {
    let tables = [
      try Table("opcodes", OpcodeTable.text), try Table("vector opcodes", VectorOpcodeTable.text),
      try Table("opcodes not built", UnbuiltOpcodeTable.text),
    ]
    var opcodes: [Opcode] = []
    for table in tables {
      for row in table.rows { opcodes.append(try Opcode(row)) }
    }
    return opcodes
  }

  /// Reads a row.
  init(_ row: Table.Row) throws(TableError) {
    var prefix = Prefix.any
    var map = Map.oneByte
    var bytes: [UInt8] = []
    var spread = 1
    var digit: UInt8?
    var exactRM: UInt8?
    var needsREXW = false
    for word in row["opcode"].split(separator: " ") {
      if word == "NP" {
        prefix = .none
      } else if word == "NP!" {
        prefix = .strictlyNone
      } else if word == "REX.W" {
        needsREXW = true
      } else if word.hasPrefix("VEX.") {
        guard let vex = VEX(word) else { throw row.error("opcode", "'\(word)' is no VEX prefix that is built") }
        prefix = vex.prefix
        map = vex.map
      } else if word.hasPrefix("/") {
        let parts = word.dropFirst().split(separator: "!")
        guard let first = parts.first, let value = UInt8(first), value < 8 else {
          throw row.error("opcode", "'\(word)' is no ModRM digit")
        }
        digit = value
        if parts.count == 2 { exactRM = UInt8(parts[1]) }
      } else {
        let parts = word.split(separator: "+")
        guard let text = parts.first, let value = UInt8(text, radix: 16) else {
          throw row.error("opcode", "'\(word)' is no byte")
        }
        bytes.append(value)
        if parts.count == 2 { spread = parts[1] == "r" ? 8 : 16 }
      }
    }
    if map == .oneByte, bytes.count > 1, let first = bytes.first, [0x66, 0xF2, 0xF3].contains(first) {
      prefix = .byte(first)
      bytes.removeFirst()
    }
    if bytes.count > 1, bytes.first == 0x0F {
      bytes.removeFirst()
      map = .escape0F
    }
    if map == .escape0F, bytes.count > 1, let escape = bytes.first, escape == 0x38 || escape == 0x3A {
      bytes.removeFirst()
      map = escape == 0x38 ? .escape0F38 : .escape0F3A
    }
    guard bytes.count == 1, let byte = bytes.first else { throw row.error("opcode", "has no single last byte") }
    guard let shape = Shape(rawValue: row["shape"]) else { throw row.error("shape", "'\(row["shape"])' is unknown") }
    guard let modes = Modes(rawValue: row["modes"]) else { throw row.error("modes", "'\(row["modes"])' is unknown") }
    var operands: [Operand] = []
    for text in row["operands"].split(separator: ",") {
      guard let operand = Operand(text) else { throw row.error("operands", "'\(text)' is unknown") }
      operands.append(operand)
    }
    var widths: [Int] = []
    for text in row["widths"].split(separator: ",") {
      guard let width = Int(text), [8, 16, 32, 64, 128].contains(width) else {
        throw row.error("widths", "'\(text)' is no operand size")
      }
      widths.append(width)
    }
    let attributes = row["attributes"].split(separator: ",")
    self.prefix = prefix
    self.map = map
    self.byte = byte
    self.spread = spread
    self.digit = digit
    self.exactRM = exactRM
    self.needsREXW = needsREXW
    self.mnemonic = row["mnemonic"]
    self.operands = operands
    self.shape = shape
    self.widths = widths
    self.modes = modes
    self.allowsLock = attributes.contains("lock")
    // A refused x87 instruction says so only where it would have been executed.
    let isEscape = map == .oneByte && byte & 0xF8 == 0xD8
    let unit = Unit(attributes, operands)
    self.unit = isEscape && shape == .refused && unit == .general ? .waiting : unit
    self.memoryBytes = attributes.first { $0.hasPrefix("bytes=") }.flatMap { Int($0.dropFirst(6)) }
    self.memoryBytes16 = attributes.first { $0.hasPrefix("bytes16=") }.flatMap { Int($0.dropFirst(8)) }
    self.allowsUnaligned = attributes.contains("unaligned")
    self.excludesRegister = attributes.contains("onlyM")
    self.excludesOperandSize = attributes.contains("no66")
    self.endsBlock = attributes.contains("ends")
    self.isAlways64 = attributes.contains("f64")
    self.defaultsTo64 = attributes.contains("d64") || isAlways64
    self.usesMode = attributes.contains("mode")
    self.onlyReads = attributes.contains("reads")
    self.excludesREXB = attributes.contains("noB")
    let stem = attributes.first { $0.hasPrefix("as=") }.map { String($0.dropFirst(3)) }
    self.handlerStem = stem ?? row["mnemonic"].lowercased()
    lowercaseStem = handlerStem.lowercased()
    self.timing = row["timing"]
    self.section = row["section"]
  }
}

/// A VEX prefix as the manual writes it: `VEX.LZ.F2.0F38`.
private struct VEX {
  let prefix: Opcode.Prefix
  let map: Opcode.Map

  init?(_ word: Substring) {
    let parts = word.split(separator: ".")
    guard parts.count == 4, parts[1] == "LZ" else { return nil }
    switch parts[2] {
    case "NP": prefix = .none
    case "66": prefix = .byte(0x66)
    case "F2": prefix = .byte(0xF2)
    case "F3": prefix = .byte(0xF3)
    default: return nil
    }
    switch parts[3] {
    case "0F": map = .vex0F
    case "0F38": map = .vex0F38
    case "0F3A": map = .vex0F3A
    default: return nil
    }
  }
}

extension Opcode.Operand {
  init?(_ text: Substring) {
    switch text {
    case "AL": self = .accumulator(.b)
    case "rAX": self = .accumulator(.v)
    case "1": self = .one
    case "CL": self = .cl
    case "DX": self = .dx
    case "M": self = .memory
    case "R": self = .register
    case "C": self = .control
    case "V": self = .vector
    case "W": self = .vectorOrMemory
    case "U": self = .vectorOnly
    case "P": self = .mmx
    case "Q": self = .mmxOrMemory
    case "N": self = .mmxOnly
    case "ST": self = .stackRegister
    case "(rDI)": self = .atDestinationIndex
    case "S": self = .segment
    case "Ap": self = .farPointer
    case "S0", "S1", "S2", "S3", "S4", "S5":
      guard let number = text.last?.wholeNumberValue else { return nil }
      self = .fixedSegment(UInt8(number))
    case "Ibs": self = .signedByte
    default:
      guard text.count == 2, let kind = text.first, let last = text.last, let size = Opcode.Size(rawValue: last)
      else { return nil }
      switch kind {
      case "E": self = .registerOrMemory(size)
      case "R": self = .registerOnly(size)
      case "B": self = .vexRegister(size)
      case "G": self = .reg(size)
      case "Z": self = .opcodeRegister(size)
      case "I": self = .immediate(size)
      case "J": self = .relative(size)
      case "O": self = .offset(size)
      default: return nil
      }
    }
  }

  /// Size of the operand, when the notation gives one.
  var size: Opcode.Size? {
    switch self {
    case .registerOrMemory(let size), .registerOnly(let size), .reg(let size), .opcodeRegister(let size),
      .accumulator(let size), .vexRegister(let size), .immediate(let size), .relative(let size), .offset(let size):
      size
    default: nil
    }
  }
}
