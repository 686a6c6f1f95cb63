import CPU
import EPTTLB
import MMU
import Monitor

/// `--trace`: what processors do, an event a line, in a text file (docs/TRACE.md).
///
/// It looks at the machine between instructions and is told of events; it changes nothing.
final class Trace {
  /// What of a run is traced.
  struct Window {
    /// Nothing is before this cycle.
    var from: UInt64 = 0
    /// So many instructions are; nil: all.
    var count: UInt64?
  }

  private let output: TextOutput
  private let from: UInt64
  private var left: UInt64
  private var disassemblers = Disassemblers()
  /// The instruction that is about to run or running.
  private var pending: Pending?
  /// What happened during it: written behind it.
  private var effects: [String] = []
  private var isStepping = false

  /// An instruction before it has run.
  private struct Pending {
    let cycle: UInt64
    let instructions: UInt64
    let address: UInt64
    let bytes: [UInt8]
    let bits: Int
    var registers: RegisterSnapshot
    var isWritten = false
  }

  /// - Parameter path: the file.
  init(_ path: String, _ window: Window) throws {
    output = try TextOutput(path, option: "--trace")
    from = window.from
    left = window.count ?? .max
    output.line("# shootdown trace 1")
  }

  /// Connects the machine's processors.
  func attach(_ processors: [Processor]) {
    for processor in processors {
      let observer = ProcessorTrace(processor, self)
      processor.observer = observer
      processor.translation.observer = observer
    }
  }

  /// The cycle from which instructions are wanted, while they are.
  var stepsFrom: UInt64? { left > 0 ? from : nil }

  /// Writes what is left; false when something could not be written.
  func finish() -> Bool {
    output.flush()
    return !output.hasFailed
  }

  // MARK: Instructions

  func willStep(_ processor: Processor) {
    isStepping = true
    pending = look(processor)
  }

  func didStep(_ processor: Processor) {
    if let pending, !pending.isWritten, processor.state.pointee.instructions != pending.instructions {
      write(pending, processor)
    }
    flushEffects()
    pending = nil
    isStepping = false
  }

  private func look(_ processor: Processor) -> Pending {
    let state = processor.state.pointee
    let bits = state.mode & 2 != 0 ? 64 : state.mode & 1 != 0 ? 32 : 16
    let address = bits == 64 ? state.rip : (state.codeBase &+ state.rip) & 0xFFFF_FFFF
    return Pending(
      cycle: state.cycles, instructions: state.instructions, address: address,
      bytes: processor.peek(address, count: 15), bits: bits, registers: RegisterSnapshot(processor))
  }

  /// An instruction has retired: its line, and what it has changed.
  private func write(_ instruction: Pending, _ processor: Processor) {
    let (text, length) = disassemblers.text(instruction.bytes, at: instruction.address, bits: instruction.bits)
    let now = RegisterSnapshot(processor)
    let changes = now.changes(since: instruction.registers)
    let hex = instruction.bytes.prefix(length).map { Hexadecimal.text(UInt64($0), digits: 2) }.joined()
    line(
      instruction.cycle, Trace.number(processor), "insn", Hexadecimal.text(instruction.address), hex, text,
      changes.isEmpty ? nil : "; " + changes)
    pending?.isWritten = true
    pending?.registers = now
    flushEffects()
    if left != .max { left -= 1 }
  }

  private func flushEffects() {
    for effect in effects { output.line(effect) }
    effects.removeAll(keepingCapacity: true)
  }

  // MARK: Events

  func delivered(_ event: DeliveredEvent, to processor: Processor) {
    let cycle = processor.state.pointee.cycles
    guard cycle >= from else { return }
    // INT n has retired when its event is delivered; what faults has not.
    if let pending, !pending.isWritten, processor.state.pointee.instructions != pending.instructions {
      write(pending, processor)
    }
    flushEffects()
    var words = [event.origin.rawValue, "vector", "\(event.vector)"]
    if let name = Trace.vectors[event.vector] { words.append(name) }
    if let error = event.error { words += ["error", Hexadecimal.text(UInt64(error))] }
    if event.vector == 14 { words += ["CR2", Hexadecimal.text(processor.state.pointee.cr2)] }
    words += ["at", Hexadecimal.text(event.rip)]
    words += event.handler.map { ["to", Hexadecimal.text($0)] } ?? ["not delivered"]
    var changes: String?
    if isStepping, let old = pending?.registers {
      let text = RegisterSnapshot(processor).changes(since: old)
      if !text.isEmpty { changes = "; " + text }
    }
    line(cycle, Trace.number(processor), "event", words.joined(separator: " "), changes)
    // The next instruction is the handler's.
    if isStepping { pending = look(processor) }
  }

  func wroteControlRegister(_ number: Int, _ value: UInt64, _ processor: Processor) {
    effect(processor, "cr", "CR\(number)", Hexadecimal.text(value))
  }

  func filled(_ address: LinearAddress, _ entry: CachedEntry, _ processor: Processor) {
    guard isStepping else { return }
    let rights =
      "r" + (entry.rights.contains(.write) ? "w" : "-") + (entry.rights.contains(.execute) ? "x" : "-")
      + (entry.rights.contains(.user) ? "u" : "s")
    effect(
      processor, "fill", Hexadecimal.text(address.value), "to", Hexadecimal.text(entry.physical(address.value)),
      PageSize.text(shift: entry.shift), rights + (entry.isDirty ? " dirty" : "") + (entry.isGlobal ? " global" : ""),
      "pcid \(entry.tag.pcid)")
  }

  func invalidated(_ invalidation: Invalidation, _ processor: Processor) {
    guard isStepping else { return }
    let text =
      switch invalidation {
      case .page(let address): "page \(Hexadecimal.text(address))"
      case .root(let root, let pcid): "root \(Hexadecimal.text(root)) pcid \(pcid)"
      case .contexts(.address(let address, let pcid)): "page \(Hexadecimal.text(address)) pcid \(pcid)"
      case .contexts(.context(let pcid)): "pcid \(pcid)"
      case .contexts(.allWithGlobal): "all with global"
      case .contexts(.all): "all but global"
      case .mode: "paging mode"
      case .smep: "SMEP"
      case .memoryTypes: "memory types"
      case .vmx(let what): Trace.text(what)
      case .failedINVEPT(let descriptor): "nothing: INVEPT of \(Hexadecimal.text(descriptor)) failed"
      case .failedINVVPID(let descriptor): "nothing: INVVPID of \(Hexadecimal.text(descriptor)) failed"
      }
    effect(processor, "inval", text)
  }

  private static func text(_ what: Translation.VMXInvalidation) -> String {
    switch what {
    case .transition(let isVPIDEnabled): isVPIDEnabled ? "transition with VPID" : "transition without VPID"
    case .ept(let tag): "ept \(Hexadecimal.text(tag))"
    case .everyEPT: "every ept"
    case .address(let address, let vpid): "page \(Hexadecimal.text(address)) vpid \(vpid)"
    case .vpid(let vpid): "vpid \(vpid)"
    case .everyVPID: "every vpid"
    case .vpidButGlobal(let vpid): "vpid \(vpid) but global"
    }
  }

  /// Something that an instruction does: its line goes first.
  private func effect(_ processor: Processor, _ words: String...) {
    let cycle = processor.state.pointee.cycles
    guard cycle >= from else { return }
    let text = "\(cycle) cpu\(Trace.number(processor)) \(words.joined(separator: " "))"
    if isStepping { effects.append(text) } else { output.line(text) }
  }

  private func line(_ cycle: UInt64, _ number: Int, _ words: String?...) {
    output.line("\(cycle) cpu\(number) \(words.compactMap(\.self).joined(separator: " "))")
  }

  private static func number(_ processor: Processor) -> Int { processor.translation.processorNumber }

  /// Mnemonics of vectors (SDM Vol. 3, "Exception and Interrupt Vectors").
  private static let vectors: [UInt8: String] = [
    0: "#DE", 1: "#DB", 2: "NMI", 3: "#BP", 4: "#OF", 5: "#BR", 6: "#UD", 7: "#NM", 8: "#DF", 10: "#TS", 11: "#NP",
    12: "#SS", 13: "#GP", 14: "#PF", 16: "#MF", 17: "#AC", 18: "#MC", 19: "#XM", 20: "#VE", 21: "#CP",
  ]
}

/// What one processor tells the trace.
private final class ProcessorTrace: ProcessorObserver, TranslationObserver {
  private unowned let processor: Processor
  private let trace: Trace

  init(_ processor: Processor, _ trace: Trace) {
    self.processor = processor
    self.trace = trace
  }

  func delivered(_ event: DeliveredEvent, to processor: Processor) { trace.delivered(event, to: processor) }
  func wroteControlRegister(_ number: Int, _ value: UInt64, of processor: Processor) {
    trace.wroteControlRegister(number, value, processor)
  }
  func filled(_ address: LinearAddress, _ entry: UnsafePointer<CachedEntry>) {
    trace.filled(address, entry.pointee, processor)
  }
  func invalidated(_ invalidation: Invalidation) { trace.invalidated(invalidation, processor) }
}

/// Capstone by the size of code, opened when it is wanted.
private struct Disassemblers {
  private final class One {
    let disassembler: Disassembler?
    init(bits: Int) { disassembler = Disassembler(bits: bits) }
  }
  private var known: [Int: One] = [:]

  /// An instruction's text and length; bytes that Capstone does not know are one each.
  mutating func text(_ bytes: [UInt8], at address: UInt64, bits: Int) -> (String, Int) {
    let one = known[bits] ?? One(bits: bits)
    known[bits] = one
    return one.disassembler?.first(bytes, at: address).map { ($0.text, $0.length) } ?? (
      "(unknown)", min(1, bytes.count)
    )
  }
}
