/// The part of YAML that a scenario may use, told line by line before a parser sees the text: mappings and lists by
/// indentation, scalars that are plain or quoted and end on their line, comments. So there is no flow collection, anchor,
/// alias, tag or block scalar, and nothing nests deeper than three levels.
enum ScenarioText {
  static let maximumBytes = 64 << 10
  private static let maximumIndent = 8

  /// The first line that is something else, and what is wrong with it.
  static func problem(of text: String) -> (line: Int, text: String)? {
    guard text.utf8.count <= maximumBytes else { return (1, "\(text.utf8.count) bytes; \(maximumBytes) are the most") }
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      if let problem = problem(ofLine: line) { return (index + 1, problem) }
    }
    return nil
  }

  private static func problem(ofLine line: Substring) -> String? {
    let content = line.drop { $0 == " " }
    if content.isEmpty || content.hasPrefix("#") { return nil }
    guard !line.contains("\t") else { return "a tab" }
    guard line.count - content.count <= maximumIndent else { return "it nests too deep" }
    var rest = content
    if rest.hasPrefix("- ") {
      rest = rest.dropFirst(2).drop { $0 == " " }
    } else {
      let key = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
      rest = rest.dropFirst(key.count)
      guard !key.isEmpty, rest.first == ":", rest.count == 1 || rest.dropFirst().first == " " else {
        return "no 'name: value' and no '- value'"
      }
      rest = rest.dropFirst().drop { $0 == " " }
    }
    guard let first = rest.first, first != "#" else { return nil }
    if first == "\"" || first == "'" {
      return rest.dropFirst().contains(first) ? nil : "a quoted value does not end on its line"
    }
    guard !"[]{},&*!|>?%@`".contains(first) else { return "'\(first)' begins a value; quote it if it is meant" }
    return rest.contains(": ") ? "': ' stands in a value; quote the value if it is meant" : nil
  }
}
