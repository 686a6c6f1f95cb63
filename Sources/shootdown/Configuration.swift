import Machine
import Yams

/// What a run is made of, after flags, environment, machine file and defaults have been merged: each setting under its
/// name in a machine file.
struct Configuration {
  /// One setting's value.
  enum Value: Encodable, Equatable {
    /// A single one.
    case text(String)
    /// Several.
    case list([String])

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .list(let texts): try container.encode(texts)
      }
    }
  }

  /// The settings, in the order in which they are printed.
  private(set) var settings: [(name: String, value: Value)] = []

  /// The machine's settings: those of `options`.
  init(_ options: BoardOptions) {
    add("memory", MachineSettings.text(options.memory))
    add("cpus", "\(options.processors)")
    add("clock", "\(options.clock)")
    add("quantum", "\(options.quantum)")
    add("model", options.model)
    add("cpuid", options.cpuidMasks.map(\.description))
    add("tlb", options.policy.name)
    add("timing", options.timing)
    add("random-seed", "\(options.randomSeed)")
    add("ignore-msrs", options.ignoresUnknownRegisters ? "true" : nil)
    add("keys", options.typing.map(\.text))
  }

  /// Adds a setting that has a value.
  mutating func add(_ name: String, _ text: String?) {
    if let text { settings.append((name, .text(text))) }
  }

  /// Adds a list that is not empty.
  mutating func add(_ name: String, _ texts: [String]) {
    if !texts.isEmpty { settings.append((name, .list(texts))) }
  }

  /// The settings by name.
  var byName: [String: Value] { Dictionary(settings.map { ($0.name, $0.value) }) { $1 } }

  /// A machine file that makes the same machine again.
  func machineFile() throws -> String {
    func scalar(_ text: String) -> Node {
      let isPlain =
        text.first.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "/") } == true
        && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-=".contains($0)) }
      return .scalar(Node.Scalar(text, Tag(.str), isPlain ? .plain : .doubleQuoted))
    }
    let pairs = settings.map { name, value -> (Node, Node) in
      switch value {
      case .text(let text): (scalar(name), scalar(text))
      case .list(let texts): (scalar(name), Node(texts.map(scalar), Tag(.seq), .block))
      }
    }
    do {
      return try serialize(node: Node(pairs, Tag(.map), .block), width: -1, allowUnicode: true)
    } catch {
      throw Misuse("--print-config: a setting cannot be written as YAML: \(error)")
    }
  }
}
