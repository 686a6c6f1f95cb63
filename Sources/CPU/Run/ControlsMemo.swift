import MMU

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Which paging controls followed from which inputs lately.
final class ControlsMemo {
  /// Words of the inputs: all that a processor's paging controls follow from.
  static let wordCount = 16
  private static let bytes = wordCount * MemoryLayout<UInt64>.stride
  private static let count = 8

  /// The inputs that are looked for next; all words are to be written.
  let inputs: UnsafeMutablePointer<UInt64>
  private let words: UnsafeMutablePointer<UInt64>
  private let known: UnsafeMutablePointer<Translation.KnownControls>
  /// The entry found last, and the one before it: exits and entries go to and fro.
  private var last = 0
  private var previous = 0

  init() {
    inputs = .allocate(capacity: ControlsMemo.wordCount)
    inputs.initialize(repeating: 0, count: ControlsMemo.wordCount)
    words = .allocate(capacity: ControlsMemo.wordCount * ControlsMemo.count)
    words.initialize(repeating: 0, count: ControlsMemo.wordCount * ControlsMemo.count)
    known = .allocate(capacity: ControlsMemo.count)
    known.initialize(repeating: .none, count: ControlsMemo.count)
  }

  deinit {
    inputs.deallocate()
    words.deallocate()
    known.deallocate()
  }

  /// What inputs begin with; without PAE paging all others are zero.
  typealias Front = (cr0: UInt64, cr3: UInt64, cr4: UInt64, efer: UInt64, checks: UInt64, keys: UInt64)
  /// What follows it: of a guest 1, and what its VMCS says; else zeros.
  typealias Guest = (isGuest: UInt64, vpid: UInt64, ept: UInt64, secondary: UInt64, apicAccess: UInt64)

  /// The controls that followed last, or before that, from such inputs, without PAE paging.
  @inline(__always) func find(_ front: Front, _ guest: Guest) -> Translation.KnownControls? {
    if begins(last, front, guest) { return known[last] }
    guard begins(previous, front, guest) else { return nil }
    swap(&last, &previous)
    return known[last]
  }

  @inline(__always) private func begins(_ index: Int, _ front: Front, _ guest: Guest) -> Bool {
    let words = words + index &* ControlsMemo.wordCount
    // What differs most often comes first.
    return words[6] == guest.isGuest && words[0] == front.cr0 && words[1] == front.cr3 && words[2] == front.cr4
      && words[3] == front.efer && words[4] == front.checks && words[5] == front.keys && words[7] == guest.vpid
      && words[8] == guest.ept && words[9] == guest.secondary && words[10] == guest.apicAccess
  }

  /// The controls that followed from the same.
  @inline(__always) func find() -> Translation.KnownControls? {
    if holds(last) { return known[last] }
    if holds(previous) {
      swap(&last, &previous)
      return known[last]
    }
    return findElsewhere()
  }

  private func findElsewhere() -> Translation.KnownControls? {
    guard let index = (0..<ControlsMemo.count).first(where: holds) else { return nil }
    (previous, last) = (last, index)
    return known[index]
  }

  @inline(__always) private func holds(_ index: Int) -> Bool {
    memcmp(words + index * ControlsMemo.wordCount, inputs, ControlsMemo.bytes) == 0
  }

  /// Remembers what followed.
  func add(_ controls: Translation.KnownControls) {
    previous = last
    last = (last + 1) % ControlsMemo.count
    (words + last * ControlsMemo.wordCount).update(from: inputs, count: ControlsMemo.wordCount)
    known[last] = controls
  }
}
