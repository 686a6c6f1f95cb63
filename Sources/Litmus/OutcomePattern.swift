/// A pattern of outcomes: words, each with its alternatives, `old new/fault`; `*` is any word.
public struct OutcomePattern: Sendable, CustomStringConvertible {
  /// The alternatives at each place; none: any word.
  let places: [[String]]
  /// The text it was read from.
  public let description: String

  /// Reads one; nil when a place has an empty alternative.
  init?(_ text: String) {
    var places: [[String]] = []
    for word in text.split(separator: " ") {
      let words = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard words.allSatisfy({ !$0.isEmpty }) else { return nil }
      places.append(words == ["*"] ? [] : words)
    }
    guard !places.isEmpty else { return nil }
    self.places = places
    description = text
  }

  /// Whether an outcome, words between spaces, is one of those it stands for.
  public func matches(_ outcome: String) -> Bool {
    let words = outcome.split(separator: " ").map(String.init)
    return words.count == places.count
      && zip(places, words).allSatisfy { place, word in place.isEmpty || place.contains(word) }
  }

  /// Whether some outcome is one of both.
  public func overlaps(_ other: OutcomePattern) -> Bool {
    places.count == other.places.count
      && zip(places, other.places).allSatisfy { $0.isEmpty || $1.isEmpty || !Set($0).isDisjoint(with: $1) }
  }

  /// Whether every outcome that it stands for is one of another's.
  public func isPart(of other: OutcomePattern) -> Bool {
    places.count == other.places.count
      && zip(places, other.places).allSatisfy { $1.isEmpty || !$0.isEmpty && Set($0).isSubset(of: $1) }
  }
}
