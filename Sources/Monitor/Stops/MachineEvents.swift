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
    /// VM exits by processor and basic reason; of failed entries with bit 31.
    var exits: [Exit: UInt64] = [:]
    /// VM entries by processor.
    var entries: [Int: UInt64] = [:]
  }

  /// A kind of VM exit of a processor.
  struct Exit: Hashable, Comparable {
    let processor: Int
    let reason: UInt32

    static func < (a: Exit, b: Exit) -> Bool { (a.processor, a.reason) < (b.processor, b.reason) }
  }

  /// Since the machine was started.
  var counts = Counts()
  /// Each event ends the run: for steps.
  var pausesAtEvents = false
  /// Stops that the person has set count.
  var heedsStops = true
  /// What stops are set on, with their numbers.
  var awaited: [(stop: Int, kind: EventKind)] = []
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
    trace(.inv, processor) { invalidation.text { hex($0) } }
    happened(invalidation.text { hex($0) }, to: processor) { $0 == .invalidation }
  }

  func exited(_ reason: UInt32, _ qualification: UInt64, _ processor: Processor) {
    counts.events &+= 1
    let number = processor.translation.processorNumber
    counts.exits[Exit(processor: number, reason: reason & 0x8000_FFFF), default: 0] += 1
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
    counts.entries[processor.translation.processorNumber, default: 0] += 1
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
