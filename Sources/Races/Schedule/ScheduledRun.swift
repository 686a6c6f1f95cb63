import CPU
import Machine

/// Watches a run, counts the points that its processors come to, and holds them up where a schedule says so.
///
/// From the opening of the window on, until every preemption is done, it sees instruction by instruction: cycles are added
/// between two of them, so that a result does not depend on how blocks are formed.
final class ScheduledRun: RunObserver {
  private let schedule: Schedule
  private let window: UInt64
  private var left: Int
  private var counts: [Key: UInt64] = [:]
  /// Points of the step under way.
  private var pending: [Key] = []
  private var retired: UInt64 = 0
  private var seen: Schedule.Point?
  private var isStepping = false

  private struct Key: Hashable {
    let processor: Int
    let point: Schedule.Point
  }

  /// - Parameter window: the cycle from which on points are counted.
  init(_ schedule: Schedule, window: UInt64) {
    self.schedule = schedule
    self.window = window
    left = schedule.preemptions.count
  }

  /// Preemptions whose points nobody has come to.
  var undone: Int { left }

  var stepsFrom: UInt64? { left > 0 ? window : nil }

  /// A processor has come to a point.
  func came(to point: Schedule.Point, _ processor: Int) {
    if isStepping { pending.append(Key(processor: processor, point: point)) }
  }

  func willStep(_ processor: Processor) {
    isStepping = true
    retired = processor.state.pointee.instructions
    seen = Self.point(at: processor)
  }

  func didStep(_ processor: Processor) {
    isStepping = false
    let number = processor.translation.processorNumber
    if let seen, processor.state.pointee.instructions != retired { pending.append(Key(processor: number, point: seen)) }
    for key in pending {
      let count = counts[key, default: 0] + 1
      counts[key] = count
      for preemption in schedule.preemptions
      where preemption.processor == key.processor && preemption.point == key.point && preemption.number == count {
        left -= 1
        processor.state.pointee.cycles &+= preemption.cycles
        processor.requestStop()
      }
    }
    pending.removeAll(keepingCapacity: true)
  }

  func runGoesOn(_ processors: [Processor]) {}

  /// The point that the next instruction is, by its bytes.
  private static func point(at processor: Processor) -> Schedule.Point? {
    let state = processor.state.pointee
    let is64Bit = state.mode & 2 != 0
    let address = is64Bit ? state.rip : (state.codeBase &+ state.rip) & 0xFFFF_FFFF
    var isRepeat = false
    for byte in processor.peek(address, count: 8) {
      switch byte {
      case 0xF0: return .lock
      case 0xF3: isRepeat = true
      case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF2: continue
      case 0x40...0x4F where is64Bit: continue
      case 0x90: return isRepeat ? .pause : nil
      case 0xCF: return .iret
      default: return nil
      }
    }
    return nil
  }
}
