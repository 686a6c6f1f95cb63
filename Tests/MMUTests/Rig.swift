import EPTTLB
import Layout
import MMU
import Testing

/// Of the two that tests see, the one of an address space; `Testing` has another.
typealias Tag = EPTTLB.Tag

/// A processor's state and translations over 4 MiB of memory, with page tables that are made as they are needed, from
/// physical address 0 up; nothing else lies in the lower half.
final class Rig {
  /// Bits of a structure entry.
  enum Bit {
    static let present: UInt64 = 1
    static let write: UInt64 = 2
    static let user: UInt64 = 4
    static let accessed: UInt64 = 0x20
    static let dirty: UInt64 = 0x40
    static let large: UInt64 = 0x80
    static let global: UInt64 = 0x100
    static let executeDisable: UInt64 = 1 << 63
    static let all: UInt64 = 7
  }

  /// Cycles of one structure read.
  static let reference: UInt64 = 7

  let memory: PhysicalMemory
  let translation: Translation
  let state: UnsafeMutablePointer<ProcessorState>
  private let raw: UnsafeMutableRawPointer
  /// First page that no table lies in.
  private var freePage: UInt64 = 0x1000
  /// The table that each entry points to when it does not map a page.
  private var tables: [PhysicalAddress: UInt64] = [:]

  /// A rig whose root is at 0; with a `neighbour`, another processor of its machine.
  init(
    budget: Int = RetentionPolicy.defaultBudget, usesHostPointers: Bool = true, neighbour: Rig? = nil,
    policy: RetentionPolicy? = nil
  ) throws {
    memory = try neighbour?.memory ?? PhysicalMemory(size: 1 << 22)
    raw = .allocate(byteCount: StateAllocation, alignment: 4096)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: StateAllocation)
    state = raw.bindMemory(to: ProcessorState.self, capacity: 1)
    translation = Translation(
      state: state, memory: memory, policy: policy ?? .retain(budget: budget), controls: Rig.controls(),
      walkReferenceCycles: Rig.reference, secondLevelCycles: 0, usesHostPointers: usesHostPointers)
  }

  deinit { raw.deallocate() }

  /// Controls with everything on, at a root.
  static func controls(root: UInt64 = 0, pcid: UInt16 = 0) -> PagingControls {
    PagingControls(
      root: root, writeProtect: true, executeDisable: true, globalPages: true, physicalBits: 40, tag: Tag(pcid: pcid))
  }

  /// A page for a table, zero.
  func table() -> UInt64 {
    defer { freePage += 0x1000 }
    return freePage
  }

  /// Address of the entry that maps an address at a level (shift 12, 21, 30, 39), its tables made on the way.
  func location(_ linear: UInt64, shift: UInt64 = 12, root: UInt64 = 0) -> PhysicalAddress {
    var table = root
    var level: UInt64 = 39
    while level > shift {
      let address = PhysicalAddress(table + (linear >> level & 511) * 8)
      let value = memory.read(address, as: UInt64.self)
      if value & Bit.present == 0 || value & Bit.large != 0 {
        let table = tables[address] ?? self.table()
        tables[address] = table
        memory.write(address, table | Bit.all)
      }
      table = memory.read(address, as: UInt64.self) & 0x000F_FFFF_FFFF_F000
      level -= 9
    }
    return PhysicalAddress(table + (linear >> level & 511) * 8)
  }

  /// Maps a page; nothing is invalidated.
  func map(_ linear: UInt64, to frame: UInt64, _ flags: UInt64 = Bit.all, shift: UInt64 = 12, root: UInt64 = 0) {
    let size = shift == 12 ? 0 : Bit.large
    memory.write(location(linear, shift: shift, root: root), frame | flags | size)
  }

  /// What the entry holds that maps a page.
  func entry(_ linear: UInt64, shift: UInt64 = 12, root: UInt64 = 0) -> UInt64 {
    memory.read(location(linear, shift: shift, root: root), as: UInt64.self)
  }

  /// Translates; the physical address and the slot, or nil.
  func physical(_ linear: UInt64, isWrite: Bool = false) -> (address: UInt64, slot: Slot)? {
    let access = Access(isWrite: isWrite, isUser: translation.isUser)
    guard case .physical(let address, let slot) = translation.translate(LinearAddress(linear), access) else {
      return nil
    }
    return (address.value, slot)
  }

  /// Translates; where it lies.
  func read(_ linear: UInt64) -> UInt64? { physical(linear)?.address }

  /// Translates for a write; where it lies.
  func write(_ linear: UInt64) -> UInt64? { physical(linear, isWrite: true)?.address }

  /// Translates; the fault's error code, or nil.
  func fault(_ linear: UInt64, _ access: Access = Access()) -> PageFaultCode? {
    guard case .pageFault(let code) = translation.translate(LinearAddress(linear), access) else { return nil }
    return code
  }

  /// Translates and files a host pointer; whether it was filed.
  @discardableResult
  func file(_ linear: UInt64, isWrite: Bool = false) -> Bool {
    guard let (address, slot) = physical(linear, isWrite: isWrite) else { return false }
    return translation.file(LinearAddress(linear), PhysicalAddress(address), slot, isWrite: isWrite)
  }

  /// Physical address that a host pointer to read leads to, or nil. One to the page of zeros leads where its mapping does.
  func readHit(_ linear: UInt64, bytes: UInt64 = 1) -> UInt64? {
    guard let host = state.readPointer(linear, bytes: bytes) else { return nil }
    guard readsZeros(linear) else { return UInt64(UnsafeRawPointer(host) - UnsafeRawPointer(memory.base)) }
    return translation.cache.physical(state.hostPointer(linear).pointee.mapping, linear)
  }

  /// Whether there is a host pointer to read, and it leads to the page of zeros.
  func readsZeros(_ linear: UInt64) -> Bool {
    state.readPointer(linear, bytes: 1).map { $0 - Int(linear & 0xFFF) == memory.zeros } == true
  }

  /// Physical address that a host pointer to write leads to, or nil.
  func writeHit(_ linear: UInt64, bytes: UInt64 = 1) -> UInt64? {
    state.writePointer(linear, bytes: bytes).map { UInt64(UnsafeRawPointer($0) - UnsafeRawPointer(memory.base)) }
  }

  /// How often the fetch pointers of a page have lapsed.
  func fetchGeneration(_ linear: UInt64) -> UInt64 { state.pointee.generation &+ state.fetchGeneration(linear).pointee }

  /// What something gives, and what it costs.
  func timed<T: Equatable>(_ body: () -> T) -> Timed<T> {
    let before = state.pointee.cycles
    let value = body()
    return Timed(value, cycles: state.pointee.cycles - before)
  }
}

/// A result and the cycles it took.
struct Timed<T: Equatable>: Equatable {
  var value: T
  var cycles: UInt64

  init(_ value: T, cycles: UInt64) {
    self.value = value
    self.cycles = cycles
  }
}
