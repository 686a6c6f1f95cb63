/// The aim of a run: `--until`.
enum Condition {
  /// The expression matches in a line of serial text.
  case serial(Regex<AnyRegexOutput>)
  /// The clock has reached a cycle.
  case cycle(UInt64)
  /// The machine switches itself off.
  case exit
  /// Every processor halts and nothing can wake one.
  case haltedForEver
  /// A processor is about to execute the instruction at a symbol.
  case symbol(String)

  init(_ text: String) throws {
    if text == "exit" {
      self = .exit
    } else if text == "hlt-all" {
      self = .haltedForEver
    } else if text.hasPrefix("cycle:") {
      guard let cycle = UInt64(text.dropFirst(6)) else { throw Misuse("--until: '\(text)' names no cycle") }
      self = .cycle(cycle)
    } else if text.hasPrefix("serial:") {
      let pattern = String(text.dropFirst(7))
      guard !pattern.isEmpty, let regex = try? Regex(pattern) else {
        throw Misuse("--until: '\(pattern)' is no regular expression")
      }
      self = .serial(regex)
    } else if text.hasPrefix("symbol:") {
      self = .symbol(String(text.dropFirst(7)))
    } else {
      throw Misuse("--until: '\(text)' is not serial:REGEX, cycle:N, symbol:NAME, exit or hlt-all")
    }
  }
}

/// Watches serial text for a match, line by line as it grows. What follows a cursor position of a terminal is a line too: a
/// program that paints a screen ends none.
struct SerialWatch {
  private let regex: Regex<AnyRegexOutput>
  private var line: [UInt8] = []
  /// It has matched.
  private(set) var isMet = false
  /// A line is looked at as far as this.
  private static let limit = 4096

  init(_ regex: Regex<AnyRegexOutput>) { self.regex = regex }

  /// Takes a byte; whether the line so far matches.
  mutating func take(_ byte: UInt8) -> Bool {
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
}
