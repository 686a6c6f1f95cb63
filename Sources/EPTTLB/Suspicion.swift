/// Who wrote to memory.
public enum Writer: Hashable, Sendable {
  /// A processor, by number.
  case processor(Int)
  /// A device, by DMA.
  case device
  /// The person at the machine, or what loads images: the monitor, a debugger, direct boot.
  case monitor
}

/// A store that changed a structure entry which live mappings came from.
@frozen public struct StructureChange: Equatable, Sendable {
  /// Who stored.
  public var writer: Writer
  /// The writer's clock.
  public var cycle: UInt64
  /// Instruction pointer of the storing instruction; 0 when the writer is no processor.
  public var rip: UInt64
  /// Physical address of the entry.
  public var address: UInt64
  /// What it held.
  public var old: UInt64
  /// What it holds now.
  public var new: UInt64

  /// A change.
  public init(writer: Writer, cycle: UInt64, rip: UInt64, address: UInt64, old: UInt64, new: UInt64) {
    self.writer = writer
    self.cycle = cycle
    self.rip = rip
    self.address = address
    self.old = old
    self.new = new
  }
}

/// Why a mapping may be stale: what has happened to the entries it came from since they were read.
public struct Suspicion: Equatable, Sendable {
  /// The change that made it suspect.
  public internal(set) var first: StructureChange
  /// The latest one.
  public internal(set) var latest: StructureChange
  /// How many there were.
  public internal(set) var count = 1
  /// It was suspect from the start: the walk began at a suspect paging-structure-cache entry.
  public internal(set) var isInherited = false

  init(_ change: StructureChange) {
    first = change
    latest = change
  }
}

extension TranslationCache {
  /// A structure entry that a mapping came from has changed.
  ///
  /// - Returns: whether the mapping was above suspicion until now.
  @discardableResult
  public func suspect(_ slot: Slot, _ change: StructureChange) -> Bool {
    own()
    guard nodes[Int(slot)].isSuspect, let index = suspicions.index(forKey: slot) else {
      setSuspicion(slot, Suspicion(change))
      return true
    }
    suspicions.values[index].latest = change
    suspicions.values[index].count += 1
    return false
  }

  /// A mapping was made by a walk that began at a suspect one, and is as suspect as that.
  public func inherit(_ slot: Slot, _ suspicion: Suspicion) {
    own()
    var suspicion = suspicion
    suspicion.isInherited = true
    setSuspicion(slot, suspicion)
  }

  private func setSuspicion(_ slot: Slot, _ suspicion: Suspicion) {
    suspicions[slot] = suspicion
    let node = nodes + Int(slot)
    node.pointee.isSuspect = true
    lists[Int(node.pointee.list)].isPlain = false
  }

  /// Every entry that a mapping came from holds again what it was made from.
  public func clear(_ slot: Slot) {
    own()
    suspicions[slot] = nil
    nodes[Int(slot)].isSuspect = false
  }

  /// Why a mapping is suspect, or nil.
  public func suspicion(_ slot: Slot) -> Suspicion? { suspicions[slot] }

  /// Whether a mapping is suspect.
  @inlinable public func isSuspect(_ slot: Slot) -> Bool { nodes[Int(slot)].isSuspect }
}
