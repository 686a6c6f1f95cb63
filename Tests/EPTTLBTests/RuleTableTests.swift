import EPTTLB
import Testing

/// The rows of TLB rules, section I, that came with PCIDs, memory types and VMX, each over one entry of every sort; the
/// others are in `InvalidationTests`.
@Suite struct RuleTableTests {
  /// A row: an operation, and what it must drop.
  struct Rule: CustomTestStringConvertible, Sendable {
    let name: String
    let operation: @Sendable (TranslationCache) -> Void
    let drops: @Sendable (CachedEntry) -> Bool
    var testDescription: String { name }
  }

  private static let address = Census.address

  private static func linear(_ entry: CachedEntry, _ vpid: UInt16) -> Bool {
    entry.kind != .guestPhysical && entry.tag.vpid == vpid
  }

  private static let instructions: [Rule] = [
    Rule(name: "INVPCID 0") {
      $0.invpcid(address: address + 0x10, vpid: 1, pcid: 2)
    } drops: {
      linear($0, 1) && $0.tag.pcid == 2 && !$0.isGlobal && $0.covers(address)
    },
    Rule(name: "INVPCID 1") {
      $0.invpcid(pcid: 2, vpid: 1)
    } drops: {
      linear($0, 1) && $0.tag.pcid == 2 && !$0.isGlobal
    },
    Rule(name: "INVPCID 2") {
      $0.invpcidAll(vpid: 1, includingGlobal: true)
    } drops: {
      linear($0, 1)
    },
    Rule(name: "INVPCID 3") {
      $0.invpcidAll(vpid: 1, includingGlobal: false)
    } drops: {
      linear($0, 1) && !$0.isGlobal
    },
    Rule(name: "MOV to CR3, bit 63") {
      $0.movToCR3(vpid: 1, pcid: 2, preserves: true)
    } drops: { _ in
      false
    },
    Rule(name: "WRMSR to an MTRR") {
      $0.memoryTypeRangesWritten(vpid: 2)
    } drops: {
      linear($0, 2)
    },
    Rule(name: "task switch") {
      $0.taskSwitch(vpid: 1)
    } drops: {
      linear($0, 1) && $0.tag.pcid == 0 && !$0.isGlobal
    },
    Rule(name: "RSM, INIT") {
      $0.initialize()
    } drops: { _ in
      true
    },
  ]

  private static let vmx: [Rule] = [
    Rule(name: "VM entry or exit, VPID off") {
      $0.vmTransition(isVPIDEnabled: false)
    } drops: {
      linear($0, 0)
    },
    Rule(name: "VM entry or exit, VPID on") {
      $0.vmTransition(isVPIDEnabled: true)
    } drops: { _ in
      false
    },
    Rule(name: "INVVPID 0") {
      $0.invvpid(address: address + 0x10, vpid: 1)
    } drops: {
      linear($0, 1) && $0.covers(address)
    },
    Rule(name: "INVVPID 1") {
      $0.invvpid(vpid: 1)
    } drops: {
      linear($0, 1)
    },
    Rule(name: "INVVPID 2") {
      $0.invvpidAll()
    } drops: {
      $0.kind != .guestPhysical && $0.tag.vpid != 0
    },
    Rule(name: "INVVPID 3") {
      $0.invvpidRetainingGlobals(vpid: 1)
    } drops: {
      linear($0, 1) && !$0.isGlobal
    },
    Rule(name: "INVEPT 1") {
      $0.invept(ep4ta: 0x2000)
    } drops: {
      $0.kind != .linear && $0.tag.ep4ta == 0x2000
    },
    Rule(name: "INVEPT 2") {
      $0.inveptAll()
    } drops: {
      $0.kind != .linear
    },
    Rule(name: "EPT violation, no linear address") {
      $0.eptViolation(address + 0x20, ep4ta: 0x1000, linear: nil, vpid: 1, pcid: 2)
    } drops: {
      $0.kind == .guestPhysical && $0.tag.ep4ta == 0x1000 && $0.covers(address)
    },
    Rule(name: "EPT violation of a linear address") {
      $0.eptViolation(0x7777_0000_0000, ep4ta: 0x1000, linear: address + 0x20, vpid: 1, pcid: 2)
    } drops: {
      $0.kind == .combined && $0.tag.ep4ta == 0x1000 && $0.tag.vpid == 1 && ($0.tag.pcid == 2 || $0.isGlobal)
        && $0.covers(address)
    },
  ]

  /// Section I, over every kind, tag, size and class of entry.
  @Test(arguments: instructions + vmx)
  func row(_ rule: Rule) throws { try Census().expect(rule.operation, drops: rule.drops) }

  /// Section I, the rows of VMX under VPIDs and EP4TAs that nobody has: nothing goes.
  @Test func foreignTagsDropNothing() throws {
    try Census().expect {
      $0.invvpid(vpid: 9)
      $0.invvpid(address: Census.address, vpid: 9)
      $0.invvpidRetainingGlobals(vpid: 9)
      $0.invept(ep4ta: 0x9000)
      $0.eptViolation(Census.address, ep4ta: 0x9000, linear: Census.address, vpid: 1, pcid: 1)
      $0.invpcid(address: Census.address, vpid: 1, pcid: 9)
      $0.invpcid(pcid: 9, vpid: 1)
      $0.invpcidAll(vpid: 9, includingGlobal: true)
    } drops: { _ in
      false
    }
  }

  /// `RetentionPolicy.flush`: VM entry and exit, MOV to CR3 and each INV* instruction drop everything, whatever they name.
  @Test func flushDropsEverything() {
    let operations: [(TranslationCache) -> Void] = [
      { $0.invlpg(0, vpid: 9, pcid: 9) }, { $0.movToCR3(vpid: 9, pcid: 9) }, { $0.vmTransition(isVPIDEnabled: true) },
      { $0.invpcid(address: 0, vpid: 9, pcid: 9) }, { $0.invpcid(pcid: 9, vpid: 9) },
      { $0.invpcidAll(vpid: 9, includingGlobal: false) }, { $0.invvpid(address: 0, vpid: 9) }, { $0.invvpid(vpid: 9) },
      { $0.invvpidAll() }, { $0.invvpidRetainingGlobals(vpid: 9) }, { $0.invept(ep4ta: 0x9000) }, { $0.inveptAll() },
    ]
    for (number, operation) in operations.enumerated() {
      let cache = TranslationCache(policy: .flush)
      for entry in Census().entries { cache.insert(entry) }
      operation(cache)
      #expect(cache.count == 0, "operation \(number)")
      #expect(cache.checkInvariants() == nil)
    }
    let cache = TranslationCache(policy: .flush)
    cache.insert(.translation(0x1000, serial: 1))
    cache.movToCR3(vpid: 0, pcid: 0, preserves: true)
    cache.pageFault(0x5000, vpid: 0, pcid: 0)
    cache.eptViolation(0x5000, ep4ta: 0, linear: nil, vpid: 0, pcid: 0)
    #expect(cache.serials == [1], "what is no such operation drops what the rules say")
  }

  /// Lists of address spaces that are gone are used again: 20,000 of them, and each is dropped alone.
  @Test func addressSpacesComeAndGo() {
    let cache = TranslationCache.unbounded()
    cache.insert(.translation(0x1000, tag: Tag(vpid: 1), serial: 7))
    for number in 1...20_000 as ClosedRange<UInt64> {
      cache.insert(.translation(0x1000, kind: .guestPhysical, tag: Tag(ep4ta: number << 12), serial: number + 10))
      if number > 3 { cache.invept(ep4ta: (number - 3) << 12) }
      if number % 1000 == 0 { #expect(cache.checkInvariants() == nil) }
    }
    #expect(cache.serials == [7, 20_008, 20_009, 20_010])
  }
}
