import Foundation
import Testing

/// `shootdown walk` and `run --walk`: the entries of a page walk.
@Suite struct WalkTests {
  /// An image of physical memory.
  private struct Image {
    var bytes = [UInt8](repeating: 0, count: 0x8000)
    mutating func put(_ value: UInt64, at address: UInt64, count: Int = 8) {
      bytes.replaceSubrange(Int(address)..<Int(address) + count, with: ELFFile.little(value, count))
    }
  }

  private func walk(_ image: Image, _ address: UInt64, _ options: [String]) throws -> [String: Any] {
    let folder = try Folder()
    let file = try folder.write(image.bytes)
    let hex = String(address, radix: 16)
    let ended = try shootdown(["walk", "--image", file, "--json", hex] + options)
    #expect(ended.ending == .status(0) && ended.errors.isEmpty, "\(ended)")
    let text = try shootdown(["walk", "--image", file, hex] + options)
    let event = try #require(try ended.events().first)
    // The text says the same.
    for step in event["steps"] as? [[String: Any]] ?? [] {
      for word in ["entry", "value"] { #expect(text.output.contains(step[word] as? String ?? "?"), "\(text)") }
    }
    #expect(text.output.contains((event["physical"] ?? event["fault"]) as? String ?? "?"), "\(text)")
    return event
  }

  private func entries(_ event: [String: Any]) -> [String] {
    (event["steps"] as? [[String: Any]])?.compactMap { $0["entry"] as? String } ?? []
  }

  /// Random addresses and frames in every mode, with the tables that lead from one to the other.
  @Test func everyMode() throws {
    var random = RandomNumbers(seed: 0x5EED_0004)
    for _ in 0..<4 {
      for levels in [4, 5] {
        let linear = random.next() & 0x7FFF_FFFF_FFFF >> 1
        let frame = random.next() & 0xF_FFFF_F000
        var image = Image()
        for level in 0..<levels {
          let index = linear >> UInt64(12 + 9 * (levels - 1 - level)) & 511
          let table = UInt64(level + 1) << 12
          image.put((level == levels - 1 ? frame : table + 0x1000) | 7, at: table + index * 8)
        }
        let event = try walk(image, linear, ["--cr3", "1000", "--paging", "\(levels)-level"])
        #expect(event["physical"] as? String == String(frame | linear & 0xFFF, radix: 16), "\(event)")
        #expect(event["pageSize"] as? String == "4K")
        #expect(entries(event) == ["PML5E", "PML4E", "PDPTE", "PDE", "PTE"].suffix(levels).map(\.self))
      }
      let linear = random.next() & 0xFFFF_FFFF
      let frame = random.next() & 0xFFFF_F000
      var image = Image()
      image.put(0x2003, at: 0x1000 + (linear >> 22) * 4, count: 4)
      image.put(frame | 0x25, at: 0x2000 + (linear >> 12 & 1023) * 4, count: 4)
      let narrow = try walk(image, linear, ["--cr3", "1000", "--cr4", "0", "--efer", "0"])
      #expect(narrow["physical"] as? String == String(frame | linear & 0xFFF, radix: 16), "\(narrow)")
      #expect(entries(narrow) == ["PDE", "PTE"] && narrow["mode"] as? String == "32-bit")
      image = Image()
      image.put(0x2001, at: 0x1020 + (linear >> 30) * 8)
      image.put(0x83 | frame & ~0x1F_FFFF, at: 0x2000 + (linear >> 21 & 511) * 8)
      let pae = try walk(image, linear, ["--cr3", "1020", "--cr4", "20", "--efer", "800"])
      #expect(pae["physical"] as? String == String(frame & ~0x1F_FFFF | linear & 0x1F_FFFF, radix: 16), "\(pae)")
      #expect(entries(pae) == ["PDPTE", "PDE"] && pae["pageSize"] as? String == "2M")
    }
  }

  @Test func flagsAndFaults() throws {
    var image = Image()
    image.put(0x2067, at: 0x1000)
    image.put(0x8000_0000_0000_3067, at: 0x2000)
    image.put(0xE3 | 1 << 8, at: 0x3000)
    image.put(0x83 | 1 << 13, at: 0x3008)
    let options = ["--cr3", "0x1000"]
    let event = try walk(image, 0x1234, options)
    let steps = try #require(event["steps"] as? [[String: Any]])
    #expect(steps[0]["flags"] as? [String] == ["P", "R/W", "U/S", "A"])
    #expect(steps[1]["flags"] as? [String] == ["P", "R/W", "U/S", "A", "XD"])
    #expect(steps[2]["flags"] as? [String] == ["P", "R/W", "A", "D", "PS", "G"])
    #expect(event["rights"] as? [String] == ["read", "write"] && event["pageSize"] as? String == "2M")
    #expect((try walk(image, 0x20_0000, options)["fault"] as? String)?.contains("PDE has a reserved bit") == true)
    #expect((try walk(image, 0x40_0000, options)["fault"] as? String)?.contains("PDE is not present") == true)
    #expect((try walk(image, 1 << 63, options)["fault"] as? String)?.contains("canonical") == true)
    #expect(try walk(image, 0x1234, options + ["--cr0", "1"])["physical"] as? String == "1234")
  }

  @Test func ofARun() throws {
    let arguments = ["guests", "run", "processors", "--cpus", "2", "--memory", "8M", "--hash"]
    let plain = try shootdown(arguments)
    let ended = try shootdown(arguments + ["--json", "--walk", "100123", "--walk", "cpu1:0x300000"])
    let walks = try ended.events().named("walk")
    #expect(walks.count == 3 && walks.compactMap { $0["processor"] as? Int } == [0, 1, 1])
    #expect(walks.first?["physical"] as? String == "100123" && walks.first?["cached"] as? String == "100123")
    // Looking changes nothing.
    #expect(ended.hashLine == plain.hashLine && plain.hashLine != nil)
    let text = try shootdown(arguments + ["--walk", "cpu0:100123"])
    #expect(text.output == plain.output && text.errors.contains("physical 100123, page of 2M"), "\(text)")
    #expect(text.errors.contains("the TLB has the same"), "\(text)")
  }

  /// The page that the guest's TLB remembers is not the one that memory names.
  @Test func staleEntryIsShown() throws {
    let folder = try Folder()
    // MOV EAX, [400000h]; MOV DWORD [3010h], 600083h, the PDE of 400000h; OUT F4h, AL.
    let image = try folder.write(
      [0x8B, 0x04, 0x25] + ELFFile.little(0x40_0000, 4) + [0xC7, 0x04, 0x25] + ELFFile.little(0x3010, 4)
        + ELFFile.little(0x60_00E3, 4) + [0xE6, 0xF4])
    let ended = try shootdown(["run", "--kernel", image, "--memory", "16M", "--json", "--walk", "400abc"])
    let walk = try #require(try ended.events().named("walk").first)
    #expect(walk["physical"] as? String == "600abc" && walk["cached"] as? String == "400abc", "\(walk)")
  }

  @Test func misuse() throws {
    let folder = try Folder()
    let image = try folder.write(Image().bytes)
    for (arguments, word) in [
      (["0"], "--image"), (["--image", image, "0"], "--cr3"), (["--image", image, "--cr3", "0"], "address"),
      (["--image", image, "--cr3", "x", "0"], "--cr3"), (["--image", image, "--cr3", "0", "y"], "ADDRESS"),
      (["--image", image, "--cr3", "0", "--paging", "6-level", "0"], "--paging"),
      (["--image", image, "--cr3", "0", "--cr4", "", "0"], "--cr4"),
      (["--image", image, "--cr3", "0", "--physical-bits", "53", "0"], "--physical-bits"),
      (["--image", "/nonexistent", "--cr3", "0", "0"], "/nonexistent"),
      (["--image", try folder.write([], as: "empty"), "--cr3", "0", "0"], "empty"),
      (["--image", try folder.writeHole(bytes: 4 << 30), "--cr3", "0", "0"], "hole"),
    ] { try shootdown(["walk"] + arguments).expectMisuse(naming: [word]) }
    for place in ["", "cpu1:0", "cpu:0", "cpu-1:0", "x", "cpu0:", "0:0", "10000000000000000"] {
      try shootdown(["guests", "run", "hello", "--walk=\(place)"]).expectMisuse(naming: ["--walk"])
    }
  }

  /// Random memory and registers: always an answer.
  @Test func noise() throws {
    var random = RandomNumbers(seed: 0x5EED_0005)
    let folder = try Folder()
    for index in 0..<24 {
      let image = try folder.write(random.bytes(random.pick(1...20_000)))
      let mode = ["none", "32-bit", "pae", "4-level", "5-level"][index % 5]
      func hex(_ mask: UInt64) -> String { String(UInt64(truncatingIfNeeded: random.next()) & mask, radix: 16) }
      let ended = try shootdown([
        "walk", "--image", image, "--cr3", hex(index % 2 == 0 ? 0x3FFF : .max), "--cr0", hex(.max), "--cr4", hex(.max),
        "--efer", hex(.max), "--paging", mode, hex(.max),
      ])
      #expect(ended.ending == .status(0) && ended.errors.isEmpty && !ended.output.isEmpty, "\(ended)")
    }
  }
}
