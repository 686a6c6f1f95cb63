import Foundation

/// Where commands come from.
package protocol LineSource: AnyObject {
  /// Whether a person sees what is typed.
  var isInteractive: Bool { get }
  /// The next line, without its end; nil: there is none.
  func next(prompt: String) -> String?
}

/// Lines of standard input when it is no terminal: scripts.
package final class PlainLines: LineSource {
  package let isInteractive = false
  /// A line is cut off there.
  private static let limit = 1 << 16

  package init() {}

  package func next(prompt: String) -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while true {
      let count = read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR { return bytes.isEmpty ? "" : String(decoding: bytes, as: UTF8.self) }
      guard count == 1 else { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      if bytes.count < PlainLines.limit { bytes.append(byte) }
    }
  }
}
