import Guests
import Testing

/// The line of `--hash`, and that it is the same however the program arrives at the state.
@Suite struct HashTests {
  @Test func format() throws {
    let ended = try shootdown(["guests", "run", "hello", "--hash", "--memory", "8M"])
    let line = try #require(ended.hashLine, "\(ended)")
    let format =
      #/
      shootdown:\ hash\ [0-9a-f]{32}\ \(cpus\ 1,\ clock\ 100000000,\ quantum\ 2000,\ memory\ 8M,\ model\ max,\ tlb\ retain,\ timing\ unit,
      \ instructions\ \d+,\ cycles\ \d+\)
      /#
    #expect(line.wholeMatch(of: format) != nil, "\(line)")
  }

  @Test(arguments: try Guest.all().map(\.name))
  func sameInRepeatedRunsAndWithoutOurCaches(_ guest: String) throws {
    let arguments = ["guests", "run", guest, "--memory", "8M", "--hash"]
    let first = try shootdown(arguments)
    #expect(first.hashLine != nil, "\(first)")
    let variants =
      [[], ["--no-host-pointers"], ["--no-host-pointers", "--block-limit", "1"]]
      + ["1", "2", "3", "32"].map { ["--block-limit", $0] }
    for options in variants {
      let other = try shootdown(arguments + options)
      #expect(other.output == first.output && other.errors == first.errors && other.ending == first.ending, "\(other)")
    }
  }

  /// Loads and stores whose page walks take cycles in the middle of a block.
  private static let walks: [UInt8] =
    // MOV EAX, [200000h]; NOP ...; ADD [400000h], EAX; RDTSC; NOP ...; OUT F4h, AL.
    [0x8B, 0x04, 0x25, 0x00, 0x00, 0x20, 0x00, 0x90, 0x90, 0x90, 0x90]
    + [0x01, 0x04, 0x25, 0x00, 0x00, 0x40, 0x00, 0x0F, 0x31, 0x90, 0x90, 0x90, 0xE6, 0xF4]

  /// An instruction starts if and only if the clock is before the limit, whichever block it is in.
  @Test(arguments: ["--max-cycles", "--max-instructions", "--until"], 1...18)
  func cutAtEveryCycle(_ option: String, _ limit: Int) throws {
    let folder = try Folder()
    let limits = [option, option == "--until" ? "cycle:\(limit)" : "\(limit)"]
    let arguments = ["run", "--kernel", try folder.write(HashTests.walks), "--memory", "8M", "--hash"] + limits
    let single = try shootdown(arguments + ["--block-limit", "1"])
    #expect(single.hashLine != nil, "\(single)")
    for options in [[], ["--block-limit", "3"], ["--no-host-pointers"]] {
      let ended = try shootdown(arguments + options)
      #expect(ended.errors == single.errors && ended.ending == single.ending, "\(ended), not \(single)")
    }
  }

  @Test func differentStatesDiffer() throws {
    let folder = try Folder()
    var hashes: Set<String> = []
    for code in UInt8(0)..<8 {
      let image = try folder.write(Program.exit(code))
      let ended = try shootdown(["run", "--kernel", image, "--memory", "4M", "--hash"])
      hashes.insert(try #require(ended.hashLine))
    }
    #expect(hashes.count == 8)
  }

  /// What changes the run is printed: 2052K is not 2M.
  @Test func memoryIsPrintedAsItIs() throws {
    let small = try shootdown(["guests", "run", "hello", "--memory", "2M", "--hash"])
    let large = try shootdown(["guests", "run", "hello", "--memory", "2052K", "--hash"])
    #expect(small.hashLine?.contains("memory 2M,") == true, "\(small)")
    #expect(large.ending == .status(2) || large.hashLine?.contains("memory 2M,") == false, "\(large)")
  }
}
