import EPTTLB
import MMU

/// A processor's mappings as the rules have them, from the log of what it has cached and of what has invalidated since.
///
/// It stands between a cache and its keeper, so it is told of each entry that comes, paging-structure-cache entries and
/// speculation among them, and of each that goes. What may remain is what came and has not gone; what a row of section I
/// ends must have gone when the operation is over; and what nothing ends must remain, where the policy keeps everything.
final class RuleModel: MappingKeeper {
  /// What must hold beside the rules, which leave a processor free to drop and to make.
  struct Promise {
    /// Of several translations the oldest is used, and a walk begins at the longest prefix.
    var isExact: Bool
    /// What nothing ends remains.
    var keeps: Bool
    /// What nobody asked for may be made.
    var speculates: Bool

    init(_ policy: RetentionPolicy) {
      switch policy {
      case .retain: (isExact, keeps, speculates) = (true, true, false)
      case .speculate: (isExact, keeps, speculates) = (true, true, true)
      case .flush: (isExact, keeps, speculates) = (true, false, false)
      case .random, .part: (isExact, keeps, speculates) = (false, false, false)
      }
    }
  }

  let translation: Translation
  let promise: Promise
  /// Everything that may remain, and by the emulator's slot.
  private var mappings = Mappings()
  private var bySlot: [Slot: Mapping] = [:]
  /// What has come and gone in the operation under way.
  private var filed: [Mapping] = []
  private var dropped: [Mapping] = []
  /// The first thing that no rule explains.
  private(set) var problem: String?
  /// How often each thing happened, so that a run that tries nothing is seen.
  var seen: [String: Int] = [:]

  init(_ translation: Translation) {
    self.translation = translation
    promise = Promise(translation.cache.policy)
    translation.cache.keeper = self
    translation.cache.tellsOfRevivals = true
  }

  /// Gives the cache its keeper back; the model is over.
  func detach() {
    translation.cache.keeper = translation
    translation.cache.tellsOfRevivals = false
  }

  private static let names = [
    ["linear translation", "linear structure"], ["guest-physical translation", "guest-physical structure"],
    ["combined translation", "combined structure"],
  ]

  // MARK: The log

  func mappingFiled(_ slot: Slot) {
    translation.mappingFiled(slot)
    check(slot)
  }

  func mappingRevived(_ slot: Slot) {
    translation.mappingRevived(slot)
    check(slot)
  }

  func mappingRetired(_ slot: Slot) {
    remove(slot)
    translation.mappingRetired(slot)
  }

  func mappingReleased(_ slot: Slot) { translation.mappingReleased(slot) }

  /// A mapping has come: whether a walk may make it.
  private func check(_ slot: Slot) {
    var mapping = Mapping(translation.cache[slot])
    if mapping.kind != .linear, !mapping.isStructure, let leaf = translation.cache.sources(slot).last {
      mapping.suppresses = leaf.value >> 63 != 0
    }
    // Rules C1 to C7: it must follow from memory, flags set, and from mappings that remained until now.
    var known = mappings
    for mapping in dropped { known.append(mapping) }
    var explanation = explanation(known: known, isExact: false, isLooking: true)
    if mapping.kind == .guestPhysical {
      explanation.lookGuestPhysical(mapping.prefix)
    } else {
      explanation.look(mapping.prefix)
    }
    if !explanation.made.contains(mapping) { note("made though nothing leads to it: \(mapping)") }
    seen[RuleModel.names[Int(mapping.kind.rawValue)][mapping.isStructure ? 1 : 0], default: 0] += 1
    mappings.append(mapping)
    bySlot[slot] = mapping
    filed.append(mapping)
  }

  func mappingDropped(_ slot: Slot) {
    remove(slot)
    translation.mappingDropped(slot)
  }

  private func remove(_ slot: Slot) {
    if let mapping = bySlot.removeValue(forKey: slot) {
      mappings.remove(mapping)
      dropped.append(mapping)
    } else {
      note("slot \(slot) goes, and was not there")
    }
  }

  private func note(_ text: String) { problem = problem ?? text }

  private func explanation(known: Mappings, isExact: Bool, isLooking: Bool = false) -> Explanation {
    let memory = translation.memory
    return Explanation(
      translation.controls, translation.memoryTypes, memory.base, size: memory.size, known: known, isExact: isExact,
      isLooking: isLooking)
  }

  // MARK: Operations

  /// An operation begins; stores of other processors may have had this one speculate before.
  private func begin() {
    if !promise.speculates, !filed.isEmpty { note("made outside of an operation: \(filed[0])") }
    if let mapping = dropped.first(where: { !promise.speculates || !isReplaced($0) }) {
      note("dropped outside of an operation: \(mapping)")
    }
    (filed, dropped) = ([], [])
  }

  /// An operation is over.
  ///
  /// - Parameters:
  ///   - event: what must have gone.
  ///   - replaced: what a walk for a write has replaced beside it.
  ///   - hasSpeculated: the processor may have walked by itself.
  private func end(_ event: Event, replaced: [Mapping] = [], hasSpeculated: Bool = false) {
    if event != .nothing, let mapping = mappings.first(where: { event.ends($0) }) {
      note("impossible: remains after \(event): \(mapping)")
    }
    if promise.keeps {
      for mapping in dropped where !event.ends(mapping) && !replaced.contains(mapping) {
        if hasSpeculated || promise.speculates, isReplaced(mapping) { continue }
        note("dropped, and \(event) does not ask for it: \(mapping)")
      }
    }
    (filed, dropped) = ([], [])
  }

  /// Whether a speculative walk has replaced a guest-physical mapping whose dirty flag was 0, as any walk of a guest's
  /// structures does (rule C2).
  private func isReplaced(_ mapping: Mapping) -> Bool {
    guard mapping.kind == .guestPhysical, !mapping.isStructure else { return false }
    return filed.contains {
      $0.kind == .guestPhysical && !$0.isStructure && ($0.covers(mapping.prefix) || mapping.covers($0.prefix))
    }
  }

  /// Does what is an event, and nothing else.
  func perform(_ event: Event, _ body: () -> Void) {
    begin()
    body()
    if !filed.isEmpty, !promise.speculates { note("made by \(event): \(filed[0])") }
    if !dropped.isEmpty { seen[event.name, default: 0] += 1 }
    if !dropped.isEmpty, !bySlot.isEmpty { seen["some remain", default: 0] += 1 }
    end(event)
  }

  /// Lets a processor do by itself what it may do at any time (rule C4).
  func performByItself(drops slot: Slot? = nil, _ body: () -> Void) {
    begin()
    let mapping = slot.flatMap { bySlot[$0] }
    body()
    end(.nothing, replaced: mapping.map { [$0] } ?? [], hasSpeculated: slot == nil)
  }

  /// A mapping that remains; nil when there is none.
  func slot(_ number: UInt64) -> Slot? {
    var slots: [Slot] = []
    translation.cache.forEach { slot, _ in slots.append(slot) }
    return slots.isEmpty ? nil : slots[Int(number % UInt64(slots.count))]
  }

  /// An access as the processor makes it, by its own translation.
  func access(_ linear: UInt64, _ access: Access) -> Outcome {
    let controls = translation.controls
    var address = linear
    if !controls.mode.isLong { address &= 0xFFFF_FFFF }
    begin()
    var expected = explanation(known: mappings, isExact: promise.isExact)
    let bits: UInt64 = controls.mode.isLong ? controls.mode.linearBits : 64
    let isCanonical = LinearAddress(address).isCanonical(bits: bits)
    let isTranslated = isCanonical && (controls.mode != .none || controls.ept != nil)
    if isTranslated { expected.explain(address, access) }
    let result = translation.translate(LinearAddress(linear), access)
    let outcome = Outcome(result)
    if isTranslated, case .physical(let physical, let slot) = result {
      let mapping = bySlot[slot]
      if mapping?.covers(address) != true || mapping?.physical(address) != physical.value {
        note("\(String(address, radix: 16)) is not what the mapping says that is reported")
      }
    }
    guard isTranslated else {
      let trivial: Outcome = isCanonical ? .physical(address) : .notCanonical
      if outcome != trivial || !filed.isEmpty { note("\(String(address, radix: 16)): \(outcome), not \(trivial)") }
      end(.nothing)
      return outcome
    }
    check(outcome, expected, "\(access) at \(String(address, radix: 16))")
    end(event(of: outcome, address), replaced: expected.replaced)
    return outcome
  }

  /// A load of PDPTEs, as MOV to a control register makes it.
  func pointerLoad(_ guestPhysical: UInt64) -> Outcome {
    begin()
    var expected = explanation(known: mappings, isExact: promise.isExact)
    expected.explainPointerLoad(guestPhysical)
    let read = EPTAccess(needs: .read, isWrite: false, qualification: 1)
    let outcome = Outcome(translation.guestPhysicalAccess(guestPhysical, read))
    check(outcome, expected, "load of PDPTEs at \(String(guestPhysical, radix: 16))")
    end(event(of: outcome, 0), replaced: expected.replaced)
    return outcome
  }

  private func check(_ outcome: Outcome, _ expected: Explanation, _ what: @autoclosure () -> String) {
    if !expected.outcomes.contains(outcome) { note("\(what()): \(outcome), and rules allow \(expected.outcomes)") }
    guard promise.isExact else { return }
    let made = filed.prefix(promise.speculates ? expected.made.count : filed.count)
    if !made.elementsEqual(expected.made) {
      note("\(what()): made \(filed), and should make \(expected.made)")
    }
  }

  /// What an access invalidates that does not succeed.
  private func event(of outcome: Outcome, _ address: UInt64) -> Event {
    let tag = translation.controls.tag
    switch outcome {
    case .physical: seen[filed.isEmpty ? "hit" : "walk", default: 0] += 1
    case .notCanonical: seen["not canonical", default: 0] += 1
    case .pageFault:
      seen["page fault", default: 0] += 1
      return .pageFault(address, vpid: tag.vpid, pcid: tag.pcid)
    case .violation(let guestPhysical, let qualification, _, _):
      seen["EPT violation", default: 0] += 1
      return .eptViolation(guestPhysical, linear: qualification >> 8 & 1 == 1 ? address : nil, tag)
    case .misconfiguration: seen["EPT misconfiguration", default: 0] += 1
    case .logFull: note("there is no log")
    }
    return .nothing
  }
}
