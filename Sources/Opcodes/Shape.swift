/// How an instruction is executed: which of the few `execute` functions of room CPU runs it, and so which handlers,
/// specialised by width and operand form, a row of the opcode table needs.
public enum Shape: String, Sendable, CaseIterable {
  /// destination = destination op source, with flags.
  case binary
  /// Flags of destination op source; nothing is written.
  case compare
  /// destination = source; no flags.
  case move
  /// destination = op destination.
  case unary
  /// rDX:rAX = rAX × source.
  case multiply
  /// rAX, rDX = rDX:rAX ÷ source.
  case divide
  /// destination = source × immediate.
  case product
  /// Shifts and rotates by an immediate or CL.
  case shift
  /// SHLD, SHRD.
  case doubleShift
  /// BT, BTS, BTR, BTC.
  case bitTest
  /// BSF, BSR, TZCNT, LZCNT, POPCNT.
  case bitScan
  /// destination = source op register in VEX.vvvv.
  case threeOperand
  /// MOVZX, MOVSX, MOVSXD.
  case extend
  /// CMOVcc.
  case moveIf
  /// SETcc.
  case setIf
  /// Jcc.
  case jumpIf
  /// String instructions, with and without a repeat prefix.
  case string
  /// destination = destination op source [, immediate] in MMX or XMM registers; moves; shifts by an immediate.
  case vector
  /// A general register or memory goes into an MMX or XMM register.
  case vectorInsert
  /// A general register or memory comes out of an MMX or XMM register.
  case vectorExtract
  /// Flags of destination op source in XMM registers.
  case vectorTest
  /// Decoded, and refused by name: the instruction is not built.
  case refused
  /// Decoded, and #UD: what would switch the instruction on is not there (a bit of CR4, a mode).
  case absent
  /// A handler of its own, generic over the operand size and, when it has an E operand, over register or memory.
  case sized
  /// A handler of its own.
  case plain
}

/// The sixteen conditions, in the order of their encodings (SDM Vol. 1, appendix "EFLAGS Condition Codes").
public let conditionNames = ["O", "NO", "B", "AE", "E", "NE", "BE", "A", "S", "NS", "P", "NP", "L", "GE", "LE", "G"]

/// A handler that a row needs: its name and the Swift expression that it consists of.
public struct HandlerSpecification: Hashable, Sendable {
  /// Name of the global function.
  public let name: String
  /// Its body, or nil when it is written by hand.
  public let body: String?
}

/// What a handler that differs by mode is specialised for; the names are those of room CPU's `ModeForm`s.
public enum HandlerMode: String, Sendable, CaseIterable {
  /// 64-bit mode.
  case long = "Long"
  /// 32-bit code, flat segments, a 32-bit stack.
  case flat = "Flat"
  /// Every other mode.
  case segmented = "Segmented"

  /// Whether an operand size, in bits, exists in the mode; 0 is any.
  public func has(width: Int, isAlways64: Bool) -> Bool {
    switch self {
    case .long: width == 0 || width == 64 || width == 16 && !isAlways64
    case .flat, .segmented: width != 64
    }
  }
}

/// Where an instruction's ModRM operand lies.
public enum OperandForm: Int, Sendable, CaseIterable {
  /// In a register, or there is no ModRM operand.
  case register = 0
  /// In memory.
  case memory = 1
}

extension Opcode {
  /// Forms in which the row can be encoded.
  public var forms: [OperandForm] {
    if exactRM != nil { return [.register] }
    for operand in operands {
      switch operand {
      case .registerOrMemory: return [.register, .memory]
      case .vectorOrMemory, .mmxOrMemory: return [.register, .memory]
      case .memory, .offset, .atDestinationIndex: return [.memory]
      default: continue
      }
    }
    return [.register]
  }

  /// The handler of this row for an operand size in bits (0 when size does not matter), a form, a condition (0-15) and a
  /// mode.
  public func handler(
    width: Int, form: OperandForm, condition: Int = 0, mode: HandlerMode = .long
  ) -> HandlerSpecification {
    specification(width: width, form: form, condition: condition, mode: mode, hasBody: true)
  }

  /// Its name alone, which costs less: the program needs no bodies, and looks every handler of every row up as it starts.
  public func handlerName(
    width: Int, form: OperandForm, condition: Int = 0, mode: HandlerMode = .long
  ) -> String {
    specification(width: width, form: form, condition: condition, mode: mode, hasBody: false).name
  }

  private func specification(
    width: Int, form: OperandForm, condition: Int, mode: HandlerMode, hasBody: Bool
  ) -> HandlerSpecification {
    let lower = lowercaseStem
    let place = form == .memory ? "Mem" : "Reg"
    var type: String { "UInt\(width).self" }
    var upper: String { handlerStem.first?.isUppercase == true ? handlerStem : mnemonic }
    func made(
      _ name: String, _ arguments: @autoclosure () -> [String], function: String? = nil
    ) -> HandlerSpecification {
      guard hasBody else { return HandlerSpecification(name: name, body: nil) }
      let all = (arguments() + ["s", "op"]).joined(separator: ", ")
      return HandlerSpecification(name: name, body: "\(function ?? shape.rawValue)(\(all))")
    }
    var conditionType: String { "Condition\(conditionNames[condition & 15]).self" }
    switch shape {
    case .binary, .compare, .move:
      let (target, origin) = targetAndOrigin(form)
      let source = origin == "Reg" ? "Src" : origin
      return made("\(lower)\(width)\(target)\(origin)", ["\(upper).self", type, "\(target).self", "\(source).self"])
    case .unary, .multiply, .divide:
      return made("\(lower)\(width)\(place)", ["\(upper).self", type, "\(place).self"])
    case .product, .bitScan, .threeOperand:
      let source = form == .memory ? "Mem" : "Src"
      let operation = shape != .product ? ["\(upper).self"] : []
      let stem = shape == .product ? "product" : lower
      return made("\(stem)\(width)\(form == .memory ? "Mem" : "Reg")", operation + [type, "\(source).self"])
    case .shift, .bitTest:
      let (target, origin) = targetAndOrigin(form)
      let source = origin == "Reg" ? "Src" : origin
      return made("\(lower)\(width)\(target)\(origin)", ["\(upper).self", type, "\(target).self", "\(source).self"])
    case .doubleShift:
      let count = operands.last == .cl ? "CL" : "Imm"
      return made("\(lower)\(width)\(place)\(count)", ["\(upper).self", type, "\(place).self", "\(count).self"])
    case .extend:
      let from = operands.last?.size == .b ? 8 : operands.last?.size == .w ? 16 : 32
      let source = form == .memory ? "Mem" : "Src"
      // Nothing is extended: two handlers with one body would be folded into one and a jump.
      if from == width { return HandlerSpecification(name: "mov\(width)Reg\(place)", body: nil) }
      return made(
        "\(lower)\(width)From\(from)\(place)", ["\(upper).self", "UInt\(from).self", type, "\(source).self"])
    case .moveIf:
      let source = form == .memory ? "Mem" : "Src"
      return made("cmov\(conditionNames[condition & 15])\(width)\(place)", [conditionType, type, "\(source).self"])
    case .setIf:
      return made("set\(conditionNames[condition & 15])\(place)", [conditionType, "\(place).self"])
    case .jumpIf:
      return made("j\(conditionNames[condition & 15])\(mode.rawValue)", [conditionType, "\(mode.rawValue).self"])
    case .string:
      return made("\(lower)\(width)", [type], function: lower)
    case .sized:
      let hasForm = forms.count == 2
      var name = handlerStem
      var arguments: [String] = []
      if width != 0 {
        name += "\(width)"
        arguments.append(type)
      }
      if hasForm {
        name += place
        arguments.append("\(place).self")
      }
      if usesMode {
        name += mode.rawValue
        arguments.append("\(mode.rawValue).self")
      }
      return made(name, arguments, function: handlerStem)
    case .vector, .vectorTest:
      var file: String { "\(vectorFile).self" }
      let registers = vectorRegisters
      let isImmediate = operands.count == 2 && operands.last == .immediate(.b)
      let memory = "M\(width)" + (allowsUnaligned ? "Unaligned" : "")
      guard form == .memory else {
        return isImmediate
          ? made("\(lower)\(registers)Imm", ["ByImmediate<\(upper)>.self", file])
          : made("\(lower)\(registers)Reg", ["\(upper).self", file])
      }
      return isVectorStore
        ? made("\(lower)\(memory)\(registers)", ["\(memory).self", file], function: "vectorStore")
        : made("\(lower)\(registers)\(memory)", ["\(upper).self", file, "\(memory).self"])
    case .vectorInsert:
      let source = form == .memory ? "Mem" : "Src"
      return made(
        "\(lower)\(width)\(vectorRegisters)\(place)", ["\(upper).self", "\(vectorFile).self", type, "\(source).self"])
    case .vectorExtract:
      return made(
        "\(lower)\(width)\(place)\(vectorRegisters)", ["\(upper).self", "\(vectorFile).self", type, "\(place).self"])
    case .refused:
      return HandlerSpecification(name: "refusedByName", body: nil)
    case .absent:
      return HandlerSpecification(name: "undefined", body: nil)
    case .plain:
      return HandlerSpecification(name: handlerStem, body: nil)
    }
  }

  /// The register file of a vector row: `XMM`, or `MMX`.
  private var vectorFile: String {
    let isMMX = operands.contains { $0 == .mmx || $0 == .mmxOrMemory || $0 == .mmxOnly }
    return isMMX ? "MMX" : "XMM"
  }

  /// The same in a handler's name.
  private var vectorRegisters: String { vectorFile == "MMX" ? "Mmx" : "Xmm" }

  /// Whether the memory form of a vector row is a store.
  private var isVectorStore: Bool { operands.first == .vectorOrMemory || operands.first == .memory }

  private func targetAndOrigin(_ form: OperandForm) -> (String, String) {
    let memory = form == .memory
    var names: [String] = []
    for operand in operands.prefix(2) {
      switch operand {
      case .registerOrMemory: names.append(memory ? "Mem" : "Reg")
      case .memory: names.append("Mem")
      case .immediate, .signedByte, .one: names.append("Imm")
      case .cl: names.append("CL")
      default: names.append("Reg")
      }
    }
    return (names.first ?? "Reg", names.count > 1 ? names[1] : "Reg")
  }

  /// Every handler the row needs.
  public var handlers: [HandlerSpecification] { handlers(hasBodies: true) }

  fileprivate func handlers(hasBodies: Bool) -> [HandlerSpecification] {
    var list: [HandlerSpecification] = []
    let conditions = spread == 16 ? Array(0..<16) : [0]
    for width in widths.isEmpty ? [0] : widths {
      for mode in usesMode ? HandlerMode.allCases : [.long] {
        guard !usesMode || mode.has(width: width, isAlways64: isAlways64) else { continue }
        for form in forms {
          for condition in conditions {
            list.append(
              specification(width: width, form: form, condition: condition, mode: mode, hasBody: hasBodies))
          }
        }
      }
    }
    return list
  }
}

/// Every handler that a list of rows needs, each once, in the order of the table: the order of the generated list.
public func handlerList(of opcodes: [Opcode]) -> [HandlerSpecification] {
  var seen: Set<String> = []
  var list: [HandlerSpecification] = []
  let all = opcodes.flatMap(\.handlers)
  let bodies = Dictionary(all.map { ($0.name, $0) }) { $0.body == nil ? $1 : $0 }
  for handler in all where seen.insert(handler.name).inserted { list.append(bodies[handler.name] ?? handler) }
  return list
}

/// Their names.
public func handlerNames(of opcodes: [Opcode]) -> [String] {
  var seen: Set<String> = []
  return opcodes.flatMap { $0.handlers(hasBodies: false) }.map(\.name).filter { seen.insert($0).inserted }
}
