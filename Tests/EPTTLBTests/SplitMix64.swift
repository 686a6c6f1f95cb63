import Foundation

/// Random numbers that are the same in every run: the seed is fixed unless `SHOOTDOWN_TEST_SEED` names another.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  /// A generator; it prints its seed, so that a failure can be had again.
  init(_ name: String, seed: UInt64) {
    let named = ProcessInfo.processInfo.environment["SHOOTDOWN_TEST_SEED"].flatMap { UInt64($0) }
    state = named ?? seed
    print("\(name): seed \(state)")
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  /// A number below a bound.
  mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }

  /// True so many times in a hundred.
  mutating func percent(_ chance: UInt64) -> Bool { below(100) < chance }

  /// One of some values; they must not be none.
  mutating func pick<T>(_ values: [T]) -> T { values[Int(below(UInt64(values.count)))] }
}
