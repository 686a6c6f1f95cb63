import Guests
import Machine
import Testing

/// What each shipped guest must show; the same images were run on QEMU 7.2, which prints the same but for one error code.
@Suite struct GuestTests {
  @Test func catalogAgreesWithImages() throws { #expect(try Guest.all().count == 12) }

  @Test func hello() throws {
    let result = try outcome(of: try guest("hello").image)
    #expect(result.end == .guestExit(1))
    #expect(result.serial == "Hello from a 64-bit guest.\n")
  }

  /// TLB rule U3, and INVLPG's row in section I.
  @Test func staleTranslationIsUsedUntilInvalidated() throws {
    let result = try outcome(of: try guest("stale").image)
    #expect(
      result.serial == """
        mapped:           the page reads OLD (frame 210000h)
        entry changed:    the page reads OLD (frame 210000h)
        after INVLPG:     the page reads NEW (frame 211000h)

        """)
  }

  /// SDM Vol. 3, "Exception and Interrupt Reference". A read-modify-write of a page that is not present is a write
  /// (error code 2), as on hardware and Bochs; QEMU reports the read.
  @Test func exceptions() throws {
    let result = try outcome(of: try guest("faults").image)
    func line(_ vector: String, _ error: String, _ cr2: String, _ offset: String) -> String {
      "vector 00000000000000\(vector) error 000000000000000\(error) cr2 \(cr2) offset 000000000000000\(offset)\n"
    }
    let none = "0000000000000000"
    let page = "0000123456789000"
    let expected = [
      line("00", "0", none, "0"), line("06", "0", none, "0"), line("03", "0", none, "1"), line("0e", "0", page, "0"),
      line("0e", "2", page, "0"), line("0d", "0", page, "0"), line("08", "0", page, "0"), "done\n",
    ]
    #expect(result.serial == expected.joined())
  }

  /// SDM Vol. 3, "Handling Self- and Cross-Modifying Code".
  @Test func selfModifyingCode() throws {
    let result = try outcome(of: try guest("selfmodify").image)
    let values = ["0005", "0037", "186a0", "1111", "2222"]
    let lines = values.map { String(repeating: "0", count: 16 - $0.count) + $0 }
    #expect(result.serial == lines.joined(separator: "\n") + "\n")
  }

  @Test func accessesAcrossPages() throws {
    let result = try outcome(of: try guest("crossing").image)
    #expect(
      result.serial == """
        0000000000332211
        0000008877665544
        6756453423120101
        6756463423120101
        0000000000000000
        0000000012345678
        00000000cafef00d
        00000000ca55f00d
        767574737271706f
        0000000200002000
        0000000000000000

        """)
  }

  @Test func endsWithoutAnyoneToWake() throws {
    #expect(try outcome(of: try guest("halt").image).end == .haltedForEver)
    #expect(try outcome(of: try guest("triplefault").image).end == .shutdown)
  }
}
