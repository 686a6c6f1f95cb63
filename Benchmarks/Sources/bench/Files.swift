import Foundation

/// An error a person can act upon.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Small questions to the file system.
enum Files {
  /// The absolute path of `name`: itself when it has a slash, otherwise the first of its name on the path.
  ///
  /// - Returns: nil when there is no such program.
  static func program(_ name: String) -> String? {
    let directories = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map(String.init) ?? []
    let candidates = name.contains("/") ? [name] : directories.map { "\($0)/\(name)" }
    let found = candidates.first { path in
      var isDirectory: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
        && FileManager.default.isExecutableFile(atPath: path)
    }
    return found.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
  }

  static func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// The text of a file, nothing when it cannot be read. A guest's output may be any bytes.
  static func text(_ url: URL) -> String {
    (try? Data(contentsOf: url)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  static func lines(_ url: URL) -> [String] {
    text(url).split(whereSeparator: \.isNewline).map(String.init)
  }

  /// Calls `body` with a new directory, which is gone afterwards.
  static func withScratch<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url)
  }
}
