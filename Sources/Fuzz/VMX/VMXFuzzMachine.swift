import CPU
import Layout
import MMU
import VMX

/// What a case with VMX is about.
public enum VMXFuzzKind: String, CaseIterable, Sendable {
  /// A guest in any mode is entered, with code of its mode.
  case guest
  /// Instructions of VMX, and others, in root operation, and then an entry.
  case root
  /// A guest in 64-bit mode executes instructions of VMX, which exit; the hypervisor skips them.
  case nested
}

/// What happened in some cases.
public struct VMXFuzzCounts: Sendable {
  /// VM entries that succeeded.
  public internal(set) var entries = 0
  /// VM exits, by basic exit reason.
  public internal(set) var exits: [UInt32: Int] = [:]
  /// VM entries that failed, by check.
  public internal(set) var failures: [String: Int] = [:]
  /// Processors that ended in the shutdown state, and that met what is not built.
  public internal(set) var shutdowns = 0
  /// What was not built and met, by its text.
  public internal(set) var refusals = 0
}

/// One or two processors that enter guests, in a state made of a case's number; memory is put back afterwards.
final class VMXFuzzMachine: VMXObserver {
  /// Instructions that a processor executes at most, and cycles that it may take.
  static let instructions: UInt64 = 96
  static let cycles: UInt64 = 4_000
  /// Cycles of a turn, where there are two processors.
  static let quantum: UInt64 = 40

  private struct One {
    let processor: Processor
    let unit: VMXUnit
    let state: FuzzState
    let vmcs: VMXFuzzState
  }

  private let memory: FuzzMemory
  private let ports = FuzzMachine.Ports()
  private let processors: [One]
  private let code: FuzzCode
  private(set) var counts = VMXFuzzCounts()

  /// - Throws: when the machine cannot be made.
  init(_ settings: FuzzSettings, strings: ByteStrings, processors count: Int) throws {
    guard let timing = try TimingTable.named("unit"), let model = try CPUModel.named("max") else {
      throw FuzzMachine.NoModel()
    }
    let memory = try FuzzMemory(VMXFuzzTables.write)
    let blocks = BlockCache(memory: memory.memory, limit: settings.blockLimit, arenaSize: 1 << 20)
    let decoder = try Decoder(timing: timing, model: model)
    let capabilities = try VMXCapabilities(model)
    let checks = try EntryChecks(capabilities)
    self.memory = memory
    code = FuzzCode(memory: memory.memory, decoder: decoder, strings: strings)
    var processors: [One] = []
    for number in 0..<count {
      var options = ProcessorOptions(model: model, usesHostPointers: settings.usesHostPointers)
      options.number = UInt32(number)
      options.processorCount = UInt32(count)
      let processor = Processor(
        memory: memory.memory, ports: ports, blocks: blocks, decoder: decoder, timing: timing, options: options)
      guard let unit = VMXUnit(processor, capabilities: capabilities, checks: checks) else {
        throw FuzzMachine.NoModel()
      }
      processor.virtualization = unit
      let place = UInt64(number) << 12
      processors.append(
        One(
          processor: processor, unit: unit, state: FuzzState(processor),
          vmcs: VMXFuzzState(
            memory: memory.memory, capabilities: capabilities, region: VMXFuzzTables.regions + place,
            virtualAPIC: VMXFuzzTables.virtualAPIC + place)))
    }
    self.processors = processors
    for one in processors { one.unit.observer = self }
  }

  /// Runs a case and adds what it left behind to a hash; memory is as before.
  func run(_ number: Int, seed: UInt64, into hasher: inout StateHasher) {
    var random = FuzzRandom(seed: seed, case: number)
    let kind = VMXFuzzKind.allCases[random.below(VMXFuzzKind.allCases.count)]
    for (place, one) in processors.enumerated() { prepare(one, place, kind, &random) }
    if random.once(in: 3) { spoilEPT(&random) }
    var running = Array(processors.indices)
    while !running.isEmpty {
      running.removeAll { place in
        let one = processors[place]
        let now = one.processor.state.pointee.cycles
        let end = processors.count == 1 ? VMXFuzzMachine.cycles : now &+ VMXFuzzMachine.quantum
        let stop = one.processor.run(until: end, instructionLimit: VMXFuzzMachine.instructions)
        note(stop)
        return stop != .deadline || one.processor.state.pointee.cycles >= VMXFuzzMachine.cycles
      }
    }
    for one in processors { one.processor.hash(into: &hasher) }
    hasher.add(UInt64(ports.last))
    memory.putBack(&hasher)
  }

  private func prepare(_ one: One, _ place: Int, _ kind: VMXFuzzKind, _ random: inout FuzzRandom) {
    var (mode, privilege) = FuzzMode.places[random.below(FuzzMode.places.count)]
    if kind != .guest { (mode, privilege) = (.long, 0) }
    // The guest's state is made in the processor, and goes from there to the VMCS.
    ports.last = one.state.prepare(mode, privilege, &random)
    let start = code.put(mode, privilege, &random, favorsVMX: kind != .guest, count: 5)
    let s = one.processor.state
    s.pointee.rip = mode.is16Bit || mode == .real ? start - FuzzTables.code : start
    let needsUnrestricted = s.pointee.cr0 & 0x8000_0001 != 0x8000_0001
    one.vmcs.write(guest: s, one.processor, needsUnrestricted: needsUnrestricted, &random)

    _ = one.state.prepare(.long, 0, &random)
    s.pointee.cr0 = 0x8000_0031
    s.pointee.cr3 = FuzzTables.pml4
    s.pointee.cr4 = 0x2620
    s.pointee.efer = 0x501
    s.rflags = 2
    s.pointee.rip = VMXFuzzTables.program
    s[.rdi] = VMXFuzzTables.pointers + UInt64(place) * 16
    s[.rsi] = VMXFuzzTables.pointers + UInt64(place) * 16 + 8
    s[.rbx] = kind == .root ? code.put(.long, 0, &random, favorsVMX: true, count: 5) : VMXFuzzTables.launch
    one.processor.stateReplaced()
    _ = one.processor.load(msr: 0x3A, 5)
  }

  /// Changes a bit of some EPT entries that the guest is likely to use.
  private func spoilEPT(_ random: inout FuzzRandom) {
    for _ in 0..<1 + random.below(6) {
      let entry =
        random.once(in: 8)
        ? VMXFuzzTables.ept + UInt64(random.below(3)) << 12
        : VMXFuzzTables.ept + 0x3000 + UInt64(random.below(0x60)) * 8
      let address = PhysicalAddress(entry)
      memory.memory.write(address, memory.memory.read(address, as: UInt64.self) ^ 1 << UInt64(random.below(64)))
    }
  }

  private func note(_ stop: Stop) {
    switch stop {
    case .shutdown: counts.shutdowns += 1
    case .refused: counts.refusals += 1
    default: break
    }
  }

  // MARK: VMXObserver

  func entered(_ unit: VMXUnit) { counts.entries += 1 }
  func exited(_ unit: VMXUnit, reason: UInt32, qualification: UInt64) { counts.exits[reason & 0xFFFF, default: 0] += 1 }
  func entryFailed(_ unit: VMXUnit, _ failure: EntryFailure) { counts.failures[failure.check, default: 0] += 1 }
  func executed(_ unit: VMXUnit, _ instruction: VMXInstruction, type: UInt64, low: UInt64, high: UInt64) {}
}
