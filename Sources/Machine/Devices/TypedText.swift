/// Text that is typed on the keyboard, and when: `cycle:N=>TEXT`, or `serial:REGEX=>TEXT`, once a line of COM1 matches.
///
/// A key that is no character stands in angle brackets, with Shift, Ctrl and Alt before it: `<Enter>`, `<F12>`,
/// `<Ctrl-C>`, `<Ctrl-Alt-Delete>`; `<lt>` is `<`.
public struct TypedText: Sendable {
  /// When typing begins.
  public enum Moment: Equatable, Sendable {
    /// At a cycle.
    case cycle(UInt64)
    /// When a line of COM1 so far matches a regular expression.
    case serial(String)
  }

  /// What is wrong with it.
  public struct Problem: Error, CustomStringConvertible, Sendable {
    /// One line.
    public let description: String
  }

  /// When typing begins.
  public let moment: Moment
  /// As it was written.
  public let text: String
  /// What the keyboard sends, one press or release at a time.
  let movements: [[UInt8]]

  /// Reads it.
  public init(_ text: String) throws(Problem) {
    self.text = text
    guard let arrow = text.firstRange(of: "=>") else {
      throw Problem(description: "'\(text)' is not cycle:N=>TEXT or serial:REGEX=>TEXT")
    }
    let when = text[..<arrow.lowerBound]
    if when.hasPrefix("cycle:") {
      guard let cycle = UInt64(when.dropFirst(6)) else { throw Problem(description: "'\(when)' names no cycle") }
      moment = .cycle(cycle)
    } else if when.hasPrefix("serial:") {
      let pattern = String(when.dropFirst(7))
      guard !pattern.isEmpty, (try? Regex(pattern)) != nil else {
        throw Problem(description: "'\(pattern)' is no regular expression")
      }
      moment = .serial(pattern)
    } else {
      throw Problem(description: "'\(when)' is not cycle:N or serial:REGEX")
    }
    movements = try Self.movements(text[arrow.upperBound...])
    guard !movements.isEmpty else { throw Problem(description: "'\(text)' types nothing") }
  }

  private static func movements(_ text: Substring) throws(Problem) -> [[UInt8]] {
    guard let table = KeyTable.keys else { throw Problem(description: "the table of keys is wrong") }
    var movements: [[UInt8]] = []
    var rest = text
    while let first = rest.first {
      var keys: [KeyTable.Key] = []
      if first == "<" {
        guard let end = rest.firstIndex(of: ">") else { throw Problem(description: "'\(rest.prefix(20))' lacks '>'") }
        let name = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        keys = try combination(name, table)
      } else {
        rest = rest.dropFirst()
        let code = first == "\r\n" ? 0x0A : first.asciiValue
        guard let code, let known = table.characters[code] else {
          throw Problem(description: "no key gives '\(first)'; the layout is US")
        }
        keys = (known.isShifted ? table.named["shift"].map { [$0] } ?? [] : []) + [known.key]
      }
      movements += keys.map(\.press) + keys.reversed().map(\.release)
    }
    return movements
  }

  /// Keys of a name as `Ctrl-Alt-Delete`.
  private static func combination(_ name: Substring, _ table: KeyTable) throws(Problem) -> [KeyTable.Key] {
    if name.lowercased() == "lt" {
      return [table.named["shift"], table.characters[0x3C]?.key].compactMap(\.self)
    }
    var keys: [KeyTable.Key] = []
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    for (number, part) in parts.enumerated() {
      guard let key = table.named[part.lowercased()] else {
        let names = table.named.values.map(\.name).filter { $0.count > 1 }.sorted().joined(separator: ", ")
        throw Problem(description: "there is no key '\(part)' in '<\(name)>'; there are characters and \(names)")
      }
      guard number == parts.count - 1 || ["Shift", "Ctrl", "Alt"].contains(key.name) else {
        throw Problem(description: "'<\(name)>': only Shift, Ctrl and Alt are held")
      }
      keys.append(key)
    }
    return keys
  }
}
