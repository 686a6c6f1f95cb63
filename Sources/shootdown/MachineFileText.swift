/// The part of YAML that a machine file may use, told line by line: `key: scalar`, `key:`, `- scalar`, comments.
///
/// A scalar is plain or quoted, and ends on its line. So there is no flow collection, anchor, alias, tag, block scalar or
/// complex key, and nothing nests deeper than a list in a mapping.
enum MachineFileText {
  /// Where a list's items may stand.
  private enum List: Equatable {
    /// Nowhere: the last setting has a value.
    case none
    /// Anywhere: the last setting has none yet.
    case empty
    /// Behind as many spaces as the one before.
    case indented(Int)
  }

  /// The first line that is something else, and what is wrong with it.
  static func problem(of text: String) -> (line: Int, text: String)? {
    var list = List.none
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      if index == 0, line == "---" { continue }
      if let problem = problem(ofLine: line, &list) { return (index + 1, problem) }
    }
    return nil
  }

  private static func problem(ofLine line: Substring, _ list: inout List) -> String? {
    let content = line.drop { $0 == " " }
    if content.isEmpty || content.hasPrefix("#") { return nil }
    let spaces = line.count - content.count
    if content.hasPrefix("- ") {
      guard list == .empty || list == .indented(spaces) else { return "an item of no list" }
      list = .indented(spaces)
      let item = content.dropFirst(2).drop { $0 == " " }
      guard !item.isEmpty, !item.hasPrefix("#"), item != "-" else { return "an item without a value" }
      return problem(ofScalar: item)
    }
    guard spaces == 0 else { return "a line begins with a space or continues another" }
    let key = line.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    let rest = line.dropFirst(key.count)
    guard let first = key.first, first != "-", rest.first == ":" else { return "no 'setting: value'" }
    let value = rest.dropFirst()
    guard value.isEmpty || value.first == " " else { return "no space behind '\(key.prefix(40)):'" }
    let scalar = value.drop { $0 == " " }
    list = scalar.isEmpty || scalar.hasPrefix("#") ? .empty : .none
    return problem(ofScalar: scalar)
  }

  private static func problem(ofScalar text: Substring) -> String? {
    let scalar = text.drop { $0 == " " }
    guard let first = scalar.first, first != "#" else { return nil }
    if first == "\"" || first == "'" {
      guard let end = endOfQuotes(scalar, first) else { return "a quoted value does not end on its line" }
      let rest = scalar[end...].drop { $0 == " " }
      return rest.isEmpty || rest.hasPrefix("#") ? nil : "something stands behind a quoted value"
    }
    guard !"[]{},&*!|>?%@`\t".contains(first), !scalar.hasPrefix("- ") else {
      return "'\(first)' begins a value; quote it if it is meant"
    }
    let isMapping = scalar.contains(": ") || scalar.contains(":\t") || scalar.last == ":"
    return isMapping ? "': ' stands in a value; quote the value if it is meant" : nil
  }

  /// Behind the closing quote of a scalar that begins with one; nil when there is none.
  private static func endOfQuotes(_ text: Substring, _ quote: Character) -> Substring.Index? {
    var index = text.index(after: text.startIndex)
    while index < text.endIndex {
      let character = text[index]
      index = text.index(after: index)
      if character == "\\" && quote == "\"" {
        guard index < text.endIndex else { return nil }
        index = text.index(after: index)
      } else if character == quote {
        guard quote == "'", index < text.endIndex, text[index] == quote else { return index }
        index = text.index(after: index)
      }
    }
    return nil
  }
}
