import CPU
import MMU

/// The code that a case runs.
struct FuzzCode {
  static let bytes = 64

  let memory: PhysicalMemory
  let decoder: Decoder
  let strings: ByteStrings

  /// Puts a few strings where the code of a mode may lie, and says where.
  ///
  /// - Parameters:
  ///   - favorsVMX: whether half of the strings are instructions of VMX.
  ///   - limit: how many there are at most; they lie in `bytes` bytes.
  func put(
    _ mode: FuzzMode, _ privilege: UInt8, _ random: inout FuzzRandom, favorsVMX: Bool = false, count limit: Int = 3
  ) -> UInt64 {
    // A quarter runs into the next page, which is not always there.
    let page = random.once(in: 16) ? 0x3FF0 : UInt64(random.below(4)) << 12
    var offset = page | UInt64(random.below(0xF00))
    if random.once(in: 4) { offset = page | 0xFC0 + UInt64(random.below(64)) }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: FuzzCode.bytes + ByteStrings.length) { room in
      guard let first = room.baseAddress else { return }
      // What ends a case without a fault: HLT, or INT3 at CPL 3.
      let end: UInt8 = privilege == 3 ? 0xCC : 0xF4
      first.initialize(repeating: end, count: room.count)
      let count = 1 + random.below(limit)
      var place = 0
      for _ in 0..<count {
        if favorsVMX && random.once(in: 2) {
          strings.drawVMX(into: first + place, &random)
        } else {
          strings.draw(into: first + place, in64BitMode: mode == .long, &random)
        }
        // Most strings are shorter than they might be: the next one begins where the decoder sees the end.
        let rest = UnsafeRawBufferPointer(start: first + place, count: ByteStrings.length)
        place += decoder.identify(rest, as: mode.codeKind)?.length ?? 1
      }
      for index in place..<room.count { first[index] = end }
      memory.write(
        PhysicalAddress(FuzzTables.code + offset), UnsafeRawBufferPointer(start: first, count: FuzzCode.bytes))
    }
    return FuzzTables.code + offset
  }
}
