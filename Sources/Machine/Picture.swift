import CPU
import MMU

/// What a screen shows: lines of pixels from the top, three bytes each: red, green, blue.
public struct Picture: Equatable, Sendable {
  /// Pixels in a line.
  public let width: Int
  /// Lines.
  public let height: Int
  /// `width * height * 3` bytes.
  public private(set) var pixels: [UInt8]

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    pixels = [UInt8](repeating: 0, count: width * height * 3)
  }

  subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    get {
      let place = (y * width + x) * 3
      return (pixels[place], pixels[place + 1], pixels[place + 2])
    }
    set {
      guard x < width, y < height else { return }
      let place = (y * width + x) * 3
      (pixels[place], pixels[place + 1], pixels[place + 2]) = newValue
    }
  }

  /// A PNG file of it: 8 bits a sample, not compressed (Portable Network Graphics Specification, "File structure").
  public var png: [UInt8] {
    var lines: [UInt8] = []
    lines.reserveCapacity((width * 3 + 1) * height)
    for y in 0..<height { lines += [0] + pixels[y * width * 3..<(y + 1) * width * 3] }
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file += Self.chunk("IHDR", Self.big(UInt32(width)) + Self.big(UInt32(height)) + [8, 2, 0, 0, 0])
    file += Self.chunk("IDAT", Self.stored(lines))
    return file + Self.chunk("IEND", [])
  }

  private static func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

  private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return big(UInt32(data.count)) + body + big(checksum(body))
  }

  /// A zlib stream of stored blocks (RFC 1950; RFC 1951, "Non-compressed blocks").
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    for start in stride(from: 0, to: bytes.count, by: 0xFFFF) {
      let block = bytes[start..<min(start + 0xFFFF, bytes.count)]
      let count = UInt16(block.count)
      stream.append(block.endIndex == bytes.count ? 1 : 0)
      for word in [count, ~count] { stream += [UInt8(truncatingIfNeeded: word), UInt8(truncatingIfNeeded: word >> 8)] }
      stream += block
    }
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      low = (low + UInt32(byte)) % 65_521
      high = (high + low) % 65_521
    }
    return stream + big(high << 16 | low)
  }

  /// CRC-32 ("Cyclic Redundancy Code algorithm").
  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }

  private static let table: [UInt32] = (0..<256).map { number in
    (0..<8).reduce(UInt32(number)) { value, _ in value & 1 != 0 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
  }
}

extension Board {
  /// What the screen shows; nil when there is none, or when it shows a mode that is not built.
  public var picture: Picture? {
    chipset.devices.pc?.vga.picture(memory, frameBuffer: chipset.videoMemory.bytes, planes: chipset.planes)
  }
}
