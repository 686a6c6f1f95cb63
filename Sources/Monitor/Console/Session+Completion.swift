import CPU
import Races
import VMX

extension Session {
  /// What a word can become, behind the beginning of a line; nil: a file's name.
  func completions(of word: String, behind line: String) -> [String]? {
    let before = line[...].drop { $0.isWhitespace }
    if before.isEmpty { return names(of: word, group: nil) }
    let first = before.prefix { !$0.isWhitespace }
    let group = commands.commands.first { $0.words.count == 2 && $0.words[0] == first }?.words[0]
    if let group, before[first.endIndex...].allSatisfy(\.isWhitespace) { return names(of: word, group: group) }
    guard let completion = completion(behind: line) else { return [] }
    return words(completion, word)?.filter { $0.hasPrefix(word) }
  }

  /// Whether what comes behind the beginning of a line is a file's name.
  func takesFile(behind line: String) -> Bool { completion(behind: line) == .file }

  /// What completes the argument that comes behind the beginning of a line; nil: nothing is known of the command.
  private func completion(behind line: String) -> Command.Completion? {
    guard let (command, rest) = try? commands.command(in: line[...].drop { $0.isWhitespace }) else { return nil }
    // The part of the last argument that has been typed is not counted.
    let words = rest.split(whereSeparator: \.isWhitespace).count - (rest.last?.isWhitespace == false ? 1 : 0)
    return command.completion(ofArgument: max(0, words))
  }

  private func words(_ completion: Command.Completion, _ word: String) -> [String]? {
    switch completion {
    case .file: return nil
    case .none: return []
    case .command: return names(of: word, group: nil)
    case .register: return RegisterName.all
    case .expression: return RegisterName.all + fieldNames(word) + symbols.names(beginningWith: word, atMost: 1000)
    case .processor: return processorNames
    case .modelSpecific: return processor.model.registers.map(\.name)
    case .step: return ["all"] + processorNames
    case .event: return Session.eventNames + Verdict.allCases.map(\.rawValue)
    case .exit: return ExitReason.allCases.map { "\($0)" }
    case .tlb: return processorNames + ["linear", "guest", "combined", "structures", "pages", "vpid", "pcid", "ep4ta"]
    case .trace: return Tracer.Kind.allCases.map(\.rawValue) + ["off"]
    case .to: return ["to"]
    }
  }

  private var processorNames: [String] { board.processors.indices.map { "cpu\($0)" } }

  /// Fields of a VMCS, once their prefix is there.
  private func fieldNames(_ word: String) -> [String] {
    word.hasPrefix("vmcs.") ? VMCSField.allCases.map { "vmcs.\($0)" } : ["vmcs."]
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
