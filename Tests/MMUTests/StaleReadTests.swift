import EPTTLB
import Layout
import MMU
import Testing

/// Reads by one stale mapping that are counted in place of being told of one by one (`MMU/StaleReads.swift`).
@Suite struct StaleReadTests {
  /// Is told of stale uses, and lends its counter from the first on.
  private final class Lender: StaleUseObserver {
    /// How many reads were counted, and how much is known.
    let cells = UnsafeMutablePointer<UInt64>.allocate(capacity: 2)
    var told = 0

    init() { cells.initialize(repeating: 0, count: 2) }
    deinit { cells.deallocate() }

    func staleMappingUsed(_ use: StaleUse) { told += 1 }
    func staleReadCounter(_ slot: Slot, by processor: Int) -> StaleReadCounter? {
      StaleReadCounter(count: cells, facts: cells + 1)
    }
  }

  private let page: UInt64 = 0x4000_0000
  private let first: UInt64 = 0x20_0000
  private let second: UInt64 = 0x21_0000

  /// A rig whose page is stale, and was read once, as an instruction reads it.
  private func stale() throws -> (rig: Rig, lender: Lender) {
    let rig = try Rig()
    let lender = Lender()
    rig.translation.staleUseObserver = lender
    rig.map(page, to: first)
    #expect(rig.read(page) == first)
    rig.map(page, to: second)
    read(rig)
    #expect(lender.told == 1)
    return (rig, lender)
  }

  /// A read that is translated.
  private func read(_ rig: Rig) {
    guard let (address, slot) = rig.physical(page) else { return }
    rig.translation.keepStaleRead(page, slot, at: rig.memory.base + Int(address))
  }

  /// Whether a read of 8 bytes is counted.
  private func isCounted(_ rig: Rig, at offset: UInt64 = 8) -> Bool {
    let host = rig.translation.staleReadAgain(page + offset, bytes: 8)
    if let host { #expect(host == rig.memory.base + Int(first + offset)) }
    return host != nil
  }

  @Test func readsAreCounted() throws {
    let (rig, lender) = try stale()
    for _ in 0..<5 { #expect(isCounted(rig)) }
    #expect(lender.cells[0] == 5 && lender.told == 1)
    #expect(!isCounted(rig, at: 0x1000) && !isCounted(rig, at: 0xFFC), "another page, or two")
    #expect(lender.cells[0] == 5)
  }

  /// Whatever may make a read another one is seen: it is translated, and told of.
  @Test(arguments: ["fact", "user", "controls", "entry", "fill", "invalidation", "observer", "write", "asked"])
  func whatChangesIsSeen(_ what: String) throws {
    let (rig, lender) = try stale()
    #expect(isCounted(rig))
    switch what {
    case "fact": lender.cells[1] += 1
    case "user": rig.translation.use(isUser: true)
    case "controls":
      var controls = Rig.controls()
      controls.writeProtect.toggle()
      rig.translation.use(controls, isUser: false)
    case "entry": rig.map(page, to: second + 0x1000)
    case "fill":
      rig.map(page + 0x5000, to: second)
      #expect(rig.read(page + 0x5000) == second)
    case "invalidation": rig.translation.invalidatePage(page)
    case "observer": rig.translation.staleUseObserver = nil
    case "write": #expect(rig.write(page) == second, "what a write walks for is as memory says")
    default: rig.translation.forgetStaleRead()
    }
    #expect(!isCounted(rig))
    #expect(lender.cells[0] == 1)
  }
}
