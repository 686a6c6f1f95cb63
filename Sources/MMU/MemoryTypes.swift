/// A memory type as MTRRs and the PAT encode it (SDM Vol. 3, "Memory Types That Can Be Encoded in MTRRs", "Memory Types
/// That Can Be Encoded With PAT").
public enum MemoryType: UInt8, Sendable, CaseIterable {
  /// UC.
  case uncacheable = 0
  /// WC.
  case writeCombining = 1
  /// WT.
  case writeThrough = 4
  /// WP.
  case writeProtected = 5
  /// WB.
  case writeBack = 6
  /// UC-, of the PAT only: uncacheable, unless the MTRRs say WC.
  case uncached = 7

  /// The type of an access by what the MTRRs say of its address and the PAT of its page (SDM Vol. 3, "Effective
  /// Page-Level Memory Types"). Combinations that the manual leaves to the implementation are as it shows them.
  public static func effective(_ range: MemoryType, _ page: MemoryType) -> MemoryType {
    switch page {
    case .uncacheable: .uncacheable
    case .writeCombining: .writeCombining
    case .uncached: range == .writeCombining || range == .writeProtected ? .writeCombining : .uncacheable
    case .writeThrough: range == .uncacheable || range == .writeCombining ? .uncacheable : .writeThrough
    case .writeProtected: range == .uncacheable || range == .writeCombining ? .uncacheable : .writeProtected
    case .writeBack: range
    }
  }
}

/// The memory-type range registers (SDM Vol. 3, "Memory Type Range Registers (MTRRs)").
public struct MemoryTypeRanges: Equatable, Sendable {
  /// IA32_MTRR_DEF_TYPE: bits 7:0 the default type, bit 10 FE, bit 11 E.
  public var defaultType: UInt64 = 0
  /// The fixed-range registers, by address: one for eight 64-KByte ranges, two for 16-KByte, eight for 4-KByte ranges.
  public var fixed = [UInt64](repeating: 0, count: 11)
  /// IA32_MTRR_PHYSBASEn and IA32_MTRR_PHYSMASKn.
  public var variable: [Variable] = []

  /// A pair of variable-range registers.
  public struct Variable: Equatable, Sendable {
    /// Bits 7:0 the type, 51:12 the base.
    public var base: UInt64
    /// Bit 11 valid, 51:12 the mask.
    public var mask: UInt64
    /// A pair.
    public init(base: UInt64, mask: UInt64) {
      self.base = base
      self.mask = mask
    }
  }

  /// As after RESET: disabled, and so all memory is uncacheable.
  public init() {}

  private var isEnabled: Bool { defaultType & 1 << 11 != 0 }
  private var isFixedEnabled: Bool { defaultType & 1 << 10 != 0 }
  private static let address: UInt64 = 0x000F_FFFF_FFFF_F000
  private static let endOfFixed: UInt64 = 0x10_0000

  private static func type(_ encoding: UInt64) -> MemoryType {
    MemoryType(rawValue: UInt8(truncatingIfNeeded: encoding)) ?? .uncacheable
  }

  /// The type of an address (SDM Vol. 3, "MTRR Precedences").
  public func memoryType(_ address: PhysicalAddress) -> MemoryType {
    guard isEnabled else { return .uncacheable }
    if isFixedEnabled, address.value < MemoryTypeRanges.endOfFixed { return fixedType(address.value) }
    var found: MemoryType?
    for pair in variable where pair.mask & 1 << 11 != 0 {
      let mask = pair.mask & MemoryTypeRanges.address
      guard address.value & mask == pair.base & mask else { continue }
      let type = MemoryTypeRanges.type(pair.base)
      found = found.map { MemoryTypeRanges.overlapping($0, type) } ?? type
    }
    return found ?? MemoryTypeRanges.type(defaultType)
  }

  /// UC wins, and WT over WB; what the manual leaves undefined is UC (ours).
  private static func overlapping(_ one: MemoryType, _ other: MemoryType) -> MemoryType {
    if one == other { return one }
    let pair = [one, other]
    return pair.contains(.writeThrough) && pair.contains(.writeBack) ? .writeThrough : .uncacheable
  }

  /// Which register and which of its bytes a fixed range is.
  private func fixedType(_ address: UInt64) -> MemoryType {
    let place: (register: UInt64, byte: UInt64)
    switch address {
    case 0..<0x8_0000: place = (0, address >> 16)
    case 0x8_0000..<0xC_0000: place = (1 + (address - 0x8_0000) >> 17, address >> 14 & 7)
    default: place = (3 + (address - 0xC_0000) >> 15, address >> 12 & 7)
    }
    return MemoryTypeRanges.type(fixed[Int(place.register)] >> (place.byte * 8))
  }

  /// The type of a page; one in which it is not the same everywhere is uncacheable, as the manual leaves it undefined
  /// (SDM Vol. 3, "Large Page Size Considerations").
  public func memoryType(ofPage start: UInt64, shift: UInt8) -> MemoryType {
    let first = memoryType(PhysicalAddress(start))
    guard shift > 12, isEnabled else { return first }
    let offset: UInt64 = 1 << UInt64(shift) - 1
    for pair in variable where pair.mask & 1 << 11 != 0 {
      let mask = pair.mask & MemoryTypeRanges.address
      // A range that ends inside the page.
      if mask & offset != 0, (start ^ pair.base) & mask & ~offset == 0 { return .uncacheable }
    }
    guard isFixedEnabled, start < MemoryTypeRanges.endOfFixed else { return first }
    let all = stride(from: start, to: MemoryTypeRanges.endOfFixed, by: 0x1000).map { fixedType($0) }
    let above = memoryType(PhysicalAddress(MemoryTypeRanges.endOfFixed))
    return all.allSatisfy { $0 == above } ? above : .uncacheable
  }
}

/// What the memory types of accesses follow from: the MTRRs and IA32_PAT.
public struct MemoryTypes: Equatable, Sendable {
  /// IA32_PAT after power-up and RESET (SDM Vol. 3, "Programming the PAT").
  public static let resetPAT: UInt64 = 0x0007_0406_0007_0406

  /// The MTRRs.
  public var ranges = MemoryTypeRanges()
  /// IA32_PAT: eight types.
  public var pat: UInt64 = MemoryTypes.resetPAT

  /// As after RESET.
  public init() {}
  /// As after RESET.
  public static let reset = MemoryTypes()

  /// The type of accesses through EPT (SDM Vol. 3, "Memory Type Used for Translated Guest-Physical Addresses").
  ///
  /// - Parameters:
  ///   - ept: bits 6:3 of the EPT leaf: memory type, and as bit 3 ignore-PAT.
  ///   - index: which entry of the PAT the guest's leaf selects; nil: CR0.PG is 0, and the guest's type is WB.
  func effective(ept: UInt8, index: UInt64?) -> UInt8 {
    let type = MemoryType(rawValue: ept & 7) ?? .uncacheable
    guard ept & 8 == 0, let index else { return type.rawValue }
    let page = MemoryType(rawValue: UInt8(truncatingIfNeeded: pat >> (index * 8) & 7)) ?? .uncacheable
    return MemoryType.effective(type, page).rawValue
  }

  /// The type of accesses to a page, which selects an entry of the PAT.
  func effective(_ start: UInt64, shift: UInt8, index: UInt64) -> MemoryType {
    let page = MemoryType(rawValue: UInt8(truncatingIfNeeded: pat >> (index * 8) & 7)) ?? .uncacheable
    return MemoryType.effective(ranges.memoryType(ofPage: start, shift: shift), page)
  }
}
