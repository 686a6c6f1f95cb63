import EPTTLB

/// A page walk as a value: every structure entry read, and what came of it.
///
/// The processor, the monitor and the oracle all use this one walk, with or without side effects.
public struct Walk {
  /// A structure entry that was read.
  @frozen public struct Step: Sendable {
    /// Level: 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE.
    public var level: UInt8
    /// Where it was read, and what it holds after its accessed and dirty flags were set.
    public var source: Source
  }

  /// What came of it.
  public enum Outcome {
    /// The translation, ready to be cached.
    case mapped(CachedEntry)
    /// A page fault.
    case fault(PageFaultCode)
  }

  /// The linear address.
  public let address: LinearAddress
  /// Entries read, topmost first.
  public internal(set) var steps = InlineArray<5, Step>(repeating: Step(level: 0, source: Source()))
  /// How many of `steps` count.
  public internal(set) var count = 0
  /// The result.
  public internal(set) var outcome: Outcome = .fault([])
  /// Paging-structure-cache entries that the walk may leave behind, topmost first.
  public internal(set) var structures = InlineArray<4, CachedEntry?>(repeating: nil)
  /// How many of `structures` count.
  public internal(set) var structureCount = 0

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

  /// Walks 32-bit or 4-level paging.
  ///
  /// - Parameters:
  ///   - cached: a paging-structure-cache entry that covers the address: the walk starts at its table.
  ///   - sideEffects: accessed and dirty flags are set, each as one locked step.
  public init(
    _ address: LinearAddress, _ access: Access, _ controls: PagingControls, _ memory: PhysicalMemory,
    from cached: CachedEntry? = nil, sideEffects: Bool
  ) {
    self.address = address
    let format = EntryFormat(controls)
    var table = cached?.target ?? controls.root
    var rights = cached?.rights ?? .all
    var shift: UInt8 = cached.map { $0.shift - format.indexBits } ?? format.topShift
    var path = CachedEntry(
      kind: .linear, isStructure: true, shift: shift, tag: controls.tag, prefix: 0, target: 0, rights: .all,
      root: cached?.root ?? controls.root)
    if let cached { (path.sources, path.sourceCount) = (cached.sources, cached.sourceCount) }
    /// Structures whose accessed flag is set already: only these may be cached when the walk fails (TLB rule C2).
    var accessed = 0
    while true {
      let index = address.value >> UInt64(shift) & (1 << UInt64(format.indexBits) - 1)
      let location = PhysicalAddress(table + index * format.bytes)
      var value = format.read(location, memory)
      let level = (shift - 12) / format.indexBits + 1
      let isLeaf = format.isLeaf(value, level)
      record(level, location, value)
      guard value & Bit.present != 0 else {
        structureCount = accessed
        outcome = .fault(PageFaultCode(access, controls))
        return
      }
      guard value & format.reserved(value, level, isLeaf) == 0 else {
        structureCount = accessed
        outcome = .fault(PageFaultCode(access, controls).union([.present, .reserved]))
        return
      }
      rights = rights.intersection(Walk.rights(value))
      if isLeaf {
        guard controls.permits(access, rights) else {
          structureCount = accessed
          outcome = .fault(PageFaultCode(access, controls).union(.present))
          return
        }
        if sideEffects {
          setFlags(access.isWrite ? Bit.dirty : 0, format, memory, &path)
          value = steps[count - 1].source.value
        }
      }
      let span: UInt64 = 1 << UInt64(shift)
      path.append(Source(address: location.value, value: value))
      path.shift = shift
      path.prefix = address.value & ~(span - 1)
      path.rights = rights
      if isLeaf {
        path.isStructure = false
        path.target = format.frame(value, level) & ~(span - 1)
        path.isDirty = value & Bit.dirty != 0
        path.isGlobal = controls.globalPages && value & Bit.global != 0
        outcome = .mapped(path)
        return
      }
      path.target = format.frame(value, 1)
      structures[structureCount] = path
      structureCount += 1
      if value & Bit.accessed != 0, accessed == structureCount - 1 { accessed = structureCount }
      table = path.target
      shift -= format.indexBits
    }
  }

  /// Sets accessed flags along the path, and the leaf's dirty flag, once the walk has succeeded: a walk that faults leaves
  /// them as they were, as Bochs does (the manual lets a processor set them earlier).
  private mutating func setFlags(
    _ leafFlags: UInt64, _ format: EntryFormat, _ memory: PhysicalMemory, _ path: inout CachedEntry
  ) {
    let skipped = Int(path.sourceCount) + 1 - count
    for index in 0..<count {
      let source = steps[index].source
      let flags = Bit.accessed | (index == count - 1 ? leafFlags : 0)
      guard source.value & flags != flags else { continue }
      let value = source.value | flags
      steps[index].source.value = value
      format.write(PhysicalAddress(source.address), value, memory)
      guard index < count - 1 else { continue }
      path.sources[skipped + index].value = value
      for structure in index..<structureCount { structures[structure]?.sources[skipped + index].value = value }
    }
  }

  private mutating func record(_ level: UInt8, _ location: PhysicalAddress, _ value: UInt64) {
    count += 1
    steps[count - 1] = Step(level: level, source: Source(address: location.value, value: value))
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
