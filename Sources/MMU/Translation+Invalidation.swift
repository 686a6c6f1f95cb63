import EPTTLB
import Layout

// What invalidates translations, and what goes with those that were dropped.

extension Translation {
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
  @inline(__always) func drain() {
    if !cache.dropped.isEmpty { purgeDropped() }
  }

  @inline(never) private func purgeDropped() {
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
    fetchedPages[FetchGenerations.index(address)] = fetchEra
    fetchedParts[FetchGenerations.index(address >> 9)] = fetchEra
  }

  /// The fetch pointers that a dropped or a suspect translation may have led to lapse.
  func fetchesLapse(by dropped: TranslationCache.Dropped) {
    switch dropped.shift {
    // A part's are also told of when they only leave its first level, and then each use must be seen.
    case _ where cache.hasLevels: fetchesLapse()
    case 12: fetchesLapse(ofPageAt: dropped.prefix)
    case 21: if fetchedParts[FetchGenerations.index(dropped.prefix >> 9)] == fetchEra { fetchesLapse() }
    default: fetchesLapse()
    }
  }

  /// The fetch pointers of a page lapse, and so do those of the page before it, whose last instruction may lie in both.
  private func fetchesLapse(ofPageAt address: UInt64) {
    let index = FetchGenerations.index(address)
    guard fetchedPages[index] == fetchEra else { return }
    // The page before it depends on the mode.
    guard address != 0 else { return fetchesLapse() }
    // The note stays: a page of the same hash may hold the end of an instruction that begins in the page before that one.
    state.fetchGeneration(address).pointee &+= 1
    state.fetchGeneration(address &- 0x1000).pointee &+= 1
    endBlock()
  }

  /// Every fetch pointer lapses.
  private func fetchesLapse() {
    state.pointee.generation &+= 1
    fetchEra &+= 1
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
}
