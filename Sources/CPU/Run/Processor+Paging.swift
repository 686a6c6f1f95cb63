import EPTTLB
import Layout
import MMU

// What control registers, EFER and RFLAGS say about paging, and the instructions that are about it.

extension Access {
  /// The processor's own access to a descriptor table or a task-state segment.
  static let system = Access(isImplicit: true)
}

extension Processor {
  /// The controls that the control registers, EFER and RFLAGS say.
  package var pagingControls: PagingControls {
    var controls = ownPagingControls
    controls.masksA20 = masksA20 && virtualization?.isOn != true
    guard isGuest, let virtualization else { return controls }
    virtualization.complete(&controls)
    return controls
  }

  /// What the paging controls follow from, but a guest's and the PDPTE registers.
  @inline(__always) private var controlsFront: ControlsMemo.Front {
    let (cr0, cr4) = (state.pointee.cr0, state.pointee.cr4)
    var checks: UInt64 = state.isLong ? 1 : 0
    if cr4 & CR4.supervisorAccessPrevention != 0 || cr0 & CR0.alignmentMask != 0 {
      checks |= state.pointee.rflags & FlagBit.alignment | UInt64(state.privilege) << 1
    }
    if masksA20, virtualization?.isOn != true { checks |= 1 << 63 }
    let keys = UInt64(state.pointee.userKeys) | UInt64(state.pointee.supervisorKeys) << 32
    return (cr0, state.pointee.cr3, cr4, state.pointee.efer, checks, keys)
  }

  /// Whether there are PDPTE registers.
  @inline(__always) private var hasPointers: Bool {
    state.pointee.cr4 & CR4.physicalAddressExtension != 0 && !state.isLong
  }

  /// What they follow from beside, in a guest.
  @inline(__always) private var controlsGuest: ControlsMemo.Guest {
    guard isGuest, let words = extensions({ $0.controlWords }) else { return (0, 0, 0, 0, 0) }
    return (1, words.0, words.1, words.2, words.3)
  }

  /// Writes down all that the paging controls follow from.
  private func noteControlInputs(_ words: UnsafeMutablePointer<UInt64>) {
    (words[0], words[1], words[2], words[3], words[4], words[5]) = controlsFront
    (words[6], words[7], words[8], words[9], words[10]) = controlsGuest
    let (p0, p1, p2, p3) = hasPointers ? state.pointee.pointers : (0, 0, 0, 0)
    (words[11], words[12], words[13], words[14]) = (p0, p1, p2, p3)
  }

  /// The paging controls, as the translations know them.
  var knownControls: Translation.KnownControls {
    if !hasPointers, let known = controlsMemo.find(controlsFront, controlsGuest), translation.isKnown(known) {
      return known
    }
    noteControlInputs(controlsMemo.inputs)
    if let known = controlsMemo.find(), translation.isKnown(known) { return known }
    let known = translation.know(pagingControls)
    controlsMemo.add(known)
    return known
  }

  private var ownPagingControls: PagingControls {
    let (cr0, cr4, mode) = (state.pointee.cr0, state.pointee.cr4, pagingMode)
    guard mode != .none else {
      return PagingControls(
        root: 0, writeProtect: true, executeDisable: false, globalPages: false, physicalBits: model.physicalBits,
        mode: .none, checksAlignment: checksAlignment)
    }
    let cr3 = state.pointee.cr3
    let pcid = cr4 & CR4.processContextIdentifiers != 0 ? UInt16(truncatingIfNeeded: cr3 & 0xFFF) : 0
    var controls = PagingControls(
      root: cr3 & (mode == .pae ? 0xFFFF_FFE0 : 0x000F_FFFF_FFFF_F000), writeProtect: cr0 & CR0.writeProtect != 0,
      executeDisable: mode != .twoLevel && state.pointee.efer & EFER.executeDisable != 0,
      globalPages: cr4 & CR4.globalPages != 0, physicalBits: model.physicalBits, tag: Tag(pcid: pcid), mode: mode,
      pageSizeExtensions: mode == .twoLevel && cr4 & CR4.pageSizeExtensions != 0)
    controls.checksAlignment = checksAlignment
    controls.gigabytePages = hasGigabytePages
    controls.supervisorExecutionPrevention = cr4 & CR4.supervisorExecutionPrevention != 0
    if cr4 & CR4.supervisorAccessPrevention != 0 {
      controls.supervisorAccessPrevention = true
      controls.alignmentCheck = state.pointee.rflags & FlagBit.alignment != 0 && state.privilege < 3
    }
    if mode == .pae {
      let (p0, p1, p2, p3) = state.pointee.pointers
      controls.pointers = SIMD4(p0, p1, p2, p3)
    }
    if mode.isLong {
      if cr4 & CR4.userKeys != 0 { controls.userKeys = state.pointee.userKeys }
      if cr4 & CR4.supervisorKeys != 0 { controls.supervisorKeys = state.pointee.supervisorKeys }
    }
    return controls
  }

  /// Whether accesses that are not aligned fault (SDM Vol. 3, "Interrupt 17—Alignment Check Exception (#AC)").
  private var checksAlignment: Bool {
    state.pointee.cr0 & CR0.alignmentMask != 0 && state.pointee.rflags & FlagBit.alignment != 0
      && state.privilege == 3
  }

  private var pagingMode: PagingMode {
    guard state.pointee.cr0 & CR0.paging != 0 else { return .none }
    if state.isLong { return state.pointee.cr4 & CR4.linearAddress57 != 0 ? .fiveLevel : .fourLevel }
    return state.pointee.cr4 & CR4.physicalAddressExtension != 0 ? .pae : .twoLevel
  }

  /// Asserts A20M#, or no longer; in VMX operation it is ignored (SDM Vol. 3, "Restrictions on VMX Operation").
  package func setA20Mask(_ isAsserted: Bool) {
    guard isAsserted != masksA20 else { return }
    masksA20 = isAsserted
    translation.use(knownControls, isUser: translation.isUser)
    // What is linked or fetched ahead was so under the other mask.
    state.pointee.generation &+= 1
    requestStop()
  }

  /// EFLAGS.AC has changed: SMAP looks at it, and so do alignment checks.
  func alignmentCheckChanged() {
    let isLookedAt =
      state.pointee.cr4 & CR4.supervisorAccessPrevention != 0 || state.pointee.cr0 & CR0.alignmentMask != 0
    guard isLookedAt else { return }
    translation.use(knownControls, isUser: state.privilege == 3)
  }

  // MARK: The PDPTE registers

  /// Reads the four PDPTEs of a CR3 (SDM Vol. 3, "PDPTE Registers"): #GP(0) if one that is present sets a reserved bit,
  /// and then nothing has changed.
  func readPointers(of cr3: UInt64) throws(Fault) -> [UInt64] {
    let table = cr3 & 0xFFFF_FFE0
    let aboveAddress = ~((1 as UInt64) << UInt64(model.physicalBits) - 1)
    var place = PhysicalAddress(table)
    if translation.controls.ept != nil {
      let read = EPTAccess(needs: .read, isWrite: false, qualification: 1)
      switch translation.guestPhysicalAccess(table, read) {
      case .physical(let address, _): place = address
      case .exit(let reason):
        pendingExit = reason
        throw Fault(.exit)
      case .pageFault, .notCanonical: throw Fault(.generalProtection)
      }
    }
    let controls = translation.controls
    let pointers = (0..<4).map { memory.read(PhysicalAddress(controls.onBus(place.value + $0 * 8)), as: UInt64.self) }
    for pointer in pointers where pointer & 1 != 0 {
      guard pointer & (aboveAddress | 0x1E6) == 0 else { throw Fault(.generalProtection) }
    }
    return pointers
  }

  /// Fills the PDPTE registers; without values they stay.
  package func setPointers(_ pointers: [UInt64]?) {
    guard let pointers, pointers.count == 4 else { return }
    state.pointee.pointers = (pointers[0], pointers[1], pointers[2], pointers[3])
  }

  // MARK: CR3

  /// MOV to CR3: with CR4.PCIDE, bit 63 says that nothing is invalidated, and is not stored.
  func setCR3(_ value: UInt64) throws(Fault) {
    let s = state
    let hasPCID = s.pointee.cr4 & CR4.processContextIdentifiers != 0
    let keepsAll = hasPCID && value >> 63 != 0
    let root = keepsAll ? value & ~(1 << 63) : value
    guard !s.isLong || root >> UInt64(model.physicalBits) == 0 else { throw Fault(.generalProtection) }
    let pointers = pagingMode == .pae ? try readPointers(of: root) : nil
    s.pointee.cr3 = root
    setPointers(pointers)
    if keepsAll {
      translation.use(knownControls, isUser: translation.isUser)
    } else {
      translation.rootLoaded(knownControls)
    }
  }

  // MARK: INVPCID

  /// INVPCID with a type and a descriptor, "INVPCID—Invalidate Process-Context Identifier" (SDM Vol. 2A).
  func invalidateContexts(type: UInt64, descriptor: UInt64, address: UInt64) throws(Fault) {
    guard type < 4, descriptor >> 12 == 0 else { throw Fault(.generalProtection) }
    let pcid = UInt16(truncatingIfNeeded: descriptor)
    if type < 2 {
      guard pcid == 0 || state.pointee.cr4 & CR4.processContextIdentifiers != 0 else {
        throw Fault(.generalProtection)
      }
    }
    switch type {
    case 0:
      // By the processor's width, whatever the mode's.
      guard LinearAddress(address).isCanonical(bits: model.linearBits) else { throw Fault(.generalProtection) }
      translation.invalidate(.address(address, pcid: pcid))
    case 1: translation.invalidate(.context(pcid: pcid))
    case 2: translation.invalidate(.allWithGlobal)
    default: translation.invalidate(.all)
    }
  }

  // MARK: Memory types

  /// The MTRRs and the PAT as WRMSR left them.
  package func memoryTypesChanged() {
    var types = MemoryTypes()
    types.pat = model.number(of: 0x277) == nil ? MemoryTypes.resetPAT : self[modelSpecific: 0x277]
    types.ranges.defaultType = self[modelSpecific: 0x2FF]
    let fixed: [UInt32] = [0x250, 0x258, 0x259] + (0x268...0x26F)
    types.ranges.fixed = fixed.map { self[modelSpecific: $0] }
    let count = UInt32(self[modelSpecific: 0xFE] & 0xFF)
    types.ranges.variable = (0..<count).map {
      MemoryTypeRanges.Variable(base: self[modelSpecific: 0x200 + $0 * 2], mask: self[modelSpecific: 0x201 + $0 * 2])
    }
    translation.memoryTypes = types
  }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// Whether an address is canonical in the paging mode: by 48 bits, or by 57 with CR4.LA57 (SDM Vol. 1, "Canonical
  /// Addressing"). Bases that are only loaded are checked against what the processor supports: `CPUModel.linearBits`.
  @inline(__always) func isCanonical(_ linear: UInt64) -> Bool {
    LinearAddress(linear).isCanonical()
      || pointee.cr4 & CR4.linearAddress57 != 0 && LinearAddress(linear).isCanonical(bits: 57)
  }
}
