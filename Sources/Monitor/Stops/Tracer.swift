import CPU
import Machine

/// Tells what the machine does while it does it, a line each.
final class Tracer {
  /// What can be told.
  enum Kind: String, CaseIterable { case insn, mem, exit, event, tlb, inv }

  var kinds: Set<Kind>
  /// Has what was told written out.
  let flush: () -> Void
  private let write: (String) -> Void

  init(_ kinds: Set<Kind>, flush: @escaping () -> Void = {}, _ write: @escaping (String) -> Void) {
    self.kinds = kinds
    self.flush = flush
    self.write = write
  }

  func tell(_ kind: Kind, _ processor: Processor, _ text: String) {
    let number = processor.translation.processorNumber
    write("\(processor.state.pointee.cycles) cpu\(number) \(kind.rawValue) \(text)")
  }
}

extension MachineEvents {
  /// Tells of something, if somebody wants to know. Replays tell nothing.
  func trace(_ kind: Tracer.Kind, _ processor: Processor, _ text: () -> String) {
    guard let tracer, isTold, tracer.kinds.contains(kind) else { return }
    tracer.tell(kind, processor, text())
  }
}

/// Tells of each instruction before it runs.
final class InstructionTracer: RunObserver {
  private unowned let session: Session
  private let tracer: Tracer

  init(_ session: Session, _ tracer: Tracer) {
    (self.session, self.tracer) = (session, tracer)
  }

  var stepsFrom: UInt64? { 0 }
  func willStep(_ processor: Processor) {
    let address = processor.linearRIP
    let bytes = processor.peek(address, count: 15)
    let text = session.disassemblers.text(bytes, at: address, bits: processor.codeBits).text
    tracer.tell(.insn, processor, "\(session.place(address)): \(text)")
  }
  func didStep(_ processor: Processor) {}
  func runGoesOn(_ processors: [Processor]) {}
}
