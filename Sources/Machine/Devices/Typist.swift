import MMU

/// Who types: key by key, from cycles on that options and serial text decide.
struct Typist {
  /// A key goes down or up.
  private struct Movement {
    let cycle: UInt64
    let bytes: [UInt8]
  }

  /// Movements to come, the next one last.
  private var movements: [Movement] = []
  /// Texts that wait for serial text, each for those before it.
  private var waiting: [(watch: SerialWatch, movements: [[UInt8]])] = []
  /// Cycles from a movement to the next: 20 ms.
  private let interval: UInt64

  init(_ texts: [TypedText], clock: UInt64) {
    interval = max(clock / 50, 1)
    for text in texts {
      switch text.moment {
      case .cycle(let cycle): add(text.movements, from: cycle)
      case .serial(let pattern):
        guard let regex = try? Regex(pattern) else { continue }
        waiting.append((SerialWatch(regex), text.movements))
      }
    }
  }

  private mutating func add(_ new: [[UInt8]], from cycle: UInt64) {
    for (number, bytes) in new.enumerated() {
      let (delay, overflow) = interval.multipliedReportingOverflow(by: UInt64(number))
      let (time, isLate) = cycle.addingReportingOverflow(delay)
      guard !overflow, !isLate else { return }
      let place = movements.firstIndex { $0.cycle <= time } ?? movements.endIndex
      movements.insert(Movement(cycle: time, bytes: bytes), at: place)
    }
  }

  /// How many texts wait for serial text.
  var waitingCount: Int { waiting.count }

  /// The guest has transmitted a byte on COM1.
  mutating func transmitted(_ byte: UInt8, at cycle: UInt64) {
    guard !waiting.isEmpty, waiting[0].watch.take(byte) else { return }
    add(waiting.removeFirst().movements, from: cycle)
  }

  /// The cycle of the next movement.
  var nextEvent: UInt64? { movements.last?.cycle }

  /// Takes what is due by a cycle.
  mutating func next(by cycle: UInt64) -> [UInt8]? {
    guard let movement = movements.last, movement.cycle <= cycle else { return nil }
    return movements.removeLast().bytes
  }

  /// Adds what is to come.
  func hash(into hasher: inout StateHasher) {
    for movement in movements {
      hasher.add(movement.cycle)
      movement.bytes.withUnsafeBytes { hasher.add($0) }
    }
    guard let first = waiting.first else { return }
    hasher.add(UInt64(waiting.count))
    first.watch.hash(into: &hasher)
  }
}
