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
    using_history()
    stifle_history(1000)
  }

  deinit { current = nil }

  package func next(prompt: String) -> String? {
    (taken, isTaken) = (nil, false)
    rl_callback_handler_install(prompt, takeLine)
    while !isTaken {
      var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      // A signal that comes just before is seen then.
      let ready = poll(&descriptor, 1, 200)
      if session.host.flag.isSet {
        abandon()
        guard !session.host.mustEnd() else { return nil }
        session.host.flag.clear()
        session.forgetRepetition()
        return ""
      }
      if ready > 0 { rl_callback_read_char() }
    }
    guard let line = taken else { return nil }
    if !line.allSatisfy(\.isWhitespace) { add_history(line) }
    return line
  }

  /// Gives up what is being typed.
  private func abandon() {
    rl_free_line_state()
    rl_callback_sigcleanup()
    rl_replace_line("", 0)
    rl_crlf()
    rl_callback_handler_remove()
  }
}

// Readline has one caller in a process, and calls back without a context: this is it.
nonisolated(unsafe) private var current: Session?
nonisolated(unsafe) private var candidates: [String] = []
nonisolated(unsafe) private var taken: String?
nonisolated(unsafe) private var isTaken = false

/// A line is complete, or there will be none.
private func takeLine(_ line: UnsafeMutablePointer<CChar>?) {
  rl_callback_handler_remove()
  taken = line.map { String(cString: $0) }
  isTaken = true
  free(line)
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
