import Layout
import MMU

// Control and debug registers.

/// CR0 bits (SDM Vol. 3, "Control Registers").
enum CR0 {
  static let protection: UInt64 = 1 << 0
  static let monitorCoprocessor: UInt64 = 1 << 1
  static let emulation: UInt64 = 1 << 2
  static let taskSwitched: UInt64 = 1 << 3
  static let extensionType: UInt64 = 1 << 4
  static let numericError: UInt64 = 1 << 5
  static let writeProtect: UInt64 = 1 << 16
  static let alignmentMask: UInt64 = 1 << 18
  static let notWriteThrough: UInt64 = 1 << 29
  static let cacheDisable: UInt64 = 1 << 30
  static let paging: UInt64 = 1 << 31
  static let defined: UInt64 = 0xE005_003F
}

/// CR4 bits.
enum CR4 {
  static let virtual8086Extensions: UInt64 = 1 << 0
  static let protectedModeVirtualInterrupts: UInt64 = 1 << 1
  static let timeStampDisable: UInt64 = 1 << 2
  static let debuggingExtensions: UInt64 = 1 << 3
  static let pageSizeExtensions: UInt64 = 1 << 4
  static let physicalAddressExtension: UInt64 = 1 << 5
  static let machineCheckEnable: UInt64 = 1 << 6
  static let globalPages: UInt64 = 1 << 7
  static let performanceCounterEnable: UInt64 = 1 << 8
  static let osFXSR: UInt64 = 1 << 9
  static let osXMMExceptions: UInt64 = 1 << 10
  static let userModeInstructionPrevention: UInt64 = 1 << 11
  static let fsgsbase: UInt64 = 1 << 16
  static let osXSAVE: UInt64 = 1 << 18
  /// What is built.
  static let built: UInt64 =
    physicalAddressExtension | globalPages | pageSizeExtensions | fsgsbase | osFXSR | osXMMExceptions | osXSAVE
    | virtual8086Extensions | protectedModeVirtualInterrupts | timeStampDisable | debuggingExtensions
    | machineCheckEnable | performanceCounterEnable | userModeInstructionPrevention

  /// Bits and the feature, by its name in the feature table, without which they are reserved.
  static let features: [(bit: UInt64, feature: String)] = [
    (0, "VME"), (1, "VME"), (2, "TSC"), (3, "DE"), (4, "PSE"), (5, "PAE"), (6, "MCE"), (7, "PGE"), (9, "FXSR"),
    (10, "SSE"), (11, "UMIP"), (12, "LA57"), (13, "VMX"), (14, "SMX"), (16, "FSGSBASE"), (17, "PCID"), (18, "XSAVE"),
    (20, "SMEP"), (21, "SMAP"), (22, "PKU"), (23, "CET_SS"), (23, "CET_IBT"), (24, "PKS"),
  ]

  /// Bits that are not reserved in a model; PCE needs no feature.
  static func defined(in model: CPUModel) -> UInt64 {
    features.reduce(performanceCounterEnable) { model.partHas($1.feature) ? $0 | 1 << $1.bit : $0 }
  }
}

/// EFER bits.
enum EFER {
  static let systemCall: UInt64 = 1 << 0
  static let longModeEnable: UInt64 = 1 << 8
  static let longModeActive: UInt64 = 1 << 10
  static let executeDisable: UInt64 = 1 << 11
}

extension Processor {
  /// MOV r, CRn.
  func readControlRegister(_ s: State, _ op: OpRef) {
    guard mayUseControlRegister(s, op) else { return }
    let value: UInt64
    switch op.pointee.immediate {
    case 0: value = s.pointee.cr0
    case 2: value = s.pointee.cr2
    case 3: value = s.pointee.cr3
    case 4: value = s.pointee.cr4
    case 8 where s.is64Bit: value = s.pointee.cr8
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

  /// MOV CRn, r: reserved bits fault, modes that are not built are refused.
  func writeControlRegister(_ s: State, _ op: OpRef) {
    guard mayUseControlRegister(s, op) else { return }
    let value = readSystemRegister(op.pointee.source)
    let number = Int(op.pointee.immediate)
    do throws(Fault) {
      switch number {
      case 0: try setCR0(value)
      case 2: s.pointee.cr2 = value
      case 3:
        guard !s.isLong || value >> UInt64(model.physicalBits) == 0 else { throw Fault(.generalProtection) }
        s.pointee.cr3 = value
        translation.rootLoaded(pagingControls)
      case 4: try setCR4(value)
      case 8 where s.is64Bit:
        guard value < 16 else { throw Fault(.generalProtection) }
        s.pointee.cr8 = value
      default: throw Fault(.invalidOpcode)
      }
    } catch {
      return raise(s, op, error.vector)
    }
    if let refusal { return CPU.refuse(s, op, refusal) }
    s.fallThrough(op)
    s.pointee.rip = s.is64Bit ? s.pointee.rip : s.pointee.rip & 0xFFFF_FFFF
    s.pointee.link = nil
    contextChanged()
    if s.pointee.exit == UInt32(ExitNone) { s.pointee.exit = UInt32(ExitStop) }
  }

  /// Loads CR0 (SDM Vol. 3, "Control Registers", "Initializing IA-32e Mode"); a refusal is recorded.
  func setCR0(_ value: UInt64) throws(Fault) {
    let s = state
    let new = value & CR0.defined | CR0.extensionType
    guard value >> 32 == 0 || !s.is64Bit else { throw Fault(.generalProtection) }
    guard new & CR0.paging == 0 || new & CR0.protection != 0 else { throw Fault(.generalProtection) }
    guard new & CR0.notWriteThrough == 0 || new & CR0.cacheDisable != 0 else { throw Fault(.generalProtection) }
    let old = s.pointee.cr0
    if (old ^ new) & CR0.paging != 0 {
      if new & CR0.paging != 0, s.pointee.efer & EFER.longModeEnable != 0 {
        // A 16-bit TSS cannot be taken along ("IA-32e Mode Consistency Checks").
        guard s.pointee.cr4 & CR4.physicalAddressExtension != 0,
          s.segment(.cs).pointee.attributes & SegmentBit.long == 0, s.pointee.tr.attributes & 13 != 1
        else { throw Fault(.generalProtection) }
        s.pointee.efer |= EFER.longModeActive
      } else if new & CR0.paging == 0, s.isLong {
        guard !s.is64Bit else { throw Fault(.generalProtection) }
        s.pointee.efer &= ~EFER.longModeActive
      }
    }
    s.pointee.cr0 = new
    s.vectorControlsChanged()
    checkPagingIsBuilt()
    if (old ^ new) & (CR0.paging | CR0.protection) != 0 {
      translation.modeChanged(pagingControls)
    }
  }

  private func setCR4(_ value: UInt64) throws(Fault) {
    let s = state
    guard value & ~definedCR4 == 0 else { throw Fault(.generalProtection) }
    guard !s.isLong || value & CR4.physicalAddressExtension != 0 else { throw Fault(.generalProtection) }
    guard value & ~CR4.built == 0 else {
      refusal = .controlRegister(4, value)
      return
    }
    let changed = value ^ s.pointee.cr4
    s.pointee.cr4 = value
    s.vectorControlsChanged()
    checkPagingIsBuilt()
    if changed & (CR4.globalPages | CR4.pageSizeExtensions | CR4.physicalAddressExtension) != 0 {
      translation.modeChanged(pagingControls)
    }
  }

  /// PAE paging outside of IA-32e mode comes with the other paging modes.
  private func checkPagingIsBuilt() {
    let s = state
    if s.pointee.cr0 & CR0.paging != 0, !s.isLong, s.pointee.cr4 & CR4.physicalAddressExtension != 0 {
      refusal = .gate("PAE paging")
    }
  }
}
