/// Hexadecimal numbers as people and programs write them.
package enum Hexadecimal {
  /// Digits, with zeros in front.
  package static func text(_ value: UInt64, digits: Int = 1) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// A number written as 1f000, 0x1f000 or 1f000h; nil when it is none of 64 bits.
  package static func number(_ text: String) -> UInt64? {
    var digits = text.lowercased()[...]
    if digits.hasPrefix("0x") {
      digits = digits.dropFirst(2)
    } else if digits.hasSuffix("h") {
      digits = digits.dropLast()
    }
    guard !digits.isEmpty, digits.allSatisfy(\.isHexDigit), digits.allSatisfy(\.isASCII) else { return nil }
    return UInt64(digits, radix: 16)
  }
}

/// A number as the monitor writes it: 0x1f000.
func hex(_ value: UInt64, digits: Int = 1) -> String { "0x" + Hexadecimal.text(value, digits: digits) }
