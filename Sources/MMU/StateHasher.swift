/// Hashes machine state: 128 bits, the same on every host and in every process.
///
/// Not cryptographic: it tells runs apart, it does not defend against anybody.
public struct StateHasher: Sendable {
  private var a: UInt64 = 0x243F_6A88_85A3_08D3
  private var b: UInt64 = 0x1319_8A2E_0370_7344
  private var count: UInt64 = 0

  /// An empty hash.
  public init() {}

  /// Adds a word.
  public mutating func add(_ word: UInt64) {
    count &+= 1
    a = (a ^ word) &* 0x9E37_79B9_7F4A_7C15
    a ^= a >> 32
    b = (b &+ word &+ count) &* 0xC2B2_AE3D_27D4_EB4F
    b = b << 29 | b >> 35
  }

  /// Adds a flag.
  public mutating func add(_ flag: Bool) { add(flag ? 1 : 0 as UInt64) }

  /// Adds bytes, eight at a time; a rest is padded with zeros, and its length is added.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let words = bytes.count / 8
    for index in 0..<words { add(bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)) }
    var rest: UInt64 = 0
    for index in words * 8..<bytes.count { rest = rest << 8 | UInt64(bytes[index]) }
    guard words * 8 < bytes.count else { return }
    add(rest)
    add(UInt64(bytes.count - words * 8))
  }

  /// The hash: 32 hexadecimal digits.
  public var description: String {
    func mixed(_ value: UInt64) -> String {
      var x = value ^ count
      x = (x ^ x >> 33) &* 0xFF51_AFD7_ED55_8CCD
      x ^= x >> 29
      let digits = String(x, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    return mixed(a &+ b) + mixed(a ^ b << 1)
  }
}

extension PhysicalMemory {
  /// Adds RAM: its size and every page that is not zero, with its number. Pages that were touched but hold zeros do not
  /// count, so that it does not matter how a page was written.
  public func hash(into hasher: inout StateHasher) {
    hasher.add(size)
    for number in 0..<Int(highEnd >> 12) where pages[number].isTouched {
      let page = UnsafeRawBufferPointer(start: base + (number << 12), count: 4096)
      guard page.contains(where: { $0 != 0 }) else { continue }
      hasher.add(UInt64(number))
      hasher.add(page)
    }
    hashAttributes(into: &hasher)
  }
}
