import MMU

/// The fields of a VMCS that is current, as the processor holds them between VMPTRLD and VMCLEAR (SDM Vol. 3,
/// "Software Access to Virtual-Machine Control Structures").
///
/// Fields are words in raw memory, by `VMCSField.rawValue`, so that an exit reads and writes them without a call.
/// `VMCSRegion` is the layout of the region that software sees.
@frozen public struct VMCS: @unchecked Sendable {
  /// One word a field, and the marks.
  public let words: UnsafeMutablePointer<UInt64>

  /// Number of the word that says whether a field has been written that exits do not write, and of one that nobody reads: for
  /// VMWRITE, which makes one of them 1.
  public static let mark = VMCSField.allCases.count
  static let unreadMark = mark + 1

  /// Fields of zero; `deallocate` frees them.
  public init() {
    words = .allocate(capacity: VMCS.unreadMark + 1)
    words.initialize(repeating: 0, count: VMCS.unreadMark + 1)
    hasOtherWrites = true
  }

  /// A field has been written that exits do not write, since somebody said that none had.
  public var hasOtherWrites: Bool {
    get { words[VMCS.mark] != 0 }
    nonmutating set { words[VMCS.mark] = newValue ? 1 : 0 }
  }

  /// Frees the fields.
  public func deallocate() { words.deallocate() }

  /// A field, zero-extended.
  @inlinable @inline(__always) public subscript(field: VMCSField) -> UInt64 {
    get { words[Int(field.rawValue)] }
    nonmutating set {
      words[Int(field.rawValue)] = newValue
      if !field.isOfExits { hasOtherWrites = true }
    }
  }

  /// A field of at most 32 bits.
  @inlinable @inline(__always) public subscript(low field: VMCSField) -> UInt32 {
    get { UInt32(truncatingIfNeeded: words[Int(field.rawValue)]) }
    nonmutating set { self[field] = UInt64(newValue) }
  }
}

/// Where the parts of a VMCS region of 4 KBytes lie (SDM Vol. 3, "Format of the VMCS Region"; what the manual leaves to
/// the implementation is documented in docs/VMCS-REGION.md).
public enum VMCSRegion {
  /// Bits 30:0 VMCS revision identifier, bit 31 shadow-VMCS indicator.
  public static let revision: UInt64 = 0
  /// VMX-abort indicator.
  public static let abort: UInt64 = 4
  /// Launch state: 0 clear, 1 launched.
  public static let launchState: UInt64 = 8
  /// Field n lies 8n bytes further on, zero-extended to 64 bits.
  public static let fields: UInt64 = 0x40
  /// The revision identifier of this layout, in IA32_VMX_BASIC.
  public static let revisionIdentifier: UInt32 = 0x5D01

  /// Physical address of a field in the region of a VMCS pointer.
  public static func address(of field: VMCSField, in pointer: UInt64) -> PhysicalAddress {
    PhysicalAddress(pointer &+ fields &+ UInt64(field.rawValue) * 8)
  }
}
