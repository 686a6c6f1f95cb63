import CPU
import Testing

/// CPUID as a guest executes it (SDM Vol. 2A, "CPUID—CPU Identification").
@Suite struct CPUIDProgramTests {
  @Test(arguments: ModelTests.names)
  func everyLeaf(_ name: String) throws {
    let model = try #require(try CPUModel.named(name))
    let bench = try ProgramBench(model: model)
    for leaf in model.leafNumbers {
      #expect(
        bench.cpuid(leaf.leaf, leaf.subleaf) == model.cpuid(leaf: leaf.leaf, subleaf: leaf.subleaf, CPUIDInputs()))
    }
    #expect(bench.cpuid(0xFFFF_FFFF) == bench.cpuid(bench.cpuid(0).eax))
  }

  /// MOV RAX, -1; MOV RBX, RAX; … ; XOR EAX, EAX; CPUID: bits 63:32 are cleared.
  @Test func upperHalvesAreCleared() throws {
    let bench = try ProgramBench(model: try #require(try CPUModel.named("max")))
    bench.run([
      0x48, 0xC7, 0xC0, 0xFF, 0xFF, 0xFF, 0xFF, 0x48, 0x89, 0xC3, 0x48, 0x89, 0xC1, 0x48, 0x89, 0xC2, 0x31, 0xC0, 0x0F,
      0xA2,
    ])
    #expect(processorWords(bench).allSatisfy { $0 >> 32 == 0 })
    #expect(bench.register(.rbx) == 0x756E_6547)
  }

  private func processorWords(_ bench: ProgramBench) -> [UInt64] {
    [.rax, .rbx, .rcx, .rdx].map { bench.register($0) }
  }

  /// LOCK and a prefix of another opcode: LOCK CPUID is #UD, 66h, F2h and F3h are ignored.
  @Test func prefixes() throws {
    let bench = try ProgramBench(model: try #require(try CPUModel.named("max")))
    for prefix: UInt8 in [0x66, 0xF2, 0xF3, 0x67, 0x48] {
      #expect(bench.run([0x31, 0xC0, prefix, 0x0F, 0xA2]) == .halted, "\(prefix)")
      #expect(bench.register(.rbx) == 0x756E_6547, "\(prefix)")
    }
    #expect(bench.run([0xF0, 0x0F, 0xA2]) != .halted)
  }

  /// `TimingTable`: CPUID costs what its class says.
  @Test(arguments: TimingTable.names)
  func cost(_ timing: String) throws {
    let bench = try ProgramBench(model: try #require(try CPUModel.named("max")), timing: timing)
    let table = try #require(try TimingTable.named(timing))
    bench.run([0x90, 0x90])
    let start = bench.processor.state.pointee.cycles
    bench.run([0x90, 0x90])
    let nops = bench.processor.state.pointee.cycles - start
    bench.run([0x0F, 0xA2])
    bench.run([0x0F, 0xA2])
    let before = bench.processor.state.pointee.cycles
    bench.run([0x0F, 0xA2])
    #expect(bench.processor.state.pointee.cycles - before == nops - 2 * table["simple"] + table["cpuid"])
  }
}
