import MMU

/// Invalidations for people, by what causes them.
enum InvalidationText {
  static func text(_ invalidation: Invalidation) -> String {
    switch invalidation {
    case .page(let address): "INVLPG \(hex(address))"
    case .root(let root, let pcid): "MOV to CR3: root \(hex(root)), PCID \(pcid)"
    case .contexts(.address(let address, let pcid)): "INVPCID of \(hex(address)), PCID \(pcid)"
    case .contexts(.context(let pcid)): "INVPCID of PCID \(pcid)"
    case .contexts(.allWithGlobal): "INVPCID of all, global ones too"
    case .contexts(.all): "INVPCID of all but global ones"
    case .mode: "a change of the paging mode"
    case .smep: "CR4.SMEP set"
    case .memoryTypes: "WRMSR to an MTRR"
    case .vmx(.transition(let isVPIDEnabled)): "a VM entry or exit \(isVPIDEnabled ? "with" : "without") VPID"
    case .vmx(.ept(let tag)): "INVEPT of EP4TA \(hex(tag))"
    case .vmx(.everyEPT): "INVEPT of all EPTs"
    case .vmx(.address(let address, let vpid)): "INVVPID of \(hex(address)), VPID \(vpid)"
    case .vmx(.vpid(let vpid)): "INVVPID of VPID \(vpid)"
    case .vmx(.everyVPID): "INVVPID of all VPIDs"
    case .vmx(.vpidButGlobal(let vpid)): "INVVPID of VPID \(vpid) but global ones"
    }
  }
}
