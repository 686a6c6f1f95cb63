import CPU
import EPTTLB
import MMU
import VMX

/// What one processor tells the oracle, and whoever listened before.
final class ProcessorWatcher: TranslationObserver, VMXObserver {
  private let number: Int
  /// It owns its watchers, and takes them off the processors before it goes.
  private let oracle: Unmanaged<Oracle>
  private let nextTranslation: (any TranslationObserver)?
  private let nextVMX: (any VMXObserver)?

  init(_ number: Int, _ processor: Processor, _ oracle: Oracle) {
    self.number = number
    self.oracle = Unmanaged.passUnretained(oracle)
    nextTranslation = processor.translation.observer
    nextVMX = (processor.virtualization as? VMXUnit)?.observer
  }

  /// Whoever listened before is told directly again.
  func leave(_ processor: Processor) {
    if processor.translation.observer === self { processor.translation.observer = nextTranslation }
    if let unit = processor.virtualization as? VMXUnit, unit.observer === self { unit.observer = nextVMX }
  }

  func filled(_ address: LinearAddress, _ entry: CachedEntry) {
    oracle._withUnsafeGuaranteedRef { $0.filled(number) }
    nextTranslation?.filled(address, entry)
  }

  func invalidated(_ invalidation: Invalidation) {
    oracle._withUnsafeGuaranteedRef { $0.invalidated(number, invalidation) }
    nextTranslation?.invalidated(invalidation)
  }

  func entered(_ unit: VMXUnit) {
    oracle._withUnsafeGuaranteedRef { $0.entered(number) }
    nextVMX?.entered(unit)
  }

  func exited(_ unit: VMXUnit, reason: UInt32, qualification: UInt64) {
    oracle._withUnsafeGuaranteedRef { $0.exited(number) }
    nextVMX?.exited(unit, reason: reason, qualification: qualification)
  }

  func entryFailed(_ unit: VMXUnit, _ failure: EntryFailure) { nextVMX?.entryFailed(unit, failure) }

  func executed(_ unit: VMXUnit, _ instruction: VMXInstruction, type: UInt64, low: UInt64, high: UInt64) {
    nextVMX?.executed(unit, instruction, type: type, low: low, high: high)
  }
}
