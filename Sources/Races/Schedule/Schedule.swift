/// A few preemptions: at a point that a processor comes to, cycles are added to its clock (docs/SCHEDULE.md).
public struct Schedule: Equatable, Sendable {
  /// What a processor may come to.
  public enum Point: String, CaseIterable, Sendable {
    /// A store that changes a structure entry which live mappings came from.
    case storeStructure = "store.structure"
    /// A walk that ends in a translation.
    case fill
    /// An instruction that invalidates translations.
    case invalidation = "inv"
    /// A message to another processor: an interrupt, INIT or SIPI.
    case message = "ipi"
    /// An NMI to another processor.
    case nonMaskable = "nmi"
    /// A VM entry.
    case entry
    /// A VM exit.
    case exit
    /// IRET.
    case iret
    /// PAUSE.
    case pause
    /// An instruction with a LOCK prefix.
    case lock
  }

  /// One preemption.
  public struct Preemption: Equatable, Sendable {
    /// The processor.
    public let processor: Int
    /// What it comes to.
    public let point: Point
    /// For the how-manieth time since the window opened, from 1.
    public let number: UInt64
    /// Cycles added to its clock behind the instruction.
    public let cycles: UInt64

    /// The line of a file.
    public var text: String { "at cpu\(processor) \(point.rawValue) #\(number) +\(cycles)" }
  }

  /// What is wrong with a file.
  public struct Failure: Error, CustomStringConvertible, Sendable {
    /// The line, from 1.
    public let line: Int
    /// What is wrong with it.
    public let problem: String

    /// One line for people.
    public var description: String { "line \(line): \(problem)" }
  }

  /// The first line of a file.
  public static let header = "# shootdown schedule 1"
  /// Lines of a file at most.
  private static let limit = 10_000

  /// The preemptions, in the file's order.
  public let preemptions: [Preemption]

  /// A schedule of one's own.
  public init(_ preemptions: [Preemption]) { self.preemptions = preemptions }

  /// Reads a file's text.
  public init(text: String) throws(Failure) {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard lines.first.map(String.init) == Schedule.header else {
      throw Failure(line: 1, problem: "a schedule begins with '\(Schedule.header)'")
    }
    guard lines.count <= Schedule.limit else {
      throw Failure(line: Schedule.limit, problem: "\(lines.count) lines; \(Schedule.limit) are the most")
    }
    var preemptions: [Preemption] = []
    for (index, line) in lines.enumerated() {
      let words = line.split(separator: " ").map(String.init)
      if words.isEmpty || line.hasPrefix("#") { continue }
      guard let preemption = Schedule.preemption(words) else {
        throw Failure(line: index + 1, problem: "'\(line.prefix(80))' is not 'at cpuN POINT #COUNT +CYCLES'")
      }
      preemptions.append(preemption)
    }
    self.preemptions = preemptions
  }

  private static func preemption(_ words: [String]) -> Preemption? {
    guard words.count == 5, words[0] == "at", words[1].hasPrefix("cpu"), words[3].hasPrefix("#"),
      words[4].hasPrefix("+"), let processor = Int(words[1].dropFirst(3)), (0..<64).contains(processor),
      let point = Point(rawValue: words[2]), let number = UInt64(words[3].dropFirst()), number > 0,
      let cycles = UInt64(words[4].dropFirst()), cycles <= 1 << 40
    else { return nil }
    return Preemption(processor: processor, point: point, number: number, cycles: cycles)
  }

  /// The text of a file.
  public var text: String { ([Schedule.header] + preemptions.map(\.text)).joined(separator: "\n") + "\n" }
}
