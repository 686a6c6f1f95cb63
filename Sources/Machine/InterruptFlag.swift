import Synchronization

/// The one atomic that Ctrl-C, a time limit and a debugger set, and that the board reads between runs of a processor.
public final class InterruptFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  /// Not set.
  public init() {}

  /// Whether a stop is asked for.
  public var isSet: Bool { flag.load(ordering: .relaxed) }

  /// Takes the request back.
  public func clear() { flag.store(false, ordering: .relaxed) }

  /// Asks for a stop; may be called on any thread and in a signal handler.
  public func set() { flag.store(true, ordering: .relaxed) }
}
