/// An operand size: `UInt8`, `UInt16`, `UInt32` or `UInt64`.
///
/// Everything generic over it is inlined into a handler, so that each width becomes code of its own.
protocol Word: FixedWidthInteger, UnsignedInteger where Stride == Int {
  associatedtype Signed: FixedWidthInteger & SignedInteger
  /// The next wider type, for products and dividends.
  associatedtype Wide: FixedWidthInteger & UnsignedInteger
  /// The same bits as a signed number.
  var signed: Signed { get }
  /// Sign-extended to 64 bits.
  var signExtended: UInt64 { get }
  /// Zero-extended to 64 bits.
  var zeroExtended: UInt64 { get }
  init(low value: UInt64)
  /// A carry vector (bit i: carry out of bit i) as the lazy flags keep it: see `Flags`.
  static func packed(carries: Self) -> UInt64
  /// Writes a general register: 32-bit results clear its upper half (SDM Vol. 1, "General-Purpose Registers in 64-Bit
  /// Mode").
  static func store(_ value: Self, to register: UnsafeMutableRawPointer)
}

extension Word {
  @inline(__always) static var bits: Int { Self.bitWidth }
  @inline(__always) static var bytes: UInt64 { UInt64(Self.bitWidth / 8) }
  @inline(__always) init(low value: UInt64) { self = Self(truncatingIfNeeded: value) }
  @inline(__always) var zeroExtended: UInt64 { UInt64(truncatingIfNeeded: self) }
  @inline(__always) var signExtended: UInt64 { UInt64(truncatingIfNeeded: signed) }
  @inline(__always) var signed: Signed { Signed(truncatingIfNeeded: self) }
  /// The most significant bit.
  @inline(__always) var sign: Bool { signed < 0 }
  @inline(__always) static func store(_ value: Self, to register: UnsafeMutableRawPointer) {
    register.storeBytes(of: value, as: Self.self)
  }
}

extension UInt8: Word {
  typealias Signed = Int8
  typealias Wide = UInt16
  @inline(__always) static func packed(carries: UInt8) -> UInt64 { UInt64(carries) << 24 | UInt64(carries & 8) }
}

extension UInt16: Word {
  typealias Signed = Int16
  typealias Wide = UInt32
  @inline(__always) static func packed(carries: UInt16) -> UInt64 { UInt64(carries) << 16 | UInt64(carries & 8) }
}

extension UInt32: Word {
  typealias Signed = Int32
  typealias Wide = UInt64
  @inline(__always) static func packed(carries: UInt32) -> UInt64 { UInt64(carries) }
  @inline(__always) static func store(_ value: UInt32, to register: UnsafeMutableRawPointer) {
    register.storeBytes(of: UInt64(value), as: UInt64.self)
  }
}

extension UInt64: Word {
  typealias Signed = Int64
  typealias Wide = UInt128
  @inline(__always) static func packed(carries: UInt64) -> UInt64 { (carries >> 32) & 0xC000_0000 | carries & 8 }
}
