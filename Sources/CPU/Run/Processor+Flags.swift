import Layout

extension Processor {
  /// Loads RFLAGS as POPF does, and goes on behind the instruction.
  func loadFlags(_ value: UInt64, bits: Int, _ s: State, _ op: OpRef) {
    let privilege = s.privilege
    var mask = FlagBit.arithmetic | FlagBit.trap | FlagBit.direction | FlagBit.nestedTask
    if bits > 16 { mask |= FlagBit.alignment | FlagBit.identification }
    if privilege == 0 { mask |= FlagBit.ioPrivilege }
    if UInt64(privilege) << 12 <= s.pointee.rflags & FlagBit.ioPrivilege { mask |= FlagBit.interrupt }
    setFlags(value, mask: mask, clearing: bits > 16 ? FlagBit.resume : 0)
    return s.fallThrough(op)
  }

  /// Changes RFLAGS under a mask; what takes effect at the next instruction makes the run loop look.
  func setFlags(_ value: UInt64, mask: UInt64, clearing: UInt64 = 0) {
    let s = state
    let old = s.pointee.rflags
    s.rflags = s.rflags & ~(mask | clearing) | value & mask
    if (old ^ s.pointee.rflags) & FlagBit.alignment != 0 { alignmentCheckChanged() }
    let effects = FlagBit.trap | FlagBit.interrupt | FlagBit.alignment | FlagBit.virtual8086
    if (old ^ s.pointee.rflags | s.pointee.rflags & FlagBit.trap) & effects != 0, s.pointee.exit == UInt32(ExitNone) {
      s.pointee.exit = UInt32(ExitStop)
    }
  }
}
