import EPTTLB

/// What invalidates translations.
public enum Invalidation: Equatable, Sendable {
  /// INVLPG, with its linear address.
  case page(UInt64)
  /// MOV to CR3: the new root, and its PCID.
  case root(UInt64, pcid: UInt16)
  /// INVPCID.
  case contexts(Translation.PCIDInvalidation)
  /// A change of the paging mode, by CR0 or CR4.
  case mode
  /// CR4.SMEP was set.
  case smep
  /// A memory-type range register was written.
  case memoryTypes
  /// INVEPT, INVVPID, a VM entry or exit.
  case vmx(Translation.VMXInvalidation)
  /// INVEPT or INVVPID that failed, and invalidated nothing: what its descriptor holds in bits 63:0.
  case failedINVEPT(UInt64)
  case failedINVVPID(UInt64)
}

/// Sees what a processor's translations go through, and changes nothing.
public protocol TranslationObserver: AnyObject {
  /// A walk for an address has ended in a translation, which is cached now; of a guest-physical mapping the address is
  /// guest-physical. The entry lies there until the call ends: most who are told do not look at it, and a copy costs more
  /// than the call.
  func filled(_ address: LinearAddress, _ entry: UnsafePointer<CachedEntry>)
  /// Translations were invalidated, as an instruction asks for, or were not because it failed.
  func invalidated(_ invalidation: Invalidation)
}
