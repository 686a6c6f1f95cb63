/// A message between local APICs, or from an I/O APIC or a device to them (SDM Vol. 3, "Interrupt Command Register",
/// "Message Data Register Format").
public struct InterruptMessage: Equatable, Sendable {
  /// What the receiver does with it; the values are those of the registers' delivery-mode fields.
  public enum DeliveryMode: UInt8, Sendable {
    case fixed = 0
    case lowestPriority
    case systemManagement
    case reserved
    case nonMaskable
    case initialize
    case startUp
    case external
  }

  /// Who it is for.
  public enum Destination: Equatable, Sendable {
    /// The processor whose APIC ID this is; FFh in xAPIC mode and FFFFFFFFh in x2APIC mode are all processors.
    case physical(UInt32)
    /// Every processor whose logical destination register matches.
    case logical(UInt32)
    /// All processors, or all but the sender.
    case everybody, everybodyElse
    /// The sender.
    case sender
  }

  /// 16 to 255 for `fixed` and `lowestPriority`; the page for `startUp`.
  public var vector: UInt8
  /// What the receiver does with it.
  public var deliveryMode: DeliveryMode
  /// Who it is for.
  public var destination: Destination
  /// Whether the destination was written by an APIC in x2APIC mode, where it has 32 bits.
  public var isWide: Bool
  /// Level-triggered: the receiver notes it in the trigger-mode register, and tells the I/O APICs when it is done.
  public var isLevel: Bool

  /// A message; edge-triggered, with an 8-bit destination, if nothing else is said.
  public init(
    vector: UInt8, deliveryMode: DeliveryMode = .fixed, destination: Destination, isWide: Bool = false,
    isLevel: Bool = false
  ) {
    self.vector = vector
    self.deliveryMode = deliveryMode
    self.destination = destination
    self.isWide = isWide
    self.isLevel = isLevel
  }
}

/// What carries messages between processors and I/O APICs; the board implements it.
public protocol InterruptFabric: AnyObject {
  /// A processor sends a message.
  func send(_ message: InterruptMessage, from sender: Processor, at cycle: UInt64)
  /// A processor takes the interrupt that the 8259 pair asks for: the vector.
  func acknowledgeExternal(at cycle: UInt64) -> UInt8
  /// A processor has ended a level-triggered interrupt.
  func endOfInterrupt(_ vector: UInt8, at cycle: UInt64)
}
