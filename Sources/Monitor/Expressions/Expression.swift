/// An expression of the monitor, parsed: C's operators on 64 bits without sign, registers, symbols, and memory at each
/// level: `l8[E]` linear, `g8[E]` guest-physical, `p8[E]` physical, with 1, 2, 4 or 8 bytes.
indirect enum Expression {
  /// At what level memory is read.
  enum Level: Character { case linear = "l", guestPhysical = "g", physical = "p" }

  case number(UInt64)
  /// A register, or a symbol where no register has the name.
  case name(String)
  case modelSpecific(Expression)
  case memory(Level, bytes: Int, Expression)
  case unary(Character, Expression)
  case binary(String, Expression, Expression)
}

/// What an expression's value comes from.
protocol ExpressionContext {
  /// A register or symbol.
  func value(named name: String) throws(Complaint) -> UInt64
  /// A model-specific register.
  func modelSpecific(_ index: UInt64) throws(Complaint) -> UInt64
  /// Memory.
  func memory(_ level: Expression.Level, _ address: UInt64, bytes: Int) throws(Complaint) -> UInt64
}

extension Expression {
  /// Its value; what is not evaluated in C (`0 && …`) is not here either.
  func value(in context: some ExpressionContext) throws(Complaint) -> UInt64 {
    switch self {
    case .number(let value): return value
    case .name(let name): return try context.value(named: name)
    case .modelSpecific(let index): return try context.modelSpecific(index.value(in: context))
    case .memory(let level, let bytes, let address):
      return try context.memory(level, address.value(in: context), bytes: bytes)
    case .unary(let operation, let operand):
      let value = try operand.value(in: context)
      switch operation {
      case "-": return 0 &- value
      case "~": return ~value
      default: return value == 0 ? 1 : 0
      }
    case .binary(let operation, let left, let right):
      let a = try left.value(in: context)
      if operation == "&&", a == 0 { return 0 }
      if operation == "||", a != 0 { return 1 }
      return try Expression.apply(operation, a, right.value(in: context))
    }
  }

  private static func apply(_ operation: String, _ a: UInt64, _ b: UInt64) throws(Complaint) -> UInt64 {
    func bit(_ truth: Bool) -> UInt64 { truth ? 1 : 0 }
    switch operation {
    case "+": return a &+ b
    case "-": return a &- b
    case "*": return a &* b
    case "/", "%":
      guard b != 0 else { throw Complaint("a division by zero") }
      return operation == "/" ? a / b : a % b
    case "<<": return b < 64 ? a << b : 0
    case ">>": return b < 64 ? a >> b : 0
    case "&": return a & b
    case "|": return a | b
    case "^": return a ^ b
    case "==": return bit(a == b)
    case "!=": return bit(a != b)
    case "<": return bit(a < b)
    case ">": return bit(a > b)
    case "<=": return bit(a <= b)
    case ">=": return bit(a >= b)
    default: return bit(b != 0)
    }
  }
}
