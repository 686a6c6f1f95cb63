/// The arithmetic flags, kept lazily: what the last instruction left, from which each flag follows without a branch.
///
/// - `result`: sign-extended. ZF is `result == 0`, SF its sign, PF the parity of its low byte.
/// - `carries`: bit 31 is CF, bit 31 ^ bit 30 is OF, bit 3 is AF; other low bits mean nothing. For results that no
///   arithmetic gives (POPF), bit 32 inverts SF and bits 40-47 are xor-ed into the byte that PF is taken of.
@frozen public struct Flags {
  /// Sign-extended result.
  public var result: UInt64
  /// Packed carry vector.
  public var carries: UInt64

  /// The flags with these two words.
  @inlinable @inline(__always) public init(result: UInt64, carries: UInt64) {
    self.result = result
    self.carries = carries
  }
}

/// RFLAGS bits (SDM Vol. 1, "EFLAGS Register").
public enum FlagBit {
  /// Carry.
  public static let carry: UInt64 = 1 << 0
  /// Parity.
  public static let parity: UInt64 = 1 << 2
  /// Auxiliary carry.
  public static let adjust: UInt64 = 1 << 4
  /// Zero.
  public static let zero: UInt64 = 1 << 6
  /// Sign.
  public static let sign: UInt64 = 1 << 7
  /// Trap.
  public static let trap: UInt64 = 1 << 8
  /// Interrupt enable.
  public static let interrupt: UInt64 = 1 << 9
  /// Direction.
  public static let direction: UInt64 = 1 << 10
  /// Overflow.
  public static let overflow: UInt64 = 1 << 11
  /// I/O privilege level, two bits.
  public static let ioPrivilege: UInt64 = 3 << 12
  /// Nested task.
  public static let nestedTask: UInt64 = 1 << 14
  /// Resume.
  public static let resume: UInt64 = 1 << 16
  /// Virtual-8086 mode.
  public static let virtual8086: UInt64 = 1 << 17
  /// Alignment check.
  public static let alignment: UInt64 = 1 << 18
  /// VIF: IF of a program whose IOPL keeps it from the real one.
  public static let virtualInterrupt: UInt64 = 1 << 19
  /// VIP.
  public static let virtualInterruptPending: UInt64 = 1 << 20
  /// CPUID may be used.
  public static let identification: UInt64 = 1 << 21
  /// CF, PF, AF, ZF, SF, OF.
  public static let arithmetic: UInt64 = 0x8D5
  /// Bit 1, always set.
  public static let fixed: UInt64 = 1 << 1
}

extension Flags {
  // MARK: Reading

  @inline(__always) var carry: Bool { carries & 0x8000_0000 != 0 }
  @inline(__always) var overflow: Bool { (carries &+ 0x4000_0000) & 0x8000_0000 != 0 }
  @inline(__always) var zero: Bool { result == 0 }
  @inline(__always) var sign: Bool { (result >> 63 ^ carries >> 32) & 1 != 0 }
  @inline(__always) var parity: Bool { UInt8(truncatingIfNeeded: result ^ carries >> 40).nonzeroBitCount & 1 == 0 }
  @inline(__always) var adjust: Bool { carries & 8 != 0 }

  /// CF as 0 or 1.
  @inline(__always) func carryBit<W: Word>(_: W.Type) -> W { W(truncatingIfNeeded: carries >> 31 & 1) }

  /// The six flags at their places in RFLAGS.
  @inline(__always) var bits: UInt64 {
    (carry ? FlagBit.carry : 0) | (parity ? FlagBit.parity : 0) | (adjust ? FlagBit.adjust : 0)
      | (zero ? FlagBit.zero : 0) | (sign ? FlagBit.sign : 0) | (overflow ? FlagBit.overflow : 0)
  }

  // MARK: Making

  /// The flags that RFLAGS bits say.
  @inline(__always) init(bits: UInt64) {
    result = bits & FlagBit.zero != 0 ? 0 : 0x100
    let carry = bits & 1
    let overflow = bits >> 11 & 1
    let invertsParity: UInt64 = bits & FlagBit.parity != 0 ? 0 : 1
    carries =
      carry << 31 | (carry ^ overflow) << 30 | (bits >> 4 & 1) << 3 | (bits >> 7 & 1) << 32 | invertsParity << 40
  }

  /// Of a + b (+ carry) = sum.
  @inline(__always) static func add<W: Word>(_ a: W, _ b: W, _ sum: W) -> Flags {
    Flags(result: sum.signExtended, carries: W.packed(carries: (a & b) | ((a | b) & ~sum)))
  }

  /// Of a - b (- borrow) = difference.
  @inline(__always) static func subtract<W: Word>(_ a: W, _ b: W, _ difference: W) -> Flags {
    Flags(result: difference.signExtended, carries: W.packed(carries: (~a & b) | (~(a ^ b) & difference)))
  }

  /// Of a logical result: CF and OF clear; AF, undefined, clear.
  @inline(__always) static func logic<W: Word>(_ result: W) -> Flags {
    Flags(result: result.signExtended, carries: 0)
  }

  /// Of a result with CF and OF given; AF clear.
  @inline(__always) static func shifted<W: Word>(_ result: W, carry: Bool, overflow: Bool) -> Flags {
    Flags(result: result.signExtended, carries: packed(carry: carry, overflow: overflow))
  }

  /// ZF as given, the others clear.
  @inline(__always) static func only(zero: Bool) -> Flags {
    Flags(result: zero ? 0 : 0x100, carries: 1 << 40)
  }

  /// Sets CF and OF, leaving the other flags.
  @inline(__always) mutating func set(carry: Bool, overflow: Bool) {
    carries = carries & ~0xC000_0000 | Flags.packed(carry: carry, overflow: overflow)
  }

  /// Sets CF, leaving the other flags.
  @inline(__always) mutating func set(carry: Bool) { set(carry: carry, overflow: overflow) }

  /// Inverts CF, leaving the other flags.
  @inline(__always) mutating func invertCarry() { carries ^= 0xC000_0000 }

  /// Inverts OF, leaving the other flags.
  @inline(__always) mutating func invertOverflow() { carries ^= 0x4000_0000 }

  /// Sets ZF, leaving the other flags.
  @inline(__always) mutating func set(zero: Bool) {
    let invertsParity: UInt64 = parity ? 0 : 1
    carries = carries & 0xC000_0008 | (sign ? 1 << 32 : 0) | invertsParity << 40
    result = zero ? 0 : 0x100
  }

  @inline(__always) private static func packed(carry: Bool, overflow: Bool) -> UInt64 {
    (carry ? 0x8000_0000 : 0) | (carry != overflow ? 0x4000_0000 : 0)
  }
}
