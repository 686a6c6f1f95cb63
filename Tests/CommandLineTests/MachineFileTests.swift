import Testing

/// `--machine FILE`: a flag goes before the environment, that before the file, that before the default.
@Suite struct MachineFileTests {
  private func run(_ text: String, _ options: [String] = [], with environment: [String: String] = [:]) throws -> Ended {
    let folder = try Folder()
    let file = try folder.write(Array(text.utf8), as: "machine.yaml")
    return try shootdown(["guests", "run", "hello", "--hash", "--machine", file] + options, environment: environment)
  }

  @Test func precedence() throws {
    let text = "memory: 4M\nserial: none\n"
    let file = try run(text)
    #expect(file.hashLine?.contains("memory 4M,") == true && file.output.isEmpty, "\(file)")
    let environment = try run(text, with: ["SHOOTDOWN_MEMORY": "8M", "SHOOTDOWN_SERIAL": "stdio"])
    #expect(environment.hashLine?.contains("memory 8M,") == true && !environment.output.isEmpty, "\(environment)")
    let flag = try run(text, ["--memory", "16M"], with: ["SHOOTDOWN_MEMORY": "8M"])
    #expect(flag.hashLine?.contains("memory 16M,") == true, "\(flag)")
    let byDefault = try run("cpus: 1\nmodel: max\ntlb: retain\ntiming: unit\n# nothing else\n")
    #expect(byDefault.hashLine?.contains("memory 512M,") == true && byDefault.ending == .status(1), "\(byDefault)")
  }

  @Test func kernel() throws {
    let folder = try Folder()
    let image = try folder.write(Program.exit(2))
    let file = try folder.write(Array("kernel: \(image)\nmemory: 4M\n".utf8), as: "machine.yaml")
    #expect(try shootdown(["run", "--machine", file]).ending == .status(5))
    let other = try folder.write(Program.exit(3), as: "other")
    #expect(try shootdown(["run", "--machine", file, "--kernel", other]).ending == .status(7))
  }

  @Test(arguments: [
    ("memory", "12Q"), ("memory", "1M"), ("cpus", "0"), ("cpus", "65"), ("clock", "0"), ("quantum", "x"),
    ("model", "i486"), ("tlb", "nonsense"),
    ("timing", "icelake"), ("cpuid", "7.EBX"), ("serial", "/nonexistent/text"), ("serial", "unix:/nonexistent"),
    ("color", "never"),
    ("MEMORY", "4M"), ("--memory", "4M"), ("until", "exit"),
  ])
  func badSettingNamesFileAndKey(_ key: String, _ value: String) throws {
    try run("\(key): \(value)\n").expectMisuse(naming: ["machine.yaml"])
    if !key.hasPrefix("-") { try run("\(key): \(value)\n").expectMisuse(naming: [key]) }
  }

  /// Lists, one value in place of a list, quotes, comments, indentation.
  @Test(arguments: [
    "cpuid:\n- 7.EBX=80\n- 1.ECX=1\n", "cpuid:\n  - 7.EBX=80\n  - 1.ECX=1 # two\n", "cpuid: 7.EBX=80,1.ECX=1\n",
    "---\n# a comment\ncpuid:   # both\n- \"7.EBX=80\"\n- '1.ECX=1'  # two\n", "cpuid: \"7.EBX=80,\\x31.ECX=1\"\r\n",
  ])
  func lists(_ text: String) throws {
    let ended = try run(text)
    #expect(ended.hashLine?.contains("cpuid 7.EBX=80, cpuid 1.ECX=1,") == true, "\(ended)")
  }

  @Test(arguments: ["memory:\n- 4M\n", "memory:\n- 4M\n- 8M\n", "cpuid:\n- 7.EBX\n", "module:\n-\n", "cpuid:\n- \n"])
  func badLists(_ text: String) throws {
    try run(text).expectMisuse(naming: ["machine.yaml"])
  }

  /// What nests, refers or runs on is not shown to a YAML parser: each is refused with its line.
  @Test(arguments: [
    "- - - - x", "- a: [[[[", "- \"a\": [[[[", "a: &x 1", "a: *x", "- &x 1", "a: !!str b", "a: [", "a: {", "? a",
    "a: |",
    "a: >", "a: \"b", "a: 'b", "a: 'b' c", "a: 'b': c", "a: b: c", "a: b:", " a: b", "a:b", "a", "a: @", "a: `", "a: %",
    "a:\tb", "a: \t[", "- a:", "a: \"\\\"", "%YAML 1.1", "...", "a: -\u{85}  b", "a: - b",
    "- x", "a: b\n- x", "a: b\n  - x", "a:\n- x\n  - y", "a:\n- \n", "a:\n- -", "a:\n-", "a:\n  - x\n- y",
  ])
  func refusedBeforeItIsParsed(_ line: String) throws {
    try run("memory: 4M\n\(line)\n").expectMisuse(naming: ["machine.yaml: line "])
  }

  private static let hostile: [String] = [
    "", "\n", "# only a comment\n", "memory\n", "- memory\n", "memory: [4M]\n", "memory: {size: 4M}\n",
    "memory:\n  size: 4M\n", "memory: &anchor 4M\n", "memory: *anchor\n", "? memory\n: 4M\n", "memory: \"4M\n",
    "memory: 4M\nmemory: 8M\n", "memory: |\n 4M\n", "\tmemory: 4M\n", "memory: 4M\n...\n---\nmemory: 8M\n",
    "%YAML 9\n", "memory: 4M: 8M\n", "memory: 4M\0\n", "\0", "\u{FEFF}", "memory: !!int 4M\n", "<<: 4M\n",
    "memory:\n", "memory: ~\n", String(repeating: "- ", count: 30_000), String(repeating: "a: ", count: 20_000),
    String(repeating: "!", count: 60_000), String(repeating: "memory: 4M\n", count: 7000),
    "memory: " + String(repeating: "4", count: 60_000),
  ]

  @Test(arguments: hostile.indices)
  func hostileFile(_ index: Int) throws {
    let ended = try run(MachineFileTests.hostile[index])
    // A few of them are lawful; whatever they are, it is said in a line.
    if ended.ending != .status(1) { ended.expectMisuse(naming: ["machine.yaml"]) }
  }

  @Test func noise() throws {
    var random = RandomNumbers(seed: 0x5EED_0002)
    let alphabet = Array("memorycpus:: \n\n\t-#\"'|>!%@`~<0123456789MGK,.".utf8)
    for index in 0..<60 {
      let count = random.pick(1...200)
      let bytes = index % 3 == 0 ? random.bytes(count) : (0..<count).compactMap { _ in random.pick(alphabet) }
      let folder = try Folder()
      let file = try folder.write(bytes, as: "machine.yaml")
      let ended = try shootdown(["guests", "run", "hello", "--machine", file])
      if ended.ending != .status(1) { ended.expectMisuse(naming: ["machine.yaml"]) }
    }
  }

  @Test func unreadable() throws {
    let folder = try Folder()
    for path in [folder.path("nothing"), folder.path, "/dev/zero"] {
      try shootdown(["guests", "run", "hello", "--machine", path]).expectMisuse(naming: [path])
    }
    let large = try folder.writeHole(bytes: 1 << 30)
    let ended = try shootdown(["guests", "run", "hello", "--machine", large])
    ended.expectMisuse(naming: [large])
    #expect(ended.residentBytes < 768 << 20, "it held \(ended.residentBytes >> 20) MiB: \(ended)")
  }
}
