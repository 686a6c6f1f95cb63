import CPU
import MMU

/// What lies between the processors and around them: ports, devices, interrupt lines and messages.
///
/// Devices are values; after each access to one, its outputs and the cycle of its next own event are looked at anew.
/// Stops are asked for here and taken by `Board.run`.
final class Chipset {
  /// What the guest or the host's hand on the serial port asked for.
  enum Stop {
    /// The run's condition was met.
    case condition
    /// The guest wrote to port F4h.
    case exit(UInt32)
    /// The guest switched the machine off.
    case powerOff
    /// The guest reset the machine.
    case reset
  }

  /// Cycles in a second.
  let clock: UInt64
  /// Cycles from a processor's APIC to another's.
  private let messageCycles: UInt64
  private(set) var processors: [Processor] = []
  let memory: PhysicalMemory
  /// The processor that runs.
  unowned(unsafe) var running: Processor?
  /// Where its turn ends, whatever nearer deadline it runs to.
  var turnEnd: UInt64 = 0
  /// The turn of one of several processors that was cut off, and where it ends by itself.
  var unfinished: (processor: Int, until: UInt64)?
  var queue = EventQueue()
  /// Latest cycle at which anything was looked at: for devices time does not go back.
  var now: UInt64 = 0
  var stop: Stop?

  var devices: Devices
  /// Who types on the keyboard.
  var typist: Typist
  let videoMemory = VideoMemory()
  /// The VGA's four planes: nothing until they are first written.
  var planes: [UInt8] = []
  let testMemory = DeviceMemory(size: Int(TestDevice.memorySize))
  /// Levels of the interrupt lines, by number.
  var lines: UInt32 = 0
  /// The 8259 pair's INTR.
  var interruptOutput = false
  /// Cycle of the devices' next own event.
  var deviceEvent: UInt64?
  /// Who takes bytes written to a port.
  var taps: [UInt16: (UInt8) -> Void] = [:]
  /// Told of messages between processors.
  var messageObserver: (any MessageObserver)?

  init(
    memory: PhysicalMemory, processors: Int, messageCycles: UInt64, clock: UInt64, boot: FirmwareBoot? = nil,
    typing: [TypedText] = [],
    transmit: @escaping (UInt8, UInt64) -> Bool
  ) {
    self.memory = memory
    self.messageCycles = messageCycles
    self.clock = max(clock, 1)
    typist = Typist(typing, clock: clock)
    devices = Devices(clock: clock, memory: memory, processors: processors, boot: boot)
    devices.com1.transmit = { [unowned self] byte in
      self.typist.transmitted(byte, at: self.now)
      if transmit(byte, self.now) { self.ask(for: .condition) }
    }
    attachMemory()
    eventsChanged()
  }

  /// Connects the processors.
  func attach(_ processors: [Processor]) { self.processors = processors }

  /// Lets them go: each of them holds the chipset.
  func detach() {
    for processor in processors { processor.fabric = nil }
    processors = []
  }

  /// RESET: devices are as after power-up, but for the clock's memory.
  func reset() {
    queue = EventQueue()
    unfinished = nil
    devices.reset()
    memory.setAttributes(devices.pci.attributes)
    testMemory.clear()
    videoMemory.bytes = []
    planes = []
    videoChanged()
    lines = 0
    interruptOutput = false
    eventsChanged()
    refresh()
  }

  /// Controllers, timer and the RAM below 1 MiB as firmware leaves them.
  func leaveFirmware(timerTicks: Bool) {
    shadowFirmware()
    devices.pic.leaveFirmware(mask: timerTicks ? 0xFA : 0xFF)
    if timerTicks {
      for (port, value) in [(0x43, 0x36), (0x40, 0), (0x40, 0)] as [(UInt16, UInt8)] {
        devices.pit.write(port, value, at: now)
      }
      eventsChanged()
    }
    refresh()
  }

  /// RAM from C0000h to FFFFFh, to be read and written.
  func shadowFirmware() {
    devices.pci.attributes = AttributeMap()
    memory.setAttributes(devices.pci.attributes)
  }

  /// A processor's run has stopped: if only a limit of the run has ended its turn, the turn goes on later.
  func noteTurn(of processor: Processor, _ stop: CPU.Stop, end: UInt64) {
    let isCut = stop == .deadline || stop == .instructionLimit
    guard processors.count > 1, isCut, !processor.isStopRequested, processor.state.pointee.cycles < end,
      let number = processors.firstIndex(where: { $0 === processor })
    else { return }
    unfinished = (number, end)
  }

  // MARK: Stops

  /// Asks for an end of the run at the next instruction boundary.
  func ask(for stop: Stop) {
    self.stop = stop
    running?.requestStop()
  }

  func takeStop() -> Stop? {
    defer { stop = nil }
    return stop
  }

  // MARK: Time and events

  /// The time of an access: that of the processor, unless the devices have seen a later one.
  func time(of cycle: UInt64) -> UInt64 {
    now = max(now, cycle)
    return now
  }

  /// Cycle of the next event.
  var nextEvent: UInt64? {
    guard let message = queue.nextCycle else { return deviceEvent }
    return min(message, deviceEvent ?? .max)
  }

  /// Whether a message is on its way.
  var hasMessages: Bool { queue.nextCycle != nil }

  /// Lets happen what is due by a cycle.
  func advance(to cycle: UInt64) {
    let now = time(of: cycle)
    settle(now)
    while let entry = queue.next(by: now) {
      wake(processors[entry.receiver], at: entry.cycle) { $0.receive(entry.message) }
    }
  }

  /// Lets devices do what they do by themselves up to a cycle, one event after the other: none of their edges is lost.
  func settle(_ now: UInt64) {
    while let event = deviceEvent, event <= now {
      devices.advance(to: event)
      while let bytes = typist.next(by: event) { devices.keyboard.type(bytes, at: event) }
      eventsChanged()
      refresh()
    }
  }

  /// Tells a processor something; if that ends its waiting, its clock jumps to the cycle.
  func wake(_ processor: Processor, at cycle: UInt64, _ tell: (Processor) -> Void) {
    let wasReady = processor.isReady
    tell(processor)
    guard !wasReady && processor.isReady else { return }
    processor.wake(at: cycle)
    running?.requestStop()
  }

  /// A device that does things by itself was accessed.
  func eventsChanged() {
    deviceEvent = Devices.earliest(devices.nextEvent, typist.nextEvent)
    if let deviceEvent, let running, deviceEvent < turnEnd { running.requestStop() }
  }

  // MARK: Lines

  /// Brings lines, controllers and processors into agreement with the devices' outputs.
  func refresh() {
    let levels = devices.lines
    var changed = levels ^ lines
    lines = levels
    while changed != 0 {
      let line = changed.trailingZeroBitCount
      changed &= changed - 1
      let isHigh = levels >> UInt32(line) & 1 != 0
      if line < 16 && line != 2 { devices.pic.setLine(line, isHigh) }
      // The timer's line is wired to pin 2, as the tables say.
      if let message = devices.ioapic.setLine(line == 0 ? 2 : line, isHigh) { deliver(message) }
    }
    guard devices.pic.output != interruptOutput else { return }
    interruptOutput = devices.pic.output
    for processor in processors {
      wake(processor, at: now) { $0.setPins(lint0: interruptOutput, lint1: false) }
    }
  }

  // MARK: Messages

  /// A message of the I/O APIC arrives at once.
  func deliver(_ message: InterruptMessage) {
    for receiver in receivers(of: message, from: nil) {
      wake(processors[receiver], at: now) { $0.receive(message) }
    }
  }

  /// Puts a message on its way to other processors.
  func send(_ message: InterruptMessage, to receiver: Int, at cycle: UInt64) {
    queue.add(message, to: receiver, at: cycle &+ messageCycles)
  }

  /// What a hash covers.
  func hash(into hasher: inout StateHasher) {
    queue.hash(into: &hasher)
    devices.hash(into: &hasher)
    typist.hash(into: &hasher)
    testMemory.bytes.withUnsafeBytes { hasher.add($0) }
    planes.withUnsafeBytes { hasher.add($0) }
    if !videoMemory.bytes.isEmpty { videoMemory.bytes.withUnsafeBytes { hasher.add($0) } }
    hasher.add(UInt64(lines) << 1 | (interruptOutput ? 1 : 0))
    if let unfinished { for word in [UInt64(unfinished.processor), unfinished.until] { hasher.add(word) } }
    if case .exit(let code)? = stop { hasher.add(UInt64(code)) }
  }
}
