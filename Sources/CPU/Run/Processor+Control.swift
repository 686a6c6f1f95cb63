import Layout
import MMU

// Control registers as far as 64-bit mode at CPL 0 with 4-level paging needs them.

extension Processor {
  /// MOV r64, CRn.
  func readControlRegister(_ s: State, _ op: OpRef) {
    let value: UInt64
    switch op.pointee.immediate {
    case 0: value = s.pointee.cr0
    case 2: value = s.pointee.cr2
    case 3: value = s.pointee.cr3
    case 4: value = s.pointee.cr4
    case 8: value = s.pointee.cr8
    default: return raise(s, op, .invalidOpcode)
    }
    s.setRegister(op.pointee.destination, value)
    return s.fallThrough(op)
  }

  /// MOV CRn, r64: reserved bits fault, modes that are not built are refused.
  func writeControlRegister(_ s: State, _ op: OpRef) {
    let value = s.register(op.pointee.source, as: UInt64.self)
    let number = Int(op.pointee.immediate)
    let refused = Refusal.controlRegister(number, value)
    switch number {
    case 0:
      let changeable: UInt64 = 1 << 16 | 1 << 5 | 1 << 1
      guard value >> 32 == 0 else { return raise(s, op, .generalProtection) }
      guard (value ^ s.pointee.cr0) & 0xE005_003F & ~changeable == 0 else { return CPU.refuse(s, op, refused) }
      s.pointee.cr0 = s.pointee.cr0 & ~changeable | value & changeable
      contextChanged()
    case 2: s.pointee.cr2 = value
    case 3:
      guard value >> UInt64(model.physicalBits) == 0 else { return raise(s, op, .generalProtection) }
      s.pointee.cr3 = value
      translation.rootLoaded(pagingControls)
    case 4:
      let globalPages: UInt64 = 1 << 7
      guard value >> 32 == 0 else { return raise(s, op, .generalProtection) }
      guard (value ^ s.pointee.cr4) & ~globalPages == 0 else { return CPU.refuse(s, op, refused) }
      let isChanged = value != s.pointee.cr4
      s.pointee.cr4 = value
      if isChanged { translation.modeChanged(pagingControls) }
    case 8:
      guard value < 16 else { return raise(s, op, .generalProtection) }
      s.pointee.cr8 = value
    default: return raise(s, op, .invalidOpcode)
    }
    return s.fallThrough(op)
  }
}
