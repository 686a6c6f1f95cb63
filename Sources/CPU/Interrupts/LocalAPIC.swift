/// A processor's local APIC (SDM Vol. 3, "Advanced Programmable Interrupt Controller (APIC)"): a value; what it does to
/// others it returns as an `Effect`.
///
/// It is the processor's because CR8, IA32_APIC_BASE, the x2APIC registers and INIT are.
public struct LocalAPIC: Sendable {
  /// IA32_APIC_BASE bits 11:10 (SDM Vol. 3, "x2APIC States").
  public enum Mode: UInt64, Sendable { case disabled = 0, invalid, xAPIC, x2APIC }

  /// What a register access does beyond the APIC.
  public enum Effect: Equatable, Sendable {
    /// An interprocessor interrupt leaves.
    case send(InterruptMessage)
    /// A level-triggered interrupt has ended, and the I/O APICs are to know.
    case ended(UInt8)
  }

  /// Entries of the local vector table, by register number: 32h timer to 37h error.
  enum LocalVector: Int, CaseIterable { case timer, thermal, performance, lint0, lint1, error }

  /// Initial APIC ID.
  public let initialID: UInt32
  /// IA32_APIC_BASE.
  public internal(set) var base: UInt64

  /// Local APIC ID in xAPIC mode, which software may change.
  var narrowID: UInt8
  var taskPriority: UInt8 = 0
  var logicalDestination: UInt32 = 0
  var destinationFormat: UInt32 = .max
  var spurious: UInt32 = 0xFF
  var requested = VectorSet()
  var inService = VectorSet()
  var levelTriggered = VectorSet()
  var errorStatus: UInt32 = 0
  var pendingErrors: UInt32 = 0
  var command: UInt64 = 0
  var localVectors = InlineArray<6, UInt32>(repeating: LocalAPIC.masked)
  package internal(set) var timer = APICTimer()
  /// Levels of the pins LINT0 and LINT1.
  var pins: (lint0: Bool, lint1: Bool) = (false, false)
  /// LINT1, or an LVT entry with delivery mode NMI, has asked for one.
  var wantsNonMaskable = false

  static let masked: UInt32 = 1 << 16

  /// An APIC after power-up; that of the bootstrap processor says so in its base.
  public init(initialID: UInt32) {
    self.initialID = initialID
    narrowID = UInt8(truncatingIfNeeded: initialID)
    base = 0xFEE0_0800 | (initialID == 0 ? 1 << 8 : 0)
  }

  /// The mode that its base register says.
  public var mode: Mode { Mode(rawValue: base >> 10 & 3) ?? .invalid }

  /// Whether the spurious-interrupt vector register enables it.
  public var isSoftwareEnabled: Bool { spurious & 0x100 != 0 && mode != .disabled }

  /// Local APIC ID as destinations name it.
  public var id: UInt32 { mode == .x2APIC ? initialID : UInt32(narrowID) }

  /// INIT: as after power-up, but for base and ID (SDM Vol. 3, "Local APIC State After an INIT Reset").
  package mutating func initialize() {
    let (oldBase, oldID, levels) = (base, narrowID, pins)
    self = LocalAPIC(initialID: initialID)
    base = oldBase
    narrowID = oldID
    pins = levels
    if mode == .x2APIC { logicalDestination = wideLogicalID }
  }

  /// Logical ID in x2APIC mode (SDM Vol. 3, "Deriving Logical x2APIC ID from the Local x2APIC ID").
  var wideLogicalID: UInt32 { (initialID >> 4) << 16 | 1 << (initialID & 15) }

  /// Loads IA32_APIC_BASE; false: the change of mode is not allowed, #GP(0).
  package mutating func setBase(_ value: UInt64) -> Bool {
    guard let new = Mode(rawValue: value >> 10 & 3) else { return false }
    switch (mode, new) {
    case (_, .invalid), (.x2APIC, .xAPIC), (.disabled, .x2APIC): return false
    default: break
    }
    let old = mode
    base = value
    if new == .disabled && old != .disabled {
      initialize()
      narrowID = UInt8(truncatingIfNeeded: initialID)
    }
    if new == .x2APIC && old != .x2APIC {
      logicalDestination = wideLogicalID
      narrowID = UInt8(truncatingIfNeeded: initialID)
      command &= 0xFFFF_FFFF
    }
    return true
  }

  // MARK: Priorities (SDM Vol. 3, "Task and Processor Priorities")

  /// Processor-priority register.
  public var processorPriority: UInt8 {
    let service = inService.highest ?? 0
    return taskPriority >> 4 >= service >> 4 ? taskPriority : service & 0xF0
  }

  /// The vector that may interrupt the processor now.
  @inline(__always) public var deliverable: UInt8? {
    guard mode != .disabled, let vector = requested.highest, vector >> 4 > processorPriority >> 4 else { return nil }
    return vector
  }

  /// Whether the 8259 pair's INTR, on LINT0, reaches the processor: the pin is INTR while the APIC is disabled.
  @inline(__always) public var passesExternal: Bool {
    guard mode != .disabled else { return pins.lint0 }
    let entry = localVectors[LocalVector.lint0.rawValue]
    return pins.lint0 && entry & LocalAPIC.masked == 0 && entry >> 8 & 7 == 7
  }

  /// The processor takes the deliverable vector.
  package mutating func acknowledge() -> UInt8? {
    guard let vector = deliverable else { return nil }
    requested[vector] = false
    inService[vector] = true
    return vector
  }

  // MARK: What arrives

  /// Accepts a fixed interrupt into IRR.
  package mutating func accept(_ vector: UInt8, isLevel: Bool) {
    guard isSoftwareEnabled else { return }
    guard vector >= 16 else { return report(error: 1 << 6) }
    requested[vector] = true
    levelTriggered[vector] = isLevel
  }

  /// Whether a message is for this processor (SDM Vol. 3, "Determining IPI Destination").
  public func matches(_ message: InterruptMessage) -> Bool {
    switch message.destination {
    case .everybody, .everybodyElse, .sender: return true
    case .physical(let destination):
      return destination == id || isBroadcast(destination, message)
    case .logical(let destination):
      guard mode != .disabled else { return false }
      if isBroadcast(destination, message) { return true }
      if mode == .x2APIC {
        return destination >> 16 == logicalDestination >> 16 && destination & logicalDestination & 0xFFFF != 0
      }
      let own = logicalDestination >> 24
      if destinationFormat >> 28 == 0xF { return destination & own & 0xFF != 0 }
      return destination >> 4 & 0xF == own >> 4 && destination & own & 0xF != 0
    }
  }

  private func isBroadcast(_ destination: UInt32, _ message: InterruptMessage) -> Bool {
    destination == (message.isWide ? .max : 0xFF)
  }

  /// A pin's level; an edge on it asks for what its LVT entry says.
  mutating func setPin(_ entry: Int, _ level: Bool) {
    let isLint0 = entry == LocalVector.lint0.rawValue
    let rose = level && !(isLint0 ? pins.lint0 : pins.lint1)
    if isLint0 { pins.lint0 = level } else { pins.lint1 = level }
    guard rose else { return }
    if mode == .disabled {
      if !isLint0 { wantsNonMaskable = true }
    } else {
      signal(LocalVector(rawValue: entry) ?? .lint0)
    }
  }

  /// A local source asks for its interrupt.
  mutating func signal(_ source: LocalVector) {
    let entry = localVectors[source.rawValue]
    guard entry & LocalAPIC.masked == 0 else { return }
    switch entry >> 8 & 7 {
    case 0: accept(UInt8(truncatingIfNeeded: entry), isLevel: source == .lint0 && entry & 1 << 15 != 0)
    case 4: wantsNonMaskable = true
    default: break
    }
  }

  /// Notes errors, and asks for the error interrupt.
  mutating func report(error: UInt32) {
    let isNew = pendingErrors & error == 0
    pendingErrors |= error
    let entry = localVectors[LocalVector.error.rawValue]
    guard isNew, entry & LocalAPIC.masked == 0, isSoftwareEnabled else { return }
    let vector = UInt8(truncatingIfNeeded: entry)
    if vector >= 16 { requested[vector] = true }
  }

  /// The clock has reached a cycle: the timer may have run down.
  package mutating func advance(to cycle: UInt64, timeStampOffset: UInt64) {
    if timer.advance(to: cycle, timeStampOffset: timeStampOffset) { signal(.timer) }
  }

  /// What a hash covers.
  var words: [UInt64] {
    [
      base, UInt64(narrowID) << 8 | UInt64(taskPriority), UInt64(logicalDestination), UInt64(destinationFormat),
      UInt64(spurious),
      UInt64(errorStatus) << 32 | UInt64(pendingErrors), command,
      (pins.lint0 ? 1 : 0) | (pins.lint1 ? 2 : 0) | (wantsNonMaskable ? 4 : 0),
    ] + requested.hashed + inService.hashed + levelTriggered.hashed
      + localVectors.indices.map { UInt64(localVectors[$0]) }
      + timer.words
  }
}
