/// Values that the checks compare with, by the names that `EntryCheckTable` has for them: what the processor's model says.
package struct EntryConstants {
  private let values: [String: UInt64]

  init(_ capabilities: VMXCapabilities) {
    let ept = capabilities.eptVPID
    var values: [String: UInt64] = [:]
    let words = [
      ("pin", capabilities.pin), ("primary", capabilities.primary), ("secondary", capabilities.secondary),
      ("exit", capabilities.exit), ("entry", capabilities.entry),
    ]
    for (name, word) in words {
      values[name + ".allowed0"] = UInt64(word.allowed0)
      values[name + ".allowed1"] = UInt64(word.allowed1)
    }
    values["vmfunc.allowed1"] = capabilities.vmFunctions
    values["beyondPhysical"] = capabilities.beyondPhysical
    values["cr3Targets"] = capabilities.misc.cr3Targets
    values["eptMemoryTypes"] = (ept.contains(.uncacheable) ? 1 : 0) | (ept.contains(.writeBack) ? 1 << 6 : 0)
    values["eptWalkLengths"] = (ept.contains(.walkOfFour) ? 1 << 3 : 0) | (ept.contains(.walkOfFive) ? 1 << 4 : 0)
    values["eptAccessedAndDirty"] = ept.contains(.accessedAndDirty) ? 0 : 1 << 6
    let trapFlag = UInt64(capabilities.primary.allowed1 & PrimaryControls.monitorTrapFlag.rawValue)
    values["injectionTypes"] = 0b0111_1101 | (trapFlag == 0 ? 0 : 1 << 7)
    values["cr0.fixed0"] = capabilities.cr0Fixed0
    values["cr0.fixed0Unrestricted"] = capabilities.cr0Fixed0 & ~(1 << 31 | 1)
    values["cr0.fixed1"] = capabilities.cr0Fixed1
    values["cr4.fixed0"] = capabilities.cr4Fixed0
    values["cr4.fixed1"] = capabilities.cr4Fixed1
    values["reservedEFER"] = capabilities.reservedEFER
    values["reservedDEBUGCTL"] = capabilities.reservedDEBUGCTL
    values["reservedPerfGlobalCtrl"] = capabilities.reservedPerfGlobalCtrl
    // "PAE Paging": bits 2:1 and 8:5 of a PDPTE.
    values["reservedPDPTE"] = capabilities.beyondPhysical | 0x1E6
    values["activityStates"] = 1 | capabilities.misc.activityStates
    self.values = values
  }

  package subscript(name: String) -> UInt64? { values[name] }

  /// Masks joined by `+`: bit numbers, ranges of them, names, names with `!` before.
  package func mask(_ text: String) -> UInt64? {
    var mask: UInt64 = 0
    for part in text.split(separator: "+") {
      if let value = values[String(part)] {
        mask |= value
      } else if part.hasPrefix("!"), let value = values[String(part.dropFirst())] {
        mask |= ~value
      } else {
        let bits = part.split(separator: ":").compactMap { UInt64($0) }
        guard let high = bits.first, let low = bits.last, low <= high, high < 64 else { return nil }
        mask |= (UInt64.max >> (63 - (high - low))) << low
      }
    }
    return mask
  }

  /// A number in hexadecimal, or a name.
  package func number(_ text: String) -> UInt64? { values[text] ?? UInt64(text, radix: 16) }

  /// Numbers below 64 as bits, or a name.
  package func members(_ text: String) -> UInt64? {
    if let value = values[text] { return value }
    var members: UInt64 = 0
    for part in text.split(separator: ",") {
      guard let number = UInt64(part, radix: 16), number < 64 else { return nil }
      members |= 1 << number
    }
    return members
  }
}
