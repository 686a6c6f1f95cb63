import Guests
import Testing

/// `--print-config`: the merge as a machine file, which makes the same run.
@Suite struct PrintConfigTests {
  /// Options, with files named by their content; the run after `--print-config` is the run without.
  private func roundTrip(_ arguments: [String], environment: [String: String] = [:]) throws {
    let folder = try Folder()
    let printed = try shootdown(arguments + ["--print-config"], environment: environment)
    #expect(printed.ending == .status(0) && printed.errors.isEmpty, "\(printed)")
    let file = try folder.write(Array(printed.output.utf8), as: "machine.yaml")
    let again = try shootdown(["run", "--machine", file, "--print-config"])
    #expect(again.output == printed.output, "\(again)")
    let first = try shootdown(arguments + ["--hash", "--max-cycles", "100000"], environment: environment)
    let second = try shootdown(["run", "--machine", file, "--hash", "--max-cycles", "100000"])
    #expect(first.hashLine != nil, "\(first)")
    #expect(
      second.output == first.output && second.errors == first.errors && second.ending == first.ending, "\(second)")
  }

  @Test func guests() throws {
    try roundTrip(["guests", "run", "hello"])
    try roundTrip([
      "guests", "run", "processors", "--cpus", "3", "--quantum", "7", "--memory", "9M", "--tlb", "random:5", "--clock",
      "50000000",
    ])
    try roundTrip(
      ["guests", "run", "stale", "--model", "corei7_haswell_4770", "--cpuid", "7.EBX=80", "--cpuid", "1.ECX=1"],
      environment: ["SHOOTDOWN_TIMING": "skylake", "SHOOTDOWN_MEMORY": "12M"])
  }

  /// Names and command lines that YAML gives a meaning to.
  @Test(arguments: [
    "image", "two words", "it's", "say \"so\"", "a: b", "#1", "- x", "[1]", "{a}", "&a *b", "true", "1", "back\\slash",
    "é",
    "tab\tstop", "line\nbreak", "~", "a #b", "%x", "@", "`", "? x", "!x", "|", ">", "x:",
  ])
  func namesAreQuoted(_ name: String) throws {
    let folder = try Folder()
    let image = try folder.write(Program.print("x") + Program.exit(3), as: name)
    try roundTrip(["run", "--kernel", image, "--memory", "4M"])
  }

  @Test func modulesAndCommandLine() throws {
    let folder = try Folder()
    // A Multiboot header of flag bits 0, then MOV AL, 1; OUT F4h, AL.
    let header: UInt64 = 0x1BAD_B002
    let code = ELFFile.little(header, 4) + ELFFile.little(0, 4) + ELFFile.little(0 &- header, 4) + Program.exit(1)
    let kernel = try folder.write(ELFFile.bytes(code, skipped: 12, symbols: []), as: "kernel")
    let module = try folder.write([1, 2, 3], as: "module")
    try roundTrip([
      "run", "--kernel", kernel, "--module", module, "--module", "\(module) a: b \"c\" #d", "--append", "x=[1] & 'y'",
      "--memory", "8M", "--no-reboot",
    ])
  }

  @Test func everythingElseThatMakesTheMachine() throws {
    let folder = try Folder()
    let image = try folder.write(Program.exit(1))
    let debug = folder.path("debug: port")
    try roundTrip([
      "run", "--kernel", image, "--memory", "4M", "--serial", "none", "--post-port", "80h", "--debug-port",
      "0x402:\(debug)",
    ])
  }

  /// Nothing is run, no file is made, and what is wrong is said as for a run.
  @Test func nothingRuns() throws {
    let folder = try Folder()
    let ended = try shootdown([
      "guests", "run", "hello", "--print-config", "--serial", folder.path("text"), "--trace", folder.path("trace"),
      "--debug-port", "402h:\(folder.path("debug"))",
    ])
    #expect(ended.ending == .status(0) && !ended.output.contains("Hello"), "\(ended)")
    for name in ["text", "trace", "debug"] { #expect(throws: (any Error).self) { try folder.bytes(name) } }
    try shootdown(["guests", "run", "hello", "--print-config", "--memory", "x"]).expectMisuse(naming: ["--memory"])
    try shootdown(["run", "--print-config"]).expectMisuse(naming: ["--kernel"])
  }
}
