/// SplitMix64: the same numbers everywhere, from a seed and a case's number.
struct FuzzRandom {
  private var state: UInt64

  init(seed: UInt64, case number: Int) {
    state = seed &* 0xD134_2543_DE82_EF95 ^ UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15
    _ = next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// A number from 0 up to a positive bound.
  mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: next() >> 33) % bound }

  /// True once in so many times.
  mutating func once(in count: Int) -> Bool { below(count) == 0 }

  mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next() >> 40) }

  mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
}
