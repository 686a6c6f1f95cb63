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
