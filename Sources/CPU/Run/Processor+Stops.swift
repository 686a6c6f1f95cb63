import Layout

// Stops that the person at the machine asks for. They change nothing in the run: it goes on as if it had not stopped.

/// An instruction that has not begun: where it lies, and how many had retired.
struct ReportedStop: Equatable {
  let linear: UInt64
  let retired: UInt64
}

extension Processor {
  /// Has the run end at the next instruction boundary, behind what is under way; for observers.
  public func pause() {
    isAtStopAddress = true
    if state.pointee.exit == UInt32(ExitNone) { state.pointee.exit = UInt32(ExitStop) }
  }

  /// The instruction that is next begins without a stop before it: the person has seen it.
  public func passStop() {
    let sum = state.pointee.codeBase &+ state.pointee.rip
    let linear = state.is64Bit ? state.pointee.rip : sum & 0xFFFF_FFFF
    reportedStop = ReportedStop(linear: linear, retired: state.pointee.instructions)
    isAtStopAddress = false
  }

  /// Whether a run stops before an instruction: not twice before the same one.
  func reportsStop(_ linear: UInt64, retired: UInt64) -> Bool {
    let stop = ReportedStop(linear: linear, retired: retired)
    guard stop != reportedStop else { return false }
    reportedStop = stop
    return true
  }

  /// Forgets where runs have stopped: the processor is somewhere else.
  public func forgetStop() {
    reportedStop = nil
    isAtStopAddress = false
  }
}
