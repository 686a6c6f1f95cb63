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
  @inlinable public var controls: PagingControls {
    // No copy: they are looked at for every walk.
    unsafeAddress { controlsInForce }
  }
  @usableFromInline var controlsInForce: UnsafePointer<PagingControls>
  /// How often they have changed.
  public private(set) var controlsChanges: UInt64 = 0
  /// A physical page that accesses of this processor do not reach by host pointers: its local APIC's. ~0: none.
  public var hiddenPage: UInt64 = ~0 {
    didSet { if hiddenPage != oldValue { purgeHostPointers() } }
  }
  /// Whether data accesses are a user's.
  public private(set) var isUser = false
  /// Numbers of the contexts of the controls in force whose host pointers serve what the processor accesses by itself; 0: none.
  var (userContext, supervisorContext): (UInt64, UInt64) = (0, 0)
  /// What translations' memory types follow from; a change of it drops nothing by itself.
  public var memoryTypes = MemoryTypes.reset {
    didSet {
      eras.end()
      renumberEras()
    }
  }

  /// The processor's number in the machine.
  public private(set) var processorNumber = 0
  /// Cycles of a translation that is found in a part's second level.
  public let secondLevelCycles: UInt64
  /// Told of each use of a mapping with which memory does not agree.
  public var staleUseObserver: (any StaleUseObserver)? {
    get { staleListener.object }
    set {
      staleListener.object = newValue
      forgetStaleRead()
    }
  }
  var staleListener = Held<any StaleUseObserver>()
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
  var watchedPages: [UInt64] = []
  /// Linear pages and physical frames that an observer wants each access to.
  var seenPages: [UInt64] = []
  var seenFrames: [UInt64] = []
  var seesEverything = false

  /// Indices of the host pointers that were filed since all were purged, and by index whether one is among them.
  let filedIndices: UnsafeMutablePointer<Int32>
  let isFiled: UnsafeMutablePointer<Bool>
  var filedCount = 0
  /// How often host pointers were taken away.
  public internal(set) var purges: UInt64 = 0

  /// By a hash of linear pages, and of parts of 2 MiB, `fetchEra` when an instruction was fetched there last: whether one
  /// was since all fetch pointers lapsed last.
  let fetchedPages, fetchedParts: UnsafeMutablePointer<UInt64>
  var fetchEra: UInt64 = 1

  private var contexts: [ContextKey: UInt16] = [:]
  var contextKeys = [ContextKey?](repeating: nil, count: 4096)
  private var nextContext = 1
  /// Controls that were in force lately.
  let known: UnsafeMutablePointer<Known>
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

  struct ContextKey: Hashable {
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
    fetchedPages.initialize(repeating: 0, count: Int(FetchGenerationCount))
    fetchedParts = .allocate(capacity: Int(FetchGenerationCount))
    fetchedParts.initialize(repeating: 0, count: Int(FetchGenerationCount))
    self.usesHostPointers = usesHostPointers
    known = .allocate(capacity: Translation.knownCount)
    known.initialize(repeating: Known(controls: controls, stamp: 0), count: Translation.knownCount)
    controlsInForce = Translation.controls(of: known)
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
    staleUseObserver = nil
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
  struct Known {
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

  private static func controls(of known: UnsafeMutablePointer<Known>) -> UnsafePointer<PagingControls> {
    (UnsafeRawPointer(known) + (MemoryLayout<Known>.offset(of: \.controls) ?? 0))
      .assumingMemoryBound(to: PagingControls.self)
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
    controlsInForce = Translation.controls(of: known + index)
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
    return refill(address, access, side)
  }

  /// Does what a walk would do for an address that no mapping serves, or walks.
  private func refill(_ address: LinearAddress, _ access: Access, _ side: AccessSide) -> Result {
    let start = structure(address)
    if let start, cache.isSuspect(start), holds(start) { clear(start) }
    guard let slot = revive(address, access, start) else { return walk(address, access, side, from: start) }
    listener { $0.filled(address, cache.pointer(slot)) }
    drain()
    return .physical(PhysicalAddress(controls.onBus(cache.physical(slot, address.value))), slot)
  }

  /// Walks, and caches what the walk finds.
  ///
  /// - Parameter start: the paging-structure-cache entry that it begins at.
  @inline(never) private func walk(
    _ address: LinearAddress, _ access: Access, _ side: AccessSide, from start: Slot?
  ) -> Result {
    let elsewhere = cache.hasLevels ? cache.translation(kind, address.value, controls.tag) : nil
    // What the walk's own fills drive out must not change what it started from.
    let inherited = start.flatMap { cache.suspicion($0) }
    let origin = start.map { cache.lineage($0) }
    // The walk's own accessed and dirty flags take no entry away: nothing is filled ahead of them.
    let wasSpeculating = memory.isSpeculating
    memory.isSpeculating = true
    let walk = Walk(
      address, access, controls, memory, startingAt: start.map { cache.pointer($0) },
      cachedSources: controls.ept == nil ? [] : start.map { cache.sources($0) } ?? [], memoryTypes: memoryTypes,
      through: controls.ept == nil ? nil : self, sideEffects: true)
    memory.isSpeculating = wasSpeculating
    state.pointee.cycles &+= UInt64(walk.references) &* walkReferenceCycles
    let filed = keep(walk, from: origin, inherited: inherited, side, elsewhere)
    guard walk.isMapped else {
      // Spelled out, as below: what a closure captures is copied.
      if let reason = walk.exit { return exit(address, reason) }
      return fault(address, walk.code)
    }
    listener { $0.filled(address, cache.pointer(filed)) }
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
  ///   - start: the paging-structure-cache entry that the walk started at.
  ///   - inherited: why the paging-structure-cache entry that the walk started at is suspect.
  ///   - elsewhere: a translation of the address that only the other side of a part's TLB has.
  @discardableResult
  func keep(
    _ walk: Walk, from start: TranslationCache.Lineage? = nil, inherited: Suspicion?, _ side: AccessSide,
    _ elsewhere: Slot? = nil
  ) -> Slot {
    var inherited = inherited
    if inherited == nil { inherited = walk.inherited }
    var parent = start
    for index in 0..<walk.structureCount {
      if inherited == nil, let slot = reviveStructure(of: walk, index) {
        parent = cache.lineage(slot)
        continue
      }
      let slot =
        controls.ept == nil
        ? cache.insert(walk.structure(index))
        : cache.insert(walk.structure(index), sources: Array(walk.sources[..<walk.structureSourceCount(index)]))
      if let inherited { cache.inherit(slot, inherited) }
      if let parent { cache.setParent(of: slot, parent) }
      parent = cache.lineage(slot)
    }
    guard walk.isMapped else { return Translation.noMapping }
    if let elsewhere, cache.join(elsewhere, walk.mapping, side) { return elsewhere }
    let slot =
      controls.ept == nil
      ? cache.insert(walk.mapping, side: side) : cache.insert(walk.mapping, sources: walk.sources, side: side)
    if let inherited { cache.inherit(slot, inherited) }
    if let parent { cache.setParent(of: slot, parent) }
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
}
