/// What a processor does where the architecture lets it choose between keeping a mapping and dropping it, and between
/// making one and not (TLB rule C4). Nothing else may differ from one policy to another.
public enum RetentionPolicy: Equatable, Sendable {
  /// Keeps everything that no rule makes it drop, up to a number of entries; then the oldest goes, and is counted.
  case retain(budget: Int)
  /// `retain`, and reachable neighbours are filled at each walk, and just before a store takes an entry away.
  case speculate(seed: UInt64)
  /// The arrays of a real part.
  case part(TLBPart)
  /// Everything goes at VM entry and exit, MOV to CR3 and each INV* instruction.
  case flush
  /// `retain`, and entries go at random.
  case random(seed: UInt64)

  /// Entries that are kept at most unless told otherwise.
  public static let defaultBudget = 1 << 16

  /// The policies' names on the command line.
  public static let names = ["retain", "speculate:SEED"] + TLBPart.names + ["flush", "random:SEED"]

  /// The policy of a command line's text, or what is wrong with it.
  public static func named(_ text: String) -> Result<RetentionPolicy, PolicyError> {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts.first ?? ""
    switch name {
    case "speculate", "random":
      guard parts.count == 2 else {
        return .failure(PolicyError(text: text, problem: "'\(name)' takes a seed, as \(name):1"))
      }
      guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let seed = UInt64(parts[1]) else {
        return .failure(PolicyError(text: text, problem: "'\(parts[1])' is no seed: a number below 2^64"))
      }
      return .success(name == "random" ? .random(seed: seed) : .speculate(seed: seed))
    case "retain" where parts.count == 1: return .success(.retain(budget: defaultBudget))
    case "flush" where parts.count == 1: return .success(.flush)
    default: break
    }
    guard parts.count == 1 || !(["retain", "flush"] + TLBPart.names).contains(name) else {
      return .failure(PolicyError(text: text, problem: "'\(name)' takes no seed"))
    }
    do {
      if let part = try TLBPart.named(name) { return .success(.part(part)) }
    } catch {
      return .failure(PolicyError(text: text, problem: "\(error)"))
    }
    return .failure(PolicyError(text: text, problem: "there are \(names.joined(separator: ", "))"))
  }

  /// The command line's text for it; a budget of one's own has none.
  public var name: String {
    switch self {
    case .retain: "retain"
    case .speculate(let seed): "speculate:\(seed)"
    case .part(let part): part.name
    case .flush: "flush"
    case .random(let seed): "random:\(seed)"
    }
  }

  var budget: Int {
    guard case .retain(let budget) = self else { return RetentionPolicy.defaultBudget }
    return max(budget, 16)
  }

  var seed: UInt64 {
    switch self {
    case .speculate(let seed), .random(let seed): seed
    case .retain, .part, .flush: 0
    }
  }
}

/// A policy's text that means nothing.
public struct PolicyError: Error, CustomStringConvertible, Sendable {
  /// The text.
  public let text: String
  /// What is wrong with it.
  public let problem: String

  /// One line.
  public var description: String { "'\(text)' is no TLB policy: \(problem)" }
}
