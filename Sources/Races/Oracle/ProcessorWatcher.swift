import CPU
import EPTTLB
import MMU
import VMX

/// What one processor tells the oracle, and whoever listened before.
final class ProcessorWatcher: TranslationObserver, VMXObserver {
  private let number: Int
  /// It has this watcher, until `leave`.
  private let processor: Processor
  /// It owns its watchers, and takes them off the processors before it goes.
  private let oracle: Unmanaged<Oracle>
  private let nextTranslation: (any TranslationObserver)?
  private let nextVMX: (any VMXObserver)?

  init(_ number: Int, _ processor: Processor, _ oracle: Oracle) {
    (self.number, self.processor) = (number, processor)
    self.oracle = Unmanaged.passUnretained(oracle)
    nextTranslation = processor.translation.observer
    nextVMX = (processor.virtualization as? VMXUnit)?.observer
  }

  /// Whoever listened before is told directly again.
  func leave() {
    if processor.translation.observer === self { processor.translation.observer = nextTranslation }
    if let unit = processor.virtualization as? VMXUnit, unit.observer === self { unit.observer = nextVMX }
  }

  func filled(_ address: LinearAddress, _ entry: UnsafePointer<CachedEntry>) {
    oracle._withUnsafeGuaranteedRef { $0.filled(number, processor, address, entry) }
    nextTranslation?.filled(address, entry)
  }

  func invalidated(_ invalidation: Invalidation) {
    oracle._withUnsafeGuaranteedRef { $0.invalidated(number, processor, invalidation) }
    nextTranslation?.invalidated(invalidation)
  }

  func entered(_ unit: VMXUnit) {
    oracle._withUnsafeGuaranteedRef { $0.entered(unit, number, processor) }
    nextVMX?.entered(unit)
  }

  func exited(_ unit: VMXUnit, reason: UInt32, qualification: UInt64) {
    oracle._withUnsafeGuaranteedRef { $0.exited(unit, number, processor, reason: reason) }
    nextVMX?.exited(unit, reason: reason, qualification: qualification)
  }

  func entryFailed(_ unit: VMXUnit, _ failure: EntryFailure) { nextVMX?.entryFailed(unit, failure) }

  func willExit(_ unit: VMXUnit, _ instruction: VMXInstruction, _ operands: VMXOperands) {
    oracle._withUnsafeGuaranteedRef { $0.willExit(unit, instruction, operands, number) }
    nextVMX?.willExit(unit, instruction, operands)
  }

  func shadowed(_ unit: VMXUnit, _ instruction: VMXInstruction, encoding: UInt64, value: UInt64) {
    oracle._withUnsafeGuaranteedRef { $0.nested?.shadowed(unit, encoding, value, number) }
    nextVMX?.shadowed(unit, instruction, encoding: encoding, value: value)
  }

  func executed(_ unit: VMXUnit, _ instruction: VMXInstruction, type: UInt64, low: UInt64, high: UInt64) {
    if instruction == .vmfunc { oracle._withUnsafeGuaranteedRef { $0.nested?.switched(unit, number) } }
    nextVMX?.executed(unit, instruction, type: type, low: low, high: high)
  }
}
