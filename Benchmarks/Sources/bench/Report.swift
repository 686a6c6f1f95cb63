import Foundation

/// Writes what is measured as it comes in: a table for people, or one JSON object a line.
struct Report {
  let isJSON: Bool

  /// The schema's version stands in every object.
  private struct Event<Body: Encodable>: Encodable {
    let schema = "bench/1"
    let event: String
    let body: Body

    enum CodingKeys: String, CodingKey { case schema, event }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(schema, forKey: .schema)
      try container.encode(event, forKey: .event)
      try body.encode(to: encoder)
    }
  }

  private func emit(_ event: String, _ body: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // What could not be measured has no number.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
    guard let data = try? encoder.encode(Event(event: event, body: body)) else { return }
    write(String(decoding: data, as: UTF8.self))
  }

  /// A line at once: the next one may be a minute away.
  private func write(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

  // MARK: - Events

  func host(_ description: String, runs: Int) {
    if isJSON {
      emit("host", ["host": description, "runs": "\(runs)"])
    } else {
      write("host: \(description); CPU seconds, median of \(runs) (min-max), start-up taken off")
    }
  }

  func missing(_ role: Emulator.Role, because reason: String) {
    if isJSON {
      emit("missing", ["emulator": role.rawValue, "reason": reason])
    } else {
      write("\(role.title): skipped, \(reason)")
    }
  }

  func found(_ emulator: Emulator) {
    if isJSON {
      emit(
        "emulator",
        [
          "emulator": emulator.role.rawValue, "program": emulator.program, "version": emulator.version,
          "configuration": emulator.configuration,
        ])
      return
    }
    write("\(emulator.role.title): \(emulator.version), \(emulator.program)")
    if !emulator.configuration.isEmpty {
      write("  \(emulator.configuration)")
    }
  }

  private struct Result: Encodable {
    let benchmark: Guest
    let emulator: Emulator.Role
    let seconds: [Double]
    let statistics: Statistics
    let ratio: Double?
  }

  private struct Geomean: Encodable {
    let emulator: Emulator.Role
    let ratio: Double
  }

  func header(_ measurement: Measurement) {
    guard !isJSON else { return }
    let titles = measurement.emulators.map { Self.cell($0.role.title, 20) }
    let ratios = Self.compared(measurement).map { Self.cell("\($0.title) / ours", 18) }
    write("")
    write((["benchmark"] + titles + ratios).joined(separator: " "))
  }

  func row(_ guest: Guest, _ measurement: Measurement) {
    if isJSON {
      for role in measurement.emulators.map(\.role) {
        guard let statistics = measurement.statistics(guest, on: role) else { continue }
        emit(
          "result",
          Result(
            benchmark: guest, emulator: role, seconds: measurement.seconds(guest, on: role), statistics: statistics,
            ratio: measurement.ratio(guest, to: role)))
      }
      return
    }
    let cells = measurement.emulators.map { emulator in
      let text = measurement.statistics(guest, on: emulator.role).map {
        "\($0.median.fixed(3)) (\($0.min.fixed(2))-\($0.max.fixed(2)))"
      }
      return Self.cell(text ?? "failed", 20)
    }
    let ratios = Self.compared(measurement).map { role in
      Self.cell(measurement.ratio(guest, to: role)?.fixed(2) ?? "-", 18)
    }
    write(([guest.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0)] + cells + ratios).joined(separator: " "))
  }

  func footer(_ measurement: Measurement) {
    let means = Self.compared(measurement).map { role in
      (role, Statistics.geomean(of: measurement.ratios(to: role), complete: false))
    }
    if isJSON {
      for case (let role, let mean?) in means {
        emit("geomean", Geomean(emulator: role, ratio: mean))
      }
      return
    }
    guard !means.isEmpty else { return }
    let empty = measurement.emulators.map { _ in Self.cell("", 20) }
    let cells = means.map { Self.cell($0.1?.fixed(2) ?? "-", 18) }
    write((["geomean  "] + empty + cells).joined(separator: " ") + "  without rep")
  }

  func failure(_ text: String) {
    if isJSON {
      emit("failure", ["reason": text])
    } else {
      write("FAILED: \(text)")
    }
  }

  func comparison(_ comparison: Comparison) {
    if isJSON {
      emit("comparison", comparison)
    } else {
      write(comparison.text)
    }
  }

  func verdict(_ verdict: Verdict) {
    if isJSON {
      emit("check", verdict)
    } else {
      write(
        "\(verdict.isMet ? "met" : "NOT MET"): \(verdict.measure.rawValue) against \(verdict.against.title)"
          + "\(verdict.measure.isCost ? "" : " at least") \(verdict.atLeast.fixed(2)): \(verdict.reason)")
    }
  }

  // MARK: - Layout

  /// The columns of ratios: none without our own emulator.
  private static func compared(_ measurement: Measurement) -> [Emulator.Role] {
    let roles = measurement.emulators.map(\.role)
    return roles.contains(.shootdown) ? roles.filter { $0 != .shootdown } : []
  }

  /// Text at the right edge of a column.
  private static func cell(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
