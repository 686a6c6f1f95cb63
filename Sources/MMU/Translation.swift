import EPTTLB
import Layout

/// One processor's way from linear addresses to memory: its mappings, its contexts and the host pointers derived from
/// them.
public final class Translation {
  /// What INVPCID invalidates (SDM Vol. 2A, "INVPCID—Invalidate Process-Context Identifier").
  public enum PCIDInvalidation: Equatable, Sendable {
    /// Type 0: an address of a PCID.
    case address(UInt64, pcid: UInt16)
    /// Type 1: a PCID.
    case context(pcid: UInt16)
    /// Types 2 and 3: every PCID, with and without global translations.
    case allWithGlobal, all
  }

  /// Where an address lies, or why it lies nowhere.
  public enum Result {
    /// The physical address, by a mapping.
    case physical(PhysicalAddress, Slot)
    /// #PF with an error code.
    case pageFault(PageFaultCode)
    /// The address is not canonical.
    case notCanonical
    /// EPT does not permit the access, or the page-modification log is full.
    case exit(MemoryExit)
  }

  /// Slot of what no mapping backs: paging is off.
  public static let noMapping: Slot = .max

  /// The processor's state, for the caches that lie behind it.
  public let state: UnsafeMutablePointer<ProcessorState>
  /// The machine's memory.
  public let memory: PhysicalMemory
  /// What the processor remembers.
  public let cache: TranslationCache
  /// Cycles of one structure read in a walk.
  public let walkReferenceCycles: UInt64
  /// Accesses go the long way, always; results are the same.
  public let usesHostPointers: Bool
  /// Controls in force; `contextChanged` after a change.
  public private(set) var controls: PagingControls
  /// How often they have changed.
  public private(set) var controlsChanges: UInt64 = 0
  /// A physical page that accesses of this processor do not reach by host pointers: its local APIC's. ~0: none.
  public var hiddenPage: UInt64 = ~0 {
    didSet { if hiddenPage != oldValue { purgeHostPointers() } }
  }
  /// Whether data accesses are a user's.
  public private(set) var isUser = false
  /// Numbers of the contexts of the controls in force whose host pointers serve what the processor accesses by itself; 0: none.
  private var (userContext, supervisorContext): (UInt64, UInt64) = (0, 0)
  /// What translations' memory types follow from; a change of it drops nothing by itself.
  public var memoryTypes = MemoryTypes.reset {
    didSet {
      eras.end()
      cache.firstEra = eras.next
      renumberEras()
    }
  }

  /// The processor's number in the machine.
  public private(set) var processorNumber = 0
  /// Cycles of a translation that is found in a part's second level.
  public let secondLevelCycles: UInt64
  /// Told of each use of a mapping with which memory does not agree.
  public var staleUseObserver: (any StaleUseObserver)? {
    didSet { forgetStaleRead() }
  }
  /// Takes the addresses of pages that become dirty under EPT, while page-modification logging is in force.
  public unowned(unsafe) var modificationLog: (any ModificationLog)?
  /// Told of fills and invalidations.
  public var observer: (any TranslationObserver)? {
    get { listener.object }
    set { listener.object = newValue }
  }
  var listener = Held<any TranslationObserver>()
  /// The op whose access is under way, when RIP in the state is that of its block.
  public let accessOp: UnsafeMutablePointer<UnsafePointer<DecodedOp>?>
  /// By slot, the mapping's references in the machine's index of structures.
  var references: [UInt32] = []
  /// What walks have decided about suspect mappings.
  var verdicts: [Slot: Verdicts] = [:]
  /// The read by a stale mapping that was told of last (`StaleReads.swift`).
  let lastStaleRead: UnsafeMutablePointer<StaleRead?>
  /// Whether the policy is `speculate`.
  let speculates: Bool

  /// Linear pages of breakpoints: each access to them must be seen.
  private(set) var watchedPages: [UInt64] = []
  /// Linear pages and physical frames that an observer wants each access to.
  private var seenPages: [UInt64] = []
  private var seenFrames: [UInt64] = []
  private var seesEverything = false

  /// Indices of the host pointers that were filed since all were purged, and by index whether one is among them.
  private let filedIndices: UnsafeMutablePointer<Int32>
  private let isFiled: UnsafeMutablePointer<Bool>
  private var filedCount = 0

  /// By a hash of linear pages, and of parts of 2 MiB, whether an instruction was fetched there since their fetch pointers
  /// lapsed last.
  private let fetchedPages, fetchedParts: UnsafeMutablePointer<Bool>

  private var contexts: [ContextKey: UInt16] = [:]
  private var contextKeys = [ContextKey?](repeating: nil, count: 4096)
  private var nextContext = 1
  /// Controls that were in force lately.
  private let known: UnsafeMutablePointer<Known>
  private static let knownCount = 8
  private var inForce = 0
  private var nextKnown = 1
  private var nextStamp: UInt64 = 1
  /// Where an entry's sources lie in it.
  let sourcesOffset = MemoryLayout<CachedEntry>.offset(of: \.sources) ?? 0
  /// What walks depend on, by number; `cache.era` is that of the controls in force.
  var eras = Eras()

  /// 4095 would, with the last page of all, be the tag of an empty entry.
  private static let lastContext = 4094

  private struct ContextKey: Hashable {
    var controls: PagingControls
    var isUser: Bool
  }

  /// The translations of a processor whose state lies at `state`; they last as long as it.
  public init(
    state: UnsafeMutablePointer<ProcessorState>, memory: PhysicalMemory, policy: RetentionPolicy,
    controls: PagingControls, walkReferenceCycles: UInt64, secondLevelCycles: UInt64 = 0, usesHostPointers: Bool
  ) {
    self.state = state
    self.memory = memory
    self.cache = TranslationCache(policy: policy)
    self.walkReferenceCycles = walkReferenceCycles
    self.secondLevelCycles = secondLevelCycles
    accessOp = .allocate(capacity: 1)
    accessOp.initialize(to: nil)
    lastStaleRead = .allocate(capacity: 1)
    lastStaleRead.initialize(to: nil)
    filedIndices = .allocate(capacity: Int(HostPointerCount))
    filedIndices.initialize(repeating: 0, count: Int(HostPointerCount))
    isFiled = .allocate(capacity: Int(HostPointerCount))
    isFiled.initialize(repeating: false, count: Int(HostPointerCount))
    fetchedPages = .allocate(capacity: Int(FetchGenerationCount))
    fetchedPages.initialize(repeating: false, count: Int(FetchGenerationCount))
    fetchedParts = .allocate(capacity: Int(FetchGenerationCount))
    fetchedParts.initialize(repeating: false, count: Int(FetchGenerationCount))
    self.usesHostPointers = usesHostPointers
    self.controls = controls
    known = .allocate(capacity: Translation.knownCount)
    known.initialize(repeating: Known(controls: controls, stamp: 0), count: Translation.knownCount)
    known[0].stamp = nextStamp
    if case .speculate = policy { speculates = true } else { speculates = false }
    for index in 0..<UInt64(HostPointerCount) { forget(state.hostPointer(index << 12)) }
    processorNumber = memory.attach(self)
    memory.speculates = memory.speculates || speculates
    cache.keeper = self
    renumberEras()
    use(isUser: false)
  }

  deinit {
    observer = nil
    cache.reset()
    cache.keeper = nil
    accessOp.deallocate()
    lastStaleRead.deallocate()
    filedIndices.deallocate()
    isFiled.deallocate()
    known.deallocate()
    fetchedPages.deallocate()
    fetchedParts.deallocate()
    memory.translations[processorNumber] = nil
  }

  // MARK: Contexts

  /// Controls that are known, in place of controls: to switch to them costs little. It lapses when others take their
  /// place.
  @frozen public struct KnownControls: Equatable, Sendable {
    let index: Int
    let stamp: UInt64

    /// Of no controls.
    public static let none = KnownControls(index: 0, stamp: 0)
  }

  /// What is known of controls.
  private struct Known {
    var controls: PagingControls
    /// Numbers of the contexts that they have for a supervisor and for a user, or 0.
    var supervisor: UInt16 = 0
    var user: UInt16 = 0
    /// The same for fetches.
    var supervisorFetch: UInt16 = 0
    var userFetch: UInt16 = 0
    /// Number of what walks depend on; 0: not known yet.
    var era: UInt32 = 0
    /// Tells those apart that were known in one place.
    var stamp: UInt64
  }

  /// Makes controls known, if they are not.
  public func know(_ controls: PagingControls) -> KnownControls {
    for index in 0..<Translation.knownCount where known[index].stamp != 0 && known[index].controls == controls {
      return KnownControls(index: index, stamp: known[index].stamp)
    }
    if nextKnown == inForce { nextKnown = (nextKnown + 1) % Translation.knownCount }
    let index = nextKnown
    nextKnown = (nextKnown + 1) % Translation.knownCount
    nextStamp &+= 1
    known[index] = Known(controls: controls, stamp: nextStamp)
    return KnownControls(index: index, stamp: nextStamp)
  }

  /// Whether controls are still known.
  @inline(__always) public func isKnown(_ controls: KnownControls) -> Bool {
    controls.stamp != 0 && known[controls.index].stamp == controls.stamp
  }

  /// Switches to the context of these controls: nothing is dropped.
  public func use(_ controls: PagingControls, isUser: Bool) { use(know(controls), isUser: isUser) }

  /// Switches to the context of controls that are known: nothing is dropped.
  public func use(_ known: KnownControls, isUser: Bool) {
    if known.index != inForce { `switch`(to: known.index) }
    use(isUser: isUser)
  }

  private func `switch`(to index: Int) {
    #if MUTATIONS
      let new = known[index].controls
      if isBroken(.iExecuteDisable), controls.executeDisable != new.executeDisable {
        cache.pagingModeChanged(vpid: new.tag.vpid)
      }
      if isBroken(.iEPTP), let ept = controls.ept, ept.pointer != new.ept?.pointer { cache.invept(ep4ta: ept.tag) }
    #endif
    inForce = index
    controls = known[index].controls
    if known[index].era == 0 { known[index].era = eras.number(of: controls) }
    cache.era = known[index].era
    controlsChanges &+= 1
  }

  /// The numbers given out so far say no more what walks depend on.
  func renumberEras() {
    for index in 0..<Translation.knownCount { known[index].era = 0 }
    known[inForce].era = eras.number(of: controls)
    cache.era = known[inForce].era
  }

  /// Switches to the context of the controls in force for a user, or for a supervisor.
  public func use(isUser: Bool) {
    self.isUser = isUser
    let entry = known + inForce
    if (isUser ? entry.pointee.userFetch : entry.pointee.supervisorFetch) == 0 { number(entry, isUser) }
    state.pointee.context = UInt64(isUser ? entry.pointee.user : entry.pointee.supervisor)
    state.pointee.fetchContext = UInt64(isUser ? entry.pointee.userFetch : entry.pointee.supervisorFetch)
    let serves = !controls.alignmentCheck
    (userContext, supervisorContext) = serves ? (UInt64(entry.pointee.user), UInt64(entry.pointee.supervisor)) : (0, 0)
  }

  /// Numbers the contexts of controls for a user, or for a supervisor: first what fetches see of them, for a new number may
  /// take all others away.
  private func number(_ entry: UnsafeMutablePointer<Known>, _ isUser: Bool) {
    let fetch = number(of: ContextKey(controls: controls.ofFetches, isUser: isUser))
    let own = number(of: ContextKey(controls: controls, isUser: isUser))
    if isUser {
      (entry.pointee.user, entry.pointee.userFetch) = (own, fetch)
    } else {
      (entry.pointee.supervisor, entry.pointee.supervisorFetch) = (own, fetch)
    }
  }

  /// The number of a context, a new one if it has none.
  private func number(of key: ContextKey) -> UInt16 {
    if let known = contexts[key] { return known }
    let number = nextContext
    nextContext = nextContext == Translation.lastContext ? 1 : nextContext + 1
    if let old = contextKeys[number] {
      contexts[old] = nil
      for index in 0..<Translation.knownCount {
        (known[index].supervisor, known[index].user) = (0, 0)
        (known[index].supervisorFetch, known[index].userFetch) = (0, 0)
      }
      purgeHostPointers {
        $0.pointee.readTag & 0xFFF == UInt64(number) || $0.pointee.writeTag & 0xFFF == UInt64(number)
      }
      state.pointee.generation &+= 1
    }
    contextKeys[number] = key
    contexts[key] = UInt16(number)
    return UInt16(number)
  }

  // MARK: Translating

  /// Translates one address; walks, and caches what the walk found, when no mapping serves.
  ///
  /// A cached translation may be used although memory has changed since (TLB rule U3), and may deny an access that
  /// memory would by now permit: the fault is then spurious, and drops it.
  public func translate(_ linear: LinearAddress, _ access: Access) -> Result {
    var address = linear
    switch controls.mode {
    case .none:
      address.value &= 0xFFFF_FFFF
      if controls.ept == nil { return .physical(PhysicalAddress(controls.onBus(address.value)), Translation.noMapping) }
    case .twoLevel, .pae: address.value &= 0xFFFF_FFFF
    case .fourLevel: guard address.isCanonical() else { return .notCanonical }
    case .fiveLevel: guard address.isCanonical(bits: 57) else { return .notCanonical }
    }
    let kind = kind
    let side: AccessSide = access.isFetch ? .instruction : .data
    if let slot = cache.translation(kind, address.value, controls.tag), !cache.hasLevels || isFound(slot, side),
      !isBroken(.u3) || !cache.isSuspect(slot) || holds(slot)
    {
      let (rights, key) = (cache.rights(slot), cache.protectionKey(slot))
      guard controls.permits(access, rights, key: key) else {
        if isSuspect(slot, address) { consult(slot, address, access) }
        return fault(address, PageFaultCode(access, controls, violating: rights, key: key))
      }
      if let ept = controls.ept {
        let wanted = EPTAccess(access, ept, isUserAddress: rights.contains(.user))
        guard cache.eptRights(slot).isSuperset(of: wanted.needs) else {
          if isSuspect(slot, address) { consult(slot, address, access) }
          return exit(address, violation(slot, address, wanted, ept))
        }
      }
      if !access.isWrite || cache.isDirty(slot) || isBroken(.c2CleanWrite) {
        if isSuspect(slot, address) { consult(slot, address, access) }
        return .physical(PhysicalAddress(controls.onBus(cache.physical(slot, address.value))), slot)
      }
      cache.walkedForDirty(kind, address.value, controls.tag)
      drain()
    }
    let elsewhere = cache.hasLevels ? cache.translation(kind, address.value, controls.tag) : nil
    let start = structure(address)
    if let start, cache.isSuspect(start), holds(start) { clear(start) }
    if let slot = revive(address, access, start) {
      listener { $0.filled(address, cache[slot]) }
      drain()
      return .physical(PhysicalAddress(controls.onBus(cache.physical(slot, address.value))), slot)
    }
    // What the walk's own fills drive out must not change what it started from.
    let inherited = start.flatMap { cache.suspicion($0) }
    // The walk's own accessed and dirty flags take no entry away: nothing is filled ahead of them.
    let wasSpeculating = memory.isSpeculating
    memory.isSpeculating = true
    let walk = Walk(
      address, access, controls, memory, startingAt: start.map { cache.pointer($0) },
      cachedSources: controls.ept == nil ? [] : start.map { cache.sources($0) } ?? [], memoryTypes: memoryTypes,
      through: controls.ept == nil ? nil : self, sideEffects: true)
    memory.isSpeculating = wasSpeculating
    state.pointee.cycles &+= UInt64(walk.references) &* walkReferenceCycles
    let filed = keep(walk, inherited: inherited, side, elsewhere)
    guard walk.isMapped else {
      // Spelled out, as below: what a closure captures is copied.
      if let reason = walk.exit { return exit(address, reason) }
      return fault(address, walk.code)
    }
    listener { $0.filled(address, walk.mapping) }
    if speculates { fillNeighbours(address, shift: walk.mapping.shift) }
    drain()
    // The walk may have begun at a stale paging-structure-cache entry.
    if isSuspect(filed, address) { consult(filed, address, access) }
    return .physical(PhysicalAddress(controls.onBus(walk.mapping.physical(address.value))), filed)
  }

  /// The paging-structure-cache entry that a walk of an address begins at.
  func structure(_ address: LinearAddress) -> Slot? {
    cache.structure(kind, address.value, controls.tag, shifts: EntryFormat.structureShifts(controls.mode))
  }

  /// Which mappings serve linear addresses (rules U1, U2).
  var kind: MappingKind { controls.ept == nil ? .linear : .combined }

  /// Caches what a walk has found; the slot of its translation.
  ///
  /// - Parameters:
  ///   - inherited: why the paging-structure-cache entry that the walk started at is suspect.
  ///   - elsewhere: a translation of the address that only the other side of a part's TLB has.
  @discardableResult
  func keep(_ walk: Walk, inherited: Suspicion?, _ side: AccessSide, _ elsewhere: Slot? = nil) -> Slot {
    var inherited = inherited
    if inherited == nil { inherited = walk.inherited }
    for index in 0..<walk.structureCount {
      if inherited == nil, reviveStructure(of: walk, index) { continue }
      let slot =
        controls.ept == nil
        ? cache.insert(walk.structure(index))
        : cache.insert(walk.structure(index), sources: Array(walk.sources[..<walk.structureSourceCount(index)]))
      if let inherited { cache.inherit(slot, inherited) }
    }
    guard walk.isMapped else { return Translation.noMapping }
    if let elsewhere, cache.join(elsewhere, walk.mapping, side) { return elsewhere }
    let slot =
      controls.ept == nil
      ? cache.insert(walk.mapping, side: side) : cache.insert(walk.mapping, sources: walk.sources, side: side)
    if let inherited { cache.inherit(slot, inherited) }
    return slot
  }

  /// Whether a part finds a translation where this side looks for it; if not, a walk must.
  private func isFound(_ slot: Slot, _ side: AccessSide) -> Bool {
    switch cache.look(slot, side) {
    case .first: return true
    case .second:
      state.pointee.cycles &+= secondLevelCycles
      drain()
      return true
    case .none: return false
    }
  }

  private func fault(_ address: LinearAddress, _ code: PageFaultCode) -> Result {
    cache.pageFault(address.value, vpid: controls.tag.vpid, pcid: controls.tag.pcid)
    drain()
    return .pageFault(code)
  }

  /// An access that EPT does not permit: what the violation invalidates goes.
  private func exit(_ address: LinearAddress, _ reason: MemoryExit) -> Result {
    if case .eptViolation(let violation) = reason {
      let isTranslation = violation.qualification & 1 << 8 != 0 || isBroken(.iViolationWithoutTranslation)
      cache.eptViolation(
        violation.guestPhysicalAddress, ep4ta: controls.tag.ep4ta, linear: isTranslation ? address.value : nil,
        vpid: controls.tag.vpid, pcid: controls.tag.pcid)
      drain()
    } else if isBroken(.iMisconfiguration), case .eptMisconfiguration(let guestPhysical) = reason {
      cache.eptViolation(
        guestPhysical, ep4ta: controls.tag.ep4ta, linear: address.value, vpid: controls.tag.vpid,
        pcid: controls.tag.pcid)
    }
    return .exit(reason)
  }

  /// The violation of an access that a combined mapping denies.
  private func violation(
    _ slot: Slot, _ address: LinearAddress, _ access: EPTAccess, _ ept: EPTControls
  ) -> MemoryExit {
    let mapping = cache[slot]
    var qualification = access.qualification | UInt64(mapping.eptRights.rawValue & 7) << 3 | 3 << 7
    if ept.modeBasedExecute, mapping.eptRights.contains(.userExecute) { qualification |= 1 << 6 }
    if ept.advancedInformation {
      if mapping.rights.contains(.user) { qualification |= 1 << 9 }
      if mapping.rights.contains(.write) { qualification |= 1 << 10 }
      if !mapping.rights.contains(.execute) { qualification |= 1 << 11 }
    }
    return .eptViolation(
      EPTViolation(
        guestPhysicalAddress: mapping.guestFrame | address.value & (1 << UInt64(mapping.shift) - 1),
        qualification: qualification, linearAddress: address.value, suppressesException: suppressesException(slot)))
  }

  /// Bit 63 of the EPT entry that maps the page, as it was when the mapping was made (SDM Vol. 3, "Convertible EPT
  /// Violations").
  func suppressesException(_ slot: Slot) -> Bool {
    guard let leaf = cache.sources(slot).last, leaf.isEPT else { return true }
    return leaf.value & EPTWalk.Bit.suppress != 0
  }

  // MARK: Host pointers

  /// Whether accesses by a mapping must be seen: the page is the local APIC's, or the APIC-access page.
  @inline(__always) public func isHidden(_ address: PhysicalAddress, by slot: Slot) -> Bool {
    address.page == hiddenPage || isAPICAccess(address, by: slot)
  }

  /// Whether an access by a mapping is one to the APIC-access page: as it was when the mapping was made (rule C8), while
  /// there is one.
  @inline(__always) public func isAPICAccess(_ address: PhysicalAddress, by slot: Slot) -> Bool {
    guard controls.apicAccessPage != ~0 else { return false }
    return address.page == (slot == Translation.noMapping ? controls.apicAccessPage : cache.apicAccessPage(slot))
  }

  /// The host pointer of an access that the processor makes by itself, or nil: it must be translated. One that was filed
  /// for an explicit access serves no implicit one where EFLAGS.AC lets only the former through SMAP.
  public func filed(_ linear: UInt64, bytes: UInt64, _ access: Access) -> UnsafeMutableRawPointer? {
    let context = access.isUser ? userContext : supervisorContext
    guard context != 0 else { return nil }
    let entry = state.hostPointer(linear)
    let tag = (linear &+ (bytes &- 1)) & ~0xFFF | context
    guard (access.isWrite ? entry.pointee.writeTag : entry.pointee.readTag) == tag else { return nil }
    return UnsafeMutableRawPointer(bitPattern: UInt(linear &+ entry.pointee.addend))
  }

  /// Files a host pointer for such accesses.
  public func file(_ address: LinearAddress, _ physical: PhysicalAddress, _ slot: Slot, of access: Access) {
    let context = access.isUser ? userContext : supervisorContext
    guard context != 0 else { return }
    _ = file(address, physical, slot, isWrite: access.isWrite, context: context, isUser: access.isUser)
  }

  /// Files a host pointer for an access that a mapping permits, unless each access must be seen.
  ///
  /// - Parameters:
  ///   - context: number of the context it is for; that in force if none is given.
  ///   - isUser: whether that is a user's.
  /// - Returns: whether the access will now hit.
  public func file(
    _ address: LinearAddress, _ physical: PhysicalAddress, _ slot: Slot, isWrite: Bool, context: UInt64? = nil,
    isUser: Bool? = nil
  ) -> Bool {
    let access = Access(isWrite: isWrite, isUser: isUser ?? self.isUser)
    guard usesHostPointers, !controls.checksAlignment, !watchedPages.contains(address.value & ~0xFFF),
      !isSeen(address, physical),
      !isHidden(physical, by: slot), !memory.isInWindow(physical),
      slot == Translation.noMapping
        || (mayDerive(slot, address, access) && cache.mayDerive(slot)),
      let host = isWrite
        ? memory.host(PhysicalAddress(physical.page), bytes: 0x1000)
        : memory.hostForReads(PhysicalAddress(physical.page))
    else { return false }
    if isWrite {
      guard memory.isRAM(physical, bytes: 1) else { return false }
      let page = memory.page(of: physical)
      guard page.pointee.mayHaveWriter else { return false }
      page.pointee.hasWriter = true
      memory.touch(page)
    }
    let entry = state.hostPointer(address.value)
    let tag = address.value & ~0xFFF | (context ?? state.pointee.context)
    let addend = UInt64(UInt(bitPattern: host)) &- address.value & ~0xFFF
    if entry.pointee.readTag != tag || entry.pointee.addend != addend { entry.pointee.writeTag = ~0 }
    entry.pointee.readTag = tag
    if isWrite { entry.pointee.writeTag = tag }
    entry.pointee.addend = addend
    entry.pointee.mapping = slot
    let index = Int(truncatingIfNeeded: address.value >> 12) & Int(HostPointerCount - 1)
    if !isFiled[index] {
      isFiled[index] = true
      filedIndices[filedCount] = Int32(truncatingIfNeeded: index)
      filedCount += 1
    }
    return true
  }

  @inline(__always) private func forget(_ entry: UnsafeMutablePointer<HostPointer>) {
    entry.pointee.readTag = ~0
    entry.pointee.writeTag = ~0
  }

  /// Every host pointer that may be there.
  @inline(__always) private func forEachFiled(_ body: (UnsafeMutablePointer<HostPointer>) -> Void) {
    for number in 0..<filedCount { body(state.hostPointer(UInt64(UInt32(bitPattern: filedIndices[number])) << 12)) }
  }

  /// Has each access to some linear pages go the long way, and no longer those to the pages watched until now.
  public func watch(pages: [UInt64]) {
    watchedPages = pages
    guard !pages.isEmpty else { return }
    purgeHostPointers { pages.contains($0.pointee.readTag & ~0xFFF) || pages.contains($0.pointee.writeTag & ~0xFFF) }
  }

  /// Has each access to some linear pages and physical frames go the long way, for an observer, and no longer those to
  /// the ones seen until now. Results do not depend on it.
  public func see(pages: [UInt64], frames: [UInt64], isEverything: Bool = false) {
    guard pages != seenPages || frames != seenFrames || isEverything != seesEverything else { return }
    (seenPages, seenFrames, seesEverything) = (pages, frames, isEverything)
    purgeHostPointers()
  }

  @inline(__always) private func isSeen(_ address: LinearAddress, _ physical: PhysicalAddress) -> Bool {
    if seenPages.isEmpty, seenFrames.isEmpty { return seesEverything }
    return seesEverything || seenPages.contains(address.value & ~0xFFF) || seenFrames.contains(physical.page)
  }

  /// How often host pointers were taken away.
  public private(set) var purges: UInt64 = 0

  /// Forgets every host pointer.
  public func purgeHostPointers() {
    purges &+= 1
    forgetStaleRead()
    for number in 0..<filedCount {
      let index = Int(filedIndices[number])
      forget(state.hostPointer(UInt64(index) << 12))
      isFiled[index] = false
    }
    filedCount = 0
  }

  /// Forgets every host pointer that a condition picks.
  public func purgeHostPointers(where condition: (UnsafeMutablePointer<HostPointer>) -> Bool) {
    purges &+= 1
    forEachFiled { if condition($0) { forget($0) } }
  }

  /// A page got a mark: host pointers may not write it any more.
  func dropWriters(of hostPage: UnsafeMutableRawPointer) {
    let host = UInt64(UInt(bitPattern: hostPage))
    forEachFiled { entry in
      if entry.pointee.writeTag != ~0, (entry.pointee.writeTag & ~0xFFF) &+ entry.pointee.addend == host {
        entry.pointee.writeTag = ~0
      }
    }
  }

  /// A page that was read as zeros changes: what is read from that page of zeros is looked up anew.
  func dropReaders(of zeros: UnsafeMutableRawPointer) {
    let host = UInt64(UInt(bitPattern: zeros))
    purges &+= 1
    forEachFiled { entry in
      if entry.pointee.readTag != ~0, (entry.pointee.readTag & ~0xFFF) &+ entry.pointee.addend == host { forget(entry) }
    }
  }

  /// A snapshot was taken: the next store to each page must be seen.
  func dropAllWriters() {
    forEachFiled { $0.pointee.writeTag = ~0 }
  }

  // MARK: Invalidation

  /// INVLPG.
  public func invalidatePage(_ address: UInt64) {
    cache.invlpg(address, vpid: controls.tag.vpid, pcid: controls.tag.pcid)
    if isBroken(.iEverywhere) {
      for other in memory.translations {
        other?.takeUnretainedValue().cache.invlpg(address, vpid: controls.tag.vpid, pcid: controls.tag.pcid)
      }
    }
    listener { $0.invalidated(.page(address)) }
    drain()
  }

  /// MOV to CR3.
  ///
  /// - Parameter preserves: bit 63 of the source with CR4.PCIDE: nothing goes.
  public func rootLoaded(_ controls: KnownControls, preserves: Bool = false) {
    let (tag, root) = (known[controls.index].controls.tag, known[controls.index].controls.root)
    cache.movToCR3(vpid: tag.vpid, pcid: tag.pcid, preserves: preserves)
    listener { $0.invalidated(.root(root, pcid: tag.pcid)) }
    drain()
    use(controls, isUser: isUser)
  }

  /// MOV to CR3, to controls that need not be known.
  public func rootLoaded(_ controls: PagingControls, preserves: Bool = false) {
    rootLoaded(know(controls), preserves: preserves)
  }

  /// MOV to CR0 or CR4 that changes the paging mode.
  public func modeChanged(_ controls: PagingControls) {
    cache.pagingModeChanged(vpid: controls.tag.vpid)
    listener { $0.invalidated(.mode) }
    drain()
    use(controls, isUser: isUser)
  }

  /// MOV to CR4 that sets SMEP.
  public func smepSet(_ controls: PagingControls) {
    cache.smepSet(vpid: controls.tag.vpid, pcid: controls.tag.pcid)
    listener { $0.invalidated(.smep) }
    drain()
    use(controls, isUser: isUser)
  }

  /// WRMSR to an MTRR.
  public func rangesWritten() {
    cache.memoryTypeRangesWritten(vpid: controls.tag.vpid)
    listener { $0.invalidated(.memoryTypes) }
    drain()
  }

  /// INVPCID.
  public func invalidate(_ type: PCIDInvalidation) {
    switch type {
    case .address(let address, let pcid): cache.invpcid(address: address, vpid: controls.tag.vpid, pcid: pcid)
    case .context(let pcid): cache.invpcid(pcid: pcid, vpid: controls.tag.vpid)
    case .allWithGlobal: cache.invpcidAll(vpid: controls.tag.vpid, includingGlobal: true)
    case .all: cache.invpcidAll(vpid: controls.tag.vpid, includingGlobal: false)
    }
    listener { $0.invalidated(.contexts(type)) }
    drain()
  }

  /// What VMX invalidates (SDM Vol. 3, "Operations that Invalidate Cached Mappings").
  public enum VMXInvalidation: Equatable, Sendable {
    /// VM entry or exit, with "enable VPID" or without.
    case transition(isVPIDEnabled: Bool)
    /// INVEPT types 1 and 2.
    case ept(tag: UInt64), everyEPT
    /// INVVPID types 0 to 3.
    case address(UInt64, vpid: UInt16), vpid(UInt16), everyVPID, vpidButGlobal(UInt16)
  }

  /// INVEPT, INVVPID, and what entries and exits invalidate.
  public func invalidate(_ what: VMXInvalidation) {
    switch what {
    case .transition(let isVPIDEnabled): cache.vmTransition(isVPIDEnabled: isVPIDEnabled)
    case .ept(let tag): cache.invept(ep4ta: tag)
    case .everyEPT: cache.inveptAll()
    case .address(let address, let vpid): cache.invvpid(address: address, vpid: vpid)
    case .vpid(let vpid): cache.invvpid(vpid: vpid)
    case .everyVPID: cache.invvpidAll()
    case .vpidButGlobal(let vpid): cache.invvpidRetainingGlobals(vpid: vpid)
    }
    listener { $0.invalidated(.vmx(what)) }
    drain()
  }

  /// Purges what was derived from translations that EPTTLB has dropped; where that may be the running block, it ends, and
  /// the next instruction is fetched anew, as it would be had blocks been formed otherwise.
  func drain() {
    guard !cache.dropped.isEmpty else { return }
    if cache.dropped.count > 64 {
      purgeHostPointers()
      fetchesLapse()
    } else {
      for dropped in cache.dropped {
        purgeHostPointers(of: dropped)
        fetchesLapse(by: dropped)
      }
    }
    cache.forgetDropped()
  }

  /// Notes that an instruction is fetched from a page: what is remembered of that lapses with the translation.
  @inline(__always) public func noteFetch(_ address: UInt64) {
    fetchedPages[FetchGenerations.index(address)] = true
    fetchedParts[FetchGenerations.index(address >> 9)] = true
  }

  /// The fetch pointers that a dropped or a suspect translation may have led to lapse.
  func fetchesLapse(by dropped: TranslationCache.Dropped) {
    switch dropped.shift {
    // A part's are also told of when they only leave its first level, and then each use must be seen.
    case _ where cache.hasLevels: fetchesLapse()
    case 12: fetchesLapse(ofPageAt: dropped.prefix)
    case 21: if fetchedParts[FetchGenerations.index(dropped.prefix >> 9)] { fetchesLapse() }
    default: fetchesLapse()
    }
  }

  /// The fetch pointers of a page lapse, and so do those of the page before it, whose last instruction may lie in both.
  private func fetchesLapse(ofPageAt address: UInt64) {
    let index = FetchGenerations.index(address)
    guard fetchedPages[index] else { return }
    // The page before it depends on the mode.
    guard address != 0 else { return fetchesLapse() }
    // The flag stays: a page of the same hash may hold the end of an instruction that begins in the page before that one.
    state.fetchGeneration(address).pointee &+= 1
    state.fetchGeneration(address &- 0x1000).pointee &+= 1
    endBlock()
  }

  /// Every fetch pointer lapses.
  private func fetchesLapse() {
    state.pointee.generation &+= 1
    fetchedPages.update(repeating: false, count: Int(FetchGenerationCount))
    fetchedParts.update(repeating: false, count: Int(FetchGenerationCount))
    endBlock()
  }

  /// The running block ends: the next instruction is fetched anew.
  private func endBlock() {
    if state.pointee.exit == UInt32(ExitNone) { state.pointee.exit = UInt32(ExitStop) }
  }

  func purgeHostPointers(of dropped: TranslationCache.Dropped) {
    purges &+= 1
    if dropped.shift > 12 { return forEachFiled { if $0.pointee.mapping == dropped.slot { forget($0) } } }
    let entry = state.hostPointer(dropped.prefix)
    if entry.pointee.mapping == dropped.slot { forget(entry) }
  }

  // MARK: Invariants

  /// What is wrong with a host pointer, or nil: each must be backed by a live mapping of its context that is above
  /// suspicion. For tests.
  public func checkInvariants() -> String? {
    if let problem = cache.checkInvariants() { return problem }
    var live: [Slot: CachedEntry] = [:]
    cache.forEach { live[$0] = $1 }
    for index in 0..<UInt64(HostPointerCount) {
      let entry = state.hostPointer(index << 12).pointee
      guard entry.readTag != ~0 || entry.writeTag != ~0 else { continue }
      guard isFiled[Int(index)] else { return "host pointer that is not listed" }
      let tag = entry.readTag != ~0 ? entry.readTag : entry.writeTag
      let linear = tag & ~0xFFF
      guard !watchedPages.contains(linear) else { return "host pointer to a page of a breakpoint" }
      if entry.mapping == Translation.noMapping { continue }
      guard let mapping = live[entry.mapping], !mapping.isStructure, mapping.covers(linear) else {
        return "host pointer to \(String(linear, radix: 16)) has no mapping"
      }
      guard let key = contextKeys[Int(tag & 0xFFF)] else { return "host pointer of an unknown context" }
      guard cache.matches(mapping, key.controls.tag) else { return "host pointer under a wrong tag" }
      guard mapping.kind == (key.controls.ept == nil ? .linear : .combined) else {
        return "host pointer by a mapping of a wrong kind"
      }
      guard mapping.eptRights.contains(.read) else { return "host pointer that EPT does not permit" }
      let root = key.controls.root(of: LinearAddress(linear))
      let access = Access(isWrite: entry.writeTag != ~0, isUser: key.isUser)
      let isCleared = isCleared(entry.mapping, linear, root, access)
      guard !cache.isSuspect(entry.mapping) && mapping.root == root || isCleared else {
        return "host pointer by a suspect mapping"
      }
      guard cache.mayDerive(entry.mapping) else { return "host pointer beyond the first level" }
      let physical = key.controls.onBus(mapping.physical(linear))
      let host = linear &+ entry.addend
      if host == UInt64(UInt(bitPattern: memory.zeros)) {
        let page = memory.page(of: PhysicalAddress(physical)).pointee
        guard entry.writeTag == ~0, !page.isTouched, page.isReadAsZeros else { return "host pointer to zeros" }
      } else if memory.host(PhysicalAddress(physical), bytes: 0x1000).map({ UInt64(UInt(bitPattern: $0)) }) != host {
        return "host pointer to a wrong frame"
      }
      if entry.writeTag != ~0 {
        let write = Access(isWrite: true, isUser: key.isUser)
        guard mapping.isDirty, mapping.eptRights.contains(.write),
          key.controls.permits(write, mapping.rights, key: mapping.protectionKey)
        else {
          return "host pointer writes through a mapping that must not"
        }
        guard memory.page(of: PhysicalAddress(physical)).pointee.mayHaveWriter else {
          return "host pointer writes a marked page"
        }
      }
    }
    return nil
  }
}
