/// Which of a part's TLBs an access goes to.
public enum AccessSide: Sendable {
  /// Fetches of instructions.
  case instruction
  /// All other accesses.
  case data
}

/// Where a part finds a translation.
public enum TLBLevel: Sendable {
  /// In the first level of that side.
  case first
  /// In the second level: it has been brought into the first.
  case second
  /// In neither: another side's first level has it, and that does not serve.
  case none
}

/// What a part's arrays hold: sets of ways, each set filled in turn (round robin), whatever is used.
struct SetAssociativeArrays {
  private struct Array {
    var role: TLBPart.Role
    var shifts: [UInt8]
    var ways: Int
    var sets: Int
    var slots: [Slot]
    var turns: [UInt8]
  }

  /// What has left an array: nowhere any more, or only that array.
  enum Leaver {
    case gone(Slot)
    case demoted(Slot)
  }

  private var arrays: [Array]
  /// By role and shift, the index of an array.
  private var index: [[Int]]
  /// By slot, how many arrays hold it; a bit a role.
  private var residence: [UInt8] = []

  init(_ part: TLBPart) {
    arrays = part.arrays.map {
      let sets = max($0.entries / max($0.ways, 1), 1)
      return Array(
        role: $0.role, shifts: $0.shifts, ways: $0.ways, sets: sets,
        slots: [Slot](repeating: TranslationCache.none, count: sets * $0.ways),
        turns: [UInt8](repeating: 0, count: sets))
    }
    index = [[Int]](repeating: [Int](repeating: -1, count: 64), count: TLBPart.Role.allCases.count)
    for (number, array) in arrays.enumerated() {
      guard let role = TLBPart.Role.allCases.firstIndex(of: array.role) else { continue }
      for shift in array.shifts { index[role][Int(shift & 63)] = number }
    }
  }

  private static func bit(_ role: TLBPart.Role) -> UInt8 {
    switch role {
    case .instruction: 1
    case .data: 2
    case .second: 4
    case .structure: 8
    case .nested: 16
    }
  }

  private func array(_ role: TLBPart.Role, _ shift: UInt8) -> Int? {
    guard let number = TLBPart.Role.allCases.firstIndex(of: role).map({ index[$0][Int(shift & 63)] }), number >= 0
    else {
      return nil
    }
    return number
  }

  /// Puts a new entry where it belongs.
  mutating func insert(_ slot: Slot, _ entry: CachedEntry, _ side: AccessSide) -> [Leaver] {
    while residence.count <= Int(slot) { residence.append(0) }
    residence[Int(slot)] = 0
    if entry.isStructure { return fill(slot, entry, .structure) }
    if entry.kind == .guestPhysical { return fill(slot, entry, .nested) }
    return fill(slot, entry, side == .data ? .data : .instruction) + fill(slot, entry, .second)
  }

  /// Looks for a live translation where an access looks for it.
  mutating func look(_ slot: Slot, _ entry: CachedEntry, _ side: AccessSide) -> (level: TLBLevel, leavers: [Leaver]) {
    let residence = residence[Int(slot)]
    if entry.kind == .guestPhysical { return (.first, []) }
    let role = side == .data ? TLBPart.Role.data : .instruction
    if residence & SetAssociativeArrays.bit(role) != 0 { return (.first, []) }
    guard residence & SetAssociativeArrays.bit(.second) != 0 else { return (.none, []) }
    return (.second, fill(slot, entry, role))
  }

  /// A walk for a side has found what another side's first level holds already.
  mutating func join(_ slot: Slot, _ entry: CachedEntry, _ side: AccessSide) -> [Leaver] {
    let first = fill(slot, entry, side == .data ? .data : .instruction)
    guard residence[Int(slot)] & SetAssociativeArrays.bit(.second) == 0 else { return first }
    return first + fill(slot, entry, .second)
  }

  /// Whether the data side's first level holds a translation.
  func isInFirstLevel(_ slot: Slot) -> Bool {
    residence[Int(slot)] & (SetAssociativeArrays.bit(.data) | SetAssociativeArrays.bit(.nested)) != 0
  }

  private mutating func fill(_ slot: Slot, _ entry: CachedEntry, _ role: TLBPart.Role) -> [Leaver] {
    guard let number = array(role, entry.shift) else { return [] }
    residence[Int(slot)] |= SetAssociativeArrays.bit(role)
    let set = Int(truncatingIfNeeded: (entry.prefix >> UInt64(entry.shift)) % UInt64(arrays[number].sets))
    let way = Int(arrays[number].turns[set])
    let place = set * arrays[number].ways + way
    arrays[number].turns[set] = UInt8((way + 1) % arrays[number].ways)
    let old = arrays[number].slots[place]
    arrays[number].slots[place] = slot
    guard old != TranslationCache.none else { return [] }
    residence[Int(old)] &= ~SetAssociativeArrays.bit(role)
    return [residence[Int(old)] == 0 ? .gone(old) : .demoted(old)]
  }

  /// Forgets an entry that a rule or the budget drops.
  mutating func remove(_ slot: Slot, _ entry: CachedEntry) {
    for role in TLBPart.Role.allCases where residence[Int(slot)] & SetAssociativeArrays.bit(role) != 0 {
      guard let number = array(role, entry.shift) else { continue }
      let set = Int(truncatingIfNeeded: (entry.prefix >> UInt64(entry.shift)) % UInt64(arrays[number].sets))
      for place in set * arrays[number].ways..<(set + 1) * arrays[number].ways
      where arrays[number].slots[place] == slot {
        arrays[number].slots[place] = TranslationCache.none
      }
    }
    residence[Int(slot)] = 0
  }

  /// What is wrong, or nil: every live entry is in the arrays that its residence says, and nothing else is.
  func problem(_ isLive: (Slot) -> CachedEntry?) -> String? {
    var found = [UInt8](repeating: 0, count: residence.count)
    for array in arrays {
      for (place, slot) in array.slots.enumerated() where slot != TranslationCache.none {
        guard let entry = isLive(slot) else { return "slot \(slot) is in an array, and dead" }
        guard array.shifts.contains(entry.shift) else { return "slot \(slot) is in an array of another size" }
        guard place / array.ways == Int((entry.prefix >> UInt64(entry.shift)) % UInt64(array.sets)) else {
          return "slot \(slot) is in a wrong set"
        }
        guard found[Int(slot)] & SetAssociativeArrays.bit(array.role) == 0 else { return "slot \(slot) is in it twice" }
        found[Int(slot)] |= SetAssociativeArrays.bit(array.role)
      }
    }
    for (slot, bits) in residence.enumerated() {
      if bits != found[slot] { return "slot \(slot) is not where it says" }
      if bits == 0, isLive(Slot(slot)) != nil { return "slot \(slot) lives nowhere" }
    }
    return nil
  }

  /// What a hash covers beside the entries: where each one lies, and whose turn it is in each set.
  func words(_ number: (Slot) -> UInt64) -> [UInt64] {
    arrays.flatMap { array in
      array.slots.map { $0 == TranslationCache.none ? .max : number($0) } + array.turns.map(UInt64.init)
    }
  }
}
