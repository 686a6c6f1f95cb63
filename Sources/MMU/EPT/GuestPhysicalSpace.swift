import EPTTLB

/// How a walk of a guest's paging structures gets from guest-physical addresses to physical ones.
public protocol GuestPhysicalSpace {
  /// Translates one guest-physical address.
  func translate(_ guestPhysical: UInt64, _ access: EPTAccess) -> GuestPhysicalResult
}

/// Where a guest-physical address lies, and how that was found.
public struct GuestPhysicalResult {
  /// The mapping, or why there is none.
  public var outcome: EPTWalk.Outcome
  /// EPT entries that the mapping came from, whether they were read now or before.
  public var sources: [Source] = []
  /// EPT entries that were read now, topmost first.
  public var steps: [Walk.Step] = []
  /// Why the mapping is suspect, if it is one that was cached before.
  public var suspicion: Suspicion?
}

/// Guest-physical memory as the EPT in memory has it, without side effects: for whoever asks what memory says.
public struct GuestPhysicalMemory: GuestPhysicalSpace {
  let ept: EPTControls
  let physicalBits: UInt8
  let memory: PhysicalMemory

  /// What an EPT says.
  public init(_ ept: EPTControls, physicalBits: UInt8, _ memory: PhysicalMemory) {
    (self.ept, self.physicalBits, self.memory) = (ept, physicalBits, memory)
  }

  /// Walks the EPT.
  public func translate(_ guestPhysical: UInt64, _ access: EPTAccess) -> GuestPhysicalResult {
    let walk = EPTWalk(guestPhysical, access, ept, physicalBits: physicalBits, memory, sideEffects: false)
    let steps = (0..<walk.count).map { walk.steps[$0] }
    return GuestPhysicalResult(outcome: walk.outcome, sources: steps.map(\.source), steps: steps)
  }
}
