import Testing

/// `shootdown models`, `--model`, `--cpuid` and `--timing`, as a user types them.
@Suite struct ModelsCommandTests {
  @Test func list() throws {
    let ended = try shootdown(["models", "list"])
    #expect(ended.ending == .status(0), "\(ended)")
    let names = ended.output.split(separator: "\n").map { $0.split(separator: " ").first ?? "" }
    #expect(
      names == [
        "core2_penryn_t9600", "corei7_sandy_bridge_2600k", "corei7_haswell_4770", "corei7_skylake_x",
        "corei7_icelake_u", "max",
      ])
  }

  @Test func show() throws {
    let ended = try shootdown(["models", "show", "corei7_haswell_4770"])
    #expect(ended.ending == .status(0), "\(ended)")
    #expect(ended.output.contains("Intel(R) Core(TM) i7-4770 CPU @ 3.40GHz"))
    #expect(ended.output.contains("00000001  -        000306C3"))
    #expect(ended.output.contains("NX                  80000001.EDX[20]  yes "))
    #expect(ended.output.contains("AVX2                7.EBX[5]          not built "))
    #expect(ended.output.contains("CLWB                7.EBX[24]         no "))
    #expect(ended.output.contains("IA32_MTRR_PHYSMASK7"))
  }

  @Test func showWithLess() throws {
    let ended = try shootdown([
      "models", "show", "max", "--cpuid", "80000001.EDX=100000", "--cpuid", "7.EBX=2,1.EDX=10",
    ])
    for feature in ["NX ", "TSC_ADJUST ", "TSC "] {
      let line = try #require(ended.output.split(separator: "\n").first { $0.hasPrefix(feature) })
      #expect(line.contains(" no "), "\(line)")
    }
  }

  @Test func whatThereIsNot() throws {
    for arguments in [
      ["models", "show", "i486"], ["guests", "run", "hello", "--model", "i486"],
      ["guests", "run", "hello", "--timing", "i486"], ["guests", "run", "hello", "--cpuid", "7"],
      ["guests", "run", "hello", "--cpuid", "7.EBX=1,"], ["models", "show", "max", "--cpuid", "7.EBX=g"],
      ["models", "show", "max", "--cpuid", ""],
    ] {
      try shootdown(arguments).expectMisuse()
    }
  }

  /// A model brings its timing; a flag goes before the environment; what was taken away is printed with the hash.
  @Test func hashNamesWhatTheRunDependsOn() throws {
    let run = ["guests", "run", "hello", "--hash"]
    #expect(try shootdown(run).errors.contains("model max, tlb retain, timing unit"))
    let environment = ["SHOOTDOWN_MODEL": "corei7_icelake_u", "SHOOTDOWN_CPUID": "7.EBX=2,1.ECX=20"]
    let ended = try shootdown(run, environment: environment)
    #expect(ended.ending == .status(1), "\(ended)")
    #expect(
      ended.errors.contains("model corei7_icelake_u, cpuid 7.EBX=2, cpuid 1.ECX=20, tlb retain, timing skylake,"))
    // A seed is in force and printed; the first state of the generator is part of the hash.
    let seeded = try shootdown(run + ["--random-seed", "7"]).errors
    #expect(seeded.contains("timing unit, random seed 7, instructions"))
    #expect(seeded.split(separator: "(").first != (try shootdown(run).errors.split(separator: "(").first))
    let other = try shootdown(run + ["--model", "core2_penryn_t9600", "--timing", "unit"], environment: environment)
    #expect(other.errors.contains("model core2_penryn_t9600, cpuid 7.EBX=2, cpuid 1.ECX=20, tlb retain, timing unit,"))
  }
}
