import Foundation

/// Where COM1's text goes: written a line or 4 KiB at a time, and whole on every way out.
final class SerialSink: @unchecked Sendable {
  private let descriptor: Int32?
  private let closes: Bool
  private var buffer: [UInt8] = []

  /// - Parameters:
  ///   - place: `stdio`, `none` or a file's path.
  ///   - origin: where that was set, for messages.
  init(_ place: String, from origin: String) throws {
    switch place {
    case "stdio":
      descriptor = STDOUT_FILENO
      closes = false
    case "none":
      descriptor = nil
      closes = false
    case let path where path.hasPrefix("unix:"): throw Misuse("\(origin): 'unix:' is not built yet")
    case let path:
      let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard file >= 0 else { throw Misuse("\(origin): \(path): \(String(cString: strerror(errno)))") }
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
    Descriptor.write(buffer, to: descriptor)
  }
}
