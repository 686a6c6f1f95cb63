/// What the observer is told wrongly, on purpose: for tests that it would notice.
public enum NestedMistake: String, CaseIterable, Sendable {
  /// A fill leads to another frame; EPT12 does not grant writes; a fill has another memory type.
  case entry, rights, type
  /// EPT12 has lost a page before L1's last INVEPT.
  case invept
  /// L1 has executed INVVPID.
  case invvpid

  /// Fills that are told rightly before.
  static let patience: UInt64 = 16
}
