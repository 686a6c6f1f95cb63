import Layout
import MMU

// What comes from outside and is looked at between instructions (SDM Vol. 3, "Priority Among Concurrent Events",
// "Nonmaskable Interrupt (NMI)", "Maskable Hardware Interrupts", "MP Initialization Protocol").

/// Signals that wait for the processor.
package struct Signals: OptionSet, Sendable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
  package static let nonMaskable = Signals(rawValue: 1)
  package static let initialize = Signals(rawValue: 2)
  /// The page lies in `startUpPage`.
  package static let startUp = Signals(rawValue: 4)
  /// An ExtINT message: the 8259 pair has the vector.
  package static let external = Signals(rawValue: 8)
}

extension Processor {
  // MARK: What arrives

  /// Accepts a message that is for this processor.
  public func receive(_ message: InterruptMessage) {
    switch message.deliveryMode {
    case .fixed, .lowestPriority: apic.accept(message.vector, isLevel: message.isLevel)
    case .nonMaskable: signals.insert(.nonMaskable)
    case .initialize:
      signals.remove(.startUp)
      signals.insert(.initialize)
    case .startUp:
      guard state.pointee.activity == Activity.waitForSIPI || signals.contains(.initialize) else { return }
      startUpPage = message.vector
      signals.insert(.startUp)
    case .external: signals.insert(.external)
    case .systemManagement, .reserved: break
    }
    interruptsChanged()
  }

  /// The levels of LINT0, which is the 8259 pair's INTR on a PC, and of LINT1, which is NMI.
  public func setPins(lint0: Bool, lint1: Bool) {
    guard apic.pins != (lint0, lint1) else { return }
    apic.setPin(LocalAPIC.LocalVector.lint0.rawValue, lint0)
    apic.setPin(LocalAPIC.LocalVector.lint1.rawValue, lint1)
    interruptsChanged()
  }

  /// Cycle at which the APIC's timer next runs down; nil when it stands.
  public var nextTimerEvent: UInt64? {
    let own = apic.timer.nextEvent(timeStampOffset: state.pointee.tscOffset)
    guard isGuest, state.pointee.activity != Activity.active, let other = virtualization?.timerDeadline,
      other > state.pointee.cycles
    else {
      return own
    }
    return min(own ?? .max, other)
  }

  /// Tells the APIC's timer how far the clock has come.
  public func advanceTimer(to cycle: UInt64) {
    guard let next = nextTimerEvent, next <= cycle else { return }
    if isGuest, let timer = virtualization?.timerDeadline, timer <= cycle { wake(at: timer) }
    apic.advance(to: cycle, timeStampOffset: state.pointee.tscOffset)
    interruptsChanged()
  }

  /// Works out anew whether the run loop has anything to look at; to be called by whatever changes the APIC or signals.
  package func interruptsChanged() {
    noteInterrupts()
    if isAttentionWanted { requestStop() }
  }

  func noteInterrupts() {
    if apic.wantsNonMaskable {
      apic.wantsNonMaskable = false
      signals.insert(.nonMaskable)
    }
    isAttentionWanted =
      !signals.isEmpty || isMaskableWanted || isGuest && extensions { $0.isAttentionWanted } == true
  }

  // MARK: What is taken

  package var isMaskableWanted: Bool {
    apic.deliverable != nil || apic.passesExternal || signals.contains(.external)
  }

  /// Whether the processor runs, or something waits that ends its waiting.
  public var isReady: Bool {
    if isGuest, state.pointee.activity != Activity.active, virtualization?.endsWaiting == true { return true }
    let wakesAlways = signals.contains(.initialize) || pendingDebug != 0
    let wakesByNonMaskable = signals.contains(.nonMaskable) && !blocksNonMaskable
    switch state.pointee.activity {
    case Activity.active: return true
    case Activity.halted:
      return wakesAlways || wakesByNonMaskable
        || state.pointee.rflags & FlagBit.interrupt != 0 && isMaskableWanted
    case Activity.waitForSIPI: return wakesAlways || signals.contains(.startUp)
    default: return wakesAlways || wakesByNonMaskable
    }
  }

  /// Whether nothing but a signal, which no timer or device line can be, ends the processor's waiting.
  public var isDeafToInterrupts: Bool {
    state.pointee.activity != Activity.active
      && !(state.pointee.activity == Activity.halted && state.pointee.rflags & FlagBit.interrupt != 0)
  }

  /// The clock of a processor that waits jumps to the event that ends its waiting.
  public func wake(at cycle: UInt64) {
    if state.pointee.activity != Activity.active { state.pointee.cycles = max(state.pointee.cycles, cycle) }
  }

  /// Takes what may be taken at this boundary, one event.
  ///
  /// - Returns: whether one was.
  func takeEvent() -> Bool {
    if isGuest, let virtualization { return virtualization.takeEvent() }
    let s = state
    if signals.contains(.initialize), virtualization?.blocksInit != true {
      signals.remove(.initialize)
      initialize()
      return true
    }
    if signals.contains(.startUp), s.pointee.activity == Activity.waitForSIPI {
      signals.remove(.startUp)
      startUp(page: startUpPage)
      return true
    }
    // STI holds them off too, as processors do ("Nonmaskable Interrupt (NMI)" leaves it open).
    if signals.contains(.nonMaskable), !blocksNonMaskable, s.pointee.interruptShadow == 0 {
      signals.remove(.nonMaskable)
      blocksNonMaskable = true
      deliverExternal(Vector.nonMaskable.rawValue)
      return true
    }
    guard s.pointee.rflags & FlagBit.interrupt != 0, s.pointee.interruptShadow == 0,
      s.pointee.activity <= Activity.halted, let vector = acknowledge()
    else { return false }
    deliverExternal(vector)
    return true
  }

  package func acknowledge() -> UInt8? {
    defer { noteInterrupts() }
    if let vector = apic.acknowledge() { return vector }
    guard apic.passesExternal || signals.contains(.external) else { return nil }
    signals.remove(.external)
    return fabric?.acknowledgeExternal(at: state.pointee.cycles)
  }

  package func deliverExternal(_ vector: UInt8) {
    state.pointee.activity = Activity.active
    isFault = false
    deliver(vector: vector, error: nil, source: .external)
    state.pointee.exit = UInt32(ExitNone)
    noteInterrupts()
  }

  /// INIT: the processor waits for SIPI; the bootstrap processor starts over (SDM Vol. 3, "MP Initialization Protocol
  /// Algorithm for MP Systems", "Processor State After Reset").
  package func initialize() {
    let caching = state.pointee.cr0 & (CR0.cacheDisable | CR0.notWriteThrough)
    resetRegisters()
    state.pointee.cr0 = state.pointee.cr0 & ~(CR0.cacheDisable | CR0.notWriteThrough) | caching
    apic.initialize()
    virtualization?.reset()
    dropEverything()
    if !isBootstrap { state.pointee.activity = Activity.waitForSIPI }
    interruptsChanged()
  }

  package func startUp(page: UInt8) {
    let s = state
    s.segment(.cs).pointee.selector = UInt16(page) << 8
    s.segment(.cs).pointee.base = UInt64(page) << 12
    s.pointee.rip = 0
    s.pointee.activity = Activity.active
    contextChanged()
  }

  /// IA32_APIC_BASE says that it is the bootstrap processor.
  public var isBootstrap: Bool { apic.base & 1 << 8 != 0 }

  /// What firmware does to every processor but the bootstrap processor: it waits for SIPI.
  public func waitForStartUp() { state.pointee.activity = Activity.waitForSIPI }

  /// What firmware leaves in the bootstrap processor's APIC: the 8259 pair on LINT0, NMI on LINT1 ("virtual wire").
  public func connectVirtualWire() {
    apic.localVectors[LocalAPIC.LocalVector.lint0.rawValue] = 0x700
    apic.localVectors[LocalAPIC.LocalVector.lint1.rawValue] = 0x400
  }

  // MARK: Registers

  /// IA32_APIC_BASE was loaded: the page of the registers is there in xAPIC mode only.
  func apicMoved() {
    translation.hiddenPage = apic.mode == .xAPIC ? apic.base & 0x000F_FFFF_FFFF_F000 : ~0
    interruptsChanged()
  }

  /// Task priority as CR8 shows it ("Interaction of Task Priorities between CR8 and APIC").
  var taskPriority: UInt64 {
    get {
      if isGuest, let own = virtualization?.virtualTaskPriority { return own }
      return UInt64(apic.taskPriority >> 4)
    }
    set {
      if isGuest, let virtualization, virtualization.virtualTaskPriority != nil {
        virtualization.virtualTaskPriority = newValue
        return
      }
      apic.taskPriority = UInt8(truncatingIfNeeded: newValue << 4)
      interruptsChanged()
    }
  }

  /// Reads bytes of the APIC's page; a register is 32 bits at the start of 16 bytes.
  func readAPIC(_ offset: UInt64, bytes: Int) -> UInt64 {
    let register = Int(offset >> 4)
    let value = UInt64(apic.read(register, at: accessCycle) ?? 0)
    return offset & 15 < 4 ? value >> (offset & 3 * 8) & (bytes < 8 ? (1 << UInt64(bytes * 8)) - 1 : .max) : 0
  }

  /// Writes a register of the APIC's page; what is no 32-bit access at its place is lost.
  func writeAPIC(_ offset: UInt64, _ value: UInt64, bytes: Int) {
    guard offset & 15 == 0, bytes >= 4 else { return }
    perform(apic.write(Int(offset >> 4), UInt32(truncatingIfNeeded: value), at: accessCycle))
  }

  /// The processor's own end of interrupt, as a write to the EOI register.
  package func endInterrupt() { perform(apic.write(0xB, 0, at: state.pointee.cycles)) }

  /// Does what a write of an APIC register asks for.
  func perform(_ effect: LocalAPIC.Effect?) {
    switch effect {
    case .send(let message): fabric?.send(message, from: self, at: accessCycle)
    case .ended(let vector): fabric?.endOfInterrupt(vector, at: accessCycle)
    case nil: break
    }
    interruptsChanged()
    // A timer that was just armed may be the next thing to happen.
    if nextTimerEvent != nil { requestStop() }
  }

  /// Whether an MSR index is an x2APIC register here.
  func isWideAPICRegister(_ index: UInt32) -> Bool { 0x800...0x8FF ~= index && apic.mode == .x2APIC }
}

/// Values of `ProcessorState.activity`: those of a VMCS's activity-state field.
package enum Activity {
  package static let active: UInt32 = 0
  package static let halted: UInt32 = 1
  package static let shutdown: UInt32 = 2
  package static let waitForSIPI: UInt32 = 3
}
