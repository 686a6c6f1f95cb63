import VMX

/// A VMCS of L1's, as far as L1 has said what is in it: what decides how its L2 is translated.
struct VMCS12: Sendable {
  /// What has been written or read, by field; the rest is not known.
  private var fields: [VMCSField: UInt64] = [:]

  /// The fields that are kept.
  private static let kept: Set<VMCSField> = [
    .virtualProcessorIdentifier, .eptPointer, .primaryControls, .secondaryControls, .hostRIP, .hostRSP,
  ]

  /// L1 has written a field, or read one: its value is known now.
  ///
  /// - Parameter isWide: the access was of 64 bits, in 64-bit mode.
  mutating func learn(_ encoding: UInt32, _ value: UInt64, isWide: Bool) {
    guard let field = VMCSFields.all.field(encoding), VMCS12.kept.contains(field) else { return }
    let description = VMCSFields.all[field]
    guard description.width == .quadword else {
      fields[field] = value & (isWide ? description.mask : description.mask & 0xFFFF_FFFF)
      return
    }
    let old = fields[field] ?? 0
    if encoding & 1 != 0 {
      fields[field] = old & 0xFFFF_FFFF | value << 32
    } else {
      fields[field] = isWide ? value : old & ~0xFFFF_FFFF | value & 0xFFFF_FFFF
    }
  }

  /// A field's value; nil: nobody has said.
  subscript(field: VMCSField) -> UInt64? { fields[field] }

  /// The secondary controls in force; nil: they are not known.
  private var secondary: SecondaryControls? {
    guard let primary = fields[.primaryControls] else { return nil }
    guard PrimaryControls(rawValue: UInt32(truncatingIfNeeded: primary)).contains(.activateSecondaryControls) else {
      return []
    }
    return fields[.secondaryControls].map { SecondaryControls(rawValue: UInt32(truncatingIfNeeded: $0)) }
  }

  /// Whether L1 has said enough to follow it.
  var isKnown: Bool {
    guard let secondary else { return false }
    return (!secondary.contains(.enableEPT) || fields[.eptPointer] != nil)
      && (!secondary.contains(.enableVPID) || fields[.virtualProcessorIdentifier] != nil)
  }

  /// EPTP12; nil: "enable EPT" is 0.
  var eptPointer: UInt64? { secondary?.contains(.enableEPT) == true ? fields[.eptPointer] : nil }

  /// VPID12; nil: "enable VPID" is 0.
  var vpid: UInt16? {
    guard secondary?.contains(.enableVPID) == true else { return nil }
    return fields[.virtualProcessorIdentifier].map { UInt16(truncatingIfNeeded: $0) }
  }

  /// "Mode-based execute control for EPT".
  var hasModeBasedExecute: Bool { secondary?.contains(.modeBasedExecute) == true }
}
