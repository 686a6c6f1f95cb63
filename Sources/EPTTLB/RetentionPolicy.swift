/// What a processor does where the architecture lets it choose between keeping a mapping and dropping it.
public enum RetentionPolicy: Equatable, Sendable {
  /// Keeps everything that no rule makes it drop, up to a number of entries; then the oldest goes, and is counted.
  case retain(budget: Int)

  /// Entries that `retain` keeps unless told otherwise.
  public static let defaultBudget = 1 << 16

  /// The policy of a command line's name, or why there is none.
  public static func named(_ name: String) -> Result<RetentionPolicy, UnknownPolicy> {
    name == "retain" ? .success(.retain(budget: defaultBudget)) : .failure(UnknownPolicy(name: name))
  }
}

/// A policy's name that means nothing, or nothing yet.
public struct UnknownPolicy: Error, CustomStringConvertible, Sendable {
  /// The name.
  public let name: String

  /// Policies of the design that are not built.
  static let planned = ["speculate", "sandybridge", "haswell", "skylake", "icelake", "flush", "random"]

  /// One line.
  public var description: String {
    let stem = name.split(separator: ":").first.map(String.init) ?? name
    return UnknownPolicy.planned.contains(stem)
      ? "TLB policy '\(name)' is not built yet; 'retain' is" : "unknown TLB policy '\(name)'; known: retain"
  }
}
