import CPU
import Testing

@Suite struct TimingTests {
  @Test func unitReads() throws {
    let table = try TimingTable.named("unit")
    #expect(table["simple"] == 1)
    #expect(table.walkReference == 1)
  }

  @Test func othersAreRefusedByName() {
    #expect(throws: (any Error).self) { try TimingTable.named("haswell") }
  }

  @Test func decoderReadsTheOpcodeTable() throws { _ = try Decoder(timing: try TimingTable.named("unit")) }
}
