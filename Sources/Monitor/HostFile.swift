import Foundation

/// Files of the host that a command names.
enum HostFile {
  /// Bytes a file may have.
  private static let limit = 1 << 30

  /// A file's bytes.
  static func bytes(_ path: String) throws(Complaint) -> [UInt8] {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Complaint("\(path): \(String(cString: strerror(errno)))") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Complaint("\(path): not a file") }
    guard status.st_size <= limit else { throw Complaint("\(path): too large") }
    guard let data = FileManager.default.contents(atPath: path) else { throw Complaint("\(path): cannot be read") }
    return Array(data)
  }

  /// Writes a file anew. What would make us wait, a pipe that nobody reads, is refused.
  static func write(_ bytes: [UInt8], to path: String) throws(Complaint) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0o666)
    guard file >= 0 else { throw Complaint("\(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Complaint("\(path): \(String(cString: strerror(errno)))") }
      rest = rest.dropFirst(count)
    }
  }

  /// A file's text.
  static func text(_ path: String) throws(Complaint) -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }
}
