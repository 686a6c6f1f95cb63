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
  /// Entries read, topmost first. The PDPTE registers of PAE paging are none: a walk does not read them from memory.
  public internal(set) var steps = InlineArray<5, Step>(repeating: Step(level: 0, source: Source()))
  /// How many of `steps` count.
  public internal(set) var count = 0
  /// The result.
  public internal(set) var outcome: Outcome = .fault([])
  /// Paging-structure-cache entries that the walk may leave behind, topmost first: of the entries that led on, those
  /// whose accessed flags, and those of all above them, are set (TLB rule C2).
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

  /// Walks in any mode with paging.
  ///
  /// Accessed and dirty flags are set when the walk has come to its end and the access is permitted: an access that faults
  /// sets none, which the manual leaves open and test386.asm expects. Each is one locked step: a processor compares and
  /// sets, and walks again if the entry has changed. Here nothing runs between the read of an entry and the write of its
  /// flags, so none ever has.
  ///
  /// - Parameters:
  ///   - cached: a paging-structure-cache entry that covers the address: the walk starts at its table.
  ///   - memoryTypes: what the translation's memory type follows from.
  ///   - sideEffects: accessed and dirty flags are set.
  public init(
    _ address: LinearAddress, _ access: Access, _ controls: PagingControls, _ memory: PhysicalMemory,
    from cached: CachedEntry? = nil, memoryTypes: MemoryTypes = .reset, sideEffects: Bool
  ) {
    self.address = address
    let format = EntryFormat(controls)
    var table = cached?.target ?? controls.root
    var rights = cached?.rights ?? .all
    var shift: UInt8 = cached.map { $0.shift - format.indexBits } ?? format.topShift
    var path = CachedEntry(
      kind: .linear, isStructure: true, shift: shift, tag: controls.tag, prefix: 0, target: 0, rights: .all,
      root: cached?.root ?? controls.root)
    if let cached {
      (path.sources, path.sourceCount) = (cached.sources, cached.sourceCount)
    } else if controls.mode == .pae {
      let pointer = controls.pointers[Int(truncatingIfNeeded: address.value >> 30 & 3)]
      guard pointer & Bit.present != 0 else {
        outcome = .fault(PageFaultCode(access, controls))
        return
      }
      table = pointer & EntryFormat.address
      path.root = pointer
    }
    /// Entries that may be cached though the walk faults: those above the first whose accessed flag is clear.
    var accessedCount: Int?
    defer {
      if case .fault = outcome { structureCount = min(structureCount, accessedCount ?? structureCount) }
    }
    while true {
      let index = address.value >> UInt64(shift) & (1 << UInt64(format.indexBits) - 1)
      let location = PhysicalAddress(table + index * format.bytes)
      var value = format.read(location, memory)
      let level = (shift - 12) / format.indexBits + 1
      let isLeaf = format.isLeaf(value, level)
      record(level, location, value)
      guard value & Bit.present != 0 else {
        outcome = .fault(PageFaultCode(access, controls))
        return
      }
      guard value & format.reserved(value, level, isLeaf) == 0 else {
        outcome = .fault(PageFaultCode(access, controls).union([.present, .reserved]))
        return
      }
      rights = rights.intersection(Walk.rights(value))
      if isLeaf {
        path.protectionKey = format.key(value)
        guard controls.permits(access, rights, key: path.protectionKey) else {
          outcome = .fault(PageFaultCode(access, controls, violating: rights, key: path.protectionKey))
          return
        }
        if sideEffects { setFlags(access, format, memory) }
        value = steps[count - 1].source.value
      } else if value & Bit.accessed == 0 {
        accessedCount = accessedCount ?? structureCount
        if sideEffects { value |= Bit.accessed }
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
        path.memoryType =
          memoryTypes.effective(path.target, shift: shift, index: format.typeIndex(value, level)).rawValue
        outcome = .mapped(path)
        return
      }
      path.target = format.frame(value, 1)
      if sideEffects || accessedCount == nil {
        structures[structureCount] = path
        structureCount += 1
      }
      table = path.target
      shift -= format.indexBits
    }
  }

  /// The access is permitted: sets the accessed flag of each entry, and the leaf's dirty flag for a write.
  private mutating func setFlags(_ access: Access, _ format: EntryFormat, _ memory: PhysicalMemory) {
    for index in 0..<count {
      let source = steps[index].source
      let flags = Bit.accessed | (index == count - 1 && access.isWrite ? Bit.dirty : 0)
      guard source.value & flags != flags else { continue }
      steps[index].source.value |= flags
      format.write(PhysicalAddress(source.address), source.value | flags, memory)
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
