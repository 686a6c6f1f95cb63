/// Reads expressions. What it reads may be anything: its length and depth are bounded.
struct ExpressionParser {
  private var rest: Substring
  private var depth = 0

  /// Levels of brackets and operators.
  private static let maximumDepth = 100
  private static let maximumLength = 4096

  /// Operators by how tightly they bind, as in C; longer ones first.
  private static let operators: [[String]] = [
    ["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<=", ">=", "<", ">"], ["<<", ">>"], ["+", "-"],
    ["*", "/", "%"],
  ]

  /// An expression that a text is, whole.
  static func parse(_ text: some StringProtocol) throws(Complaint) -> Expression {
    guard text.utf8.count <= maximumLength else { throw Complaint("an expression is at most 4096 bytes long") }
    var parser = ExpressionParser(rest: Substring(text))
    let expression = try parser.binary(0)
    parser.skipSpace()
    guard parser.rest.isEmpty else { throw Complaint("'\(parser.rest)' is left of the expression") }
    return expression
  }

  /// The expression at the beginning of a text, and what is left of it.
  static func parse(prefixOf text: Substring) throws(Complaint) -> (Expression, Substring) {
    guard text.utf8.count <= maximumLength else { throw Complaint("an expression is at most 4096 bytes long") }
    var parser = ExpressionParser(rest: text)
    let expression = try parser.binary(0)
    parser.skipSpace()
    return (expression, parser.rest)
  }

  /// 16, 0x10, 10h.
  static func number(_ text: some StringProtocol) -> UInt64? {
    guard let first = text.first, first.isASCII, first.isNumber else { return nil }
    if text.hasPrefix("0x") || text.hasPrefix("0X") {
      let digits = text.dropFirst(2)
      return digits.first == "+" || digits.first == "-" ? nil : UInt64(digits, radix: 16)
    }
    if text.hasSuffix("h") || text.hasSuffix("H") { return UInt64(text.dropLast(), radix: 16) }
    return UInt64(text)
  }

  private mutating func skipSpace() { rest = rest.drop { $0.isWhitespace } }

  private mutating func take(_ text: String) -> Bool {
    skipSpace()
    guard rest.hasPrefix(text) else { return false }
    rest = rest.dropFirst(text.count)
    return true
  }

  private mutating func deeper<T>(_ body: (inout ExpressionParser) throws(Complaint) -> T) throws(Complaint) -> T {
    guard depth < ExpressionParser.maximumDepth else { throw Complaint("the expression is nested too deeply") }
    depth += 1
    let result = try body(&self)
    depth -= 1
    return result
  }

  private mutating func binary(_ level: Int) throws(Complaint) -> Expression {
    guard level < ExpressionParser.operators.count else { return try unary() }
    var left = try binary(level + 1)
    var count = 0
    while let operation = operation(level) {
      // A tree is evaluated by recursion.
      count += 1
      guard count <= 1000 else { throw Complaint("the expression is too long") }
      left = .binary(operation, left, try binary(level + 1))
    }
    return left
  }

  /// The operator of a level that comes next; `|` is not the beginning of `||`, nor `<` that of `<<`.
  private mutating func operation(_ level: Int) -> String? {
    skipSpace()
    for operation in ExpressionParser.operators[level] where rest.hasPrefix(operation) {
      let next = rest.dropFirst(operation.count).first
      if operation.count == 1, "|&<>".contains(operation), next.map({ String($0) }) == operation { continue }
      rest = rest.dropFirst(operation.count)
      return operation
    }
    return nil
  }

  private mutating func unary() throws(Complaint) -> Expression {
    try deeper { parser throws(Complaint) in
      parser.skipSpace()
      guard let first = parser.rest.first else { throw Complaint("an expression is missing") }
      if "-~!".contains(first) {
        parser.rest = parser.rest.dropFirst()
        return .unary(first, try parser.unary())
      }
      if first == "*" {
        parser.rest = parser.rest.dropFirst()
        return .memory(.linear, bytes: 8, try parser.unary())
      }
      return try parser.primary()
    }
  }

  private mutating func primary() throws(Complaint) -> Expression {
    if take("(") {
      let inner = try binary(0)
      guard take(")") else { throw Complaint("')' is missing") }
      return inner
    }
    if rest.first == "'" {
      let name = rest.dropFirst().prefix { $0 != "'" }
      rest = rest[name.endIndex...]
      guard take("'") else { throw Complaint("a quotation mark is missing") }
      return .name("'" + name)
    }
    let word = rest.prefix { $0.isLetter || $0.isNumber || "_.$@:".contains($0) }
    guard !word.isEmpty else { throw Complaint("'\(rest.prefix(20))' is no expression") }
    rest = rest[word.endIndex...]
    if word.first?.isNumber == true {
      guard let number = ExpressionParser.number(word) else { throw Complaint("'\(word)' is no number of 64 bits") }
      return .number(number)
    }
    guard rest.first == "[" else { return .name(String(word)) }
    rest = rest.dropFirst()
    let index = try binary(0)
    guard take("]") else { throw Complaint("']' is missing") }
    if word == "msr" { return .modelSpecific(index) }
    guard let first = word.first, let level = Expression.Level(rawValue: first),
      let bytes = word.count == 1 ? 8 : Int(word.dropFirst()), [1, 2, 4, 8].contains(bytes)
    else { throw Complaint("'\(word)[' is not l, g or p with 1, 2, 4 or 8 bytes, nor msr") }
    return .memory(level, bytes: bytes, index)
  }
}
