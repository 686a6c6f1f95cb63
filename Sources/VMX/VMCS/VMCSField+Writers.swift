extension VMCSField {
  /// Fields that VM exits write: guest state and exit information, and two of the controls. All others change when somebody
  /// writes them, and then the fields' mark says so.
  @inlinable @inline(__always) public var isOfExits: Bool {
    switch self {
    case .entryControls, .entryInterruptionInformation: true
    default:
      VMCSField.isAmong(self, .guestESSelector, .pmlIndex)
        || VMCSField.isAmong(self, .guestPhysicalAddress, .guestPKRS)
        || VMCSField.isAmong(self, .vmInstructionError, .preemptionTimer)
        || VMCSField.isAmong(self, .exitQualification, .guestSysenterEIP)
    }
  }

  @inlinable @inline(__always)
  static func isAmong(_ field: VMCSField, _ first: VMCSField, _ last: VMCSField) -> Bool {
    first.rawValue <= field.rawValue && field.rawValue <= last.rawValue
  }
}
