import CPU
import Machine
import Testing

/// Results depend on no cache of ours under every timing, and a run on its model alone.
@Suite struct ModelDeterminismTests {
  private struct Result: Equatable {
    var end: RunEnd
    var hash: String
    var cycles: UInt64
  }

  private func run(
    _ image: [UInt8], model: String, timing: String, _ settings: CacheSettings = CacheSettings()
  ) throws -> Result {
    var options = BoardOptions()
    options.memory = 16 << 20
    options.model = model
    options.timing = timing
    options.blockLimit = settings.blockLimit
    options.usesHostPointers = settings.usesHostPointers
    let board = try Board(options) { _ in false }
    try FlatImage.load(image, into: board)
    let end = board.run()
    return Result(end: end, hash: board.hash(), cycles: board.processor.state.pointee.cycles)
  }

  @Test(arguments: TimingTable.names, ["hello", "stale", "faults", "crossing"])
  func timings(timing: String, name: String) throws {
    let image = try guest(name).image
    let reference = try run(image, model: "max", timing: timing)
    #expect(reference.end == .guestExit(1))
    for settings in CacheSettings.all {
      let result = try run(image, model: "max", timing: timing, settings)
      #expect(result == reference, "\(settings.testDescription)")
    }
    let unit = try run(image, model: "max", timing: "unit")
    #expect((reference.cycles > unit.cycles) == (timing != "unit"))
  }

  @Test func everyModelRuns() throws {
    let image = try guest("faults").image
    for name in try CPUModel.names() {
      let result = try run(image, model: name, timing: "unit")
      #expect(result.end == .guestExit(1), "\(name)")
      #expect(result.cycles == 7745, "\(name)")
    }
  }

  /// "Processor State After Reset" and "CPUID—CPU Identification": EDX after RESET is leaf 1's EAX, in real-address mode
  /// as in any other; SYSCALL shows in 64-bit mode only.
  @Test(arguments: ["core2_penryn_t9600", "corei7_icelake_u", "max"])
  func firmwareIdentifies(_ name: String) throws {
    var options = BoardOptions()
    options.model = name
    let board = try Board(options) { _ in false }
    var image = [UInt8](repeating: 0xF4, count: 0x1_0000)
    // MOV ESI, EDX; MOV EAX, 80000001h; CPUID; MOV EDI, EDX; MOV EAX, 1; CPUID; HLT
    let code: [UInt8] = [
      0x66, 0x89, 0xD6, 0x66, 0xB8, 0x01, 0x00, 0x00, 0x80, 0x0F, 0xA2, 0x66, 0x89, 0xD7, 0x66, 0xB8, 0x01, 0x00, 0x00,
      0x00, 0x0F, 0xA2, 0xF4,
    ]
    image.replaceSubrange(0xFF00..<0xFF00 + code.count, with: code)
    // JMP FF00h
    image.replaceSubrange(0xFFF0..<0xFFF3, with: [0xE9, 0x0D, 0xFF])
    try ROMImage.load(image, into: board)
    #expect(board.run() == .haltedForEver)
    func register(_ number: Int) -> UInt64 {
      UnsafeRawPointer(board.processor.state).load(fromByteOffset: number * 8, as: UInt64.self)
    }
    let model = board.processor.model
    let version = model.cpuid(leaf: 1, subleaf: 0, CPUIDInputs())
    #expect(register(6) == UInt64(version.eax))
    #expect(register(0) == UInt64(version.eax))
    #expect(register(2) == UInt64(version.edx))
    #expect(register(7) == UInt64(model.cpuid(leaf: 0x8000_0001, subleaf: 0, CPUIDInputs()).edx & ~(1 << 11)))
    #expect(model.has("SYSCALL") && model.has("SEP") && model.has("PSE"))
    #expect(model.has("FSGSBASE") == (name != "core2_penryn_t9600"))
  }

  @Test func namesThatAreNone() {
    var options = BoardOptions()
    options.model = "i486"
    #expect(throws: UnknownName.self) { _ = try Board(options) { _ in false } }
    options.model = "max"
    options.timing = "i486"
    #expect(throws: UnknownName.self) { _ = try Board(options) { _ in false } }
  }
}
