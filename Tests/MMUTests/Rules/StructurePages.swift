import MMU

/// Where paging structures lie in a random program's memory, and what may be stored into them: entries that mostly lead
/// on, so that walks come to all ends.
struct StructurePages {
  static let memorySize: UInt64 = 1 << 20

  /// A kind of table: its pages, which of its entries are used, and what they lead to.
  struct Layer {
    var pages: [UInt64]
    var indices: [UInt64]
    /// Pages of the next tables; of the last layer frames.
    var next: [UInt64]
    var format: Format
    /// A leaf of this size may lie here; 0: none.
    var leafShift: UInt64
  }

  enum Format { case guest, guest32, pointers, ept }

  static let frames: [UInt64] = Array(32..<44)
  /// Pages of guest-physical memory that EPT may map one by one.
  private static let guestPages: [UInt64] = Array(0..<44)
  /// Where it may map them. A guest's tables never lie in EPT's: one walk that reads a word as an entry of either kind,
  /// and sets a flag that the other kind has another use for, could leave what memory no longer says.
  private static let guestTargets: [UInt64] = Array(0..<18) + Array(29..<44)
  static let level4 = Layer(pages: [1, 2, 3], indices: [0, 511], next: [4, 5, 6], format: .guest, leafShift: 0)
  static let directories32 = Layer(
    pages: [14, 15], indices: [0, 256], next: [16, 17], format: .guest32, leafShift: 22)
  static let pointers = Layer(pages: [29], indices: [0, 1, 8, 9], next: [7, 8, 9], format: .pointers, leafShift: 0)

  static let layers: [Layer] = [
    Layer(pages: [0], indices: [0, 511], next: [1, 2, 3], format: .guest, leafShift: 0),
    level4,
    Layer(pages: [4, 5, 6], indices: [0, 1], next: [7, 8, 9], format: .guest, leafShift: 30),
    Layer(pages: [7, 8, 9], indices: [0, 1], next: [10, 11, 12, 13], format: .guest, leafShift: 21),
    Layer(pages: [10, 11, 12, 13], indices: [0, 1, 2], next: frames, format: .guest, leafShift: 12),
    directories32,
    Layer(pages: [16, 17], indices: [0, 1, 2, 512, 513, 514], next: frames, format: .guest32, leafShift: 12),
    pointers,
    Layer(pages: [18], indices: [0], next: [19, 20], format: .ept, leafShift: 0),
    Layer(pages: [19, 20], indices: [0], next: [21, 22], format: .ept, leafShift: 0),
    Layer(pages: [21, 22], indices: [0, 1], next: [23, 24], format: .ept, leafShift: 30),
    Layer(pages: [23, 24], indices: [0, 1], next: [25, 26, 27, 28], format: .ept, leafShift: 21),
    Layer(pages: [25, 26, 27, 28], indices: guestPages, next: guestTargets, format: .ept, leafShift: 12),
  ]

  /// How often stores go to each of `layers`.
  private static let weights: [UInt64] = [2, 4, 6, 12, 24, 4, 8, 3, 1, 2, 4, 8, 22]

  /// Linear addresses: all that some table has an entry for.
  static let addresses: [UInt64] = [(0, 0), (0, 511), (511, 511)].flatMap { (five: UInt64, four: UInt64) in
    (0..<12).map { (number: UInt64) in
      let high: UInt64 = five == 0 ? 0 : ~0 << 57
      return high | five << 48 | four << 39 | (number & 1) << 30 | (number >> 1 & 1) << 21 | (number >> 2) << 12
    }
  }

  /// Stores an entry somewhere.
  static func store(_ memory: PhysicalMemory, _ random: inout SplitMix64) {
    var choice = random.below(weights.reduce(0, +))
    var number = 0
    while choice >= weights[number] {
      choice -= weights[number]
      number += 1
    }
    let layer = layers[number]
    store(memory, layer, random.pick(layer.pages), random.pick(layer.indices), &random)
  }

  /// Fills every table.
  static func fill(_ memory: PhysicalMemory, _ random: inout SplitMix64) {
    for layer in layers {
      for page in layer.pages { for index in layer.indices { store(memory, layer, page, index, &random) } }
    }
  }

  private static func store(
    _ memory: PhysicalMemory, _ layer: Layer, _ page: UInt64, _ index: UInt64, _ random: inout SplitMix64
  ) {
    let place = page << 12 + index * (layer.format == .guest32 ? 4 : 8)
    switch layer.format {
    case .guest, .guest32:
      let value = guestEntry(layer, &random)
      if layer.format == .guest32 {
        memory.write(PhysicalAddress(place), UInt32(truncatingIfNeeded: value))
      } else {
        memory.write(PhysicalAddress(place), value)
      }
    case .pointers:
      // What MOV to CR3 lets into the registers.
      memory.write(PhysicalAddress(place), random.pick(layer.next) << 12 | (random.percent(90) ? 1 : 0))
    case .ept: memory.write(PhysicalAddress(place), eptEntry(layer, index, &random))
    }
  }

  private static func guestEntry(_ layer: Layer, _ random: inout SplitMix64) -> UInt64 {
    let isSmall = layer.leafShift == 12
    let isLarge = !isSmall && layer.leafShift != 0 && random.percent(20)
    let chances: [(bit: UInt64, chance: UInt64)] = [
      (0, 95), (1, 85), (2, 85), (3, 10), (4, 10), (5, 60), (6, 50), (8, 30), (isLarge ? 12 : isSmall ? 7 : 9, 10),
    ]
    var value = flags(chances, &random)
    if isLarge {
      value |= 1 << 7 | random.below(2) << layer.leafShift
    } else {
      value |= random.pick(layer.next) << 12
    }
    guard layer.format == .guest else {
      // 4-MByte pages: reserved bits of PSE-36.
      return isLarge && random.percent(3) ? value | 1 << 21 : value
    }
    if isSmall { value |= random.below(3) << 59 }
    if random.percent(12) { value |= 1 << 63 }
    if random.percent(3) { value |= 1 << 45 }
    return value
  }

  private static func eptEntry(_ layer: Layer, _ index: UInt64, _ random: inout SplitMix64) -> UInt64 {
    let isSmall = layer.leafShift == 12
    let isLarge = !isSmall && layer.leafShift != 0 && random.percent(25)
    let isLeaf = isSmall || isLarge
    var value = flags([(0, 95), (1, 88), (2, 88), (8, 60), (9, 50), (10, 80), (63, 30)], &random)
    if value & 1 == 0 { value &= ~2 }
    if isLeaf { value |= random.pick([6, 6, 6, 0, 4]) << 3 | (random.percent(25) ? 1 << 6 : 0) }
    if random.percent(3) { value |= isLeaf && random.percent(50) ? 2 << 3 : 1 << 45 }
    if isLarge { return value | 1 << 7 | (random.percent(70) ? index : random.below(2)) << layer.leafShift }
    guard isSmall else { return value | random.pick(layer.next) << 12 }
    // Mostly where it lies in guest-physical memory, or where another table of its kind does.
    if random.percent(80) { return value | index << 12 }
    let alike = layers.first { $0.format != .ept && $0.pages.contains(index) }?.pages ?? frames
    return value | random.pick(random.percent(80) ? alike : layer.next) << 12
  }

  private static func flags(_ chances: [(bit: UInt64, chance: UInt64)], _ random: inout SplitMix64) -> UInt64 {
    chances.reduce(0) { $0 | (random.percent($1.chance) ? 1 << $1.bit : 0) }
  }
}
