import MMU

// What the screen shows, in pixels.

extension VGA {
  /// A color's number of the 256 in the palette, as it is shown.
  private func color(_ number: UInt8) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let place = Int(number & paletteMask) * 3
    // 6 bits a channel, unless the extensions ask for 8.
    func level(_ index: Int) -> UInt8 {
      hasWidePalette ? palette[place + index] : UInt8(UInt16(palette[place + index] & 63) * 255 / 63)
    }
    return (level(0), level(1), level(2))
  }

  /// The picture of a text mode, of a planar one, of mode 13h or of the linear frame buffer; nil for CGA's modes.
  func picture(_ memory: PhysicalMemory, frameBuffer: [UInt8], planes: [UInt8]) -> Picture? {
    if isLinear { return linear(frameBuffer) }
    if graphics[6] & 1 == 0 { return textPicture(memory, planes) }
    if sequencer[4] & 8 != 0 { return chained(memory) }
    return graphics[5] & 0x20 == 0 ? planar(planes) : nil
  }

  /// Four planes of a bit a pixel (modes 0Dh to 12h), or of every fourth pixel's byte (256 colors without chain 4).
  private func planar(_ planes: [UInt8]) -> Picture? {
    let hasBytes = attributes[0x10] & 0x40 != 0
    let characters = Int(controller[1]) + 1
    let repeated = (Int(controller[9] & 31) + 1) * (controller[9] & 0x80 != 0 ? 2 : 1)
    let height = displayLines / repeated
    guard height > 0 else { return nil }
    var picture = Picture(width: characters * (hasBytes ? 4 : 8), height: height)
    let start = Int(controller[0x0C]) << 8 | Int(controller[0x0D])
    for y in 0..<height {
      for x in 0..<picture.width {
        let place = start + y * Int(controller[0x13]) * 2 + x / (hasBytes ? 4 : 8)
        if hasBytes {
          picture[x, y] = color(Self.byte(planes, place, x & 3))
          continue
        }
        let number = (0..<4).reduce(UInt8(0)) {
          $0 | (Self.byte(planes, place, $1) << UInt8(x & 7) & 0x80) >> UInt8(7 - $1)
        }
        // Color Plane Enable.
        picture[x, y] = color(attributes[Int(number & attributes[0x12] & 15)] & 63)
      }
    }
    return picture
  }

  /// The frame buffer, 8, 15, 16, 24 or 32 bits a pixel (Bochs VBE).
  private func linear(_ bytes: [UInt8]) -> Picture? {
    let (width, height, depth) = (Int(extensions[1]), Int(extensions[2]), Int(extensions[3]))
    guard (1...2560).contains(width), (1...1600).contains(height), [8, 15, 16, 24, 32].contains(depth) else {
      return nil
    }
    var picture = Picture(width: width, height: height)
    let size = (depth + 7) / 8
    let line = max(Int(extensions[6]), width)
    for y in 0..<height {
      for x in 0..<width {
        let place = ((y + Int(extensions[9])) * line + x + Int(extensions[8])) * size
        var value: UInt32 = 0
        for index in 0..<size where bytes.indices.contains(place + index) {
          value |= UInt32(bytes[place + index]) << UInt32(8 * index)
        }
        picture[x, y] = pixel(value, depth)
      }
    }
    return picture
  }

  private func pixel(_ value: UInt32, _ depth: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    func channel(_ shift: UInt32, _ bits: UInt32) -> UInt8 {
      let most: UInt32 = (1 << bits) - 1
      return UInt8((value >> shift & most) * 255 / most)
    }
    switch depth {
    case 8: return color(UInt8(truncatingIfNeeded: value))
    case 15: return (channel(10, 5), channel(5, 5), channel(0, 5))
    case 16: return (channel(11, 5), channel(5, 6), channel(0, 5))
    default: return (channel(16, 8), channel(8, 8), channel(0, 8))
    }
  }

  /// Mode 13h: 320 by 200, a byte a pixel.
  private func chained(_ memory: PhysicalMemory) -> Picture {
    var picture = Picture(width: 320, height: 200)
    for y in 0..<200 {
      for x in 0..<320 {
        let address = PhysicalAddress(0xA_0000 + UInt64((y * 320 + x) & 0xFFFF))
        picture[x, y] = color(memory.read(address, as: UInt8.self))
      }
    }
    return picture
  }

  /// Characters as the font draws them that the VGA's firmware has loaded: 32 bytes each, in plane 2.
  private func textPicture(_ memory: PhysicalMemory, _ planes: [UInt8]) -> Picture {
    let grid = textGrid
    let lines = Int(controller[9] & 31) + 1
    let width = 8
    var picture = Picture(width: grid.columns * width, height: grid.rows * lines)
    for row in 0..<grid.rows {
      for column in 0..<grid.columns {
        let cell = 0xB_8000 + UInt64((grid.start + row * grid.columns + column) & 0x3FFF) * 2
        let code = memory.read(PhysicalAddress(cell), as: UInt8.self)
        let attribute = memory.read(PhysicalAddress(cell + 1), as: UInt8.self)
        // With blinking on, bit 7 is no color.
        let back = attribute >> 4 & (attributes[0x10] & 8 != 0 ? 7 : 15)
        let colors = (color(attributes[Int(attribute & 15)] & 63), color(attributes[Int(back)] & 63))
        for y in 0..<lines {
          let bits = Self.byte(planes, Int(code) * 32 + y, 2)
          for x in 0..<width {
            picture[column * width + x, row * lines + y] = bits << UInt8(x) & 0x80 != 0 ? colors.0 : colors.1
          }
        }
      }
    }
    return picture
  }
}
