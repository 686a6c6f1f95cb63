@preconcurrency import CReadline
import Foundation

/// Lines that a person types, edited by Readline: history, completion of what the command there takes.
package final class ReadlineLines: LineSource {
  package let isInteractive = true
  private let session: Session

  package init(_ session: Session) {
    self.session = session
    current = session
    rl_readline_name = UnsafePointer(strdup("shootdown"))
    rl_attempted_completion_function = attemptCompletion
    rl_basic_word_break_characters = UnsafePointer(strdup(" \t\n()[]+-*/%&|^<>=!~,"))
    rl_signal_event_hook = noteSignal
    using_history()
    stifle_history(1000)
  }

  deinit { current = nil }

  package func next(prompt: String) -> String? {
    guard let line = readline(prompt) else { return nil }
    defer { free(line) }
    if session.host.flag.isSet, !session.host.mustEnd() {
      session.host.flag.clear()
      session.forgetRepetition()
      return ""
    }
    let text = String(cString: line)
    if !text.allSatisfy(\.isWhitespace) { add_history(line) }
    return text
  }
}

// Readline has one caller in a process, and calls back without a context: this is it.
nonisolated(unsafe) private var current: Session?
nonisolated(unsafe) private var candidates: [String] = []

/// Ctrl-C while a line is typed gives the line up.
private func noteSignal() -> Int32 {
  guard current?.host.flag.isSet == true else { return 0 }
  rl_replace_line("", 0)
  rl_crlf()
  rl_done = 1
  return 0
}

private func attemptCompletion(
  _ text: UnsafePointer<CChar>?, _ start: Int32, _ end: Int32
) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
  guard let text, let current, let buffer = rl_line_buffer else { return nil }
  let line = String(cString: buffer)
  let before = String(decoding: line.utf8.prefix(Int(max(0, start))), as: UTF8.self)
  guard let found = current.completions(of: String(cString: text), behind: before) else { return nil }
  candidates = found
  rl_attempted_completion_over = 1
  return rl_completion_matches(text, nextCandidate)
}

private func nextCandidate(_ text: UnsafePointer<CChar>?, _ state: Int32) -> UnsafeMutablePointer<CChar>? {
  guard !candidates.isEmpty else { return nil }
  return strdup(candidates.removeFirst())
}
