import CPU
import EPTTLB
import MMU
import Machine

/// Passes on to an oracle what it is told by those who may outlive it, and then to nobody. No reference here is weak: a weak one
/// makes every use of what it leads to, also by those who hold it otherwise, several times as slow.
final class OracleRelay {
  unowned(unsafe) var oracle: Oracle?
}

extension OracleRelay: StaleUseObserver {
  func staleMappingUsed(_ use: StaleUse) { oracle?.staleMappingUsed(use) }
  func staleReadCounter(_ slot: Slot, by processor: Int) -> StaleReadCounter? {
    oracle?.staleReadCounter(slot, by: processor)
  }
  func entryChanged(of slot: Slot, on translation: Translation, _ change: StructureChange) {
    oracle?.entryChanged(of: slot, on: translation, change)
  }
  func suspicionEnded(of slot: Slot, on translation: Translation) {
    oracle?.suspicionEnded(of: slot, on: translation)
  }
}

extension OracleRelay: PageObserver {
  func watchedPageWritten(_ address: PhysicalAddress, bytes: UInt64, _ writer: Writer, isFlag: Bool) {
    oracle?.watchedPageWritten(address, bytes: bytes, writer, isFlag: isFlag)
  }
}

extension OracleRelay: MessageObserver {
  func messageSent(_ message: InterruptMessage, from sender: Int, to receiver: Int) {
    oracle?.messageSent(message, from: sender, to: receiver)
  }
}
