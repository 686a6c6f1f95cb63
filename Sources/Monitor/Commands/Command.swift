import Tables

/// A command of the monitor: a row of the table, and what carries it out.
package struct Command {
  /// What completes an argument.
  package enum Completion: String {
    case none = ""
    case command, expression, register, file, processor, modelSpecific
    /// Words that some commands take.
    case step, event, exit, tlb, trace, to
  }

  /// What carries it out.
  typealias Action = @Sendable (Session, Arguments) throws -> Void

  /// One word, or two: that of a group and its own.
  package let name: String
  /// The least that must be typed of the last word; or another name, where it is not its beginning.
  package let shortest: String
  /// Other names.
  package let aliases: [String]
  /// Which family of commands it belongs to.
  package let family: String
  /// What may stand behind it.
  package let arguments: String
  /// What completes that, an argument each; the last one all that follow.
  let completions: [Completion]
  /// An example.
  package let example: String
  /// What it does.
  package let help: String
  let action: Action

  init(_ row: Table.Row, family: String, help: String, _ action: @escaping Action) throws(TableError) {
    let completers = row["completer"].split(separator: ",", omittingEmptySubsequences: false)
    completions = completers.compactMap { Completion(rawValue: String($0)) }
    guard completions.count == completers.count, !completions.isEmpty else {
      throw row.error("completer", "'\(row["completer"])' is none")
    }
    name = row["name"]
    shortest = row["least"]
    aliases = row["alias"].split(separator: ",").map(String.init)
    self.family = family
    arguments = row["arguments"]
    example = row["example"]
    self.help = help
    self.action = action
    guard !help.isEmpty, !example.isEmpty else { throw row.error("help", "a command needs help and an example") }
  }

  /// The least that must be typed, with the group's name.
  package var shortName: String? {
    guard shortest != words.last.map(String.init) else { return nil }
    return words.count == 2 ? "\(words[0]) \(shortest)" : shortest
  }

  /// What completes an argument, counted from 0.
  func completion(ofArgument number: Int) -> Completion { completions[min(number, completions.count - 1)] }

  /// Its words.
  var words: [Substring] { name.split(separator: " ") }

  /// Whether what was typed names it: the name from its shortest form on, or an alias.
  func isNamed(_ typed: some StringProtocol) -> Bool {
    guard let last = words.last else { return false }
    if typed == shortest || aliases.contains(where: { $0 == typed }) { return true }
    return typed.count >= shortest.count && last.hasPrefix(typed)
  }
}

/// All commands.
package struct CommandTable {
  /// In the order of the table.
  package let commands: [Command]

  /// Reads the table.
  ///
  /// - Throws: `TableError` for a row that nothing carries out, or something that no row names.
  package init() throws(TableError) {
    var actions = Session.actions
    var commands: [Command] = []
    for family in CommandTable.families {
      var help: [String: String] = [:]
      for row in try Table("help: \(family.title)", family.help).rows { help[row["name"]] = row["help"] }
      for row in try Table("commands: \(family.title)", family.rows).rows {
        guard let action = actions.removeValue(forKey: row["name"]) else {
          throw row.error("name", "nothing carries '\(row["name"])' out")
        }
        let text = help.removeValue(forKey: row["name"]) ?? ""
        commands.append(try Command(row, family: family.title, help: text, action))
      }
      if let left = help.keys.min() { throw TableError(table: "help", line: 0, column: left, problem: "is no command") }
    }
    if let left = actions.keys.min() {
      throw TableError(table: "commands", line: 0, column: "name", problem: "no row names '\(left)'")
    }
    self.commands = commands
  }

  /// The name of the command at the beginning of a line.
  package func name(of line: String) throws -> String { try command(in: line[...]).0.name }

  /// The command at the beginning of a line, and the rest of the line.
  func command(in line: Substring) throws(Complaint) -> (Command, Substring) {
    // `x/4gx` is a command and its format.
    let word = line.prefix { !$0.isWhitespace && $0 != "/" }
    let rest = line[word.endIndex...]
    let groups = commands.filter { $0.words.count == 2 && $0.words[0].hasPrefix(word) }
    let single = commands.first { $0.words.count == 1 && $0.isNamed(word) }
    if let single, single.words[0] == word || groups.allSatisfy({ $0.words[0] != word }) { return (single, rest) }
    guard let group = groups.first?.words[0], groups.allSatisfy({ $0.words[0] == group }), word.count >= 2 else {
      let unknown = "there is no command '\(word)'"
      throw Complaint("\(unknown); 'help' lists them")
    }
    let members = groups.filter { $0.words[0] == group }
    let trimmed = rest.drop { $0.isWhitespace }
    let second = trimmed.prefix { !$0.isWhitespace }
    guard let member = members.first(where: { $0.isNamed(second) }) else {
      let names = members.compactMap { $0.words.last }.joined(separator: ", ")
      throw Complaint(
        second.isEmpty ? "\(group) what? \(names)" : "there is no '\(group) \(second)'; there is \(names)")
    }
    return (member, trimmed[second.endIndex...])
  }
}

/// What is wrong with what a person typed, or cannot be done: one line.
package struct Complaint: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}
