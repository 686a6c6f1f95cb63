import MMU

/// One comparison of a check or a condition, compiled: small, without references, and all that the loop over a stage reads.
///
/// An operand is a word of the VMCS, shifted right and masked.
@frozen public struct EntryOperation: Sendable {
  /// What is compared; `EntryRelation` has the same in the words of the table.
  @frozen public enum Kind: UInt8, Sendable {
    /// `(first & mask) == value`.
    case masked
    /// The conditions: `(conditions & mask) == value`, or any of them.
    case conditions, anyCondition
    /// The slice is not `value`; is at most `value`; is the number of a bit that is set in `value`.
    case differs, atMost, member
    /// `value` bits suffice for the first word, sign-extended; bits from number `value` up are equal.
    case canonical, uniform
    /// Every byte is a memory type of the PAT.
    case patTypes
    /// The slices are equal; the first is sixteen times the second; it is not above it; if it is not zero, the second is all
    /// ones.
    case same, sixteenTimes, notAbove, implies
    /// An area at the first word, of as many 16-byte entries as the second says, ends without a bit of `value` set, unless
    /// it starts with one: that is another check's.
    case area
    /// `value` is the number of an `EntryPredicate`, `mask` what is reserved in a PDPTE.
    case predicate
  }

  /// Conditions that decide whether the comparison is made, and what they must be.
  var guardMask: UInt64 = 0
  var guardValue: UInt64 = 0
  /// The first operand's mask.
  var mask: UInt64 = .max
  var value: UInt64 = 0
  /// The second operand's mask.
  var secondMask: UInt64 = .max
  /// Numbers of the operands' words.
  var first: UInt8 = 0
  var second: UInt8 = 0
  var firstShift: UInt8 = 0
  var secondShift: UInt8 = 0
  var kind = Kind.masked
  /// The row of the check, or the number of the condition.
  var number: UInt16 = 0

  @inline(__always) func applies(_ conditions: UInt64) -> Bool { conditions & guardMask == guardValue }

  @inline(__always) func firstOperand(_ words: UnsafePointer<UInt64>) -> UInt64 {
    words[Int(first)] &>> UInt64(firstShift) & mask
  }

  @inline(__always) func secondOperand(_ words: UnsafePointer<UInt64>) -> UInt64 {
    words[Int(second)] &>> UInt64(secondShift) & secondMask
  }

  /// Whether the comparison holds.
  func holds(_ words: UnsafePointer<UInt64>, _ conditions: UInt64, _ inputs: EntryInputs) -> Bool {
    switch kind {
    case .masked: return words[Int(first)] & mask == value
    case .conditions: return conditions & mask == value
    case .anyCondition: return conditions & mask != 0
    case .differs: return firstOperand(words) != value
    case .atMost: return firstOperand(words) <= value
    case .member:
      let operand = firstOperand(words)
      return operand < 64 && value &>> operand & 1 != 0
    case .canonical:
      let unused = Int64(truncatingIfNeeded: 64 &- value)
      let word = Int64(bitPattern: words[Int(first)])
      return (word &<< unused) &>> unused == word
    case .uniform:
      let high = Int64(bitPattern: words[Int(first)]) &>> Int64(truncatingIfNeeded: value)
      return high == 0 || high == -1
    case .patTypes: return EntryOperation.areTypes(words[Int(first)])
    case .same: return firstOperand(words) == secondOperand(words)
    case .sixteenTimes: return firstOperand(words) == secondOperand(words) &<< 4
    case .notAbove: return firstOperand(words) <= secondOperand(words)
    case .implies: return firstOperand(words) == 0 || secondOperand(words) == secondMask
    case .area:
      guard words[Int(first)] & value == 0 else { return true }
      let (end, isBeyond) = words[Int(first)].addingReportingOverflow(words[Int(second)] &<< 4)
      return !isBeyond && (end &- 1) & value == 0
    case .predicate: return EntryPredicate(rawValue: value)?.holds(words, inputs, reserved: mask) ?? false
    }
  }

  /// UC, WC, WT, WP, WB and UC- in every byte (SDM Vol. 3, "IA32_PAT MSR").
  private static func areTypes(_ value: UInt64) -> Bool {
    // Bits 7:3 clear; and not 2 or 3, of which bit 1 is set and bit 2 is not.
    let (low, ones): (UInt64, UInt64) = (value & 0x0707_0707_0707_0707, 0x0101_0101_0101_0101)
    return low == value && value >> 1 & ~(value >> 2) & ones == 0
  }
}

/// What the checks compare with beside the VMCS.
public struct EntryInputs {
  /// Whether the processor is in IA-32e mode.
  public var isIA32e: Bool
  /// The current-VMCS pointer.
  public var currentVMCS: UInt64
  /// The machine's memory: the virtual-APIC page, the region at the VMCS link pointer, and PDPTEs without EPT are read.
  public unowned(unsafe) let memory: PhysicalMemory

  /// What the checks compare with.
  public init(isIA32e: Bool, currentVMCS: UInt64, memory: PhysicalMemory) {
    self.isIA32e = isIA32e
    self.currentVMCS = currentVMCS
    self.memory = memory
  }
}
