/// An address after translation: what the bus sees.
@frozen public struct PhysicalAddress: Hashable, Comparable, Sendable {
  /// The address.
  public var value: UInt64
  /// A physical address.
  @inlinable @inline(__always) public init(_ value: UInt64) { self.value = value }
  /// Its page's first byte.
  @inlinable public var page: UInt64 { value & ~0xFFF }
  /// By value.
  @inlinable public static func < (a: PhysicalAddress, b: PhysicalAddress) -> Bool { a.value < b.value }
}

/// An address before paging, after segmentation.
@frozen public struct LinearAddress: Hashable, Sendable {
  /// The address.
  public var value: UInt64
  /// A linear address.
  @inlinable @inline(__always) public init(_ value: UInt64) { self.value = value }

  /// Whether bits 63 down to the highest translated one agree (SDM Vol. 1, "Canonical Addressing").
  @inlinable @inline(__always) public func isCanonical(bits: UInt64 = 48) -> Bool {
    let shift = 64 - bits
    return Int64(bitPattern: value << shift) >> Int64(shift) == Int64(bitPattern: value)
  }
}

/// What an access wants (SDM Vol. 3, "Access Rights").
@frozen public struct Access: Equatable, Sendable {
  /// It writes.
  public var isWrite: Bool
  /// It fetches an instruction.
  public var isFetch: Bool
  /// It is a user-mode access: CPL 3, and not to a system structure.
  public var isUser: Bool
  /// It is an implicit supervisor-mode access, to a descriptor table or a task-state segment.
  public var isImplicit: Bool

  /// An access; by default a supervisor's explicit read.
  @inlinable
  public init(isWrite: Bool = false, isFetch: Bool = false, isUser: Bool = false, isImplicit: Bool = false) {
    self.isWrite = isWrite
    self.isFetch = isFetch
    self.isUser = isUser
    self.isImplicit = isImplicit
  }
}
