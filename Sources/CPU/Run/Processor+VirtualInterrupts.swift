import Layout
import MMU

// Virtual-8086 mode extensions and protected-mode virtual interrupts (SDM Vol. 3, "Class 3—Software Interrupt Handling
// in Virtual-8086 Mode", "Method 6: Software Interrupt Handling", "Protected-Mode Virtual Interrupts"): below IOPL 3 a
// program changes VIF where it means IF.

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// Whether PUSHF, POPF and IRET of an operand size work on VIF, in virtual-8086 mode with IOPL < 3.
  @inline(__always) func virtualizesFlags(bytes: UInt64) -> Bool {
    pointee.cr4 & CR4.virtual8086Extensions != 0 && bytes == 2
  }

  /// FLAGS as such a program sees them: VIF in the place of IF, IOPL 3.
  @inline(__always) func virtualized(_ flags: UInt64) -> UInt64 {
    let interrupt = flags & FlagBit.virtualInterrupt != 0 ? FlagBit.interrupt : 0
    return flags & ~FlagBit.interrupt | interrupt | FlagBit.ioPrivilege
  }

  /// Whether it may load them: not TF, and not IF while an interrupt is pending.
  @inline(__always) func mayLoadVirtualized(_ flags: UInt64) -> Bool {
    flags & FlagBit.trap == 0
      && (flags & FlagBit.interrupt == 0 || pointee.rflags & FlagBit.virtualInterruptPending == 0)
  }

  fileprivate func setVirtualInterrupt(_ isSet: Bool) {
    pointee.rflags = pointee.rflags & ~FlagBit.virtualInterrupt | (isSet ? FlagBit.virtualInterrupt : 0)
  }
}

/// CLI or STI where IOPL forbids to change IF: VIF, or #GP(0).
@inline(never)
func changeVirtualInterrupt(_ s: State, _ op: OpRef, _ isSet: Bool) {
  let needed = s.isVirtual8086 ? CR4.virtual8086Extensions : CR4.protectedModeVirtualInterrupts
  let isBlocked = isSet && s.pointee.rflags & FlagBit.virtualInterruptPending != 0
  guard s.pointee.cr4 & needed != 0, s.privilege == 3, !isBlocked else { return raise(s, op, .generalProtection) }
  s.setVirtualInterrupt(isSet)
  return s.fallThrough(op)
}

extension Processor {
  /// Loads FLAGS that have been checked; IF goes to VIF, IF and IOPL stay.
  func loadVirtualized(_ flags: UInt64) {
    setFlags(flags, mask: FlagBit.arithmetic | FlagBit.direction | FlagBit.nestedTask | FlagBit.trap)
    state.setVirtualInterrupt(flags & FlagBit.interrupt != 0)
  }

  /// INT n in virtual-8086 mode: with CR4.VME the redirection bitmap says whether the 8086 program's own handler takes
  /// it.
  func interruptInVirtual8086(_ vector: UInt8, _ s: State, _ op: OpRef) {
    let mayInterrupt = s.pointee.rflags & FlagBit.ioPrivilege == FlagBit.ioPrivilege
    if s.pointee.cr4 & CR4.virtual8086Extensions != 0 {
      do {
        if try isRedirected(vector) {
          try enterVirtualHandler(vector, next: s.nextRIP(op), isVirtualized: !mayInterrupt)
          s.pointee.cycles &+= timing.delivery
          s.pointee.link = nil
          contextChanged()
          if s.pointee.exit == UInt32(ExitNone) { s.pointee.exit = UInt32(ExitStop) }
          return
        }
      } catch {
        setFault(s, error.vector, error.error)
        return leaveBlock(s, op, ExitFault)
      }
    }
    guard mayInterrupt else { return raise(s, op, .generalProtection) }
    return softwareInterrupt(vector, s, op)
  }

  /// The bit of a vector in the software interrupt redirection bitmap, the 32 bytes before the I/O permission bit map, is
  /// clear.
  private func isRedirected(_ vector: UInt8) throws(Fault) -> Bool {
    let tr = state.pointee.tr
    guard tr.attributes & SegmentBit.unusable == 0, tr.attributes & 13 == 9, tr.limit >= 103 else {
      throw Fault(.generalProtection)
    }
    let map = UInt64(try systemRead(tr.base &+ 102, as: UInt16.self))
    let offset = (map &- 32 &+ UInt64(vector >> 3)) & 0xFFFF_FFFF
    guard offset <= UInt64(tr.limit) else { throw Fault(.generalProtection) }
    return try systemRead(tr.base &+ offset, as: UInt8.self) >> (vector & 7) & 1 == 0
  }

  private func enterVirtualHandler(_ vector: UInt8, next: UInt64, isVirtualized: Bool) throws(Fault) {
    let s = state
    let rip = try systemRead(UInt64(vector) * 4, as: UInt16.self).zeroExtended
    let selector = try systemRead(UInt64(vector) * 4 + 2, as: UInt16.self)
    var stack = currentStack(size: 2)
    try push(isVirtualized ? s.virtualized(s.rflags) : s.rflags, on: &stack)
    try push(UInt64(s.segment(.cs).pointee.selector), on: &stack)
    try push(next, on: &stack)
    setStackPointer(stack)
    let masked = isVirtualized ? FlagBit.virtualInterrupt : FlagBit.interrupt
    s.pointee.rflags &= ~(masked | FlagBit.trap | FlagBit.resume)
    setParagraph(s.segment(.cs), selector)
    s.pointee.rip = rip
  }
}
