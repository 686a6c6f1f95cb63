import CPU
import EPTTLB
import MMU
import Machine

/// Passes on to an oracle what it is told by those who may outlive it, and then to nobody. No reference here is weak: a weak one
/// makes every use of what it leads to, also by those who hold it otherwise, several times as slow.
final class OracleRelay {
  /// It takes itself away before it goes.
  private var known: Unmanaged<Oracle>?
  var oracle: Oracle? {
    get { known?.takeUnretainedValue() }
    set { known = newValue.map { Unmanaged.passUnretained($0) } }
  }

  /// Calls it, if it is still there; no reference is counted.
  @discardableResult @inline(__always) private func tell<Result>(_ body: (Oracle) -> Result) -> Result? {
    known?._withUnsafeGuaranteedRef(body)
  }
}

extension OracleRelay: StaleUseObserver {
  func staleMappingUsed(_ use: StaleUse) { tell { $0.staleMappingUsed(use) } }
  func staleReadCounter(_ slot: Slot, by processor: Int) -> StaleReadCounter? {
    tell { $0.staleReadCounter(slot, by: processor) } ?? nil
  }
  func entryChanged(of slot: Slot, on translation: Translation, _ change: StructureChange) {
    tell { $0.entryChanged(of: slot, on: translation, change) }
  }
  func suspicionEnded(of slot: Slot, on translation: Translation) {
    tell { $0.suspicionEnded(of: slot, on: translation) }
  }
}

extension OracleRelay: PageObserver {
  func watchedPageWritten(_ address: PhysicalAddress, bytes: UInt64, _ writer: Writer, isFlag: Bool) {
    tell { $0.watchedPageWritten(address, bytes: bytes, writer, isFlag: isFlag) }
  }
}

extension OracleRelay: MessageObserver {
  func messageSent(_ message: InterruptMessage, from sender: Int, to receiver: Int) {
    tell { $0.messageSent(message, from: sender, to: receiver) }
  }
}
