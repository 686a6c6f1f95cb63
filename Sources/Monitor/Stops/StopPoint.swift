import CPU
import MMU
import Races

/// Something that stops a run.
struct StopPoint {
  /// What accesses a watchpoint is for.
  struct Accesses: OptionSet {
    let rawValue: Int
    static let read = Accesses(rawValue: 1)
    static let write = Accesses(rawValue: 2)
    static let execute = Accesses(rawValue: 4)
  }

  enum Kind {
    /// Before the instruction at a linear address.
    case linear(UInt64)
    /// Before the instruction at an offset of a segment.
    case logical(UInt16, UInt64)
    /// Before the instruction at a guest-physical address.
    case guestPhysical(UInt64)
    /// Before the instruction at a physical address.
    case physical(UInt64)
    /// Behind an access to some memory; before it, of instruction fetches.
    case watch(Accesses, Expression.Level, ClosedRange<UInt64>)
    /// Behind something that happens.
    case event(EventKind)
  }

  let number: Int
  let kind: Kind
  /// What must hold, and as it was written.
  let condition: Expression?
  let conditionText: String
  var isEnabled = true
  var hits = 0
}

/// What can happen in a processor that a run may stop behind.
enum EventKind: Equatable {
  /// An exception or interrupt; of a vector, or any.
  case exception(UInt8?)
  /// CR0.PE, CR0.PG or EFER.LMA is another.
  case mode
  /// INVLPG, INVPCID, MOV to CR3 and their like.
  case invalidation
  /// A VM exit; of a basic reason, or any.
  case exit(UInt32?)
  /// A VM entry that failed.
  case entryFailure
  /// The use of a translation with which memory does not agree.
  case staleUse
  /// A verdict of the oracle's on such a use; or any violation.
  case verdict(Verdict?)
  /// IN, OUT, INS or OUTS; of a port, or any.
  case port(UInt16?)
  /// RDMSR or WRMSR; of a register, or any.
  case modelSpecific(UInt32?)

  /// In words.
  var text: String {
    switch self {
    case .exception(let vector): vector.map { "exception \($0)" } ?? "any exception or interrupt"
    case .mode: "a change of mode"
    case .invalidation: "an invalidation"
    case .exit(let reason): reason.map { "VM exit \(ExitText.name($0))" } ?? "any VM exit"
    case .entryFailure: "a VM entry that fails"
    case .staleUse: "the use of a stale mapping"
    case .verdict(let verdict): verdict.map { "the oracle's verdict \($0.rawValue)" } ?? "a violation by the oracle"
    case .port(let port): port.map { "port \(hex(UInt64($0)))" } ?? "any port"
    case .modelSpecific(let index): index.map { "MSR \(hex(UInt64($0)))" } ?? "any MSR"
    }
  }
}

extension StopPoint {
  /// What it is, in words.
  func text(_ place: (UInt64) -> String) -> String {
    switch kind {
    case .linear(let address): return "linear \(place(address))"
    case .logical(let selector, let offset): return "logical \(hex(UInt64(selector), digits: 4)):\(hex(offset))"
    case .guestPhysical(let address): return "guest-physical \(hex(address))"
    case .physical(let address): return "physical \(hex(address))"
    case .watch(let accesses, let level, let range):
      let letters = (accesses.contains(.read) ? "r" : "") + (accesses.contains(.write) ? "w" : "")
      let level = level == .linear ? "linear" : level == .physical ? "physical" : "guest-physical"
      return "watch \(accesses.contains(.execute) ? letters + "x" : letters) \(level) \(hex(range.lowerBound)) to "
        + hex(range.upperBound)
    case .event(let event): return event.text
    }
  }

  /// Whether it is for the instruction that a processor is about to begin.
  func isMet(before processor: Processor) -> Bool {
    let linear = processor.linearRIP
    switch kind {
    case .linear(let address): return address == linear
    case .logical(let selector, let offset):
      return processor.state.pointee.segments.1.selector == selector && processor.state.pointee.rip == offset
    case .guestPhysical(let address): return processor.isGuest && processor.guestPhysical(of: linear) == address
    case .physical(let address): return processor.physical(of: linear)?.value == address
    case .watch(let accesses, let level, let range):
      guard accesses.contains(.execute) else { return false }
      switch level {
      case .linear: return range.contains(linear)
      case .guestPhysical:
        return processor.isGuest && processor.guestPhysical(of: linear).map { range.contains($0) } == true
      case .physical: return processor.physical(of: linear).map { range.contains($0.value) } == true
      }
    case .event: return false
    }
  }
}
