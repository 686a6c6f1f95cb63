import MMU

// Memory as four planes behind latches ("IBM Personal System/2 Hardware Interface Technical Reference", "Video Subsystem"):
// what software sees from A0000h on in modes 0Dh to 12h, in 256 colors without chain 4, and while it loads a font. A byte of
// plane p at address a is byte 4a + p.

extension VGA {
  /// Bytes of the four planes.
  static let planesSize = 4 << 16

  /// Where planes are seen; nil while text modes, mode 13h or the linear frame buffer are.
  var planarWindow: Range<UInt64>? {
    // Not chain 4, and odd and even addresses in all planes.
    guard !isLinear, sequencer[4] & 0x0C == 4 else { return nil }
    switch graphics[6] >> 2 & 3 {
    case 0: return 0xA_0000..<0xC_0000
    case 1: return 0xA_0000..<0xB_0000
    case 2: return 0xB_0000..<0xB_8000
    default: return 0xB_8000..<0xC_0000
    }
  }

  /// A byte of a plane; zero until planes are first written.
  static func byte(_ planes: [UInt8], _ address: Int, _ plane: Int) -> UInt8 {
    let place = (address & 0xFFFF) << 2 | plane
    return planes.indices.contains(place) ? planes[place] : 0
  }

  /// Reads a byte: "Read mode 0" gives a plane's, "Read mode 1" where colors are those of Color Compare.
  mutating func readPlanes(_ address: Int, _ planes: [UInt8]) -> UInt8 {
    for plane in 0..<4 { latches[plane] = Self.byte(planes, address, plane) }
    guard graphics[5] & 8 != 0 else { return latches[Int(graphics[4] & 3)] }
    return (0..<4).reduce(0xFF as UInt8) { equal, plane in
      guard graphics[7] >> UInt8(plane) & 1 != 0 else { return equal }
      return equal & (graphics[2] >> UInt8(plane) & 1 != 0 ? latches[plane] : ~latches[plane])
    }
  }

  /// Writes a byte in one of the four write modes, to the planes of the map mask.
  func writePlanes(_ address: Int, _ value: UInt8, _ planes: inout [UInt8]) {
    if planes.isEmpty { planes = [UInt8](repeating: 0, count: Self.planesSize) }
    let mode = graphics[5] & 3
    let turn = graphics[3] & 7
    let rotated = value >> turn | (turn == 0 ? 0 : value << (8 - turn))
    let mask = mode == 3 ? graphics[8] & rotated : graphics[8]
    for plane in 0..<4 where sequencer[2] >> UInt8(plane) & 1 != 0 {
      func all(_ bits: UInt8) -> UInt8 { bits >> UInt8(plane) & 1 != 0 ? 0xFF : 0 }
      let latch = latches[plane]
      var data: UInt8
      switch mode {
      case 0: data = all(graphics[1]) != 0 ? all(graphics[0]) : rotated
      case 1: data = latch
      case 2: data = all(value)
      default: data = all(graphics[0])
      }
      if mode != 1 {
        switch graphics[3] >> 3 & 3 {
        case 1: data &= latch
        case 2: data |= latch
        case 3: data ^= latch
        default: break
        }
        data = data & mask | latch & ~mask
      }
      planes[(address & 0xFFFF) << 2 | plane] = data
    }
  }
}

/// The planes where software sees them.
final class PlanarWindow: MemoryMappedDevice {
  private unowned let chipset: Chipset

  init(_ chipset: Chipset) { self.chipset = chipset }

  /// Addresses count from where the window begins.
  private func place(_ address: PhysicalAddress, _ index: Int) -> Int {
    let start = chipset.devices.pc?.vga.planarWindow?.lowerBound ?? 0xA_0000
    return Int(truncatingIfNeeded: address.value &- start) &+ index
  }

  func read(_ address: PhysicalAddress, bytes: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<bytes {
      let (place, planes) = (place(address, index), chipset.planes)
      let byte = chipset.devices.pc?.vga.readPlanes(place, planes) ?? 0xFF
      value |= UInt64(byte) << UInt64(8 * index)
    }
    return value
  }

  func write(_ address: PhysicalAddress, _ value: UInt64, bytes: Int) {
    for index in 0..<bytes {
      let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      let place = place(address, index)
      chipset.devices.pc?.vga.writePlanes(place, byte, &chipset.planes)
    }
  }
}

extension Chipset {
  /// The VGA's registers have changed, or may have.
  func videoChanged() {
    let range = devices.pc?.vga.planarWindow
    if range != memory.windowRange { memory.setWindow(range, PlanarWindow(self)) }
  }
}
