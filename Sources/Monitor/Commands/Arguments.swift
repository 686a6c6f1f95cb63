/// What stands behind a command, taken from the left.
struct Arguments {
  /// What is left of the line.
  private(set) var rest: Substring

  init(_ rest: Substring) {
    self.rest = rest
    skipSpace()
  }

  /// Whether nothing is left.
  var isEmpty: Bool { rest.isEmpty }

  private mutating func skipSpace() { rest = rest.drop { $0.isWhitespace } }

  /// The next word, or a text in quotes; nil: nothing is left.
  mutating func word() -> String? {
    guard let first = rest.first else { return nil }
    let word: Substring
    if first == "\"" {
      word = rest.dropFirst().prefix { $0 != "\"" }
      rest = rest[word.endIndex...].dropFirst()
    } else {
      word = rest.prefix { !$0.isWhitespace }
      rest = rest[word.endIndex...]
    }
    skipSpace()
    return String(word)
  }

  /// Takes the next word if it is this one.
  mutating func take(_ expected: String) -> Bool {
    var copy = self
    guard copy.word() == expected else { return false }
    self = copy
    return true
  }

  /// A format, `/4gx`, if there is one.
  mutating func format() -> Substring {
    guard rest.first == "/" else { return "" }
    let format = rest.dropFirst().prefix { !$0.isWhitespace }
    rest = rest[format.endIndex...]
    skipSpace()
    return format
  }

  /// What stands before ` if `, and what behind it.
  mutating func condition() -> Substring? {
    guard let range = rest.range(of: "if ", isWord: true) else { return nil }
    let condition = rest[range.upperBound...]
    rest = rest[..<range.lowerBound]
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return condition
  }

  /// A decimal or hexadecimal number that is no expression.
  mutating func number(_ what: String, atMost limit: UInt64 = .max) throws(Complaint) -> UInt64? {
    guard let text = word() else { return nil }
    guard let number = ExpressionParser.number(text), number <= limit else {
      throw Complaint("'\(text)' is no \(what)\(limit == .max ? "" : ", 0 to \(limit)")")
    }
    return number
  }

  /// Complains if something is left.
  func end() throws(Complaint) {
    guard rest.isEmpty else { throw Complaint("'\(rest)' is too much") }
  }
}

extension Substring {
  /// Where a word with what separates it begins, at the beginning of the text or behind a space.
  func range(of word: String, isWord: Bool) -> Range<Index>? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(word), index == startIndex || self[self.index(before: index)].isWhitespace {
        return index..<self.index(index, offsetBy: word.count)
      }
      formIndex(after: &index)
    }
    return nil
  }
}
