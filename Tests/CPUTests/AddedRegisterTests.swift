import CPU
import Testing

/// Registers from a file in the format of Bochs' msrs.def, and what becomes of those that are in none.
@Suite struct AddedRegisterTests {
  private static let file = """
    # ADDRESS  TYPE   RESET_HI   RESET_LO    RSRVD_HI   RSRVD_LO   IGNRD_HI   IGNRD_LO
       0x1b1     0    00000001   88000000    00000000   f0000000   00000000   000000ff \t# a comment
       418       1
       0x0000041C  2
       0x10      0    00000000   00000007    00000000   00000000   00000000   00000000
       0xC0011020  0  0 5  0 0  0 0
    """

  private func bench(ignoresUnknownRegisters: Bool = false) throws -> ProgramBench {
    let model = try #require(try CPUModel.named("max")).adding(try AddedRegister.parse(Self.file))
    return try ProgramBench(model: model, ignoresUnknownRegisters: ignoresUnknownRegisters)
  }

  @Test func plain() throws {
    let bench = try bench()
    #expect(bench.readMSR(0x1B1) == 0x1_8800_0000)
    // Reserved bits may be written as they are; ignored ones stay.
    #expect(bench.writeMSR(0x1B1, 0x5_8800_1234))
    #expect(bench.readMSR(0x1B1) == 0x5_8800_1200)
    #expect(!bench.writeMSR(0x1B1, 0x5_9800_1234))
    #expect(bench.readMSR(0x1B1) == 0x5_8800_1200)
    #expect(bench.readMSR(0xC001_1020) == 5)
  }

  @Test func addresses() throws {
    let bench = try bench()
    #expect(bench.writeMSR(0x418, 0xFFFF_8000_0000_0000) && !bench.writeMSR(0x418, 1 << 62))
    #expect(bench.readMSR(0x418) == 0xFFFF_8000_0000_0000)
    let most = UInt64(1) << UInt64(bench.processor.model.physicalBits)
    #expect(bench.writeMSR(0x41C, most - 1) && !bench.writeMSR(0x41C, most))
    #expect(bench.readMSR(0x41C) == most - 1)
  }

  /// The time-stamp counter is the model's.
  @Test func registersOfTheModelStay() throws {
    let bench = try bench()
    #expect(bench.writeMSR(0x10, 1 << 40))
    #expect(try #require(bench.readMSR(0x10)) > 1 << 40)
  }

  @Test func unknownOnes() throws {
    let strict = try bench()
    #expect(strict.readMSR(0x1F) == nil && !strict.writeMSR(0x1F, 1))
    let bench = try bench(ignoresUnknownRegisters: true)
    #expect(bench.readMSR(0x1F) == 0 && bench.writeMSR(0x1F, 1) && bench.readMSR(0x1F) == 0)
    // What the model has is checked as ever.
    #expect(!bench.writeMSR(0x277, 0x2) && !bench.writeMSR(0xC000_0082, 1 << 62))
  }

  @Test(arguments: [
    ("0x1b1 0", 1), ("0x1b1", 1), ("0x1b1 3", 1), ("# x\n\n0x1b1 1 2", 3), ("xyz 1", 1), ("0x1b1 1\n0x1b1 2", 2),
    ("1b1 0 0 0 0 0 0 123456789", 1), ("123456789 1", 1), ("-1 1", 1), ("1b1 0 0 0 0 0 0 g", 1),
    ("1 1 0 0 0 0 0 0 0", 1),
  ])
  func badFiles(_ text: String, _ line: Int) {
    let problem = #expect(throws: AddedRegister.Problem.self) { try AddedRegister.parse(text) }
    #expect(problem?.line == line)
  }
}
