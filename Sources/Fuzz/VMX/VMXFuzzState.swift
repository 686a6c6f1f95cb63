import CPU
import Layout
import MMU
import VMX

/// A VMCS for a guest in the state that a processor is in, with controls and a few fields at random.
struct VMXFuzzState {
  let memory: PhysicalMemory
  let capabilities: VMXCapabilities
  /// The region of the VMCS, and the virtual-APIC page.
  let region: UInt64
  let virtualAPIC: UInt64

  private func put(_ field: VMCSField, _ value: UInt64) {
    memory.write(VMCSRegion.address(of: field, in: region), value & VMCSFields.all[field].mask)
  }

  private func get(_ field: VMCSField) -> UInt64 {
    memory.read(VMCSRegion.address(of: field, in: region), as: UInt64.self)
  }

  /// Makes the VMCS.
  ///
  /// - Parameter needsUnrestricted: the guest is in real-address mode or without paging.
  func write(guest s: State, _ processor: Processor, needsUnrestricted: Bool, _ random: inout FuzzRandom) {
    for field in VMCSField.allCases { put(field, 0) }
    controls(isLong: s.pointee.efer & 0x400 != 0, needsUnrestricted, &random)
    addresses(&random)
    guest(s, processor)
    host()
    if random.once(in: 4) { inject(&random) }
    for _ in 0..<[0, 0, 1, 1, 2, 3, 8][random.below(7)] { change(&random) }
  }

  // MARK: Controls

  private func controls(isLong: Bool, _ needsUnrestricted: Bool, _ random: inout FuzzRandom) {
    /// None that may be 0, some, or all.
    let density = random.below(4)
    func word(_ allowed: AllowedSettings, _ random: inout FuzzRandom) -> UInt32 {
      let chosen = UInt32(truncatingIfNeeded: random.next() & (density < 2 ? random.next() : .max))
      return switch density {
      case 0: allowed.allowed0
      case 3: allowed.allowed1
      default: chosen & allowed.allowed1 | allowed.allowed0
      }
    }
    var pin = PinControls(rawValue: word(capabilities.pin, &random))
    var primary = PrimaryControls(rawValue: word(capabilities.primary, &random))
    var secondary = SecondaryControls(rawValue: word(capabilities.secondary, &random))
    var exit = ExitControls(rawValue: word(capabilities.exit, &random))
    var entry = EntryControls(rawValue: word(capabilities.entry, &random))
    exit.insert(.hostAddressSpaceSize)
    entry.subtract([.entryToSMM, .deactivateDualMonitor, .ia32eModeGuest])
    if isLong { entry.insert(.ia32eModeGuest) }
    if needsUnrestricted { secondary.formUnion([.unrestrictedGuest, .enableEPT]) }
    if !needsUnrestricted && random.once(in: 2) { secondary.remove(.unrestrictedGuest) }
    if !secondary.isEmpty { primary.insert(.activateSecondaryControls) }
    // Most are made to fit together.
    if !random.once(in: 12) {
      if pin.contains(.virtualNMIs) { pin.insert(.nmiExiting) }
      if !pin.contains(.virtualNMIs) { primary.remove(.nmiWindowExiting) }
      if secondary.contains(.virtualizeAPICAccesses) { secondary.remove(.virtualizeX2APICMode) }
      if pin.contains(.processPostedInterrupts) {
        secondary.insert(.virtualInterruptDelivery)
        exit.insert(.acknowledgeInterrupt)
      }
      if secondary.contains(.virtualInterruptDelivery) { pin.insert(.externalInterruptExiting) }
      let needTPR: SecondaryControls = [
        .virtualInterruptDelivery, .virtualizeX2APICMode, .apicRegisterVirtualization,
      ]
      if !secondary.isDisjoint(with: needTPR) { primary.insert(.useTPRShadow) }
      let needEPT: SecondaryControls = [
        .pageModificationLogging, .modeBasedExecute, .unrestrictedGuest, .enableVMFunctions,
      ]
      if !secondary.isDisjoint(with: needEPT) { secondary.insert(.enableEPT) }
      if !pin.contains(.activatePreemptionTimer) { exit.remove(.savePreemptionTimer) }
    }
    put(.pinControls, UInt64(pin.rawValue))
    put(.primaryControls, UInt64(primary.rawValue))
    put(.secondaryControls, UInt64(secondary.rawValue))
    put(.exitControls, UInt64(exit.rawValue))
    put(.entryControls, UInt64(entry.rawValue))
    put(.exceptionBitmap, random.next() & random.next())
    put(.pageFaultErrorCodeMask, random.next() & 0x1F)
    put(.pageFaultErrorCodeMatch, random.next() & 0x1F)
    put(.cr3TargetCount, UInt64(random.below(5)))
    put(.cr0Mask, random.next() & random.next())
    put(.cr4Mask, random.next() & random.next())
    put(.cr0Shadow, random.next())
    put(.cr4Shadow, random.next())
    put(.preemptionTimer, UInt64(random.below(8)))
    put(.tscOffset, random.next())
    put(.tscMultiplier, random.once(in: 2) ? 1 << 48 : random.next() | 1)
    put(.vmFunctionControls, capabilities.vmFunctions)
    put(.xssExitingBitmap, random.next())
    put(.virtualProcessorIdentifier, 1 + UInt64(random.below(2)))
    put(.pleGap, UInt64(random.below(64)))
    put(.pleWindow, UInt64(random.below(256)))
    put(.guestInterruptStatus, random.next() & random.next())
    put(.pmlIndex, random.once(in: 4) ? random.next() : 511)
    for field: VMCSField in [.eoiExitBitmap0, .eoiExitBitmap1, .eoiExitBitmap2, .eoiExitBitmap3] {
      put(field, random.next())
    }
  }

  private func addresses(_ random: inout FuzzRandom) {
    typealias Tables = VMXFuzzTables
    put(.ioBitmapA, Tables.ioBitmaps)
    put(.ioBitmapB, Tables.ioBitmaps + 0x1000)
    put(.msrBitmaps, Tables.msrBitmaps)
    put(.apicAccessAddress, random.once(in: 2) ? FuzzTables.data : Tables.apicAccess)
    put(.virtualAPICAddress, virtualAPIC)
    put(.eptPointer, Tables.eptp | (random.once(in: 2) ? 0x40 : 0))
    put(.eptpListAddress, Tables.eptpList)
    put(.pmlAddress, Tables.log)
    put(.vmreadBitmapAddress, Tables.vmreadBitmap)
    put(.vmwriteBitmapAddress, Tables.vmwriteBitmap)
    put(.virtualizationExceptionAddress, Tables.virtualization)
    put(.postedInterruptDescriptorAddress, Tables.postedInterrupts)
    for field: VMCSField in [.exitMSRLoadAddress, .exitMSRStoreAddress, .entryMSRLoadAddress] {
      put(field, Tables.msrAreas)
    }
    if random.once(in: 4) {
      put(.entryMSRLoadCount, UInt64(random.below(9)))
      put(.exitMSRLoadCount, UInt64(random.below(8)))
      put(.exitMSRStoreCount, UInt64(random.below(8)))
    }
    switch random.below(4) {
    case 0: put(.vmcsLinkPointer, get(.secondaryControls) >> 14 & 1 != 0 ? Tables.shadow : Tables.linked)
    default: put(.vmcsLinkPointer, .max)
    }
  }

  // MARK: State

  private func guest(_ s: State, _ processor: Processor) {
    put(.guestCR0, s.pointee.cr0 | 0x20)
    put(.guestCR3, s.pointee.cr3)
    put(.guestCR4, s.pointee.cr4 | 0x2000)
    put(.guestEFER, s.pointee.efer & (s.pointee.efer & 0x400 != 0 ? .max : ~0x100))
    put(.guestPAT, 0x0007_0406_0007_0406)
    put(.guestDR7, 0x400)
    put(.guestRFLAGS, s.rflags)
    put(.guestRIP, s.pointee.rip)
    put(.guestRSP, s[.rsp])
    put(.guestSysenterCS, s.pointee.sysenterCS)
    put(.guestSysenterESP, s.pointee.sysenterESP)
    put(.guestSysenterEIP, s.pointee.sysenterEIP)
    put(.guestPKRS, UInt64(s.pointee.supervisorKeys))
    let pointers = s.pointee.pointers
    put(.guestPDPTE0, pointers.0)
    put(.guestPDPTE1, pointers.1)
    put(.guestPDPTE2, pointers.2)
    put(.guestPDPTE3, pointers.3)
    put(.guestGDTRBase, s.pointee.gdtr.base)
    put(.guestGDTRLimit, UInt64(s.pointee.gdtr.limit))
    put(.guestIDTRBase, s.pointee.idtr.base)
    put(.guestIDTRLimit, UInt64(s.pointee.idtr.limit))
    let segments = s.pointee.segments
    segment(segments.0, .guestESSelector, .guestESBase, .guestESLimit, .guestESAccessRights)
    segment(segments.1, .guestCSSelector, .guestCSBase, .guestCSLimit, .guestCSAccessRights)
    segment(segments.2, .guestSSSelector, .guestSSBase, .guestSSLimit, .guestSSAccessRights)
    segment(segments.3, .guestDSSelector, .guestDSBase, .guestDSLimit, .guestDSAccessRights)
    segment(segments.4, .guestFSSelector, .guestFSBase, .guestFSLimit, .guestFSAccessRights)
    segment(segments.5, .guestGSSelector, .guestGSBase, .guestGSLimit, .guestGSAccessRights)
    segment(s.pointee.ldtr, .guestLDTRSelector, .guestLDTRBase, .guestLDTRLimit, .guestLDTRAccessRights)
    var task = s.pointee.tr
    if task.attributes & 0x8F != 0x8B { (task.attributes, task.limit) = (0x8B, 0xFFFF) }
    segment(task, .guestTRSelector, .guestTRBase, .guestTRLimit, .guestTRAccessRights)
  }

  private func segment(
    _ value: SegmentRegister, _ selector: VMCSField, _ base: VMCSField, _ limit: VMCSField, _ rights: VMCSField
  ) {
    put(selector, UInt64(value.selector))
    put(base, value.base)
    put(limit, UInt64(value.limit))
    put(rights, UInt64(value.attributes))
  }

  private func host() {
    typealias Selector = FuzzTables.Selector
    put(.hostCR0, 0x8000_0031)
    put(.hostCR3, FuzzTables.pml4)
    put(.hostCR4, 0x2620)
    put(.hostEFER, 0x501)
    put(.hostPAT, 0x0007_0406_0007_0406)
    put(.hostCSSelector, UInt64(Selector.code64))
    for field: VMCSField in [.hostSSSelector, .hostDSSelector, .hostESSelector, .hostFSSelector, .hostGSSelector] {
      put(field, UInt64(Selector.data32))
    }
    put(.hostTRSelector, UInt64(Selector.task))
    put(.hostTRBase, FuzzTables.tss64)
    put(.hostGDTRBase, FuzzTables.gdt)
    put(.hostIDTRBase, FuzzTables.idt64)
    put(.hostRSP, FuzzTables.stack + 0x8000)
    put(.hostRIP, VMXFuzzTables.exitHandler)
  }

  // MARK: Chance

  /// An event that is likely to be valid.
  private func inject(_ random: inout FuzzRandom) {
    let kind = [0, 2, 3, 3, 4, 5, 6, 7][random.below(8)]
    var vector = random.below(256)
    if kind == 2 { vector = 2 }
    if kind == 3 { vector = random.below(32) }
    if kind == 7 { vector = 0 }
    var information = 1 << 31 | UInt64(kind) << 8 | UInt64(vector)
    if kind == 3 && [8, 10, 11, 12, 13, 14, 17].contains(vector) { information |= 1 << 11 }
    put(.entryInterruptionInformation, information)
    put(.entryExceptionErrorCode, random.next() & 0xFFFF)
    put(.entryInstructionLength, UInt64(random.below(16)))
    if kind == 0 { put(.guestRFLAGS, get(.guestRFLAGS) | 0x200) }
  }

  /// A field that is anything, or one bit off.
  private func change(_ random: inout FuzzRandom) {
    let field = VMCSField.allCases[random.below(VMCSField.allCases.count)]
    let old = get(field)
    switch random.below(8) {
    case 0: put(field, random.next())
    case 1: put(field, UInt64(random.below(64)))
    case 2: put(field, VMXFuzzTables.base + random.next() & 0x1_FFFF)
    case 3: put(field, 0)
    default: put(field, old ^ 1 << UInt64(random.below(field == .guestActivity || random.once(in: 2) ? 4 : 64)))
    }
  }
}
