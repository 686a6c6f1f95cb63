import EPTTLB

/// EPT paging structures that do not lie in memory as they are: those of a guest hypervisor, or those of some time ago.
public protocol EPTStructures: AnyObject {
  /// The entry at an address; nil: nothing lies there.
  func entry(_ address: UInt64) -> UInt64?
}

/// A walk of EPT paging structures as a value (SDM Vol. 3, "EPT Translation Mechanism").
public struct EPTWalk {
  /// What came of it.
  public enum Outcome {
    /// The guest-physical mapping, ready to be cached.
    case mapped(CachedEntry)
    /// A violation: what all entries allow (0 when one is not present), and bit 63 of the last one.
    case violation(rights: EPTRights, suppressesException: Bool)
    /// A misconfiguration.
    case misconfiguration
    /// The page-modification log has no room for the page, whose dirty flag would have to be set.
    case logFull
  }

  /// Entries read, topmost first.
  public private(set) var steps = InlineArray<5, Walk.Step>(repeating: Walk.Step(level: 0, source: Source()))
  /// How many of `steps` count.
  public private(set) var count = 0
  /// The result.
  public private(set) var outcome: Outcome = .misconfiguration
  /// Paging-structure-cache entries that the walk may leave behind.
  public private(set) var structures = InlineArray<4, CachedEntry?>(repeating: nil)
  /// How many of `structures` count.
  public private(set) var structureCount = 0

  /// Bits of an EPT paging-structure entry (SDM Vol. 3, "EPT Translation Mechanism", the tables of formats).
  enum Bit {
    static let large: UInt64 = 1 << 7
    static let accessed: UInt64 = 1 << 8
    static let dirty: UInt64 = 1 << 9
    static let suppress: UInt64 = 1 << 63
  }

  /// Walks.
  ///
  /// - Parameters:
  ///   - physicalBits: MAXPHYADDR.
  ///   - cached: a paging-structure-cache entry that covers the address: the walk starts at its table.
  ///   - elsewhere: where entries are read, if that is not memory as it is; then without side effects.
  ///   - sideEffects: accessed and dirty flags are set, and logged.
  public init(
    _ guestPhysical: UInt64, _ access: EPTAccess, _ ept: EPTControls, physicalBits: UInt8, _ memory: PhysicalMemory,
    from cached: CachedEntry? = nil, log: (any ModificationLog)? = nil,
    structures elsewhere: (any EPTStructures)? = nil, sideEffects: Bool
  ) {
    var table = cached?.target ?? ept.root
    var rights = cached?.eptRights ?? .all
    var shift: UInt8 = cached.map { $0.shift - 9 } ?? (ept.levels == 5 ? 48 : 39)
    var path = CachedEntry(
      kind: .guestPhysical, isStructure: true, shift: shift, tag: Tag(ep4ta: ept.tag), prefix: 0, target: 0,
      rights: .all, root: cached?.root ?? ept.pointer)
    if let cached { (path.sources, path.sourceCount) = (cached.sources, cached.sourceCount) }
    /// Entries that may be cached though the walk does not end: those above the first whose accessed flag is clear.
    var accessedCount: Int?
    defer {
      if case .mapped = outcome {
      } else if !isBroken(.c2EPTAccessedByViolation) {
        structureCount = min(structureCount, accessedCount ?? structureCount)
      }
    }
    while true {
      let location = PhysicalAddress(table | (guestPhysical >> UInt64(shift) & 511) * 8)
      var value: UInt64
      if let elsewhere {
        value = elsewhere.entry(location.value) ?? 0
      } else {
        value = memory.read(location, as: UInt64.self)
      }
      let level = (shift - 12) / 9 + 1
      let isLeaf = level == 1 || level <= 3 && value & Bit.large != 0
      steps[count] = Walk.Step(level: level, source: Source(address: location.value, value: value, isEPT: true))
      count += 1
      let entryRights = EPTWalk.rights(value, ept)
      guard !entryRights.isEmpty else {
        outcome = .violation(rights: [], suppressesException: value & Bit.suppress != 0)
        return
      }
      guard EPTWalk.isValid(value, entryRights, level: level, isLeaf: isLeaf, ept, physicalBits) else {
        outcome = .misconfiguration
        if isBroken(.c1Misconfigured), !isLeaf {
          path.shift = shift
          path.prefix = guestPhysical & ~(1 << UInt64(shift) - 1)
          path.target = value & EntryFormat.address
          structures[structureCount] = path
          structureCount += 1
        }
        return
      }
      rights = rights.intersection(entryRights)
      if isLeaf {
        if isBroken(.c6EPTRights) { rights = entryRights }
        guard rights.isSuperset(of: access.needs) else {
          outcome = .violation(rights: rights, suppressesException: value & Bit.suppress != 0)
          return
        }
        if sideEffects, ept.hasFlags {
          if access.isWrite, value & Bit.dirty == 0, let log {
            guard log.hasRoom else {
              outcome = .logFull
              return
            }
            log.log(guestPhysical & ~0xFFF)
          }
          setFlags(access, memory)
          value = steps[count - 1].source.value
        }
      } else if ept.hasFlags, value & Bit.accessed == 0 {
        accessedCount = accessedCount ?? structureCount
        if sideEffects { value |= Bit.accessed }
      }
      let span: UInt64 = 1 << UInt64(shift)
      path.append(Source(address: location.value, value: value, isEPT: true))
      path.shift = shift
      path.pageShift = shift
      path.prefix = guestPhysical & ~(span - 1)
      path.eptRights = rights
      path.target = value & EntryFormat.address
      if isLeaf {
        path.isStructure = false
        path.target &= ~(span - 1)
        path.isDirty = !ept.hasFlags || value & Bit.dirty != 0 || isBroken(.c2EPTDirty)
        path.memoryType = UInt8(truncatingIfNeeded: value >> 3 & 15)
        outcome = .mapped(path)
        return
      }
      if sideEffects || accessedCount == nil {
        structures[structureCount] = path
        if isBroken(.c3EPTRights) { structures[structureCount]?.eptRights = entryRights }
        structureCount += 1
      }
      table = path.target
      shift -= 9
    }
  }

  /// The access is permitted: sets accessed flags, and the leaf's dirty flag for a write.
  private mutating func setFlags(_ access: EPTAccess, _ memory: PhysicalMemory) {
    for index in 0..<count {
      let source = steps[index].source
      let accessed = isBroken(.c2EPTAccessed) ? 0 : Bit.accessed
      let flags = accessed | (index == count - 1 && access.isWrite ? Bit.dirty : 0)
      guard source.value & flags != flags else { continue }
      steps[index].source.value |= flags
      memory.write(PhysicalAddress(source.address), source.value | flags)
    }
  }

  /// What an entry allows; nothing: it is not present.
  static func rights(_ value: UInt64, _ ept: EPTControls) -> EPTRights {
    var rights = EPTRights(rawValue: UInt8(truncatingIfNeeded: value & 7))
    let execute = ept.modeBasedExecute ? value >> 10 & 1 : value >> 2 & 1
    if execute != 0 { rights.insert(.userExecute) }
    return rights
  }

  /// Whether a present entry is configured as it must be (SDM Vol. 3, "EPT Misconfigurations").
  private static func isValid(
    _ value: UInt64, _ rights: EPTRights, level: UInt8, isLeaf: Bool, _ ept: EPTControls, _ physicalBits: UInt8
  ) -> Bool {
    if !rights.contains(.read) {
      guard !rights.contains(.write), ept.executeOnly else { return false }
    }
    let frameBits = (1 as UInt64) << UInt64(min(physicalBits, 52)) - 1
    var reserved = EntryFormat.address & ~frameBits
    switch (level, isLeaf) {
    case (1, _): break
    case (2, true): reserved |= 0x1F_F000
    case (3, true): reserved |= ept.gigabytePages ? 0x3FFF_F000 : Bit.large
    case (2, false), (3, false): reserved |= 0x78
    default: reserved |= 0xF8
    }
    guard value & reserved == 0 else { return false }
    guard isLeaf else { return true }
    return ![2, 3, 7].contains(value >> 3 & 7)
  }
}
