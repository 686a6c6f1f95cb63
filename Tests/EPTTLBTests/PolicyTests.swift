import EPTTLB
import Testing

/// What the policies choose where the architecture lets them (rule C4).
@Suite struct PolicyTests {
  /// `RetentionPolicy.named`: every name gives its policy, which gives its name.
  @Test(arguments: [
    "retain", "speculate:0", "speculate:18446744073709551615", "sandybridge", "haswell", "skylake", "icelake", "flush",
    "random:7",
  ])
  func namesAreRead(_ text: String) throws { #expect(try RetentionPolicy.named(text).get().name == text) }

  /// `RetentionPolicy.named`: anything else is an error that quotes it.
  @Test(arguments: [
    "", ":", "retains", "RETAIN", "retain:1", "flush:", "haswell:3", "speculate", "speculate:", "speculate:-1",
    "random",
    "random:x", "random:18446744073709551616", "random:1:2", "random: 1", "random:+1", "random:\u{664}", "nehalem",
  ])
  func otherNamesAreErrors(_ text: String) throws {
    let error = #expect(throws: PolicyError.self) { try RetentionPolicy.named(text).get() }
    #expect(try #require(error).description.hasPrefix("'\(text)' is no TLB policy: "))
  }

  /// `TLBPart.named`: every part's rows can be read, and every size of page and prefix has a place.
  @Test(arguments: TLBPart.names)
  func partsAreComplete(_ name: String) throws {
    let part = try #require(try TLBPart.named(name))
    #expect(part.name == name)
    for (role, shifts) in [
      (.instruction, [12, 21, 22, 30]), (.data, [12, 21, 22, 30]), (.second, [12]),
      (.structure, [21, 22, 30, 39, 48]), (.nested, [12, 21, 30]),
    ] as [(TLBPart.Role, [UInt8])] {
      for shift in shifts {
        #expect(part.arrays.filter { $0.role == role && $0.shifts.contains(shift) }.count == 1, "\(role) \(shift)")
      }
    }
  }

  /// `RetentionPolicy.random`: the seed decides what goes; what was just filled is there.
  @Test func chanceIsSeeded() {
    func serials(_ seed: UInt64) -> [UInt64] {
      let cache = TranslationCache(policy: .random(seed: seed))
      for serial in 0..<2000 as Range<UInt64> {
        let slot = cache.insert(.translation(serial << 12, serial: serial))
        #expect(cache.translation(.linear, serial << 12, Tag()) == slot)
      }
      #expect(cache.checkInvariants() == nil)
      #expect(cache.evictions + UInt64(cache.count) == 2000)
      return cache.serials
    }
    #expect(serials(1) == serials(1))
    #expect(serials(1) != serials(2))
    #expect((1300..<1700).contains(serials(3).count), "one in four goes")
  }

  /// The arrays of a part as a plain list of sets, written from the rules: a fill takes the next way of its set in turn,
  /// a use of the second level fills the first, what is in no array is gone.
  private struct ObviousPart {
    struct Array {
      var role: TLBPart.Role
      var shifts: [UInt8]
      var sets: [[UInt64?]]
      var turns: [Int]
    }
    var arrays: [Array]

    init(_ part: TLBPart) {
      arrays = part.arrays.map {
        Array(
          role: $0.role, shifts: $0.shifts,
          sets: .init(repeating: .init(repeating: nil, count: $0.ways), count: $0.entries / $0.ways),
          turns: .init(repeating: 0, count: $0.entries / $0.ways))
      }
    }

    mutating func fill(_ serial: UInt64, _ entry: CachedEntry, _ role: TLBPart.Role) {
      guard let array = arrays.firstIndex(where: { $0.role == role && $0.shifts.contains(entry.shift) }) else { return }
      let set = Int(entry.prefix >> UInt64(entry.shift)) % arrays[array].sets.count
      arrays[array].sets[set][arrays[array].turns[set]] = serial
      arrays[array].turns[set] = (arrays[array].turns[set] + 1) % arrays[array].sets[set].count
    }

    func holds(_ serial: UInt64, _ role: TLBPart.Role) -> Bool {
      arrays.contains { $0.role == role && $0.sets.contains { $0.contains(serial) } }
    }

    mutating func remove(_ serial: UInt64) {
      for array in arrays.indices {
        for set in arrays[array].sets.indices {
          for way in arrays[array].sets[set].indices where arrays[array].sets[set][way] == serial {
            arrays[array].sets[set][way] = nil
          }
        }
      }
    }

    var live: [UInt64] { Set(arrays.flatMap { $0.sets.flatMap { $0.compactMap { $0 } } }).sorted() }
  }

  /// Every part, over 30,000 fills, uses and invalidations: what lives is what the obvious model holds.
  @Test(arguments: TLBPart.names)
  func partsAreSetsAndWays(_ name: String) throws {
    let part = try #require(try TLBPart.named(name))
    let cache = TranslationCache(policy: .part(part))
    var model = ObviousPart(part)
    var random = SplitMix64("partsAreSetsAndWays \(name)", seed: 11)
    var levels: [Int] = [0, 0, 0]
    for serial in 0..<30_000 as Range<UInt64> {
      let shift: UInt8 = random.pick([12, 12, 12, 12, 21, 30])
      let address = random.below(shift == 12 ? 6000 : 200) << UInt64(shift)
      let side: AccessSide = random.percent(50) ? .data : .instruction
      let role: TLBPart.Role = side == .data ? .data : .instruction
      if random.percent(3) {
        cache.invlpg(address, vpid: 0, pcid: 0)
        let live = Set(cache.serials)
        for gone in model.live where !live.contains(gone) { model.remove(gone) }
      } else if let slot = cache.translation(.linear, address, Tag()) {
        let entry = cache[slot]
        let isFirst = model.holds(entry.root, role)
        let isSecond = model.holds(entry.root, .second)
        switch cache.look(slot, side) {
        case .first:
          levels[0] += 1
          #expect(isFirst)
        case .second:
          levels[1] += 1
          #expect(!isFirst && isSecond)
          model.fill(entry.root, entry, role)
        case .none:
          levels[2] += 1
          #expect(!isFirst && !isSecond)
          var found = entry
          if random.percent(50) { found.target ^= 1 << 40 }
          let isJoined = cache.join(slot, found, side)
          #expect(isJoined == (found.target == entry.target))
          if isJoined {
            model.fill(entry.root, entry, role)
            model.fill(entry.root, entry, .second)
          } else {
            model.remove(entry.root)
          }
        }
      } else if random.percent(20) {
        let entry = CachedEntry.structure(address, shift: random.pick([21, 30, 39, 48]), serial: serial)
        cache.insert(entry, side: side)
        model.fill(serial, entry, .structure)
      } else {
        let isNested = random.percent(10)
        let entry = CachedEntry.translation(
          address, to: address, shift: shift, kind: isNested ? .guestPhysical : .linear, serial: serial)
        cache.insert(entry, side: side)
        model.fill(serial, entry, isNested ? .nested : role)
        if !isNested { model.fill(serial, entry, .second) }
      }
      guard serial % 20 == 0 else { continue }
      if let problem = cache.checkInvariants() {
        Issue.record("\(serial): \(problem)")
        return
      }
      guard cache.serials == model.live else {
        Issue.record("\(serial): other entries live")
        return
      }
      cache.forgetDropped()
    }
    #expect(levels.allSatisfy { $0 > 0 }, "\(levels)")
  }

  /// `TranslationCache.dropped`: what leaves the data side's first level is told, though the second level has it still.
  @Test func demotionsAreTold() throws {
    let part = TLBPart(
      name: "small",
      arrays: [
        TLBPart.Array(role: .data, shifts: [12], entries: 2, ways: 2),
        TLBPart.Array(role: .second, shifts: [12], entries: 8, ways: 8),
      ])
    let cache = TranslationCache(policy: .part(part))
    let slots = (0..<3 as Range<UInt64>).map { cache.insert(.translation($0 << 12, serial: $0)) }
    #expect(cache.dropped.map(\.slot) == [slots[0]])
    #expect(cache.serials == [0, 1, 2])
    #expect(slots.map { cache.mayDerive($0) } == [false, true, true])
    #expect(cache.look(slots[0], .data) == .second)
    #expect(slots.map { cache.mayDerive($0) } == [true, false, true])
    #expect(cache.evictions == 0)
  }
}
