import EPTTLB

/// A page walk as a value: every structure entry read, and what came of it.
///
/// The processor, the monitor and the oracle all use this one walk, with or without side effects.
public struct Walk {
  /// A structure entry that was read.
  @frozen public struct Step: Sendable {
    /// Level: 5 PML5E, 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE.
    public var level: UInt8
    /// Where it was read, and what it holds after its accessed and dirty flags were set.
    public var source: Source
    /// Of an entry that lies in a guest's memory, its guest-physical address.
    public var guestPhysicalAddress: UInt64?
    /// How many of `located` were read to find it.
    public var locatedCount: UInt8

    init(level: UInt8, source: Source, guestPhysicalAddress: UInt64? = nil, locatedCount: UInt8 = 0) {
      (self.level, self.source) = (level, source)
      (self.guestPhysicalAddress, self.locatedCount) = (guestPhysicalAddress, locatedCount)
    }
  }

  /// What came of it.
  public enum Outcome {
    /// The translation, ready to be cached.
    case mapped(CachedEntry)
    /// A page fault.
    case fault(PageFaultCode)
    /// EPT does not let the walk go on.
    case exit(MemoryExit)
  }

  /// The linear address.
  public let address: LinearAddress
  /// Entries read, topmost first. The PDPTE registers of PAE paging are none: a walk does not read them from memory.
  public internal(set) var steps = InlineArray<5, Step>(repeating: Step(level: 0, source: Source()))
  /// How many of `steps` count.
  public internal(set) var count = 0
  /// EPT entries that were read to find the page itself, topmost first.
  public var pageSteps: [Step] { trail?.pageSteps ?? [] }
  /// EPT entries that were read to find guest structure entries, in the order of `steps`.
  public var located: [Step] { trail?.located ?? [] }
  /// With EPT, what the translation came from: entries of both kinds, in the order of the walk.
  public var sources: [Source] { trail?.sources ?? [] }
  /// With EPT, how many of `sources` a paging-structure-cache entry came from, by its index.
  public func structureSourceCount(_ index: Int) -> Int { trail?.structureSourceCounts[index] ?? 0 }
  /// Why a guest-physical mapping that the walk used is suspect.
  public var inherited: Suspicion? { trail?.inherited }
  /// The result.
  public var outcome: Outcome {
    if isMapped { return .mapped(path) }
    return exit.map { .exit($0) } ?? .fault(code)
  }
  /// Why there is none: a page fault with this code, or an exit.
  private(set) var code: PageFaultCode = []
  private(set) var exit: MemoryExit?
  /// What a walk through EPT leaves beside: an object, so that one without it does not carry it about.
  private var trail: Trail?

  private final class Trail {
    var pageSteps: [Step] = []
    var located: [Step] = []
    var sources: [Source]
    var structureSourceCounts = InlineArray<4, Int>(repeating: 0)
    var inherited: Suspicion?

    init(_ sources: [Source]) { self.sources = sources }
  }

  /// Of the entries that led on: what differs between the paging-structure-cache entries that they may leave behind.
  private var prefixes = InlineArray<4, Prefix>(repeating: Prefix())
  /// How many paging-structure-cache entries the walk may leave behind: of the entries that led on, those whose accessed
  /// flags, and those of all above them, are set (TLB rule C2).
  public internal(set) var structureCount = 0
  /// What they have in common, with the sources of them all.
  private var path: CachedEntry
  /// Whether there is a translation: `mapping`.
  private(set) var isMapped = false
  /// The translation, if there is one.
  var mapping: CachedEntry { path }

  /// An entry that led on.
  private struct Prefix {
    var shift: UInt8 = 0
    var rights: Rights = .all
    var sourceCount: UInt8 = 0
    var target: UInt64 = 0
    /// Never, but by a mutation of rule C3.
    var isGlobal = false
  }

  /// The shift and root of one of these, and whether it comes of the same structure entries as another entry.
  func structureShift(_ index: Int) -> UInt8 { prefixes[index].shift }
  var root: UInt64 { path.root }
  func structure(_ index: Int, comesFromSourcesOf entry: UnsafePointer<CachedEntry>) -> Bool {
    let count = prefixes[index].sourceCount
    guard entry.pointee.sourceCount == count else { return false }
    for source in 0..<Int(count) where entry.pointee.sources[source] != path.sources[source] { return false }
    return true
  }

  /// A paging-structure-cache entry that the walk may leave behind; topmost first.
  public func structure(_ index: Int) -> CachedEntry {
    var entry = path
    let prefix = prefixes[index]
    entry.isStructure = true
    (entry.isGlobal, entry.isDirty, entry.memoryType, entry.protectionKey) = (prefix.isGlobal, false, 6, 0)
    (entry.shift, entry.pageShift, entry.apicAccessPage) = (prefix.shift, prefix.shift, ~0)
    entry.prefix = address.value & ~(1 << UInt64(prefix.shift) - 1)
    entry.rights = prefix.rights
    entry.target = prefix.target
    entry.sourceCount = prefix.sourceCount
    return entry
  }

  /// Bits of a paging-structure entry (SDM Vol. 3, "4-Level Paging and 5-Level Paging").
  enum Bit {
    static let present: UInt64 = 1 << 0
    static let write: UInt64 = 1 << 1
    static let user: UInt64 = 1 << 2
    static let accessed: UInt64 = 1 << 5
    static let dirty: UInt64 = 1 << 6
    static let pageSize: UInt64 = 1 << 7
    static let global: UInt64 = 1 << 8
    static let executeDisable: UInt64 = 1 << 63
  }

  /// Walks in any mode with paging.
  ///
  /// Accessed and dirty flags are set when the walk has come to its end and the access is permitted: an access that faults
  /// sets none, which the manual leaves open and test386.asm expects. Each is one locked step: a processor compares and
  /// sets, and walks again if the entry has changed. Here nothing runs between the read of an entry and the write of its
  /// flags, so none ever has.
  ///
  /// - Parameters:
  ///   - cached: a paging-structure-cache entry that covers the address: the walk starts at its table.
  ///   - cachedSources: with EPT, what that came from.
  ///   - memoryTypes: what the translation's memory type follows from.
  ///   - space: with EPT, how guest-physical addresses are translated; by default as memory says.
  ///   - sideEffects: accessed and dirty flags are set.
  public init(
    _ address: LinearAddress, _ access: Access, _ controls: PagingControls, _ memory: PhysicalMemory,
    from cached: CachedEntry? = nil, cachedSources: [Source] = [], memoryTypes: MemoryTypes = .reset,
    through space: (any GuestPhysicalSpace)? = nil, sideEffects: Bool
  ) {
    guard let cached else {
      self.init(
        address, access, controls, memory, startingAt: nil, cachedSources: cachedSources, memoryTypes: memoryTypes,
        through: space, sideEffects: sideEffects)
      return
    }
    self = withUnsafePointer(to: cached) {
      Walk(
        address, access, controls, memory, startingAt: $0, cachedSources: cachedSources, memoryTypes: memoryTypes,
        through: space, sideEffects: sideEffects)
    }
  }

  /// The same; the entry to start at is read before anything else is, and may then go.
  init(
    _ address: LinearAddress, _ access: Access, _ controls: PagingControls, _ memory: PhysicalMemory,
    startingAt cached: UnsafePointer<CachedEntry>?, cachedSources: [Source], memoryTypes: MemoryTypes,
    through space: (any GuestPhysicalSpace)?, sideEffects: Bool
  ) {
    self.address = address
    let format = EntryFormat(controls)
    let guest = controls.ept.map {
      Guest(
        ept: $0, space: space ?? GuestPhysicalMemory($0, physicalBits: controls.physicalBits, memory), linear: address)
    }
    if guest != nil { trail = Trail(cachedSources) }
    path = CachedEntry(
      kind: guest == nil ? .linear : .combined, isStructure: true, shift: 12, tag: controls.tag, prefix: 0, target: 0,
      rights: .all, root: cached?.pointee.root ?? controls.root)
    follow(access, controls, memory, startingAt: cached, memoryTypes, guest, format, sideEffects: sideEffects)
  }

  /// Reads entry after entry. Apart from `init`, which would copy the walk at each way out.
  private mutating func follow(
    _ access: Access, _ controls: PagingControls, _ memory: PhysicalMemory,
    startingAt cached: UnsafePointer<CachedEntry>?, _ memoryTypes: MemoryTypes, _ guest: Guest?, _ format: EntryFormat,
    sideEffects: Bool
  ) {
    guard controls.mode != .none else {
      path.shift = 30
      path.isDirty = true
      path.target = address.value & ~0x3FFF_FFFF
      path.prefix = path.target
      finish(access, controls, memoryTypes, guest)
      return
    }
    var table = cached?.pointee.target ?? controls.root
    var rights = cached?.pointee.rights ?? .all
    var shift: UInt8 = cached.map { $0.pointee.shift - format.indexBits } ?? format.topShift
    path.shift = shift
    if let cached {
      (path.sources, path.sourceCount) = (cached.pointee.sources, cached.pointee.sourceCount)
    } else if controls.mode == .pae {
      var pointer = controls.pointers[Int(truncatingIfNeeded: address.value >> 30 & 3)]
      if isBroken(.c7Pointers), guest == nil {
        pointer = format.read(PhysicalAddress(controls.root + (address.value >> 30 & 3) * 8), memory)
      }
      guard pointer & Bit.present != 0 else {
        code = PageFaultCode(access, controls)
        return
      }
      table = pointer & EntryFormat.address
      path.root = pointer
    }
    /// Entries that may be cached though the walk faults: those above the first whose accessed flag is clear.
    var accessedCount: Int?
    defer {
      if !isMapped, !isBroken(.c2AccessedByFault) {
        structureCount = min(structureCount, accessedCount ?? structureCount)
      }
    }
    while true {
      let index = address.value >> UInt64(shift) & (1 << UInt64(format.indexBits) - 1)
      var location = PhysicalAddress(controls.onBus(table + index * format.bytes))
      let level = (shift - 12) / format.indexBits + 1
      let place = location.value
      var locatedCount = 0
      if let guest {
        let before = trail?.located.count ?? 0
        guard let physical = locate(place, guest) else { return }
        location = PhysicalAddress(physical)
        locatedCount = (trail?.located.count ?? 0) - before
      }
      var value = format.read(location, memory)
      let isLeaf = format.isLeaf(value, level)
      record(level, location, value, guest == nil ? nil : place, locatedCount)
      guard value & Bit.present != 0 else {
        if isBroken(.c1NotPresent) { leave(rights, value, shift: shift, format) }
        code = PageFaultCode(access, controls)
        return
      }
      guard value & format.reserved(value, level, isLeaf) == 0 else {
        if isBroken(.c1Reserved) { leave(rights, value, shift: shift, format) }
        code = PageFaultCode(access, controls).union([.present, .reserved])
        return
      }
      rights = rights.intersection(Walk.rights(value))
      if isLeaf {
        if isBroken(.c6Rights) { rights = Walk.rights(value) }
        path.protectionKey = format.key(value)
        guard controls.permits(access, rights, key: path.protectionKey) else {
          code = PageFaultCode(access, controls, violating: rights, key: path.protectionKey)
          return
        }
      } else if value & Bit.accessed == 0 {
        accessedCount = accessedCount ?? structureCount
      }
      let flags = Bit.accessed | (isLeaf && access.isWrite ? Bit.dirty : 0)
      if let guest, !guest.ept.hasFlags, !guest.ept.isLooking, value & flags != flags {
        // With flags for EPT the entry has been located for a write.
        guard mayWrite(place, guest) else { return }
      }
      if isLeaf, sideEffects {
        if guest == nil { setFlags(access, format, memory) }
        value |= flags
      } else if sideEffects {
        value |= Bit.accessed
      }
      path.append(Source(address: location.value, value: value))
      if let trail { trail.sources.append(Source(address: location.value, value: value)) }
      if isLeaf {
        let span: UInt64 = 1 << UInt64(shift)
        path.shift = shift
        path.pageShift = shift
        path.prefix = address.value & ~(span - 1)
        path.rights = rights
        path.target = format.frame(value, level) & ~(span - 1)
        path.isDirty = value & Bit.dirty != 0 || isBroken(.c2Dirty)
        path.isGlobal = controls.globalPages && value & Bit.global != 0
        path.memoryType = UInt8(truncatingIfNeeded: format.typeIndex(value, level))
        finish(access, controls, memoryTypes, guest)
        if isMapped, guest != nil, sideEffects { setFlags(access, format, memory) }
        return
      }
      table = format.frame(value, 1)
      if sideEffects || accessedCount == nil {
        prefixes[structureCount] = Prefix(shift: shift, rights: rights, sourceCount: path.sourceCount, target: table)
        if isBroken(.c3Rights) { prefixes[structureCount].rights = Walk.rights(value) }
        if isBroken(.c3Global) { prefixes[structureCount].isGlobal = value & Bit.global != 0 }
        if let trail { trail.structureSourceCounts[structureCount] = trail.sources.count }
        structureCount += 1
      }
      shift -= format.indexBits
    }
  }

  /// The leaf is reached: the page lies where it says, or where EPT says.
  private mutating func finish(
    _ access: Access, _ controls: PagingControls, _ memoryTypes: MemoryTypes, _ guest: Guest?
  ) {
    path.apicAccessPage = controls.apicAccessPage
    let typeIndex = controls.mode == .none ? 0 : UInt64(path.memoryType)
    guard let guest else {
      isMapped = true
      path.isStructure = false
      path.memoryType = memoryTypes.effective(path.target, shift: path.shift, index: typeIndex).rawValue
      if isBroken(.c6Type) { path.memoryType = MemoryType.writeBack.rawValue }
      return
    }
    path.isStructure = false
    let guestPhysical = path.physical(address.value)
    let isUserAddress = path.rights.contains(.user)
    let result = guest.space.translate(
      guestPhysical, EPTAccess(access, guest.ept, isUserAddress: isUserAddress))
    trail?.pageSteps = result.steps
    trail?.inherited = trail?.inherited ?? result.suspicion
    guard case .mapped(let page) = result.outcome else {
      var advanced: UInt64 = 0
      if guest.ept.advancedInformation {
        advanced = isUserAddress ? 1 << 9 : 0
        if path.rights.contains(.write) { advanced |= 1 << 10 }
        if !path.rights.contains(.execute) { advanced |= 1 << 11 }
      }
      exit = guest.exit(
        result.outcome, at: guestPhysical, EPTAccess(access, guest.ept, isUserAddress: isUserAddress),
        information: 1 << 8 | advanced)
      return
    }
    trail?.sources += result.sources
    // The translation is for the smaller of the two pages (rule C5).
    let shift = isBroken(.c5Size) ? path.shift : min(path.shift, page.shift)
    let span: UInt64 = 1 << UInt64(shift)
    path.pageShift = controls.mode == .none ? shift : max(shift, path.shift)
    path.shift = shift
    path.prefix = address.value & ~(span - 1)
    path.guestFrame = guestPhysical & ~(span - 1)
    path.target = page.physical(guestPhysical) & ~(span - 1)
    path.eptRights = page.eptRights
    path.isDirty = path.isDirty && page.isDirty
    path.memoryType = memoryTypes.effective(
      ept: isBroken(.c6IgnorePAT) ? page.memoryType & 7 : page.memoryType,
      index: controls.mode == .none ? nil : typeIndex)
    isMapped = true
  }

  /// What a walk through EPT needs. An object, so that a walk without it passes nothing about.
  private final class Guest {
    let ept: EPTControls
    let space: any GuestPhysicalSpace
    let linear: LinearAddress

    init(ept: EPTControls, space: any GuestPhysicalSpace, linear: LinearAddress) {
      (self.ept, self.space, self.linear) = (ept, space, linear)
    }

    func exit(
      _ outcome: EPTWalk.Outcome, at guestPhysical: UInt64, _ access: EPTAccess, information: UInt64
    ) -> MemoryExit {
      switch outcome {
      case .violation(let rights, let suppresses):
        var found = UInt64(rights.rawValue & 7) << 3
        if ept.modeBasedExecute, rights.contains(.userExecute) { found |= 1 << 6 }
        return .eptViolation(
          EPTViolation(
            guestPhysicalAddress: guestPhysical,
            qualification: access.qualification | found | 1 << 7 | information, linearAddress: linear.value,
            suppressesException: suppresses))
      case .logFull: return .modificationLogFull(linear: linear.value)
      case .misconfiguration, .mapped: return .eptMisconfiguration(guestPhysical)
      }
    }
  }

  /// Finds an entry of a guest's paging structures; nil: the outcome says why not.
  private mutating func locate(_ place: UInt64, _ guest: Guest) -> UInt64? {
    let access = EPTAccess.structureRead(guest.ept)
    let result = guest.space.translate(place, access)
    trail?.inherited = trail?.inherited ?? result.suspicion
    trail?.located += result.steps
    guard case .mapped(let entry) = result.outcome else {
      exit = guest.exit(result.outcome, at: place, access, information: 0)
      return nil
    }
    trail?.sources += result.sources
    return entry.physical(place)
  }

  /// Whether a flag may be set in an entry of a guest's paging structures; no: the outcome says why not.
  private mutating func mayWrite(_ place: UInt64, _ guest: Guest) -> Bool {
    let result = guest.space.translate(place, .structureWrite)
    guard case .mapped = result.outcome else {
      exit = guest.exit(result.outcome, at: place, .structureWrite, information: 0)
      return false
    }
    return true
  }

  /// The access is permitted: sets the accessed flag of each entry, and the leaf's dirty flag for a write.
  private mutating func setFlags(_ access: Access, _ format: EntryFormat, _ memory: PhysicalMemory) {
    for index in 0..<count {
      let source = steps[index].source
      let accessed = isBroken(.c2Accessed) ? 0 : Bit.accessed
      let flags = accessed | (index == count - 1 && access.isWrite ? Bit.dirty : 0)
      guard source.value & flags != flags else { continue }
      steps[index].source.value |= flags
      format.write(PhysicalAddress(source.address), source.value | flags, memory)
    }
  }

  /// Rule C1, broken: an entry that leads nowhere leaves a paging-structure-cache entry.
  private mutating func leave(
    _ rights: Rights, _ value: UInt64, shift: UInt8, _ format: EntryFormat
  ) {
    guard shift > 12 else { return }
    prefixes[structureCount] = Prefix(
      shift: shift, rights: rights, sourceCount: path.sourceCount, target: format.frame(value, 1))
    if let trail { trail.structureSourceCounts[structureCount] = trail.sources.count }
    structureCount += 1
  }

  private mutating func record(
    _ level: UInt8, _ location: PhysicalAddress, _ value: UInt64, _ guestPhysical: UInt64?, _ locatedCount: Int
  ) {
    count += 1
    steps[count - 1] = Step(
      level: level, source: Source(address: location.value, value: value), guestPhysicalAddress: guestPhysical,
      locatedCount: UInt8(truncatingIfNeeded: locatedCount))
  }

  /// Structure entries that were read, those of EPT included: 24 at most with four levels each.
  public var references: Int {
    guard let trail else { return count }
    return count + trail.located.count + trail.pageSteps.count
  }

  /// Entries of 32-bit paging have no execute-disable bit, and read with bit 63 clear.
  private static func rights(_ value: UInt64) -> Rights {
    var rights: Rights = []
    if value & Bit.write != 0 { rights.insert(.write) }
    if value & Bit.user != 0 { rights.insert(.user) }
    if value & Bit.executeDisable == 0 { rights.insert(.execute) }
    return rights
  }
}
