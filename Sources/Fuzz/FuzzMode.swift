import CPU

/// The modes a case may begin in (SDM Vol. 1, "Modes of Operation").
public enum FuzzMode: String, CaseIterable, Sendable {
  /// The manual's.
  case real, virtual8086, protected16, protected32, compatibility, long

  /// Privilege levels it is tried at.
  public var privileges: [UInt8] {
    switch self {
    case .real: [0]
    case .virtual8086: [3]
    default: [0, 3]
    }
  }

  /// Every mode at every privilege level.
  public static let places: [(mode: FuzzMode, privilege: UInt8)] = allCases.flatMap { mode in
    mode.privileges.map { (mode, $0) }
  }

  /// EFER.LMA is set.
  var isLong: Bool { self == .compatibility || self == .long }
  /// Its addresses are 16 bits.
  var is16Bit: Bool { self == .real || self == .virtual8086 || self == .protected16 }
}
