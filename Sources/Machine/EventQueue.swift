import CPU
import MMU

/// What is to happen at a cycle, in the order of cycles and, at the same cycle, of entry.
struct EventQueue {
  /// A message on its way to a processor.
  struct Entry {
    let cycle: UInt64
    let sequence: UInt64
    let receiver: Int
    let message: InterruptMessage
  }

  /// Last is next.
  private var entries: [Entry] = []
  private var nextSequence: UInt64 = 0

  /// Cycle of what is next.
  var nextCycle: UInt64? { entries.last?.cycle }

  /// Puts a message on its way.
  mutating func add(_ message: InterruptMessage, to receiver: Int, at cycle: UInt64) {
    // It arrives behind those of its cycle.
    let place = entries.firstIndex { $0.cycle <= cycle } ?? entries.endIndex
    entries.insert(Entry(cycle: cycle, sequence: nextSequence, receiver: receiver, message: message), at: place)
    nextSequence += 1
  }

  /// Takes what is due by a cycle.
  mutating func next(by cycle: UInt64) -> Entry? {
    guard let entry = entries.last, entry.cycle <= cycle else { return nil }
    return entries.removeLast()
  }

  /// Adds what waits, in its order.
  func hash(into hasher: inout StateHasher) {
    for entry in entries {
      hasher.add(entry.cycle)
      hasher.add(UInt64(entry.receiver) << 32 | entry.message.word)
    }
  }
}

extension InterruptMessage {
  /// For a hash: everything but the destination, which is resolved.
  fileprivate var word: UInt64 {
    UInt64(vector) | UInt64(deliveryMode.rawValue) << 8 | (isLevel ? 1 << 16 : 0)
  }
}
