import CPU
import EPTTLB
import Layout
import MMU

/// Ports that nobody answers, as Unicorn has them.
private final class NoPorts: PortSpace {
  func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 { 0 }
  func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {}
}

/// Our processor, which runs the same cases.
final class EmulatedModes {
  let memory: PhysicalMemory
  private let processor: Processor
  private let gpr: UnsafeMutablePointer<UInt64>
  private var event: UInt8?
  private var entered = ProcessorState.Registers()

  init() throws {
    guard let timing = try TimingTable.named("unit"), let model = try CPUModel.named("max") else {
      throw Missing()
    }
    memory = try PhysicalMemory(size: UInt64(ModeLayout.memory))
    processor = Processor(
      memory: memory, ports: NoPorts(), blocks: BlockCache(memory: memory), decoder: try Decoder(timing: timing),
      timing: timing, options: ProcessorOptions(model: model))
    gpr = UnsafeMutableRawPointer(processor.state).assumingMemoryBound(to: UInt64.self)
    processor.takesEvents = { [unowned self] vector, _ in self.event = vector }
  }

  private struct Missing: Error {}

  /// Runs the way into a scenario's mode.
  ///
  /// - Returns: false when it did not arrive.
  func enter(_ scenario: Scenario) -> Bool {
    scenario.image.withUnsafeBytes { memory.write(PhysicalAddress(0), $0) }
    processor.reset()
    let state = processor.state
    state.pointee.segments.1.base = 0
    state.pointee.segments.1.selector = 0
    state.pointee.rip = UInt64(ModeLayout.prologue)
    state.pointee.cr0 = 0x10
    processor.registersWritten(controls: true)
    let stop = processor.run(
      until: .max, instructionLimit: state.pointee.instructions + UInt64(scenario.prologueCount))
    entered = ProcessorState.Registers(state)
    scenario.withScratch {
      memory.write(
        PhysicalAddress(UInt64(ModeLayout.scratch.lowerBound)), UnsafeRawBufferPointer(start: $0, count: $1))
    }
    return stop == .instructionLimit && state.pointee.rip == scenario.start(0)
  }

  /// Runs a case of the scenario; `out` gets the registers, of which RIP is a linear address unless an event came.
  func run(_ it: ModeCase, _ scenario: Scenario, out: UnsafeMutablePointer<UInt64>) -> ModeEnding {
    let state = processor.state
    let controls = entered.controlsDiffer(state)
    entered.restore(state)
    processor.registersWritten(controls: controls)
    for number in 0..<16 { gpr[number] = it.gpr[number] }
    state.rflags = it.flags
    let start = scenario.start(it.slot)
    let end = start + UInt64(it.code.count)
    state.pointee.rip = start
    event = nil
    let linear = UInt64(ModeLayout.code + it.slot * ModeLayout.slotBytes)
    var stop = Stop.instructionLimit
    var steps = 0
    repeat {
      stop = processor.run(
        until: state.pointee.cycles + 1_000_000, instructionLimit: state.pointee.instructions + 1)
      steps += 1
    } while stop == .instructionLimit && steps < 100
      && (linear..<linear + (end - start)).contains(state.pointee.rip &+ state.pointee.codeBase)
    store(out)
    if let event { return .event(event) }
    switch stop {
    case .instructionLimit, .halted, .waitingForSIPI:
      out[Word.rip] = (state.pointee.rip &+ state.pointee.codeBase) & (state.pointee.codeBase == 0 ? ~0 : 0xFFFF_FFFF)
      return steps < 100 ? .done : .endless
    case .refused(let refusal): return .refused(refusal.description)
    case .deadline: return .endless
    case .shutdown: return .event(8)
    }
  }

  private func store(_ out: UnsafeMutablePointer<UInt64>) {
    let state = processor.state
    out.update(from: gpr, count: 16)
    out[Word.rflags] = state.rflags
    out[Word.rip] = state.pointee.rip
    let segments = state.pointee.segments
    let all = [segments.0, segments.1, segments.2, segments.3, segments.4, segments.5]
    for (number, segment) in all.enumerated() { out[Word.selectors + number] = UInt64(segment.selector) }
    out[Word.cr0] = state.pointee.cr0
    out[Word.cr2] = state.pointee.cr2
    out[Word.cr3] = state.pointee.cr3
    out[Word.cr4] = state.pointee.cr4
    out[Word.gdtBase] = state.pointee.gdtr.base
    out[Word.gdtLimit] = state.pointee.gdtr.limit
    out[Word.idtBase] = state.pointee.idtr.base
    out[Word.idtLimit] = state.pointee.idtr.limit
    out[Word.ldtr] = UInt64(state.pointee.ldtr.selector)
    out[Word.tr] = UInt64(state.pointee.tr.selector)
    let debug = state.pointee.dr
    for (number, value) in [debug.0, debug.1, debug.2, debug.3, debug.6, debug.7].enumerated() {
      out[Word.dr0 + number] = value
    }
    out[Word.fsBase] = segments.4.base
    out[Word.gsBase] = segments.5.base
    out[Word.kernelGSBase] = state.pointee.kernelGSBase
  }
}

extension ProcessorState {
  /// The registers that a case may change, without those of the vector units.
  fileprivate struct Registers {
    private var state: ProcessorState?

    init() {}

    init(_ state: State) { self.state = state.pointee }

    /// Whether a control register or EFER is another one now.
    func controlsDiffer(_ now: State) -> Bool {
      guard let old = state else { return true }
      let now = now.pointee
      return (old.cr0 ^ now.cr0) | (old.cr3 ^ now.cr3) | (old.cr4 ^ now.cr4) | (old.efer ^ now.efer) != 0
    }

    func restore(_ target: State) {
      guard let old = state else { return }
      target.pointee.cr0 = old.cr0
      target.pointee.cr2 = old.cr2
      target.pointee.cr3 = old.cr3
      target.pointee.cr4 = old.cr4
      target.pointee.cr8 = old.cr8
      target.pointee.efer = old.efer
      target.pointee.dr = old.dr
      target.pointee.segments = old.segments
      target.pointee.ldtr = old.ldtr
      target.pointee.tr = old.tr
      target.pointee.gdtr = old.gdtr
      target.pointee.idtr = old.idtr
      target.pointee.kernelGSBase = old.kernelGSBase
      target.pointee.star = old.star
      target.pointee.lstar = old.lstar
      target.pointee.cstar = old.cstar
      target.pointee.fmask = old.fmask
      target.pointee.sysenterCS = old.sysenterCS
      target.pointee.sysenterESP = old.sysenterESP
      target.pointee.sysenterEIP = old.sysenterEIP
      target.pointee.activity = 0
      target.pointee.interruptShadow = 0
    }
  }
}
