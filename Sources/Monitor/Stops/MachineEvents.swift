import CPU
import EPTTLB
import MMU
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
  private var watches: [Watch] = []
  /// What is traced, and where to.
  var tracer: Tracer?
  /// What has been met since the run began.
  private(set) var reasons: [Reason] = []
  /// The person sees what happens: this is no replay.
  var isTold = true
  private var isPaused = false
  /// As long-lived as the processors that they are attached to.
  private var relays: [Relay] = []

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

  private func meet(_ stop: Int, _ text: String, _ processor: Processor) {
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
  fileprivate func invalidated(_ invalidation: Invalidation, _ processor: Processor) {
    // With VPIDs, entries and exits drop nothing.
    if case .vmx(.transition(isVPIDEnabled: true)) = invalidation { return }
    trace(.inv, processor) { InvalidationText.text(invalidation) }
    happened(InvalidationText.text(invalidation), to: processor) { $0 == .invalidation }
  }

  fileprivate func exited(_ reason: UInt32, _ qualification: UInt64, _ processor: Processor) {
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

  fileprivate func usedStale(_ use: StaleUse, _ processor: Processor) {
    happened(StaleUseText.text(use), to: processor) { $0 == .staleUse }
  }

  fileprivate func entered(_ processor: Processor) {
    counts.entries[processor.translation.processorNumber, default: 0] += 1
  }

  fileprivate func entryFailed(_ failure: EntryFailure, _ processor: Processor) {
    happened(failure.description, to: processor) { $0 == .entryFailure }
  }

  // MARK: Memory

  /// Has accesses to memory seen, and no others.
  func watch(_ watches: [Watch], _ processors: [Processor]) {
    self.watches = watches
    var linear: Set<UInt64> = []
    var physical: Set<UInt64> = []
    for watch in watches {
      var page = watch.range.lowerBound & ~0xFFF
      while true {
        switch watch.level {
        case .linear: linear.insert(page)
        case .physical: physical.insert(page)
        case .guestPhysical:
          // Where EPT leads now; a page that EPT moves later is not followed.
          for processor in processors {
            if let frame = processor.physical(ofGuest: page) { physical.insert(frame & ~0xFFF) }
          }
        }
        guard page < watch.range.upperBound & ~0xFFF else { break }
        page += 0x1000
      }
    }
    for processor in processors {
      let isTraced = tracer?.kinds.contains(.mem) == true
      processor.translation.see(pages: linear.sorted(), frames: physical.sorted(), isEverything: isTraced)
      processor.accessObserver = watches.isEmpty && !isTraced ? nil : self
    }
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
    trace(.insn, processor) { "MOV to CR\(number) \(hex(value))" }
    guard number == 0 else { return }
    let old = processor.state.pointee.cr0
    guard (old ^ value) & 0x8000_0001 != 0 else { return }
    happened("MOV to CR0, \(hex(value))", to: processor) { $0 == .mode }
  }
}

extension MachineEvents: AccessObserver {
  func accessed(_ linear: UInt64, bytes: UInt64, isWrite: Bool, by processor: Processor) {
    trace(.mem, processor) { "\(isWrite ? "write" : "read") \(bytes) bytes at \(hex(linear))" }
    guard heedsStops else { return }
    let last = linear &+ (bytes &- 1)
    for watch in watches where watch.accesses.contains(isWrite ? .write : .read) {
      let first: UInt64
      switch watch.level {
      case .linear: first = linear
      case .physical: first = processor.physical(of: linear)?.value ?? ~0
      case .guestPhysical: first = processor.guestPhysical(of: linear) ?? ~0
      }
      let end = watch.level == .linear ? last : first &+ (bytes &- 1)
      guard first <= watch.range.upperBound, end >= watch.range.lowerBound, first <= end else { continue }
      meet(watch.stop, "\(isWrite ? "write" : "read") of \(bytes) bytes at linear \(hex(linear))", processor)
    }
  }
}

/// What a processor's translations go through, with the processor.
private final class Relay: TranslationObserver, VMXObserver, StaleUseObserver {
  private unowned let processor: Processor
  private unowned let events: MachineEvents

  init(_ processor: Processor, _ events: MachineEvents) {
    self.processor = processor
    self.events = events
  }

  func filled(_ address: LinearAddress, _ entry: CachedEntry) {
    events.trace(.tlb, processor) { "\(entry.kind) \(hex(address.value)) -> \(hex(entry.physical(address.value)))" }
  }
  func staleMappingUsed(_ use: StaleUse) { events.usedStale(use, processor) }
  func invalidated(_ invalidation: Invalidation) { events.invalidated(invalidation, processor) }
  func entered(_ unit: VMXUnit) { events.entered(processor) }
  func exited(_ unit: VMXUnit, reason: UInt32, qualification: UInt64) {
    events.exited(reason, qualification, processor)
  }
  func entryFailed(_ unit: VMXUnit, _ failure: EntryFailure) { events.entryFailed(failure, processor) }
  func executed(_ unit: VMXUnit, _ instruction: VMXInstruction, type: UInt64, low: UInt64, high: UInt64) {}
}

/// Lets serial text through, or not: what a replay transmits was seen before.
package final class SerialGate: @unchecked Sendable {
  package internal(set) var isClosed = false
  package init() {}
}
