import Testing

/// What the design names and is not built yet is refused by its name.
@Suite struct PlannedTests {
  @Test(arguments: ["explore", "replay"])
  func subcommand(_ name: String) throws {
    for arguments in [[name], [name, "file"], [name, "--help"]] {
      try shootdown(arguments).expectMisuse(naming: ["'\(name)'", "not built"])
    }
  }

  @Test(arguments: [
    "--snapshot", "--restore", "--record", "--gdb", "--html", "--perfetto", "--split-rmw",
    "--color",
  ])
  func option(_ name: String) throws {
    for arguments in [[name], [name, "value"], ["\(name)=value"]] {
      try shootdown(["guests", "run", "hello"] + arguments).expectMisuse(naming: [name, "not built"])
      try shootdown(["run"] + arguments).expectMisuse(naming: [name, "not built"])
    }
  }

  /// Only as an option and as the first word: a value and a guest's name may be called so.
  @Test func onlyWhereItIsMeant() throws {
    let ended = try shootdown(["guests", "run", "hello", "--until", "serial:--gdb|Hello"])
    #expect(ended.ending == .status(0), "\(ended)")
    try shootdown(["guests", "run", "suite"]).expectMisuse(naming: ["there is no guest 'suite'"])
  }
}
