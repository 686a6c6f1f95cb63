/// What the paging modes' structure entries look like (SDM Vol. 3, "32-Bit Paging", "PAE Paging", "4-Level Paging and
/// 5-Level Paging").
struct EntryFormat {
  /// Bytes of an entry.
  let bytes: UInt64
  /// Address bits a table is indexed with.
  let indexBits: UInt8
  /// Address bits below those that index the topmost table that lies in memory.
  let topShift: UInt8
  /// Bits that are reserved in every entry: above MAXPHYADDR, and bit 63 where it is not XD.
  private let alwaysReserved: UInt64
  private let isTwoLevel, isLong, pageSizeExtensions, gigabytePages: Bool
  private let physicalBits: UInt8

  /// Bits 51:12: a frame or the next table.
  static let address: UInt64 = 0x000F_FFFF_FFFF_F000

  init(_ controls: PagingControls) {
    isTwoLevel = controls.mode == .twoLevel
    isLong = controls.mode.isLong
    pageSizeExtensions = controls.pageSizeExtensions
    gigabytePages = controls.gigabytePages
    physicalBits = controls.physicalBits
    bytes = isTwoLevel ? 4 : 8
    indexBits = EntryFormat.indexBits(controls.mode)
    topShift = EntryFormat.topShift(controls.mode)
    guard !isTwoLevel else {
      alwaysReserved = 0
      return
    }
    // Entries of PAE paging have no ignored bits above the address.
    let top: UInt64 = controls.mode == .pae ? 0x7FFF_FFFF_FFFF_FFFF : 0x000F_FFFF_FFFF_FFFF
    let frameBits = (1 as UInt64) << UInt64(min(controls.physicalBits, 52)) - 1
    alwaysReserved = top & ~frameBits | (controls.executeDisable ? 0 : Walk.Bit.executeDisable)
  }

  /// Address bits a table of a mode is indexed with.
  static func indexBits(_ mode: PagingMode) -> UInt8 { mode == .twoLevel ? 10 : 9 }

  /// Address bits below those that index the topmost table of a mode that lies in memory.
  static func topShift(_ mode: PagingMode) -> UInt8 {
    switch mode {
    case .none, .twoLevel: 22
    case .pae: 21
    case .fourLevel: 39
    case .fiveLevel: 48
    }
  }

  /// Bit s: paging-structure-cache entries of shift s lead to a table of this format. Those of 32-bit paging fit no other
  /// mode, and no other fits it; the tag of a guest that changes its mode by a VM entry may be the same.
  static func structureShifts(_ mode: PagingMode) -> UInt64 {
    switch mode {
    case .none: 0
    case .twoLevel: 1 << 22
    case .pae: 1 << 21
    case .fourLevel: 1 << 21 | 1 << 30 | 1 << 39
    case .fiveLevel: 1 << 21 | 1 << 30 | 1 << 39 | 1 << 48
    }
  }

  func read(_ location: PhysicalAddress, _ memory: PhysicalMemory) -> UInt64 {
    isTwoLevel ? UInt64(memory.read(location, as: UInt32.self)) : memory.read(location, as: UInt64.self)
  }

  func write(_ location: PhysicalAddress, _ value: UInt64, _ memory: PhysicalMemory) {
    if isTwoLevel {
      memory.write(location, UInt32(truncatingIfNeeded: value))
    } else {
      memory.write(location, value)
    }
  }

  /// Whether an entry maps a page. Bit 7 of a PDE of 32-bit paging means nothing while CR4.PSE is 0.
  func isLeaf(_ value: UInt64, _ level: UInt8) -> Bool {
    guard level > 1 else { return true }
    guard value & Walk.Bit.pageSize != 0 else { return false }
    if isTwoLevel { return pageSizeExtensions }
    return level == 2 || level == 3 && gigabytePages
  }

  /// The frame of a leaf, or with level 1 the next table; low bits of a large page's frame are for the caller to clear.
  func frame(_ value: UInt64, _ level: UInt8) -> UInt64 {
    guard isTwoLevel else { return value & EntryFormat.address }
    // PSE-36: bits 20:13 of the PDE are bits 39:32 of the frame.
    guard level == 2 else { return value & 0xFFFF_F000 }
    return value & 0xFFC0_0000 | (value >> 13 & 0xFF) << 32
  }

  /// Bits that must be 0.
  func reserved(_ value: UInt64, _ level: UInt8, _ isLeaf: Bool) -> UInt64 {
    if isTwoLevel {
      guard isLeaf && level == 2 else { return 0 }
      let frameBits = UInt64(min(max(physicalBits, 32), 40)) - 32
      return 1 << 21 | (0xFF << frameBits & 0xFF) << 13
    }
    switch level {
    case 1: return alwaysReserved
    case 2: return isLeaf ? alwaysReserved | 0x1F_E000 : alwaysReserved
    case 3: return isLeaf ? alwaysReserved | 0x3FFF_E000 : alwaysReserved | Walk.Bit.pageSize
    default: return alwaysReserved | Walk.Bit.pageSize
    }
  }

  /// The protection key of a leaf: bits 62:59, in IA-32e mode.
  func key(_ value: UInt64) -> UInt8 { isLong ? UInt8(truncatingIfNeeded: value >> 59 & 15) : 0 }

  /// Which entry of the PAT a leaf selects: its PAT, PCD and PWT flags (SDM Vol. 3, "Selecting a Memory Type from the
  /// PAT").
  func typeIndex(_ value: UInt64, _ level: UInt8) -> UInt64 {
    value >> 3 & 3 | (value >> (level == 1 ? 7 : 12) & 1) << 2
  }
}
