/// An exception or interrupt (SDM Vol. 3, "Interrupt and Exception Handling").
public struct DeliveredEvent: Equatable, Sendable {
  /// What it comes from.
  public enum Origin: String, Sendable {
    /// The processor found it: a fault, trap or abort.
    case exception
    /// INT n, INT3, INTO or INT1.
    case software
    /// INTR or NMI.
    case external
  }

  /// Its vector.
  public let vector: UInt8
  /// The error code, of exceptions that have one.
  public let error: UInt32?
  /// What it comes from.
  public let origin: Origin
  /// The instruction pointer that a return goes back to.
  public let rip: UInt64
  /// The handler's instruction pointer; nil: the delivery itself faulted, and another event follows.
  public let handler: UInt64?
}

/// Sees what happens to a processor, and changes nothing.
public protocol ProcessorObserver: AnyObject {
  /// An event was delivered, or its delivery faulted.
  func delivered(_ event: DeliveredEvent, to processor: Processor)
  /// MOV to a control register, or LMSW, has written a value.
  func wroteControlRegister(_ number: Int, _ value: UInt64, of processor: Processor)
  /// IN, OUT, INS or OUTS has accessed a port.
  func accessedPort(_ port: UInt16, bytes: UInt64, by processor: Processor)
  /// RDMSR or WRMSR is about to access a register; it may fault yet.
  func accessedModelSpecific(_ index: UInt32, isWrite: Bool, by processor: Processor)
}

extension ProcessorObserver {
  /// Nobody wants to know.
  public func accessedPort(_ port: UInt16, bytes: UInt64, by processor: Processor) {}
  /// Nobody wants to know.
  public func accessedModelSpecific(_ index: UInt32, isWrite: Bool, by processor: Processor) {}
}
