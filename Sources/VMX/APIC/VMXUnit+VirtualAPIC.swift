import CPU
import Layout
import MMU

// The virtual APIC: what is written to it, and what follows (SDM Vol. 3, "APIC Virtualization and Virtual Interrupts").

/// Offsets of registers in the virtual-APIC page, which are those of the local APIC.
enum APICRegister {
  static let taskPriority: UInt64 = 0x80
  static let processorPriority: UInt64 = 0xA0
  static let endOfInterrupt: UInt64 = 0xB0
  static let inService: UInt64 = 0x100
  static let requested: UInt64 = 0x200
  static let commandLow: UInt64 = 0x300
  static let commandHigh: UInt64 = 0x310
}

extension VMXUnit {
  /// A register of the virtual-APIC page.
  func virtualRegister(_ offset: UInt64) -> UInt32 {
    memory.read(PhysicalAddress(vmcs[.virtualAPICAddress] &+ offset), as: UInt32.self)
  }

  /// Writes one.
  func setVirtualRegister(_ offset: UInt64, _ value: UInt32) {
    memory.write(PhysicalAddress(vmcs[.virtualAPICAddress] &+ offset), value)
  }

  private var deliversVirtually: Bool { secondary.contains(.virtualInterruptDelivery) }

  /// What a VM entry does with the virtual APIC.
  func virtualAPICEntered() {
    isVirtualInterruptPending = false
    virtualTrap = nil
    guard primary.contains(.useTPRShadow) else { return }
    if deliversVirtually {
      virtualizePriority()
      evaluate()
    } else if secondary.contains(.virtualizeAPICAccesses) {
      isBelowThreshold = isTaskPriorityBelowThreshold
    }
  }

  private var isTaskPriorityBelowThreshold: Bool {
    UInt64(virtualRegister(APICRegister.taskPriority) >> 4 & 0xF) < vmcs[.tprThreshold] & 0xF
  }

  // MARK: Task priority

  /// CR8 of a guest with a TPR shadow (SDM Vol. 3, "Virtualizing CR8-Based TPR Accesses").
  public var virtualTaskPriority: UInt64? {
    get { primary.contains(.useTPRShadow) ? UInt64(virtualRegister(APICRegister.taskPriority) >> 4 & 0xF) : nil }
    set {
      setVirtualRegister(APICRegister.taskPriority, UInt32(truncatingIfNeeded: newValue ?? 0) << 4)
      virtualizeTaskPriority()
    }
  }

  /// "TPR Virtualization".
  private func virtualizeTaskPriority() {
    if deliversVirtually {
      virtualizePriority()
      evaluate()
    } else if isTaskPriorityBelowThreshold {
      isBelowThreshold = true
      processor.interruptsChanged()
    }
  }

  /// "PPR Virtualization".
  private func virtualizePriority() {
    let task = UInt8(truncatingIfNeeded: virtualRegister(APICRegister.taskPriority))
    let service = servicing
    setVirtualRegister(APICRegister.processorPriority, UInt32(task >> 4 >= service >> 4 ? task : service & 0xF0))
  }

  // MARK: Virtual interrupts (SDM Vol. 3, "Evaluation and Delivery of Virtual Interrupts")

  /// RVI, bits 7:0 of the guest interrupt status.
  private var requesting: UInt8 {
    get { UInt8(truncatingIfNeeded: vmcs[.guestInterruptStatus]) }
    set { vmcs[.guestInterruptStatus] = vmcs[.guestInterruptStatus] & 0xFF00 | UInt64(newValue) }
  }

  /// SVI, bits 15:8.
  private var servicing: UInt8 {
    get { UInt8(truncatingIfNeeded: vmcs[.guestInterruptStatus] >> 8) }
    set { vmcs[.guestInterruptStatus] = vmcs[.guestInterruptStatus] & 0xFF | UInt64(newValue) << 8 }
  }

  /// "Evaluation of Pending Virtual Interrupts".
  private func evaluate() {
    let priority = UInt8(truncatingIfNeeded: virtualRegister(APICRegister.processorPriority))
    isVirtualInterruptPending =
      !primary.contains(.interruptWindowExiting) && requesting >> 4 > priority >> 4
    processor.interruptsChanged()
  }

  /// A bit of the virtual IRR or ISR.
  private func setVector(_ set: UInt64, _ vector: UInt8, _ isSet: Bool) {
    let offset = set + UInt64(vector >> 5) << 4
    let bit = UInt32(1) << UInt32(vector & 31)
    let word = virtualRegister(offset)
    setVirtualRegister(offset, isSet ? word | bit : word & ~bit)
  }

  /// The highest vector in the virtual IRR or ISR, or 0.
  private func highestVector(_ set: UInt64) -> UInt8 {
    for index in stride(from: 7, through: 0, by: -1) {
      let word = virtualRegister(set + UInt64(index) << 4)
      if word != 0 { return UInt8(index * 32 + 31 - word.leadingZeroBitCount) }
    }
    return 0
  }

  /// Whether a virtual interrupt may be delivered at this boundary.
  var isVirtualInterruptDeliverable: Bool {
    isVirtualInterruptPending && state.pointee.rflags & FlagBit.interrupt != 0 && state.pointee.interruptShadow == 0
  }

  /// "Virtual-Interrupt Delivery"; whether one was delivered.
  func takeVirtualInterrupt() -> Bool {
    guard isVirtualInterruptDeliverable else { return false }
    let vector = requesting
    setVector(APICRegister.inService, vector, true)
    servicing = vector
    setVirtualRegister(APICRegister.processorPriority, UInt32(vector & 0xF0))
    setVector(APICRegister.requested, vector, false)
    requesting = highestVector(APICRegister.requested)
    isVirtualInterruptPending = false
    processor.deliverExternal(vector)
    return true
  }

  /// "EOI Virtualization".
  private func endInterrupt() {
    let vector = servicing
    setVector(APICRegister.inService, vector, false)
    servicing = highestVector(APICRegister.inService)
    virtualizePriority()
    let bitmaps: [VMCSField] = [.eoiExitBitmap0, .eoiExitBitmap1, .eoiExitBitmap2, .eoiExitBitmap3]
    if vmcs[bitmaps[Int(vector >> 6)]] >> UInt64(vector & 63) & 1 != 0 {
      trap(.virtualizedEOI, UInt64(vector))
    } else {
      evaluate()
    }
  }

  /// "Self-IPI Virtualization".
  private func interruptSelf(_ vector: UInt8) {
    setVector(APICRegister.requested, vector, true)
    requesting = max(requesting, vector)
    evaluate()
  }

  private func trap(_ reason: ExitReason, _ qualification: UInt64) {
    virtualTrap = (reason, qualification)
    processor.interruptsChanged()
  }

  // MARK: The APIC-access page (SDM Vol. 3, "Virtualizing Memory-Mapped APIC Accesses")

  /// Where in the virtual-APIC page an access goes; nil: it exits.
  public func apicAccess(
    _ access: Access, linear: UInt64, offset: UInt64, bytes: UInt64, length: UInt8
  ) -> PhysicalAddress? {
    if isVirtualized(access, offset: offset, bytes: bytes) {
      return PhysicalAddress(vmcs[.virtualAPICAddress] &+ offset)
    }
    var exit = VMExit(.apicAccess)
    let kind: UInt64 = processor.vectoring != nil ? 3 : access.isFetch ? 2 : access.isWrite ? 1 : 0
    exit.qualification = offset & 0xFFF | kind << 12
    exit.linearAddress = linear
    exit.length = UInt32(length)
    asked.pointee = exit
    pending = .exit
    return nil
  }

  private func isVirtualized(_ access: Access, offset: UInt64, bytes: UInt64) -> Bool {
    guard primary.contains(.useTPRShadow), !access.isFetch, processor.vectoring == nil, bytes <= 4,
      offset & 0xF &+ bytes <= 4
    else { return false }
    let register = offset & ~0xF
    if secondary.contains(.apicRegisterVirtualization) {
      return VMXUnit.isVirtualRegister(register, isWrite: access.isWrite)
    }
    if register == APICRegister.taskPriority { return true }
    return access.isWrite && deliversVirtually
      && (register == APICRegister.endOfInterrupt || register == APICRegister.commandLow)
  }

  /// Registers that APIC-register virtualization reads and writes in the page.
  private static func isVirtualRegister(_ register: UInt64, isWrite: Bool) -> Bool {
    switch register {
    case 0x20, 0x80, 0xB0, 0xD0, 0xE0, 0xF0, 0x280, 0x300, 0x310, 0x320...0x370, 0x380, 0x3E0: true
    case 0x30, 0x100...0x270: !isWrite
    default: false
    }
  }

  /// "APIC-Write Emulation".
  public func apicWritten(offset: UInt64) {
    let register = offset & ~0xF
    switch register {
    case APICRegister.taskPriority:
      setVirtualRegister(register, virtualRegister(register) & 0xFF)
      virtualizeTaskPriority()
    case APICRegister.endOfInterrupt where deliversVirtually:
      setVirtualRegister(register, 0)
      endInterrupt()
    case APICRegister.commandHigh: setVirtualRegister(register, virtualRegister(register) & 0xFF00_0000)
    case APICRegister.commandLow where deliversVirtually && isSelfInterrupt(virtualRegister(register)):
      interruptSelf(UInt8(truncatingIfNeeded: virtualRegister(register)))
    default: trap(.apicWrite, register)
    }
  }

  /// Whether a command is a fixed, edge-triggered interrupt to the processor itself with a valid vector.
  private func isSelfInterrupt(_ command: UInt32) -> Bool {
    command & 0xFFFC_DF00 == 0x4_0000 && command & 0xF0 != 0
  }

  // MARK: x2APIC registers (SDM Vol. 3, "Virtualizing MSR-Based APIC Accesses")

  /// A model-specific register that is virtualized; nil: it is the processor's own.
  public func virtualRead(msr: UInt32) -> UInt64? {
    guard secondary.contains(.virtualizeX2APICMode), 0x800...0x8FF ~= msr else { return nil }
    guard msr == 0x808 || secondary.contains(.apicRegisterVirtualization) else { return nil }
    return memory.read(PhysicalAddress(vmcs[.virtualAPICAddress] &+ UInt64(msr & 0xFF) << 4), as: UInt64.self)
  }

  /// A write to one; nil: it is the processor's own; false: #GP(0).
  public func virtualWrite(msr: UInt32, _ value: UInt64) -> Bool? {
    guard secondary.contains(.virtualizeX2APICMode) else { return nil }
    switch msr {
    case 0x808:
      guard value >> 8 == 0 else { return false }
      memory.write(PhysicalAddress(vmcs[.virtualAPICAddress] &+ APICRegister.taskPriority), value)
      virtualizeTaskPriority()
    case 0x80B where deliversVirtually:
      guard value == 0 else { return false }
      memory.write(PhysicalAddress(vmcs[.virtualAPICAddress] &+ APICRegister.endOfInterrupt), value)
      endInterrupt()
    case 0x83F where deliversVirtually:
      guard value >> 8 == 0 else { return false }
      memory.write(PhysicalAddress(vmcs[.virtualAPICAddress] &+ 0x3F0), value)
      if value & 0xF0 != 0 {
        interruptSelf(UInt8(truncatingIfNeeded: value))
      } else {
        trap(.apicWrite, 0x3F0)
      }
    default: return nil
    }
    return true
  }

  // MARK: Posted interrupts (SDM Vol. 3, "Posted-Interrupt Processing")

  /// Whether an external interrupt is the notification, and has been processed.
  func processPostedInterrupt(_ vector: UInt8) -> Bool {
    guard pin.contains(.processPostedInterrupts), UInt64(vector) == vmcs[.postedInterruptNotificationVector] else {
      return false
    }
    let descriptor = vmcs[.postedInterruptDescriptorAddress]
    let control = PhysicalAddress(descriptor &+ 32)
    memory.write(control, memory.read(control, as: UInt64.self) & ~1)
    processor.endInterrupt()
    var highest: UInt8 = 0
    for index in 0..<8 as Range<UInt64> {
      let place = PhysicalAddress(descriptor &+ index * 4)
      let posted = memory.read(place, as: UInt32.self)
      guard posted != 0 else { continue }
      memory.write(place, 0 as UInt32)
      let offset = APICRegister.requested + index << 4
      setVirtualRegister(offset, virtualRegister(offset) | posted)
      highest = UInt8(truncatingIfNeeded: index * 32 + UInt64(31 - posted.leadingZeroBitCount))
    }
    requesting = max(requesting, highest)
    evaluate()
    return true
  }
}
