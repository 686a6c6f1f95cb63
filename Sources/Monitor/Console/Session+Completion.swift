extension Session {
  /// What a word can become, behind the beginning of a line; nil: a file's name.
  func completions(of word: String, behind line: String) -> [String]? {
    let before = line[...].drop { $0.isWhitespace }
    if before.isEmpty { return names(of: word, group: nil) }
    let first = before.prefix { !$0.isWhitespace }
    let group = commands.commands.first { $0.words.count == 2 && $0.words[0] == first }?.words[0]
    if let group, before[first.endIndex...].allSatisfy(\.isWhitespace) { return names(of: word, group: group) }
    guard let (command, _) = try? commands.command(in: before) else { return [] }
    let words: [String]
    switch command.completion {
    case .file: return nil
    case .none: words = []
    case .command: return names(of: word, group: nil)
    case .register: words = RegisterName.all
    case .expression: words = RegisterName.all + symbols.names(beginningWith: word)
    case .processor: words = board.processors.indices.map { "cpu\($0)" }
    case .modelSpecific: words = processor.model.registers.map(\.name)
    case .information: words = []
    }
    return words.filter { $0.hasPrefix(word) }
  }

  private func names(of word: String, group: Substring?) -> [String] {
    var names: [String] = []
    for command in commands.commands {
      let own = command.words
      let name = group == nil ? own[0] : own.count == 2 && own[0] == group ? own[1] : ""
      if !name.isEmpty, name.hasPrefix(word), !names.contains(String(name)) { names.append(String(name)) }
    }
    return names
  }

  /// An empty line does nothing.
  func forgetRepetition() { repeatAs("") }
}
