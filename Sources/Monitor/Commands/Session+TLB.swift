import CPU
import EPTTLB
import MMU

// What processors remember of translations: `info tlb`, `tlb stale`, `tlb why`, `tlb evict`, `tlb fill`, `tlb flush`.

extension Session {
  /// `info tlb`.
  func showTranslations(_ arguments: Arguments) throws {
    var arguments = arguments
    var number = selected
    var kind: MappingKind?
    var isStructure: Bool?
    var tags: [(CachedEntry) -> Bool] = []
    while let word = arguments.word() {
      switch word {
      case "linear": kind = .linear
      case "guest", "guest-physical": kind = .guestPhysical
      case "combined": kind = .combined
      case "structures": isStructure = true
      case "pages": isStructure = false
      case "vpid", "pcid", "ep4ta":
        guard let tag = try value(at: &arguments) else { throw Complaint("info tlb: \(word) of what?") }
        tags.append { entry in
          word == "vpid" ? entry.tag.vpid == tag : word == "pcid" ? entry.tag.pcid == tag : entry.tag.ep4ta == tag
        }
      default: number = try processorNumber(word)
      }
    }
    let cache = board.processors[number].translation.cache
    var count = 0
    cache.forEach { slot, entry in
      guard kind == nil || entry.kind == kind, isStructure == nil || entry.isStructure == isStructure else { return }
      guard tags.allSatisfy({ $0(entry) }) else { return }
      count += 1
      if count <= 2000 { say(TranslationText.line(slot, entry, cache)) }
    }
    say("cpu\(number): \(count) of \(cache.count) entries, policy \(cache.policy.name), \(cache.evictions) evicted")
  }

  /// `tlb stale`.
  func showStale(_ arguments: Arguments) throws {
    try arguments.end()
    var count = 0
    for (number, processor) in board.processors.enumerated() {
      let cache = processor.translation.cache
      cache.forEach { slot, entry in
        guard cache.isSuspect(slot) else { return }
        count += 1
        say("cpu\(number) \(TranslationText.line(slot, entry, cache))")
        for line in provenance(slot, cache) { say("     \(line)") }
      }
    }
    if count == 0 { say("no mapping is suspect: every entry that one came from holds what it held") }
  }

  /// `tlb why`.
  func explain(_ arguments: Arguments) throws {
    let address = try value(arguments.rest)
    var count = 0
    for (number, processor) in board.processors.enumerated() {
      let cache = processor.translation.cache
      cache.forEach { slot, entry in
        guard entry.covers(address) else { return }
        count += 1
        say("cpu\(number) \(TranslationText.line(slot, entry, cache))")
        for line in sources(slot, cache) { say("     \(line)") }
        for line in provenance(slot, cache) { say("     \(line)") }
        for line in past(slot, number) + whyStillThere(entry, processor) { say("     \(line)") }
      }
    }
    if count == 0 { say("no processor remembers anything of \(hex(address))") }
  }

  /// The structure entries that a mapping came from, and what they hold now.
  private func sources(_ slot: Slot, _ cache: TranslationCache) -> [String] {
    cache.sources(slot).map { source in
      let now = board.memory.read(PhysicalAddress(source.address), as: UInt64.self)
      let ignored: UInt64 = source.isEPT ? 0x300 : 0x60
      let differs = (now ^ source.value) & ~ignored != 0
      return "from \(source.isEPT ? "EPT entry" : "entry") \(hex(source.address)) = \(hex(source.value))"
        + (differs ? ", which holds \(hex(now)) now" : "")
    }
  }

  /// Who changed what a mapping came from.
  private func provenance(_ slot: Slot, _ cache: TranslationCache) -> [String] {
    guard let suspicion = cache.suspicion(slot) else { return [] }
    var lines = [text(suspicion.first)]
    if suspicion.isInherited { lines[0] += "; it came by way of an entry that was suspect already" }
    if suspicion.count > 1 { lines.append("\(suspicion.count) changes; the latest: " + text(suspicion.latest)) }
    return lines
  }

  private func text(_ change: StructureChange) -> String {
    let writer: String
    switch change.writer {
    case .processor(let number): writer = "cpu\(number) at \(place(change.rip)), cycle \(change.cycle)"
    case .device: writer = "a device"
    case .monitor: writer = "you"
    }
    return "entry \(hex(change.address)) changed from \(hex(change.old)) to \(hex(change.new)) by \(writer)"
  }

  /// When it was made, and what has left it since.
  private func past(_ slot: Slot, _ number: Int) -> [String] {
    guard let history = oracle?.history(of: slot, on: number) else { return [] }
    let made = history.fill.map { "made by cpu\(number) at \(place($0.rip)), cycle \($0.cycle)" }
    return [made].compactMap(\.self)
      + history.missed.map {
        "left by cpu\($0.processor) at \(place($0.rip)), cycle \($0.cycle): \($0.text): \($0.reason)"
      }
  }

  /// Which invalidation would have taken it, as far as its tags say.
  private func whyStillThere(_ entry: CachedEntry, _ processor: Processor) -> [String] {
    let tag = processor.translation.controls.tag
    switch entry.kind {
    case .guestPhysical:
      return ["it goes with INVEPT, single-context of this EPTP or all-context; with no INVLPG, INVVPID or MOV to CR3"]
    case .linear, .combined:
      var text = "it goes with INVLPG of an address in it, INVPCID, MOV to CR3"
      if entry.isGlobal { text = "it is global, and stays with MOV to CR3; it goes with INVLPG of an address in it" }
      if entry.kind == .combined { text += ", INVEPT, INVVPID" }
      var lines = [text]
      if entry.tag.vpid != tag.vpid {
        lines.append(
          "its VPID is \(entry.tag.vpid), the processor's now \(tag.vpid): only INVVPID reaches it from here")
      } else if !entry.isGlobal, entry.tag.pcid != tag.pcid {
        lines.append("its PCID is \(entry.tag.pcid), the processor's now \(tag.pcid): INVLPG does not reach it")
      }
      return lines
    }
  }

  /// `tlb evict`.
  func evict(_ arguments: Arguments) throws {
    let address = try value(arguments.rest)
    let cache = processor.translation.cache
    let count = cache.slots(covering: address).count
    guard count > 0 else { throw Complaint("cpu\(selected) remembers no translation of \(hex(address))") }
    try edit(.translations(processor: selected, .evict(address)))
    say("\(count) evicted")
  }

  /// `tlb fill`.
  func fill(_ arguments: Arguments) throws {
    let address = try value(arguments.rest)
    try edit(.translations(processor: selected, .fill(address)))
    for line in WalkReport(address, processor, number: selected).lines.suffix(2) { say(line) }
  }

  /// `tlb flush`.
  func flush(_ arguments: Arguments) throws {
    try arguments.end()
    let count = processor.translation.cache.count
    try edit(.translations(processor: selected, .flush))
    say("\(count) gone")
  }
}

extension TranslationCache {
  /// Translations of an address, oldest first.
  func slots(covering address: UInt64) -> [Slot] {
    var slots: [Slot] = []
    forEach { slot, entry in if !entry.isStructure, entry.covers(address) { slots.append(slot) } }
    return slots
  }
}

extension Translation {
  /// Does to translations what a person asks for.
  func perform(_ change: TranslationEdit) {
    switch change {
    case .evict(let address): for slot in cache.slots(covering: address) { evictByHand(slot) }
    case .fill(let address): fillByHand(LinearAddress(address))
    case .flush: flushByHand()
    }
  }
}

/// What a processor remembers, for people.
enum TranslationText {
  /// One entry.
  static func line(_ slot: Slot, _ entry: CachedEntry, _ cache: TranslationCache) -> String {
    let kind: String
    switch entry.kind {
    case .linear: kind = "linear"
    case .guestPhysical: kind = "guest-physical"
    case .combined: kind = "combined"
    }
    var words = [
      kind, hex(entry.prefix).padded(14), PageSize.text(shift: entry.shift).padded(4), "->",
      "\(entry.isStructure ? "table" : "page") \(hex(entry.target))".padded(18),
    ]
    if entry.kind != .guestPhysical { words.append(rights(entry)) }
    if entry.kind != .linear { words.append("EPT " + rights(entry.eptRights)) }
    words.append(tag(entry))
    if entry.isGlobal { words.append("global") }
    if !entry.isStructure {
      words.append("type \(type(entry))")
      words.append(entry.isDirty ? "dirty" : "clean")
    }
    if cache.isSuspect(slot) { words.append("SUSPECT") }
    return words.joined(separator: " ")
  }

  /// r, w, x, u.
  static func rights(_ entry: CachedEntry) -> String {
    "r" + (entry.rights.contains(.write) ? "w" : "-") + (entry.rights.contains(.execute) ? "x" : "-")
      + (entry.rights.contains(.user) ? "u" : "-")
  }

  /// r, w, x of EPT.
  static func rights(_ rights: EPTRights) -> String {
    (rights.contains(.read) ? "r" : "-") + (rights.contains(.write) ? "w" : "-")
      + (rights.contains(.execute) ? "x" : "-")
  }

  private static func type(_ entry: CachedEntry) -> String {
    let names: [UInt8: String] = [0: "UC", 1: "WC", 4: "WT", 5: "WP", 6: "WB", 7: "UC-"]
    return names[entry.memoryType & 7] ?? "\(entry.memoryType)"
  }

  /// VPID, PCID, EP4TA, as far as they are not 0, and the root.
  static func tag(_ entry: CachedEntry) -> String {
    var words: [String] = []
    if entry.tag.vpid != 0 { words.append("vpid \(entry.tag.vpid)") }
    if entry.tag.pcid != 0 { words.append("pcid \(entry.tag.pcid)") }
    if entry.kind != .linear { words.append("ep4ta \(hex(entry.tag.ep4ta))") }
    if entry.kind != .guestPhysical { words.append("root \(hex(entry.root))") }
    return words.joined(separator: " ")
  }
}
