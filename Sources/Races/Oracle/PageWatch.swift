import EPTTLB
import MMU

/// Pages of memory whose stores are looked at, for several who look: a page is watched as long as anybody wants it.
final class PageWatch {
  private let memory: PhysicalMemory
  private var counts: [UInt64: Int] = [:]

  init(_ memory: PhysicalMemory) { self.memory = memory }

  deinit {
    for page in counts.keys { memory.watch(page: page, false) }
  }

  /// One more wants a page, or one fewer.
  func watch(_ page: UInt64, _ isWanted: Bool) {
    let count = counts[page, default: 0] + (isWanted ? 1 : -1)
    counts[page] = count > 0 ? count : nil
    if isWanted && count == 1 { memory.watch(page: page, true) }
    if !isWanted && count == 0 { memory.watch(page: page, false) }
  }
}
