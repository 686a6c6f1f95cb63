import Layout
import MMU

// Control registers and MSRs as far as 64-bit mode at CPL 0 with 4-level paging needs them.

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
      let changeable: UInt64 = 1 << 16 | 1 << 5 | 1 << 1 | CR0.emulation | CR0.taskSwitched
      guard value >> 32 == 0 else { return raise(s, op, .generalProtection) }
      guard (value ^ s.pointee.cr0) & 0xE005_003F & ~changeable == 0 else { return CPU.refuse(s, op, refused) }
      s.pointee.cr0 = s.pointee.cr0 & ~changeable | value & changeable
      s.vectorControlsChanged()
      contextChanged()
    case 2: s.pointee.cr2 = value
    case 3:
      guard value >> UInt64(Processor.physicalBits) == 0 else { return raise(s, op, .generalProtection) }
      s.pointee.cr3 = value
      translation.rootLoaded(pagingControls)
    case 4:
      let globalPages: UInt64 = 1 << 7
      guard value >> 32 == 0 else { return raise(s, op, .generalProtection) }
      let vectors = CR4.osFXSR | CR4.osXMMExceptions | CR4.osXSAVE
      guard (value ^ s.pointee.cr4) & ~(globalPages | vectors) == 0 else { return CPU.refuse(s, op, refused) }
      let isChanged = (value ^ s.pointee.cr4) & ~vectors != 0
      s.pointee.cr4 = value
      s.vectorControlsChanged()
      if isChanged { translation.modeChanged(pagingControls) }
    case 8:
      guard value < 16 else { return raise(s, op, .generalProtection) }
      s.pointee.cr8 = value
    default: return raise(s, op, .invalidOpcode)
    }
    return s.fallThrough(op)
  }

  private enum MSR {
    static let timeStampCounter: UInt32 = 0x10
    static let efer: UInt32 = 0xC000_0080
  }

  /// RDMSR.
  func readMSR(_ s: State, _ op: OpRef) {
    let value: UInt64
    switch s.get(.rcx, as: UInt32.self) {
    case MSR.timeStampCounter: value = s.cycles(before: op) &+ s.pointee.tscOffset
    case MSR.efer: value = s.pointee.efer
    case let index: return CPU.refuse(s, op, .modelSpecificRegister(index))
    }
    s.set(.rax, UInt32(truncatingIfNeeded: value))
    s.set(.rdx, UInt32(truncatingIfNeeded: value >> 32))
    return s.fallThrough(op)
  }

  /// WRMSR: nothing that is cached is dropped (TLB rules, section I).
  func writeMSR(_ s: State, _ op: OpRef) {
    let value = UInt64(s.get(.rdx, as: UInt32.self)) << 32 | UInt64(s.get(.rax, as: UInt32.self))
    switch s.get(.rcx, as: UInt32.self) {
    case MSR.timeStampCounter: s.pointee.tscOffset = value &- s.cycles(before: op)
    case MSR.efer:
      let known: UInt64 = 1 << 11 | 1 << 10 | 1 << 8 | 1
      guard value & ~known == 0 else { return raise(s, op, .generalProtection) }
      guard (value ^ s.pointee.efer) & (1 << 8) == 0 else {
        return CPU.refuse(s, op, .modelSpecificRegisterValue(MSR.efer, value))
      }
      s.pointee.efer = value | 1 << 10
      contextChanged()
    case let index: return CPU.refuse(s, op, .modelSpecificRegister(index))
    }
    return s.fallThrough(op)
  }
}
