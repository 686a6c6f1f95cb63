import Foundation

/// Reads image files; whatever is wrong with one is said in a line.
enum ImageFile {
  /// A regular file's bytes, which are at most `limit`; a larger file is not read.
  static func read(_ path: String, limit: UInt64) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw Misuse("\(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var information = stat()
    guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      throw Misuse("\(path): not a regular file")
    }
    let size = Int(information.st_size)
    guard size <= limit else { throw Misuse("\(path): \(size) bytes; \(limit) is the most") }
    var problem: String?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = Foundation.read(file, buffer.baseAddress.map { $0 + count }, size - count)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { problem = String(cString: strerror(errno)) }
        guard got > 0 else { return }
        count += got
      }
    }
    if let problem { throw Misuse("\(path): \(problem)") }
    return bytes
  }
}
