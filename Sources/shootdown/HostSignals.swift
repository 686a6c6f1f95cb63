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
    for number in [SIGINT, SIGTERM, SIGHUP, SIGALRM] { signal(number, noteSignal) }
    guard let timeout else { return }
    var timer = itimerval()
    timer.it_value.tv_sec = Int(timeout)
    timer.it_value.tv_usec = Int((timeout - timeout.rounded(.down)) * 1_000_000)
    setitimer(__itimer_which_t(0), &timer, nil)
  }

  /// Ends the process as the signal would have.
  static func raiseAgain(_ number: Int32) -> Never {
    signal(number, SIG_DFL)
    raise(number)
    exit(128 + number)
  }

  static func note(_ number: Int32) {
    received.store(number, ordering: .relaxed)
    flag.set()
  }
}

/// A C callback is a top-level function.
private func noteSignal(_ number: Int32) { HostSignals.note(number) }
