import CPU
import MMU
import Races

// Setting stops, listing them, and finding out which of them has been met.

extension Session {
  /// Has runs stop where the stops are that are enabled.
  ///
  /// - Parameter temporary: linear addresses beside.
  func arm(temporary: Set<UInt64> = []) {
    var places = ExecutionStops()
    places.linear = ExecutionStops.Places(temporary)
    var watches: [MachineEvents.Watch] = []
    events.awaited.removeAll()
    for stop in stops where stop.isEnabled {
      switch stop.kind {
      case .linear(let address): places.linear.addresses.insert(address)
      case .logical(let selector, let offset): places.linear.addresses.insert(linearAddress(selector, offset))
      case .guestPhysical(let address): places.guestPhysical.addresses.insert(address)
      case .physical(let address): places.physical.addresses.insert(address)
      case .watch(let accesses, let level, let range):
        if accesses.contains(.execute) {
          switch level {
          case .linear: places.linear.ranges.append(range)
          case .guestPhysical: places.guestPhysical.ranges.append(range)
          case .physical: places.physical.ranges.append(range)
          }
        }
        if !accesses.isDisjoint(with: [.read, .write]) {
          watches.append(MachineEvents.Watch(stop: stop.number, accesses: accesses, level: level, range: range))
        }
      case .event(let kind): events.awaited.append((stop.number, kind))
      }
    }
    board.stop(at: places)
    events.watch(watches, board.processors)
  }

  /// Where an offset of a segment lies: by the segment register that holds the selector, or as in real mode.
  private func linearAddress(_ selector: UInt16, _ offset: UInt64) -> UInt64 {
    let s = processor.state.pointee
    if s.segments.1.selector == selector || s.cr0 & 1 == 0 {
      let base = s.segments.1.selector == selector ? s.segments.1.base : UInt64(selector) << 4
      return processor.codeBits == 64 ? offset : (base &+ offset) & 0xFFFF_FFFF
    }
    return offset
  }

  // MARK: What has been met

  /// A stop that a run has come to.
  struct Hit {
    let processor: Int
    let stop: Int
    let text: String
  }

  /// The stops that the run that has just ended came to, if their conditions hold.
  func hits(_ more: Expression?) throws -> [Hit] {
    var hits: [Hit] = []
    for reason in events.takeReasons() {
      guard let stop = stops.first(where: { $0.number == reason.stop }) else { continue }
      if try holds(stop.condition, more, reason.processor) {
        hits.append(Hit(processor: reason.processor, stop: stop.number, text: reason.text))
      }
    }
    for (number, processor) in board.processors.enumerated() where processor.isAtStopAddress {
      for stop in stops where stop.isEnabled && stop.isMet(before: processor) {
        guard try holds(stop.condition, more, number) else { continue }
        hits.append(Hit(processor: number, stop: stop.number, text: stop.text(place)))
      }
    }
    return hits
  }

  /// Whether conditions hold on a processor. One that cannot be evaluated stops the run too.
  private func holds(_ first: Expression?, _ second: Expression?, _ number: Int) throws -> Bool {
    for condition in [first, second].compactMap(\.self) {
      do {
        if try condition.value(in: ProcessorContext(self, number)) == 0 { return false }
      } catch {
        say("a condition cannot be evaluated: \(error)")
        return true
      }
    }
    return true
  }

  /// Tells of stops, and turns to the processor that met the first.
  func tell(_ hits: [Hit], counts: Bool = true) {
    guard let first = hits.first else { return }
    selected = first.processor
    for hit in hits {
      if counts, let index = stops.firstIndex(where: { $0.number == hit.stop }) { stops[index].hits += 1 }
      say("stop \(hit.stop), cpu\(hit.processor): \(hit.text)")
    }
  }

  // MARK: Commands

  private func add(_ kind: StopPoint.Kind, _ condition: Substring?) throws {
    let stop = StopPoint(
      number: nextStop, kind: kind, condition: try condition.map { try ExpressionParser.parse($0) },
      conditionText: condition.map { String($0) } ?? "")
    guard stops.count < 1000 else { throw Complaint("there are 1000 stops; 'delete' some") }
    stops.append(stop)
    nextStop += 1
    arm()
    say(describe(stop))
  }

  private func describe(_ stop: StopPoint) -> String {
    let condition = stop.conditionText.isEmpty ? "" : " if \(stop.conditionText)"
    let hits = stop.hits == 0 ? "" : stop.hits == 1 ? ", met once" : ", met \(stop.hits) times"
    return "stop \(stop.number): \(stop.text(place))\(condition)\(stop.isEnabled ? "" : ", disabled")\(hits)"
  }

  /// `break`, `gbreak`, `pbreak`.
  func setBreakpoint(_ arguments: Arguments, _ level: Expression.Level = .linear) throws {
    var arguments = arguments
    let condition = arguments.condition()
    let address = arguments.isEmpty && level == .linear ? processor.linearRIP : try value(arguments.rest)
    switch level {
    case .linear: try add(.linear(address), condition)
    case .guestPhysical: try add(.guestPhysical(address), condition)
    case .physical: try add(.physical(address), condition)
    }
  }

  /// `vbreak`.
  func setLogicalBreakpoint(_ arguments: Arguments) throws {
    var arguments = arguments
    let condition = arguments.condition()
    let parts = arguments.rest.split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else { throw Complaint("vbreak SELECTOR:OFFSET") }
    let (selector, offset) = (try value(parts[0]), try value(parts[1]))
    guard let selector = UInt16(exactly: selector) else { throw Complaint("\(hex(selector)) is no selector") }
    try add(.logical(selector, offset), condition)
  }

  /// `watch`.
  func watch(_ arguments: Arguments) throws {
    var arguments = arguments
    let condition = arguments.condition()
    let (accesses, level) = try kind(of: &arguments)
    guard let address = try value(at: &arguments) else { throw Complaint("watch: an address is missing") }
    let length = try value(at: &arguments) ?? 8
    try arguments.end()
    let (end, overflow) = address.addingReportingOverflow(length &- 1)
    guard length > 0, length <= 1 << 20, !overflow else { throw Complaint("a watched range has 1 byte to 1 MiB") }
    try add(.watch(accesses, level, address...end), condition)
  }

  private func kind(of arguments: inout Arguments) throws -> (StopPoint.Accesses, Expression.Level) {
    var accesses: StopPoint.Accesses = []
    var level = Expression.Level.linear
    var ahead = arguments
    if let word = ahead.word(), !word.isEmpty, word.count <= 3, word.allSatisfy({ "rwx".contains($0) }) {
      if word.contains("r") { accesses.insert(.read) }
      if word.contains("w") { accesses.insert(.write) }
      if word.contains("x") { accesses.insert(.execute) }
      arguments = ahead
    }
    if arguments.take("physical") {
      level = .physical
    } else if arguments.take("guest") {
      level = .guestPhysical
    } else {
      _ = arguments.take("linear")
    }
    return (accesses.isEmpty ? .write : accesses, level)
  }

  /// What `catch` takes.
  static let eventNames = ["exception", "mode", "inv", "stale", "verdict", "entry-failure", "port", "msr"]

  /// `catch`.
  func catchEvents(_ arguments: Arguments) throws {
    var arguments = arguments
    let condition = arguments.condition()
    let kind: EventKind
    switch arguments.word() {
    case "exception": kind = .exception(try arguments.number("vector", atMost: 255).map { UInt8($0) })
    case "mode": kind = .mode
    case "inv", "invalidation": kind = .invalidation
    case "entry-failure": kind = .entryFailure
    case "stale": kind = .staleUse
    case "verdict": kind = .verdict(try verdict(arguments.word()))
    case "port": kind = .port(try value(at: &arguments).map { try narrow($0, "port") })
    case "msr": kind = .modelSpecific(try value(at: &arguments).map { try narrow($0, "MSR") })
    case let word:
      throw Complaint(
        "catch \(word ?? "what")? exception [N], mode, inv, stale, verdict [NAME], entry-failure, port [E] or msr [E]")
    }
    try arguments.end()
    try add(.event(kind), condition)
  }

  private func verdict(_ name: String?) throws -> Verdict? {
    guard oracle != nil else { throw Complaint("the oracle is off: --oracle") }
    guard let name else { return nil }
    guard let verdict = Verdict(rawValue: name) else {
      throw Complaint("'\(name)' is no verdict: \(Verdict.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return verdict
  }

  /// Has runs stop at a violation that the oracle sees, as `catch verdict` does.
  package func stopAtViolations() { carryOut("catch verdict") }

  private func narrow<T: FixedWidthInteger>(_ value: UInt64, _ what: String) throws -> T {
    guard let narrow = T(exactly: value) else { throw Complaint("\(hex(value)) is no \(what)") }
    return narrow
  }

  /// `vmexitbp`.
  func catchExits(_ arguments: Arguments) throws {
    var arguments = arguments
    let condition = arguments.condition()
    var reason: UInt32?
    if let word = arguments.word() {
      guard let known = ExitText.reason(word) else { throw Complaint("'\(word)' is no basic exit reason") }
      reason = known
    }
    try arguments.end()
    try add(.event(.exit(reason)), condition)
  }

  /// `delete`, `enable`, `disable`: some, or all.
  func change(_ arguments: Arguments, _ change: (inout StopPoint) -> Bool) throws {
    var arguments = arguments
    var numbers: Set<UInt64> = []
    while let number = try arguments.number("number of a stop") {
      guard stops.contains(where: { UInt64($0.number) == number }) else {
        throw Complaint("there is no stop \(number)")
      }
      numbers.insert(number)
    }
    stops = stops.compactMap { stop in
      guard numbers.isEmpty || numbers.contains(UInt64(stop.number)) else { return stop }
      var changed = stop
      return change(&changed) ? changed : nil
    }
    arm()
  }

  /// `info breakpoints`.
  func showStops(_ arguments: Arguments) throws {
    try arguments.end()
    if stops.isEmpty { return say("no stops are set") }
    for stop in stops { say(describe(stop)) }
  }
}
