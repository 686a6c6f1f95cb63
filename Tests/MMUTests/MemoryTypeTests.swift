import EPTTLB
import MMU
import Testing

/// MTRRs, PAT and what comes of both (SDM Vol. 3, "Memory Cache Control").
@Suite struct MemoryTypeTests {
  /// "Effective Page-Level Memory Types for Pentium III and More Recent Processor Families", by MTRR type, of the PAT types
  /// UC, UC-, WC, WT, WB, WP.
  @Test func effectiveTypes() {
    let pages: [MemoryType] = [
      .uncacheable, .uncached, .writeCombining, .writeThrough, .writeBack, .writeProtected,
    ]
    let table: [(MemoryType, String)] = [
      (.uncacheable, "UC UC WC UC UC UC"), (.writeCombining, "UC WC WC UC WC UC"),
      (.writeThrough, "UC UC WC WT WT WP"), (.writeBack, "UC UC WC WT WB WP"),
      (.writeProtected, "UC WC WC WT WP WP"),
    ]
    let names: [MemoryType: String] = [
      .uncacheable: "UC", .writeCombining: "WC", .writeThrough: "WT", .writeBack: "WB", .writeProtected: "WP",
    ]
    for (range, row) in table {
      #expect(pages.map { names[MemoryType.effective(range, $0)] ?? "?" }.joined(separator: " ") == row, "\(range)")
    }
  }

  private func ranges(_ defaultType: UInt64, _ variable: [(UInt64, UInt64)] = []) -> MemoryTypeRanges {
    var ranges = MemoryTypeRanges()
    ranges.defaultType = defaultType
    ranges.variable = variable.map { MemoryTypeRanges.Variable(base: $0, mask: $1) }
    return ranges
  }

  private func type(_ ranges: MemoryTypeRanges, _ address: UInt64) -> MemoryType {
    ranges.memoryType(PhysicalAddress(address))
  }

  /// "IA32_MTRR_DEF_TYPE MSR": with E = 0 all is UC.
  @Test func disabled() {
    var ranges = ranges(0x406, [(6, 0x800)])
    ranges.fixed = [UInt64](repeating: 0x0606_0606_0606_0606, count: 11)
    for address: UInt64 in [0, 0xF_FFFF, 1 << 30] { #expect(type(ranges, address) == .uncacheable) }
    #expect(type(self.ranges(0x806), 0) == .writeBack)
  }

  /// "Fixed Range MTRRs": each byte of each register is a range of its own, below 1 MByte and with FE only.
  @Test func fixedRanges() {
    let places: [(register: Int, start: UInt64, size: UInt64)] =
      [(0, 0, 0x1_0000), (1, 0x8_0000, 0x4000), (2, 0xA_0000, 0x4000)]
      + (0..<8).map { (3 + $0, 0xC_0000 + UInt64($0) * 0x8000, 0x1000) }
    for (register, start, size) in places {
      for byte: UInt64 in 0..<8 {
        var ranges = ranges(0xC06)
        ranges.fixed = [UInt64](repeating: 0x0606_0606_0606_0606, count: 11)
        ranges.fixed[register] ^= 2 << (byte * 8)
        let first = start + byte * size
        #expect(type(ranges, first) == .writeThrough)
        #expect(type(ranges, first + size - 1) == .writeThrough)
        #expect(first == 0 || type(ranges, first - 1) == .writeBack)
        #expect(type(ranges, first + size) == .writeBack)
        ranges.defaultType = 0x806
        #expect(type(ranges, first) == .writeBack, "FE is 0")
      }
    }
  }

  /// "MTRR Precedences": UC wins, WT wins over WB, alike is alike; without a match the default type.
  @Test func variableRanges() {
    let gigabyte: UInt64 = 0xF_C000_0000
    let megabyte: UInt64 = 0xF_FFF0_0000
    let of: (UInt64, UInt64) -> MemoryTypeRanges = { low, high in
      self.ranges(0x801, [(0x4000_0000 | low, gigabyte | 0x800), (0x4010_0000 | high, megabyte | 0x800)])
    }
    #expect(type(of(6, 0), 0x4010_0000) == .uncacheable)
    #expect(type(of(0, 6), 0x4010_0000) == .uncacheable)
    #expect(type(of(6, 4), 0x4010_0000) == .writeThrough)
    #expect(type(of(4, 6), 0x4010_0000) == .writeThrough)
    #expect(type(of(5, 5), 0x4010_0000) == .writeProtected)
    #expect(type(of(6, 4), 0x400F_FFFF) == .writeBack)
    #expect(type(of(6, 4), 0x4020_0000) == .writeBack)
    #expect(type(of(6, 4), 0x3FFF_FFFF) == .writeCombining)
    #expect(type(of(6, 4), 0x8000_0000) == .writeCombining)
    let invalid = ranges(0x801, [(0x4000_0006, gigabyte)])
    #expect(type(invalid, 0x4000_0000) == .writeCombining, "V is 0")
  }

  /// "Large Page Size Considerations": a page that ranges cut through is uncacheable (ours), one inside a range is not.
  @Test func largePages() {
    let ranges = ranges(0x806, [(0x4010_0004, 0xF_FFF0_0000 | 0x800), (0x8000_0004, 0xF_C000_0000 | 0x800)])
    #expect(ranges.memoryType(ofPage: 0x4000_0000, shift: 21) == .uncacheable)
    #expect(ranges.memoryType(ofPage: 0x4000_0000, shift: 30) == .uncacheable)
    #expect(ranges.memoryType(ofPage: 0x4020_0000, shift: 21) == .writeBack)
    #expect(ranges.memoryType(ofPage: 0x8020_0000, shift: 21) == .writeThrough)
    #expect(ranges.memoryType(ofPage: 0x8000_0000, shift: 30) == .writeThrough)
    var fixed = self.ranges(0xC06)
    #expect(fixed.memoryType(ofPage: 0, shift: 21) == .uncacheable)
    fixed.fixed = [UInt64](repeating: 0x0606_0606_0606_0606, count: 11)
    #expect(fixed.memoryType(ofPage: 0, shift: 21) == .writeBack)
    fixed.fixed[5] ^= 2
    #expect(fixed.memoryType(ofPage: 0, shift: 21) == .uncacheable)
  }

  /// Rule C6: a translation's type is its leaf's when it was cached, whatever becomes of the registers.
  @Test func aTranslationKeepsItsType() throws {
    let rig = try Rig()
    var types = MemoryTypes()
    types.ranges.defaultType = 0x806
    rig.translation.memoryTypes = types
    rig.map(0x7000, to: 0x20_0000, Rig.Bit.all | 1 << 3)
    let slot = try #require(rig.physical(0x7000)).slot
    #expect(rig.translation.cache[slot].memoryType == MemoryType.writeThrough.rawValue)
    types.pat = 0
    rig.translation.memoryTypes = types
    let again = try #require(rig.physical(0x7000)).slot
    #expect(rig.translation.cache[again].memoryType == MemoryType.writeThrough.rawValue)
    rig.translation.invalidatePage(0x7000)
    let anew = try #require(rig.physical(0x7000)).slot
    #expect(rig.translation.cache[anew].memoryType == MemoryType.uncacheable.rawValue)
  }
}
