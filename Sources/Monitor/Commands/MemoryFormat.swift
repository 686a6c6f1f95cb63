/// How memory and values are shown: gdb's letters.
struct MemoryFormat {
  /// How many.
  var count: Int
  /// x, z, d, u, o, t, c, s, i, a, f.
  var letter: Character
  /// Bytes of each.
  var bytes: Int

  /// Shown at most.
  static let maximumCount = 4096

  /// - Parameters:
  ///   - text: as `4gx`: a count, and letters of format and size in any order.
  ///   - letter: the format if the text has none.
  init(_ text: Substring, letter: Character = "x", bytes: Int = 8) throws(Complaint) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    var count: Int?
    if !digits.isEmpty {
      count = Int(digits)
      guard let count, (1...MemoryFormat.maximumCount).contains(count) else {
        throw Complaint("/\(digits) is not 1 to \(MemoryFormat.maximumCount)")
      }
    }
    self.count = count ?? 1
    self.letter = letter
    self.bytes = bytes
    for character in text[digits.endIndex...] {
      switch character {
      case "b": self.bytes = 1
      case "h": self.bytes = 2
      case "w": self.bytes = 4
      case "g": self.bytes = 8
      case "x", "z", "d", "u", "o", "t", "c", "s", "i", "a", "f": self.letter = character
      default: throw Complaint("'\(character)' is no format: x z d u o t c s i a f, nor a size: b h w g")
      }
    }
    if self.letter == "c", bytes == 8, !text.contains("g") { self.bytes = 1 }
  }

  /// A value of so many bytes.
  func text(_ value: UInt64) -> String {
    let bits = UInt64(bytes * 8)
    switch letter {
    case "d":
      let shift = 64 - bits
      return String(Int64(bitPattern: value << shift) >> shift)
    case "u": return String(value)
    case "f" where bytes == 8: return "\(Double(bitPattern: value))"
    case "f" where bytes == 4: return "\(Float(bitPattern: UInt32(truncatingIfNeeded: value)))"
    case "o": return "0" + String(value, radix: 8)
    case "t":
      return String(repeating: "0", count: max(0, Int(bits) - String(value, radix: 2).count)) + String(value, radix: 2)
    case "c":
      let byte = UInt8(truncatingIfNeeded: value)
      return "\(byte) '\((0x20..<0x7F).contains(byte) ? String(Character(Unicode.Scalar(byte))) : ".")'"
    default: return hex(value, digits: bytes * 2)
    }
  }
}
