import Guests
import Testing

/// `guests list`, `run` and `show`.
@Suite struct GuestsTests {
  @Test func list() throws {
    let ended = try shootdown(["guests", "list"])
    #expect(ended.ending == .status(0) && ended.errors.isEmpty, "\(ended)")
    let lines = ended.output.split(separator: "\n")
    let guests = try Guest.all()
    #expect(lines.count == guests.count && guests.count >= 7, "\(ended)")
    for (line, guest) in zip(lines, guests) {
      let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true).map(String.init)
      try #require(words.count == 3, "\(line)")
      #expect(words[0] == guest.name && words[1] == "\(guest.image.count)", "\(line)")
      #expect(words[2].drop { $0 == " " } == guest.title, "\(line)")
    }
  }

  @Test(arguments: try Guest.all().map(\.name))
  func everyGuestDoesWhatItShould(_ name: String) throws {
    let guest = try #require(try Guest.all().first { $0.name == name })
    let ended = try shootdown(["guests", "run", name, "--timeout", "20"])
    #expect(ended.ending == .status(guest.status), "\(ended)")
  }

  @Test func staleShowsWhatTheTLBRemembers() throws {
    let ended = try shootdown(["guests", "run", "stale"])
    let expected = """
      mapped:           the page reads OLD (frame 210000h)
      entry changed:    the page reads OLD (frame 210000h)
      after INVLPG:     the page reads NEW (frame 211000h)

      """
    #expect(ended.output == expected, "\(ended)")
  }

  /// `show --output`, then `run --kernel`: the same bytes, text, hash and status as `guests run`.
  @Test(arguments: try Guest.all().map(\.name))
  func imageRoundTrip(_ name: String) throws {
    let guest = try #require(try Guest.all().first { $0.name == name })
    let folder = try Folder()
    let written = try shootdown(["guests", "show", name, "--output", folder.path("image")])
    #expect(written.ending == .status(0) && written.output.isEmpty && written.errors.isEmpty, "\(written)")
    #expect(try folder.bytes("image") == guest.image)
    let options = ["--memory", "8M", "--hash"]
    let ours = try shootdown(["guests", "run", name] + options)
    let file = try shootdown(["run", "--kernel", folder.path("image")] + options)
    #expect(file.output == ours.output && file.errors == ours.errors && file.ending == ours.ending, "\(file) \(ours)")
    #expect(ours.hashLine != nil, "\(ours)")
  }

  /// The listing's addresses follow each other and its bytes are the image's.
  @Test(arguments: try Guest.all().map(\.name))
  func listingIsTheImage(_ name: String) throws {
    let guest = try #require(try Guest.all().first { $0.name == name })
    let ended = try shootdown(["guests", "show", name])
    #expect(ended.ending == .status(0) && ended.errors.isEmpty, "\(ended)")
    var bytes: [UInt8] = []
    for line in ended.output.split(separator: "\n") {
      let match = try #require(line.wholeMatch(of: /([0-9a-f]{6})  ((?:[0-9a-f]{2} ?)+) +(\S.*)/), "\(line)")
      #expect(Int(match.1, radix: 16) == 0x10_0000 + bytes.count, "\(line)")
      bytes += match.2.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }
    #expect(bytes == guest.image)
  }

  @Test func helloBeginsWithItsCode() throws {
    let first = try shootdown(["guests", "show", "hello"]).output.split(separator: "\n").first
    #expect(first?.hasPrefix("100000  48 8d 35 ") == true && first?.contains("lea") == true, "\(first ?? "nothing")")
  }
}
