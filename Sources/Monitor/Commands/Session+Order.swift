import CPU

// What is left: `source`, `help`, `quit`.

extension Session {
  /// `source`.
  func source(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let name = arguments.word() else { throw Complaint("source: a file is missing") }
    try arguments.end()
    try carryOut(file: name)
  }

  /// `help`.
  func help(_ arguments: Arguments) throws {
    guard arguments.isEmpty else {
      let (command, _) = try commands.command(in: arguments.rest)
      say("\(command.name) \(command.arguments)")
      say("  \(command.help)")
      if !command.aliases.isEmpty { say("  also: \(command.aliases.joined(separator: ", "))") }
      return say("  example: \(command.example)")
    }
    var family = ""
    for command in commands.commands {
      if command.family != family {
        family = command.family
        say("\(family):")
      }
      say("  \(command.name.padded(22))\(command.arguments.padded(30))\(command.help)")
    }
  }

  /// `quit`.
  func quit(_ arguments: Arguments) throws {
    var arguments = arguments
    let code = try arguments.number("status", atMost: 255) ?? 0
    try arguments.end()
    quit(Int32(code))
  }
}
