import Foundation

/// A folder for a test's files, removed with it.
final class Folder {
  private let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("shootdown-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The folder's own path.
  var path: String { url.path }

  /// The path of a file in it.
  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Writes a file; its path.
  func write(_ bytes: [UInt8], as name: String = "image") throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  /// A file of zeros that takes no room on the disk; its path.
  func writeHole(bytes: Int, as name: String = "hole") throws -> String {
    let path = try write([], as: name)
    guard truncate(path, bytes) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    return path
  }

  /// A file's bytes.
  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

  /// A file's text; empty when there is none.
  func text(_ name: String) -> String { (try? bytes(name)).map { String(decoding: $0, as: UTF8.self) } ?? "" }
}
