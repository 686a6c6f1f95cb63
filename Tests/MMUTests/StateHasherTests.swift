import MMU
import Testing

/// The hash of machine state: what counts and what does not (`StateHasher`).
@Suite struct StateHasherTests {
  private func hash(_ words: [UInt64]) -> String {
    var hasher = StateHasher()
    for word in words { hasher.add(word) }
    return hasher.description
  }

  private func hash(bytes: [UInt8]) -> String {
    var hasher = StateHasher()
    bytes.withUnsafeBytes { hasher.add($0) }
    return hasher.description
  }

  private func hash(_ memory: PhysicalMemory) -> String {
    var hasher = StateHasher()
    memory.hash(into: &hasher)
    return hasher.description
  }

  /// `StateHasher.description`: 32 hexadecimal digits, leading zeros and all.
  @Test func itIs32Digits() {
    for number in 0..<1000 as Range<UInt64> {
      let text = hash([number])
      #expect(text.count == 32 && text.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    }
  }

  /// `StateHasher`: the same input gives the same hash; order, number and every bit of it matter.
  @Test func inputDecides() {
    #expect(hash([1, 2, 3]) == hash([1, 2, 3]))
    #expect(hash([1, 2, 3]) != hash([1, 3, 2]))
    #expect(hash([1, 2, 3]) != hash([3, 2, 1]))
    #expect(hash([]) != hash([0]))
    #expect(hash([0]) != hash([0, 0]))
    let words: [UInt64] = [0x0123_4567_89AB_CDEF, 0, .max]
    var seen: Set<String> = [hash(words)]
    for index in words.indices {
      for bit in 0..<64 as Range<UInt64> {
        var changed = words
        changed[index] ^= 1 << bit
        #expect(seen.insert(hash(changed)).inserted, "bit \(bit) of word \(index)")
      }
    }
  }

  /// `StateHasher`: 100,000 different words give different hashes.
  @Test func wordsAreToldApart() {
    var seen: Set<String> = []
    for number in 0..<100_000 as Range<UInt64> { seen.insert(hash([number << (number & 31)])) }
    let inputs = Set((0..<100_000 as Range<UInt64>).map { $0 << ($0 & 31) })
    #expect(seen.count == inputs.count)
  }

  /// `StateHasher.add`: bytes are added as little-endian words, a flag as one.
  @Test func bytesAreWords() {
    #expect(hash(bytes: [1, 2, 3, 4, 5, 6, 7, 8]) == hash([0x0807_0605_0403_0201]))
    #expect(hash(bytes: Array(repeating: 0, count: 16)) == hash([0, 0]))
    #expect(hash(bytes: []) == hash([]))
    #expect(hash(bytes: [1, 2, 3]) != hash(bytes: [1, 2]))
    #expect(hash(bytes: [0]) != hash(bytes: [0, 0]), "the length of a rest counts")
    #expect(Set((0...8).map { hash(bytes: Array(repeating: 0, count: $0)) }).count == 9)
    #expect(hash(bytes: [1, 2, 3]) != hash(bytes: [3, 2, 1]))
    var hasher = StateHasher()
    hasher.add(true)
    hasher.add(false)
    #expect(hasher.description == hash([1, 0]))
  }

  /// `StateHasher.description`: reading the hash does not change it, and it goes on from there.
  @Test func readingChangesNothing() {
    var hasher = StateHasher()
    hasher.add(1 as UInt64)
    _ = hasher.description
    hasher.add(2 as UInt64)
    #expect(hasher.description == hash([1, 2]))
  }

  /// `PhysicalMemory.hash`: a page that was touched but holds zeros does not count, so how it was written does not matter.
  @Test func aTouchedPageOfZerosDoesNotCount() throws {
    let fresh = try PhysicalMemory(size: 0x8000)
    let touched = try PhysicalMemory(size: 0x8000)
    touched.write(PhysicalAddress(0x3000), 0 as UInt64)
    touched.write(PhysicalAddress(0x5000), 1 as UInt64)
    #expect(hash(fresh) != hash(touched))
    touched.write(PhysicalAddress(0x5000), 0 as UInt64)
    #expect(touched.pages[3].isTouched && touched.pages[5].isTouched)
    #expect(hash(fresh) == hash(touched))
  }

  /// `PhysicalMemory.hash`: contents, where they lie, and the size of RAM count; the host's addresses do not.
  @Test func contentsAndPlaceCount() throws {
    let one = try PhysicalMemory(size: 0x8000)
    let other = try PhysicalMemory(size: 0x8000)
    one.write(PhysicalAddress(0x2FFF), 0x55 as UInt8)
    other.write(PhysicalAddress(0x3FFF), 0x55 as UInt8)
    #expect(hash(one) != hash(other), "another page")
    other.write(PhysicalAddress(0x3FFF), 0 as UInt8)
    other.write(PhysicalAddress(0x2FFE), 0x55 as UInt8)
    #expect(hash(one) != hash(other), "another byte")
    other.write(PhysicalAddress(0x2FFE), 0x5500 as UInt16)
    #expect(hash(one) == hash(other))
    #expect(hash(try PhysicalMemory(size: 0x8000)) != hash(try PhysicalMemory(size: 0x9000)))
  }
}
