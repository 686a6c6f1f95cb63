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
    rl_completion_word_break_hook = breakCharacters
    using_history()
    stifle_history(ReadlineLines.limit)
    if let historyFile { read_history(historyFile) }
  }

  deinit {
    current = nil
    keepHistory()
  }

  /// Lines that are kept, here and in the file.
  private static let limit: Int32 = 1000
  /// Lines of this session.
  private var count: Int32 = 0
  /// Where lines are kept between sessions: the file that `SHOOTDOWN_HISTORY` names, or `.shootdown_history` at home;
  /// nil: nowhere.
  private let historyFile: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["SHOOTDOWN_HISTORY"] { return path.isEmpty ? nil : path }
    return environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.shootdown_history" }
  }()

  /// Adds this session's lines to the file. One that cannot be written is no reason to trouble anybody.
  private func keepHistory() {
    guard count > 0, let historyFile else { return }
    let file = open(historyFile, O_CREAT | O_WRONLY, 0o600)
    guard file >= 0 else { return }
    close(file)
    append_history(min(count, ReadlineLines.limit), historyFile)
    history_truncate_file(historyFile, ReadlineLines.limit)
  }

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
    if !line.allSatisfy(\.isWhitespace) {
      add_history(line)
      count = min(count + 1, ReadlineLines.limit)
    }
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

/// A file's name is one word.
nonisolated(unsafe) private let fileBreaks = strdup(" \t\n\"'")

/// What ends a word where the cursor is; nil: the usual characters.
private func breakCharacters() -> UnsafeMutablePointer<CChar>? {
  guard let current, let buffer = rl_line_buffer else { return nil }
  let line = String(decoding: String(cString: buffer).utf8.prefix(Int(max(0, rl_point))), as: UTF8.self)
  return current.takesFile(behind: line) ? fileBreaks : nil
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
