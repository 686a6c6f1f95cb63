import Testing

/// Reports of stale translations name the instruction and the cycle, however blocks of instructions are formed.
@Suite struct OracleReportTests {
  @Test(arguments: ["noflush", "early"])
  func reportsDependOnNoBlocks(_ mistake: String) throws {
    let reports = try ["1", "3", "32"].map { limit in
      let options = ["--cpus", "2", "--append", mistake, "--block-limit", limit]
      let ended = try shootdown(["guests", "run", "quiesce"] + options)
      return ended.errorLines.filter { $0.contains("  made:") || $0.contains("  used:") || $0.contains("  changed:") }
    }
    #expect(reports[0].count >= 3 && reports.allSatisfy { $0 == reports[0] }, "\(reports)")
  }
}
