import CPU
import Layout
import MMU

// Which instructions exit (SDM Vol. 3, "Instructions That Cause VM Exits").

extension VMXUnit {
  private func ask(_ exit: VMExit) -> Bool {
    asked.pointee = exit
    pending = .exit
    return true
  }

  private func ask(
    _ reason: ExitReason, _ length: UInt8, qualification: UInt64 = 0, operands: ExitOperands = .none
  ) -> Bool {
    asked.pointee = VMExit(reason)
    asked.pointee.length = UInt32(length)
    asked.pointee.qualification = qualification
    asked.pointee.operands = operands
    pending = .exit
    return true
  }

  /// Whether an instruction exits.
  public func exits(_ instruction: InterceptedInstruction, length: UInt8) -> Bool {
    switch instruction {
    case .cpuid: return ask(.cpuid, length)
    case .hlt: return primary.contains(.hltExiting) && ask(.hlt, length)
    case .invd: return ask(.invd, length)
    case .invlpg: return primary.contains(.invlpgExiting) && ask(.invlpg, length, operands: .page)
    case .invpcid:
      return primary.contains(.invlpgExiting) && ask(.invpcid, length, operands: .descriptor)
    case .monitor: return primary.contains(.monitorExiting) && ask(.monitor, length)
    case .mwait: return primary.contains(.mwaitExiting) && ask(.mwait, length)
    case .pause: return pauseExits && ask(.pause, length)
    case .rdpmc: return primary.contains(.rdpmcExiting) && ask(.rdpmc, length)
    case .timeStamp: return primary.contains(.rdtscExiting) && ask(.rdtsc, length)
    case .rdtscp: return primary.contains(.rdtscExiting) && ask(.rdtscp, length)
    case .wbinvd: return secondary.contains(.wbinvdExiting) && ask(.wbinvd, length)
    case .xsetbv: return ask(.xsetbv, length)
    case .rdrand: return secondary.contains(.rdrandExiting) && ask(.rdrand, length, operands: .random)
    case .rdseed: return secondary.contains(.rdseedExiting) && ask(.rdseed, length, operands: .random)
    case .sgdt: return tables && ask(.accessToGDTROrIDTR, length, operands: .table(0))
    case .sidt: return tables && ask(.accessToGDTROrIDTR, length, operands: .table(1))
    case .lgdt: return tables && ask(.accessToGDTROrIDTR, length, operands: .table(2))
    case .lidt: return tables && ask(.accessToGDTROrIDTR, length, operands: .table(3))
    case .sldt: return tables && ask(.accessToLDTROrTR, length, operands: .selector(0))
    case .str: return tables && ask(.accessToLDTROrTR, length, operands: .selector(1))
    case .lldt: return tables && ask(.accessToLDTROrTR, length, operands: .selector(2))
    case .ltr: return tables && ask(.accessToLDTROrTR, length, operands: .selector(3))
    case .xsaves, .xrstors:
      let components = state[.rdx] << 32 | state[.rax] & 0xFFFF_FFFF
      guard components & processor[modelSpecific: 0xDA0] & vmcs[.xssExitingBitmap] != 0 else { return false }
      return ask(instruction == .xsaves ? .xsaves : .xrstors, length, operands: .memory)
    case .rsm: return ask(.rsm, length)
    }
  }

  private var tables: Bool { secondary.contains(.descriptorTableExiting) }

  /// Whether an instruction is there for the guest.
  public func allows(_ instruction: InterceptedInstruction) -> Bool {
    switch instruction {
    case .rdtscp: secondary.contains(.enableRDTSCP)
    case .invpcid: secondary.contains(.enableINVPCID)
    case .xsaves, .xrstors: secondary.contains(.enableXSAVES)
    default: true
    }
  }

  /// PAUSE exiting, and PAUSE-loop exiting at CPL 0 (SDM Vol. 3, "Controls for PAUSE-Loop Exiting").
  private var pauseExits: Bool {
    if primary.contains(.pauseExiting) { return true }
    guard secondary.contains(.pauseLoopExiting), state.privilege == 0 else { return false }
    let now = processor.accessCycle &+ state.pointee.tscOffset
    defer { lastPause = now }
    if now &- lastPause > vmcs[.pleGap] { firstPause = now }
    return now &- firstPause > vmcs[.pleWindow]
  }

  // MARK: Control registers (SDM Vol. 3, "Guest/Host Masks and Read Shadows for CR0 and CR4", "CR3-Target Controls")

  /// Whether an access to a control register exits.
  public func exits(_ access: ControlRegisterAccess, length: UInt8) -> Bool {
    switch access {
    case .write(let number, let value, let register):
      guard writeExits(number, value) else { return false }
      return ask(.controlRegister, length, qualification: UInt64(number) | UInt64(register) << 8)
    case .read(let number, let register):
      let isIntercepted =
        number == 3 && primary.contains(.cr3StoreExiting) || number == 8 && primary.contains(.cr8StoreExiting)
      guard isIntercepted else {
        return false
      }
      return ask(.controlRegister, length, qualification: UInt64(number) | 1 << 4 | UInt64(register) << 8)
    case .clts:
      // A shadow of 1 under the mask is what the guest sees, and would change.
      guard vmcs[.cr0Mask] & vmcs[.cr0Shadow] & CR0.taskSwitched != 0 else { return false }
      return ask(.controlRegister, length, qualification: 2 << 4)
    case .lmsw(let source, let linear):
      // PE can be set, not cleared.
      let (mask, shadow) = (vmcs[.cr0Mask], vmcs[.cr0Shadow])
      let changed = mask & (shadow ^ UInt64(source)) & 0xE
      guard changed != 0 || mask & 1 != 0 && source & 1 != 0 && shadow & 1 == 0 else { return false }
      var exit = VMExit(.controlRegister)
      exit.length = UInt32(length)
      exit.qualification = 3 << 4 | (linear == nil ? 0 : 1 << 6) | UInt64(source) << 16
      exit.linearAddress = linear
      return ask(exit)
    }
  }

  private func writeExits(_ number: Int, _ value: UInt64) -> Bool {
    switch number {
    case 0: return vmcs[.cr0Mask] & (vmcs[.cr0Shadow] ^ value) != 0
    case 4: return vmcs[.cr4Mask] & (vmcs[.cr4Shadow] ^ value) != 0
    case 8: return primary.contains(.cr8LoadExiting)
    case 3:
      guard primary.contains(.cr3LoadExiting) else { return false }
      let count = vmcs[.cr3TargetCount]
      let targets: [VMCSField] = [.cr3Target0, .cr3Target1, .cr3Target2, .cr3Target3]
      return !(0..<min(count, 4)).contains { vmcs[targets[Int($0)]] == value }
    default: return false
    }
  }

  /// A control register as the guest reads it.
  public func visible(_ number: Int, _ value: UInt64) -> UInt64 {
    let (mask, shadow): (VMCSField, VMCSField) = number == 0 ? (.cr0Mask, .cr0Shadow) : (.cr4Mask, .cr4Shadow)
    return value & ~vmcs[mask] | vmcs[shadow] & vmcs[mask]
  }

  /// What a write that does not exit makes of a control register.
  public func written(_ number: Int, old: UInt64, _ value: UInt64) -> UInt64 {
    let mask = vmcs[number == 0 ? .cr0Mask : .cr4Mask]
    return old & mask | value & ~mask
  }

  /// VMX operation forbids values of CR0 and CR4 (SDM Vol. 3, "Restrictions on VMX Operation").
  public func forbids(cr0: UInt64) -> Bool {
    isOn && violatesFixed(cr0: cr0, isUnrestricted: isGuest && secondary.contains(.unrestrictedGuest))
  }

  /// The same of CR4.
  public func forbids(cr4: UInt64) -> Bool { isOn && violatesFixed(cr4: cr4) }

  // MARK: Debug registers, MSRs, ports

  /// MOV-DR exiting.
  public func exits(debugRegister: Int, isRead: Bool, register: Int, length: UInt8) -> Bool {
    guard primary.contains(.movDRExiting) else { return false }
    let qualification = UInt64(debugRegister) | (isRead ? 1 << 4 : 0) | UInt64(register) << 8
    return ask(.movDR, length, qualification: qualification)
  }

  /// RDMSR and WRMSR (SDM Vol. 3, "MSR-Bitmap Address").
  public func exits(msr: UInt32, isWrite: Bool, length: UInt8) -> Bool {
    let reason: ExitReason = isWrite ? .wrmsr : .rdmsr
    guard primary.contains(.useMSRBitmaps) else { return ask(reason, length) }
    var place = isWrite ? 0x800 as UInt64 : 0
    switch msr {
    case 0...0x1FFF: break
    case 0xC000_0000...0xC000_1FFF: place += 0x400
    default: return ask(reason, length)
    }
    let number = UInt64(msr & 0x1FFF)
    let bits = memory.read(PhysicalAddress(vmcs[.msrBitmaps] &+ place &+ number >> 3), as: UInt8.self)
    return bits >> UInt8(number & 7) & 1 != 0 && ask(reason, length)
  }

  /// IN, OUT, INS and OUTS (SDM Vol. 3, "I/O-Bitmap Addresses").
  public func exits(_ access: PortAccess, length: UInt8) -> Bool {
    guard portExits(access) else { return false }
    var exit = VMExit(.ioInstruction)
    exit.length = UInt32(length)
    exit.qualification = UInt64(access.bytes - 1) | UInt64(access.port) << 16
    if access.isInput { exit.qualification |= 1 << 3 }
    if access.isString { exit.qualification |= 1 << 4 }
    if access.isRepeated { exit.qualification |= 1 << 5 }
    if access.isImmediate { exit.qualification |= 1 << 6 }
    if access.isString {
      exit.isString = true
      exit.linearAddress = access.linear
      if capabilities.basic & 1 << 54 != 0 { exit.operands = .string(isOutput: !access.isInput) }
    }
    return ask(exit)
  }

  private func portExits(_ access: PortAccess) -> Bool {
    guard primary.contains(.useIOBitmaps) else { return primary.contains(.unconditionalIOExiting) }
    let last = UInt32(access.port) + UInt32(access.bytes) - 1
    // An access that wraps around the port space exits.
    guard last <= 0xFFFF else { return true }
    for port in UInt32(access.port)...last {
      let bitmap = vmcs[port < 0x8000 ? .ioBitmapA : .ioBitmapB]
      let bits = memory.read(PhysicalAddress(bitmap &+ UInt64(port & 0x7FFF) >> 3), as: UInt8.self)
      if bits >> UInt8(port & 7) & 1 != 0 { return true }
    }
    return false
  }

  // MARK: Task switches

  /// Task switches always exit (SDM Vol. 3, "Exit Qualification for Task Switches").
  public func exits(taskSwitch selector: UInt16, _ source: Int, length: UInt16) -> Bool {
    var exit = VMExit(.taskSwitch)
    exit.qualification = UInt64(selector) | UInt64(source) << 30
    if source != 3 { exit.length = UInt32(length) }
    return ask(exit)
  }

  // MARK: The time-stamp counter (SDM Vol. 3, "Time-Stamp Counter Offset and Multiplier")

  /// The counter as the guest reads it.
  public func timeStamp(_ own: UInt64) -> UInt64 {
    guard primary.contains(.useTSCOffsetting) else { return own }
    var value = own
    if secondary.contains(.useTSCScaling) {
      let product = own.multipliedFullWidth(by: vmcs[.tscMultiplier])
      value = product.high << 16 | product.low >> 48
    }
    return value &+ vmcs[.tscOffset]
  }
}
