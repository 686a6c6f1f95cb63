import Foundation

/// Where COM1's text goes: written a line or 4 KiB at a time, and whole on every way out.
final class SerialSink: @unchecked Sendable {
  private let descriptor: Int32?
  private let closes: Bool
  private var buffer: [UInt8] = []

  /// It goes to a terminal.
  let isTerminal: Bool

  /// Refuses a place that is not built; makes nothing.
  static func check(_ place: String, from origin: String) throws {
    if place.hasPrefix("unix:") { throw Misuse("\(origin): 'unix:' is not built yet") }
  }

  /// - Parameters:
  ///   - place: `stdio`, `none` or a file's path.
  ///   - origin: where that was set, for messages.
  init(_ place: String, from origin: String) throws {
    try SerialSink.check(place, from: origin)
    switch place {
    case "stdio":
      descriptor = STDOUT_FILENO
      closes = false
    case "none":
      descriptor = nil
      closes = false
    case let path:
      let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard file >= 0 else { throw Misuse("\(origin): \(path): \(String(cString: strerror(errno)))") }
      descriptor = file
      closes = true
    }
    isTerminal = descriptor.map { isatty($0) == 1 } ?? false
  }

  deinit {
    flush()
    if closes, let descriptor { close(descriptor) }
  }

  /// Whether what goes to standard output stands in the middle of a line.
  private var isInLine = false

  /// Begins a new line, for somebody else who writes to standard output too.
  func endLine() {
    flush()
    guard isInLine, descriptor == STDOUT_FILENO else { return }
    isInLine = false
    Descriptor.write([UInt8(ascii: "\n")], to: STDOUT_FILENO)
  }

  /// Takes a byte.
  func take(_ byte: UInt8) {
    buffer.append(byte)
    isInLine = byte != UInt8(ascii: "\n")
    if byte == UInt8(ascii: "\n") || buffer.count >= 4096 { flush() }
  }

  /// Writes what is left. A reader that has gone away is not an error of the run.
  func flush() {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard let descriptor else { return }
    Descriptor.write(buffer, to: descriptor)
  }
}
