import Foundation

/// A bochsrc file: its lines that have a meaning here, as settings of a machine file; the others are named.
///
/// | line | setting |
/// |---|---|
/// | `cpu: model=, count=, ips=, quantum=, msrs=, ignore_bad_msrs=` | `model`, `cpus`, `clock`, `quantum`, `msr`, `ignore-msrs` |
/// | `memory: guest=`, `megs:` | `memory` |
/// | `romimage: file=`, `vgaromimage: file=` | `bios`, `vgabios` |
/// | `ata0-master: type=, path=` and its like | `disk`, `cdrom` |
/// | `boot:` | `boot` |
/// | `com1: enabled=, mode=file, dev=` | `serial` |
/// | `log: FILE` | `debug-port` 402h, where firmware's log goes |
/// | `msrs: file=` | `msr` |
struct Bochsrc {
  /// The file's name, for messages.
  let path: String
  /// Values by setting.
  private(set) var values: [String: [String]] = [:]
  /// What has no meaning here, with its line.
  private(set) var ignored: [String] = []
  private var drives: [String: (kind: String, path: String)] = [:]

  /// A file larger than this is no bochsrc.
  private static let limit: UInt64 = 1 << 20
  private static let places = ["ata0-master", "ata0-slave", "ata1-master", "ata1-slave"]

  /// An option of a line: `name=value`, or a value alone.
  private struct Option {
    let name: String
    let value: String
  }

  /// Reads a file.
  init(_ path: String) throws {
    self.path = path
    let text = String(decoding: try ImageFile.read(path, limit: Bochsrc.limit), as: UTF8.self)
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = line.trimmingCharacters(in: .whitespaces)
      if line.hasPrefix("#include") {
        ignored.append("#include (line \(index + 1))")
        continue
      }
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      guard let colon = line.firstIndex(of: ":") else {
        throw Misuse("\(path): line \(index + 1): no 'name: options'")
      }
      try take(String(line[..<colon]), try options(line[line.index(after: colon)...], index + 1), index + 1)
    }
    let disks = Bochsrc.places.compactMap { place in drives[place].flatMap { $0.kind == "disk" ? $0.path : nil } }
    let compactDiscs = Bochsrc.places.compactMap { place in
      drives[place].flatMap { $0.kind == "cdrom" ? $0.path : nil }
    }
    guard compactDiscs.count < 2 else { throw Misuse("\(path): one CD-ROM is possible") }
    if !disks.isEmpty { values["disk"] = disks }
    if !compactDiscs.isEmpty { values["cdrom"] = compactDiscs }
  }

  /// Options between commas; a value may be quoted, and `$NAME` stands for the environment's.
  private func options(_ text: Substring, _ line: Int) throws -> [Option] {
    var parts: [String] = [""]
    var isQuoted = false
    for character in text {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: parts.append("")
      default: parts[parts.count - 1].append(character)
      }
    }
    guard !isQuoted else { throw Misuse("\(path): line \(line): a quoted value does not end on its line") }
    return parts.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.map { part in
      guard let equals = part.firstIndex(of: "=") else { return Option(name: "", value: Bochsrc.expanded(part)) }
      let name = part[..<equals].trimmingCharacters(in: .whitespaces)
      let value = part[part.index(after: equals)...].trimmingCharacters(in: .whitespaces)
      return Option(name: name, value: Bochsrc.expanded(value))
    }
  }

  /// `$BXSHARE` is where Debian's packages put it, unless the environment says otherwise.
  private static func expanded(_ text: String) -> String {
    guard let dollar = text.firstIndex(of: "$") else { return text }
    let rest = text[text.index(after: dollar)...]
    let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    guard !name.isEmpty else { return text }
    let known = ProcessInfo.processInfo.environment[String(name)] ?? (name == "BXSHARE" ? "/usr/share/bochs" : nil)
    guard let known else { return text }
    return text[..<dollar] + known + expanded(String(rest.dropFirst(name.count)))
  }

  private mutating func ignore(_ what: String, _ line: Int) { ignored.append("\(what) (line \(line))") }

  private mutating func take(_ name: String, _ options: [Option], _ line: Int) throws {
    switch name {
    case "cpu": try takeProcessor(options, line)
    case "memory":
      for option in options {
        if option.name == "guest" { try setMemory(option.value, line) } else { ignore("memory: \(option.name)", line) }
      }
    case "megs": try setMemory(options.first?.value ?? "", line)
    case "romimage", "vgaromimage":
      for option in options {
        if option.name == "file" {
          values[name == "romimage" ? "bios" : "vgabios"] = [option.value]
        } else {
          ignore("\(name): \(option.name)", line)
        }
      }
    case "msrs": if let file = options.first { values["msr"] = [file.value] }
    case "ata0", "ata1":
      for option in options where option.name == "enabled" && option.value == "0" {
        for place in ["master", "slave"] { drives["\(name)-\(place)"] = nil }
      }
    case _ where Bochsrc.places.contains(name): try takeDrive(name, options, line)
    case "boot": takeOrder(options, line)
    case "com1": takeSerial(options, line)
    case "log":
      if let file = options.first?.value, !["-", "/dev/stdout", "/dev/stderr"].contains(file) {
        values["debug-port"] = ["402h:\(file)"]
      } else {
        ignore("log", line)
      }
    default: ignore(name, line)
    }
  }

  private mutating func setMemory(_ text: String, _ line: Int) throws {
    guard let megabytes = UInt64(text) else {
      throw Misuse("\(path): line \(line): '\(text)' is no number of megabytes")
    }
    values["memory"] = ["\(megabytes)M"]
  }

  private mutating func takeProcessor(_ options: [Option], _ line: Int) throws {
    for option in options {
      switch option.name {
      // What is no part has no model here.
      case "model" where option.value == "bx_generic": ignore("cpu: model=bx_generic", line)
      case "model": values["model"] = [option.value]
      case "count":
        let factors = option.value.split(separator: ":").map { Int($0) ?? 0 }
        guard !factors.isEmpty, factors.allSatisfy({ (1...64).contains($0) }) else {
          throw Misuse("\(path): line \(line): cpu: count=\(option.value) is no number of processors")
        }
        values["cpus"] = ["\(factors.reduce(1, *))"]
      case "ips": values["clock"] = [option.value]
      case "quantum": values["quantum"] = [option.value]
      case "msrs": values["msr"] = [option.value]
      case "ignore_bad_msrs": values["ignore-msrs"] = [option.value == "1" ? "true" : "false"]
      default: ignore("cpu: \(option.name)", line)
      }
    }
  }

  private mutating func takeDrive(_ place: String, _ options: [Option], _ line: Int) throws {
    var kind = "disk"
    var file = ""
    for option in options {
      switch option.name {
      case "type": kind = option.value
      case "path": file = option.value
      case "mode":
        guard ["flat", "volatile", "undoable"].contains(option.value) else {
          throw Misuse("\(path): line \(line): \(place): mode=\(option.value); images are raw (flat) here")
        }
      case "status": if option.value == "ejected" { kind = "none" }
      // Geometry follows from the size.
      case "cylinders", "heads", "spt": break
      default: ignore("\(place): \(option.name)", line)
      }
    }
    guard kind != "none" else { return drives[place] = nil }
    guard ["disk", "cdrom"].contains(kind), !file.isEmpty else {
      throw Misuse("\(path): line \(line): \(place): type=disk or type=cdrom and path=FILE are wanted")
    }
    drives[place] = (kind, file)
  }

  private mutating func takeOrder(_ options: [Option], _ line: Int) {
    let names = ["disk": "disk", "c": "disk", "cdrom": "cdrom"]
    let order = options.compactMap { names[$0.value] }
    for option in options where names[option.value] == nil { ignore("boot: \(option.value)", line) }
    if !order.isEmpty { values["boot"] = [order.joined(separator: ",")] }
  }

  private mutating func takeSerial(_ options: [Option], _ line: Int) {
    let byName = Dictionary(options.map { ($0.name, $0.value) }) { $1 }
    if byName["enabled"] == "0" || byName["mode"] == "null" {
      values["serial"] = ["none"]
    } else if byName["mode"] == "file", let device = byName["dev"] {
      values["serial"] = [device]
    } else {
      ignore("com1: mode=\(byName["mode"] ?? "")", line)
    }
  }
}
