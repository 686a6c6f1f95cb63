import Layout
import MMU

// Instructions about access rights and process-context identifiers.

/// STAC, "STAC—Set AC Flag in EFLAGS Register" (SDM Vol. 2B).
func stac(_ s: State, _ op: OpRef) { setAlignmentCheck(true, s, op) }

/// CLAC, "CLAC—Clear AC Flag in EFLAGS Register" (SDM Vol. 2A).
func clac(_ s: State, _ op: OpRef) { setAlignmentCheck(false, s, op) }

private func setAlignmentCheck(_ isSet: Bool, _ s: State, _ op: OpRef) {
  let processor = processor(s)
  guard processor.hasSMAP, s.privilege == 0 else { return raise(s, op, .invalidOpcode) }
  s.pointee.rflags = s.pointee.rflags & ~FlagBit.alignment | (isSet ? FlagBit.alignment : 0)
  processor.alignmentCheckChanged()
  return s.fallThrough(op)
}

/// RDPKRU, "RDPKRU—Read Protection Key Rights for User Pages" (SDM Vol. 2B).
@inline(__always) func readKeys(_ s: State, _ op: OpRef) {
  guard s.pointee.cr4 & CR4.userKeys != 0 else { return raise(s, op, .invalidOpcode) }
  guard s.get(.rcx, as: UInt32.self) == 0 else { return raise(s, op, .generalProtection) }
  s.set(.rax, s.pointee.userKeys)
  s.set(.rdx, 0 as UInt32)
  return s.next(op)
}

/// WRPKRU, "WRPKRU—Write Data to User Page Key Register" (SDM Vol. 2D): nothing that is cached is dropped.
func writeKeys(_ s: State, _ op: OpRef) {
  guard s.pointee.cr4 & CR4.userKeys != 0 else { return raise(s, op, .invalidOpcode) }
  guard s.get(.rcx, as: UInt32.self) == 0, s.get(.rdx, as: UInt32.self) == 0 else {
    return raise(s, op, .generalProtection)
  }
  s.pointee.userKeys = s.get(.rax, as: UInt32.self)
  processor(s).contextChanged()
  return s.fallThrough(op)
}

/// INVPCID, "INVPCID—Invalidate Process-Context Identifier" (SDM Vol. 2A): the register has 64 bits in 64-bit mode, else
/// 32, whatever the operand size.
func invalidateContexts(_ s: State, _ op: OpRef) {
  let processor = processor(s)
  guard processor.hasINVPCID else { return raise(s, op, .invalidOpcode) }
  guard processor.isEnabledForGuest(.invpcid) else { return raise(s, op, .invalidOpcode) }
  guard needsPrivilege(s, op) else { return }
  if processor.isGuest, processor.exits(.invpcid, s, op) { return }
  let register = s.register(op.pointee.destination, as: UInt64.self)
  let place = s.effectiveAddress(op)
  let isStack = op.isBasedOnStack
  guard let descriptor = s.read(place, as: UInt64.self, isStack: isStack),
    let address = s.read(place &+ 8, as: UInt64.self, isStack: isStack)
  else { return leaveBlock(s, op, ExitFault) }
  do {
    let type = s.is64Bit ? register : register & 0xFFFF_FFFF
    try processor.invalidateContexts(type: type, descriptor: descriptor, address: address)
  } catch {
    return raise(s, op, error.vector)
  }
  return s.fallThrough(op)
}
