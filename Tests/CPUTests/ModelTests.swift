import CPU
import Opcodes
import Testing

/// The models' tables, and CPUID as code computes it over them (SDM Vol. 2A, "CPUID—CPU Identification").
@Suite struct ModelTests {
  static let names = [
    "core2_penryn_t9600", "corei7_sandy_bridge_2600k", "corei7_haswell_4770", "corei7_skylake_x", "corei7_icelake_u",
    "max",
  ]

  private func model(
    _ name: String = "max", without masks: [String] = [], assumingBuilt: Set<String> = []
  ) throws -> CPUModel {
    let masks = try masks.map { try #require(CPUIDMask($0)) }
    return try #require(try CPUModel.named(name, without: masks, assumingBuilt: assumingBuilt))
  }

  private func cpuid(_ model: CPUModel, _ leaf: UInt32, _ subleaf: UInt32 = 0) -> CPUIDRegisters {
    model.cpuid(leaf: leaf, subleaf: subleaf, CPUIDInputs())
  }

  // MARK: Tables

  @Test func theModelsAreThese() throws {
    #expect(try CPUModel.names() == ModelTests.names)
    #expect(try CPUModel.named("i486") == nil)
  }

  /// Signatures and brand strings as the parts have them.
  @Test(arguments: [
    ("core2_penryn_t9600", "6.17.a", "Intel(R) Core(TM)2 Duo CPU     T9600  @ 2.80GHz", 36, "core2"),
    ("corei7_sandy_bridge_2600k", "6.2a.7", "Intel(R) Core(TM) i7-2600K CPU @ 3.40GHz", 36, "sandybridge"),
    ("corei7_haswell_4770", "6.3c.3", "Intel(R) Core(TM) i7-4770 CPU @ 3.40GHz", 39, "haswell"),
    ("corei7_skylake_x", "6.55.4", "Intel(R) Core(TM) i7-7800X CPU @ 3.50GHz", 46, "skylake"),
    ("corei7_icelake_u", "6.7e.5", "Intel(R) Core(TM) i7-1065G7 CPU @ 1.30GHz", 39, "skylake"),
    ("max", "6.5e.3", "Shootdown, all that is built", 40, "unit"),
  ])
  func identity(name: String, signature: String, brand: String, physicalBits: UInt8, timing: String) throws {
    let model = try model(name)
    let (family, number, stepping) = model.signature
    #expect([family, number, stepping].map { String($0, radix: 16) }.joined(separator: ".") == signature)
    #expect(model.brand == brand)
    #expect(model.physicalBits == physicalBits)
    #expect(model.timing == timing)
    let vendor = cpuid(model, 0)
    #expect([vendor.ebx, vendor.edx, vendor.ecx] == [0x756E_6547, 0x4965_6E69, 0x6C65_746E], "GenuineIntel")
  }

  @Test func noFeatureIsThereTwice() throws {
    var names: Set<String> = []
    var places: Set<String> = []
    for feature in try CPUFeature.all() {
      #expect(names.insert(feature.name).inserted, "\(feature.name)")
      #expect(places.insert("\(feature.leaf) \(feature.register) \(feature.bit)").inserted, "\(feature.name)")
      #expect(!feature.section.isEmpty, "\(feature.name)")
    }
  }

  /// A model has a feature exactly if its part has it and it is built; instructions decide where a feature is theirs.
  @Test(arguments: names)
  func whatIsNotBuiltIsNotOffered(_ name: String) throws {
    let model = try model(name)
    let instructions = Set(try Opcode.all().filter(\.isBuilt).map(\.mnemonic))
    for feature in try CPUFeature.all() {
      #expect(model.has(feature.name) == (model.partHas(feature.name) && feature.isBuilt), "\(feature.name)")
      if !feature.instructions.isEmpty {
        #expect(feature.isBuilt == instructions.isSuperset(of: feature.instructions), "\(feature.name)")
      }
    }
    for absent in ["SSE3", "SSSE3", "SSE4.1", "SSE4.2", "AVX", "AVX2", "AVX512F", "SMX", "PDCM"] {
      #expect(!model.has(absent), "\(absent)")
    }
    for present in ["TSC", "MSR", "PAE", "PGE", "MTRR", "PAT", "MCA", "CMOV", "NX", "LM"] {
      #expect(model.has(present), "\(present)")
    }
    #expect(cpuid(model, 0xA) == CPUIDRegisters(), "performance monitoring is not built")
    #expect(cpuid(model, 1).ecx >> 31 == 0, "no hypervisor")
  }

  /// FXSR and MMX are set as soon as their instructions are there.
  @Test func stateInstructionsDecide() throws {
    let instructions = Set(try Opcode.all().filter(\.isBuilt).map(\.mnemonic))
    #expect(try model().has("FXSR") == instructions.isSuperset(of: ["FXSAVE", "FXRSTOR"]))
    #expect(try model().has("MMX") == instructions.contains("EMMS"))
  }

  @Test(arguments: names)
  func registersOfAModel(_ name: String) throws {
    let model = try model(name)
    #expect(Set(model.registers.map(\.index)).count == model.registers.count)
    #expect(Set(model.registers.map(\.name)).count == model.registers.count)
    for register in model.registers {
      #expect(register.writable & register.kept == 0, "\(register.name)")
      #expect(!register.section.isEmpty, "\(register.name)")
      if !register.isWritable { #expect(register.writable == 0, "\(register.name)") }
    }
    let indices = Set(model.registers.map(\.index))
    #expect(
      indices.isSuperset(of: [0x10, 0x1B, 0x3A, 0xFE, 0x174, 0x179, 0x200, 0x20F, 0x277, 0x2FF, 0x403, 0xC000_0080]))
    #expect(
      indices.contains(0x3B) == !["core2_penryn_t9600", "corei7_sandy_bridge_2600k"].contains(name), "TSC_ADJUST")
    #expect(indices.contains(0xC000_0103) == (name != "core2_penryn_t9600"), "RDTSCP")
  }

  // MARK: Leaves

  /// A leaf above the highest gives the data of the highest basic leaf; one below it that means nothing gives zeros.
  @Test(arguments: names)
  func clamping(_ name: String) throws {
    let model = try model(name)
    let highest = cpuid(model, 0).eax
    for leaf: UInt32 in [highest + 1, 0x4000_0000, 0x7FFF_FFFF, 0x8000_0009, 0xFFFF_FFFF] {
      for subleaf: UInt32 in [0, 1, 7] { #expect(cpuid(model, leaf, subleaf) == cpuid(model, highest, subleaf)) }
    }
    #expect(cpuid(model, 0x8000_0000).eax == 0x8000_0008)
    #expect(cpuid(model, 3) == CPUIDRegisters())
    #expect(cpuid(model, 4, 9) == CPUIDRegisters())
    #expect(cpuid(model, 2, 5) == cpuid(model, 2))
  }

  /// "Limit CPUID Maxval" in IA32_MISC_ENABLE.
  @Test func limit() throws {
    var inputs = CPUIDInputs()
    inputs.miscEnable |= 1 << 22
    let model = try model()
    #expect(model.cpuid(leaf: 0, subleaf: 0, inputs).eax == 2)
    #expect(model.cpuid(leaf: 7, subleaf: 0, inputs) == model.cpuid(leaf: 2, subleaf: 0, inputs))
    #expect(model.cpuid(leaf: 0x8000_0001, subleaf: 0, inputs) == cpuid(model, 0x8000_0001))
  }

  @Test func processorsAreCoresOfOnePackage() throws {
    var inputs = CPUIDInputs()
    inputs.processorCount = 6
    inputs.apicID = 5
    let model = try model("corei7_haswell_4770")
    let version = model.cpuid(leaf: 1, subleaf: 0, inputs)
    #expect(version.ebx == 0x0506_0800)
    #expect(version.edx >> 28 & 1 == 1, "HTT")
    #expect(cpuid(model, 1).edx >> 28 & 1 == 0)
    let caches = (0..<4).map { model.cpuid(leaf: 4, subleaf: UInt32($0), inputs).eax }
    #expect(caches == [0x1C00_0121, 0x1C00_0122, 0x1C00_0143, 0x1C01_C163])
    #expect(model.cpuid(leaf: 0xB, subleaf: 0, inputs) == CPUIDRegisters(eax: 0, ebx: 1, ecx: 0x100, edx: 5))
    #expect(model.cpuid(leaf: 0xB, subleaf: 1, inputs) == CPUIDRegisters(eax: 3, ebx: 6, ecx: 0x201, edx: 5))
    #expect(model.cpuid(leaf: 0xB, subleaf: 2, inputs) == CPUIDRegisters(eax: 0, ebx: 0, ecx: 2, edx: 5))
    #expect(try cpuid(self.model("core2_penryn_t9600"), 0xB) == CPUIDRegisters(), "the part does not have it")
  }

  /// What software switches on shows in CPUID.
  @Test func bitsThatFollowRegisters() throws {
    let model = try model(assumingBuilt: ["APIC", "XSAVE", "OSXSAVE", "PKU", "OSPKE", "SYSCALL", "MONITOR"])
    var inputs = CPUIDInputs()
    #expect(model.cpuid(leaf: 1, subleaf: 0, inputs).edx >> 9 & 1 == 1)
    inputs.apicBase &= ~(1 << 11)
    #expect(model.cpuid(leaf: 1, subleaf: 0, inputs).edx >> 9 & 1 == 0, "IA32_APIC_BASE.EN")

    #expect(model.cpuid(leaf: 1, subleaf: 0, inputs).ecx >> 27 & 1 == 0)
    #expect(model.cpuid(leaf: 7, subleaf: 0, inputs).ecx >> 4 & 1 == 0)
    inputs.cr4 = 1 << 18 | 1 << 22
    #expect(model.cpuid(leaf: 1, subleaf: 0, inputs).ecx >> 27 & 1 == 1, "OSXSAVE")
    #expect(model.cpuid(leaf: 7, subleaf: 0, inputs).ecx >> 4 & 1 == 1, "OSPKE")
    #expect(cpuid(try self.model(assumingBuilt: ["OSXSAVE"]), 1).ecx >> 27 & 1 == 0)

    #expect(model.cpuid(leaf: 1, subleaf: 0, inputs).ecx >> 3 & 1 == 1)
    inputs.miscEnable = 0
    #expect(model.cpuid(leaf: 1, subleaf: 0, inputs).ecx >> 3 & 1 == 0, "MONITOR")

    #expect(model.cpuid(leaf: 0x8000_0001, subleaf: 0, inputs).edx >> 11 & 1 == 1)
    inputs.is64Bit = false
    #expect(model.cpuid(leaf: 0x8000_0001, subleaf: 0, inputs).edx >> 11 & 1 == 0, "SYSCALL outside 64-bit mode")
  }

  @Test func stateAreaIsLegacyAndHeader() throws {
    let model = try model("corei7_skylake_x", assumingBuilt: ["XSAVE"])
    #expect(cpuid(model, 0xD) == CPUIDRegisters(eax: 3, ebx: 576, ecx: 576, edx: 0))
    for subleaf: UInt32 in [2, 5, 9, 62, 63, 64, .max] { #expect(cpuid(model, 0xD, subleaf) == CPUIDRegisters()) }
    #expect(try cpuid(self.model("corei7_skylake_x", without: ["1.ECX=4000000"]), 0xD) == CPUIDRegisters())
  }

  @Test(arguments: [1_000_000, 50_000_000, 100_000_000, 3_400_000_000, 5_000_000_000] as [UInt64])
  func frequenciesFollowTheClock(_ clock: UInt64) throws {
    var inputs = CPUIDInputs()
    inputs.clock = clock
    let ratio = try model().cpuid(leaf: 0x15, subleaf: 0, inputs)
    #expect(UInt64(ratio.ecx) * UInt64(ratio.ebx) / UInt64(ratio.eax) == clock)
    #expect(UInt64(try model().cpuid(leaf: 0x16, subleaf: 0, inputs).eax) == clock / 1_000_000)
  }

  // MARK: Masks

  @Test func masksTakeFeaturesAway() throws {
    let model = try model("corei7_haswell_4770", without: ["80000001.EDX=100000", "7.ebx=2", "0.EAX=8"])
    #expect(!model.has("NX") && !model.partHas("NX"))
    #expect(cpuid(model, 0x8000_0001).edx >> 20 & 1 == 0)
    #expect(!model.registers.contains { $0.index == 0x3B }, "TSC_ADJUST")
    #expect(cpuid(model, 0).eax == 5)
  }

  @Test(arguments: [
    "", "7", "7.EBX", "7.EBX=", ".EBX=1", "7.ESI=1", "7.EBX=1=2", "x.EBX=1", "7.EBX=+1", "7.EBX=100000000", "7:.EBX=1",
    "7:0:0.EBX=1", "-7.EBX=1", "7.EBX=0x1",
  ])
  func whatIsNoMask(_ text: String) { #expect(CPUIDMask(text) == nil) }

  @Test func aMaskIsWrittenAsItIsRead() throws {
    #expect(try #require(CPUIDMask("d:1.eax=f")).description == "D:1.EAX=F")
    #expect(try #require(CPUIDMask("7.EBX=80")).description == "7.EBX=80")
  }
}
