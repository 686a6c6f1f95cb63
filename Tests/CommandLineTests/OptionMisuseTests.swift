import Testing

/// Options with values that mean nothing, and arguments that nobody knows: one line, status 2.
@Suite struct OptionMisuseTests {
  /// Bad values by option; each is given as `--option=value`, so a leading minus sign is the value's.
  private static let badValues: [(option: String, values: [String])] = [
    ("--memory", ["0M", "1M", "65G", "18446744073709551615G", "M", "12Q", "", "-4M", "+4M", "4", "4MM", "4 M"]),
    ("--memory", ["0", "1.5G", "\u{664}M", "99999999999999999999M", "2047K", "65537M", "0x4M"]),
    ("--cpus", ["0", "-1", "65", "99999999999999999999", "one", "", "1.0"]),
    ("--model", ["", "i486", "MAX", "haswell"]),
    ("--tlb", ["", "nonsense", "RETAIN", "speculate", "skylake:1", "random:x", "flush:", ":", "retain:16"]),
    ("--random-seed", ["", "-1", "18446744073709551616", "seed", "0x10", "1.5", " 5"]),
    ("--timing", ["", "nonsense", "SKYLAKE", "icelake"]),
    ("--cpuid", ["", "7", "7.EBX", "7.EBX=", "7.EBX=g", "7.EBX=0x1", "7.ESI=1", "7.EBX=1,", "7.EBX=100000000"]),
    ("--block-limit", ["0", "-1", "33", "99999999999999999999", "all", "", "1.5"]),
    ("--max-cycles", ["0", "-1", "18446744073709551616", "many", "", "1.5", "0x10", " 5", "5 "]),
    ("--max-instructions", ["0", "-1", "18446744073709551616", "many", "", "1.5", "0x10", " 5", "5 "]),
    ("--timeout", ["0", "-1", "1000001", "1e400", "long", "", "nan", "inf", "-inf", "5s"]),
    ("--until", ["", "nonsense", "serial", "serial:", "serial:(", "serial:[a", "serial:*", "exit ", "EXIT", "hlt"]),
    ("--until", ["cycle:", "cycle:-1", "cycle:18446744073709551616", "cycle:soon", "cycle:1.5", "cycle"]),
    ("--until", ["symbol:", "symbol:main"]),
    ("--log-level", ["", "loud", "INFO", "1"]),
    ("--serial", ["", "/nonexistent/text", "/", "unix:/nonexistent"]),
  ]

  @Test(arguments: badValues.flatMap { row in row.values.map { (row.option, $0) } })
  func badValue(_ option: String, _ value: String) throws {
    try shootdown(["guests", "run", "hello", "\(option)=\(value)"]).expectMisuse(naming: [option])
  }

  @Test(arguments: ["--max-cycles", "--max-instructions", "--timeout", "--cpus", "--block-limit"])
  func negativeNumberBehindASpace(_ option: String) throws {
    try shootdown(["guests", "run", "hello", option, "-5"]).expectMisuse(naming: [option])
  }

  @Test(arguments: [
    "--machine", "--memory", "--cpus", "--model", "--cpuid", "--tlb", "--timing", "--block-limit", "--until",
    "--max-cycles",
    "--max-instructions", "--timeout", "--serial", "--log-level", "--symbols", "--trace", "--trace-from",
    "--trace-count",
    "--walk",
  ])
  func valueMissing(_ option: String) throws {
    try shootdown(["guests", "run", "hello", option]).expectMisuse(naming: [option])
  }

  @Test(arguments: [
    ["run", "--bogus"], ["guests", "run", "hello", "--bogus"], ["guests", "list", "--bogus"], ["--bogus"],
    ["guests", "show", "hello", "--bogus"], ["bogus"], ["guests", "bogus"], ["run", "bogus"], ["--hash"],
    ["guests", "list", "bogus"], ["guests", "run", "hello", "bogus"], ["guests", "show", "hello", "bogus"],
    ["run", "--kernel", "/dev/null", "bogus"], ["bogus", "file"],
  ])
  func unknown(_ arguments: [String]) throws {
    let word = try #require(arguments.first { $0.contains("bogus") || $0 == "--hash" })
    try shootdown(arguments).expectMisuse(naming: [word])
  }

  @Test(arguments: [
    ["guests", "run"], ["guests", "show"], ["guests", "run", "--hash"], ["guests", "run", "hello", "--hash=yes"],
    ["guests", "run", "hello", "--no-host-pointers=1"], ["guests", "run", "hello", "-qq=1"], ["-"], ["--", "run"],
  ])
  func malformed(_ arguments: [String]) throws {
    try shootdown(arguments).expectMisuse()
  }

  @Test(arguments: ["run", "show"])
  func unknownGuest(_ command: String) throws {
    try shootdown(["guests", command, "nobody"]).expectMisuse(naming: ["nobody", "hello"])
    try shootdown(["guests", command, ""]).expectMisuse(naming: ["hello"])
    try shootdown(["guests", command, "Hello"]).expectMisuse(naming: ["Hello"])
  }

  @Test func imageThatCannotBeWritten() throws {
    for path in ["/nonexistent/image", "/"] {
      try shootdown(["guests", "show", "hello", "--output", path]).expectMisuse(naming: [path])
    }
  }

  /// An error is found before the machine starts: nothing is printed, no file is made.
  @Test func nothingIsWrittenBeforeAnError() throws {
    let folder = try Folder()
    let kept = try folder.write(Array("kept".utf8), as: "kept")
    try shootdown(["guests", "run", "hello", "--serial", kept, "--max-cycles", "none"]).expectMisuse()
    try shootdown(["run", "--kernel", "/nonexistent/image", "--serial", kept]).expectMisuse()
    try shootdown(["run", "--kernel", try folder.write([]), "--serial", kept, "--memory", "4M"]).expectMisuse()
    #expect(folder.text("kept") == "kept")
  }

  /// Text that is not ours to print as lines stays on one line.
  @Test func lineBreaksInArgumentsStayOnOneLine() throws {
    try shootdown(["run", "--kernel", "/nonexistent/a\nb\r\nc"]).expectMisuse(naming: ["/nonexistent/a"])
    try shootdown(["guests", "run", "a\nb"]).expectMisuse(naming: ["a"])
    try shootdown(["guests", "run", "hello", "--memory", "4\nM"]).expectMisuse(naming: ["--memory"])
    try shootdown(["a\nb"]).expectMisuse()
  }
}
