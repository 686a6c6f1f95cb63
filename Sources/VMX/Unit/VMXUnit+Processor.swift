import CPU
import EPTTLB
import Layout
import MMU

extension VMXUnit: VirtualMachineExtensions {
  /// The EPT and tags of a guest.
  public func complete(_ controls: inout PagingControls) {
    if secondary.contains(.enableVPID) {
      controls.tag.vpid = UInt16(truncatingIfNeeded: vmcs[.virtualProcessorIdentifier])
    }
    if secondary.contains(.enableEPT) {
      var ept = EPTControls(pointer: vmcs[.eptPointer])
      ept.modeBasedExecute = secondary.contains(.modeBasedExecute)
      ept.executeOnly = capabilities.eptVPID.contains(.executeOnly)
      ept.gigabytePages = capabilities.eptVPID.contains(.oneGigabytePages)
      ept.advancedInformation = capabilities.eptVPID.contains(.advancedInformation)
      controls.ept = ept
      controls.tag.ep4ta = ept.tag
    }
    if secondary.contains(.virtualizeAPICAccesses) {
      controls.apicAccessPage = vmcs[.apicAccessAddress] & 0x000F_FFFF_FFFF_F000
    }
  }

  /// What these follow from.
  public var controlWords: (UInt64, UInt64, UInt64, UInt64) {
    (vmcs[.virtualProcessorIdentifier], vmcs[.eptPointer], UInt64(secondary.rawValue), vmcs[.apicAccessAddress])
  }

  /// RESET, and INIT outside VMX operation.
  public func reset() {
    isOn = false
    vmxonPointer = ~0
    current = ~0
    isLaunched = false
    isShadow = false
    blocksVirtualNMI = false
    isTrapPending = false
    isBelowThreshold = false
    isVirtualInterruptPending = false
    virtualTrap = nil
    timerEnd = nil
    pending = .none
    (pin, primary, secondary) = ([], [], [])
    unblocking.count = .max
    (lastPause, firstPause) = (0, 0)
    fieldsChanged()
  }

  private var words: [UInt64] {
    var flags: UInt64 = 0
    for (bit, flag) in [
      isOn, isLaunched, isShadow, blocksVirtualNMI, isTrapPending, isBelowThreshold, isVirtualInterruptPending,
      timerEnd != nil,
    ].enumerated() where flag { flags |= 1 << UInt64(bit) }
    return [
      flags, vmxonPointer, current, timerEnd ?? 0, lastPause, firstPause,
      UInt64(pin.rawValue) << 32 | UInt64(primary.rawValue), UInt64(secondary.rawValue), unblocking.rip,
      unblocking.count, virtualTrap.map { UInt64($0.reason.rawValue) << 32 | $0.qualification } ?? .max,
    ]
  }

  /// What hashes cover; nothing while VMX was never used.
  public func hash(into hasher: inout StateHasher) {
    guard isOn else { return }
    for word in words { hasher.add(word) }
    guard current != ~0 else { return }
    for index in 0..<VMCSField.allCases.count { hasher.add(vmcs.words[index]) }
  }

  private struct Saved {
    let words: [UInt64]
    let fields: [UInt64]
    let failure: FailedEntry?
  }

  /// The state, for snapshots.
  public var image: Any {
    Saved(
      words: words, fields: (0..<VMCSField.allCases.count).map { vmcs.words[$0] }, failure: lastFailed)
  }

  /// Becomes what it was.
  public func restore(_ image: Any) {
    guard let saved = image as? Saved else { return }
    let words = saved.words
    func flag(_ bit: UInt64) -> Bool { words[0] >> bit & 1 != 0 }
    (isOn, isLaunched, isShadow, blocksVirtualNMI) = (flag(0), flag(1), flag(2), flag(3))
    (isTrapPending, isBelowThreshold, isVirtualInterruptPending) = (flag(4), flag(5), flag(6))
    (vmxonPointer, current) = (words[1], words[2])
    timerEnd = flag(7) ? words[3] : nil
    (lastPause, firstPause) = (words[4], words[5])
    pin = PinControls(rawValue: UInt32(truncatingIfNeeded: words[6] >> 32))
    primary = PrimaryControls(rawValue: UInt32(truncatingIfNeeded: words[6]))
    secondary = SecondaryControls(rawValue: UInt32(truncatingIfNeeded: words[7]))
    unblocking = (words[8], words[9])
    virtualTrap = ExitReason(rawValue: UInt32(truncatingIfNeeded: words[10] >> 32)).map {
      ($0, words[10] & 0xFFFF_FFFF)
    }
    pending = .none
    for (index, value) in saved.fields.enumerated() { vmcs.words[index] = value }
    vmcs.hasOtherWrites = true
    lastFailed = saved.failure
    fieldsChanged()
    processor.translation.modificationLog = secondary.contains(.pageModificationLogging) ? self : nil
  }
}

extension VMXUnit: ModificationLog {
  /// Whether the page-modification log has room (SDM Vol. 3, "Page-Modification Logging").
  public var hasRoom: Bool { vmcs[.pmlIndex] < 512 }

  /// Logs a page.
  public func log(_ guestPhysicalAddress: UInt64) {
    memory.write(PhysicalAddress(vmcs[.pmlAddress] &+ vmcs[.pmlIndex] * 8), guestPhysicalAddress & ~0xFFF)
    vmcs[.pmlIndex] = (vmcs[.pmlIndex] &- 1) & 0xFFFF
  }
}
