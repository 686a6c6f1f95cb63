import Guests
import Testing

/// Images that nobody meant: noise, and guests with something wrong.
struct HostileImage: CustomTestStringConvertible, Sendable {
  /// What it is.
  let name: String
  /// Its bytes.
  let bytes: [UInt8]
  var testDescription: String { name }

  /// Noise of 1 byte to 64 KiB, most of it short.
  static func noise(seed: UInt64, count: Int) -> [HostileImage] {
    var random = RandomNumbers(seed: seed)
    return (0..<count).map { index in
      let size =
        switch index {
        case 0: 1
        case 1: 1 << 16
        default: random.pick(1...1 << random.pick(1...16))
        }
      return HostileImage(name: "noise \(index) of seed \(seed), \(size) bytes", bytes: random.bytes(size))
    }
  }

  /// Guests that end early, some in the middle of an instruction.
  static func truncated(seed: UInt64, countEach: Int) throws -> [HostileImage] {
    var random = RandomNumbers(seed: seed)
    return try Guest.all().flatMap { guest in
      (0..<min(countEach, guest.image.count - 1)).map { _ in
        let size = random.pick(1...guest.image.count - 1)
        return HostileImage(name: "\(size) bytes of \(guest.name)", bytes: Array(guest.image.prefix(size)))
      }
    }
  }

  /// Guests with some bits flipped.
  static func flipped(seed: UInt64, countEach: Int) throws -> [HostileImage] {
    var random = RandomNumbers(seed: seed)
    return try Guest.all().flatMap { guest in
      (0..<countEach).map { index in
        var bytes = guest.image
        var bits: [String] = []
        for _ in 0..<random.pick(1...3) {
          let bit = random.pick(0...bytes.count * 8 - 1)
          bytes[bit / 8] ^= 1 << UInt8(bit % 8)
          bits.append("\(bit)")
        }
        return HostileImage(name: "\(guest.name) without bits \(bits.joined(separator: ", "))", bytes: bytes)
      }
    }
  }
}
