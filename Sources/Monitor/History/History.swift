import Machine
import Races

/// The way back: snapshots that were taken while the machine ran, and what the person wrote into it. Between them a
/// replay gives the same machine again.
struct History {
  /// A snapshot, and how many of the edits were in the machine.
  struct Point {
    let moment: Moment
    /// The latest clock of a processor.
    let cycle: UInt64
    let applied: Int
    let counts: MachineEvents.Counts
    let facts: OracleFacts?
    let snapshot: Snapshot
  }

  /// Instructions between snapshots: what a step back replays at most, near to where the machine is.
  static let interval: UInt64 = 1 << 26
  /// Kept at most, whatever they cost.
  private static let maximumPoints = 4096

  /// In the order of their moments; the first is the beginning.
  private(set) var points: [Point] = []
  /// In the order of their moments; those from `applied` on lie ahead.
  private(set) var edits: [Edit] = []
  /// Edits that are in the machine.
  var applied = 0
  /// Edits ever made.
  private var count = 0
  /// Bytes that snapshots may take.
  var budget: Int

  init(budget: Int) { self.budget = budget }

  /// The edit that comes next on the way on.
  var nextEdit: Edit? { applied < edits.count ? edits[applied] : nil }

  /// The snapshot to start from to reach a moment.
  func point(before moment: Moment, applied: Int) -> Point? {
    points.last { $0.moment <= moment && $0.applied <= applied }
  }

  /// A snapshot of this course of events between two moments, the latest.
  func point(behind first: Moment, before last: Moment) -> Point? {
    points.last { $0.moment >= first && $0.moment < last && $0.applied <= applied }
  }

  /// Whether a snapshot is due.
  func isDue(at moment: Moment) -> Bool {
    guard let last = points.last(where: { $0.moment <= moment }) else { return true }
    return moment.instructions - last.moment.instructions >= History.interval
  }

  /// Instructions that a replay to a moment has to run.
  func distance(to moment: Moment) -> UInt64 {
    moment.instructions - (points.last { $0.moment <= moment }?.moment.instructions ?? 0)
  }

  /// Instructions at which a snapshot is due.
  func nextDue(after moment: Moment) -> UInt64 {
    let last = points.last { $0.moment <= moment }?.moment.instructions ?? moment.instructions
    let (due, overflow) = last.addingReportingOverflow(History.interval)
    return overflow ? .max : max(due, moment.instructions &+ 1)
  }

  /// Keeps a snapshot.
  ///
  /// - Parameter used: bytes that all of them take now; called again as they are thinned out.
  mutating func keep(
    _ snapshot: Snapshot, at moment: Moment, cycle: UInt64, _ counts: MachineEvents.Counts, _ facts: OracleFacts?,
    used: () -> Int
  ) {
    let index = points.firstIndex { $0.moment > moment || $0.moment == moment && $0.applied > applied } ?? points.count
    let point = Point(
      moment: moment, cycle: cycle, applied: applied, counts: counts, facts: facts, snapshot: snapshot)
    points.insert(point, at: index)
    while points.count > 2, used() > budget || points.count > History.maximumPoints { thin(around: moment) }
  }

  /// Drops the snapshot that is missed least: the further back, the wider the gaps may be.
  private mutating func thin(around now: Moment) {
    var (best, least) = (1, Double.infinity)
    for index in 1..<points.count - 1 {
      let gap = Double(points[index + 1].moment.instructions - points[index - 1].moment.instructions)
      let (own, present) = (points[index].moment.instructions, now.instructions)
      let distance = Double(own < present ? present - own : own - present) + 1
      if gap / distance < least { (best, least) = (index, gap / distance) }
    }
    points.remove(at: best)
  }

  /// A new edit: what lay ahead will not happen.
  mutating func add(_ change: Edit.Change, at moment: Moment) {
    cut(at: moment)
    count += 1
    edits.append(Edit(number: count, moment: moment, change: change))
    applied = edits.count
  }

  /// Forgets what lies ahead of a moment.
  private mutating func cut(at moment: Moment) {
    edits.removeSubrange(applied...)
    let applied = applied
    points.removeAll { $0.moment > moment || $0.applied > applied }
  }

  /// Goes over to another course of events: snapshots that belong to this one only are forgotten.
  mutating func replaceEdits(_ others: [Edit], common: Int) {
    let first = [edits, others].compactMap { $0.count > common ? $0[common].moment : nil }.min()
    points.removeAll { point in point.applied > common || first.map { point.moment > $0 } == true }
    edits = others
  }
}
