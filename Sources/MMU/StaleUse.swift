import EPTTLB

/// In what a mapping and memory may differ.
public struct MappingAxes: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt16
  /// A set of axes.
  public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// The frame.
  public static let frame = MappingAxes(rawValue: 1)
  /// Whether there is a translation at all.
  public static let read = MappingAxes(rawValue: 2)
  /// The right to write.
  public static let write = MappingAxes(rawValue: 4)
  /// The right to fetch instructions.
  public static let execute = MappingAxes(rawValue: 8)
  /// The right of user-mode accesses.
  public static let user = MappingAxes(rawValue: 16)
  /// The memory type.
  public static let type = MappingAxes(rawValue: 32)
  /// The dirty flag.
  public static let dirty = MappingAxes(rawValue: 64)
  /// Whether it serves every PCID.
  public static let global = MappingAxes(rawValue: 128)
  /// The protection key.
  public static let key = MappingAxes(rawValue: 256)
}

/// How a mapping differs from what memory says.
public struct Disagreement: Hashable, Sendable {
  /// Where the mapping gives more, or something else.
  public var excess: MappingAxes = []
  /// Where memory gives more.
  public var shortfall: MappingAxes = []

  /// Whether they agree.
  public var isEmpty: Bool { excess.isEmpty && shortfall.isEmpty }

  /// Nothing differs.
  public init() {}

  /// Compares a translation of an address with what a walk of memory gives.
  public init(_ mapping: CachedEntry, _ address: LinearAddress, _ walk: Walk) {
    guard case .mapped(let memory) = walk.outcome else {
      excess = .read
      return
    }
    if mapping.physical(address.value) != memory.physical(address.value) { excess.insert(.frame) }
    if mapping.memoryType != memory.memoryType { excess.insert(.type) }
    if mapping.protectionKey != memory.protectionKey { excess.insert(.key) }
    compare(.write, mapping.rights.contains(.write), memory.rights.contains(.write))
    compare(.execute, mapping.rights.contains(.execute), memory.rights.contains(.execute))
    compare(.user, mapping.rights.contains(.user), memory.rights.contains(.user))
    // A clean mapping of a page that somebody else has made dirty is as it should be.
    compare(.dirty, mapping.isDirty, mapping.isDirty && memory.isDirty)
    compare(.global, mapping.isGlobal, memory.isGlobal)
    compare(mapping.eptRights, memory.eptRights)
  }

  /// Compares a guest-physical translation with what a walk of the EPT in memory gives.
  public init(_ mapping: CachedEntry, _ guestPhysical: UInt64, _ walk: EPTWalk) {
    guard case .mapped(let memory) = walk.outcome else {
      excess = .read
      return
    }
    if mapping.physical(guestPhysical) != memory.physical(guestPhysical) { excess.insert(.frame) }
    if mapping.memoryType != memory.memoryType { excess.insert(.type) }
    compare(.dirty, mapping.isDirty, mapping.isDirty && memory.isDirty)
    compare(mapping.eptRights, memory.eptRights)
  }

  private mutating func compare(_ mapping: EPTRights, _ memory: EPTRights) {
    guard mapping != memory else { return }
    compare(.read, mapping.contains(.read), memory.contains(.read))
    compare(.write, mapping.contains(.write), memory.contains(.write))
    compare(.execute, mapping.contains(.execute), memory.contains(.execute))
    compare(.execute, mapping.contains(.userExecute), memory.contains(.userExecute))
  }

  private mutating func compare(_ axis: MappingAxes, _ mapping: Bool, _ memory: Bool) {
    if mapping && !memory { excess.insert(axis) }
    if !mapping && memory { shortfall.insert(axis) }
  }
}

/// The use of a translation with which memory does not agree: the facts. Verdicts are for others.
public struct StaleUse {
  /// The processor, by number.
  public var processor: Int
  /// Its clock.
  public var cycle: UInt64
  /// Its instruction pointer.
  public var rip: UInt64
  /// The address; with a guest-physical mapping, a guest-physical one.
  public var address: LinearAddress
  /// The access.
  public var access: Access
  /// The mapping denied the access: a page fault followed, which drops it.
  public var isDenied: Bool
  /// The mapping.
  public var mapping: CachedEntry
  /// Its place in the cache.
  public var slot: Slot
  /// The structure entries it came from.
  public var sources: [Source]
  /// Who changed them, if somebody did.
  public var suspicion: Suspicion?
  /// How memory differs under the mapping's own root.
  public var own: Disagreement
  /// The root in force when it is not the mapping's own, and how memory differs under that.
  public var inForce: (root: UInt64, disagreement: Disagreement)?
}

extension StaleUse {
  /// Where the mapping gives more than memory does, or something else, and this access makes use of it.
  public var exploited: MappingAxes {
    guard !isDenied else { return [] }
    return own.excess.union(inForce?.disagreement.excess ?? []).intersection(access.axes)
  }
}

extension Access {
  /// In what a mapping must agree with memory for this access.
  var axes: MappingAxes {
    var axes: MappingAxes = [.frame, .read, .type]
    if isWrite { axes.formUnion([.write, .dirty]) }
    axes.insert(isFetch ? .execute : .key)
    if isUser { axes.insert(.user) }
    return axes
  }

  /// A bit for each kind of access.
  var bit: UInt8 { 1 << ((isWrite ? 1 : 0) | (isFetch ? 2 : 0) | (isUser ? 4 : 0)) }
}

/// Told of each use of a translation with which memory does not agree; of those that take nothing from what differs, once
/// for each kind of access until memory changes again.
public protocol StaleUseObserver: AnyObject {
  /// A processor has used a stale mapping.
  func staleMappingUsed(_ use: StaleUse)
  /// Where more reads by a mapping may be counted that are like the one just told of, while no entry and no controls change;
  /// nil: each is told of in full.
  func staleReadCounter(_ slot: Slot, by processor: Int) -> StaleReadCounter?
  /// A store has changed a structure entry that a mapping of a processor came from.
  func entryChanged(of slot: Slot, on processor: Translation, _ change: StructureChange)
  /// A suspect mapping of a processor is about to go, or memory is again what it was made from.
  func suspicionEnded(of slot: Slot, on processor: Translation)
}

extension StaleUseObserver {
  /// Nothing is done.
  public func entryChanged(of slot: Slot, on processor: Translation, _ change: StructureChange) {}
  /// Nothing is done.
  public func suspicionEnded(of slot: Slot, on processor: Translation) {}
}

extension StaleUseObserver {
  /// By default each use is told of in full.
  public func staleReadCounter(_ slot: Slot, by processor: Int) -> StaleReadCounter? { nil }
}
