import EPTTLB
import Layout

/// One processor's way from linear addresses to memory: its mappings, its contexts and the host pointers derived from
/// them.
public final class Translation {
  /// Where an address lies, or why it lies nowhere.
  public enum Result {
    /// The physical address, by a mapping.
    case physical(PhysicalAddress, Slot)
    /// #PF with an error code.
    case pageFault(PageFaultCode)
    /// The address is not canonical.
    case notCanonical
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
  /// Whether data accesses are a user's.
  public private(set) var isUser = false

  /// Linear pages of breakpoints: each access to them must be seen.
  private var watchedPages: [UInt64] = []

  private var contexts: [ContextKey: UInt16] = [:]
  private var contextKeys = [ContextKey?](repeating: nil, count: 4096)
  private var nextContext = 1

  /// 4095 would, with the last page of all, be the tag of an empty entry.
  private static let lastContext = 4094

  private struct ContextKey: Hashable {
    var controls: PagingControls
    var isUser: Bool
  }

  /// The translations of a processor whose state lies at `state`; they last as long as it.
  public init(
    state: UnsafeMutablePointer<ProcessorState>, memory: PhysicalMemory, policy: RetentionPolicy,
    controls: PagingControls, walkReferenceCycles: UInt64, usesHostPointers: Bool
  ) {
    self.state = state
    self.memory = memory
    self.cache = TranslationCache(policy: policy)
    self.walkReferenceCycles = walkReferenceCycles
    self.usesHostPointers = usesHostPointers
    self.controls = controls
    purgeHostPointers()
    memory.translations.append(Unmanaged.passUnretained(self))
    use(controls, isUser: false)
  }

  deinit {
    memory.translations.removeAll { $0.toOpaque() == Unmanaged.passUnretained(self).toOpaque() }
  }

  // MARK: Contexts

  /// Switches to the context of these controls: nothing is dropped.
  public func use(_ controls: PagingControls, isUser: Bool) {
    self.controls = controls
    self.isUser = isUser
    let key = ContextKey(controls: controls, isUser: isUser)
    if let known = contexts[key] {
      state.pointee.context = UInt64(known)
      return
    }
    let number = nextContext
    nextContext = nextContext == Translation.lastContext ? 1 : nextContext + 1
    if let old = contextKeys[number] {
      contexts[old] = nil
      purgeHostPointers {
        $0.pointee.readTag & 0xFFF == UInt64(number) || $0.pointee.writeTag & 0xFFF == UInt64(number)
      }
      state.pointee.generation &+= 1
    }
    contextKeys[number] = key
    contexts[key] = UInt16(number)
    state.pointee.context = UInt64(number)
  }

  // MARK: Translating

  /// Translates one address; walks, and caches what the walk found, when no mapping serves.
  ///
  /// A cached translation may be used although memory has changed since (TLB rule U3), and may deny an access that
  /// memory would by now permit: the fault is then spurious, and drops it.
  public func translate(_ address: LinearAddress, _ access: Access) -> Result {
    switch controls.mode {
    case .none: return .physical(PhysicalAddress(address.value & 0xFFFF_FFFF), Translation.noMapping)
    case .twoLevel: break
    case .fourLevel: guard address.isCanonical() else { return .notCanonical }
    }
    if let slot = cache.translation(.linear, address.value, controls.tag) {
      let entry = cache[slot]
      guard controls.permits(access, entry.rights) else {
        return fault(address, PageFaultCode(access, controls).union(.present))
      }
      if !access.isWrite || entry.isDirty { return .physical(PhysicalAddress(entry.physical(address.value)), slot) }
      cache.walkedForDirty(address.value, vpid: controls.tag.vpid, pcid: controls.tag.pcid)
      drain()
    }
    let start = cache.structure(.linear, address.value, controls.tag).map { cache[$0] }
    let walk = Walk(address, access, controls, memory, from: start, sideEffects: true)
    state.pointee.cycles &+= UInt64(walk.count) &* walkReferenceCycles
    for index in 0..<walk.structureCount {
      if let structure = walk.structures[index] { cache.insert(structure) }
    }
    switch walk.outcome {
    case .fault(let code):
      return fault(address, code)
    case .mapped(let entry):
      let slot = cache.insert(entry)
      drain()
      return .physical(PhysicalAddress(entry.physical(address.value)), slot)
    }
  }

  private func fault(_ address: LinearAddress, _ code: PageFaultCode) -> Result {
    cache.pageFault(address.value, vpid: controls.tag.vpid, pcid: controls.tag.pcid)
    drain()
    return .pageFault(code)
  }

  // MARK: Host pointers

  /// Files a host pointer for an access that a mapping permits; nil where each access must be seen.
  ///
  /// - Returns: whether the access will now hit.
  public func file(_ address: LinearAddress, _ physical: PhysicalAddress, _ slot: Slot, isWrite: Bool) -> Bool {
    guard usesHostPointers, !controls.checksAlignment, !watchedPages.contains(address.value & ~0xFFF),
      let host = memory.host(PhysicalAddress(physical.page), bytes: 0x1000)
    else { return false }
    if isWrite {
      guard memory.isRAM(physical, bytes: 1) else { return false }
      let page = memory.page(of: physical)
      guard page.pointee.codeGranules == 0 else { return false }
      page.pointee.hasWriter = true
      page.pointee.isTouched = true
    }
    let entry = state.hostPointer(address.value)
    let tag = address.value & ~0xFFF | state.pointee.context
    let addend = UInt64(UInt(bitPattern: host)) &- address.value & ~0xFFF
    if entry.pointee.readTag != tag || entry.pointee.addend != addend { entry.pointee.writeTag = ~0 }
    entry.pointee.readTag = tag
    if isWrite { entry.pointee.writeTag = tag }
    entry.pointee.addend = addend
    entry.pointee.mapping = slot
    return true
  }

  /// Has each access to some linear pages go the long way, and no longer those to the pages watched until now.
  public func watch(pages: [UInt64]) {
    watchedPages = pages
    guard !pages.isEmpty else { return }
    purgeHostPointers { pages.contains($0.pointee.readTag & ~0xFFF) || pages.contains($0.pointee.writeTag & ~0xFFF) }
  }

  /// Forgets every host pointer that a condition picks.
  public func purgeHostPointers(where condition: (UnsafeMutablePointer<HostPointer>) -> Bool = { _ in true }) {
    for index in 0..<UInt64(HostPointerCount) {
      let entry = state.hostPointer(index << 12)
      if condition(entry) {
        entry.pointee.readTag = ~0
        entry.pointee.writeTag = ~0
      }
    }
  }

  /// A page got its first mark: host pointers may not write it any more.
  func dropWriters(of hostPage: UnsafeMutableRawPointer) {
    let host = UInt64(UInt(bitPattern: hostPage))
    for index in 0..<UInt64(HostPointerCount) {
      let entry = state.hostPointer(index << 12)
      if entry.pointee.writeTag != ~0, (entry.pointee.writeTag & ~0xFFF) &+ entry.pointee.addend == host {
        entry.pointee.writeTag = ~0
      }
    }
  }

  // MARK: Invalidation

  /// INVLPG.
  public func invalidatePage(_ address: UInt64) {
    cache.invlpg(address, vpid: controls.tag.vpid, pcid: controls.tag.pcid)
    drain()
  }

  /// MOV to CR3.
  public func rootLoaded(_ controls: PagingControls) {
    cache.movToCR3(vpid: controls.tag.vpid, pcid: controls.tag.pcid)
    drain()
    use(controls, isUser: isUser)
  }

  /// MOV to CR0 or CR4 that changes the paging mode.
  public func modeChanged(_ controls: PagingControls) {
    cache.pagingModeChanged(vpid: controls.tag.vpid)
    drain()
    use(controls, isUser: isUser)
  }

  /// Purges what was derived from translations that EPTTLB has dropped, and has the running block end: the next
  /// instruction is fetched anew, as it would be had blocks been formed otherwise.
  private func drain() {
    guard !cache.dropped.isEmpty else { return }
    state.pointee.generation &+= 1
    if state.pointee.exit == UInt32(ExitNone) { state.pointee.exit = UInt32(ExitStop) }
    if cache.dropped.count > 64 {
      purgeHostPointers()
    } else {
      for dropped in cache.dropped { purgeHostPointers(of: dropped) }
    }
    cache.dropped.removeAll(keepingCapacity: true)
  }

  private func purgeHostPointers(of dropped: TranslationCache.Dropped) {
    let pages = min(UInt64(1) << UInt64(dropped.shift - 12), UInt64(HostPointerCount))
    for page in 0..<pages {
      let entry = state.hostPointer(dropped.prefix &+ page << 12)
      if entry.pointee.mapping == dropped.slot {
        entry.pointee.readTag = ~0
        entry.pointee.writeTag = ~0
      }
    }
  }

  // MARK: Invariants

  /// What is wrong with a host pointer, or nil: each must be backed by a live mapping of its context. For tests.
  public func checkInvariants() -> String? {
    if let problem = cache.checkInvariants() { return problem }
    var live: [Slot: CachedEntry] = [:]
    cache.forEach { live[$0] = $1 }
    for index in 0..<UInt64(HostPointerCount) {
      let entry = state.hostPointer(index << 12).pointee
      guard entry.readTag != ~0 || entry.writeTag != ~0 else { continue }
      let tag = entry.readTag != ~0 ? entry.readTag : entry.writeTag
      let linear = tag & ~0xFFF
      guard !watchedPages.contains(linear) else { return "host pointer to a page of a breakpoint" }
      if entry.mapping == Translation.noMapping { continue }
      guard let mapping = live[entry.mapping], !mapping.isStructure, mapping.covers(linear) else {
        return "host pointer to \(String(linear, radix: 16)) has no mapping"
      }
      guard let key = contextKeys[Int(tag & 0xFFF)] else { return "host pointer of an unknown context" }
      guard cache.matches(mapping, key.controls.tag) else { return "host pointer under a wrong tag" }
      let physical = mapping.physical(linear)
      let host = memory.host(PhysicalAddress(physical), bytes: 0x1000)
      guard host.map({ UInt64(UInt(bitPattern: $0)) }) == linear &+ entry.addend else {
        return "host pointer to a wrong frame"
      }
      if entry.writeTag != ~0 {
        guard mapping.isDirty, key.controls.permits(Access(isWrite: true, isUser: key.isUser), mapping.rights) else {
          return "host pointer writes through a mapping that must not"
        }
        guard memory.page(of: PhysicalAddress(physical)).pointee.codeGranules == 0 else {
          return "host pointer writes code"
        }
      }
    }
    return nil
  }
}
