/// When a VM entry makes a check, which decides what a failure does (SDM Vol. 3, "VM Entries").
public enum EntryCheckStage: String, CaseIterable, Sendable {
  /// VMfailValid with VM-instruction error 7, or 8.
  case controls, hostState
  /// A VM exit for a failed entry: exit reason 33, or 34, with bit 31 set.
  case guestState, msrLoading

  /// The VM-instruction error; nil where a VM exit follows.
  public var instructionError: UInt32? {
    switch self {
    case .controls: 7
    case .hostState: 8
    case .guestState, .msrLoading: nil
    }
  }

  /// The exit reason, with bit 31 set; nil where the instruction fails.
  public var exitReason: UInt32? {
    switch self {
    case .controls, .hostState: nil
    case .guestState: 1 << 31 | 33
    case .msrLoading: 1 << 31 | 34
    }
  }

  var title: String {
    switch self {
    case .controls: "control"
    case .hostState: "host-state"
    case .guestState: "guest-state"
    case .msrLoading: "MSR-loading"
    }
  }
}

/// Why a VM entry failed: the check, and what it compared.
public struct EntryFailure: Equatable, Sendable {
  /// A value that was compared, by name.
  public struct Value: Equatable, Sendable {
    /// The field as the manual has it, with the bits if not all.
    public let name: String
    /// Its value.
    public let value: UInt64
  }

  /// The row of `EntryCheckTable`.
  public let check: String
  /// The manual's section.
  public let section: String
  /// The stage of the entry.
  public let stage: EntryCheckStage
  /// The exit qualification, where a VM exit follows.
  public let qualification: UInt64
  /// What was compared.
  public let values: [Value]
  /// What had to hold.
  public let requirement: String

  /// One line for people.
  public var description: String {
    let compared = values.map { "\($0.name) is \(hexadecimal($0.value))" }.joined(separator: ", ")
    return "VM entry failed: \(stage.title) check '\(check)': \(compared); \(requirement) (\"\(section)\")"
  }
}

func hexadecimal(_ value: UInt64) -> String { String(value, radix: 16, uppercase: true) + "h" }
