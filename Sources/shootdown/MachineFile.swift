import Foundation
import Yams

/// A machine file: settings in YAML (docs/MACHINE-FILE.md).
///
///     memory: 64M
///     kernel: image.elf
///     module:
///       - initrd.img quiet
///       - "two: parts"
///     tlb: retain
///
/// Whatever could nest or refer to something else is refused before a parser sees it: `MachineFileText` lets pass only a
/// flat mapping whose values are scalars or lists of scalars.
struct MachineFile {
  /// Settings that a file may have; those of `lists` may be lists.
  static let known =
    [
      "memory", "cpus", "clock", "quantum", "model", "cpuid", "tlb", "timing", "random-seed", "kernel", "module",
      "append", "bios", "disk", "cdrom", "writable", "vgabios", "boot", "msr", "ignore-msrs", "keys",
    ]
    + ["guest", "serial", "post-port", "debug-port", "no-reboot"]
  /// Settings that may have several values.
  static let lists: Set = ["cpuid", "module", "disk", "keys"]
  /// A file larger than this is no machine file; a parser is not asked.
  private static let limit: UInt64 = 64 << 10

  /// Values by setting.
  let values: [String: [String]]
  /// The file's name, for messages.
  let path: String

  /// Reads a file.
  init(_ path: String) throws {
    let text = String(decoding: try ImageFile.read(path, limit: MachineFile.limit), as: UTF8.self)
    if let problem = MachineFileText.problem(of: text) {
      throw Misuse(
        "\(path): line \(problem.line): \(problem.text); a machine file is a mapping of settings to values or lists of them"
      )
    }
    let node: Node?
    do {
      node = try compose(yaml: text)
    } catch {
      throw Misuse("\(path): not YAML: \(error)")
    }
    guard let mapping = node?.mapping else {
      throw Misuse("\(path): a machine file is a mapping of settings to values or lists of them")
    }
    var values: [String: [String]] = [:]
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      guard MachineFile.known.contains(name) else { throw Misuse("\(path): there is no setting '\(name)'") }
      guard values[name] == nil else { throw Misuse("\(path): \(name) is set twice") }
      if let scalar = value.scalar {
        values[name] = [scalar.string]
        continue
      }
      guard MachineFile.lists.contains(name) else { throw Misuse("\(path): \(name) takes one value, not a list") }
      let items = value.sequence.map { $0.compactMap(\.scalar?.string) } ?? []
      guard !items.isEmpty, items.count == value.sequence?.count else {
        throw Misuse("\(path): \(name) is no list of values")
      }
      values[name] = items
    }
    self.values = values
    self.path = path
  }
}
