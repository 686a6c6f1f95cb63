/// A place in a machine's history: exact, because between two retired instructions only events can happen.
struct Moment: Comparable, Hashable {
  /// Instructions retired, of all processors.
  var instructions: UInt64
  /// Events delivered: exceptions, interrupts, VM exits.
  var events: UInt64

  /// So many instructions before, and whatever events came between.
  func earlier(by count: UInt64) -> Moment {
    let (earlier, isBefore) = instructions.subtractingReportingOverflow(count)
    return Moment(instructions: isBefore ? 0 : earlier, events: 0)
  }

  static func < (a: Moment, b: Moment) -> Bool {
    (a.instructions, a.events) < (b.instructions, b.events)
  }
}

/// What the person has written into the machine, at a moment: input, which a replay writes again.
struct Edit {
  /// What is written.
  enum Change {
    case register(processor: Int, name: String, value: UInt64)
    case memory(UInt64, [UInt8])
    case delay(processor: Int, cycles: UInt64)
    case translations(processor: Int, TranslationEdit)
  }

  /// Tells edits apart.
  let number: Int
  let moment: Moment
  let change: Change
}

/// What is done to a processor's translations by hand.
enum TranslationEdit {
  /// A mapping goes, as if for want of room.
  case evict(UInt64)
  /// An address is translated, as by speculation.
  case fill(UInt64)
  /// Everything goes.
  case flush
}
