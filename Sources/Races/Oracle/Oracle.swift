import CPU
import EPTTLB
import Layout
import MMU
import Machine
import VMX

/// The staleness oracle: told of each use of a mapping with which memory does not agree, it keeps the facts of all
/// processors and says what the use amounts to (docs/ORACLE.md).
///
/// It looks on. What it keeps is no state of the machine, no result depends on it, and a use of a mapping above
/// suspicion never comes here.
public final class Oracle {
  /// A mapping that has lost something. An object: one is looked at for each mapping of an entry at each store to it.
  final class Suspect: Sendable {
    let sequence: UInt64
    /// The first change that took something away, and the count of facts at it.
    let change: StructureChange
    let order: UInt64
    let isEPT: Bool
    /// Pages whose stores are watched for it.
    let watched: [UInt64]

    init(sequence: UInt64, change: StructureChange, order: UInt64, isEPT: Bool, watched: [UInt64]) {
      (self.sequence, self.change, self.order) = (sequence, change, order)
      (self.isEPT, self.watched) = (isEPT, watched)
    }
  }

  /// A mapping of a processor.
  struct Key: Hashable {
    /// Both in one word, which is hashed at each change of each mapping.
    private let word: UInt64

    init(processor: Int, slot: Slot) { word = UInt64(processor) << 32 | UInt64(slot) }

    var processor: Int { Int(word >> 32) }
    var slot: Slot { Slot(truncatingIfNeeded: word) }
  }

  /// A page that a suspect mapping leads to.
  struct WatchedPage {
    var suspects = 0
    var tables = 0
    var lastWrite: Violation.Write?
  }

  /// What was last said of a mapping.
  struct Opinion {
    var sequence: UInt64
    var order: UInt64
    var exploited: MappingAxes
    var verdict: Verdict
    var reported: Verdict?
  }

  /// What tells violations apart.
  struct Group: Hashable {
    let verdict: Verdict
    let kind: MappingKind
    let processor: Int
    let rip: UInt64
  }

  let memory: PhysicalMemory
  let watchedPages: PageWatch
  private let stopsAtViolation: Bool
  let processors: [Processor]
  private var watchers: [ProcessorWatcher] = []
  /// What those who may outlive the oracle are given in its place.
  private let relay = OracleRelay()
  var logs: [InvalidationLog]
  var fills: [FillLog]
  var suspects: [Key: Suspect] = [:]
  var pages: [UInt64: WatchedPage] = [:]
  var opinions: [Key: Opinion] = [:]
  var groups: [Group: UInt64] = [:]
  /// The latest losses by entry, for mappings made by way of one that was suspect.
  var losses: [UInt64: (order: UInt64, change: StructureChange, isEPT: Bool)] = [:]
  /// By processor, the page and instruction of the last store through a stale mapping.
  var staleStores: [(page: UInt64, rip: UInt64)?]
  /// Facts so far.
  var order: UInt64 {
    get { orderCell.pointee }
    set { orderCell.pointee = newValue }
  }
  /// Where processors that only count what they do look whether there is a new one.
  private let orderCell: UnsafeMutablePointer<UInt64>

  /// What was seen.
  public var counters: OracleCounters {
    var all = tally
    for case let repeated? in repeats.all { all.add(repeated) }
    return all
  }
  /// The same without `repeats`.
  var tally = OracleCounters()
  /// Reads by stale mappings that were the same as the one before.
  let repeats: RepeatedReads
  /// Takes each violation, once for mappings that differ only in their address.
  public var report: ((Violation) -> Void)?
  /// Takes each use that is looked into, with its verdict; not reads that are the same as the one before.
  public var graded: ((StaleUse, Verdict) -> Void)?
  /// Takes each finding of the nested-EPT observer, once for those that are alike.
  public var reportNested: ((NestedFinding) -> Void)?
  /// Violations that are not to be told of, and the names that their rules are written with.
  public var suppressions = (rules: Suppressions(), symbols: SymbolIndex())
  /// By rule, how many violations and findings fell under it.
  public private(set) var suppressed: [Int: UInt64] = [:]
  /// A VM entry behind a VMCALL is a marker.
  var marksHypercalls = false
  /// By processor, where the guest goes on that has left by VMCALL.
  private var hypercalls: [UInt64?]
  /// Takes each point that a processor comes to.
  public var points: ((Schedule.Point, Int) -> Void)?
  /// The last change of a structure entry that was taken for a point.
  var lastChange: StructureChange?
  /// A violation was seen that the run is to end at, if its owner wants that.
  public internal(set) var hasViolation = false
  /// What the nested-EPT observer is told; nil: it is off.
  public var nesting: Nesting? = Nesting()
  /// The nested-EPT observer; there is one from the first instruction of VMX on that a guest executes.
  private(set) var nested: NestedObserver?
  /// Something is impossible: our own fault.
  public var hasImpossible: Bool { tally.verdicts[.impossible, default: 0] > 0 }

  /// Watches a machine, from now on and as long as the oracle lives; whoever watched its translations before goes on.
  ///
  /// - Parameter stopsAtViolation: the processor's turn ends behind the instruction of a violation.
  public init(_ board: borrowing Board, stopsAtViolation: Bool = false) {
    self.stopsAtViolation = stopsAtViolation
    memory = board.memory
    watchedPages = PageWatch(board.memory)
    processors = board.processors
    logs = Array(repeating: InvalidationLog(), count: processors.count)
    fills = Array(repeating: FillLog(), count: processors.count)
    staleStores = Array(repeating: nil, count: processors.count)
    repeats = RepeatedReads(processors: processors.count)
    orderCell = .allocate(capacity: 1)
    orderCell.initialize(to: 1)
    hypercalls = Array(repeating: nil, count: processors.count)
    relay.oracle = self
    memory.pageObserver = relay
    for (number, processor) in processors.enumerated() {
      let watcher = ProcessorWatcher(number, processor, self)
      watchers.append(watcher)
      processor.translation.observer = watcher
      processor.translation.staleUseObserver = relay
      (processor.virtualization as? VMXUnit)?.observer = watcher
    }
    board.observeMessages(relay)
  }

  deinit {
    for (watcher, processor) in zip(watchers, processors) {
      watcher.leave()
      // Whoever passes uses on to this oracle is asked no more.
      processor.translation.staleUseObserver = nil
    }
    // The rest hear nothing any more.
    relay.oracle = nil
    orderCell.deallocate()
  }

  /// A processor has passed a place that says that a shootdown is done.
  public func markerPassed(by processor: Int) {
    guard logs.indices.contains(processor) else { return }
    logs[processor].lastMarker = (next(), processors[processor].translation.cache.insertions)
  }

  /// Takes writes to a port for the claim that a shootdown is done.
  public func mark(port: UInt16, of board: borrowing Board) {
    board.tap(port: port) { [relay] _ in
      guard let oracle = relay.oracle, case .processor(let number) = oracle.memory.writer else { return }
      oracle.markerPassed(by: number)
    }
  }

  // MARK: Facts

  func next() -> UInt64 {
    order &+= 1
    return order
  }

  func filled(
    _ number: Int, _ processor: Processor, _ address: LinearAddress,
    _ entry: UnsafePointer<CachedEntry>
  ) {
    points?(.fill, number)
    nested?.filled(number, address, entry.pointee)
    let moment = processor.translation.storingMoment
    fills[number].append(
      FillLog.Fill(sequence: processor.translation.cache.insertions, cycle: moment.cycle, rip: moment.rip))
  }

  func invalidated(_ number: Int, _ processor: Processor, _ operation: Invalidation) {
    if case .vmx(.transition(true)) = operation { return }
    let removed = processor.translation.cache.dropped.count
    let moment = processor.instructionMoment
    let entry = InvalidationLog.Entry(
      order: next(), cycle: moment.cycle, rip: moment.rip, insertions: processor.translation.cache.insertions,
      operation: operation, tag: processor.translation.controls.tag, removed: removed)
    logs[number].append(entry)
    switch operation {
    case .vmx(.transition), .failedINVEPT, .failedINVVPID: return
    default: break
    }
    points?(.invalidation, number)
    tally.count(InvalidationType(operation), isNeedless: removed == 0)
  }

  func entered(_ unit: VMXUnit, _ number: Int, _ processor: Processor) {
    points?(.entry, number)
    tally.entries += 1
    logs[number].lastEntry = (next(), processor.translation.cache.insertions)
    nested?.entered(unit, number)
    if let next = hypercalls[number], unit.vmcs[.guestRIP] == next {
      hypercalls[number] = nil
      markerPassed(by: number)
    }
  }

  func exited(_ unit: VMXUnit, _ number: Int, _ processor: Processor, reason: UInt32) {
    points?(.exit, number)
    tally.exited(reason)
    if marksHypercalls, reason == ExitReason.vmcall.rawValue {
      hypercalls[number] = unit.vmcs[.guestRIP] &+ unit.vmcs[.exitInstructionLength]
    }
    logs[number].lastExit = (next(), processor.translation.cache.insertions)
  }

  /// An instruction of VMX is about to exit: from the first one on, nested EPT is observed.
  func willExit(_ unit: VMXUnit, _ instruction: VMXInstruction, _ operands: VMXOperands, _ number: Int) {
    if nested == nil, let nesting, instruction != .vmcall, instruction != .vmfunc {
      let observer = NestedObserver(self, watch: watchedPages, own: nesting.own, mistake: nesting.mistake)
      observer.report = { [unowned(unsafe) self] in found($0) }
      nested = observer
    }
    nested?.willExit(unit, instruction, operands, number)
  }

  private func found(_ finding: NestedFinding) {
    if let rule = suppressions.rules.rule(for: finding, suppressions.symbols) {
      suppressed[rule, default: 0] += 1
      return
    }
    if finding.cause.isViolation {
      hasViolation = true
      if let number = finding.seen.processor { endTurn(of: processors[number]) }
    }
    reportNested?(finding)
  }

  /// What the nested-EPT observer has counted; nil: no guest has executed an instruction of VMX.
  public var nestedCounters: NestedCounters? { nested?.state.counters }

  // MARK: Suspects

  private func isEPT(_ address: UInt64, _ slot: Slot, _ translation: Translation) -> Bool {
    let cache = translation.cache
    for index in 0..<cache.sourceCount(slot) {
      let source = cache.source(slot, index)
      if source.address == address { return source.isEPT }
    }
    return false
  }

  private func suspect(_ slot: Slot, _ translation: Translation, _ change: StructureChange) {
    tally.changes += 1
    let isEPT = isEPT(change.address, slot, translation)
    guard change.loses(isEPT: isEPT) else { return }
    tally.losses += 1
    let key = Key(processor: translation.processorNumber, slot: slot)
    let sequence = translation.cache.sequence(slot)
    if suspects[key]?.sequence == sequence { return }
    let order = next()
    if losses.count > 4096 { losses.removeAll(keepingCapacity: true) }
    losses[change.address] = (order, change, isEPT)
    let watched = change.leadsElsewhere(isEPT: isEPT) ? pagesBelow(change.address, slot, translation) : []
    let isTable = translation.cache.isStructure(slot)
    for page in watched { watch(page, isTable: isTable) }
    suspects[key] = Suspect(sequence: sequence, change: change, order: order, isEPT: isEPT, watched: watched)
  }

  /// The pages that a mapping leads to behind a changed entry: tables, and the frame.
  private func pagesBelow(_ address: UInt64, _ slot: Slot, _ translation: Translation) -> [UInt64] {
    let entry = translation.cache[slot]
    var pages: [UInt64] = []
    let sources = translation.cache.sources(slot)
    if let place = sources.firstIndex(where: { $0.address == address }), sources[place].isEPT || entry.kind == .linear {
      // Behind an entry of EPT that located a guest's table, other tables follow that it has nothing to do with.
      let below = sources[(place + 1)...].prefix { $0.isEPT == sources[place].isEPT }
      pages += below.map { $0.address & ~0xFFF }
    }
    let count: UInt64 = entry.isStructure || entry.shift > 22 ? 1 : 1 << UInt64(entry.shift - 12)
    pages += (0..<count).map { entry.target & ~0xFFF &+ $0 << 12 }
    return pages
  }

  private func watch(_ page: UInt64, isTable: Bool) {
    var watched = pages[page] ?? WatchedPage()
    watched.suspects += 1
    if isTable { watched.tables += 1 }
    if watched.suspects == 1 { watchedPages.watch(page, true) }
    pages[page] = watched
  }

  private func forget(_ key: Key, isTable: Bool) {
    opinions[key] = nil
    guard let suspect = suspects.removeValue(forKey: key) else { return }
    for page in suspect.watched {
      guard var watched = pages[page] else { continue }
      watched.suspects -= 1
      if isTable { watched.tables -= 1 }
      if watched.suspects == 0 { watchedPages.watch(page, false) }
      pages[page] = watched.suspects == 0 ? nil : watched
    }
  }

  // MARK: Uses

  private func take(_ use: StaleUse) {
    tally.uses += 1
    tally.kinds[use.mapping.kind, default: 0] += 1
    let key = Key(processor: use.processor, slot: use.slot)
    let exploited = use.exploited
    if use.access.isWrite, !use.isDenied, staleStores.indices.contains(use.processor) {
      staleStores[use.processor] = (use.mapping.physical(use.address.value) & ~0xFFF, use.rip)
    }
    let sequence = processors[use.processor].translation.cache.sequence(use.slot)
    var opinion = opinions[key]
    if opinion?.sequence != sequence { opinion = nil }
    if let opinion, opinion.order == order, opinion.exploited == exploited {
      tally.verdicts[opinion.verdict, default: 0] += 1
      expectAgain(use, opinion.verdict)
      graded?(use, opinion.verdict)
      return
    }
    let grading = grade(use, key, sequence, exploited)
    tally.verdicts[grading.verdict, default: 0] += 1
    let reported = opinion?.reported
    var now = Opinion(
      sequence: sequence, order: order, exploited: exploited, verdict: grading.verdict, reported: reported)
    if grading.verdict.isViolation || grading.verdict == .impossible, reported.map({ $0 < grading.verdict }) ?? true {
      now.reported = grading.verdict
      announce(use, grading, sequence)
    }
    opinions[key] = now
    graded?(use, grading.verdict)
  }

  /// The next use may be the same.
  private func expectAgain(_ use: StaleUse, _ verdict: Verdict) {
    let read = RepeatedRead(slot: use.slot, order: order, kind: use.mapping.kind, verdict: verdict)
    if let before = repeats.begin(read, by: use.processor) { tally.add(before) }
  }

  private func announce(_ use: StaleUse, _ grading: Grading, _ sequence: UInt64) {
    guard !grading.verdict.isViolation || !isSuppressed(use, grading, sequence) else { return }
    if grading.verdict.isViolation {
      hasViolation = true
      endTurn(of: processors[use.processor])
    }
    let group = Group(
      verdict: grading.verdict, kind: use.mapping.kind, processor: use.processor, rip: grading.suspect?.change.rip ?? 0)
    groups[group, default: 0] += 1
    guard groups[group] == 1 else { return }
    tally.violations += 1
    report?(violation(use, grading, sequence, isWhole: true))
  }

  private func violation(_ use: StaleUse, _ grading: Grading, _ sequence: UInt64, isWhole: Bool) -> Violation {
    Violation(
      verdict: grading.verdict, use: use, axes: use.exploited, change: grading.suspect?.change,
      isEPT: grading.suspect?.isEPT ?? false, fill: fills[use.processor].fill(sequence), write: grading.write,
      acknowledgement: grading.acknowledgement,
      missed: isWhole ? grading.suspect.map { missed(use.mapping, of: use.processor, since: $0.order) } ?? [] : [],
      residency: isWhole ? residency(use, sequence) : [])
  }

  private func isSuppressed(_ use: StaleUse, _ grading: Grading, _ sequence: UInt64) -> Bool {
    guard !suppressions.rules.rules.isEmpty,
      let rule = suppressions.rules.rule(
        for: violation(use, grading, sequence, isWhole: false), suppressions.symbols)
    else { return false }
    suppressed[rule, default: 0] += 1
    return true
  }

  /// The instruction is the last of the processor's turn, however blocks are formed.
  private func endTurn(of processor: Processor) {
    guard stopsAtViolation else { return }
    processor.requestStop()
    if processor.state.pointee.exit == UInt32(ExitNone) { processor.state.pointee.exit = UInt32(ExitStop) }
  }

  /// The change that a mapping is stale by.
  private func suspect(_ use: StaleUse, _ key: Key, _ sequence: UInt64) -> Suspect? {
    if let known = suspects[key], known.sequence == sequence { return known }
    guard let suspicion = use.suspicion, let loss = losses[suspicion.first.address] else { return nil }
    // What it was made by way of leads to the same pages.
    let origin = suspects.first { $0.key.processor == use.processor && $0.value.order == loss.order }
    return Suspect(
      sequence: sequence, change: loss.change, order: loss.order, isEPT: loss.isEPT,
      watched: origin?.value.watched ?? [])
  }

  /// What a use amounts to, and by which fact.
  struct Grading {
    var verdict: Verdict
    var suspect: Suspect?
    var write: Violation.Write?
    var acknowledgement: String?
  }

  private func grade(_ use: StaleUse, _ key: Key, _ sequence: UInt64, _ exploited: MappingAxes) -> Grading {
    let suspect = suspect(use, key, sequence)
    var grading = Grading(verdict: .pending, suspect: suspect)
    let user = logs[use.processor]
    if user.entries.contains(where: { $0.insertions > sequence && $0.mustDrop(use.mapping) }) {
      grading.verdict = .impossible
      return grading
    }
    let excess = use.own.excess.union(use.inForce?.disagreement.excess ?? [])
    if excess.isEmpty || use.isDenied {
      grading.verdict = .spurious
      return grading
    }
    guard !exploited.isEmpty else {
      grading.verdict = .harmless
      return grading
    }
    guard let suspect else { return grading }
    if !excess.isDisjoint(with: [.frame, .read]),
      let write = suspect.watched.compactMap({ pages[$0]?.lastWrite }).filter({ $0.order > suspect.order }).max(by: {
        $0.order < $1.order
      })
    {
      grading.verdict = .reused
      grading.write = write
      return grading
    }
    guard case .processor(let number) = suspect.change.writer, logs.indices.contains(number) else { return grading }
    let changer = logs[number]
    if let marker = changer.lastMarker, marker.order > suspect.order {
      grading.verdict = .acknowledged
      grading.acknowledgement = "CPU \(number) has passed a marker that says so"
      return grading
    }
    // A guest's own tables: operating systems defer these flushes on purpose.
    guard suspect.isEPT, let entry = changer.lastEntry, entry.order > suspect.order else { return grading }
    if let own = changer.since(suspect.order).first(where: { $0.mustDrop(use.mapping) }), entry.order > own.order {
      grading.verdict = .acknowledged
      grading.acknowledgement =
        "CPU \(number) has executed \(own.text) at cycle \(own.cycle) and then entered its guest"
      return grading
    }
    if let exit = user.lastExit, exit.insertions > sequence, let entry = user.lastEntry, entry.order > suspect.order {
      grading.verdict = .readmitted
    }
    return grading
  }
}

extension Oracle {
  /// A stale mapping was used.
  public func staleMappingUsed(_ use: StaleUse) { take(use) }

  /// Where more reads like it are counted, until a fact comes.
  public func staleReadCounter(_ slot: Slot, by processor: Int) -> StaleReadCounter? {
    repeats.counter(of: slot, by: processor, facts: orderCell)
  }

  /// An entry that a mapping came from was changed.
  public func entryChanged(of slot: Slot, on processor: Translation, _ change: StructureChange) {
    if points != nil, lastChange != change, case .processor(let number) = change.writer {
      lastChange = change
      points?(.storeStructure, number)
    }
    suspect(slot, processor, change)
  }

  /// A suspect mapping goes, or memory agrees again.
  public func suspicionEnded(of slot: Slot, on processor: Translation) {
    forget(Key(processor: processor.processorNumber, slot: slot), isTable: processor.cache.isStructure(slot))
  }
}

extension Oracle {
  /// A page that a suspect mapping leads to was written.
  func watchedPageWritten(_ address: PhysicalAddress, bytes: UInt64, _ writer: Writer, isFlag: Bool) {
    nested?.written(address.value, bytes, writer)
    let page = address.value & ~0xFFF
    guard pages[page] != nil else { return }
    if isFlag {
      if let tables = pages[page]?.tables, tables > 0 { tally.strayFlags += 1 }
      return
    }
    var moment: (cycle: UInt64, rip: UInt64) = (0, 0)
    switch writer {
    case .monitor: return
    case .device: break
    case .processor(let number):
      guard processors.indices.contains(number) else { return }
      moment = processors[number].translation.storingMoment
      if let stale = staleStores[number], stale == (page, moment.rip) {
        staleStores[number] = nil
        return
      }
    }
    pages[page]?.lastWrite = Violation.Write(
      order: next(), writer: writer, cycle: moment.cycle, rip: moment.rip, address: address.value)
  }
}

extension Oracle {
  /// A processor has sent another a message.
  func messageSent(_ message: InterruptMessage, from sender: Int, to receiver: Int) {
    tally.messages += 1
    points?(message.deliveryMode == .nonMaskable ? .nonMaskable : .message, sender)
  }
}

/// When mappings were filed, the latest ones.
struct FillLog {
  /// One of them.
  struct Fill {
    /// The count of mappings behind it.
    let sequence: UInt64
    let cycle, rip: UInt64
  }

  private var fills = Latest<Fill>(limit: 1 << 14)

  @inline(__always) mutating func append(_ fill: Fill) { fills.append(fill) }

  /// The fill that filed a mapping: the first behind which the count is above its sequence.
  func fill(_ sequence: UInt64) -> (cycle: UInt64, rip: UInt64)? {
    guard let first = fills.first, first.sequence <= sequence &+ 1 else { return nil }
    var (low, high) = (0, fills.count)
    while low < high {
      let middle = (low + high) / 2
      if fills[middle].sequence > sequence { high = middle } else { low = middle + 1 }
    }
    return low < fills.count ? (fills[low].cycle, fills[low].rip) : nil
  }
}
