import EPTTLB
import MMU

/// What EPT12 says and what it has said: EPT02 may hold any of it that L1 has not invalidated since.
struct EPT12History: Sendable {
  /// Something that EPT12 said until it was changed.
  struct Former: Sendable {
    /// What it was.
    enum Content: Sendable {
      /// A translation of all addresses of a range.
      case page(Candidate)
      /// Whatever the tree said of them.
      case tree(EPTTree)
    }

    /// The guest-physical addresses of L2's that it is about.
    let range: ClosedRange<UInt64>
    let content: Content
    /// Who changed it, and when, by the observer's count of facts.
    let change: StructureChange
    let order: UInt64
  }

  /// What EPT12 makes of an address.
  struct Candidate: Equatable {
    /// The guest-physical address of L1's that it leads to.
    let guestPhysical: UInt64
    let rights: EPTRights
    let type: UInt8
    /// Size of the page, as a power of two.
    let shift: UInt8
  }

  private static let limit = 4096

  let ept: EPTControls
  private(set) var tree: EPTTree
  private(set) var former: [Former] = []
  /// Facts up to this one are missing from `former`; before L2 first runs on it, nothing counts.
  private(set) var start: UInt64 = 0

  init(_ ept: EPTControls) {
    self.ept = ept
    tree = EPTTree(ept)
  }

  /// Reads the tables anew.
  mutating func read(_ memory: PhysicalMemory, _ space: L1Memory) { tree.read(memory, space) }

  /// Entries of a table have changed; whether tables have come or gone, so that they must be read anew.
  mutating func written(
    _ page: UInt64, _ indices: ClosedRange<Int>, _ memory: PhysicalMemory, physicalBits: UInt8, order: UInt64,
    writer: Writer, moment: (cycle: UInt64, rip: UInt64)
  ) -> Bool {
    guard let table = tree.pages[page], let known = tree.tables[table] else { return false }
    var isNewTree = false
    for index in indices {
      let place = page + UInt64(index) * 8
      let (old, new) = (known.words[index], memory.read(PhysicalAddress(place), as: UInt64.self))
      // Accessed and dirty flags say nothing of where an address leads.
      guard (old ^ new) & ~0x300 != 0 else { continue }
      let change = StructureChange(
        writer: writer, cycle: moment.cycle, rip: moment.rip, address: place, old: old, new: new)
      for position in known.positions {
        let span: UInt64 = 1 << EPTTree.shift(position.level)
        let base = position.base | UInt64(index) &* span
        let wasTable = tree.isPresent(old) && !EPTTree.isLeaf(old, position.level)
        if wasTable || tree.isPresent(new) && !EPTTree.isLeaf(new, position.level) { isNewTree = true }
        guard tree.isPresent(old) else { continue }
        let range = base...(base + (span - 1))
        if wasTable {
          keep(Former(range: range, content: .tree(tree), change: change, order: order))
        } else if let said = EPT12History.translate(base, ept, FormerEPT(tree), memory, physicalBits) {
          keep(Former(range: range, content: .page(said), change: change, order: order))
        }
      }
      tree.set(table, index, new)
    }
    return isNewTree
  }

  private mutating func keep(_ item: Former) {
    if former.count == EPT12History.limit {
      let gone = former.prefix(EPT12History.limit / 2)
      start = gone.map(\.order).max() ?? start
      former.removeFirst(gone.count)
    }
    former.append(item)
  }

  /// What EPT12 says of an address now; nil: nothing.
  func now(_ address: UInt64, _ space: L1Memory, _ memory: PhysicalMemory, physicalBits: UInt8) -> Candidate? {
    EPT12History.translate(address, ept, space, memory, physicalBits)
  }

  /// What it said of an address until some change.
  func said(_ item: Former, of address: UInt64, _ memory: PhysicalMemory, physicalBits: UInt8) -> Candidate? {
    guard item.range.contains(address) else { return nil }
    switch item.content {
    case .page(let said):
      return Candidate(
        guestPhysical: said.guestPhysical &+ (address - item.range.lowerBound), rights: said.rights, type: said.type,
        shift: said.shift)
    case .tree(let tree): return EPT12History.translate(address, ept, FormerEPT(tree), memory, physicalBits)
    }
  }

  private static func translate(
    _ address: UInt64, _ ept: EPTControls, _ structures: any EPTStructures, _ memory: PhysicalMemory,
    _ physicalBits: UInt8
  ) -> Candidate? {
    let nothing = EPTAccess(needs: [], isWrite: false, qualification: 0)
    let walk = EPTWalk(
      address, nothing, ept, physicalBits: physicalBits, memory, structures: structures, sideEffects: false)
    guard case .mapped(let entry) = walk.outcome else { return nil }
    return Candidate(
      guestPhysical: entry.physical(address), rights: entry.eptRights, type: entry.memoryType, shift: entry.shift)
  }
}

extension EPT12History {
  /// The input made wrong on purpose: an address is taken for one that EPT12 has lost before a fact.
  mutating func lose(_ address: UInt64, _ said: Candidate, before order: UInt64) {
    let page = address & ~0xFFF
    let change = StructureChange(writer: .monitor, cycle: 0, rip: 0, address: 0, old: 0, new: 0)
    let whole = Candidate(
      guestPhysical: said.guestPhysical & ~0xFFF, rights: said.rights, type: said.type, shift: 12)
    former.insert(
      Former(range: page...(page | 0xFFF), content: .page(whole), change: change, order: order &- 1), at: 0)
  }
}
