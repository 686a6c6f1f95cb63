import CPU
import Layout
import MMU

// The instructions of VMX in root operation; in non-root operation they exit (SDM Vol. 3, "VMX Instruction Reference").

extension VMXUnit {
  /// Executes an instruction; the mode has been checked.
  public func execute(_ instruction: VMXInstruction, _ operands: VMXOperands) -> VMXInstructionEnd {
    if instruction == .vmfunc { return vmfunc(operands) }
    if instruction == .vmxon { return vmxon(operands) }
    guard isOn else { return .fault(.invalidOpcode, error: 0) }
    if isGuest, !isShadowed(instruction, operands) { return exitFor(instruction, operands) }
    guard state.privilege == 0 else { return .fault(.generalProtection, error: 0) }
    switch instruction {
    case .vmcall: return fail(InstructionError.vmcallInRoot)
    case .vmclear: return vmclear(operands)
    case .vmlaunch, .vmresume: return enter(isLaunch: instruction == .vmlaunch, operands)
    case .vmptrld: return vmptrld(operands)
    case .vmptrst: return write(operands, current, then: succeed)
    case .vmread: return vmread(operands)
    case .vmwrite: return vmwrite(operands)
    case .vmxoff: return vmxoff()
    case .invept: return invept(operands)
    case .invvpid: return invvpid(operands)
    case .vmxon, .vmfunc: return .fault(.invalidOpcode, error: 0)
    }
  }

  // MARK: Conventions (SDM Vol. 3, "Conventions")

  /// VMsucceed.
  func succeed() -> VMXInstructionEnd {
    state.clearArithmeticFlags()
    return .next
  }

  /// VMfail: VMfailValid with an error number, or VMfailInvalid without a current VMCS.
  func fail(_ error: UInt32) -> VMXInstructionEnd {
    guard current != ~0 else { return failInvalid() }
    vmcs[low: .vmInstructionError] = error
    state.rflags = state.rflags & ~FlagBit.arithmetic | FlagBit.zero
    return .next
  }

  func failInvalid() -> VMXInstructionEnd {
    state.rflags = state.rflags & ~FlagBit.arithmetic | FlagBit.carry
    return .next
  }

  /// The 64-bit memory operand; nil: a fault is recorded.
  private func operand(_ operands: VMXOperands, offset: UInt64 = 0) -> UInt64? {
    processor.readSlow(operands.linear &+ offset, bytes: 8, isStack: operands.isStack)
  }

  private func write(
    _ operands: VMXOperands, _ value: UInt64, bytes: UInt64 = 8, then end: () -> VMXInstructionEnd
  ) -> VMXInstructionEnd {
    guard processor.writeSlow(operands.linear, value, bytes: bytes, isStack: operands.isStack) else {
      return .recordedFault
    }
    return end()
  }

  private var operandBytes: UInt64 { state.is64Bit ? 8 : 4 }
  private func register(_ offset: UInt8) -> UInt64 {
    let value = UnsafeRawPointer(state).load(fromByteOffset: Int(offset), as: UInt64.self)
    return state.is64Bit ? value : value & 0xFFFF_FFFF
  }

  // MARK: VMX operation

  /// VMXON, "VMXON—Enter VMX Operation".
  private func vmxon(_ operands: VMXOperands) -> VMXInstructionEnd {
    guard state.pointee.cr4 & CR4.vmxEnable != 0 else { return .fault(.invalidOpcode, error: 0) }
    if isOn {
      if isGuest { return exitFor(.vmxon, operands) }
      guard state.privilege == 0 else { return .fault(.generalProtection, error: 0) }
      return fail(InstructionError.vmxonInRoot)
    }
    let control = processor[modelSpecific: 0x3A]
    guard state.privilege == 0, !violatesFixed(cr0: state.pointee.cr0, isUnrestricted: false),
      !violatesFixed(cr4: state.pointee.cr4), control & 1 != 0, control & 4 != 0, !processor.masksA20
    else { return .fault(.generalProtection, error: 0) }
    guard let pointer = operand(operands) else { return .recordedFault }
    guard isPointer(pointer),
      memory.read(PhysicalAddress(pointer), as: UInt32.self) == VMCSRegion.revisionIdentifier
    else { return failInvalid() }
    isOn = true
    vmxonPointer = pointer
    current = ~0
    fieldsChanged()
    listener { $0.executed(self, .vmxon, type: 0, low: pointer, high: 0) }
    return succeed()
  }

  /// VMXOFF, "VMXOFF—Leave VMX Operation".
  private func vmxoff() -> VMXInstructionEnd {
    writeBack()
    isOn = false
    vmxonPointer = ~0
    current = ~0
    fieldsChanged()
    processor.contextChanged()
    processor.interruptsChanged()
    listener { $0.executed(self, .vmxoff, type: 0, low: 0, high: 0) }
    return succeed()
  }

  /// Bits that VMX operation wants 1, or 0 (SDM Vol. 3, "Restrictions on VMX Operation").
  func violatesFixed(cr0: UInt64, isUnrestricted: Bool) -> Bool {
    let must = capabilities.cr0Fixed0 & ~(isUnrestricted ? CR0.protection | CR0.paging : 0)
    return ~cr0 & must != 0 || cr0 & ~capabilities.cr0Fixed1 != 0
  }

  func violatesFixed(cr4: UInt64) -> Bool { ~cr4 & capabilities.cr4Fixed0 != 0 || cr4 & ~capabilities.cr4Fixed1 != 0 }

  // MARK: The current VMCS

  /// VMCLEAR, "VMCLEAR—Clear Virtual-Machine Control Structure".
  private func vmclear(_ operands: VMXOperands) -> VMXInstructionEnd {
    guard let pointer = operand(operands) else { return .recordedFault }
    state.pointee.cycles &+= pointerCycles
    guard isPointer(pointer) else { return fail(InstructionError.vmclearAddress) }
    guard pointer != vmxonPointer else { return fail(InstructionError.vmclearVMXON) }
    if pointer == current {
      writeBack()
      current = ~0
      fieldsChanged()
    }
    memory.write(PhysicalAddress(pointer &+ VMCSRegion.launchState), 0 as UInt64)
    listener { $0.executed(self, .vmclear, type: 0, low: pointer, high: 0) }
    return succeed()
  }

  /// VMPTRLD, "VMPTRLD—Load Pointer to Virtual-Machine Control Structure".
  private func vmptrld(_ operands: VMXOperands) -> VMXInstructionEnd {
    guard let pointer = operand(operands) else { return .recordedFault }
    state.pointee.cycles &+= pointerCycles
    guard isPointer(pointer) else { return fail(InstructionError.vmptrldAddress) }
    guard pointer != vmxonPointer else { return fail(InstructionError.vmptrldVMXON) }
    let revision = memory.read(PhysicalAddress(pointer), as: UInt32.self)
    let mayShadow = SecondaryControls(rawValue: capabilities.secondary.allowed1).contains(.vmcsShadowing)
    guard revision & 0x7FFF_FFFF == VMCSRegion.revisionIdentifier, revision >> 31 == 0 || mayShadow else {
      return fail(InstructionError.vmptrldRevision)
    }
    if pointer != current {
      writeBack()
      load(pointer)
      fieldsChanged()
    }
    listener { $0.executed(self, .vmptrld, type: 0, low: pointer, high: 0) }
    return succeed()
  }

  // MARK: Fields

  /// A field by an encoding, and whether the access is to its high half; nil: it is not supported.
  private func field(_ encoding: UInt64) -> (field: VMCSField, isHigh: Bool)? {
    guard encoding >> 32 == 0, let field = fields.field(UInt32(encoding)), exists[Int(field.rawValue)] else {
      return nil
    }
    let isHigh = encoding & 1 != 0
    guard !isHigh || fields[field].width == .quadword else { return nil }
    return (field, isHigh)
  }

  /// VMREAD, "VMREAD—Read Field from Virtual-Machine Control Structure".
  private func vmread(_ operands: VMXOperands) -> VMXInstructionEnd {
    let link = isGuest ? vmcs[.vmcsLinkPointer] : ~0
    guard isGuest ? link != ~0 : current != ~0 else { return failInvalid() }
    state.pointee.cycles &+= vmcsCycles
    guard let (field, isHigh) = field(register(operands.other)) else { return fail(InstructionError.unsupportedField) }
    var value =
      isGuest ? memory.read(VMCSRegion.address(of: field, in: link), as: UInt64.self) : vmcs[field]
    if isHigh { value >>= 32 }
    if isGuest { listener { $0.shadowed(self, .vmread, encoding: register(operands.other), value: value) } }
    if operands.isRegister {
      if !state.is64Bit { value &= 0xFFFF_FFFF }
      UnsafeMutableRawPointer(state).storeBytes(of: value, toByteOffset: Int(operands.register), as: UInt64.self)
    } else if !processor.writeSlow(operands.linear, value, bytes: operandBytes, isStack: operands.isStack) {
      return .recordedFault
    }
    return succeed()
  }

  /// VMWRITE, "VMWRITE—Write Field to Virtual-Machine Control Structure".
  private func vmwrite(_ operands: VMXOperands) -> VMXInstructionEnd {
    let link = isGuest ? vmcs[.vmcsLinkPointer] : ~0
    guard isGuest ? link != ~0 : current != ~0 else { return failInvalid() }
    let value: UInt64
    if operands.isRegister {
      value = register(operands.other)
    } else {
      guard let read = processor.readSlow(operands.linear, bytes: operandBytes, isStack: operands.isStack) else {
        return .recordedFault
      }
      value = read
    }
    state.pointee.cycles &+= vmcsCycles
    guard let (field, isHigh) = field(register(operands.register)) else {
      return fail(InstructionError.unsupportedField)
    }
    let description = fields[field]
    guard description.kind != .exitInformation || capabilities.misc.writesAnyField else {
      return fail(InstructionError.readOnlyField)
    }
    let old = isGuest ? memory.read(VMCSRegion.address(of: field, in: link), as: UInt64.self) : vmcs[field]
    var new = value & description.mask
    if isHigh {
      new = old & 0xFFFF_FFFF | value << 32
    } else if description.width == .quadword, !state.is64Bit {
      new = old & ~0xFFFF_FFFF | value
    }
    if isGuest {
      memory.write(VMCSRegion.address(of: field, in: link), new)
      listener { $0.shadowed(self, .vmwrite, encoding: register(operands.register), value: value) }
    } else {
      vmcs[field] = new
    }
    return succeed()
  }

  /// Whether VMREAD or VMWRITE of a guest is satisfied by the shadow VMCS (SDM Vol. 3, "VMCS Shadowing Bitmap
  /// Addresses").
  private func isShadowed(_ instruction: VMXInstruction, _ operands: VMXOperands) -> Bool {
    guard instruction == .vmread || instruction == .vmwrite, secondary.contains(.vmcsShadowing) else { return false }
    let encoding = register(instruction == .vmread ? operands.other : operands.register)
    guard encoding >> 15 == 0 else { return false }
    let bitmap = vmcs[instruction == .vmread ? .vmreadBitmapAddress : .vmwriteBitmapAddress]
    let bits = memory.read(PhysicalAddress(bitmap &+ encoding >> 3), as: UInt8.self)
    return bits >> UInt8(encoding & 7) & 1 == 0
  }

  // MARK: Invalidation

  /// INVEPT or INVVPID fails for its descriptor, which observers are told of: software may take it for done.
  private func fail(_ invalidation: Invalidation) -> VMXInstructionEnd {
    processor.translation.observer?.invalidated(invalidation)
    return fail(InstructionError.invalidOperand)
  }

  /// INVEPT, "INVEPT—Invalidate Translations Derived from EPT".
  private func invept(_ operands: VMXOperands) -> VMXInstructionEnd {
    guard capabilities.eptVPID.contains(.invept) else { return .fault(.invalidOpcode, error: 0) }
    let type = register(operands.register)
    let needed: EPTVPIDCapabilities = type == 1 ? .inveptSingleContext : .inveptAllContexts
    guard type == 1 || type == 2, capabilities.eptVPID.contains(needed) else {
      return fail(InstructionError.invalidOperand)
    }
    guard let pointer = operand(operands), let high = operand(operands, offset: 8) else { return .recordedFault }
    state.pointee.cycles &+= invalidationCycles
    if type == 1 {
      guard isEPTP(pointer) else { return fail(.failedINVEPT(pointer)) }
      processor.translation.invalidate(.ept(tag: pointer & 0x000F_FFFF_FFFF_F000))
    } else {
      processor.translation.invalidate(.everyEPT)
    }
    listener { $0.executed(self, .invept, type: type, low: pointer, high: high) }
    return succeed()
  }

  /// INVVPID, "INVVPID—Invalidate Translations Based on VPID".
  private func invvpid(_ operands: VMXOperands) -> VMXInstructionEnd {
    guard capabilities.eptVPID.contains(.invvpid) else { return .fault(.invalidOpcode, error: 0) }
    let type = register(operands.register)
    let supported: [EPTVPIDCapabilities] = [
      .invvpidAddress, .invvpidSingleContext, .invvpidAllContexts, .invvpidRetainingGlobals,
    ]
    guard type < 4, capabilities.eptVPID.contains(supported[Int(type)]) else {
      return fail(InstructionError.invalidOperand)
    }
    guard let low = operand(operands), let address = operand(operands, offset: 8) else { return .recordedFault }
    state.pointee.cycles &+= invalidationCycles
    guard low >> 16 == 0 else { return fail(.failedINVVPID(low)) }
    let vpid = UInt16(truncatingIfNeeded: low)
    guard vpid != 0 || type == 2 else { return fail(.failedINVVPID(low)) }
    switch type {
    case 0:
      guard LinearAddress(address).isCanonical(bits: capabilities.linearBits) else {
        return fail(.failedINVVPID(low))
      }
      processor.translation.invalidate(.address(address, vpid: vpid))
    case 1: processor.translation.invalidate(.vpid(vpid))
    case 2: processor.translation.invalidate(.everyVPID)
    default: processor.translation.invalidate(.vpidButGlobal(vpid))
    }
    listener { $0.executed(self, .invvpid, type: type, low: low, high: address) }
    return succeed()
  }

  /// Whether an EPTP would let a VM entry pass (SDM Vol. 3, "Checks on VM-Execution Control Fields").
  func isEPTP(_ pointer: UInt64) -> Bool {
    let has = capabilities.eptVPID
    switch pointer & 7 {
    case 0: guard has.contains(.uncacheable) else { return false }
    case 6: guard has.contains(.writeBack) else { return false }
    default: return false
    }
    switch pointer >> 3 & 7 {
    case 3: guard has.contains(.walkOfFour) else { return false }
    case 4: guard has.contains(.walkOfFive) else { return false }
    default: return false
    }
    guard pointer & 1 << 6 == 0 || has.contains(.accessedAndDirty) else { return false }
    return pointer & (0xF80 | capabilities.beyondPhysical) == 0
  }

  // MARK: VM functions

  /// VMFUNC, "VMFUNC—Invoke VM function".
  private func vmfunc(_ operands: VMXOperands) -> VMXInstructionEnd {
    guard isGuest, secondary.contains(.enableVMFunctions) else { return .fault(.invalidOpcode, error: 0) }
    let function = state[.rax] & 0xFFFF_FFFF
    guard function < 64 else { return .fault(.invalidOpcode, error: 0) }
    var exit = VMExit(.vmfunc)
    exit.length = UInt32(operands.length)
    guard vmcs[.vmFunctionControls] >> function & 1 != 0 else { return leave(exit) }
    // EPTP switching, the only one that capabilities offer.
    let index = state[.rcx] & 0xFFFF_FFFF
    guard index < 512 else { return leave(exit) }
    let pointer = memory.read(PhysicalAddress(vmcs[.eptpListAddress] &+ index * 8), as: UInt64.self)
    guard isEPTP(pointer) else { return leave(exit) }
    state.pointee.cycles &+= functionCycles
    vmcs[.eptPointer] = pointer
    if secondary.contains(.virtualizationException) { vmcs[.eptpIndex] = index }
    processor.contextChanged()
    // What follows is fetched anew.
    state.pointee.exit = UInt32(ExitStop)
    listener { $0.executed(self, .vmfunc, type: function, low: index, high: pointer) }
    return .next
  }

  /// The boundary before the instruction is where it exits.
  func leave(_ exit: VMExit) -> VMXInstructionEnd {
    asked.pointee = exit
    pending = .exit
    return .transition
  }

  private func exitFor(_ instruction: VMXInstruction, _ operands: VMXOperands) -> VMXInstructionEnd {
    listener { $0.willExit(self, instruction, operands) }
    let reason: ExitReason
    var kind = ExitOperands.memory
    switch instruction {
    case .vmcall: (reason, kind) = (.vmcall, .none)
    case .vmclear: reason = .vmclear
    case .vmlaunch: (reason, kind) = (.vmlaunch, .none)
    case .vmresume: (reason, kind) = (.vmresume, .none)
    case .vmptrld: reason = .vmptrld
    case .vmptrst: reason = .vmptrst
    case .vmread: (reason, kind) = (.vmread, .field)
    case .vmwrite: (reason, kind) = (.vmwrite, .field)
    case .vmxoff: (reason, kind) = (.vmxoff, .none)
    case .vmxon: reason = .vmxon
    case .invept: (reason, kind) = (.invept, .descriptor)
    case .invvpid: (reason, kind) = (.invvpid, .descriptor)
    case .vmfunc: (reason, kind) = (.vmfunc, .none)
    }
    asked.pointee = VMExit(reason)
    asked.pointee.length = UInt32(operands.length)
    asked.pointee.operands = kind
    pending = .exit
    return .transition
  }
}
