/// All that was measured: CPU seconds by guest and emulator, and what failed.
struct Measurement {
  let emulators: [Emulator]
  private(set) var failures: [String] = []
  private var samples: [Guest: [Emulator.Role: [Double]]] = [:]

  init(_ emulators: [Emulator]) { self.emulators = emulators }

  /// Runs a guest on all emulators in turn, so that what else happens on the host meets all of them alike. The first
  /// round warms up and is not counted. An emulator that fails is not tried again with this guest.
  mutating func measure(_ guest: Guest, runs: Int, limit seconds: Double) {
    var remaining = emulators
    for round in 0...runs {
      for emulator in remaining {
        do {
          let cpuSeconds = try emulator.run(guest, limit: seconds)
          if round > 0 {
            samples[guest, default: [:]][emulator.role, default: []].append(cpuSeconds)
          }
        } catch {
          failures.append("\(error)")
          samples[guest]?[emulator.role] = nil
          remaining.removeAll { $0.role == emulator.role }
        }
      }
    }
  }

  /// CPU seconds of a guest, those of an empty guest on the same emulator taken off.
  func seconds(_ guest: Guest, on role: Emulator.Role) -> [Double] {
    guard guest != .empty else { return samples[.empty]?[role] ?? [] }
    guard let startUp = statistics(.empty, on: role)?.median else { return [] }
    return (samples[guest]?[role] ?? []).map { $0 - startUp }
  }

  func statistics(_ guest: Guest, on role: Emulator.Role) -> Statistics? {
    Statistics(seconds(guest, on: role))
  }

  /// How much faster than `role` this project's emulator ran a guest.
  func ratio(_ guest: Guest, to role: Emulator.Role) -> Double? {
    guard guest != .empty, role != .shootdown,
      let ours = statistics(guest, on: .shootdown)?.median, let theirs = statistics(guest, on: role)?.median,
      ours > 0, theirs > 0
    else { return nil }
    return theirs / ours
  }

  func ratios(to role: Emulator.Role) -> [Guest: Double] {
    var result: [Guest: Double] = [:]
    for guest in Guest.measured {
      result[guest] = ratio(guest, to: role)
    }
    return result
  }
}
