/// What a stale use amounts to: the strongest that holds.
public enum Verdict: String, CaseIterable, Comparable, Sendable {
  /// The use takes nothing from what has changed: a read through a mapping that has only lost the right to write.
  case harmless
  /// On every axis the mapping gives less than memory does. Legal.
  case spurious
  /// Between the change and its shootdown. Legal.
  case pending
  /// The user's processor has left the guest after it filled the mapping and entered it again after the change, and the
  /// changer has entered a guest: an opportunity to invalidate has passed on both.
  case readmitted = "re-admitted"
  /// The changer has invalidated the tag on its own processor and entered a guest, or has passed a marker: it takes the
  /// shootdown for done.
  case acknowledged
  /// What the mapping leads to has been written through another mapping since.
  case reused
  /// By an independent replay of the invalidations the mapping must have gone: our own fault.
  case impossible

  /// Software is wrong.
  public var isViolation: Bool { self == .readmitted || self == .acknowledged || self == .reused }

  private var rank: Int { Verdict.allCases.firstIndex(of: self) ?? 0 }

  /// By strength.
  public static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }
}
