import MMU

/// Checks that need more than words of the VMCS, by the names that `EntryCheckTable` has for them.
enum EntryPredicate: UInt64, CaseIterable {
  case tprThreshold, linkRevision, linkShadow, linkCurrent, pdptes

  /// Whether the check passes.
  ///
  /// - Parameter reserved: bits that are reserved in a PDPTE that is present.
  func holds(_ words: UnsafePointer<UInt64>, _ inputs: EntryInputs, reserved: UInt64) -> Bool {
    func word(_ field: VMCSField) -> UInt64 { words[Int(field.rawValue)] }
    switch self {
    case .tprThreshold: return word(.tprThreshold) & 0xF <= observed(words, inputs)[0].value >> 4
    case .linkRevision: return observed(words, inputs)[0].value == UInt64(VMCSRegion.revisionIdentifier)
    case .linkShadow:
      let isShadowing =
        word(.primaryControls) & UInt64(PrimaryControls.activateSecondaryControls.rawValue) != 0
        && word(.secondaryControls) & UInt64(SecondaryControls.vmcsShadowing.rawValue) != 0
      return observed(words, inputs)[0].value == (isShadowing ? 1 : 0)
    case .linkCurrent: return word(.vmcsLinkPointer) != inputs.currentVMCS
    case .pdptes: return observed(words, inputs).allSatisfy { $0.value & 1 == 0 || $0.value & reserved == 0 }
    }
  }

  /// What the predicate compares with, by name.
  func observed(_ words: UnsafePointer<UInt64>, _ inputs: EntryInputs) -> [(name: String, value: UInt64)] {
    func word(_ field: VMCSField) -> UInt64 { words[Int(field.rawValue)] }
    switch self {
    case .tprThreshold:
      let address = PhysicalAddress(word(.virtualAPICAddress) &+ 0x80)
      return [("VTPR", UInt64(inputs.memory.read(address, as: UInt8.self)))]
    case .linkRevision:
      return [("VMCS revision identifier there", linked(word(.vmcsLinkPointer), inputs) & 0x7FFF_FFFF)]
    case .linkShadow: return [("shadow-VMCS indicator there", linked(word(.vmcsLinkPointer), inputs) >> 31)]
    case .linkCurrent: return [("current-VMCS pointer", inputs.currentVMCS)]
    case .pdptes:
      let base = word(.guestCR3) & 0xFFFF_FFE0
      return (0..<4).map {
        ("PDPTE\($0)", inputs.memory.read(PhysicalAddress(base &+ UInt64($0) * 8), as: UInt64.self))
      }
    }
  }

  private func linked(_ pointer: UInt64, _ inputs: EntryInputs) -> UInt64 {
    UInt64(inputs.memory.read(PhysicalAddress(pointer &+ VMCSRegion.revision), as: UInt32.self))
  }
}
