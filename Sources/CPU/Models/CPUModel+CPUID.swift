// CPUID as it depends on the machine and on what software has switched on (SDM Vol. 2A, "CPUID—CPU Identification").

/// What CPUID depends on beside its model and its operands.
public struct CPUIDInputs: Sendable {
  /// The processor's initial APIC ID.
  public var apicID: UInt32 = 0
  /// Processors of the machine: cores of one package, a thread each.
  public var processorCount: UInt32 = 1
  /// Cycles in a second of guest time.
  public var clock: UInt64 = CPUIDInputs.defaultClock
  /// CR4.
  public var cr4: UInt64 = 0
  /// XCR0.
  public var xcr0: UInt64 = 1
  /// The code that asks is 64-bit.
  public var is64Bit = true
  /// IA32_APIC_BASE.
  public var apicBase: UInt64 = 0xFEE0_0900
  /// IA32_MISC_ENABLE.
  public var miscEnable: UInt64 = 1 << 18

  /// 100 MHz.
  public static let defaultClock: UInt64 = 100_000_000

  /// The first processor of one, after power-up, asked in 64-bit mode.
  public init() {}
}

extension CPUModel {
  /// State components that XCR0 may name: of the part's, those that are built: x87, SSE and PKRU.
  public var stateComponents: UInt64 {
    let part = leaves[CPUIDLeaf(0xD)] ?? CPUIDRegisters()
    return (UInt64(part.edx) << 32 | UInt64(part.eax)) & (has("PKU") ? 1 << 9 | 3 : 3)
  }

  /// Where an extended component lies in an XSAVE area (SDM Vol. 1, "XSAVE Area").
  ///
  /// - Parameter components: those that a compacted area has room for; nil: the standard form.
  func offset(ofComponent number: UInt32, compactedWith components: UInt64?) -> UInt64 {
    guard let components else { return UInt64(leaves[CPUIDLeaf(0xD, number)]?.ebx ?? 0) }
    var offset: UInt32 = 576
    for component in 2...number where component == number || components >> UInt64(component) & 1 != 0 {
      let values = leaves[CPUIDLeaf(0xD, component)] ?? CPUIDRegisters()
      if values.ecx & 2 != 0 { offset = (offset + 63) & ~63 }
      if component < number { offset &+= values.eax }
    }
    return UInt64(offset)
  }

  /// What CPUID returns.
  ///
  /// A leaf above the highest basic or extended one returns the data of the highest basic leaf.
  public func cpuid(leaf: UInt32, subleaf: UInt32, _ inputs: CPUIDInputs) -> CPUIDRegisters {
    let basic = highestBasic(inputs)
    let highest = leaf < 0x8000_0000 ? basic : leaves[CPUIDLeaf(0x8000_0000)]?.eax ?? 0
    let leaf = leaf > highest ? basic : leaf
    let key = CPUIDLeaf(leaf, subleaved.contains(leaf) ? subleaf : 0)
    var values = leaves[key] ?? CPUIDRegisters()
    switch leaf {
    case 0: values.eax = basic
    case 1: version(&values, inputs)
    case 4: cacheSharing(&values, inputs)
    case 7: if subleaf == 0 { values.ecx.set(1 << 4, has("PKU") && inputs.cr4 & 1 << 22 != 0) }
    case 0xB: if subleaved.contains(leaf) { values = topology(subleaf, inputs) }
    case 0xD: if has("XSAVE") { stateComponents(&values, subleaf, inputs) }
    case 0x15: clockRatio(&values, inputs)
    case 0x16:
      let megahertz = UInt32(clamping: inputs.clock / 1_000_000)
      values = CPUIDRegisters(eax: megahertz, ebx: megahertz, ecx: megahertz)
    case 0x8000_0008: values.eax = values.eax & ~0xFF00 | UInt32(linearBits) << 8
    case 0x8000_0001:
      if !inputs.is64Bit { values.edx &= ~(1 << 11) }
      if inputs.miscEnable & MiscEnable.executeDisableOff != 0 { values.edx &= ~(1 << 20) }
    default: break
    }
    for mask in masks where mask.leaf == key { values[mask.register] &= ~mask.bits }
    return values
  }

  /// IA32_MISC_ENABLE bit 22, "Limit CPUID Maxval", makes it 2.
  private func highestBasic(_ inputs: CPUIDInputs) -> UInt32 {
    let highest = leaves[CPUIDLeaf(0)]?.eax ?? 0
    return inputs.miscEnable & 1 << 22 != 0 ? min(highest, 2) : highest
  }

  private func version(_ values: inout CPUIDRegisters, _ inputs: CPUIDInputs) {
    values.ebx = values.ebx & 0xFFFF | min(inputs.processorCount, 0xFF) << 16 | (inputs.apicID & 0xFF) << 24
    if inputs.miscEnable & 1 << 18 == 0 { values.ecx &= ~(1 << 3) }
    values.ecx.set(1 << 27, has("XSAVE") && inputs.cr4 & 1 << 18 != 0)
    if inputs.apicBase & 1 << 11 == 0 { values.edx &= ~(1 << 9) }
    if inputs.processorCount < 2 { values.edx &= ~(1 << 28) }
  }

  /// Every core has its own caches but for those of the highest level, which all share.
  private func cacheSharing(_ values: inout CPUIDRegisters, _ inputs: CPUIDInputs) {
    let type = values.eax & 0x1F
    let level = values.eax >> 5 & 7
    guard type != 0 else { return }
    let highest = leaves.filter { $0.key.leaf == 4 }.map { $0.value.eax >> 5 & 7 }.max() ?? level
    let others: UInt32 = min((1 << CPUModel.width(inputs.processorCount)) - 1, 0x3F)
    values.eax = values.eax & 0x3FFF | others << 26 | (level == highest ? others << 14 : 0)
  }

  /// Bits that number so many processors.
  private static func width(_ count: UInt32) -> UInt32 {
    count < 2 ? 0 : UInt32(32 - (count - 1).leadingZeroBitCount)
  }

  /// One thread a core, all cores in one package.
  private func topology(_ subleaf: UInt32, _ inputs: CPUIDInputs) -> CPUIDRegisters {
    var values = CPUIDRegisters(ecx: subleaf & 0xFF, edx: inputs.apicID)
    switch subleaf {
    case 0:
      values.ebx = 1
      values.ecx |= 1 << 8
    case 1:
      values.eax = CPUModel.width(inputs.processorCount)
      values.ebx = inputs.processorCount
      values.ecx |= 2 << 8
    default: break
    }
    return values
  }

  private func stateComponents(_ values: inout CPUIDRegisters, _ subleaf: UInt32, _ inputs: CPUIDInputs) {
    let supported = stateComponents
    switch subleaf {
    case 0:
      values.eax = UInt32(truncatingIfNeeded: supported)
      values.edx = UInt32(truncatingIfNeeded: supported >> 32)
      values.ebx = areaSize(inputs.xcr0)
      values.ecx = areaSize(supported)
    case 1:
      values.ebx = has("XSAVEC") ? UInt32(offset(ofComponent: 63, compactedWith: inputs.xcr0)) : 0
      values.ecx = 0
      values.edx = 0
    case 2..<63: if supported & 1 << UInt64(subleaf) == 0 { values = CPUIDRegisters() }
    default: values = CPUIDRegisters()
    }
  }

  /// Bytes of an XSAVE area: the legacy region, the header, and the extended components.
  private func areaSize(_ components: UInt64) -> UInt32 {
    var size: UInt32 = 576
    for (key, values) in leaves where key.leaf == 0xD && (2..<63).contains(key.subleaf) {
      if components & 1 << UInt64(key.subleaf) != 0 { size = max(size, values.ebx &+ values.eax) }
    }
    return size
  }

  /// The crystal is the clock itself as far as 32 bits can say it; TSC = crystal × EBX ÷ EAX.
  private func clockRatio(_ values: inout CPUIDRegisters, _ inputs: CPUIDInputs) {
    guard inputs.clock > UInt64(UInt32.max) else {
      values = CPUIDRegisters(eax: 1, ebx: 1, ecx: UInt32(inputs.clock))
      return
    }
    values = CPUIDRegisters(eax: 1, ebx: 1000, ecx: UInt32(clamping: inputs.clock / 1000))
  }
}

extension UInt32 {
  /// Sets or clears bits.
  fileprivate mutating func set(_ bits: UInt32, _ on: Bool) { self = on ? self | bits : self & ~bits }
}

/// Bits of IA32_MISC_ENABLE (SDM Vol. 4, "Architectural MSRs").
enum MiscEnable {
  /// "XD Bit Disable".
  static let executeDisableOff: UInt64 = 1 << 34
}
