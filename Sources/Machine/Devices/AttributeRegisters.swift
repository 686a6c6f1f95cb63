import MMU

// 82441FX, "PAM[6:0]—Programmable Attribute Map Registers": bits 0 and 4 of a register let reads of a part go to RAM, bits 1
// and 5 writes. Where reads do not, PCI answers: from E0000h on with the end of the firmware's ROM, below with nothing.

extension PCIConfiguration {
  /// Half a register, and the addresses that it is for.
  private struct Part {
    let register: Int
    let shift: UInt8
    let range: Range<UInt64>
  }

  /// F0000h-FFFFFh in PAM0, then parts of 16 KiB, two a register, from C0000h on.
  private static let parts =
    [Part(register: 0x59, shift: 4, range: 0xF_0000..<0x10_0000)]
    + (0..<12).map { number in
      let start = 0xC_0000 + UInt64(number) << 14
      return Part(register: 0x5A + number / 2, shift: number & 1 == 0 ? 0 : 4, range: start..<start + 0x4000)
    }

  /// What the host bridge's registers say of C0000h-FFFFFh.
  var attributes: AttributeMap {
    get {
      var map = AttributeMap()
      guard let bridge = self[device: 0, function: 0] else { return map }
      for part in Self.parts {
        let bits = bridge.registers[part.register] >> part.shift
        map.set(part.range, isReadable: bits & 1 != 0, isWritable: bits & 2 != 0)
      }
      return map
    }
    set {
      for part in Self.parts {
        let bit: UInt64 = 1 << ((part.range.lowerBound - AttributeMap.start) >> 12)
        let bits: UInt8 = (newValue.readable & bit != 0 ? 1 : 0) | (newValue.writable & bit != 0 ? 2 : 0)
        let kept = (self[device: 0, function: 0]?.registers[part.register] ?? 0) & ~(3 << part.shift)
        self[device: 0, function: 0]?.registers[part.register] = kept | bits << part.shift
      }
    }
  }
}
