import SiliconNative

/// The linear addresses that both sides have (silicon_native.h).
enum Places {
  static let code = UInt64(SiliconCodeBase)
  static let codeBytes = UInt64(SiliconCodeBytes)
  static let pads = UInt64(SiliconPadBase)
  static let farLanding = UInt64(SiliconPadBase) + UInt64(SiliconFarLanding)
  static let data = UInt64(SiliconDataBase)
  static let dataBytes = UInt64(SiliconDataBytes)
  static let readOnly = UInt64(SiliconDataBase) + UInt64(SiliconReadOnlyOffset)
  static let slotSize = Int(SiliconSlotSize)
  static let batchSize = Int(SiliconBatchSize)
  static let lineSize = Int(SiliconLineSize)
  static let lineCount = Int(SiliconLineCount)
  static let landings = Int(SiliconLandings)
  static let patches = Int(SiliconPatches)

  /// First byte of a case's slot.
  static func slot(_ index: Int) -> UInt64 { code + UInt64(index * slotSize) }

  /// Whether bytes lie in the data.
  static func isData(_ address: UInt64, bytes: Int) -> Bool {
    address >= data && address <= data + dataBytes - UInt64(bytes)
  }
}

extension Randomness {
  /// Where an operand of some bytes lies: mostly in the pages that may be written, sometimes across the end of one, in the
  /// read-only page, in one that is not there, or at an address that is not canonical.
  mutating func place(_ bytes: Int) -> UInt64 {
    let data = Places.data
    switch below(64) {
    case 0..<3: return crossing(data + 0x1000, bytes)
    case 3..<6: return crossing(Places.readOnly, bytes)
    case 6: return crossing(Places.readOnly + 0x1000, bytes)
    case 7, 8: return crossing(data + Places.dataBytes, bytes)
    case 9: return crossing(data, bytes)
    case 10..<13: return Places.readOnly + UInt64(below(0x1000 - bytes))
    case 13: return data + Places.dataBytes + UInt64(below(0x800))
    case 14: return 0x8000_0000_0000 + (next() >> 18)
    default:
      let offset = UInt64(0x40 + below(0x1F80 - bytes))
      return data + (once(in: 2) ? offset & ~15 : offset)
    }
  }

  /// An address in the pages that may be written, with room on both sides.
  mutating func roomyPlace() -> UInt64 { Places.data + 0x200 + (UInt64(below(0x1C00)) & ~(once(in: 4) ? 0 : 7)) }

  private mutating func crossing(_ boundary: UInt64, _ bytes: Int) -> UInt64 {
    boundary - UInt64(below(max(bytes - 1, 1)) + 1)
  }
}
