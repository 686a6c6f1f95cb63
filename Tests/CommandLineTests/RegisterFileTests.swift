import Testing

/// `--msr` and `--ignore-msrs`: registers that the model lacks.
@Suite struct RegisterFileTests {
  /// MOV ECX, index; RDMSR; OUT F4h, AL; then for ever. Without an IDT, #GP ends in a triple fault.
  private func reader(_ index: UInt32) -> [UInt8] {
    [0xB9] + (0..<4).map { UInt8(truncatingIfNeeded: index >> ($0 * 8)) } + [0x0F, 0x32, 0xE6, 0xF4] + Program.endless
  }

  private func run(_ options: [String], index: UInt32 = 0x1F, files: [String: String] = [:]) throws -> Ended {
    let folder = try Folder()
    let image = try folder.write(reader(index))
    for (name, text) in files { _ = try folder.write(Array(text.utf8), as: name) }
    let options = options.map { files[$0] == nil ? $0 : folder.path($0) }
    return try shootdown(["run", "--kernel", image, "--memory", "4M", "--hash"] + options)
  }

  @Test func unknownRegisters() throws {
    #expect(try run([]).ending == .status(6))
    let ignored = try run(["--ignore-msrs"])
    #expect(ignored.ending == .status(1) && ignored.hashLine?.contains("unknown MSRs ignored") == true, "\(ignored)")
    let file = try run(["--machine", "m.yaml"], files: ["m.yaml": "ignore-msrs: true\n"])
    #expect(file.ending == .status(1), "\(file)")
  }

  @Test func addedRegisters() throws {
    let files = ["msrs.def": "# comment\n0x1f 0 00000000 00000003 00000000 00000000 00000000 00000000 # added\n"]
    let ended = try run(["--msr", "msrs.def"], files: files)
    #expect(ended.ending == .status(7) && ended.hashLine?.contains("1 MSRs added") == true, "\(ended)")
    #expect(try run(["--msr", "msrs.def"], index: 0x1E, files: files).ending == .status(6))
  }

  @Test(arguments: [
    "0x1f", "0x1f 0", "0x1f 9", "x", "0x1f 0 1 2 3 4 5 6 7", "0x1f 1\n0x1f 1", "\0", "0x1f 0 0 0 0 0 0 z",
  ])
  func badFiles(_ text: String) throws {
    try run(["--msr", "msrs.def"], files: ["msrs.def": text]).expectMisuse(naming: ["--msr", "msrs.def: line "])
  }

  @Test func missingFile() throws {
    try run(["--msr", "/nonexistent/msrs"]).expectMisuse(naming: ["--msr", "/nonexistent/msrs"])
    try run(["--msr", ""]).expectMisuse(naming: ["--msr"])
  }
}
