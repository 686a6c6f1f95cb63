import Foundation
import Machine
import Synchronization

/// Signals and the time limit: each sets the one flag that the board reads; which one it was is remembered.
enum HostSignals {
  static let flag = InterruptFlag()
  private static let received = Atomic<Int32>(0)

  /// The signal that asked for an end; 0: none. SIGALRM is the time limit.
  static var last: Int32 { received.load(ordering: .relaxed) }

  /// Installs handlers, and the time limit in seconds of host time.
  static func install(timeout: Double?) {
    _ = flag.isSet
    _ = last
    for number in [SIGINT, SIGTERM, SIGHUP, SIGALRM] {
      var old = sigaction()
      sigaction(number, nil, &old)
      // What the parent had ignored (nohup) stays ignored.
      if number != SIGALRM, unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) == 1 { continue }
      // No restart: a write that blocks must let go.
      var action = sigaction()
      action.__sigaction_handler.sa_handler = noteSignal
      sigaction(number, &action, nil)
    }
    guard let timeout else { return }
    var timer = itimerval()
    timer.it_value.tv_sec = Int(timeout)
    timer.it_value.tv_usec = Int((timeout - timeout.rounded(.down)) * 1_000_000)
    // Nothing at all would be no limit.
    if timer.it_value.tv_sec == 0 { timer.it_value.tv_usec = max(timer.it_value.tv_usec, 1) }
    setitimer(__itimer_which_t(0), &timer, nil)
  }

  /// Ends the process as the signal would have.
  static func raiseAgain(_ number: Int32) -> Never {
    signal(number, SIG_DFL)
    raise(number)
    exit(128 + number)
  }

  /// Whether a signal other than Ctrl-C's asked for an end.
  static var mustEnd: Bool { last != 0 && last != SIGINT }

  static func note(_ number: Int32) {
    received.store(number, ordering: .relaxed)
    flag.set()
  }
}

/// A C callback is a top-level function.
private func noteSignal(_ number: Int32) { HostSignals.note(number) }
