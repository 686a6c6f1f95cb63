import CPU
import EPTTLB
import MMU

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

  /// Events delivered so far.
  var delivered: UInt64 = 0
  /// Each event ends the run: for steps.
  var pausesAtEvents = false
  /// Stops that the person has set count.
  var heedsStops = true
  /// What stops are set on, with their numbers.
  var awaited: [(stop: Int, kind: EventKind)] = []
  private var watches: [Watch] = []
  /// What has been met since the run began.
  private(set) var reasons: [Reason] = []
  private var isPaused = false
  private var relays: [Relay] = []

  /// Connects the machine's processors.
  func attach(_ processors: [Processor]) {
    for processor in processors {
      let relay = Relay(processor, self)
      relays.append(relay)
      processor.observer = self
      processor.translation.observer = relay
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
    happened("\(invalidation)", to: processor) { $0 == .invalidation }
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
        if watch.level == .linear { linear.insert(page) } else { physical.insert(page) }
        guard page < watch.range.upperBound & ~0xFFF else { break }
        page += 0x1000
      }
    }
    for processor in processors {
      processor.translation.see(pages: linear.sorted(), frames: physical.sorted())
      processor.accessObserver = watches.isEmpty ? nil : self
    }
  }
}

extension MachineEvents: ProcessorObserver {
  func delivered(_ event: DeliveredEvent, to processor: Processor) {
    delivered &+= 1
    if pausesAtEvents { pause(processor) }
    let error = event.error.map { ", error code \(hex(UInt64($0)))" } ?? ""
    happened("vector \(event.vector), \(event.origin.rawValue)\(error), at \(hex(event.rip))", to: processor) {
      if case .exception(let vector) = $0 { return vector == nil || vector == event.vector }
      return false
    }
  }

  func wroteControlRegister(_ number: Int, _ value: UInt64, of processor: Processor) {
    guard number == 0 else { return }
    let old = processor.state.pointee.cr0
    guard (old ^ value) & 0x8000_0001 != 0 else { return }
    happened("MOV to CR0, \(hex(value))", to: processor) { $0 == .mode }
  }
}

extension MachineEvents: AccessObserver {
  func accessed(_ linear: UInt64, bytes: UInt64, isWrite: Bool, by processor: Processor) {
    guard heedsStops else { return }
    let last = linear &+ (bytes &- 1)
    for watch in watches where watch.accesses.contains(isWrite ? .write : .read) {
      let first = watch.level == .linear ? linear : processor.translation.peek(linear)?.value ?? ~0
      let end = watch.level == .linear ? last : first &+ (bytes &- 1)
      guard first <= watch.range.upperBound, end >= watch.range.lowerBound, first <= end else { continue }
      meet(watch.stop, "\(isWrite ? "write" : "read") of \(bytes) bytes at linear \(hex(linear))", processor)
    }
  }
}

/// What a processor's translations go through, with the processor.
private final class Relay: TranslationObserver {
  private unowned let processor: Processor
  private unowned let events: MachineEvents

  init(_ processor: Processor, _ events: MachineEvents) {
    self.processor = processor
    self.events = events
  }

  func filled(_ address: LinearAddress, _ entry: CachedEntry) {}
  func invalidated(_ invalidation: Invalidation) { events.invalidated(invalidation, processor) }
}

/// Lets serial text through, or not: what a replay transmits was seen before.
package final class SerialGate: @unchecked Sendable {
  package internal(set) var isClosed = false
  package init() {}
}
