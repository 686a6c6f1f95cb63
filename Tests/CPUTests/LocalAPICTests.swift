import CPU
import Testing

/// SDM Vol. 3, "Advanced Programmable Interrupt Controller (APIC)".
@Suite struct LocalAPICTests {
  private func enabled(_ id: UInt32 = 0) -> LocalAPIC {
    var apic = LocalAPIC(initialID: id)
    _ = apic.write(0x0F, 0x1FF, at: 0)
    return apic
  }

  /// WRMSR to IA32_APIC_BASE; the macro cannot call what changes its operand.
  private func set(_ apic: inout LocalAPIC, _ base: UInt64) -> Bool { apic.setBase(base) }

  private func wide(_ id: UInt32 = 0) -> LocalAPIC {
    var apic = enabled(id)
    let base = apic.base | 1 << 10
    #expect(set(&apic, base))
    return apic
  }

  @Test func afterPowerUp() {
    let apic = LocalAPIC(initialID: 0)
    #expect(apic.base == 0xFEE0_0900)
    #expect(LocalAPIC(initialID: 3).base == 0xFEE0_0800)
    #expect(apic.read(0x0E, at: 0) == .max)
    #expect(apic.read(0x0F, at: 0) == 0xFF)
    for register in 0x32...0x37 { #expect(apic.read(register, at: 0) == 1 << 16) }
  }

  // MARK: Priorities

  @Test func theHighestRequestIsTakenFirstAndBlocksItsClass() {
    var apic = enabled()
    for vector: UInt8 in [0x31, 0x45, 0x42, 0xFE] { apic.accept(vector, isLevel: false) }
    #expect(apic.acknowledge() == 0xFE)
    #expect(apic.acknowledge() == nil)
    _ = apic.write(0x0B, 0, at: 0)
    #expect(apic.acknowledge() == 0x45)
    #expect(apic.processorPriority == 0x40)
    #expect(apic.acknowledge() == nil)
    apic.accept(0x50, isLevel: false)
    #expect(apic.acknowledge() == 0x50)
    for _ in 0..<2 { _ = apic.write(0x0B, 0, at: 0) }
    #expect(apic.acknowledge() == 0x42)
    _ = apic.write(0x0B, 0, at: 0)
    #expect(apic.acknowledge() == 0x31)
  }

  @Test func taskPriorityHoldsOff() {
    var apic = enabled()
    _ = apic.write(0x08, 0x45, at: 0)
    apic.accept(0x4F, isLevel: false)
    #expect(apic.deliverable == nil)
    #expect(apic.processorPriority == 0x45)
    apic.accept(0x50, isLevel: false)
    #expect(apic.deliverable == 0x50)
    _ = apic.write(0x08, 0x3F, at: 0)
    #expect(apic.acknowledge() == 0x50)
    #expect(apic.acknowledge() == nil)
  }

  @Test func theEndOfALevelIsTold() {
    var apic = enabled()
    apic.accept(0x60, isLevel: true)
    apic.accept(0x61, isLevel: false)
    #expect(apic.read(0x1B, at: 0) == 1)
    #expect(apic.acknowledge() == 0x61)
    #expect(apic.write(0x0B, 0, at: 0) == nil)
    #expect(apic.acknowledge() == 0x60)
    #expect(apic.write(0x0B, 0, at: 0) == .ended(0x60))
    // None in service.
    #expect(apic.write(0x0B, 0, at: 0) == nil)
  }

  @Test func requestsStandInTheirRegisters() {
    var apic = enabled()
    for vector: UInt8 in 16...255 { apic.accept(vector, isLevel: vector & 1 == 1) }
    for register in 1..<8 {
      #expect(apic.read(0x20 + register, at: 0) == .max)
      #expect(apic.read(0x18 + register, at: 0) == 0xAAAA_AAAA)
    }
    #expect(apic.read(0x20, at: 0) == 0xFFFF_0000)
  }

  @Test func aDisabledOneAcceptsNothing() {
    var apic = LocalAPIC(initialID: 0)
    apic.accept(0x40, isLevel: false)
    #expect(apic.deliverable == nil)
    apic = enabled()
    _ = apic.write(0x35, 0x40, at: 0)
    _ = apic.write(0x0F, 0xFF, at: 0)
    #expect(apic.read(0x35, at: 0) == 0x1_0040)
    _ = apic.write(0x35, 0x40, at: 0)
    #expect(apic.read(0x35, at: 0) == 0x1_0040)
  }

  // MARK: Errors

  @Test func errorsAreLatchedByAWrite() {
    var apic = enabled()
    apic.accept(15, isLevel: false)
    #expect(apic.read(0x28, at: 0) == 0)
    _ = apic.write(0x28, 0, at: 0)
    #expect(apic.read(0x28, at: 0) == 1 << 6)
    _ = apic.write(0x28, 0, at: 0)
    #expect(apic.read(0x28, at: 0) == 0)
    // An illegal vector is not sent; the error interrupt says so.
    _ = apic.write(0x37, 0x70, at: 0)
    #expect(apic.write(0x30, 0x0000_000F, at: 0) == nil)
    #expect(apic.acknowledge() == 0x70)
    _ = apic.write(0x28, 0, at: 0)
    #expect(apic.read(0x28, at: 0) == 1 << 5)
  }

  // MARK: Messages

  @Test func commands() {
    var apic = enabled()
    _ = apic.write(0x31, 0x0500_0000, at: 0)
    #expect(apic.write(0x30, 0x4041, at: 0) == .send(InterruptMessage(vector: 0x41, destination: .physical(5))))
    #expect(apic.write(0x30, 0x0841, at: 0) == .send(InterruptMessage(vector: 0x41, destination: .logical(5))))
    #expect(
      apic.write(0x30, 0xC4500, at: 0)
        == .send(InterruptMessage(vector: 0, deliveryMode: .initialize, destination: .everybodyElse)))
    // INIT level de-assert.
    #expect(apic.write(0x30, 0x88500, at: 0) == nil)
    #expect(
      apic.write(0x30, 0x4_4400, at: 0)
        == .send(InterruptMessage(vector: 0, deliveryMode: .nonMaskable, destination: .sender)))
    #expect(apic.read(0x30, at: 0) == 0x4_4400)
  }

  @Test func destinations() {
    var apic = enabled(3)
    func matches(_ destination: InterruptMessage.Destination, isWide: Bool = false) -> Bool {
      apic.matches(InterruptMessage(vector: 0x40, destination: destination, isWide: isWide))
    }
    #expect(matches(.physical(3)))
    #expect(!matches(.physical(2)))
    #expect(matches(.physical(0xFF)))
    #expect(matches(.everybody))
    // Flat model.
    _ = apic.write(0x0D, 0x0800_0000, at: 0)
    #expect(matches(.logical(0x0C)))
    #expect(!matches(.logical(0x04)))
    // Cluster model: cluster 2, member 1.
    _ = apic.write(0x0E, 0x0FFF_FFFF, at: 0)
    _ = apic.write(0x0D, 0x2200_0000, at: 0)
    #expect(matches(.logical(0x23)))
    #expect(!matches(.logical(0x21)))
    #expect(!matches(.logical(0x33)))
    // x2APIC: cluster 1, member 3.
    apic = wide(0x13)
    #expect(apic.readWide(0x0D, at: 0) == 0x1_0008)
    #expect(matches(.logical(0x1_0008), isWide: true))
    #expect(!matches(.logical(0x0008), isWide: true))
    #expect(matches(.physical(.max), isWide: true))
    #expect(!matches(.physical(0xFF), isWide: true))
  }

  // MARK: Modes

  /// "x2APIC State Transitions".
  @Test func modesChangeAsTheManualAllows() {
    let enabledBit: UInt64 = 1 << 11
    let wideBit: UInt64 = 1 << 10
    var apic = enabled()
    #expect(!set(&apic, 0xFEE0_0900 & ~enabledBit | wideBit))
    #expect(set(&apic, 0xFEE0_0900 | wideBit))
    #expect(apic.mode == .x2APIC)
    #expect(!set(&apic, 0xFEE0_0900))
    #expect(set(&apic, 0xFEE0_0100))
    #expect(apic.mode == .disabled)
    #expect(apic.read(0x0F, at: 0) == 0xFF)
    #expect(!set(&apic, 0xFEE0_0900 | wideBit))
    #expect(set(&apic, 0xFEE0_0900))
  }

  /// "x2APIC Register Address Space": reserved bits, registers that are not there, directions.
  @Test func wideRegistersFault() {
    var apic = wide()
    for register in [0x09, 0x0C, 0x0E, 0x31, 0x3B, 0x40] {
      #expect(apic.readWide(register, at: 0) == nil, "\(register)")
      #expect(apic.writeWide(register, 0, at: 0) == nil, "\(register)")
    }
    for register in [0x02, 0x03, 0x0A, 0x0D, 0x10, 0x20, 0x39] {
      #expect(apic.readWide(register, at: 0) != nil)
      #expect(apic.writeWide(register, 0, at: 0) == nil)
    }
    for register in [0x0B, 0x3F] { #expect(apic.readWide(register, at: 0) == nil) }
    #expect(apic.writeWide(0x0B, 1, at: 0) == nil)
    #expect(apic.writeWide(0x08, 0x100, at: 0) == nil)
    #expect(apic.writeWide(0x32, 1 << 19, at: 0) == nil)
    #expect(apic.writeWide(0x08, 0xFF, at: 0) != nil)
    #expect(
      apic.writeWide(0x30, 0x7_0000_0041, at: 0)
        == .some(.send(InterruptMessage(vector: 0x41, destination: .physical(7), isWide: true))))
    #expect(apic.readWide(0x30, at: 0) == 0x7_0000_0041)
    _ = apic.writeWide(0x08, 0, at: 0)
    _ = apic.writeWide(0x3F, 0x99, at: 0)
    #expect(apic.acknowledge() == 0x99)
  }

  // MARK: Timer ("APIC Timer")

  @Test func oneShot() {
    var apic = enabled()
    _ = apic.write(0x3E, 0x3, at: 0)
    _ = apic.write(0x32, 0x40, at: 0)
    _ = apic.write(0x38, 10, at: 1000)
    #expect(apic.read(0x39, at: 1000) == 10)
    #expect(apic.read(0x39, at: 1016) == 9)
    #expect(apic.read(0x39, at: 1159) == 1)
    #expect(apic.timer.nextEvent(timeStampOffset: 0) == 1160)
    apic.advance(to: 1159, timeStampOffset: 0)
    #expect(apic.deliverable == nil)
    apic.advance(to: 1160, timeStampOffset: 0)
    #expect(apic.acknowledge() == 0x40)
    #expect(apic.read(0x39, at: 1160) == 0)
    #expect(apic.timer.nextEvent(timeStampOffset: 0) == nil)
    // Writing 0 stops it.
    _ = apic.write(0x38, 10, at: 2000)
    _ = apic.write(0x38, 0, at: 2000)
    #expect(apic.timer.nextEvent(timeStampOffset: 0) == nil)
  }

  @Test(arguments: [(0, 2), (1, 4), (2, 8), (3, 16), (8, 32), (9, 64), (10, 128), (11, 1)] as [(UInt32, UInt64)])
  func divisors(_ code: UInt32, _ divisor: UInt64) {
    var apic = enabled()
    _ = apic.write(0x3E, code, at: 0)
    _ = apic.write(0x38, 100, at: 0)
    #expect(apic.timer.nextEvent(timeStampOffset: 0) == 100 * divisor)
  }

  @Test func periodic() {
    var apic = enabled()
    _ = apic.write(0x3E, 0xB, at: 0)
    _ = apic.write(0x32, 0x2_0040, at: 0)
    _ = apic.write(0x38, 100, at: 0)
    for turn: UInt64 in 1...3 {
      #expect(apic.timer.nextEvent(timeStampOffset: 0) == turn * 100)
      apic.advance(to: turn * 100, timeStampOffset: 0)
      #expect(apic.acknowledge() == 0x40)
      _ = apic.write(0x0B, 0, at: 0)
      #expect(apic.read(0x39, at: turn * 100 + 30) == 70)
    }
    // Late by more than a period: one interrupt, and the rhythm is kept.
    apic.advance(to: 750, timeStampOffset: 0)
    #expect(apic.timer.nextEvent(timeStampOffset: 0) == 800)
    // Masked, it goes on counting.
    _ = apic.write(0x0B, 0, at: 0)
    _ = apic.acknowledge()
    _ = apic.write(0x0B, 0, at: 0)
    _ = apic.write(0x32, 0x3_0040, at: 800)
    apic.advance(to: 800, timeStampOffset: 0)
    #expect(apic.deliverable == nil)
    #expect(apic.timer.nextEvent(timeStampOffset: 0) == 900)
  }
}
