import CPU
import MMU

/// What lies between the processors and around them: ports, devices, and the messages of interrupts.
///
/// Devices are values; after each access to one, its outputs and the cycle of its next own event are looked at anew.
/// Stops are asked for here and taken by `Board.run`.
final class Chipset {
  /// Cycles in a second.
  let clock: UInt64
  /// Cycles from a processor's APIC to another's.
  private let messageCycles: UInt64
  private(set) var processors: [Processor] = []
  /// The processor that runs.
  weak var running: Processor?
  private var queue = EventQueue()
  /// Latest cycle at which anything was looked at: for devices time does not go back.
  private(set) var now: UInt64 = 0

  private(set) var exitCode: UInt32?
  private var stopRequested = false
  private var com1: SerialPort
  /// Who takes bytes written to a port.
  var taps: [UInt16: @Sendable (UInt8) -> Void] = [:]

  init(messageCycles: UInt64, clock: UInt64, serial: @escaping (UInt8) -> Bool) {
    self.messageCycles = messageCycles
    self.clock = max(clock, 1)
    com1 = SerialPort { _ in }
    com1.transmit = { [unowned self] byte in
      if serial(byte) { self.stop() }
    }
  }

  /// Connects the processors.
  func attach(_ processors: [Processor], _ memory: PhysicalMemory) { self.processors = processors }

  /// Lets them go: each of them holds the chipset.
  func detach() { processors = [] }

  // MARK: Stops

  private func stop() {
    stopRequested = true
    running?.requestStop()
  }

  func takeStopRequest() -> Bool {
    defer { stopRequested = false }
    return stopRequested
  }

  // MARK: Events

  /// Cycle of the next event.
  var nextEvent: UInt64? { queue.nextCycle }

  /// Whether a message is on its way.
  var hasMessages: Bool { queue.nextCycle != nil }

  /// Lets happen what is due by a cycle.
  func advance(to cycle: UInt64) {
    now = max(now, cycle)
    while let entry = queue.next(by: cycle) {
      wake(processors[entry.receiver], at: entry.cycle) { $0.receive(entry.message) }
    }
  }

  /// Tells a processor something; if that ends its waiting, its clock jumps to the cycle.
  func wake(_ processor: Processor, at cycle: UInt64, _ tell: (Processor) -> Void) {
    let wasReady = processor.isReady
    tell(processor)
    if !wasReady && processor.isReady { processor.wake(at: cycle) }
  }

  /// What a hash covers.
  func hash(into hasher: inout StateHasher) {
    queue.hash(into: &hasher)
    for word in com1.words + [UInt64(exitCode ?? 0), exitCode == nil ? 0 : 1] { hasher.add(word) }
  }
}

// MARK: Messages

extension Chipset: InterruptFabric {
  func send(_ message: InterruptMessage, from sender: Processor, at cycle: UInt64) {
    for receiver in receivers(of: message, from: sender) {
      if processors[receiver] === sender {
        sender.receive(message)
      } else {
        queue.add(message, to: receiver, at: cycle &+ messageCycles)
      }
    }
    // What was sent may be the next thing to happen.
    running?.requestStop()
  }

  /// Numbers of the processors that a message is for (SDM Vol. 3, "Lowest Priority Delivery Mode").
  private func receivers(of message: InterruptMessage, from sender: Processor?) -> [Int] {
    let matching = processors.indices.filter { index in
      let processor = processors[index]
      switch message.destination {
      case .sender: return processor === sender
      case .everybodyElse where processor === sender: return false
      default: return processor.apic.matches(message)
      }
    }
    guard message.deliveryMode == .lowestPriority else { return matching }
    let accepting = matching.filter { processors[$0].apic.isSoftwareEnabled }
    let lowest = accepting.min { processors[$0].apic.processorPriority < processors[$1].apic.processorPriority }
    return lowest.map { [$0] } ?? []
  }

  func acknowledgeExternal(at cycle: UInt64) -> UInt8 { 0xFF }

  func endOfInterrupt(_ vector: UInt8, at cycle: UInt64) {}
}

// MARK: Ports

extension Chipset: PortSpace {
  /// A wider access to byte registers is that many byte accesses at consecutive ports.
  func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 {
    var value: UInt32 = 0
    for offset in 0..<UInt16(size) {
      let port = port &+ offset
      let byte: UInt8 = (0x3F8...0x3FF).contains(port) ? com1.read(port - 0x3F8) : 0xFF
      value |= UInt32(byte) << UInt32(8 * offset)
    }
    return value
  }

  func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {
    if port == 0xF4 {
      exitCode = value & (size == 4 ? .max : (1 << UInt32(8 * size)) - 1)
      running?.requestStop()
      return
    }
    for offset in 0..<UInt16(size) {
      let port = port &+ offset
      taps[port]?(UInt8(truncatingIfNeeded: value >> UInt32(8 * offset)))
      if (0x3F8...0x3FF).contains(port) {
        com1.write(port - 0x3F8, UInt8(truncatingIfNeeded: value >> UInt32(8 * offset)))
      }
    }
  }
}
