import CPU
import EPTTLB
import MMU

/// Consecutive pages that are mapped to consecutive frames with the same rights.
struct MappedRange: Equatable {
  var first: UInt64
  /// The last byte.
  var last: UInt64
  var target: UInt64
  let rights: String

  var text: String { "\(hex(first).padded(20))to \(hex(last).padded(20))-> \(hex(target).padded(16))\(rights)" }

  /// Whether another one goes on where this ends.
  func goesOn(in other: MappedRange) -> Bool {
    last != .max && other.first == last + 1 && other.rights == rights && other.target == target &+ (last - first) &+ 1
  }
}

/// What a translation maps, range by range. It asks for one address after the other, and steps over what is not mapped by
/// as much as the entry that ended the walk stands for.
struct MappedRanges: IteratorProtocol {
  /// What there is at an address: a page, or nothing up to an address.
  enum Found {
    case page(MappedRange)
    case nothing(last: UInt64)
  }

  private let look: (UInt64) -> Found
  /// Behind the last address.
  private let last: UInt64
  private var position: UInt64? = 0
  private var pending: MappedRange?
  private var looks = 0
  /// Whether somebody wants an end: tables can be such that nothing is found for long.
  var isInterrupted: () -> Bool = { false }

  init(last: UInt64, _ look: @escaping (UInt64) -> Found) {
    (self.last, self.look) = (last, look)
  }

  mutating func next() -> MappedRange? {
    while let address = position {
      looks += 1
      if looks & 0xFFF == 0, isInterrupted() { position = nil }
      guard position != nil else { break }
      let found = look(address)
      let end: UInt64
      switch found {
      case .page(let range): end = range.last
      case .nothing(let last): end = last
      }
      position = end >= last || end < address ? nil : end + 1
      guard case .page(let range) = found else { continue }
      guard var open = pending else {
        pending = range
        continue
      }
      if open.goesOn(in: range) {
        open.last = range.last
        pending = open
      } else {
        pending = range
        return open
      }
    }
    defer { pending = nil }
    return pending
  }

  // MARK: What can be listed

  /// A linear address space.
  static func linear(_ controls: PagingControls, _ memory: PhysicalMemory) -> MappedRanges {
    let isTwoLevel = controls.mode == .twoLevel
    return MappedRanges(last: controls.mode.isLong ? .max : 0xFFFF_FFFF) { address in
      let bits = controls.mode.linearBits
      if controls.mode.isLong, !LinearAddress(address).isCanonical(bits: bits) {
        return .nothing(last: UInt64.max << (bits - 1) &- 1)
      }
      let walk = Walk(LinearAddress(address), Access(), controls, memory, sideEffects: false)
      guard case .mapped(let entry) = walk.outcome else {
        // A PDPTE register that is not present stands for 1 GiB.
        let level: UInt8 = walk.count > 0 ? walk.steps[walk.count - 1].level : controls.mode == .pae ? 3 : 1
        let shift = UInt64(level - 1) * (isTwoLevel ? 10 : 9) + 12
        return .nothing(last: address | (1 << shift - 1))
      }
      let span: UInt64 = 1 << UInt64(entry.shift) - 1
      return .page(
        MappedRange(
          first: address & ~span, last: address | span, target: entry.target, rights: TranslationText.rights(entry)))
    }
  }

  /// An EPT's guest-physical address space.
  static func guestPhysical(_ ept: EPTControls, _ processor: Processor) -> MappedRanges {
    MappedRanges(last: ept.last) { look(ept, $0, processor) }
  }

  static func look(_ ept: EPTControls, _ address: UInt64, _ processor: Processor) -> Found {
    var ept = ept
    ept.isLooking = true
    let walk = EPTWalk(
      address, EPTAccess(Access(), ept, isUserAddress: false), ept,
      physicalBits: processor.translation.controls.physicalBits, processor.memory, sideEffects: false)
    guard case .mapped(let entry) = walk.outcome else {
      let level = walk.count > 0 ? walk.steps[walk.count - 1].level : 1
      return .nothing(last: address | (1 << (UInt64(level - 1) * 9 + 12) - 1))
    }
    let span: UInt64 = 1 << UInt64(entry.shift) - 1
    return .page(
      MappedRange(
        first: address & ~span, last: address | span, target: entry.target, rights: EPTText.text(entry)))
  }

  /// What an EPT of a nested hypervisor comes to: EPT12's tables lie in the memory that EPT01 maps.
  static func composed(_ outer: EPTControls, _ inner: EPTControls, _ processor: Processor) -> MappedRanges {
    let view = NestedEPT(outer: outer, inner: inner, processor: processor)
    return MappedRanges(last: inner.last) { view.look($0) }
  }
}

extension EPTControls {
  /// The last guest-physical address.
  var last: UInt64 { levels >= 5 ? (1 << 57) - 1 : (1 << 48) - 1 }
}

/// Rights and type of an EPT leaf.
enum EPTText {
  static func text(_ entry: CachedEntry) -> String {
    text(entry.eptRights, type: entry.memoryType)
  }

  static func text(_ rights: EPTRights, type: UInt8) -> String {
    let names = ["UC", "WC", "2", "3", "WT", "WP", "WB", "7"]
    return "\(TranslationText.rights(rights)) \(names[Int(type & 7)])\(type & 8 != 0 ? " ignores PAT" : "")"
  }
}

/// EPT12 through EPT01.
private struct NestedEPT {
  let outer: EPTControls
  let inner: EPTControls
  let processor: Processor

  func look(_ address: UInt64) -> MappedRanges.Found {
    var level: UInt8 = inner.levels == 5 ? 5 : 4
    var table = inner.root
    var rights = EPTRights.all
    while true {
      let shift = UInt64(level - 1) * 9 + 12
      let nothing = MappedRanges.Found.nothing(last: address | (1 << shift - 1))
      guard case .page(let place) = MappedRanges.look(outer, table, processor) else { return nothing }
      let location = place.target &+ (table &- place.first) &+ (address >> shift & 511) * 8
      let value = processor.memory.read(PhysicalAddress(location), as: UInt64.self)
      rights = rights.intersection(EPTRights(rawValue: UInt8(truncatingIfNeeded: value & 7)))
      guard value & 7 != 0 else { return nothing }
      table = value & 0x000F_FFFF_FFFF_F000
      guard level == 1 || level <= 3 && value & 0x80 != 0 else {
        level -= 1
        continue
      }
      // A page of EPT12 may lie in several of EPT01.
      let inPage = address & (1 << shift - 1)
      let target = (table & ~(1 << shift - 1)) | inPage
      guard case .page(let page) = MappedRanges.look(outer, target, processor) else {
        return .nothing(last: address | min(1 << shift - 1, 0xFFF))
      }
      let room = min(page.last - target, (1 << shift - 1) - inPage)
      let type = UInt8(truncatingIfNeeded: value >> 3 & 15)
      return .page(
        MappedRange(
          first: address, last: address + room, target: page.target &+ (target &- page.first),
          rights: "EPT12 \(EPTText.text(rights, type: type)), EPT01 \(page.rights)"))
    }
  }
}

/// Where two EPTs differ.
struct EPTDifferences: IteratorProtocol {
  /// One of them, with the range that is looked at.
  private struct Side {
    var ranges: MappedRanges
    var current: MappedRange?

    init(_ ranges: MappedRanges) {
      self.ranges = ranges
      current = self.ranges.next()
    }

    /// Takes the part of the current range up to an address.
    mutating func take(to end: UInt64) -> MappedRange? {
      guard var part = current else { return nil }
      if part.last > end {
        current = MappedRange(
          first: end + 1, last: part.last, target: part.target &+ (end - part.first) &+ 1, rights: part.rights)
        part.last = end
      } else {
        current = ranges.next()
      }
      return part
    }
  }

  private var old: Side
  private var new: Side

  init(_ first: EPTControls, _ second: EPTControls, _ processor: Processor) {
    old = Side(.guestPhysical(first, processor))
    new = Side(.guestPhysical(second, processor))
  }

  mutating func next() -> String? {
    while true {
      switch (old.current, new.current) {
      case (nil, nil): return nil
      case (.some, nil): return old.take(to: .max).map { "- \($0.text)" }
      case (nil, .some): return new.take(to: .max).map { "+ \($0.text)" }
      case (let mine?, let its?):
        // What only one of them has comes first; then what they have in common.
        if mine.first < its.first { return old.take(to: its.first - 1).map { "- \($0.text)" } }
        if its.first < mine.first { return new.take(to: mine.first - 1).map { "+ \($0.text)" } }
        let end = min(mine.last, its.last)
        let (before, after) = (old.take(to: end), new.take(to: end))
        if before != after, let before, let after { return "- \(before.text); + \(after.text)" }
      }
    }
  }
}
