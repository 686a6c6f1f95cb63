import Layout
import MMU

// SYSCALL, SYSRET, SYSENTER, SYSEXIT and the bases of FS and GS. Code and stack segments come flat from MSRs, without
// descriptors.

/// A flat code segment for a fast transfer.
private func fastCode(_ selector: UInt16, privilege: UInt32, isLong: Bool) -> SegmentRegister {
  SegmentRegister(
    base: 0, limit: .max, attributes: 0x809B | privilege << 5 | (isLong ? SegmentBit.long : SegmentBit.big),
    selector: selector, reserved: (0, 0, 0))
}

/// A flat stack segment for a fast transfer.
private func fastStack(_ selector: UInt16, privilege: UInt32) -> SegmentRegister {
  SegmentRegister(
    base: 0, limit: .max, attributes: 0xC093 | privilege << 5, selector: selector, reserved: (0, 0, 0))
}

private func finish(_ s: State, _ rip: UInt64) {
  s.pointee.rip = rip
  s.pointee.link = nil
  processor(s).contextChanged()
  if s.pointee.exit == UInt32(ExitNone) { s.pointee.exit = UInt32(ExitStop) }
}

/// SYSCALL, "SYSCALL—Fast System Call" (SDM Vol. 2B).
func syscall(_ s: State, _ op: OpRef) {
  guard s.pointee.efer & 1 != 0, s.is64Bit else { return raise(s, op, .invalidOpcode) }
  s[.rcx] = s.nextRIP(op)
  s[.r11] = s.rflags & ~FlagBit.resume
  s.rflags = s.rflags & ~s.pointee.fmask & ~FlagBit.resume | FlagBit.fixed
  let selector = UInt16(truncatingIfNeeded: s.pointee.star >> 32) & 0xFFFC
  s.segment(.cs).pointee = fastCode(selector, privilege: 0, isLong: true)
  s.segment(.ss).pointee = fastStack(selector &+ 8, privilege: 0)
  return finish(s, s.pointee.lstar)
}

/// SYSRET, "SYSRET—Return From Fast System Call" (SDM Vol. 2B).
@inline(__always) func sysret<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  guard s.pointee.efer & 1 != 0, s.is64Bit else { return raise(s, op, .invalidOpcode) }
  guard needsPrivilege(s, op) else { return }
  let base = UInt16(truncatingIfNeeded: s.pointee.star >> 48)
  let isLong = W.bits == 64
  let rip = isLong ? s[.rcx] : s[.rcx] & 0xFFFF_FFFF
  guard s.isCanonical(rip) else { return raise(s, op, .generalProtection) }
  s.rflags = s[.r11] & 0x3C_7FD7 | FlagBit.fixed
  s.segment(.cs).pointee = fastCode((base &+ (isLong ? 16 : 0)) | 3, privilege: 3, isLong: isLong)
  s.segment(.ss).pointee = fastStack((base &+ 8) | 3, privilege: 3)
  return finish(s, rip)
}

/// SYSENTER, "SYSENTER—Fast System Call" (SDM Vol. 2B).
func sysenter(_ s: State, _ op: OpRef) {
  let selector = UInt16(truncatingIfNeeded: s.pointee.sysenterCS)
  guard s.isProtected, selector & 0xFFFC != 0 else { return raise(s, op, .generalProtection) }
  let isLong = s.isLong
  s.pointee.rflags &= ~(FlagBit.virtual8086 | FlagBit.interrupt)
  s[.rsp] = isLong ? s.pointee.sysenterESP : s.pointee.sysenterESP & 0xFFFF_FFFF
  s.segment(.cs).pointee = fastCode(selector & 0xFFFC, privilege: 0, isLong: isLong)
  s.segment(.ss).pointee = fastStack((selector & 0xFFFC) &+ 8, privilege: 0)
  return finish(s, isLong ? s.pointee.sysenterEIP : s.pointee.sysenterEIP & 0xFFFF_FFFF)
}

/// SYSEXIT, "SYSEXIT—Fast Return from Fast System Call" (SDM Vol. 2B).
@inline(__always) func sysexit<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  let selector = UInt16(truncatingIfNeeded: s.pointee.sysenterCS)
  guard s.isProtected, selector & 0xFFFC != 0 else { return raise(s, op, .generalProtection) }
  guard needsPrivilege(s, op) else { return }
  let isLong = W.bits == 64 && s.is64Bit
  let rip = isLong ? s[.rdx] : s[.rdx] & 0xFFFF_FFFF
  let rsp = isLong ? s[.rcx] : s[.rcx] & 0xFFFF_FFFF
  guard s.isCanonical(rip), s.isCanonical(rsp) else {
    return raise(s, op, .generalProtection)
  }
  s[.rsp] = rsp
  s.segment(.cs).pointee = fastCode((selector &+ (isLong ? 32 : 16)) | 3, privilege: 3, isLong: isLong)
  s.segment(.ss).pointee = fastStack((selector &+ (isLong ? 40 : 24)) | 3, privilege: 3)
  return finish(s, rip)
}

/// SWAPGS, "SWAPGS—Swap GS Base Register" (SDM Vol. 2B).
func swapgs(_ s: State, _ op: OpRef) {
  guard s.is64Bit else { return raise(s, op, .invalidOpcode) }
  guard needsPrivilege(s, op) else { return }
  let base = s.segment(.gs).pointee.base
  s.segment(.gs).pointee.base = s.pointee.kernelGSBase
  s.pointee.kernelGSBase = base
  return s.fallThrough(op)
}

/// CR4.FSGSBASE lets the base instructions execute.
@inline(__always) private func allowsBases(_ s: State, _ op: OpRef) -> Bool {
  guard s.pointee.cr4 & 1 << 16 != 0 else {
    raise(s, op, .invalidOpcode)
    return false
  }
  return true
}

@inline(__always) private func readBase<W: Word>(_: W.Type, _ segment: Segment, _ s: State, _ op: OpRef) {
  guard allowsBases(s, op) else { return }
  s.setRegister(op.pointee.destination, W(truncatingIfNeeded: s.segment(segment).pointee.base))
  return s.fallThrough(op)
}

/// Bases are checked by the width that the processor supports, whatever the paging mode.
@inline(never) private func isCanonicalBase(_ s: State, _ base: UInt64) -> Bool {
  LinearAddress(base).isCanonical(bits: processor(s).model.linearBits)
}

@inline(__always) private func writeBase<W: Word>(_: W.Type, _ segment: Segment, _ s: State, _ op: OpRef) {
  guard allowsBases(s, op) else { return }
  let base = s.register(op.pointee.destination, as: W.self).zeroExtended
  guard LinearAddress(base).isCanonical() || isCanonicalBase(s, base) else { return raise(s, op, .generalProtection) }
  s.segment(segment).pointee.base = base
  return s.fallThrough(op)
}

/// RDFSBASE, "RDFSBASE/RDGSBASE—Read FS/GS Segment Base" (SDM Vol. 2B).
@inline(__always) func readFSBase<W: Word>(_: W.Type, _ s: State, _ op: OpRef) { readBase(W.self, .fs, s, op) }
/// RDGSBASE, "RDFSBASE/RDGSBASE—Read FS/GS Segment Base" (SDM Vol. 2B).
@inline(__always) func readGSBase<W: Word>(_: W.Type, _ s: State, _ op: OpRef) { readBase(W.self, .gs, s, op) }
/// WRFSBASE, "WRFSBASE/WRGSBASE—Write FS/GS Segment Base" (SDM Vol. 2B).
@inline(__always) func writeFSBase<W: Word>(_: W.Type, _ s: State, _ op: OpRef) { writeBase(W.self, .fs, s, op) }
/// WRGSBASE, "WRFSBASE/WRGSBASE—Write FS/GS Segment Base" (SDM Vol. 2B).
@inline(__always) func writeGSBase<W: Word>(_: W.Type, _ s: State, _ op: OpRef) { writeBase(W.self, .gs, s, op) }

/// INVD and WBINVD: there are no caches to flush.
func wbinvd(_ s: State, _ op: OpRef) { flushCaches(.wbinvd, s, op) }
func invd(_ s: State, _ op: OpRef) { flushCaches(.invd, s, op) }

private func flushCaches(_ instruction: InterceptedInstruction, _ s: State, _ op: OpRef) {
  guard needsPrivilege(s, op) else { return }
  if processor(s).isGuest, processor(s).exits(instruction, s, op) { return }
  return s.fallThrough(op)
}
