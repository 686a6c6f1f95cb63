import Foundation

/// A child that has ended, and the processor time it took.
struct ChildProcess {
  enum End: Equatable {
    case exited(Int32)
    case signalled(Int32)
    case timedOut

    var description: String {
      switch self {
      case .exited(let status): "exit status \(status)"
      case .signalled(let signal): "killed by signal \(signal)"
      case .timedOut: "stopped by the time limit"
      }
    }
  }

  let end: End
  /// User and system time of the child, all its threads included.
  let cpuSeconds: Double
  /// The most memory that the child had, in bytes.
  let peakBytes: Double

  /// Runs `program` in `directory`, with nothing on its standard input, and waits for its end.
  ///
  /// Its standard output and standard error go to the files `stdout` and `stderr` of the directory. Foundation's
  /// `Process` would reap the child itself, and its times with it.
  ///
  /// - Parameters:
  ///   - program: an absolute path.
  ///   - seconds: after so long by the clock on the wall the child is killed.
  /// - Throws: `BenchError` when the program cannot be started.
  static func run(_ program: String, _ arguments: [String], in directory: URL, limit seconds: Double) throws -> Self {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "stdout", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "stderr", O_WRONLY | O_CREAT | O_TRUNC, 0o644)

    // The child inherits our directory: glibc's action for it is not to be had from Swift, and this program has one
    // thread.
    let here = FileManager.default.currentDirectoryPath
    guard FileManager.default.changeCurrentDirectoryPath(directory.path) else {
      throw BenchError("cannot enter \(directory.path)")
    }
    defer { _ = FileManager.default.changeCurrentDirectoryPath(here) }
    let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
    var pid: pid_t = 0
    let error = withCStrings([program] + arguments) { argv in
      withCStrings(environment) { envp in
        posix_spawn(&pid, program, &actions, nil, argv, envp)
      }
    }
    guard error == 0 else {
      throw BenchError("cannot start \(program): \(String(cString: strerror(error)))")
    }
    return try wait(for: pid, program, limit: seconds)
  }

  private static func wait(for pid: pid_t, _ program: String, limit seconds: Double) throws -> Self {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: .seconds(seconds))
    var isKilled = false
    while true {
      var status: Int32 = 0
      var usage = rusage()
      let waited = wait4(pid, &status, isKilled ? 0 : WNOHANG, &usage)
      if waited == pid {
        let signal = status & 0x7F
        let end: End = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
        return Self(
          end: isKilled ? .timedOut : end, cpuSeconds: usage.ru_utime.seconds + usage.ru_stime.seconds,
          peakBytes: Double(usage.ru_maxrss) * 1024)
      }
      guard waited == 0 || errno == EINTR else {
        throw BenchError("lost \(program): \(String(cString: strerror(errno)))")
      }
      if !isKilled, clock.now >= deadline {
        kill(pid, SIGKILL)
        isKilled = true
      } else {
        usleep(5_000)
      }
    }
  }
}

/// Calls `body` with the strings as C wants them: an array of pointers that ends with nil.
private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let pointers = strings.map { strdup($0) }
  defer {
    for pointer in pointers {
      free(pointer)
    }
  }
  return body(pointers + [nil])
}

extension timeval {
  fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}
