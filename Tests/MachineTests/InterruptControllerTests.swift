import CPU
import MMU
import Machine
import Testing

/// 8259A data sheet, as far as PCs use it.
@Suite struct PICTests {
  /// Vectors 20h and 28h, nothing masked, as a PC's firmware initializes them.
  private func pair(icw4: UInt8 = 0x01) -> PICPair {
    var pair = PICPair()
    for (port, value) in [
      (0x20, 0x11), (0x21, 0x20), (0x21, 0x04), (0x21, icw4), (0xA0, 0x11), (0xA1, 0x28), (0xA1, 0x02), (0xA1, icw4),
    ] as [(UInt16, UInt8)] {
      pair.write(port, value, at: 0)
    }
    return pair
  }

  private func inService(_ pair: inout PICPair) -> [UInt8] {
    pair.write(0x20, 0x0B, at: 0)
    pair.write(0xA0, 0x0B, at: 0)
    return [pair.read(0x20, at: 0), pair.read(0xA0, at: 0)]
  }

  @Test func linesAreServedByPriority() {
    var pic = pair()
    for irq in [7, 3, 14, 8, 0, 1] { pic.setLine(irq, true) }
    var vectors: [UInt8] = []
    while pic.output {
      let vector = pic.acknowledge()
      vectors.append(vector)
      if vector >= 0x28 { pic.write(0xA0, 0x20, at: 0) }
      pic.write(0x20, 0x20, at: 0)
    }
    #expect(vectors == [0x20, 0x21, 0x28, 0x2E, 0x23, 0x27])
    #expect(inService(&pic) == [0, 0])
  }

  @Test func lowerLinesWaitForTheEndOfHigherOnes() {
    var pic = pair()
    pic.setLine(4, true)
    #expect(pic.acknowledge() == 0x24)
    pic.setLine(5, true)
    #expect(!pic.output)
    pic.setLine(1, true)
    #expect(pic.output)
    #expect(pic.acknowledge() == 0x21)
    #expect(inService(&pic) == [0x12, 0])
    pic.write(0x20, 0x20, at: 0)
    #expect(inService(&pic) == [0x10, 0])
    #expect(!pic.output)
    pic.write(0x20, 0x64, at: 0)
    #expect(pic.acknowledge() == 0x25)
  }

  @Test func anEdgeCountsOnce() {
    var pic = pair()
    pic.setLine(3, true)
    _ = pic.acknowledge()
    pic.write(0x20, 0x20, at: 0)
    #expect(!pic.output)
    pic.setLine(3, true)
    #expect(!pic.output)
    pic.setLine(3, false)
    pic.setLine(3, true)
    #expect(pic.output)
  }

  @Test func aLevelCountsAsLongAsItStands() {
    var pic = pair()
    pic.write(0x4D1, 0xFF, at: 0)
    pic.write(0x4D0, 0xFF, at: 0)
    #expect(pic.read(0x4D0, at: 0) == 0xF8)
    #expect(pic.read(0x4D1, at: 0) == 0xDE)
    pic.setLine(11, true)
    for _ in 0..<3 {
      #expect(pic.acknowledge() == 0x2B)
      #expect(!pic.output)
      pic.write(0xA0, 0x20, at: 0)
      pic.write(0x20, 0x20, at: 0)
      #expect(pic.output)
    }
    pic.setLine(11, false)
    #expect(!pic.output)
  }

  @Test("a line that drops before the acknowledge gives IRQ 7 of the master, which is not in service")
  func spurious7() {
    var pic = pair()
    pic.setLine(3, true)
    #expect(pic.output)
    pic.setLine(3, false)
    #expect(!pic.output)
    #expect(pic.acknowledge() == 0x27)
    #expect(inService(&pic) == [0, 0])
    pic.setLine(7, true)
    #expect(pic.acknowledge() == 0x27)
    #expect(inService(&pic) == [0x80, 0])
  }

  @Test("one of the slave's gives IRQ 15, with the master's IR2 in service and nothing in the slave")
  func spurious15() {
    var pic = pair()
    pic.setLine(14, true)
    pic.setLine(14, false)
    #expect(!pic.output)
    #expect(pic.acknowledge() == 0x2F)
    #expect(inService(&pic) == [0x04, 0])
    pic.write(0x20, 0x20, at: 0)
    pic.setLine(15, true)
    #expect(pic.acknowledge() == 0x2F)
    #expect(inService(&pic) == [0x04, 0x80])
  }

  @Test func maskingBetweenRequestAndAcknowledgeIsSpurious() {
    var pic = pair()
    pic.setLine(5, true)
    pic.write(0x21, 0x20, at: 0)
    #expect(!pic.output)
    #expect(pic.acknowledge() == 0x27)
    #expect(inService(&pic) == [0, 0])
    pic.write(0x21, 0, at: 0)
    #expect(pic.acknowledge() == 0x25)
  }

  @Test func aSecondRequestOfTheSlaveRaisesTheCascadeAgain() {
    var pic = pair()
    pic.setLine(12, true)
    #expect(pic.acknowledge() == 0x2C)
    pic.write(0x20, 0x20, at: 0)
    pic.setLine(9, true)
    #expect(pic.output)
    #expect(pic.acknowledge() == 0x29)
    #expect(inService(&pic) == [0x04, 0x12])
  }

  @Test func automaticEndOfInterruptAndRotation() {
    var pic = pair(icw4: 0x03)
    pic.setLine(4, true)
    pic.setLine(6, true)
    #expect(pic.acknowledge() == 0x24)
    #expect(inService(&pic) == [0, 0])
    #expect(pic.acknowledge() == 0x26)
    pic.write(0x20, 0x80, at: 0)
    pic.setLine(0, true)
    #expect(pic.acknowledge() == 0x20)
    // IR0 now has the lowest priority.
    pic.setLine(0, false)
    pic.setLine(0, true)
    pic.setLine(7, true)
    #expect(pic.acknowledge() == 0x27)
    #expect(pic.acknowledge() == 0x20)
  }

  @Test func rotationOnEndAndSetPriority() {
    var pic = pair()
    pic.write(0x20, 0xC3, at: 0)
    pic.setLine(0, true)
    pic.setLine(5, true)
    #expect(pic.acknowledge() == 0x25)
    pic.write(0x20, 0xA0, at: 0)
    // IR5 is lowest, IR6 highest.
    pic.setLine(6, true)
    pic.setLine(1, true)
    #expect(pic.acknowledge() == 0x26)
    pic.write(0x20, 0xE6, at: 0)
    #expect(pic.acknowledge() == 0x20)
    #expect(inService(&pic) == [0x01, 0])
  }

  @Test func specialMaskModeLetsLowerLevelsThrough() {
    var pic = pair()
    pic.setLine(3, true)
    _ = pic.acknowledge()
    pic.setLine(6, true)
    #expect(!pic.output)
    pic.write(0x20, 0x68, at: 0)
    pic.write(0x21, 0x08, at: 0)
    #expect(pic.output)
    #expect(pic.acknowledge() == 0x26)
    // A non-specific EOI does not end the masked level.
    pic.write(0x20, 0x20, at: 0)
    #expect(inService(&pic) == [0x08, 0])
    pic.write(0x20, 0x20, at: 0)
    #expect(inService(&pic) == [0x08, 0])
    pic.write(0x20, 0x63, at: 0)
    #expect(inService(&pic) == [0, 0])
  }

  @Test func specialFullyNestedModeLetsTheSlaveInterruptItself() {
    for isSpecial in [false, true] {
      var pic = pair(icw4: isSpecial ? 0x11 : 0x01)
      pic.setLine(12, true)
      _ = pic.acknowledge()
      pic.setLine(9, true)
      #expect(pic.output == isSpecial)
    }
  }

  @Test func pollingAcknowledges() {
    var pic = pair()
    pic.write(0x20, 0x0C, at: 0)
    #expect(pic.read(0x20, at: 0) == 0)
    pic.setLine(6, true)
    pic.write(0x20, 0x0C, at: 0)
    #expect(pic.read(0x20, at: 0) == 0x86)
    #expect(inService(&pic) == [0x40, 0])
    #expect(!pic.output)
  }

  @Test func nothingIsAssertedBeforeInitialization() {
    var pic = PICPair()
    for irq in 0..<16 { pic.setLine(irq, true) }
    #expect(!pic.output)
  }

  @Test func initializationForgetsEdges() {
    var pic = pair()
    pic.setLine(1, true)
    pic.write(0x21, 0xFF, at: 0)
    pic.write(0x20, 0x11, at: 0)
    for value: UInt8 in [0x30, 0x04, 0x01] { pic.write(0x21, value, at: 0) }
    #expect(pic.read(0x21, at: 0) == 0)
    #expect(!pic.output)
    pic.setLine(1, false)
    pic.setLine(1, true)
    #expect(pic.acknowledge() == 0x31)
  }
}

/// 82093AA data sheet.
@Suite struct IOAPICTests {
  private func route(_ apic: inout IOAPIC, _ pin: Int, low: UInt32, high: UInt32 = 0) -> [InterruptMessage] {
    apic.write(offset: 0, value: UInt32(0x11 + 2 * pin)) + apic.write(offset: 0x10, value: high)
      + apic.write(offset: 0, value: UInt32(0x10 + 2 * pin)) + apic.write(offset: 0x10, value: low)
  }

  private func low(_ apic: inout IOAPIC, _ pin: Int) -> UInt32 {
    _ = apic.write(offset: 0, value: UInt32(0x10 + 2 * pin))
    return apic.read(offset: 0x10)
  }

  @Test func identification() {
    var apic = IOAPIC()
    _ = apic.write(offset: 0, value: 1)
    #expect(apic.read(offset: 0x10) == 0x0017_0020)
    _ = apic.write(offset: 0x10, value: .max)
    #expect(apic.read(offset: 0x10) == 0x0017_0020)
    _ = apic.write(offset: 0, value: 0)
    _ = apic.write(offset: 0x10, value: .max)
    #expect(apic.read(offset: 0x10) == 0x0F00_0000)
    _ = apic.write(offset: 0, value: 2)
    #expect(apic.read(offset: 0x10) == 0x0F00_0000)
    for index: UInt32 in 0x40...0xFF {
      _ = apic.write(offset: 0, value: index)
      #expect(apic.write(offset: 0x10, value: .max) == [])
      #expect(apic.read(offset: 0x10) == 0)
    }
  }

  @Test func everyPinStartsMasked() {
    var apic = IOAPIC()
    for pin in 0..<IOAPIC.pinCount {
      #expect(low(&apic, pin) == 0x1_0000)
      #expect(apic.setLine(pin, false) == nil)
      #expect(apic.setLine(pin, true) == nil)
    }
    #expect(apic.setLine(24, true) == nil)
    #expect(apic.setLine(-1, true) == nil)
  }

  @Test func anEdgeGivesOneMessage() {
    var apic = IOAPIC()
    #expect(route(&apic, 4, low: 0x0934, high: 0x0300_0000) == [])
    let message = InterruptMessage(vector: 0x34, deliveryMode: .lowestPriority, destination: .logical(3))
    #expect(apic.setLine(4, true) == message)
    #expect(apic.setLine(4, true) == nil)
    #expect(apic.setLine(4, false) == nil)
    #expect(apic.setLine(4, true) == message)
    #expect(low(&apic, 4) == 0x0934)
  }

  @Test func anEdgeAtAMaskedPinIsLost() {
    var apic = IOAPIC()
    _ = route(&apic, 4, low: 0x1_0034)
    #expect(apic.setLine(4, true) == nil)
    #expect(route(&apic, 4, low: 0x34) == [])
  }

  @Test func aLevelWaitsForTheEndOfInterrupt() {
    var apic = IOAPIC()
    _ = route(&apic, 10, low: 0x8041)
    let message = InterruptMessage(vector: 0x41, destination: .physical(0), isLevel: true)
    #expect(apic.setLine(10, true) == message)
    #expect(low(&apic, 10) == 0xC041)
    #expect(apic.setLine(10, false) == nil)
    #expect(apic.setLine(10, true) == nil)
    #expect(apic.endOfInterrupt(0x42) == [])
    #expect(apic.endOfInterrupt(0x41) == [message])
    #expect(apic.setLine(10, false) == nil)
    #expect(apic.write(offset: 0x40, value: 0x41) == [])
    #expect(low(&apic, 10) == 0x8041)
  }

  @Test func unmaskingAnActiveLevelGivesTheMessage() {
    var apic = IOAPIC()
    _ = route(&apic, 10, low: 0x1_8041)
    #expect(apic.setLine(10, true) == nil)
    #expect(route(&apic, 10, low: 0x8041) == [InterruptMessage(vector: 0x41, destination: .physical(0), isLevel: true)])
    // Masked while in service: the end gives nothing, the unmasking does.
    #expect(route(&apic, 10, low: 0x1_8041) == [])
    #expect(apic.endOfInterrupt(0x41) == [])
    #expect(route(&apic, 10, low: 0x8041).count == 1)
  }

  @Test func becomingEdgeTriggeredClearsRemoteIRR() {
    var apic = IOAPIC()
    _ = route(&apic, 10, low: 0x8041)
    _ = apic.setLine(10, true)
    _ = route(&apic, 10, low: 0x1_0041)
    #expect(low(&apic, 10) == 0x1_0041)
  }

  @Test func polarityDecidesWhatIsActive() {
    var apic = IOAPIC()
    _ = apic.setLine(16, true)
    #expect(route(&apic, 16, low: 0xA050) == [])
    #expect(apic.setLine(16, false)?.vector == 0x50)
    #expect(apic.setLine(16, true) == nil)
    #expect(apic.endOfInterrupt(0x50) == [])
    // A line that nobody drives is active, when an entry takes low for active.
    #expect(route(&apic, 5, low: 0xA051).count == 1)
  }

  @Test func modesThatAreEdgeTriggeredAlways() {
    for (field, mode) in [(2, .systemManagement), (4, .nonMaskable), (5, .initialize), (7, .external)]
      as [(UInt32, InterruptMessage.DeliveryMode)]
    {
      var apic = IOAPIC()
      _ = route(&apic, 0, low: 0x8000 | field << 8)
      let message = apic.setLine(0, true)
      #expect(message?.deliveryMode == mode)
      #expect(message?.isLevel == false)
      #expect(low(&apic, 0) & 0x4000 == 0)
    }
    for field: UInt32 in [3, 6] {
      var apic = IOAPIC()
      _ = route(&apic, 0, low: field << 8)
      #expect(apic.setLine(0, true) == nil)
    }
  }

  @Test func aCopyIsASnapshot() {
    var apic = IOAPIC()
    _ = route(&apic, 10, low: 0x8041)
    let snapshot = apic
    func digest(_ apic: IOAPIC) -> String {
      var hasher = StateHasher()
      apic.hash(into: &hasher)
      return hasher.description
    }
    _ = apic.setLine(10, true)
    #expect(digest(apic) != digest(snapshot))
    apic = snapshot
    #expect(digest(apic) == digest(snapshot))
    #expect(apic.setLine(10, true) != nil)
  }
}
