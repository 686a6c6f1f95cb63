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

  /// Every row, as it comes in. One that cannot be measured, because a run takes too long, say, stops no other.
  func all(_ take: (Comparison) -> Void) {
    func row(_ name: String, _ limit: Double?, isCost: Bool = false, unit: String = "", _ value: () throws -> Double) {
      do {
        take(Comparison(name: name, value: try value(), limit: limit, isCost: isCost, unit: unit))
      } catch {
        take(Comparison(name: "\(name): \(error)", value: .nan, limit: limit, isCost: isCost, unit: unit))
      }
    }
    for count in [2, 4, 8] {
      row("speed of \(count) processors together by that of one", 0.8) {
        Double(count) / (try ratio((.together, []), (.together, ["--cpus", "\(count)"])))
      }
    }
    row("speed of 4 processors at quantum 1 by that at the default", nil) {
      1 / (try ratio((.together, ["--cpus", "4"]), (.together, ["--cpus", "4", "--quantum", "1"])))
    }
    // The stale guest reads a tenth as often.
    row("speed of reads by a stale mapping by that of others", 0.1) { 0.1 / (try ratio((.fresh, []), (.stale, []))) }
    row("cost of stores to page tables in use", nil, isCost: true, unit: " times") {
      try ratio((.plain, []), (.tables, []))
    }
    let plain = Guest.compute.filter(\.isInMean)
    for (what, switched) in [("oracle", ["--oracle", "off"]), ("observer", ["--observer", "off"])] {
      row("cost of the \(what), plain code", 1.05, isCost: true, unit: " times") { try cost(of: switched, plain) }
      row("cost of the \(what), exits", 1.2, isCost: true, unit: " times") { try cost(of: switched, Guest.exits) }
    }
    row("cost of a breakpoint in the page of the code that runs", 1.05, isCost: true, unit: " times") {
      let breaks = try plain.map { try breakpoint($0) }
      return exp(breaks.map { log($0) }.reduce(0, +) / Double(breaks.count))
    }
    do {
      for row in try WayBack(emulator.program, images: images, steps: runs, limit: limit).comparisons { take(row) }
    } catch {
      take(Comparison(name: "a step back: \(error)", value: .nan, limit: 0, isCost: true, unit: ""))
    }
    row("memory of a processor", 16, isCost: true, unit: " MiB") {
      (try peak(["--cpus", "8"]) - peak(["--cpus", "1"])) / 7 / 1_048_576
    }
  }
}
