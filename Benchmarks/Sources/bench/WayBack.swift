import Foundation

/// What a step back costs far from where the machine was started: 10 G instructions, with 1 GiB for snapshots.
struct WayBack {
  /// Seconds of each step back.
  private var seconds: [Double] = []
  /// Each by the time of a run forward over as many instructions as it had to run again.
  private var ratios: [Double] = []

  /// Where the steps are.
  private static let start: UInt64 = 10_500_000_000
  /// Cycles between them: near to what lies between two snapshots.
  private static let distance: UInt64 = 60_000_000

  /// Measures.
  ///
  /// - Parameter steps: how many steps back, each from another place.
  /// - Throws: `BenchError` when the monitor does not say what it should.
  init(_ program: String, images: URL, steps: Int, limit: Double) throws {
    var commands = ["goto \(WayBack.start)", "info history"]
    for _ in 0..<steps {
      commands += ["time reverse-step", "info history", "time goto cycle + \(WayBack.distance)", "info history"]
    }
    let monitor = try Emulator.monitor(
      program, images: images, commands: commands.joined(separator: "\n") + "\nquit\n")
    let lines = try Files.withScratch { directory in
      let child = try ChildProcess.run(
        monitor.program, try monitor.prepare(.far, directory) + ["--history", "1G"], in: directory, limit: limit)
      guard child.end == .exited(0) else { throw BenchError("the way back: \(child.end.description)") }
      return Files.lines(directory.appendingPathComponent(monitor.serialFile))
    }
    let times = lines.compactMap { WayBack.number(in: $0, before: " s of processor time") }
    let replayed = lines.compactMap { WayBack.number(in: $0, before: " instructions", behind: "replayed ") }
    let places = lines.compactMap { WayBack.number(in: $0, before: " instructions and", behind: "here ") }
    guard times.count == 2 * steps, replayed.count >= steps, places.count == 2 * steps + 1, let first = places.first,
      first >= 10e9
    else { throw BenchError("the way back: the monitor has not said what was expected of it") }
    for step in 0..<steps {
      let forward = times[2 * step + 1] / (places[2 * step + 2] - places[2 * step + 1])
      seconds.append(times[2 * step])
      ratios.append(times[2 * step] / (replayed[step] * forward))
    }
  }

  private static func number(in line: String, before end: String, behind start: String = "") -> Double? {
    guard let tail = line.range(of: end) else { return nil }
    let head = line[..<tail.lowerBound]
    guard !start.isEmpty else { return Double(head) }
    guard let begin = head.range(of: start, options: .backwards) else { return nil }
    return Double(head[begin.upperBound...])
  }

  /// The rows.
  var comparisons: [Comparison] {
    [
      Comparison(
        name: "cost of a step back, 10 G instructions from the start, by that of running what it replays",
        value: Statistics(ratios)?.median ?? .infinity, limit: 1.2, isCost: true, unit: " times"),
      Comparison(
        name: "a step back there", value: Statistics(seconds)?.median ?? .infinity, limit: 0.2, isCost: true, unit: " s"
      ),
    ]
  }
}
