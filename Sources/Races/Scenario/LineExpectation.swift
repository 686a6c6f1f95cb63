/// How many lines of serial text match an expression: `REGEX RELATION NUMBER`, as in `iter [0-9]+ >= 20`.
struct LineExpectation: Sendable {
  /// How the two numbers stand to one another.
  enum Relation: String {
    case equal = "=="
    case atLeast = ">="
    case atMost = "<="
  }

  let pattern: String
  let relation: Relation
  let number: Int

  /// Nil when the text has another form.
  init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count >= 3, let relation = Relation(rawValue: String(words[words.count - 2])),
      let number = Int(words[words.count - 1]), number >= 0
    else { return nil }
    let end = words[words.count - 3].endIndex
    pattern = String(text[..<end])
    self.relation = relation
    self.number = number
  }

  /// What does not hold of so many lines; nil: it holds.
  func failure(_ lines: Int) -> String? {
    let holds =
      switch relation {
      case .equal: lines == number
      case .atLeast: lines >= number
      case .atMost: lines <= number
      }
    return holds ? nil : "\(lines) lines of serial text match '\(pattern)', not \(relation.rawValue) \(number)"
  }
}
