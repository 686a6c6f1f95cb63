import Foundation
import Guests
import Machine
import Monitor

/// A session at a machine that has loaded a guest, and what was said.
final class Workbench {
  private final class Text: @unchecked Sendable { var text = "" }
  private let said = Text()
  private let sent = Text()
  /// What has come from the serial port, but in replays.
  var serial: String { sent.text }
  let session: Session
  let flag = InterruptFlag()

  init(
    _ guest: String, processors: Int = 1, quantum: UInt64 = BoardOptions.defaultQuantum, append: String? = nil,
    budget: Int = 256 << 20
  ) throws {
    var options = BoardOptions()
    options.memory = 32 << 20
    options.processors = processors
    options.quantum = quantum
    let image = try Guest.all().first { $0.name == guest }?.image ?? []
    let gate = SerialGate()
    let sent = sent
    let board = try Board(options, interruptFlag: flag) { byte in
      if !gate.isClosed { sent.text.unicodeScalars.append(Unicode.Scalar(byte)) }
      return false
    }
    let boot = BootImage.flat(image, commandLine: append)
    try boot.load(into: board)
    let said = said
    session = try Session(
      board, boot: boot, symbols: SymbolIndex(), limits: RunLimits(), isEndedByReset: false,
      host: SessionHost(
        flag: flag, mustEnd: { false }, write: { said.text += $0 }, flushSerial: {}, gate: gate,
        historyBudget: budget, openText: { _ in throw NoFile() }))
  }

  /// Carries a line out; what was said.
  @discardableResult
  func tell(_ line: String) -> String {
    said.text = ""
    session.carryOut(line)
    return said.text
  }

  /// The machine's hash where replays end.
  var hash: String { session.board.hash() }
}

/// Nothing is written in tests of one process.
private struct NoFile: Error {}

/// SplitMix64.
struct RandomNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
