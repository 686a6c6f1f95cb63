import CPU
import Opcodes
import Testing

@Suite struct TimingTests {
  @Test func unitCostsOneEach() throws {
    let table = try #require(try TimingTable.named("unit"))
    for name in table.classes { #expect(table[name] == 1, "\(name)") }
    #expect(table.walkReference == 1)
  }

  @Test func aNameThatIsNoneHasNoTable() throws { #expect(try TimingTable.named("i486") == nil) }

  /// `TimingFigures`: every class of the opcode table has a figure in every table, and no figure is for nothing.
  @Test(arguments: TimingTable.names)
  func everyClassHasAFigure(_ name: String) throws {
    let table = try #require(try TimingTable.named(name))
    let used = Set(try Opcode.all().map(\.timing)).union([
      "iteration", "walk", "stlb", "delivery", "ipi", "exit", "entry", "vmcs", "vmptr", "invept", "vmfunc",
    ])
    #expect(Set(table.classes) == used)
    #expect(table["simple"] == 1)
    #expect(table["divide"] >= table["multiply"])
    #expect(table["multiply"] >= table["simple"])
  }

  @Test(arguments: TimingTable.names)
  func decoderReadsTheOpcodeTable(_ name: String) throws {
    _ = try Decoder(timing: try #require(try TimingTable.named(name)))
  }
}
