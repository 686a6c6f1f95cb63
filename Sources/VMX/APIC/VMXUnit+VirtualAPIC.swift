import CPU
import Layout
import MMU

// The virtual APIC (SDM Vol. 3, "APIC Virtualization and Virtual Interrupts").

extension VMXUnit {
  /// A register of the virtual-APIC page.
  func virtualRegister(_ offset: UInt64) -> UInt32 {
    memory.read(PhysicalAddress(vmcs[.virtualAPICAddress] &+ offset), as: UInt32.self)
  }

  /// Writes one.
  func setVirtualRegister(_ offset: UInt64, _ value: UInt32) {
    memory.write(PhysicalAddress(vmcs[.virtualAPICAddress] &+ offset), value)
  }

  /// What a VM entry does with the virtual APIC.
  func virtualAPICEntered() {}

  /// CR8 of a guest with a TPR shadow (SDM Vol. 3, "Virtualizing CR8-Based TPR Accesses").
  public var virtualTaskPriority: UInt64? {
    get { primary.contains(.useTPRShadow) ? UInt64(virtualRegister(0x80) >> 4 & 0xF) : nil }
    set {
      setVirtualRegister(0x80, UInt32(truncatingIfNeeded: newValue ?? 0) << 4)
      taskPriorityChanged()
    }
  }

  /// TPR virtualization.
  func taskPriorityChanged() {}

  /// A model-specific register that is virtualized.
  public func virtualRead(msr: UInt32) -> UInt64? { nil }
  /// A write to one.
  public func virtualWrite(msr: UInt32, _ value: UInt64) -> Bool? { nil }

  /// An access to the APIC-access page exits.
  public func apicAccess(
    _ access: Access, linear: UInt64, offset: UInt64, bytes: Int, value: UInt64?
  ) -> APICAccessOutcome {
    var exit = VMExit(.apicAccess)
    let kind: UInt64 = processor.vectoring != nil ? 3 : access.isFetch ? 2 : access.isWrite ? 1 : 0
    exit.qualification = offset & 0xFFF | kind << 12
    exit.linearAddress = linear
    pending = .exit(exit)
    return .exit
  }

  /// Whether a virtual interrupt is delivered or exits now; it has then.
  func takeVirtualInterrupt() -> Bool { false }
  /// Whether one would end HLT.
  var isVirtualInterruptDeliverable: Bool { false }
  /// Whether an external interrupt is the posted-interrupt notification, and has been processed.
  func processPostedInterrupt(_ vector: UInt8) -> Bool { false }
}
