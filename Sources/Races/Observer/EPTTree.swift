import EPTTLB
import MMU

/// Where the structures of an EPT are read: guest-physical addresses of L1's for EPT12, physical ones for EPT02.
protocol EPTTables {
  /// Physical address of a table; nil: it lies nowhere.
  func physical(_ table: UInt64) -> UInt64?
}

/// The tables of an EPT as they were when they were last looked at, so that a store tells which entries it has changed,
/// and so that what an EPT once said can be asked of a copy, which shares what has not changed since.
struct EPTTree: Sendable {
  /// A table.
  struct Table: Sendable {
    /// Where it lies.
    let physical: UInt64
    /// Its entries.
    var words: [UInt64]
    /// Where it stands in the tree: the level of its entries, and the first address they map. More than one when tables
    /// are shared.
    var positions: [(level: UInt8, base: UInt64)]
  }

  /// A leaf: the addresses it maps, and its entry.
  struct Leaf {
    let base: UInt64
    let shift: UInt8
    let value: UInt64
    /// Physical address of the entry.
    let place: UInt64
  }

  private static let maximumTables = 4096
  private static let maximumPositions = 16384

  let pointer: UInt64
  /// Bits of which an entry that is present has one: bit 10 counts with mode-based execute control.
  let presence: UInt64
  /// By address: of L1's for EPT12.
  private(set) var tables: [UInt64: Table] = [:]
  /// Tables by the page they lie in.
  private(set) var pages: [UInt64: UInt64] = [:]
  /// There are more tables than are followed.
  private(set) var isTooBig = false

  init(_ ept: EPTControls) {
    pointer = ept.pointer
    presence = ept.modeBasedExecute ? 0x407 : 7
  }

  var root: UInt64 { pointer & StructureChange.frame }
  /// As a walk has it, whatever else the pointer says.
  var topLevel: UInt8 { pointer >> 3 & 7 == 4 ? 5 : 4 }

  /// Reads all tables anew.
  mutating func read(_ memory: PhysicalMemory, _ space: some EPTTables) {
    tables.removeAll(keepingCapacity: true)
    pages.removeAll(keepingCapacity: true)
    isTooBig = false
    var positions = 0
    var waiting: [(table: UInt64, level: UInt8, base: UInt64)] = [(root, topLevel, 0)]
    while let next = waiting.popLast() {
      positions += 1
      guard positions <= EPTTree.maximumPositions, tables.count < EPTTree.maximumTables else {
        isTooBig = true
        return
      }
      if tables[next.table] == nil {
        guard let physical = space.physical(next.table),
          let host = memory.host(PhysicalAddress(physical & ~0xFFF), bytes: 4096)
        else { continue }
        let words = (0..<512).map { host.load(fromByteOffset: $0 * 8, as: UInt64.self) }
        tables[next.table] = Table(physical: physical & ~0xFFF, words: words, positions: [])
        pages[physical & ~0xFFF] = next.table
      }
      tables[next.table]?.positions.append((next.level, next.base))
      guard next.level > 1, let words = tables[next.table]?.words else { continue }
      for (index, value) in words.enumerated()
      where isPresent(value) && !EPTTree.isLeaf(value, next.level) {
        waiting.append(
          (value & StructureChange.frame, next.level - 1, next.base | UInt64(index) << EPTTree.shift(next.level)))
      }
    }
  }

  /// An entry is something else now.
  mutating func set(_ table: UInt64, _ index: Int, _ value: UInt64) { tables[table]?.words[index] = value }

  /// The leaves that map any of a range.
  func forEachLeaf(in range: ClosedRange<UInt64>, _ body: (Leaf) -> Void) {
    visit(root, topLevel, 0, range, body)
  }

  private func visit(
    _ table: UInt64, _ level: UInt8, _ base: UInt64, _ range: ClosedRange<UInt64>, _ body: (Leaf) -> Void
  ) {
    guard level > 0, let known = tables[table] else { return }
    let shift = EPTTree.shift(level)
    let span: UInt64 = 1 << shift
    for (index, value) in known.words.enumerated() where isPresent(value) {
      let start = base | UInt64(index) << shift
      guard start <= range.upperBound, start + (span - 1) >= range.lowerBound else { continue }
      if EPTTree.isLeaf(value, level) {
        body(
          Leaf(base: start, shift: UInt8(shift), value: value, place: known.physical + UInt64(index) * 8))
      } else {
        visit(value & StructureChange.frame, level - 1, start, range, body)
      }
    }
  }

  /// Bits of an address below the part that an entry of a level maps.
  static func shift(_ level: UInt8) -> UInt64 { 12 + 9 * (UInt64(level) - 1) }
  func isPresent(_ value: UInt64) -> Bool { value & presence != 0 }
  static func isLeaf(_ value: UInt64, _ level: UInt8) -> Bool { level == 1 || level <= 3 && value & 0x80 != 0 }
}

/// A tree as structures that a walk can read: what an EPT said once.
final class FormerEPT: EPTStructures {
  private let tree: EPTTree

  init(_ tree: EPTTree) { self.tree = tree }

  func entry(_ address: UInt64) -> UInt64? { tree.tables[address & ~0xFFF]?.words[Int(address >> 3 & 511)] }
}

/// EPT12 as it is: its tables lie where EPT01 has L1's memory.
final class L1Memory: EPTStructures, EPTTables {
  private let memory: PhysicalMemory
  private let ept01: EPTControls
  private let physicalBits: UInt8

  init(_ memory: PhysicalMemory, _ ept01: EPTControls, physicalBits: UInt8) {
    (self.memory, self.ept01, self.physicalBits) = (memory, ept01, physicalBits)
  }

  /// What EPT01 says of an address of L1's.
  func translate(_ guestPhysical: UInt64) -> CachedEntry? {
    let nothing = EPTAccess(needs: [], isWrite: false, qualification: 0)
    let walk = EPTWalk(guestPhysical, nothing, ept01, physicalBits: physicalBits, memory, sideEffects: false)
    guard case .mapped(let entry) = walk.outcome else { return nil }
    return entry
  }

  func physical(_ table: UInt64) -> UInt64? { translate(table)?.physical(table) }

  func entry(_ address: UInt64) -> UInt64? {
    physical(address).map { memory.read(PhysicalAddress($0), as: UInt64.self) }
  }
}

/// Tables that lie where they say.
struct HostTables: EPTTables {
  func physical(_ table: UInt64) -> UInt64? { table }
}
