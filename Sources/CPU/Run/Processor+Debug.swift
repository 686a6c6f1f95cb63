import Layout
import MMU

// Breakpoints and the debug registers (SDM Vol. 3, "Debug Registers", "Debug Exceptions"). An armed breakpoint costs only
// where it lies: a page that holds one on data gets no host pointers, so that each access is seen; in a page that holds
// one on execution blocks are of one instruction, and are looked for anew each time.

/// Bits of DR6 (SDM Vol. 3, "Debug Status Register (DR6)").
package enum DR6 {
  package static let breakpoints: UInt64 = 0xF
  /// BD: a debug register was to be accessed while DR7.GD was set.
  package static let accessDetected: UInt64 = 1 << 13
  /// BS.
  package static let singleStep: UInt64 = 1 << 14
  /// BT.
  package static let taskSwitch: UInt64 = 1 << 15
  package static let writable: UInt64 = 0xE00F
  /// The reserved ones that read as 1; RTM and BLD among them, which no model has.
  package static let fixed: UInt64 = 0xFFFF_0FF0
}

/// Bits of DR7 (SDM Vol. 3, "Debug Control Register (DR7)").
package enum DR7 {
  /// L0 to G3.
  package static let enables: UInt64 = 0xFF
  /// L0 to L3 and LE: a task switch clears them.
  package static let local: UInt64 = 0x155
  package static let generalDetect: UInt64 = 1 << 13
  package static let writable: UInt64 = 0xFFFF_23FF
  package static let fixed: UInt64 = 1 << 10
}

/// What DR0-DR3 and DR7 say of one breakpoint.
struct Breakpoint {
  /// R/W in DR7.
  enum Condition: UInt64 { case execution, write, port, access }

  var condition: Condition
  var isEnabled: Bool
  /// First address, a multiple of the length but for breakpoints on execution.
  var address: UInt64
  /// Length.
  var bytes: UInt64

  init(_ s: State, _ number: Int) {
    let control = s.pointee.dr.7
    let address = (s.raw + OffsetDebug).load(fromByteOffset: number * 8, as: UInt64.self)
    condition = Condition(rawValue: control >> UInt64(16 + number * 4) & 3) ?? .execution
    isEnabled = control >> UInt64(number * 2) & 3 != 0
    bytes = condition == .execution ? 1 : [1, 2, 8, 4][Int(control >> UInt64(18 + number * 4) & 3)]
    self.address = address & ~(bytes - 1)
  }

  /// Whether some bytes lie in it.
  func contains(_ first: UInt64, bytes count: UInt64) -> Bool {
    address &- first < count || first &- address < bytes
  }
}

extension Processor {
  /// After power-up and reset; DR4 and DR5 have no place of their own.
  package static let initialDebugRegisters: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
    (0, 0, 0, 0, 0, 0, DR6.fixed, DR7.fixed)

  /// Whether DR7 enables any breakpoint. One that is not enabled is reported together with one that is.
  @inline(__always) var hasBreakpoints: Bool { state.pointee.dr.7 & DR7.enables != 0 }

  private var breakpoints: [Breakpoint] { (0..<4).map { Breakpoint(state, $0) } }

  /// The debug registers have changed: pages are watched, or no longer.
  package func breakpointsChanged() {
    let data = hasBreakpoints ? breakpoints.filter { $0.condition == .access || $0.condition == .write } : []
    translation.watch(pages: data.map { $0.address & ~0xFFF })
    state.pointee.generation &+= 1
  }

  /// Bits of the breakpoints that a condition holds for.
  private func matches(_ holds: (Breakpoint) -> Bool) -> UInt32 {
    var bits: UInt32 = 0
    for (number, breakpoint) in breakpoints.enumerated() where holds(breakpoint) { bits |= 1 << UInt32(number) }
    return bits
  }

  // MARK: Traps

  /// Notes an access to memory that the running instruction has made.
  @inline(__always) func noteAccess(_ linear: UInt64, bytes: UInt64, isWrite: Bool) {
    if let accessObserver { accessObserver.accessed(linear, bytes: bytes, isWrite: isWrite, by: self) }
    guard hasBreakpoints else { return }
    note(
      matches {
        ($0.condition == .access || isWrite && $0.condition == .write) && $0.contains(linear, bytes: bytes)
      })
  }

  /// Notes an access to ports ("Debug Control Register (DR7)": with CR4.DE).
  @inline(__always) func notePort(_ port: UInt16, bytes: UInt64) {
    observer?.accessedPort(port, bytes: bytes, by: self)
    guard hasBreakpoints, state.pointee.cr4 & CR4.debuggingExtensions != 0 else { return }
    note(matches { $0.condition == .port && $0.contains(UInt64(port), bytes: bytes) })
  }

  /// The run loop looks behind the instruction.
  private func note(_ bits: UInt32) {
    guard bits != 0 else { return }
    state.pointee.debugMatches |= bits
    if state.pointee.exit == UInt32(ExitNone) { state.pointee.exit = UInt32(ExitStop) }
  }

  /// What the instruction just done has met becomes a trap if it was enabled.
  func takeMatches() {
    let met = UInt64(state.pointee.debugMatches)
    guard met != 0 else { return }
    state.pointee.debugMatches = 0
    let control = state.pointee.dr.7
    let isEnabled = (0..<4).contains { met >> UInt64($0) & 1 != 0 && control >> UInt64($0 * 2) & 3 != 0 }
    if isEnabled || met & DR6.singleStep != 0 { pendingDebug |= met }
  }

  /// Puts into DR6 what is pending.
  func reportPendingDebug() {
    reportedDebug = (state.pointee.dr.6, pendingDebug)
    state.pointee.dr.6 = state.pointee.dr.6 & ~DR6.breakpoints | pendingDebug
    pendingDebug = 0
  }

  /// Delivers #DB as a trap with what is pending in DR6.
  func deliverDebugTrap() {
    let s = state
    reportPendingDebug()
    s.pointee.activity = Activity.active
    isFault = false
    deliver(vector: Vector.debug.rawValue, error: nil, source: .exception)
    s.pointee.exit = UInt32(ExitNone)
    takeMatches()
  }

  // MARK: Faults

  /// Whether a page holds a breakpoint on execution.
  func holdsExecutionBreakpoint(pageOf linear: UInt64) -> Bool {
    hasBreakpoints && matches { $0.condition == .execution && ($0.address ^ linear) & ~0xFFF == 0 } != 0
  }

  /// Whether a breakpoint on execution lies at an instruction, however it is masked: it may not be found by the fetch
  /// pointers.
  func isExecutionBreakpoint(_ linear: UInt64) -> Bool {
    hasBreakpoints && matches { $0.condition == .execution && $0.address == linear } != 0
  }

  /// Whether an instruction breakpoint comes before an instruction; the fault is recorded (SDM Vol. 3,
  /// "Instruction-Breakpoint Exception Condition"). RF masks it, and so does the shadow of a load of SS.
  func breaks(before linear: UInt64) -> Bool {
    guard hasBreakpoints, !isResuming, state.pointee.isRepeating == 0, state.pointee.interruptShadow != 2 else {
      return false
    }
    let met = matches { $0.condition == .execution && $0.address == linear }
    guard breakpoints.enumerated().contains(where: { met >> UInt32($0) & 1 != 0 && $1.isEnabled }) else { return false }
    faultDebugBits = UInt64(met)
    setFault(state, .debug, 0)
    state.pointee.exit = UInt32(ExitFault)
    return true
  }

  /// Before a fault is delivered: what its instruction has met does not count, and #DB tells DR6.
  func beginFault() {
    let s = state
    s.pointee.debugMatches = 0
    pendingDebug = 0
    guard s.pointee.faultVector == Vector.debug.rawValue else { return }
    reportedDebug = (s.pointee.dr.6, faultDebugBits)
    s.pointee.dr.6 = s.pointee.dr.6 & ~DR6.breakpoints | faultDebugBits
    // RF is pushed as it was, so that software decides whether the breakpoint recurs.
    isFault = faultDebugBits & DR6.breakpoints == 0
    faultDebugBits = 0
  }

  // MARK: MOV ("MOV—Move to/from Debug Registers", SDM Vol. 2B)

  func readDebugRegister(_ s: State, _ op: OpRef) {
    guard let index = debugRegister(s, op, isRead: true) else { return }
    writeSystemRegister(op.pointee.destination, (s.raw + OffsetDebug).load(fromByteOffset: index * 8, as: UInt64.self))
    return s.fallThrough(op)
  }

  func writeDebugRegister(_ s: State, _ op: OpRef) {
    guard let index = debugRegister(s, op, isRead: false) else { return }
    var value = readSystemRegister(op.pointee.source)
    if index >= 6 {
      guard value >> 32 == 0 else { return raise(s, op, .generalProtection) }
      value = index == 6 ? value & DR6.writable | DR6.fixed : value & DR7.writable | DR7.fixed
    }
    (s.raw + OffsetDebug).storeBytes(of: value, toByteOffset: index * 8, as: UInt64.self)
    s.fallThrough(op)
    if index != 6 {
      breakpointsChanged()
      s.pointee.link = nil
      if s.pointee.exit == UInt32(ExitNone) { s.pointee.exit = UInt32(ExitStop) }
    }
  }

  /// The register that an op names; nil: a fault has been raised. DR4 and DR5 are DR6 and DR7 while CR4.DE is 0; any
  /// access is #DB while DR7.GD is set.
  private func debugRegister(_ s: State, _ op: OpRef, isRead: Bool) -> Int? {
    let number = Int(op.pointee.immediate)
    if isGuest, let virtualization {
      // MOV-DR exiting comes before every fault but that of CPL.
      guard needsPrivilege(s, op) else { return nil }
      let register = Int(isRead ? op.pointee.destination : op.pointee.source) / 8
      if virtualization.exits(debugRegister: number, isRead: isRead, register: register, length: op.pointee.length) {
        leaveForTransition(s, op)
        return nil
      }
    }
    let isAlias = number == 4 || number == 5
    if number > 7 || isAlias && s.pointee.cr4 & CR4.debuggingExtensions != 0 {
      raise(s, op, .invalidOpcode)
      return nil
    }
    guard needsPrivilege(s, op) else { return nil }
    guard s.pointee.dr.7 & DR7.generalDetect == 0 else {
      faultDebugBits = DR6.accessDetected
      raise(s, op, .debug)
      return nil
    }
    return isAlias ? number + 2 : number
  }
}
