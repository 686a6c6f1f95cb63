import Layout
import MMU

// Where instructions and events ask VMX.

extension Processor {
  /// Whether the processor is in VMX non-root operation.
  @inline(__always) public var isGuest: Bool { state.pointee.intercepts & Intercepts.guest != 0 }

  /// Leaves the block before an op for a VM exit or entry.
  @inline(never) func leaveForTransition(_ s: State, _ op: OpRef) { leaveBlock(s, op, ExitVirtual) }

  /// Whether an instruction exits; the block has been left then.
  @inline(never) func exits(_ instruction: InterceptedInstruction, _ s: State, _ op: OpRef) -> Bool {
    guard extensions({ $0.exits(instruction, length: op.pointee.length) }) == true else { return false }
    leaveForTransition(s, op)
    return true
  }

  /// Whether an access to a control register exits.
  @inline(never) func exits(_ access: ControlRegisterAccess, _ s: State, _ op: OpRef) -> Bool {
    guard isGuest, extensions({ $0.exits(access, length: op.pointee.length) }) == true else { return false }
    leaveForTransition(s, op)
    return true
  }

  /// Whether an access to a port exits.
  @inline(never) func exits(_ access: PortAccess, _ s: State, _ op: OpRef) -> Bool {
    guard extensions({ $0.exits(access, length: op.pointee.length) }) == true else { return false }
    leaveForTransition(s, op)
    return true
  }

  /// Whether RDMSR or WRMSR exits.
  func exits(msr: UInt32, isWrite: Bool, _ s: State, _ op: OpRef) -> Bool {
    guard isGuest, extensions({ $0.exits(msr: msr, isWrite: isWrite, length: op.pointee.length) }) == true else {
      return false
    }
    leaveForTransition(s, op)
    return true
  }

  /// Whether a feature is there that a guest has only if a control says so.
  func isEnabledForGuest(_ instruction: InterceptedInstruction) -> Bool {
    guard isGuest, let virtualization else { return true }
    return virtualization.allows(instruction)
  }

  /// An instruction of VMX. #UD where VMX is not, in real-address, virtual-8086 and compatibility mode, and outside VMX
  /// operation (SDM Vol. 3, "VMX Instruction Reference").
  @inline(never) func executeVMX(_ instruction: VMXInstruction, _ s: State, _ op: OpRef, isRegister: Bool = false) {
    let isUsable = s.isProtected && !s.isVirtual8086 && (!s.isLong || s.is64Bit)
    // VMCALL of a guest exits in every mode ("VMCALL—Call to VM Monitor").
    let isAlwaysUsable = instruction == .vmfunc || instruction == .vmcall && isGuest
    guard isUsable || isAlwaysUsable else { return raise(s, op, .invalidOpcode) }
    let operands = VMXOperands(
      linear: isRegister ? 0 : s.effectiveAddress(op), isStack: op.isBasedOnStack, isRegister: isRegister,
      register: op.pointee.destination, other: op.pointee.source, length: op.pointee.length)
    state.pointee.exit = UInt32(ExitNone)
    switch extensions({ $0.execute(instruction, operands) }) ?? .fault(.invalidOpcode, error: 0) {
    case .next: return s.fallThrough(op)
    case .fault(let vector, let error):
      setFault(s, vector, error)
      return leaveBlock(s, op, ExitFault)
    case .recordedFault: return leaveBlock(s, op, ExitFault)
    case .transition: return leaveForTransition(s, op)
    }
  }

  /// An event is about to be delivered: whether it exits instead.
  func exitTakes(_ vector: UInt8, _ error: UInt32?, _ source: EventSource) -> Bool {
    guard isGuest, source != .external, let virtualization else { return false }
    let kind: VectoredEvent.Kind =
      switch source {
      case .exception: .hardwareException
      case .privileged: .privilegedException
      case .software, .external: isSoftwareException ? .softwareException : .softwareInterrupt
      }
    guard kind != .softwareInterrupt else { return false }
    let detail =
      vector == Vector.pageFault.rawValue ? state.pointee.faultAddress : vector == 1 ? reportedDebug.bits : 0
    let event = VectoredEvent(
      vector: vector, kind: kind, error: error, length: source == .exception ? 0 : state.pointee.faultLength)
    if source != .exception {
      // RIP is behind the instruction; an exit finds it there.
      state.pointee.rip &-= UInt64(state.pointee.faultLength)
      state.pointee.instructions &-= 1
    }
    let dr6 = state.pointee.dr.6
    if vector == 1, source != .privileged { state.pointee.dr.6 = reportedDebug.old }
    if virtualization.takes(event, detail: detail) { return true }
    state.pointee.dr.6 = dr6
    if source != .exception {
      state.pointee.rip &+= UInt64(state.pointee.faultLength)
      state.pointee.instructions &+= 1
    }
    return false
  }

  /// The event that is being delivered, in the words of VMX.
  func vectored(_ vector: UInt8, _ error: UInt32?, _ source: EventSource) -> VectoredEvent {
    let kind: VectoredEvent.Kind =
      switch source {
      case .exception: .hardwareException
      case .privileged: .privilegedException
      case .software: isSoftwareException ? .softwareException : .softwareInterrupt
      case .external: vector == Vector.nonMaskable.rawValue ? .nonMaskable : .externalInterrupt
      }
    let isOfInstruction = source == .software || source == .privileged
    return VectoredEvent(
      vector: vector, kind: kind, error: error, length: isOfInstruction ? state.pointee.faultLength : 0)
  }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// Where the field lies that a register names, and the fields; nil: VMX must look, because this is no 64-bit mode at
  /// CPL 0 in root operation with a current VMCS, or the encoding is no field's.
  @inline(__always)
  fileprivate func vmcsPlace(of register: UInt8) -> (UnsafePointer<VMCSPlace>, UnsafeMutablePointer<UInt64>)? {
    guard let fields = pointee.vmcsFields, let places = pointee.vmcsPlaces, is64Bit, privilege == 0 else { return nil }
    let encoding = raw.load(fromByteOffset: Int(register), as: UInt64.self)
    guard encoding & ~0x6C7E == 0 else { return nil }
    // Width in bits 14:13, type in 11:10, index in 6:1 of those that there are.
    let place = places + Int(truncatingIfNeeded: (encoding >> 13) << 8 | (encoding >> 10 & 3) << 6 | encoding >> 1 & 63)
    guard place.pointee.field != UInt16(VMCSNoField) else { return nil }
    return (place, fields)
  }

  /// VMsucceed, for an instruction that needed nothing but the fields.
  @inline(__always) fileprivate func succeedVMX(_ op: OpRef) {
    pointee.cycles &+= pointee.vmcsCycles
    flags = Flags(result: 1, carries: 0)
    return passBranch(op)
  }

  @inline(never) fileprivate func executeVMX(_ instruction: VMXInstruction, _ op: OpRef, isRegister: Bool) {
    withProcessor(self) { $0.executeVMX(instruction, self, op, isRegister: isRegister) }
  }

  /// Clears the six arithmetic flags.
  package func clearArithmeticFlags() { flags = Flags(result: 1, carries: 0) }
}

// MARK: Instructions of VMX

/// VMCALL, "VMCALL—Call to VM Monitor" (SDM Vol. 3).
func vmcall(_ s: State, _ op: OpRef) { s.executeVMX(.vmcall, op, isRegister: true) }
/// VMCLEAR, "VMCLEAR—Clear Virtual-Machine Control Structure" (SDM Vol. 3).
func vmclear(_ s: State, _ op: OpRef) { s.executeVMX(.vmclear, op, isRegister: false) }
/// VMLAUNCH, "VMLAUNCH/VMRESUME—Launch/Resume Virtual Machine" (SDM Vol. 3).
func vmlaunch(_ s: State, _ op: OpRef) { s.executeVMX(.vmlaunch, op, isRegister: true) }
/// VMRESUME, "VMLAUNCH/VMRESUME—Launch/Resume Virtual Machine" (SDM Vol. 3).
func vmresume(_ s: State, _ op: OpRef) { s.executeVMX(.vmresume, op, isRegister: true) }
/// VMPTRLD, "VMPTRLD—Load Pointer to Virtual-Machine Control Structure" (SDM Vol. 3).
func vmptrld(_ s: State, _ op: OpRef) { s.executeVMX(.vmptrld, op, isRegister: false) }
/// VMPTRST, "VMPTRST—Store Pointer to Virtual-Machine Control Structure" (SDM Vol. 3).
func vmptrst(_ s: State, _ op: OpRef) { s.executeVMX(.vmptrst, op, isRegister: false) }
/// VMREAD, "VMREAD—Read Field from Virtual-Machine Control Structure" (SDM Vol. 3).
@inline(__always) func vmread<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  guard let (place, fields) = s.vmcsPlace(of: op.pointee.source) else {
    return s.executeVMX(.vmread, op, isRegister: true)
  }
  s.raw.storeBytes(
    of: fields[Int(place.pointee.field)], toByteOffset: Int(op.pointee.destination), as: UInt64.self)
  return s.succeedVMX(op)
}
func vmread<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) { s.executeVMX(.vmread, op, isRegister: false) }
/// VMWRITE, "VMWRITE—Write Field to Virtual-Machine Control Structure" (SDM Vol. 3).
@inline(__always) func vmwrite<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  guard let (place, fields) = s.vmcsPlace(of: op.pointee.destination), place.pointee.isReadOnly == 0 else {
    return s.executeVMX(.vmwrite, op, isRegister: true)
  }
  let value = s.raw.load(fromByteOffset: Int(op.pointee.source), as: UInt64.self)
  fields[Int(place.pointee.field)] = value & place.pointee.mask
  fields[Int(place.pointee.mark)] = 1
  return s.succeedVMX(op)
}
func vmwrite<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) { s.executeVMX(.vmwrite, op, isRegister: false) }
/// VMXOFF, "VMXOFF—Leave VMX Operation" (SDM Vol. 3).
func vmxoff(_ s: State, _ op: OpRef) { s.executeVMX(.vmxoff, op, isRegister: true) }
/// VMXON, "VMXON—Enter VMX Operation" (SDM Vol. 3).
func vmxon(_ s: State, _ op: OpRef) { s.executeVMX(.vmxon, op, isRegister: false) }
/// INVEPT, "INVEPT—Invalidate Translations Derived from EPT" (SDM Vol. 3).
func invept(_ s: State, _ op: OpRef) { s.executeVMX(.invept, op, isRegister: false) }
/// INVVPID, "INVVPID—Invalidate Translations Based on VPID" (SDM Vol. 3).
func invvpid(_ s: State, _ op: OpRef) { s.executeVMX(.invvpid, op, isRegister: false) }
/// VMFUNC, "VMFUNC—Invoke VM function" (SDM Vol. 3).
func vmfunc(_ s: State, _ op: OpRef) { s.executeVMX(.vmfunc, op, isRegister: true) }
