import CPU

/// Sees a run while it goes on, and changes nothing in it.
public protocol RunObserver: AnyObject {
  /// The cycle from which a processor's instructions are to be seen one by one; nil: none are.
  var stepsFrom: UInt64? { get }
  /// A processor is about to take events that wait for it, and then to run one instruction.
  func willStep(_ processor: Processor)
  /// It has done so, or the instruction has not come to its end: the count of retired instructions tells.
  func didStep(_ processor: Processor)
  /// Whether the run is to end, with `RunEnd.observerStopped`; looked at when a processor's turn has ended.
  var endsRun: Bool { get }
  /// Called about every million cycles, for what a person wants to see of a long run.
  func runGoesOn(_ processors: [Processor])
}

extension RunObserver {
  /// It goes on.
  public var endsRun: Bool { false }
}

/// Told of messages between processors.
public protocol MessageObserver: AnyObject {
  /// A processor has sent a message to another: an interrupt, an NMI, INIT or SIPI.
  func messageSent(_ message: InterruptMessage, from sender: Int, to receiver: Int)
}

extension Board {
  /// Told of messages between processors; must outlive the machine's runs.
  public func observeMessages(_ observer: (any MessageObserver)?) { chipset.messageObserver = observer }

  /// Tells of each byte that is written to a port, which goes where it goes anyway.
  public func tap(port: UInt16, _ take: @escaping (UInt8) -> Void) { chipset.taps[port] = take }

  /// Has runs end, with `RunEnd.conditionMet`, before a processor executes the instruction at one of some addresses;
  /// once before each. Nothing else changes.
  public func stop(at stops: ExecutionStops) { processor.blocks.stop(at: stops) }
}
