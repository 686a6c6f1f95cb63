import CPU

/// How a run ended.
public enum RunEnd: Equatable, Sendable {
  /// A stop that `RunLimits.stopsAt` or a device asked for: the condition was met.
  case conditionMet
  /// The guest wrote to port F4h: ((code << 1) | 1) & FFh.
  case guestExit(UInt8)
  /// The guest switched the machine off.
  case poweredOff
  /// The guest reset the machine: `Board.reset`, and what boots it, go on.
  case reset
  /// Every processor halts and nothing can wake one.
  case haltedForEver
  /// A processor entered the shutdown state.
  case shutdown
  /// `RunLimits.cycles` was reached.
  case cycleLimit
  /// `RunLimits.instructions` was reached.
  case instructionLimit
  /// The host asked for an end (`Board.interrupt`).
  case interrupted
  /// A `RunObserver` wanted the run to end.
  case observerStopped
  /// Something that is not built.
  case refused(Refusal)
}

/// How far a run may go.
public struct RunLimits: Sendable {
  /// Clock of the processor at which the condition `cycle:N` is met.
  public var untilCycle: UInt64?
  /// Clock at which the run is cut off.
  public var cycles: UInt64?
  /// Retired instructions at which the run is cut off.
  public var instructions: UInt64?

  /// No limit.
  public init() {}
}
