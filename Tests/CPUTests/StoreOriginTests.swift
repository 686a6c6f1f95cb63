import CPU
import EPTTLB
import MMU
import Testing

/// Where a store to a structure comes from, to the instruction, and that no use of what it made stale goes unseen.
@Suite struct StoreOriginTests {
  /// Keeps every stale use that it is told of.
  private final class Witness: StaleUseObserver {
    var uses: [StaleUse] = []
    func staleMappingUsed(_ use: StaleUse) { uses.append(use) }
  }

  /// The entry that maps the first 2 MiB, program and all, lies at 3000h: EDI points to it, and so does what the stack is
  /// pushed on; EAX holds it with another bit set.
  private static let setUp: [UInt8] = [
    0xBF, 0x00, 0x30, 0, 0, 0xB8, 0xE3, 0x01, 0, 0, 0xBC, 0x08, 0x30, 0, 0, 0xB9, 1, 0, 0, 0,
  ]

  /// An instruction that stores to it.
  struct Store: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bytes: [UInt8]
  }

  static let stores = [
    Store(testDescription: "MOV m, r", bytes: [0x48, 0x89, 0x07]),
    Store(testDescription: "MOV m8, imm", bytes: [0xC6, 0x47, 0x01, 0x01]),
    Store(testDescription: "XCHG", bytes: [0x48, 0x87, 0x07]),
    Store(testDescription: "LOCK OR", bytes: [0xF0, 0x48, 0x09, 0x07]),
    Store(testDescription: "PUSH", bytes: [0x50]), Store(testDescription: "STOSQ", bytes: [0x48, 0xAB]),
    Store(testDescription: "REP STOSQ", bytes: [0xF3, 0x48, 0xAB]),
    Store(testDescription: "MOV m, DS", bytes: [0x8C, 0x1F]),
    Store(testDescription: "SGDT", bytes: [0x0F, 0x01, 0x07]),
    Store(testDescription: "PUSH m", bytes: [0xFF, 0x34, 0x25, 0x00, 0x08, 0, 0]),
    Store(testDescription: "a store across the entry's end", bytes: [0x48, 0x89, 0x47, 0xFC]),
  ]

  /// Instruction pointer, clock and writer are those of the storing instruction, wherever in a block it stands and however
  /// blocks are formed.
  @Test(arguments: stores)
  func theStoringInstructionIsNamed(_ store: Store) throws {
    let model = try #require(try CPUModel.named("max"))
    for padding in [0, 1, 5, 20] {
      let lead = StoreOriginTests.setUp + [UInt8](repeating: 0x90, count: padding)
      var seen: [StructureChange] = []
      for limit in [32, 3, 2, 1] {
        let bench = try ProgramBench(model: model, blockLimit: limit)
        #expect(bench.run(lead + store.bytes + [0x90, 0x90]) == .halted)
        let cache = bench.processor.translation.cache
        var found: [StructureChange] = []
        cache.forEach { slot, entry in
          if !entry.isStructure, let suspicion = cache.suspicion(slot) { found.append(suspicion.first) }
        }
        #expect(found.count == 1, "blocks of \(limit)")
        seen += found
      }
      let first = try #require(seen.first)
      #expect(first.rip == 0x1_0000 + UInt64(lead.count))
      #expect(first.writer == .processor(0) && first.address == 0x3000 && first.old == 0xE3)
      #expect(seen.allSatisfy { $0 == first }, "\(seen)")
    }
  }

  /// An access that no host pointer serves leaves nothing on the host's stack, however often it comes: reads without host
  /// pointers, writes to a page that code was decoded from, and reads by a stale mapping.
  @Test(arguments: [true, false])
  func theLongWayIsLevel(_ usesHostPointers: Bool) throws {
    let model = try #require(try CPUModel.named("max"))
    let bench = try ProgramBench(model: model, usesHostPointers: usesHostPointers)
    for (place, access) in [
      (0x8000, [0x8B, 0x07]), (0x1_0800, [0x89, 0x07]), (0x3000, [0x80, 0x27, 0xFE, 0x8B, 0x07]),
    ]
      as [(UInt32, [UInt8])]
    {
      // MOV EDI, place; MOV ECX, 150,000; then the access; DEC ECX; JNZ.
      let head = [0xBF] + (0..<4).map { UInt8(truncatingIfNeeded: place >> ($0 * 8)) } + [0xB9, 0xF0, 0x49, 0x02, 0]
      let back = UInt8(truncatingIfNeeded: -4 - access.count)
      #expect(bench.run(head + access + [0xFF, 0xC9, 0x75, back]) == .halted)
      #expect(bench.register(.rcx) == 0)
    }
  }

  /// MOV EDI, 3000h; AND byte [EDI], a mask; then NOP; MOV EAX, [EDI]; DEC ECX; JNZ, a hundred times.
  private static func staleLoop(_ mask: UInt8) -> [UInt8] {
    [0xBF, 0x00, 0x30, 0, 0, 0x80, 0x27, mask, 0xB9, 100, 0, 0, 0, 0x90, 0x8B, 0x07, 0xFF, 0xC9, 0x75, 0xF9]
  }

  /// A loop on a stale mapping, that of a page which is not present any more: each fetch of a block of it and each read by
  /// it is seen, and tells its instruction and clock.
  @Test(arguments: [32, 1])
  func eachUseIsSeen(_ limit: Int) throws {
    let bench = try ProgramBench(model: try #require(try CPUModel.named("max")), blockLimit: limit)
    let witness = Witness()
    bench.processor.translation.staleUseObserver = witness
    #expect(bench.run(StoreOriginTests.staleLoop(0xFF)) == .halted)
    #expect(witness.uses.isEmpty)
    let plain = bench.processor.state.pointee.instructions
    #expect(bench.run(StoreOriginTests.staleLoop(0xFE)) == .halted)
    #expect(bench.processor.state.pointee.instructions - plain == plain)
    #expect(bench.register(.rcx) == 0)
    let reads = witness.uses.filter { $0.access == Access() }
    #expect(reads.count == 100 && reads.allSatisfy { $0.rip == 0x1_000E }, "\(reads.first?.rip ?? 0)")
    #expect(zip(reads, reads.dropFirst()).allSatisfy { $1.cycle - $0.cycle == reads[1].cycle - reads[0].cycle })
    let fetches = witness.uses.filter { $0.access.isFetch }.count
    #expect(fetches >= (limit == 1 ? 400 : 100), "\(fetches)")
    #expect(witness.uses.allSatisfy { $0.own.excess == .read && $0.suspicion?.first.rip == 0x1_0005 })
    #expect(bench.processor.translation.checkInvariants() == nil)
  }

  /// The same where only the right to write is gone: reads and fetches take nothing from that, and are told of once each.
  @Test(arguments: [32, 1])
  func harmlessUsesGoOnByHostPointers(_ limit: Int) throws {
    let bench = try ProgramBench(model: try #require(try CPUModel.named("max")), blockLimit: limit)
    let witness = Witness()
    bench.processor.translation.staleUseObserver = witness
    #expect(bench.run(StoreOriginTests.staleLoop(0xFD)) == .halted)
    #expect(bench.register(.rcx) == 0)
    #expect(witness.uses.filter { $0.access == Access() }.map(\.rip) == [0x1_000E])
    #expect(witness.uses.filter { $0.access.isFetch }.count == 1 && witness.uses.count == 2)
    #expect(witness.uses.allSatisfy { $0.own.excess == .write && $0.exploited.isEmpty })
    #expect(bench.processor.translation.checkInvariants() == nil)
  }
}
