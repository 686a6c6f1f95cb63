import Foundation
import Monitor

/// A file that text is written to, whole on every way out of a run.
final class TextOutput: TextSink {
  private let descriptor: Int32
  private let closes: Bool
  private var buffer: [UInt8] = []
  /// Something could not be written.
  private(set) var hasFailed = false

  /// - Parameters:
  ///   - path: a file; what it held goes.
  ///   - option: which option or command names it, for messages.
  init(_ path: String, option: String) throws {
    // A pipe that nobody reads would be waited for.
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0o666)
    guard descriptor >= 0 else { throw Misuse("\(option): \(path): \(String(cString: strerror(errno)))") }
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
    closes = true
  }

  /// Standard output.
  init() {
    descriptor = STDOUT_FILENO
    closes = false
  }

  deinit {
    flush()
    if closes { close(descriptor) }
  }

  /// Takes a line, without its end.
  func line(_ text: String) {
    buffer += text.utf8
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count >= 1 << 16 { flush() }
  }

  /// Takes bytes.
  func add(_ bytes: [UInt8]) { buffer += bytes }

  /// Writes what is left.
  func flush() {
    guard !buffer.isEmpty else { return }
    if !Descriptor.write(buffer, to: descriptor) { hasFailed = true }
    buffer.removeAll(keepingCapacity: true)
  }
}
