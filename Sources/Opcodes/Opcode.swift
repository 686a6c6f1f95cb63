import Tables

/// A row of the opcode table: one encoding of one instruction.
public struct Opcode: Sendable {
  /// Mandatory prefix: none needed, neither F2 nor F3 allowed, not 66 either, or the byte.
  public enum Prefix: Equatable, Sendable { case any, none, strictlyNone, byte(UInt8) }

  /// Which opcode map the last byte lies in.
  public enum Map: Int, Sendable { case oneByte = 0, escape0F = 1, escape0F38 = 2, escape0F3A = 3 }

  /// What a row's operands are made of.
  public enum Operand: Equatable, Sendable {
    /// ModRM.rm, register or memory (E); memory only (M); register only (R).
    case registerOrMemory(Size), memory, register
    /// ModRM.reg (G), the opcode's low bits (Z), the accumulator (AL, rAX).
    case reg(Size), opcodeRegister(Size), accumulator(Size)
    /// An immediate (I), sign-extended byte (Ibs), branch displacement (J), memory offset (O).
    case immediate(Size), signedByte, relative(Size), offset(Size)
    /// The constants and fixed registers.
    case one, cl, dx
    /// A control register in ModRM.reg (C).
    case control
    /// An XMM register in ModRM.reg (V); in ModRM.rm, or memory (W), or never memory (U).
    case vector, vectorOrMemory, vectorOnly
    /// An MMX register in ModRM.reg (P); in ModRM.rm, or memory (Q), or never memory (N).
    case mmx, mmxOrMemory, mmxOnly
    /// An x87 register in ModRM.rm (ST).
    case stackRegister
    /// Memory at rDI.
    case atDestinationIndex
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
  /// Its 16-byte memory operand need not be aligned.
  public let allowsUnaligned: Bool
  /// It is the last of its block.
  public let endsBlock: Bool
  /// 64-bit operands without REX.W in 64-bit mode.
  public let defaultsTo64: Bool
  /// The handler's stem.
  public let handlerStem: String
  /// Class of the timing tables.
  public let timing: String
  /// The manual's section title.
  public let section: String

  /// Whether a ModRM byte follows the opcode.
  public var hasModRM: Bool {
    if digit != nil { return true }
    return operands.contains {
      switch $0 {
      case .registerOrMemory, .memory, .register, .reg, .control: true
      case .vector, .vectorOrMemory, .vectorOnly, .mmx, .mmxOrMemory, .mmxOnly, .stackRegister: true
      default: false
      }
    }
  }

  /// Whether ModRM.rm must be a register.
  public var needsRegister: Bool {
    operands.contains { $0 == .vectorOnly || $0 == .mmxOnly || $0 == .stackRegister }
  }

  /// Every row of the opcode map, in the table's order.
  ///
  /// - Throws: `TableError`, which names the row; a test reads the table, so a shipped program does not throw.
  public static func all() throws(TableError) -> [Opcode] {
    let tables = [try Table("opcodes", OpcodeTable.text), try Table("vector opcodes", VectorOpcodeTable.text)]
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
    for word in row["opcode"].split(separator: " ") {
      if word == "NP" {
        prefix = .none
      } else if word == "NP!" {
        prefix = .strictlyNone
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
    if bytes.count > 1, let first = bytes.first, [0x66, 0xF2, 0xF3].contains(first) {
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
    self.mnemonic = row["mnemonic"]
    self.operands = operands
    self.shape = shape
    self.widths = widths
    self.modes = modes
    self.allowsLock = attributes.contains("lock")
    self.allowsUnaligned = attributes.contains("unaligned")
    self.endsBlock = attributes.contains("ends")
    self.defaultsTo64 = attributes.contains("d64")
    let stem = attributes.first { $0.hasPrefix("as=") }.map { String($0.dropFirst(3)) }
    self.handlerStem = stem ?? row["mnemonic"].lowercased()
    self.timing = row["timing"]
    self.section = row["section"]
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
    case "Ibs": self = .signedByte
    default:
      guard text.count == 2, let kind = text.first, let last = text.last, let size = Opcode.Size(rawValue: last)
      else { return nil }
      switch kind {
      case "E": self = .registerOrMemory(size)
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
    case .registerOrMemory(let size), .reg(let size), .opcodeRegister(let size), .accumulator(let size),
      .immediate(let size), .relative(let size), .offset(let size):
      size
    default: nil
    }
  }
}
