import Foundation

/// Lines for people on standard error. One that cannot be written is lost: there is nowhere else to say so.
enum StandardError {
  /// Writes `shootdown: text` as one line.
  static func line(_ text: String) {
    let flat = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    Descriptor.write(Array("shootdown: \(flat)\n".utf8), to: STDERR_FILENO)
  }
}

/// Whole writes to a file descriptor.
enum Descriptor {
  /// Writes all bytes, unless the descriptor refuses, or the host asks for an end while it blocks.
  @discardableResult
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR && !HostSignals.flag.isSet { continue }
      guard written > 0 else { return false }
      rest = rest.dropFirst(written)
    }
    return true
  }
}
