/// An interrupt message on its way to local APICs (SDM Vol. 3, "Interrupt Command Register (ICR)").
package struct InterruptMessage: Equatable, Sendable {
  /// What the receiver does with it, with the manual's encoding.
  package enum DeliveryMode: UInt8, Sendable {
    case fixed = 0
    case lowestPriority = 1
    case smi = 2
    case nmi = 4
    case `init` = 5
    case startUp = 6
    case extINT = 7
  }

  /// The vector; a start-up message's page number.
  package var vector: UInt8
  /// What the receiver does with it.
  package var deliveryMode: DeliveryMode
  /// The destination is a logical one.
  package var isLogical: Bool
  /// APIC ID or message destination address.
  package var destination: UInt32
  /// Level-triggered.
  package var isLevel: Bool
  /// The level is asserted; only an INIT level de-assert message clears this.
  package var isAsserted: Bool

  /// A message; by default an edge-triggered one of fixed mode to a physical destination.
  package init(
    vector: UInt8, deliveryMode: DeliveryMode = .fixed, isLogical: Bool = false, destination: UInt32 = 0,
    isLevel: Bool = false, isAsserted: Bool = true
  ) {
    self.vector = vector
    self.deliveryMode = deliveryMode
    self.isLogical = isLogical
    self.destination = destination
    self.isLevel = isLevel
    self.isAsserted = isAsserted
  }
}
