import Foundation
import Monitor

/// What `--json` prints on standard output: one object a line (docs/JSON.md).
final class EventStream {
  /// The version of the objects; it grows when a member changes its meaning or goes.
  static let schema = 1

  private let output = TextOutput()
  private let encoder = JSONEncoder()

  init() { encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes] }

  /// Writes an event.
  func send(_ event: some Encodable) {
    // Every event is made of texts, integers and truth values: what is encoded cannot be refused.
    guard let bytes = try? encoder.encode(event) else { return }
    output.line(String(decoding: bytes, as: UTF8.self))
    output.flush()
  }
}

/// The events of a run.
enum Event {
  /// The first one.
  struct Start: Encodable {
    let event = "start"
    let schema = EventStream.schema
    let version = Build.version
    let commit = Build.commit
    let configuration: [String: Configuration.Value]
  }

  /// Text of a serial port: a line, or what there is of it when the run ends.
  struct Serial: Encodable {
    let event = "serial"
    let port: String
    let cycle: UInt64
    let text: String
    /// The bytes in hexadecimal, when they are no UTF-8.
    let bytes: String?
  }

  /// The guest reset the machine, and the run went on.
  struct Reset: Encodable {
    let event = "reset"
    let cycle: UInt64
  }

  /// How it ended.
  struct End: Encodable {
    let event = "end"
    let reason: String
    let detail: String?
    let status: Int32?
    let signal: Int32?
    let processors: [Processor]

    struct Processor: Encodable {
      let number: Int
      let rip: String
      let cycles: UInt64
      let instructions: UInt64
    }
  }

  /// `--hash`.
  struct Hash: Encodable {
    let event = "hash"
    let hash: String
  }
}

/// Serial text as events, a line each.
final class SerialEvents {
  private let events: EventStream
  private var line: [UInt8] = []
  private var cycle: UInt64 = 0

  init(_ events: EventStream) { self.events = events }

  /// Takes a byte and the cycle at which it was transmitted.
  func take(_ byte: UInt8, at cycle: UInt64) {
    if line.isEmpty { self.cycle = cycle }
    line.append(byte)
    if byte == UInt8(ascii: "\n") || line.count >= 4096 { flush() }
  }

  /// Sends what is left.
  func flush() {
    guard !line.isEmpty else { return }
    let isText = String(validating: line, as: UTF8.self) != nil
    let bytes = isText ? nil : line.map { Hexadecimal.text(UInt64($0), digits: 2) }.joined()
    events.send(
      Event.Serial(port: "COM1", cycle: cycle, text: String(decoding: line, as: UTF8.self), bytes: bytes))
    line.removeAll(keepingCapacity: true)
  }
}
