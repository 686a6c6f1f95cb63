import MMU

/// Watches serial text for a match, line by line as it grows. What follows a cursor position of a terminal is a line too: a
/// program that paints a screen ends none.
public struct SerialWatch {
  private let regex: Regex<AnyRegexOutput>
  private var line: [UInt8] = []
  /// It has matched.
  public private(set) var isMet = false
  /// A line is looked at as far as this.
  private static let limit = 4096

  /// Watches for a regular expression.
  public init(_ regex: Regex<AnyRegexOutput>) { self.regex = regex }

  /// Takes a byte; whether the line so far matches.
  public mutating func take(_ byte: UInt8) -> Bool {
    if byte == UInt8(ascii: "\n") {
      line.removeAll(keepingCapacity: true)
      return false
    }
    guard line.count < SerialWatch.limit, byte != UInt8(ascii: "\r") else { return false }
    line.append(byte)
    if byte == UInt8(ascii: "H"), isCursorPosition {
      line.removeAll(keepingCapacity: true)
      return false
    }
    isMet = String(decoding: line, as: UTF8.self).firstMatch(of: regex) != nil
    return isMet
  }

  /// Whether the line ends in ESC [ row ; column H.
  private var isCursorPosition: Bool {
    guard let escape = line.lastIndex(of: 0x1B), escape + 1 < line.count, line[escape + 1] == UInt8(ascii: "[") else {
      return false
    }
    return line[(escape + 2)...].dropLast().allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ";") }
  }

  /// Adds the line so far.
  func hash(into hasher: inout StateHasher) { line.withUnsafeBytes { hasher.add($0) } }
}
