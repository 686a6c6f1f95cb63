/// What the nested-EPT observer is told by whoever starts it.
public struct Nesting: Sendable {
  /// Pages of L2's guest-physical memory that L0 backs itself: the APIC-access page, the virtual APIC.
  public var own: Set<UInt64>
  /// A mistake in its input, for tests.
  public var mistake: NestedMistake?

  /// The observer, with nothing to pass over.
  public init(own: Set<UInt64> = [], mistake: NestedMistake? = nil) {
    self.own = Set(own.map { $0 & ~0xFFF })
    self.mistake = mistake
  }
}

extension Oracle {
  /// What the nested-EPT observer knows, for a snapshot of the machine; nil: there is none yet.
  public var nestedState: NestedState? { nested?.state }

  /// Goes back to what the observer knew.
  public func restore(_ state: NestedState) { nested?.restore(state) }
}
