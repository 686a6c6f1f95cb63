import Foundation

/// A run of the built program as a child process: its streams go to files, so nothing it prints can block it.
final class Child {
  /// Something that kept a child from being run.
  enum Failure: Error, CustomStringConvertible {
    case noProgram(String)
    case notStarted([String], String)
    case hung([String], seconds: Double)

    var description: String {
      switch self {
      case .noProgram(let path): "there is no program at \(path); SHOOTDOWN_BINARY names another"
      case .notStarted(let arguments, let why): "shootdown \(arguments.joined(separator: " ")) was not started: \(why)"
      case .hung(let arguments, let seconds):
        "shootdown \(arguments.joined(separator: " ")) still ran after \(seconds) s and was killed"
      }
    }
  }

  /// Where a stream of the child goes.
  enum Place {
    case captured
    case descriptor(Int32)
    case file(String)
    case closed
  }

  private let arguments: [String]
  private let identifier: pid_t
  private let output: Capture
  private let errors: Capture
  private var isReaped = false

  /// Starts the program.
  ///
  /// - Parameters:
  ///   - environment: added to ours, of which no `SHOOTDOWN_*` is handed on.
  ///   - output: where standard output goes.
  ///   - errors: where standard error goes.
  ///   - input: the file that standard input is.
  init(
    _ arguments: [String], environment: [String: String] = [:], output outputPlace: Place = .captured,
    errors errorsPlace: Place = .captured, input: String = "/dev/null"
  ) throws {
    self.arguments = arguments
    output = try Capture()
    errors = try Capture()
    let program = try Child.program()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
    for (stream, place, capture) in [
      (STDOUT_FILENO, outputPlace, output), (STDERR_FILENO, errorsPlace, errors),
    ] {
      switch place {
      case .captured: posix_spawn_file_actions_adddup2(&actions, capture.descriptor, stream)
      case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, stream)
      case .file(let path): posix_spawn_file_actions_addopen(&actions, stream, path, O_WRONLY, 0)
      case .closed: posix_spawn_file_actions_addclose(&actions, stream)
      }
    }

    // Whoever started the tests may have ignored or blocked signals; the child starts as from a shell.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGPIPE, SIGQUIT] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    let words = ([program] + arguments).map { strdup($0) }
    let variables = Child.environment(adding: environment).map { strdup($0) }
    defer { for text in words + variables { free(text) } }
    var identifier: pid_t = 0
    let result = posix_spawn(&identifier, program, &actions, &attributes, words + [nil], variables + [nil])
    guard result == 0 else { throw Failure.notStarted(arguments, String(cString: strerror(result))) }
    self.identifier = identifier
  }

  deinit {
    guard !isReaped else { return }
    kill(identifier, SIGKILL)
    var status: Int32 = 0
    waitpid(identifier, &status, 0)
  }

  /// What it has written to standard output so far.
  var outputSoFar: String { output.text }

  /// Sends it a signal.
  func send(_ signal: Int32) { kill(identifier, signal) }

  /// Waits for its end; a child that takes longer is killed, and that is an error.
  func wait(seconds: Double = 30) throws -> Ended {
    let deadline = Date(timeIntervalSinceNow: seconds)
    var status: Int32 = 0
    var usage = rusage()
    while wait4(identifier, &status, WNOHANG, &usage) == 0 {
      guard Date() < deadline else { throw Failure.hung(arguments, seconds: seconds) }
      usleep(1000)
    }
    isReaped = true
    let signal = status & 0x7F
    return Ended(
      arguments: arguments, ending: signal == 0 ? .status(status >> 8 & 0xFF) : .signal(signal), output: output.text,
      errors: errors.text, residentBytes: usage.ru_maxrss * 1024)
  }

  /// Where the program is: `SHOOTDOWN_BINARY`, or beside the test bundle's executable.
  static func program() throws -> String {
    if let path = ProcessInfo.processInfo.environment["SHOOTDOWN_BINARY"] {
      guard access(path, X_OK) == 0 else { throw Failure.noProgram(path) }
      return path
    }
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    let path = bundle.resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("shootdown").path
    guard access(path, X_OK) == 0 else { throw Failure.noProgram(path) }
    return path
  }

  private static func environment(adding more: [String: String]) -> [String] {
    var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SHOOTDOWN_") }
    variables["COLUMNS"] = "80"
    variables.merge(more) { $1 }
    return variables.map { "\($0.key)=\($0.value)" }
  }
}

/// How a child ended, and what it printed.
struct Ended: CustomStringConvertible {
  /// A status of its own, or a signal that killed it.
  enum Ending: Equatable {
    case status(Int32)
    case signal(Int32)
  }

  let arguments: [String]
  let ending: Ending
  /// Standard output.
  let output: String
  /// Standard error.
  let errors: String
  /// The most host memory it held; at least as much as the test process when that is larger.
  let residentBytes: Int

  /// The exit status; nil when a signal killed it.
  var status: Int32? {
    guard case .status(let status) = ending else { return nil }
    return status
  }

  /// Lines of standard error.
  var errorLines: [String] { errors.split(whereSeparator: \.isNewline).map(String.init) }

  /// The line that `--hash` prints.
  var hashLine: String? { errorLines.first { $0.hasPrefix("shootdown: hash ") } }

  var description: String {
    "'\(arguments.joined(separator: " "))' ended with \(ending), printed \(output.debugDescription) and, on standard "
      + "error, \(errors.debugDescription)"
  }
}

/// Runs the program to its end.
func shootdown(_ arguments: [String], environment: [String: String] = [:]) throws -> Ended {
  try Child(arguments, environment: environment).wait()
}

/// A file without a name that takes a stream.
private final class Capture {
  let descriptor: Int32

  init() throws {
    var path = Array(FileManager.default.temporaryDirectory.appendingPathComponent("shootdown-XXXXXX").path.utf8CString)
    descriptor = mkstemp(&path)
    guard descriptor >= 0 else { throw POSIXError(.EIO) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_APPEND)
    unlink(path)
  }

  deinit { close(descriptor) }

  var text: String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = pread(descriptor, &chunk, chunk.count, off_t(bytes.count))
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }
}
