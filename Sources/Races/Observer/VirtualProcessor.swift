import MMU

/// A virtual processor of L1's, which its VMCS01 tells from others.
struct VirtualProcessor: Sendable {
  /// The instruction of VMX that it has executed and L0 has not answered yet.
  var pending: L1Instruction?
  /// Its current VMCS12.
  var current: UInt64?
  /// EPT01, as it was at the last such instruction; nil: L0 has none.
  var ept01: EPTControls?
  /// L2 runs, or L0 for it.
  var isInL2 = false
  /// The last INVEPT of each EP4TA12, and of every one.
  private var lastOfTag: [UInt64: L1Invalidation] = [:]
  private var lastOfAll: L1Invalidation?
  /// The latest INVVPIDs, and entries without VPID12.
  private(set) var ofMappings: [L1Invalidation] = []

  private static let limit = 256

  /// It has executed INVEPT, INVVPID, or entered L2 without VPID12.
  mutating func invalidated(_ invalidation: L1Invalidation) {
    switch invalidation.scope {
    case .ept(let tag): lastOfTag[tag] = invalidation
    case .everyEPT: lastOfAll = invalidation
    case .entry, .everyVPID:
      ofMappings.removeAll { $0.scope == invalidation.scope }
      ofMappings.append(invalidation)
    default:
      if ofMappings.count == VirtualProcessor.limit { ofMappings.removeFirst(VirtualProcessor.limit / 2) }
      ofMappings.append(invalidation)
    }
  }

  /// The last INVEPT that covers an EP4TA12.
  func lastINVEPT(_ tag: UInt64) -> L1Invalidation? {
    guard let own = lastOfTag[tag] else { return lastOfAll }
    guard let all = lastOfAll else { return own }
    return own.order > all.order ? own : all
  }
}

/// L2 as a processor runs it.
struct L2Run: Equatable, Sendable {
  let processor: Int
  /// VMCS01, by its address, and VMCS12.
  let vmcs01, vmcs12: UInt64
  /// EPT12, and by what its history is found; nil: L2's physical addresses are L1's.
  let ept12: EPTControls?
  let history: UInt64?
  let ept01, ept02: EPTControls
  let vpid12, vpid02: UInt16?

  /// What decides what EPT02 has to say.
  func translatesLike(_ other: L2Run) -> Bool {
    ept12 == other.ept12 && history == other.history && ept01 == other.ept01 && ept02 == other.ept02
  }
}

/// An EPT02.
struct Root02: Sendable {
  var tree: EPTTree
  /// Who ran on it last.
  var run: L2Run
  /// The observer's count of facts when L2 was last entered on it.
  var order: UInt64
  /// By entry, who wrote it last, and what was there before.
  var stores: [UInt64: StoreTo02] = [:]
  /// Processors whose mappings were looked at, since it stands for what it does.
  var looked: Set<Int> = []
  /// By virtual processor and processor, up to which fact L1's invalidations have been seen to.
  var checked: [CheckKey: UInt64] = [:]

  struct CheckKey: Hashable, Sendable {
    let vmcs01: UInt64
    let processor: Int
    let vpid: UInt16
  }
}

/// A store to an entry of EPT02.
struct StoreTo02: Sendable {
  let moment: NestedFinding.Moment
  let old, new: UInt64
}
