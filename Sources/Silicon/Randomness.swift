/// A small, well-known generator (SplitMix64): the same numbers everywhere.
package struct Randomness: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// The stream of one case of a campaign.
  package init(seed: UInt64, stream: UInt64) {
    var mixer = Randomness(seed: seed ^ stream &* 0xD134_2543_DE82_EF95)
    state = mixer.next() ^ stream
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// A number from 0 up to, not including, `bound`.
  package mutating func below(_ bound: Int) -> Int { Int(((next() >> 32) * UInt64(bound)) >> 32) }

  /// True once in `many` times.
  package mutating func once(in many: Int) -> Bool { below(many) == 0 }

  package mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }

  private static let corners: [UInt64] = [
    0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, ~0, ~1, ~0x7F, ~0xFF, ~0xFFFF, ~0xFFFF_FFFF,
    ~0x7FFF_FFFF, 0x5555_5555_5555_5555, 0xAAAA_AAAA_AAAA_AAAA, 0x0101_0101_0101_0101, 0x8080_8080_8080_8080,
    0x0F0F_0F0F_0F0F_0F0F, 0x7F7F_7F7F_7F7F_7F7F, 0x8000_0000_8000_0000, 0x0000_0001_0000_0001, 9, 10, 0x99, 0x9F,
  ]

  /// An operand: often one at which carries, signs or widths turn, else anything.
  package mutating func value() -> UInt64 {
    switch below(8) {
    case 0, 1: return Randomness.corners[below(Randomness.corners.count)]
    case 2:
      // A corner of a narrow width under bits that such a width must leave alone.
      let width = UInt64(8 << below(3))
      return next() << width | Randomness.corners[below(Randomness.corners.count)] & (1 << width - 1)
    case 3: return 1 << UInt64(below(64))
    case 4: return (1 << UInt64(below(64))) &- 1
    case 5: return next() >> UInt64(below(64))
    default: return next()
    }
  }

  /// Eight bytes of a vector register: lanes of one width, each often at a corner of it.
  package mutating func lanes() -> UInt64 {
    switch below(4) {
    case 0: return value()
    case 1: return next()
    default:
      let width = UInt64(8 << below(3))
      var word: UInt64 = 0
      for _ in 0..<64 / width { word = word << width | value() & (1 << width - 1) }
      return word
    }
  }

  /// An MXCSR without reserved bits; not bit 17 either, which AMD has and Intel reserves.
  package mutating func controlAndStatus() -> UInt32 {
    once(in: 4) ? 0x1F80 : UInt32(truncatingIfNeeded: next()) & 0xFFFF
  }

  private static let counts: [UInt64] = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 47, 63, 64, 65, 128, 255]

  /// A count of a shift: often one at a width.
  package mutating func count() -> UInt64 {
    once(in: 4) ? next() & 0xFF : Randomness.counts[below(Randomness.counts.count)]
  }
}
