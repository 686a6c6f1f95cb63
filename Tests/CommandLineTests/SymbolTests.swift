import Testing

/// `--until symbol:NAME`: the run stops before the instruction at the symbol.
@Suite struct SymbolTests {
  /// MOV ECX, n; 10 NOPs; DEC ECX and JNZ at 10000Fh; then, in the next page at the same place, OUT F4h.
  private static func loop(_ times: UInt64) -> [UInt8] {
    let head = [0xB9] + ELFFile.little(times, 4) + [UInt8](repeating: 0x90, count: 10) + [0xFF, 0xC9, 0x75, 0xFC]
    // JMP to 10100Fh.
    let way = 0x100F - (head.count + 5)
    return head + [0xE9] + ELFFile.little(UInt64(way), 4) + [UInt8](repeating: 0x90, count: 0x100F - head.count - 5)
      + Program.exit(1)
  }

  private func run(_ image: [UInt8], _ symbol: String, _ symbols: [(String, UInt64)], _ options: [String] = []) throws
    -> Ended
  {
    let folder = try Folder()
    let file = try folder.write(ELFFile.bytes(symbols: symbols), as: "symbols")
    return try shootdown(
      [
        "run", "--kernel", try folder.write(image), "--memory", "4M", "--hash", "--symbols", file, "--until",
        "symbol:\(symbol)",
      ] + options)
  }

  /// The place in the page is met a million times in another page before: that is neither a stop nor a growing stack.
  @Test func stopsThereAndNowhereElse() throws {
    let symbols: [(String, UInt64)] = [("first", 0x10_000F), ("end", 0x10_100F), ("never", 0x10_3000)]
    let ended = try run(SymbolTests.loop(1_000_000), "end", symbols)
    #expect(ended.ending == .status(0) && ended.errors.contains("the condition was met at RIP 10100fh"), "\(ended)")
    let first = try run(SymbolTests.loop(1_000_000), "first", symbols)
    #expect(first.ending == .status(0), "\(first)")
    #expect(first.errors.contains("met at RIP 10000fh after 11 instructions"), "\(first)")
    let never = try run(SymbolTests.loop(1000), "never", symbols)
    #expect(never.ending == .status(8), "\(never)")
  }

  @Test(arguments: [
    ["--block-limit", "1"], ["--block-limit", "3"], ["--no-host-pointers"], ["--trace", "/dev/null"],
  ])
  func whateverOurCachesDo(_ options: [String]) throws {
    let symbols: [(String, UInt64)] = [("end", 0x10_100F)]
    let plain = try run(SymbolTests.loop(3000), "end", symbols)
    let other = try run(SymbolTests.loop(3000), "end", symbols, options)
    #expect(plain.hashLine != nil && other.errors == plain.errors, "\(other), not \(plain)")
  }

  /// Looking for an address that is never reached changes nothing.
  @Test func looking() throws {
    let folder = try Folder()
    let image = try folder.write(SymbolTests.loop(3000))
    let plain = try shootdown(["run", "--kernel", image, "--memory", "4M", "--hash"])
    let looked = try run(SymbolTests.loop(3000), "no", [("no", 0x20_000F)])
    #expect(plain.hashLine != nil && looked.hashLine == plain.hashLine, "\(looked)")
  }

  @Test func ofTheKernelItself() throws {
    let folder = try Folder()
    let header: UInt64 = 0x1BAD_B002
    let code = ELFFile.little(header, 4) + ELFFile.little(0, 4) + ELFFile.little(0 &- header, 4) + Program.exit(1)
    let kernel = try folder.write(ELFFile.bytes(code, skipped: 12, symbols: [("finish", 0x10_000E)]))
    let ended = try shootdown(["run", "--kernel", kernel, "--memory", "8M", "--until", "symbol:finish"])
    #expect(ended.ending == .status(0) && ended.errors.contains("RIP 10000eh after 1 instructions"), "\(ended)")
    try shootdown(["run", "--kernel", kernel, "--memory", "8M", "--until", "symbol:start"])
      .expectMisuse(naming: ["'start'", kernel])
  }

  @Test func misuse() throws {
    let folder = try Folder()
    try shootdown(["guests", "run", "hello", "--until", "symbol:main"]).expectMisuse(naming: ["'main'", "--symbols"])
    let text = try folder.write(Array("no ELF".utf8))
    try shootdown(["guests", "run", "hello", "--symbols", text]).expectMisuse(naming: ["--symbols", text])
    try shootdown(["guests", "run", "hello", "--symbols", "/nonexistent"]).expectMisuse(naming: ["--symbols"])
  }

  /// A damaged file is an error or has the symbol; it never ends the program otherwise.
  @Test func damagedFiles() throws {
    var random = RandomNumbers(seed: 0x5EED_0003)
    let good = ELFFile.bytes([1, 2, 3], symbols: [("main", 0x10_0000)])
    for _ in 0..<40 {
      var bytes = good
      for _ in 0..<random.pick(1...4) { bytes[random.pick(0...bytes.count - 1)] = UInt8(random.pick(0...255)) }
      if random.oneIn(4) { bytes.removeLast(random.pick(1...bytes.count)) }
      let folder = try Folder()
      let file = try folder.write(bytes)
      let ended = try shootdown(["guests", "run", "hello", "--symbols", file, "--until", "symbol:main"])
      if ended.ending != .status(0), ended.ending != .status(8) { ended.expectMisuse() }
    }
  }
}
