import Tables

/// The VMX capability MSRs of a model: the part's, less what is not built (SDM Vol. 3, "VMX Capability Reporting
/// Facility").
enum VMXCapabilityValues {
  /// Where the registers lie.
  static let indices: ClosedRange<UInt32> = 0x480...0x493

  /// The registers that a model's part has, by index.
  ///
  /// - Parameters:
  ///   - control4: bits of CR4 that may be set.
  ///   - has: whether the model has a feature of CPUID.
  ///   - assumingBuilt: names of controls to offer though they are not built.
  static func of(
    _ model: String, control4: UInt64, has: (String) -> Bool, assumingBuilt: Set<String>
  ) throws -> [UInt32: UInt64] {
    var offered: [VMXControl.Set: UInt64] = [:]
    for control in try VMXControl.all() where control.isBuilt || assumingBuilt.contains(control.name) {
      if control.needs.isEmpty || has(control.needs) { offered[control.set, default: 0] |= 1 << control.bit }
    }
    var values: [UInt32: UInt64] = [:]
    for row in try Table("VMX capabilities", VMXCapabilityTable.text).rows where !row[model].isEmpty {
      let index = try row.hex("index", as: UInt32.self)
      if row[model] == "allowed" {
        values[index] = control4
      } else {
        values[index] = masked(try row.hex(model, as: UInt64.self), index, offered)
      }
    }
    return values
  }

  /// A register without the bits that are not offered.
  private static func masked(_ value: UInt64, _ index: UInt32, _ offered: [VMXControl.Set: UInt64]) -> UInt64 {
    /// A control word: of the allowed 1-settings, in bits 63:32, those that must be 1 stay.
    func controls(_ set: VMXControl.Set) -> UInt64 {
      value & ((offered[set, default: 0] | value & 0xFFFF_FFFF) << 32 | 0xFFFF_FFFF)
    }
    switch index {
    case 0x481, 0x48D: return controls(.pin)
    case 0x482, 0x48E: return controls(.primary)
    case 0x483, 0x48F: return controls(.exit)
    case 0x484, 0x490: return controls(.entry)
    case 0x48B: return controls(.secondary)
    // Bits 4:0 and 31:16 less bits 31:28 are numbers.
    case 0x485: return value & (offered[.misc, default: 0] | 0x0FFF_001F)
    case 0x48C: return value & offered[.eptVPID, default: 0]
    case 0x491: return value & offered[.vmfunc, default: 0]
    default: return value
    }
  }
}
