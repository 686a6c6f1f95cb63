import EPTTLB

/// An INVEPT or INVVPID that L1 has executed, or an entry of L1's without VPID12, which invalidates as one does.
struct L1Invalidation: Sendable {
  /// What of.
  enum Scope: Equatable, Sendable {
    /// INVEPT of an EP4TA12, of every one.
    case ept(UInt64), everyEPT
    /// INVVPID of an address of a VPID12, of a VPID12, of every one, of one but global translations.
    case address(UInt64, vpid: UInt16), vpid(UInt16), everyVPID, vpidButGlobal(UInt16)
    /// VMLAUNCH or VMRESUME with "enable VPID" 0.
    case entry
  }

  let scope: Scope
  /// Count of the observer's facts when L1 executed it.
  let order: UInt64
  /// L1's clock, and where the instruction lies.
  let cycle, rip: UInt64
  /// By processor, how many mappings its cache had filed.
  var insertions: [UInt64] = []

  /// Whether a combined mapping that serves a VPID12 had to go.
  func covers(_ mapping: CachedEntry, vpid12: UInt16?) -> Bool {
    switch scope {
    case .ept, .everyEPT: return false
    case .address(let address, let vpid): return vpid == vpid12 && mapping.covers(address)
    case .vpid(let vpid): return vpid == vpid12
    case .everyVPID: return vpid12 != nil
    case .vpidButGlobal(let vpid): return vpid == vpid12 && !mapping.isGlobal
    case .entry: return vpid12 == nil
    }
  }

  /// Its name and operands.
  var text: String {
    switch scope {
    case .ept(let tag): "INVEPT of EPTP12 \(hex(tag))"
    case .everyEPT: "INVEPT of every EPTP12"
    case .address(let address, let vpid): "INVVPID of \(hex(address)), VPID12 \(vpid)"
    case .vpid(let vpid): "INVVPID of VPID12 \(vpid)"
    case .everyVPID: "INVVPID of every VPID12"
    case .vpidButGlobal(let vpid): "INVVPID of VPID12 \(vpid), global mappings spared"
    case .entry: "a VM entry without VPID12"
    }
  }
}
