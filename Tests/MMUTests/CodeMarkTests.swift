import MMU
import Testing

/// Marks of granules that instructions were decoded from: a store into one is told, with exactly the marked granules it
/// hit (`PhysicalMemory.stored`, `CodeObserver`).
@Suite struct CodeMarkTests {
  private struct Hit: Equatable {
    var page: UInt64
    var granules: UInt64
  }

  private final class Observer: CodeObserver {
    var hits: [Hit] = []
    /// What the first byte of the page held by then.
    var values: [UInt8] = []
    let memory: PhysicalMemory

    init(_ memory: PhysicalMemory) {
      self.memory = memory
      memory.codeObserver = self
    }

    func codeWritten(page: UInt64, granules: UInt64) {
      hits.append(Hit(page: page, granules: granules))
      values.append(memory.read(PhysicalAddress(page), as: UInt8.self))
    }

    func take() -> [Hit] {
      defer { hits = [] }
      return hits
    }
  }

  /// `PhysicalMemory.granules`: bit i stands for bytes 64i to 64i+63.
  @Test func granulesAreOf64Bytes() throws {
    let memory = try PhysicalMemory(size: 0x1000)
    #expect(memory.granules(from: 0, through: 0) == 1)
    #expect(memory.granules(from: 63, through: 64) == 3)
    #expect(memory.granules(from: 4095, through: 4095) == 1 << 63)
    #expect(memory.granules(from: 0, through: 4095) == .max)
  }

  /// `CodeObserver`: a store beside a mark is not told, one into it is, once for each page, after the bytes are there.
  @Test func storesIntoMarksAreTold() throws {
    let memory = try PhysicalMemory(size: 0x4000)
    let observer = Observer(memory)
    memory.markCode(page: 0x1000, granules: 0b101)
    memory.markCode(page: 0x2000, granules: 1)
    memory.write(PhysicalAddress(0x1040), 1 as UInt64)
    memory.write(PhysicalAddress(0x0FF8), 1 as UInt64)
    memory.write(PhysicalAddress(0x3000), 1 as UInt8)
    #expect(observer.take() == [])
    memory.write(PhysicalAddress(0x1000), 7 as UInt8)
    #expect(observer.take() == [Hit(page: 0x1000, granules: 1)])
    #expect(observer.values == [7])
    memory.write(PhysicalAddress(0x107C), 1 as UInt64)
    #expect(observer.take() == [Hit(page: 0x1000, granules: 0b100)])
    memory.write(PhysicalAddress(0x0FFF), 1 as UInt16)
    #expect(observer.take() == [Hit(page: 0x1000, granules: 1)])
    memory.stored(PhysicalAddress(0x0800), bytes: 0x2000)
    #expect(observer.take() == [Hit(page: 0x1000, granules: 0b101), Hit(page: 0x2000, granules: 1)])
  }

  /// `PhysicalMemory.markCode` adds marks, `setCode` replaces them; beyond RAM both do nothing.
  @Test func marksAreAddedAndReplaced() throws {
    let memory = try PhysicalMemory(size: 0x2000)
    memory.markCode(page: 0x1000, granules: 0b0011)
    memory.markCode(page: 0x1000, granules: 0b0110)
    #expect(memory.pages[1].codeGranules == 0b0111)
    memory.setCode(page: 0x1000, granules: 0b1000)
    #expect(memory.pages[1].codeGranules == 0b1000)
    for page in [0x2000, 0x8000_0000, .max & ~0xFFF] as [UInt64] {
      memory.markCode(page: page, granules: 1)
      memory.setCode(page: page, granules: 1)
    }
    #expect(memory.pages[0].codeGranules == 0)
    #expect(memory.pages[1].codeGranules == 0b1000)
  }

  /// `CodeObserver` over 50,000 random stores of every kind, against marks and stores kept byte by byte.
  @Test func exactlyTheMarkedGranules() throws {
    let pageCount: UInt64 = 6
    let memory = try PhysicalMemory(size: pageCount << 12)
    let observer = Observer(memory)
    var random = SplitMix64("exactlyTheMarkedGranules", seed: 8)
    var isMarked = [Bool](repeating: false, count: Int(pageCount) * 64)
    let bytes = [UInt8](repeating: 1, count: 10_000)
    for step in 0..<50_000 {
      if random.percent(10) {
        let page = random.below(pageCount)
        let granules = random.next() & random.next() & random.next()
        let isReplaced = random.percent(50)
        if isReplaced {
          memory.setCode(page: page << 12, granules: granules)
        } else {
          memory.markCode(page: page << 12, granules: granules)
        }
        for bit in 0..<64 {
          let index = Int(page) * 64 + bit
          isMarked[index] = granules >> UInt64(bit) & 1 != 0 || !isReplaced && isMarked[index]
        }
        continue
      }
      let address = random.below(memory.size)
      var count: UInt64 = 1 << random.below(4)
      switch random.percent(50) ? count : 0 {
      case 1: memory.write(PhysicalAddress(address), 1 as UInt8)
      case 2 where address + 2 <= memory.size: memory.write(PhysicalAddress(address), 1 as UInt16)
      case 4 where address + 4 <= memory.size: memory.write(PhysicalAddress(address), 1 as UInt32)
      case 8 where address + 8 <= memory.size: memory.write(PhysicalAddress(address), 1 as UInt64)
      default:
        count = random.percent(20) ? random.below(10_000) : random.below(100)
        bytes.withUnsafeBytes { memory.write(PhysicalAddress(address), .init(rebasing: $0[..<Int(count)])) }
      }
      var expected: [Hit] = []
      for byte in address..<min(address + count, memory.size) where isMarked[Int(byte >> 6)] {
        let page = byte & ~0xFFF
        if expected.last?.page != page { expected.append(Hit(page: page, granules: 0)) }
        expected[expected.count - 1].granules |= 1 << (byte >> 6 & 63)
      }
      let hits = observer.take()
      guard hits == expected else {
        Issue.record("step \(step): \(count) bytes at \(address): \(hits), not \(expected)")
        return
      }
    }
  }
}
