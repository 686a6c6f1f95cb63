/// What the paging modes' structure entries look like (SDM Vol. 3, "32-Bit Paging", "4-Level Paging and 5-Level Paging").
struct EntryFormat {
  /// Bytes of an entry.
  let bytes: UInt64
  /// Address bits a table is indexed with.
  let indexBits: UInt8
  /// Address bits below those that index the topmost table.
  let topShift: UInt8
  private let controls: PagingControls

  init(_ controls: PagingControls) {
    self.controls = controls
    let isTwoLevel = controls.mode == .twoLevel
    bytes = isTwoLevel ? 4 : 8
    indexBits = isTwoLevel ? 10 : 9
    topShift = isTwoLevel ? 22 : 39
  }

  private var isTwoLevel: Bool { controls.mode == .twoLevel }

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
    return isTwoLevel ? controls.pageSizeExtensions : level <= 3
  }

  /// The frame of a leaf, or with level 1 the next table; low bits of a large page's frame are for the caller to clear.
  func frame(_ value: UInt64, _ level: UInt8) -> UInt64 {
    guard isTwoLevel else { return value & 0x000F_FFFF_FFFF_F000 }
    // PSE-36: bits 20:13 of the PDE are bits 39:32 of the frame.
    guard level == 2 else { return value & 0xFFFF_F000 }
    return value & 0xFFC0_0000 | (value >> 13 & 0xFF) << 32
  }

  /// Bits that must be 0.
  func reserved(_ value: UInt64, _ level: UInt8, _ isLeaf: Bool) -> UInt64 {
    if isTwoLevel {
      guard isLeaf && level == 2 else { return 0 }
      let frameBits = min(UInt64(controls.physicalBits), 40) - 32
      return 1 << 21 | (0xFF << frameBits & 0xFF) << 13
    }
    var bits: UInt64 = 0x000F_FFFF_FFFF_FFFF & ~((1 << UInt64(controls.physicalBits)) - 1)
    if !controls.executeDisable { bits |= Walk.Bit.executeDisable }
    if level == 4 { bits |= Walk.Bit.pageSize }
    if isLeaf && level == 2 { bits |= 0x1F_E000 }
    if isLeaf && level == 3 { bits |= 0x3FFF_E000 }
    return bits
  }
}
