import EPTTLB
import Races

/// What the tour says, in words for somebody who has not seen a shootdown before.
enum TourText {
  static let beginning = [
    "A missing shootdown, found and explained",
    "",
    "A hypervisor gives its guest memory by a table, the EPT (extended page table): each entry says which page of real",
    "memory a page of the guest's is. A processor does not read that table at each access. It remembers what it has read",
    "in a TLB of its own (translation lookaside buffer), and goes on using that when the table in memory has changed.",
    "So whoever takes a page away must change the entry and then have every processor forget: that is a shootdown.",
    "An instruction, INVEPT, makes a processor forget; but only the processor that executes it.",
    "",
    "The machine here is simulated, and has two processors. A small hypervisor, the program 'quiesce', runs one guest on",
    "both. In the guest, processor 1 reads the page at 400000h all the time; processor 0 asks the hypervisor to protect that",
    "page. The hypervisor takes it from the EPT, and then keeps a secret in it, which nobody in the guest may read.",
    "",
    "1. The hypervisor forgets to tell processor 1 (shootdown guests run quiesce --cpus 2 --append noflush)",
    "",
  ]

  /// The report of a mistake as a story.
  static func mistake(_ violation: Violation) -> [String] {
    let use = violation.use
    let user = use.processor
    var lines: [String] = []
    func tell(_ cycle: UInt64, _ text: String) {
      let number = String(cycle)
      lines.append(String(repeating: " ", count: max(0, 8 - number.count)) + number + "  " + text)
    }
    lines.append("   cycle  what happened")
    if let fill = violation.fill {
      tell(fill.cycle, "Processor \(user) reads the page, walks the tables, and remembers where the page lies.")
    }
    if let change = violation.change {
      tell(
        change.cycle,
        "Processor \(number(change.writer)) takes the page away: it changes the EPT's entry at "
          + "\(hexadecimal(change.address)) from \(hexadecimal(change.old)) to \(hexadecimal(change.new)), which leads nowhere."
      )
    }
    for missed in violation.missed where missed.processor != user {
      tell(
        missed.cycle,
        "Processor \(missed.processor) executes \(missed.text), the EPT's address. It forgets; processor \(user) does not."
      )
    }
    if let write = violation.write {
      tell(write.cycle, "Processor \(number(write.writer)) writes the secret into the page's memory.")
    }
    tell(
      use.cycle,
      "Processor \(user) reads address \(hexadecimal(use.address.value)) by what it remembers, and gets the "
        + "secret.")
    lines.append("")
    let own = violation.missed.filter { $0.processor == user }
    if own.isEmpty {
      lines.append("Processor \(user) has executed no INVEPT between the change and that read: that is the mistake.")
    }
    lines.append("On a real processor it may go well for years: the TLB may need the room for something else in time.")
    for (part, text) in violation.residency.prefix(1) {
      let verdict = text.prefix { $0 != "," }
      lines.append(
        "The TLB here keeps everything, unless it is told otherwise. Would one of the kind '\(part)' have kept it? \(verdict)."
      )
    }
    lines.append("")
    return lines
  }

  /// What the guest printed.
  static func printed(_ serial: [UInt8]) -> [String] {
    ["What the program says of it on its serial port (1: the secret was read, 0: it was not):"]
      + serialLines(serial).filter { $0.hasPrefix("read") }.map { "   " + $0 } + [""]
  }

  /// The report as `run` prints it, each line with what it says.
  static func wholeReport(_ lines: [String]) -> [String] {
    var told = [
      "That story comes from a report, which 'run' prints for people who know the words. Here it is, and under each line",
      "what it says (docs/ORACLE.md has more):", "",
    ]
    var before: [String] = []
    for line in lines {
      let (key, text) = meaning(of: line)
      told.append("   " + line)
      if let text, before.last != key { told += text.map { "        = " + $0 } }
      before.append(key)
    }
    return told + [""]
  }

  /// What a line of a report says.
  private static func meaning(of line: String) -> (key: String, text: [String]?) {
    let meanings: [(prefix: String, text: [String])] = [
      (
        "stale mapping",
        [
          "The verdict. A stale mapping is a remembered translation with which the tables in memory do not agree any more;",
          "'reused': its memory has another use since. Before that, the shootdown might still have been under way. 'present' is",
          "what the translation has and memory has not: that the page is there at all. A linear address is one of a program's.",
        ]
      ),
      (
        "  made:",
        [
          "When, and by which instruction's access, it was remembered: it leads from the guest's page to the real one and allows",
          "reads, writes and execution. Combined: by the guest's own tables and the EPT. Tags are whose it is: VPID and PCID",
          "number guests and their processes, EPTP is the EPT's address.",
        ]
      ),
      ("  changed:", ["Who changed the table, where, and the entry before and after: 0 is 'no page'."]),
      ("  reused:", ["Who wrote to the page's memory afterwards: the secret."]),
      ("  claimed:", ["Why the one who changed the table must have thought that the shootdown was done."]),
      ("  used:", ["The read itself: by which processor, where in its program, and which memory it reached."]),
      (
        "  no help:", ["What was done against it since, and why that did not reach this translation on this processor."]
      ),
      (
        "  would hardware",
        [
          "A real TLB has few places, in sets of so many ways. What would have pushed the translation out of its set in time?",
          "An estimate by what was remembered since (fills), for four processors; 'run --tlb sandybridge' has that one's TLB.",
        ]
      ),
    ]
    guard let found = meanings.first(where: { line.hasPrefix($0.prefix) }) else { return (line, nil) }
    return (found.prefix, found.text)
  }

  static func right(_ serial: [UInt8], isSilent: Bool) -> [String] {
    [
      "2. The hypervisor does it right (shootdown guests run quiesce --cpus 2)",
      "",
      "It stops processor 1 by an NMI, an interrupt that cannot be held off, and while processor 1 stands still changes the",
      "entry. Processor 1 executes INVEPT before it goes on, and only then is the secret written. Its next read finds no page.",
      isSilent
        ? "Nobody uses what is no longer true, and nothing is reported." : "Something is reported, which is wrong.",
      "What the program says of it:",
    ] + serialLines(serial).filter { $0.hasPrefix("read") }.map { "   " + $0 } + [""]
  }

  static func race(_ violation: Violation) -> [String] {
    [
      "3. A mistake that shows only when a processor is late",
      "",
      "In this form (--append hasty) the NMI stops nobody: processor 1 executes INVEPT and goes on. It goes out just before the",
      "entry changes. As a rule the change comes in time, and nobody reads the secret. But a processor may be slow at any",
      "point. If processor 0 is slow between the two, processor 1 executes INVEPT too early, and remembers the old entry again.",
      "A schedule says which processor is slow, where, and for how many cycles:",
      "",
    ] + schedule.split(separator: "\n").map { "   " + $0 } + [
      "",
      "Under it the same program fails each time, at the same instruction: processor \(violation.use.processor) reads the "
        + "secret at cycle \(violation.use.cycle).",
      "With the two steps the other way round (--append shoot) it passes under the same schedule.",
      "",
    ]
  }

  static func files(_ folder: String) -> [String] {
    [
      "The schedule is \(folder)/race.schedule now, with both forms, hasty and shoot, beside it as scenarios. Run them again:",
      "",
      "   shootdown suite \(folder)/race.yaml \(folder)/race-mended.yaml",
    ]
  }

  // MARK: Files

  static let schedule = """
    # shootdown schedule 1
    # Processor 0 is slow by 20000 cycles after its first NMI to another processor.
    at cpu0 nmi #1 +20000

    """

  static var fileTexts: [(name: String, text: String)] {
    [
      ("race.schedule", schedule),
      (
        "race.yaml",
        scenario("the NMI goes out before the change", "hasty", schedule: "race.schedule")
          + "expect:\n  status: 3\n  violations: some\n"
      ),
      (
        "race-mended.yaml",
        scenario("the NMI goes out after the change", "shoot", schedule: "race.schedule")
          + "expect:\n  status: 1\n  violations: none\n"
      ),
    ]
  }

  /// A scenario of the guest `quiesce`, without what is expected of it.
  static func scenario(_ title: String, _ word: String?, schedule: String?) -> String {
    """
    name: \(title)
    machine:
      guest: quiesce
    \(word.map { "  append: \($0)\n" } ?? "")  cpus: 2
      memory: 16M
    \(schedule.map { "schedule: \($0)\n" } ?? "")max-cycles: 20000000

    """
  }

  // MARK: Words

  private static func serialLines(_ serial: [UInt8]) -> [String] {
    String(decoding: serial, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static func number(_ writer: Writer) -> Int {
    if case .processor(let number) = writer { number } else { 0 }
  }

  private static func hexadecimal(_ value: UInt64) -> String { String(value, radix: 16) + "h" }
}
