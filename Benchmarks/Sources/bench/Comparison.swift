import Foundation

/// A row that compares this project's emulator with itself: other processors, another policy, another guest.
struct Comparison: Encodable {
  /// What is compared.
  let name: String
  let value: Double
  /// What the value may be; nil: it is reported.
  let limit: Double?
  /// The limit is the most it may be, not the least.
  let isCost: Bool
  let unit: String

  var isMet: Bool { limit.map { isCost ? value <= $0 : value >= $0 } ?? true }

  /// One line.
  var text: String {
    let wanted = limit.map { " (at \(isCost ? "most" : "least") \($0.fixed(2)))" } ?? ""
    return "\(limit == nil ? "reported" : isMet ? "met" : "NOT MET"): \(name): \(value.fixed(3))\(unit)\(wanted)"
  }
}

/// Makes the comparisons, one after the other.
struct Comparisons {
  let emulator: Emulator
  let images: URL
  let runs: Int
  let limit: Double
  private let startUp: Double

  init(_ emulator: Emulator, images: URL, runs: Int, limit: Double) throws {
    (self.emulator, self.images, self.runs, self.limit) = (emulator, images, runs, limit)
    startUp = try Comparisons.median(emulator, .empty, [], runs, limit)
  }

  private static func median(
    _ emulator: Emulator, _ guest: Guest, _ arguments: [String], _ runs: Int, _ limit: Double
  ) throws -> Double {
    let seconds = try (0..<runs).map { _ in try emulator.run(guest, with: arguments, limit: limit).cpuSeconds }
    return Statistics(seconds)?.median ?? .infinity
  }

  /// CPU seconds of two runs in turn, start-up taken off: the second by the first.
  private func ratio(_ first: (Guest, [String]), _ second: (Guest, [String])) throws -> Double {
    var ratios: [Double] = []
    for _ in 0..<runs {
      let one = try emulator.run(first.0, with: first.1, limit: limit).cpuSeconds - startUp
      let two = try emulator.run(second.0, with: second.1, limit: limit).cpuSeconds - startUp
      ratios.append(two / max(one, 0.001))
    }
    return Statistics(ratios)?.median ?? .infinity
  }

  /// What a breakpoint costs that lies in the page of the code that runs, and is met no more: with the monitor and without
  /// one, in turn.
  private func breakpoint(_ guest: Guest) throws -> Double {
    let monitors = try ["", "break 100000h\n"].map {
      try Emulator.monitor(emulator.program, images: images, commands: $0 + "continue\nquit\n")
    }
    var ratios: [Double] = []
    for _ in 0..<runs {
      let seconds = try monitors.map { try $0.run(guest, limit: limit) - startUp }
      ratios.append(seconds[1] / max(seconds[0], 0.001))
    }
    return Statistics(ratios)?.median ?? .infinity
  }

  private func peak(_ arguments: [String]) throws -> Double {
    try emulator.run(.together, with: arguments, limit: limit).peakBytes
  }

  /// Geometric mean of what guests cost without an option that switches something off, by what they cost with it.
  private func cost(of switched: [String], _ guests: [Guest]) throws -> Double {
    let ratios = try guests.map { try ratio(($0, switched), ($0, [])) }
    return exp(ratios.map { log($0) }.reduce(0, +) / Double(ratios.count))
  }

  /// Every row, as it comes in.
  func all(_ take: (Comparison) -> Void) throws {
    for count in [2, 4, 8] {
      let slower = try ratio((.together, []), (.together, ["--cpus", "\(count)"]))
      take(
        Comparison(
          name: "speed of \(count) processors together by that of one", value: Double(count) / slower, limit: 0.8,
          isCost: false, unit: ""))
    }
    let fine = try ratio((.together, ["--cpus", "4"]), (.together, ["--cpus", "4", "--quantum", "1"]))
    take(
      Comparison(
        name: "speed of 4 processors at quantum 1 by that at the default", value: 1 / fine, limit: nil, isCost: false,
        unit: ""))
    // The stale guest reads a tenth as often.
    let stale = try ratio((.fresh, []), (.stale, []))
    take(
      Comparison(
        name: "speed of reads by a stale mapping by that of others", value: 0.1 / stale, limit: 0.1, isCost: false,
        unit: ""))
    let tables = try ratio((.plain, []), (.tables, []))
    take(
      Comparison(
        name: "cost of stores to page tables in use", value: tables, limit: nil, isCost: true, unit: " times"))
    let plain = Guest.compute.filter(\.isInMean)
    for (what, switched) in [("oracle", ["--oracle", "off"]), ("observer", ["--observer", "off"])] {
      let compute = try cost(of: switched, plain)
      take(
        Comparison(name: "cost of the \(what), plain code", value: compute, limit: 1.05, isCost: true, unit: " times"))
      let exits = try cost(of: switched, Guest.exits)
      take(Comparison(name: "cost of the \(what), exits", value: exits, limit: 1.2, isCost: true, unit: " times"))
    }
    let breaks = try plain.map { try breakpoint($0) }
    let breakMean = exp(breaks.map { log($0) }.reduce(0, +) / Double(breaks.count))
    take(
      Comparison(
        name: "cost of a breakpoint in the page of the code that runs", value: breakMean, limit: 1.05, isCost: true,
        unit: " times"))
    for row in try WayBack(emulator.program, images: images, steps: runs, limit: limit).comparisons { take(row) }
    let each = (try peak(["--cpus", "8"]) - peak(["--cpus", "1"])) / 7 / 1_048_576
    take(Comparison(name: "memory of a processor", value: each, limit: 16, isCost: true, unit: " MiB"))
  }
}
