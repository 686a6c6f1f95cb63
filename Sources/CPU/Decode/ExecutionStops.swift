/// Addresses before whose instructions runs stop, at each level of translation.
public struct ExecutionStops: Equatable, Sendable {
  /// Addresses of one level.
  public struct Places: Equatable, Sendable {
    /// Single ones.
    public var addresses: Set<UInt64>
    /// Ranges of them.
    public var ranges: [ClosedRange<UInt64>]

    /// No places, or these.
    public init(_ addresses: Set<UInt64> = [], ranges: [ClosedRange<UInt64>] = []) {
      (self.addresses, self.ranges) = (addresses, ranges)
    }

    var isEmpty: Bool { addresses.isEmpty && ranges.isEmpty }

    func contains(_ address: UInt64) -> Bool {
      addresses.contains(address) || ranges.contains { $0.contains(address) }
    }

    /// Where in its page each of them may lie.
    var offsets: Set<UInt64> {
      var offsets = Set(addresses.map { $0 & 0xFFF })
      for range in ranges {
        let count = min(range.upperBound - range.lowerBound, 0xFFF)
        for offset in 0...count { offsets.insert((range.lowerBound &+ offset) & 0xFFF) }
      }
      return offsets
    }
  }

  /// Linear addresses.
  public var linear = Places()
  /// Guest-physical addresses: of instructions in VMX non-root operation.
  public var guestPhysical = Places()
  /// Physical addresses.
  public var physical = Places()

  /// Nowhere, or at linear addresses.
  public init(linear addresses: Set<UInt64> = []) { linear = Places(addresses) }

  /// Where in a page instructions lie that may be meant: pages keep their offsets at each level.
  var offsets: Set<UInt64> { linear.offsets.union(guestPhysical.offsets).union(physical.offsets) }
}
