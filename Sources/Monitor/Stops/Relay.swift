import CPU
import EPTTLB
import MMU
import Races
import VMX

/// What a processor's translations go through, with the processor.
final class Relay: TranslationObserver, VMXObserver, StaleUseObserver {
  // The session has all of them, as long as there is one: a reference that is counted costs at each exit.
  unowned(unsafe) let processor: Processor
  private unowned(unsafe) let events: MachineEvents
  private unowned(unsafe) var oracle: Oracle?
  /// CR0.PE and PG, EFER.LMA.
  private var mode: (UInt64, UInt64) = (0, 0)

  init(_ processor: Processor, _ events: MachineEvents) {
    self.processor = processor
    self.events = events
    noteMode()
  }

  /// Hears of uses of stale mappings before an oracle does.
  func passUses(to oracle: Oracle) {
    self.oracle = oracle
    processor.translation.staleUseObserver = self
  }

  /// The mode's name, if it is another than when this was asked last.
  @discardableResult func noteMode() -> String? {
    let s = processor.state
    let now = (s.pointee.cr0 & 0x8000_0001, s.pointee.efer & 1 << 10)
    guard now != mode else { return nil }
    mode = now
    let paging = now.0 >> 31 != 0 ? "with paging" : "without paging"
    return now.1 != 0 ? "IA-32e mode" : now.0 & 1 != 0 ? "protected mode, \(paging)" : "real mode"
  }

  /// Tells of another mode than there was.
  func lookAtMode() { if let mode = noteMode() { events.changedMode(mode, processor) } }

  // MARK: StaleUseObserver

  func staleMappingUsed(_ use: StaleUse) {
    events.usedStale(use, processor)
    oracle?.staleMappingUsed(use)
  }
  func staleReadCounter(_ slot: Slot, by processor: Int) -> StaleReadCounter? {
    events.awaitsUses ? nil : oracle?.staleReadCounter(slot, by: processor)
  }
  func entryChanged(of slot: Slot, on processor: Translation, _ change: StructureChange) {
    oracle?.entryChanged(of: slot, on: processor, change)
  }
  func suspicionEnded(of slot: Slot, on processor: Translation) { oracle?.suspicionEnded(of: slot, on: processor) }

  // MARK: TranslationObserver, VMXObserver

  func filled(_ address: LinearAddress, _ entry: UnsafePointer<CachedEntry>) {
    events.filled(address, entry.pointee, processor)
  }
  func invalidated(_ invalidation: Invalidation) { events.invalidated(invalidation, processor) }
  func entered(_ unit: VMXUnit) {
    events.entered(processor)
    lookAtMode()
  }
  func exited(_ unit: VMXUnit, reason: UInt32, qualification: UInt64) {
    events.exited(reason, qualification, processor)
    lookAtMode()
  }
  func entryFailed(_ unit: VMXUnit, _ failure: EntryFailure) { events.entryFailed(failure, processor) }
  func executed(_ unit: VMXUnit, _ instruction: VMXInstruction, type: UInt64, low: UInt64, high: UInt64) {}
}
