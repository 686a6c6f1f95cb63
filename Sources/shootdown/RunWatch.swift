import CPU
import Foundation
import Machine

/// What watches a run: the trace, and the progress line.
final class RunWatch: RunObserver {
  private let trace: Trace?
  private let progress: Progress?
  private let oracle: RunOracle?

  init(trace: Trace?, progress: Progress?, oracle: RunOracle?) {
    self.oracle = oracle
    self.trace = trace
    self.progress = progress
  }

  var stepsFrom: UInt64? { trace?.stepsFrom }
  var endsRun: Bool { oracle?.endsRun == true }
  func willStep(_ processor: Processor) { trace?.willStep(processor) }
  func didStep(_ processor: Processor) { trace?.didStep(processor) }
  func runGoesOn(_ processors: [Processor]) { progress?.show(processors) }
}

/// How far a long run has come: one line on a terminal, written over about every second.
final class Progress {
  private var last = Progress.now
  private var lastInstructions: UInt64 = 0
  private var isShown = false
  private var line: [UInt8] = []
  private var lastLine = ""

  /// Nil where nobody looks: standard error is no terminal.
  init?() {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Takes serial text, of which the last whole line is shown.
  func take(_ byte: UInt8) {
    if byte == UInt8(ascii: "\n") {
      lastLine = String(decoding: line, as: UTF8.self)
      line.removeAll(keepingCapacity: true)
    } else if line.count < 256 {
      // A terminal must not obey a guest.
      line.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: " ") : byte)
    }
  }

  /// Shows it, if a second has passed.
  func show(_ processors: [Processor]) {
    let now = Progress.now
    guard now - last >= 1 else { return }
    let instructions = processors.reduce(0) { $0 &+ $1.state.pointee.instructions }
    let cycles = processors.map(\.state.pointee.cycles).max() ?? 0
    let rate = Double(instructions &- lastInstructions) / (now - last) / 1e6
    (last, lastInstructions) = (now, instructions)
    let text = "\(cycles) cycles, \(String(format: "%.1f", rate)) M instructions/s"
    // C1 controls are no text either.
    let serial = String(
      lastLine.unicodeScalars.filter { !(0x7F...0x9F).contains($0.value) }.prefix(60).map(Character.init))
    write("\r\u{1B}[K\(text)\(serial.isEmpty ? "" : ": " + serial)")
    isShown = true
  }

  /// Takes the line away, before anything else is written.
  func clear() {
    if isShown { write("\r\u{1B}[K") }
    isShown = false
  }

  private func write(_ text: String) { Descriptor.write(Array(text.utf8), to: STDERR_FILENO) }
}
