import Foundation

/// Where COM1's text goes: written a line or 4 KiB at a time, and whole on every way out.
final class SerialSink {
  private let descriptor: Int32?
  private let closes: Bool
  private var buffer: [UInt8] = []

  /// - Parameter place: `stdio`, `none` or a file's path.
  init(_ place: String) throws {
    switch place {
    case "stdio":
      descriptor = STDOUT_FILENO
      closes = false
    case "none":
      descriptor = nil
      closes = false
    case let path where path.hasPrefix("unix:"): throw Misuse("--serial: 'unix:' is not built yet")
    case let path:
      let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard file >= 0 else { throw Misuse("--serial: \(path): \(String(cString: strerror(errno)))") }
      descriptor = file
      closes = true
    }
  }

  deinit {
    flush()
    if closes, let descriptor { close(descriptor) }
  }

  /// Takes a byte.
  func take(_ byte: UInt8) {
    buffer.append(byte)
    if byte == UInt8(ascii: "\n") || buffer.count >= 4096 { flush() }
  }

  /// Writes what is left. A reader that has gone away is not an error of the run.
  func flush() {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard let descriptor else { return }
    var rest = buffer[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return }
      rest = rest.dropFirst(written)
    }
  }
}
