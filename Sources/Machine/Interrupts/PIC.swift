import MMU

/// One 8259A Programmable Interrupt Controller, as it is in PIIX3: edge or level by line (ELCR), 8086 mode.
package struct PIC: Sendable {
  /// Whose INT output is whose input.
  package enum Role: Sendable {
    /// The slave is at IR2.
    case master
    /// At the master's IR2.
    case slave
  }

  /// What a request for a vector found.
  package enum Acknowledgement: Equatable, Sendable {
    /// The request of this level.
    case level(Int)
    /// Nothing is requested any more: level 7, without its in-service bit.
    case spurious
  }

  /// The initialization command word that is expected next.
  private enum Expected: UInt8, Sendable { case operation, icw2, icw3, icw4 }

  private let role: Role
  /// Interrupt mask register.
  private(set) var mask: UInt8 = 0
  /// In-service register.
  private(set) var inService: UInt8 = 0
  /// Lines whose rise has been seen and not acknowledged.
  private var edges: UInt8 = 0
  private var lines: UInt8 = 0
  /// Edge/level control register.
  package var levelTriggered: UInt8 = 0

  /// A vector has been given since power-up. Before, it asserts nothing.
  private var isInitialized = false
  private var expected = Expected.operation
  private var isSingle = false
  private var needsICW4 = false
  private var vectorBase: UInt8 = 0
  private var isAutomaticEOI = false
  private var isSpecialFullyNested = false
  private var isSpecialMask = false
  private var rotatesOnAutomaticEOI = false
  private var readsInService = false
  private var isPolled = false
  /// The level of lowest priority; the next one has the highest.
  private var lowestPriority: UInt8 = 7
  /// What INT was last asserted for and not acknowledged.
  private var asserted: UInt8?

  package init(_ role: Role) { self.role = role }

  /// Interrupt request register. A request stands only while its line does: "the IR inputs must remain high until after
  /// the falling edge of the first INTA" (8259A data sheet, "Edge and level triggered modes").
  package var requests: UInt8 { lines & (edges | levelTriggered) }

  /// INT.
  package var output: Bool { request != nil }

  /// Sets a line's level.
  package mutating func setLine(_ level: Int, _ isHigh: Bool) {
    let bit: UInt8 = 1 << UInt8(level & 7)
    if isHigh {
      if lines & bit == 0 { edges |= bit }
      lines |= bit
    } else {
      lines &= ~bit
      edges &= ~bit
    }
    noteAssertion()
  }

  /// The level that is served next ("Priority resolver").
  private var request: Int? {
    let waiting = requests & ~mask
    guard waiting != 0, isInitialized else { return nil }
    let blocking = isSpecialMask ? inService & ~mask : inService
    for step in 1...UInt8(8) {
      let level = (lowestPriority &+ step) & 7
      let bit: UInt8 = 1 << level
      if blocking & bit != 0 {
        // "Special fully nested mode": the slave's further requests pass its own in-service bit.
        let passes = isSpecialFullyNested && role == .master && level == 2 && waiting & bit != 0
        return passes ? Int(level) : nil
      }
      if waiting & bit != 0 { return Int(level) }
    }
    return nil
  }

  private mutating func noteAssertion() {
    if let request { asserted = UInt8(request) }
  }

  /// The interrupt acknowledge sequence, up to the vector. When the request has gone since INT rose, the default level 7
  /// answers; but a master that raised INT for its slave has selected it, and the slave's default answers.
  package mutating func acknowledge() -> Acknowledgement {
    defer { noteAssertion() }
    let pending = request ?? (role == .master && !isSingle && asserted == 2 ? 2 : nil)
    asserted = nil
    guard let pending else { return .spurious }
    let bit: UInt8 = 1 << UInt8(pending)
    edges &= ~bit
    if !isAutomaticEOI {
      inService |= bit
    } else if rotatesOnAutomaticEOI {
      lowestPriority = UInt8(pending)
    }
    return .level(pending)
  }

  /// The vector of a level.
  package func vector(_ acknowledgement: Acknowledgement) -> UInt8 {
    switch acknowledgement {
    case .level(let level): vectorBase | UInt8(level & 7)
    case .spurious: vectorBase | 7
    }
  }

  // MARK: Ports

  /// Reads at A0 = 0 or 1. After a poll command the read acknowledges.
  package mutating func read(a0: Bool) -> UInt8 {
    if isPolled {
      isPolled = false
      guard output, case .level(let level) = acknowledge() else { return 0 }
      return 0x80 | UInt8(level)
    }
    if a0 { return mask }
    return readsInService ? inService : requests
  }

  /// Writes at A0 = 0 or 1.
  package mutating func write(a0: Bool, _ value: UInt8) {
    switch (a0, expected) {
    case (false, _) where value & 0x10 != 0: initialize(value)
    case (false, _) where value & 0x08 != 0: operationCommandWord3(value)
    case (false, _): operationCommandWord2(value)
    case (true, .operation): mask = value
    case (true, .icw2):
      vectorBase = value & 0xF8
      isInitialized = true
      expected = !isSingle ? .icw3 : needsICW4 ? .icw4 : .operation
    case (true, .icw3):
      // The wiring is fixed: IR2 and slave 2.
      expected = needsICW4 ? .icw4 : .operation
    case (true, .icw4):
      isAutomaticEOI = value & 0x02 != 0
      isSpecialFullyNested = value & 0x10 != 0
      expected = .operation
    }
    noteAssertion()
  }

  /// ICW1; its LTIM bit gives way to ELCR, as in PIIX3.
  private mutating func initialize(_ value: UInt8) {
    edges = 0
    mask = 0
    inService = 0
    lowestPriority = 7
    asserted = nil
    isSpecialMask = false
    readsInService = false
    isPolled = false
    isAutomaticEOI = false
    isSpecialFullyNested = false
    rotatesOnAutomaticEOI = false
    isSingle = value & 0x02 != 0
    needsICW4 = value & 0x01 != 0
    expected = .icw2
  }

  private mutating func operationCommandWord2(_ value: UInt8) {
    let level = value & 7
    switch value >> 5 {
    case 0b000: rotatesOnAutomaticEOI = false
    case 0b100: rotatesOnAutomaticEOI = true
    case 0b001: _ = endHighest()
    case 0b101: if let ended = endHighest() { lowestPriority = ended }
    case 0b011: inService &= ~(1 << level)
    case 0b111:
      inService &= ~(1 << level)
      lowestPriority = level
    case 0b110: lowestPriority = level
    default: break
    }
  }

  /// A non-specific EOI: the level in service that has the highest priority; masked ones do not count in special mask
  /// mode.
  private mutating func endHighest() -> UInt8? {
    let candidates = isSpecialMask ? inService & ~mask : inService
    for step in 1...UInt8(8) {
      let level = (lowestPriority &+ step) & 7
      guard candidates & 1 << level != 0 else { continue }
      inService &= ~(1 << level)
      return level
    }
    return nil
  }

  private mutating func operationCommandWord3(_ value: UInt8) {
    if value & 0x40 != 0 { isSpecialMask = value & 0x20 != 0 }
    if value & 0x04 != 0 { isPolled = true }
    if value & 0x02 != 0 { readsInService = value & 0x01 != 0 }
  }

  /// Adds all that a guest can see.
  package func hash(into hasher: inout StateHasher) {
    let bytes: [UInt8] = [
      mask, inService, edges, lines, levelTriggered, expected.rawValue, vectorBase, lowestPriority, asserted ?? 0xFF,
    ]
    for byte in bytes { hasher.add(UInt64(byte)) }
    let flags = [
      isSingle, needsICW4, isAutomaticEOI, isSpecialFullyNested, isSpecialMask, rotatesOnAutomaticEOI, readsInService,
      isPolled, isInitialized,
    ]
    for flag in flags { hasher.add(flag) }
  }
}
