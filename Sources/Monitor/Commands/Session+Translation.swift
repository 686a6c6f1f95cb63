import CPU
import EPTTLB
import MMU

// Translation: `walk`, `info tlb`.

extension Session {
  /// `walk`.
  func walk(_ arguments: Arguments) throws {
    let address = try value(arguments.rest)
    for line in WalkReport(address, processor, number: selected).lines { say(line) }
  }

  /// `info tlb`.
  func showTranslations(_ arguments: Arguments) throws {
    var arguments = arguments
    var number = selected
    var kind: MappingKind?
    var isStructure: Bool?
    while let word = arguments.word() {
      switch word {
      case "linear": kind = .linear
      case "guest", "guest-physical": kind = .guestPhysical
      case "combined": kind = .combined
      case "structures": isStructure = true
      case "pages": isStructure = false
      default: number = try processorNumber(word)
      }
    }
    let cache = board.processors[number].translation.cache
    var count = 0
    cache.forEach { slot, entry in
      guard kind == nil || entry.kind == kind, isStructure == nil || entry.isStructure == isStructure else { return }
      count += 1
      say(TranslationText.line(slot, entry, cache))
    }
    say("cpu\(number): \(count) of \(cache.count) entries, policy \(cache.policy.name), \(cache.evictions) evicted")
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
    let target = entry.isStructure ? "table \(hex(entry.target))" : "page \(hex(entry.target))"
    var words = [
      kind.padded(7), hex(entry.prefix).padded(18), PageSize.text(shift: entry.shift).padded(4), "->",
      target.padded(18),
      rights(entry),
    ]
    words.append(tag(entry))
    if entry.isGlobal { words.append("global") }
    if !entry.isStructure {
      words.append("type \(entry.memoryType)")
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

  /// VPID, PCID, EP4TA, as far as they are not 0.
  static func tag(_ entry: CachedEntry) -> String {
    var words: [String] = []
    if entry.tag.vpid != 0 { words.append("vpid \(entry.tag.vpid)") }
    if entry.tag.pcid != 0 { words.append("pcid \(entry.tag.pcid)") }
    if entry.kind != .linear { words.append("ep4ta \(hex(entry.tag.ep4ta))") }
    return words.isEmpty ? "root \(hex(entry.root))" : words.joined(separator: " ")
  }
}
