import Foundation
import Yams

/// A machine file: settings in YAML, a mapping of an option's name (without dashes) to its value.
///
///     memory: 64M
///     kernel: image.bin
///     tlb: retain
struct MachineFile {
  /// Option names that a file may set.
  static let known = [
    "memory", "cpus", "clock", "quantum", "model", "cpuid", "tlb", "timing", "random-seed", "kernel", "serial",
  ]
  /// A file larger than this is no machine file; a parser is not asked.
  private static let limit: UInt64 = 64 << 10

  /// Values by option name.
  let values: [String: String]
  /// The file's name, for messages.
  let path: String

  /// Reads a file. It is a flat mapping, so what could nest deeply is refused before it is parsed.
  init(_ path: String) throws {
    let bytes = try ImageFile.read(path, limit: MachineFile.limit)
    let flat = Misuse("\(path): a machine file is a flat mapping of options to values")
    let opening = Set("[{?&*".utf8)
    guard !bytes.contains(where: opening.contains) else { throw flat }
    let text = String(decoding: bytes, as: UTF8.self)
    guard !text.split(whereSeparator: \.isNewline).contains(where: { $0.hasPrefix(" ") || $0.hasPrefix("-") }) else {
      throw flat
    }
    let node: Node?
    do {
      node = try compose(yaml: text)
    } catch {
      throw Misuse("\(path): not YAML: \(error)")
    }
    guard let mapping = node?.mapping else { throw flat }
    var values: [String: String] = [:]
    for (key, value) in mapping {
      guard let name = key.scalar?.string, let setting = value.scalar?.string else { throw flat }
      guard MachineFile.known.contains(name) else { throw Misuse("\(path): there is no setting '\(name)'") }
      values[name] = setting
    }
    self.values = values
    self.path = path
  }
}
