import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Does jobs side by side, on as many threads as the host has processors. Machines share nothing that changes.
public enum Workers {
  /// Does every job; results in the jobs' order.
  public static func run<Result: Sendable>(
    _ count: Int, threads: Int? = nil, _ job: @escaping @Sendable (Int) -> Result
  ) -> [Result] {
    let results = Results<Result>()
    let work = Work(count: count) { index in
      let result = job(index)
      results.values.withLock { $0[index] = result }
    }
    let wanted = min(max(threads ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), max(count, 1))
    var started: [pthread_t] = []
    // The caller is one of them.
    for _ in 1..<max(wanted, 1) {
      var thread = pthread_t()
      let reference = Unmanaged.passRetained(work)
      if pthread_create(&thread, nil, runWorker, reference.toOpaque()) == 0 {
        started.append(thread)
      } else {
        reference.release()
      }
    }
    work.run()
    for thread in started { pthread_join(thread, nil) }
    return results.values.withLock { values in (0..<count).compactMap { values[$0] } }
  }
}

/// Results by their jobs.
private final class Results<Result: Sendable>: Sendable {
  let values = Mutex<[Int: Result]>([:])
}

/// Jobs that threads take one after the other.
private final class Work: Sendable {
  private let next = Atomic<Int>(0)
  private let count: Int
  private let job: @Sendable (Int) -> Void

  init(count: Int, _ job: @escaping @Sendable (Int) -> Void) {
    self.count = count
    self.job = job
  }

  func run() {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      job(index)
    }
  }
}

/// A thread's first function.
private func runWorker(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
  return nil
}
