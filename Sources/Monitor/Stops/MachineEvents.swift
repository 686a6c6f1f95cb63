import CPU
import EPTTLB
import MMU
import Races
import VMX

/// Sees what happens in the machine, counts it, and has runs end where the person wants to look. It changes nothing.
final class MachineEvents {
  /// Why a run has stopped.
  struct Reason {
    let processor: Int
    /// The stop that it is of.
    let stop: Int
    let text: String
  }

  /// Memory that is watched.
  struct Watch {
    let stop: Int
    let accesses: StopPoint.Accesses
    let level: Expression.Level
    let range: ClosedRange<UInt64>
  }

  /// What is counted: it goes back with the machine.
  struct Counts {
    /// Events delivered.
    var events: UInt64 = 0
    /// VM exits, 256 places a processor: by basic reason, and from 128 on those of entries that failed.
    private var exits: [UInt64] = []
    /// VM entries by processor.
    private(set) var entries: [UInt64] = []

    /// Room for some processors.
    init(processors: Int) {
      exits = Array(repeating: 0, count: processors << 8)
      entries = Array(repeating: 0, count: processors)
    }

    mutating func entered(_ processor: Int) { entries[processor] &+= 1 }

    mutating func exited(_ processor: Int, _ reason: UInt32) {
      exits[processor << 8 | Int(reason >> 31) << 7 | Int(reason & 0x7F)] &+= 1
    }

    /// A processor's exits, by basic reason; of failed entries with bit 31.
    func exits(of processor: Int) -> [(reason: UInt32, count: UInt64)] {
      exits[processor << 8..<(processor + 1) << 8].enumerated().filter { $0.element > 0 }
        .map { (UInt32($0.offset & 0x7F) | UInt32($0.offset >> 7) << 31, $0.element) }
    }
  }

  /// Since the machine was started.
  var counts = Counts(processors: 0)
  /// Each event ends the run: for steps.
  var pausesAtEvents = false
  /// Stops that the person has set count.
  var heedsStops = true {
    didSet { if heedsStops != oldValue { countNoUses() } }
  }
  /// What stops are set on, with their numbers.
  var awaited: [(stop: Int, kind: EventKind)] = [] {
    didSet { countNoUses() }
  }
  var watches: [Watch] = []
  /// Guest-physical pages that are watched, and the linear and physical ones with the frames that those have had.
  var guestPages: Set<UInt64> = []
  var seenLinear: Set<UInt64> = []
  var seenFrames: Set<UInt64> = []
  /// What is traced, and where to.
  var tracer: Tracer?
  /// What has been met since the run began.
  private(set) var reasons: [Reason] = []
  /// The person sees what happens: this is no replay.
  var isTold = true
  private var isPaused = false
  /// As long-lived as the processors that they are attached to.
  var relays: [Relay] = []

  /// Connects the machine's processors.
  func attach(_ processors: [Processor]) {
    counts = Counts(processors: processors.count)
    for processor in processors {
      let relay = Relay(processor, self)
      relays.append(relay)
      processor.observer = self
      processor.translation.observer = relay
      processor.vmx?.observer = relay
      processor.translation.staleUseObserver = relay
    }
  }

  /// Listens to an oracle that has taken the place of the processors' observers, and passes on to it what was told here
  /// first.
  func listen(to oracle: Oracle) {
    for relay in relays { relay.passUses(to: oracle) }
    oracle.graded = { [unowned self] use, verdict in graded(use, verdict) }
  }

  /// The machine is at another moment.
  func moved() { for relay in relays { relay.noteMode() } }

  /// Whether a processor was paused; takes it back.
  func takePause() -> Bool {
    defer { isPaused = false }
    return isPaused
  }

  /// What has been met since it was asked last.
  func takeReasons() -> [Reason] {
    defer { reasons.removeAll() }
    return reasons
  }

  /// Ends the run at the next instruction boundary.
  private func pause(_ processor: Processor) {
    isPaused = true
    processor.pause()
  }

  func meet(_ stop: Int, _ text: String, _ processor: Processor) {
    let number = processor.translation.processorNumber
    guard !reasons.contains(where: { $0.stop == stop && $0.processor == number }) else { return }
    reasons.append(Reason(processor: number, stop: stop, text: text))
    pause(processor)
  }

  // MARK: Events

  private func happened(_ text: @autoclosure () -> String, to processor: Processor, _ isMeant: (EventKind) -> Bool) {
    guard heedsStops, !awaited.isEmpty else { return }
    for (stop, kind) in awaited where isMeant(kind) { meet(stop, text(), processor) }
  }

  /// Translations were invalidated.
  func invalidated(_ invalidation: Invalidation, _ processor: Processor) {
    // With VPIDs, entries and exits drop nothing.
    if case .vmx(.transition(isVPIDEnabled: true)) = invalidation { return }
    let text = {
      let text = invalidation.text { hex($0) }
      switch invalidation {
      case .failedINVEPT, .failedINVVPID: return text + ", which failed"
      default: return text
      }
    }
    trace(.inv, processor, text)
    happened(text(), to: processor) { $0 == .invalidation }
  }

  func exited(_ reason: UInt32, _ qualification: UInt64, _ processor: Processor) {
    counts.events &+= 1
    let number = processor.translation.processorNumber
    counts.exited(number, reason)
    trace(.exit, processor) { "\(ExitText.name(reason)), qualification \(hex(qualification))" }
    if pausesAtEvents { pause(processor) }
    happened("VM exit \(ExitText.name(reason)), qualification \(hex(qualification))", to: processor) {
      if case .exit(let wanted) = $0 { return wanted == nil || wanted == reason & 0xFFFF }
      return false
    }
  }

  func usedStale(_ use: StaleUse, _ processor: Processor) {
    happened(StaleUseText.text(use), to: processor) { $0 == .staleUse }
  }

  /// Uses of stale mappings that were only counted until now are told of, if only once.
  private func countNoUses() {
    for relay in relays { relay.processor.translation.forgetStaleRead() }
  }

  /// Uses of stale mappings are waited for, each of them.
  var awaitsUses: Bool {
    heedsStops
      && awaited.contains {
        switch $0.kind {
        case .staleUse, .verdict: true
        default: false
        }
      }
  }

  private func graded(_ use: StaleUse, _ verdict: Verdict) {
    guard relays.indices.contains(use.processor) else { return }
    happened("\(verdict.rawValue): \(StaleUseText.text(use))", to: relays[use.processor].processor) {
      if case .verdict(let wanted) = $0 { return wanted.map { $0 == verdict } ?? (verdict > .pending) }
      return false
    }
  }

  /// The mode is another than it was.
  func changedMode(_ mode: String, _ processor: Processor) {
    happened("the mode is \(mode)", to: processor) { $0 == .mode }
  }

  func entered(_ processor: Processor) {
    counts.entered(processor.translation.processorNumber)
  }

  func entryFailed(_ failure: EntryFailure, _ processor: Processor) {
    happened(failure.description, to: processor) { $0 == .entryFailure }
  }
}

extension MachineEvents: ProcessorObserver {
  func accessedPort(_ port: UInt16, bytes: UInt64, by processor: Processor) {
    happened("port \(hex(UInt64(port))), \(bytes) bytes", to: processor) {
      if case .port(let wanted) = $0 { return wanted == nil || wanted == port }
      return false
    }
  }

  func accessedModelSpecific(_ index: UInt32, isWrite: Bool, by processor: Processor) {
    happened("\(isWrite ? "WRMSR" : "RDMSR") of \(hex(UInt64(index)))", to: processor) {
      if case .modelSpecific(let wanted) = $0 { return wanted == nil || wanted == index }
      return false
    }
  }

  func delivered(_ event: DeliveredEvent, to processor: Processor) {
    counts.events &+= 1
    if pausesAtEvents { pause(processor) }
    let error = event.error.map { ", error code \(hex(UInt64($0)))" } ?? ""
    trace(.event, processor) { "vector \(event.vector), \(event.origin.rawValue)\(error), at \(hex(event.rip))" }
    happened("vector \(event.vector), \(event.origin.rawValue)\(error), at \(hex(event.rip))", to: processor) {
      if case .exception(let vector) = $0 { return vector == nil || vector == event.vector }
      return false
    }
  }

  func wroteControlRegister(_ number: Int, _ value: UInt64, of processor: Processor) {
    trace(.insn, processor) { "CR\(number) = \(hex(value))" }
    let relay = processor.translation.processorNumber
    if relays.indices.contains(relay) { relays[relay].lookAtMode() }
  }
}
