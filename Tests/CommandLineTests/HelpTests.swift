import Testing

/// `--help`, `--version` and completions: standard output, status 0.
@Suite struct HelpTests {
  @Test(arguments: [
    (["--help"], HelpText.root), (["-h"], HelpText.root), (["help"], HelpText.root),
    (["walk", "--help"], HelpText.walk), (["run", "--help"], HelpText.run), (["help", "run"], HelpText.run),
    (["run", "-h"], HelpText.run), (["litmus", "--help"], HelpText.litmus),
    (["guests", "--help"], HelpText.guests), (["guests", "list", "--help"], HelpText.list),
    (["guests", "run", "--help"], HelpText.guestsRun), (["guests", "show", "--help"], HelpText.show),
    (["models", "--help"], HelpText.models), (["models", "list", "--help"], HelpText.modelsList),
    (["models", "show", "--help"], HelpText.modelsShow),
  ])
  func snapshot(_ arguments: [String], _ text: String) throws {
    let ended = try shootdown(arguments)
    #expect(ended.ending == .status(0) && ended.errors.isEmpty, "\(ended)")
    #expect(trimmed(ended.output) == trimmed(text), "\(ended.output)")
  }

  /// Each option has help, and the unit or the default where it has one.
  @Test func everyOptionOfRunIsDocumented() throws {
    let help = try shootdown(["run", "--help"]).output
    let options = [
      "--kernel <file>", "--machine <file>", "--memory <size>", "--cpus <n>", "--model <name>", "--cpuid <mask>",
      "--tlb <policy>",
      "--timing <name>", "--random-seed <n>", "--block-limit <n>", "--no-host-pointers", "--until <condition>",
      "--max-cycles <n>",
      "--max-instructions <n>", "--timeout <s>", "--hash", "--serial <where>", "-q, --quiet", "-v, --verbose",
      "--log-level <level>", "--symbols <file[@address]>", "--json", "--print-config", "--trace <file>",
      "--trace-from <cycle>",
      "--trace-count <n>", "--walk <[cpuN:]address>", "--no-reboot", "--version", "-h, --help",
    ]
    for option in options {
      #expect(help.contains("  \(option) ") || help.contains("  \(option)\n"), "\(option)")
    }
    for variable in ["MEMORY", "CPUS", "MODEL", "CPUID", "TLB", "TIMING", "SERIAL"] {
      #expect(help.contains("SHOOTDOWN_\(variable)"), "\(variable)")
    }
  }

  /// Every exit status is in the program's own help.
  @Test func exitStatusesAreDocumented() throws {
    let words = try shootdown(["--help"]).output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for status in ["0 the", "2 misuse", "4 a limit", "6 the guest died", "8 an expectation", "10 our own", "port F4h"] {
      #expect(words.contains(status), "\(status)")
    }
  }

  @Test(arguments: [["--version"], ["run", "--version"], ["guests", "--version"], ["guests", "run", "--version"]])
  func version(_ arguments: [String]) throws {
    let ended = try shootdown(arguments)
    #expect(ended.ending == .status(0) && ended.errors.isEmpty, "\(ended)")
    let format = /shootdown \d+\.\d+(\.\d+)? \([^)]+\); Capstone \d+\.\d+, GNU Readline \d+\.\d+\n/
    #expect(ended.output.wholeMatch(of: format) != nil, "\(ended)")
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completions(_ shell: String) throws {
    let ended = try shootdown(["--generate-completion-script", shell])
    #expect(ended.ending == .status(0) && ended.errors.isEmpty, "\(ended)")
    for word in ["guests", "max-instructions", "no-host-pointers"] { #expect(ended.output.contains(word), "\(word)") }
  }

  /// Without spaces at ends of lines, and without empty lines at the end.
  private func trimmed(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for index in lines.indices { while lines[index].last == " " { lines[index].removeLast() } }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines.joined(separator: "\n")
  }
}
