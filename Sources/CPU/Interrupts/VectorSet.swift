/// A set of interrupt vectors, as IRR, ISR and TMR are: eight registers of 32 bits.
@frozen public struct VectorSet: Equatable, Sendable {
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  /// The empty set.
  public init() {}

  private subscript(word index: Int) -> UInt64 {
    get {
      switch index {
      case 0: words.0
      case 1: words.1
      case 2: words.2
      default: words.3
      }
    }
    set {
      switch index {
      case 0: words.0 = newValue
      case 1: words.1 = newValue
      case 2: words.2 = newValue
      default: words.3 = newValue
      }
    }
  }

  /// Whether a vector is in it.
  public subscript(vector: UInt8) -> Bool {
    get { self[word: Int(vector >> 6)] >> UInt64(vector & 63) & 1 != 0 }
    set {
      let bit: UInt64 = 1 << UInt64(vector & 63)
      if newValue { self[word: Int(vector >> 6)] |= bit } else { self[word: Int(vector >> 6)] &= ~bit }
    }
  }

  /// The highest vector in it.
  @inline(__always) public var highest: UInt8? {
    guard words.0 | words.1 | words.2 | words.3 != 0 else { return nil }
    for index in (0..<4).reversed() where self[word: index] != 0 {
      return UInt8(index * 64 + 63 - self[word: index].leadingZeroBitCount)
    }
    return nil
  }

  /// Register 0-7: vectors 32n to 32n+31.
  public func register(_ index: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: self[word: index >> 1] >> (UInt64(index & 1) * 32))
  }

  /// Words for a hash.
  var hashed: [UInt64] { [words.0, words.1, words.2, words.3] }

  /// The same vectors.
  public static func == (left: VectorSet, right: VectorSet) -> Bool { left.words == right.words }
}
