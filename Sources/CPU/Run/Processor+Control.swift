import Layout
import MMU

// Control and debug registers.

/// CR0 bits (SDM Vol. 3, "Control Registers").
package enum CR0 {
  package static let protection: UInt64 = 1 << 0
  package static let monitorCoprocessor: UInt64 = 1 << 1
  package static let emulation: UInt64 = 1 << 2
  package static let taskSwitched: UInt64 = 1 << 3
  package static let extensionType: UInt64 = 1 << 4
  package static let numericError: UInt64 = 1 << 5
  package static let writeProtect: UInt64 = 1 << 16
  package static let alignmentMask: UInt64 = 1 << 18
  package static let notWriteThrough: UInt64 = 1 << 29
  package static let cacheDisable: UInt64 = 1 << 30
  package static let paging: UInt64 = 1 << 31
  package static let defined: UInt64 = 0xE005_003F
}

/// CR4 bits.
package enum CR4 {
  package static let virtual8086Extensions: UInt64 = 1 << 0
  package static let protectedModeVirtualInterrupts: UInt64 = 1 << 1
  package static let timeStampDisable: UInt64 = 1 << 2
  package static let debuggingExtensions: UInt64 = 1 << 3
  package static let pageSizeExtensions: UInt64 = 1 << 4
  package static let physicalAddressExtension: UInt64 = 1 << 5
  package static let machineCheckEnable: UInt64 = 1 << 6
  package static let globalPages: UInt64 = 1 << 7
  package static let performanceCounterEnable: UInt64 = 1 << 8
  package static let osFXSR: UInt64 = 1 << 9
  package static let osXMMExceptions: UInt64 = 1 << 10
  package static let userModeInstructionPrevention: UInt64 = 1 << 11
  package static let linearAddress57: UInt64 = 1 << 12
  package static let vmxEnable: UInt64 = 1 << 13
  package static let fsgsbase: UInt64 = 1 << 16
  package static let processContextIdentifiers: UInt64 = 1 << 17
  package static let osXSAVE: UInt64 = 1 << 18
  package static let supervisorExecutionPrevention: UInt64 = 1 << 20
  package static let supervisorAccessPrevention: UInt64 = 1 << 21
  package static let userKeys: UInt64 = 1 << 22
  package static let supervisorKeys: UInt64 = 1 << 24
  /// Those whose change invalidates all that the VPID has (TLB rules, section I).
  package static let invalidating = pageSizeExtensions | physicalAddressExtension | globalPages
}

/// EFER bits.
package enum EFER {
  package static let systemCall: UInt64 = 1 << 0
  package static let longModeEnable: UInt64 = 1 << 8
  package static let longModeActive: UInt64 = 1 << 10
  package static let executeDisable: UInt64 = 1 << 11
}

extension Processor {
  /// MOV r, CRn.
  func readControlRegister(_ s: State, _ op: OpRef) {
    guard mayUseControlRegister(s, op) else { return }
    let number = Int(op.pointee.immediate)
    guard !exits(.read(number, register: Int(op.pointee.destination) / 8), s, op) else { return }
    let value: UInt64
    switch number {
    case 0: value = visibleCR0
    case 2: value = s.pointee.cr2
    case 3: value = s.pointee.cr3
    case 4: value = isGuest ? virtualization?.visible(4, s.pointee.cr4) ?? s.pointee.cr4 : s.pointee.cr4
    case 8 where s.is64Bit: value = taskPriority
    default: return raise(s, op, .invalidOpcode)
    }
    writeSystemRegister(op.pointee.destination, value)
    return s.fallThrough(op)
  }

  /// #UD for a register that there is not, whatever CPL is; then #GP(0) above CPL 0.
  private func mayUseControlRegister(_ s: State, _ op: OpRef) -> Bool {
    let number = op.pointee.immediate
    guard [0, 2, 3, 4].contains(number) || number == 8 && s.is64Bit else {
      raise(s, op, .invalidOpcode)
      return false
    }
    return needsPrivilege(s, op)
  }

  func writeSystemRegister(_ offset: UInt8, _ value: UInt64) {
    if state.is64Bit {
      state.setRegister(offset, value)
    } else {
      state.setRegister(offset, UInt32(truncatingIfNeeded: value))
    }
  }

  func readSystemRegister(_ offset: UInt8) -> UInt64 {
    let value = state.register(offset, as: UInt64.self)
    return state.is64Bit ? value : value & 0xFFFF_FFFF
  }

  /// MOV CRn, r: reserved bits and combinations that are not valid fault before anything changes; bits of CR4 that are
  /// not built are refused.
  func writeControlRegister(_ s: State, _ op: OpRef) {
    guard mayUseControlRegister(s, op) else { return }
    let value = readSystemRegister(op.pointee.source)
    let number = Int(op.pointee.immediate)
    guard !exits(.write(number, value: value, register: Int(op.pointee.source) / 8), s, op) else { return }
    do throws(Fault) {
      switch number {
      case 0: try setCR0(writtenByGuest(0, s.pointee.cr0, value))
      case 2: s.pointee.cr2 = value
      case 3: try setCR3(value)
      case 4: try setCR4(writtenByGuest(4, s.pointee.cr4, value))
      case 8 where s.is64Bit:
        guard value < 16 else { throw Fault(.generalProtection) }
        taskPriority = value
      default: throw Fault(.invalidOpcode)
      }
    } catch {
      setFault(s, error.vector, error.error)
      return leaveBlock(s, op, ExitFault)
    }
    if let refusal { return CPU.refuse(s, op, refusal) }
    observer?.wroteControlRegister(number, value, of: self)
    s.fallThrough(op)
    s.pointee.rip = s.is64Bit ? s.pointee.rip : s.pointee.rip & 0xFFFF_FFFF
    s.pointee.link = nil
    contextChanged()
    if s.pointee.exit == UInt32(ExitNone) { s.pointee.exit = UInt32(ExitStop) }
  }

  /// CR0 as the running program reads it.
  var visibleCR0: UInt64 {
    isGuest ? virtualization?.visible(0, state.pointee.cr0) ?? state.pointee.cr0 : state.pointee.cr0
  }

  /// What a write to a control register makes of it: a guest changes only the bits that are its own.
  func writtenByGuest(_ number: Int, _ old: UInt64, _ value: UInt64) -> UInt64 {
    isGuest ? virtualization?.written(number, old: old, value) ?? value : value
  }

  /// Loads CR0 (SDM Vol. 3, "Control Registers", "Initializing IA-32e Mode").
  func setCR0(_ value: UInt64) throws(Fault) {
    let s = state
    let new = value & CR0.defined | CR0.extensionType
    guard value >> 32 == 0 || !s.is64Bit else { throw Fault(.generalProtection) }
    guard new & CR0.paging == 0 || new & CR0.protection != 0 else { throw Fault(.generalProtection) }
    guard new & CR0.notWriteThrough == 0 || new & CR0.cacheDisable != 0 else { throw Fault(.generalProtection) }
    if let virtualization, virtualization.forbids(cr0: new) { throw Fault(.generalProtection) }
    let old = s.pointee.cr0
    let cr4 = s.pointee.cr4
    var efer = s.pointee.efer
    if (old ^ new) & CR0.paging != 0 {
      if new & CR0.paging != 0, efer & EFER.longModeEnable != 0 {
        let is16BitTask = [1, 3].contains(s.pointee.tr.attributes & 0xF)
        guard cr4 & CR4.physicalAddressExtension != 0, s.segment(.cs).pointee.attributes & SegmentBit.long == 0,
          !is16BitTask
        else { throw Fault(.generalProtection) }
        efer |= EFER.longModeActive
      } else if new & CR0.paging == 0 {
        guard !s.is64Bit, cr4 & CR4.processContextIdentifiers == 0 else { throw Fault(.generalProtection) }
        efer &= ~EFER.longModeActive
      }
    }
    let isPAE =
      new & CR0.paging != 0 && cr4 & CR4.physicalAddressExtension != 0 && efer & EFER.longModeActive == 0
    let reloads = isPAE && (old ^ new) & (CR0.paging | CR0.cacheDisable | CR0.notWriteThrough) != 0
    let pointers = reloads ? try readPointers(of: s.pointee.cr3) : nil
    s.pointee.cr0 = new
    s.pointee.efer = efer
    setPointers(pointers)
    s.vectorControlsChanged()
    if (old ^ new) & (CR0.paging | CR0.protection) != 0 {
      translation.modeChanged(pagingControls)
    }
  }

  /// Loads CR4 (SDM Vol. 3, "Control Registers"); a refusal is recorded.
  private func setCR4(_ value: UInt64) throws(Fault) {
    let s = state
    let changed = value ^ s.pointee.cr4
    guard value & ~(model.control4.allowed | model.control4.refused) == 0 else { throw Fault(.generalProtection) }
    if let virtualization, virtualization.forbids(cr4: value) { throw Fault(.generalProtection) }
    if s.isLong {
      guard value & CR4.physicalAddressExtension != 0, changed & CR4.linearAddress57 == 0 else {
        throw Fault(.generalProtection)
      }
    }
    if changed & value & CR4.processContextIdentifiers != 0 {
      guard s.isLong, s.pointee.cr3 & 0xFFF == 0 else { throw Fault(.generalProtection) }
    }
    guard value & model.control4.refused == 0 else {
      refusal = .controlRegister(4, value)
      return
    }
    let isPAE = s.pointee.cr0 & CR0.paging != 0 && value & CR4.physicalAddressExtension != 0 && !s.isLong
    let reloads = isPAE && changed & (CR4.invalidating | CR4.supervisorExecutionPrevention) != 0
    let pointers = reloads ? try readPointers(of: s.pointee.cr3) : nil
    s.pointee.cr4 = value
    setPointers(pointers)
    s.vectorControlsChanged()
    if changed & CR4.invalidating != 0 || changed & ~value & CR4.processContextIdentifiers != 0 {
      translation.modeChanged(pagingControls)
    } else if changed & value & CR4.supervisorExecutionPrevention != 0 {
      translation.smepSet(pagingControls)
    }
  }

  /// Writes CR0, CR3, CR4 or CR8 for a person as MOV would, with what that invalidates; false: MOV would fault, or the
  /// register or a bit is not built.
  public func poke(controlRegister number: Int, _ value: UInt64) -> Bool {
    refusal = nil
    do throws(Fault) {
      switch number {
      case 0: try setCR0(value)
      case 3: try setCR3(value)
      case 4: try setCR4(value)
      case 8 where value < 16: taskPriority = value
      default: return false
      }
    } catch {
      return false
    }
    let isBuilt = refusal == nil
    refusal = nil
    contextChanged()
    return isBuilt
  }
}
