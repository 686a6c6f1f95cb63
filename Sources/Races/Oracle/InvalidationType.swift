import MMU

/// What invalidations are counted by: the instruction, or what happened.
enum InvalidationType: Int, CaseIterable {
  case page, root, contexts, mode, smep, memoryTypes, transition, ept, vpid

  init(_ invalidation: Invalidation) {
    self =
      switch invalidation {
      case .page: .page
      case .root: .root
      case .contexts: .contexts
      case .mode: .mode
      case .smep: .smep
      case .memoryTypes: .memoryTypes
      case .vmx(.transition): .transition
      case .vmx(.ept), .vmx(.everyEPT), .failedINVEPT: .ept
      case .vmx(.address), .vmx(.vpid), .vmx(.everyVPID), .vmx(.vpidButGlobal), .failedINVVPID: .vpid
      }
  }

  /// As people and `--json` have it.
  var name: String {
    switch self {
    case .page: "INVLPG"
    case .root: "MOV to CR3"
    case .contexts: "INVPCID"
    case .mode: "paging mode"
    case .smep: "CR4.SMEP"
    case .memoryTypes: "WRMSR"
    case .transition: "transition"
    case .ept: "INVEPT"
    case .vpid: "INVVPID"
    }
  }
}
