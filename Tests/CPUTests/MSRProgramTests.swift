import CPU
import Testing

/// RDMSR and WRMSR as a guest executes them (SDM Vol. 4, "Model-Specific Registers (MSRs)").
@Suite struct MSRProgramTests {
  private func bench(_ name: String = "max", number: UInt32 = 0, count: UInt32 = 1) throws -> ProgramBench {
    try ProgramBench(model: try #require(try CPUModel.named(name)), number: number, processorCount: count)
  }

  /// Every register of every model: reset value, each bit of a write, and the direction that is not there.
  @Test(arguments: ModelTests.names)
  func everyRegister(_ name: String) throws {
    let bench = try bench(name)
    // Their values are those of the boot, or move by themselves.
    let live: Set<UInt32> = [0x10, 0x1B, 0x35, 0xC000_0080]
    for register in bench.processor.model.registers {
      let value = bench.readMSR(register.index)
      #expect((value != nil) == register.isReadable, "\(register.name)")
      if register.isReadable, !live.contains(register.index) { #expect(value == register.reset, "\(register.name)") }
      if !register.isWritable { #expect(!bench.writeMSR(register.index, value ?? 0), "\(register.name)") }
      guard register.isWritable, !live.contains(register.index) else { continue }
      for bit: UInt64 in 0..<64 where (register.writable | register.kept) >> bit & 1 == 0 {
        #expect(!bench.writeMSR(register.index, 1 << bit), "\(register.name) bit \(bit)")
      }
    }
  }

  /// A register that is nowhere: #GP(0).
  @Test(
    arguments: [0x1F, 0x47F, 0x494, 0x418, 0x214, 0x802, 0x4000_0000, 0xC000_1FFF, 0xC001_0015, 0xFFFF_FFFF] as [UInt32]
  )
  func unknown(_ index: UInt32) throws {
    let bench = try bench()
    #expect(bench.readMSR(index) == nil)
    #expect(!bench.writeMSR(index, 0))
  }

  /// "Time-Stamp Counter Adjustment": both move by the same distance.
  @Test func timeStampCounter() throws {
    let bench = try bench()
    #expect(bench.readMSR(0x3B) == 0)
    #expect(bench.writeMSR(0x3B, 1 << 40))
    #expect(try #require(bench.readMSR(0x10)) >> 40 == 1)
    #expect(bench.writeMSR(0x10, 0))
    let count = try #require(bench.readMSR(0x10))
    #expect(count < 100)
    let adjust = try #require(bench.readMSR(0x3B))
    #expect(adjust == bench.processor.state.pointee.tscOffset)
    let older = try self.bench("corei7_sandy_bridge_2600k")
    #expect(older.readMSR(0x3B) == nil)
    #expect(older.writeMSR(0x10, 7 << 32))
    #expect(try #require(older.readMSR(0x10)) >> 32 == 7)
  }

  @Test func apicBase() throws {
    let bench = try bench()
    #expect(bench.readMSR(0x1B) == 0xFEE0_0900)
    #expect(try self.bench(number: 1, count: 2).readMSR(0x1B) == 0xFEE0_0800, "not the bootstrap processor")
    #expect(bench.writeMSR(0x1B, 0xFEC0_0100))
    #expect(bench.readMSR(0x1B) == 0xFEC0_0100)
    #expect(!bench.writeMSR(0x1B, 0xFEE0_0D00), "EXTD is reserved without x2APIC")
    #expect(!bench.writeMSR(0x1B, 1 << 40 | 0x900), "beyond MAXPHYADDR")
  }

  @Test func featureControlLocks() throws {
    let bench = try bench("corei7_haswell_4770")
    #expect(bench.writeMSR(0x3A, 4))
    #expect(bench.writeMSR(0x3A, 5))
    #expect(!bench.writeMSR(0x3A, 5))
    #expect(bench.readMSR(0x3A) == 5)
  }

  /// "IA32_PAT MSR" and "Memory Type Range Registers (MTRRs)": types that are none fault.
  @Test func memoryTypes() throws {
    let bench = try bench("corei7_skylake_x")
    #expect(bench.readMSR(0x277) == 0x0007_0406_0007_0406)
    for type: UInt64 in 0..<256 {
      #expect(bench.writeMSR(0x277, type << 24) == [0, 1, 4, 5, 6, 7].contains(type), "PAT \(type)")
      #expect(bench.writeMSR(0x26F, type << 56) == [0, 1, 4, 5, 6].contains(type), "fixed \(type)")
      #expect(bench.writeMSR(0x200, 0xABCD_E000 | type) == [0, 1, 4, 5, 6].contains(type), "variable \(type)")
      #expect(bench.writeMSR(0x2FF, 0xC00 | type) == [0, 1, 4, 5, 6].contains(type), "default \(type)")
    }
    // Eight ranges in every model (docs/ARCHITECTURE.md, "Models").
    #expect(bench.readMSR(0xFE) == 0x508)
    #expect(bench.readMSR(0x210) == nil)
    #expect(bench.writeMSR(0x20F, 0x3FFF_FFFF_F800))
    #expect(bench.readMSR(0x20F) == 0x3FFF_FFFF_F800)
    #expect(!bench.writeMSR(0x20F, 1 << 46), "beyond MAXPHYADDR")
  }

  @Test(arguments: [0x175, 0x176, 0xC000_0082, 0xC000_0083, 0xC000_0100, 0xC000_0101, 0xC000_0102] as [UInt32])
  func canonical(_ index: UInt32) throws {
    let bench = try bench("corei7_skylake_x")
    #expect(bench.writeMSR(index, 0xFFFF_8000_1234_5678))
    #expect(bench.readMSR(index) == 0xFFFF_8000_1234_5678)
    #expect(!bench.writeMSR(index, 0x8000_0000_0000))
    #expect(bench.readMSR(index) == 0xFFFF_8000_1234_5678)
  }

  @Test func bankStatusIsWrittenAsZero() throws {
    let bench = try bench()
    #expect(bench.readMSR(0x179) == 0x106)
    for bank: UInt32 in 0..<6 {
      #expect(bench.writeMSR(0x400 + bank * 4, .max))
      #expect(bench.writeMSR(0x401 + bank * 4, 0))
      #expect(!bench.writeMSR(0x401 + bank * 4, 1))
    }
  }

  /// "Extended Feature Enable Register".
  @Test func efer() throws {
    let bench = try bench()
    #expect(bench.readMSR(0xC000_0080) == 0xD00)
    #expect(bench.writeMSR(0xC000_0080, 0x901), "LMA cannot be written, and is kept")
    #expect(bench.readMSR(0xC000_0080) == 0xD01)
    #expect(!bench.writeMSR(0xC000_0080, 0xC00), "LME while paging is on")
    for bit: UInt64 in 0..<64 where ![0, 8, 10, 11].contains(bit) {
      #expect(!bench.writeMSR(0xC000_0080, 0x900 | 1 << bit), "bit \(bit)")
    }
    let mask = try #require(CPUIDMask("80000001.EDX=100000"))
    let without = try ProgramBench(model: try #require(try CPUModel.named("max", without: [mask])))
    #expect(!without.writeMSR(0xC000_0080, 0x900), "NXE without NX")
    #expect(without.writeMSR(0xC000_0080, 0x100))
  }

  @Test func someBitsAreKept() throws {
    let bench = try bench()
    #expect(bench.writeMSR(0xC000_0084, .max))
    #expect(bench.readMSR(0xC000_0084) == 0xFFFF_FFFF)
    #expect(bench.writeMSR(0x1A0, 0x40_0001))
    #expect(bench.readMSR(0x1A0) == 0x40_1801)
    #expect(bench.cpuid(0).eax == 2)
    #expect(bench.readMSR(0x35) == 0x1_0001)
  }

  /// "Microcode Update Facilities": CPUID leaf 1 loads the revision.
  @Test func revision() throws {
    let bench = try bench("corei7_skylake_x")
    #expect(bench.writeMSR(0x8B, 0))
    #expect(bench.readMSR(0x8B) == 0)
    _ = bench.cpuid(1)
    #expect(bench.readMSR(0x8B) == 0x0200_0026_0000_0000)
  }

  /// What SYSCALL, SYSENTER and SWAPGS go by, at the indices of "Model-Specific Registers (MSRs)".
  @Test func fastCallsGoByThem() throws {
    let bench = try bench()
    let indices: [UInt32] = [
      0x174, 0x175, 0x176, 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084, 0xC000_0100, 0xC000_0101, 0xC000_0102,
    ]
    for index in indices { #expect(bench.writeMSR(index, 0x1000 + UInt64(index & 0xFFF)), "\(index)") }
    let state = bench.processor.state
    #expect(
      [state.pointee.sysenterCS, state.pointee.sysenterESP, state.pointee.sysenterEIP] == [0x1174, 0x1175, 0x1176])
    #expect(
      [state.pointee.star, state.pointee.lstar, state.pointee.cstar, state.pointee.fmask] == [
        0x1081, 0x1082, 0x1083, 0x1084,
      ])
    #expect(
      [state.pointee.segments.4.base, state.pointee.segments.5.base, state.pointee.kernelGSBase] == [
        0x1100, 0x1101, 0x1102,
      ])
    #expect(bench.writeMSR(0xC000_0103, 0x1103))
    // RDTSCP
    #expect(bench.run([0x0F, 0x01, 0xF9]) == .halted)
    #expect(bench.register(.rcx) == 0x1103)
    // SWAPGS
    #expect(bench.run([0x0F, 0x01, 0xF8]) == .halted)
    #expect(bench.readMSR(0xC000_0101) == 0x1102)
    #expect(bench.readMSR(0xC000_0102) == 0x1101)
  }

  /// "Processor State After Reset": registers are as at power-up, EDX says which processor it is.
  @Test(arguments: ModelTests.names)
  func reset(_ name: String) throws {
    let bench = try bench(name)
    for register in bench.processor.model.registers where register.isWritable {
      _ = bench.writeMSR(register.index, register.name.hasPrefix("IA32_MTRR") ? 0 : 1)
    }
    let processor = bench.processor
    processor.reset()
    #expect(
      bench.register(.rdx)
        == UInt64(processor.model.cpuid(leaf: 1, subleaf: 0, CPUIDInputs()).eax))
    #expect(processor.state.pointee.tscOffset &+ processor.state.pointee.cycles == 0)
    #expect(processor[modelSpecific: 0x1B] == 0xFEE0_0900)
    for index: UInt32 in [0x3A, 0x3B, 0x1D9, 0x200, 0x400] {
      #expect(processor[modelSpecific: index] == 0)
    }
    #expect(processor[modelSpecific: 0x277] == 0x0007_0406_0007_0406)
    let state = processor.state.pointee
    for value in [
      state.efer, state.star, state.lstar, state.cstar, state.fmask, state.kernelGSBase, state.sysenterCS,
      state.sysenterESP, state.sysenterEIP, state.tscAux, state.segments.4.base, state.segments.5.base,
    ] { #expect(value == 0) }
  }
}
