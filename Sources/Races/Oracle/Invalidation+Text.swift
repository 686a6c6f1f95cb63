import MMU

extension Invalidation {
  /// The instruction, or what else it was, with its operands.
  ///
  /// - Parameter number: how a number is written.
  public func text(_ number: (UInt64) -> String) -> String {
    switch self {
    case .page(let address): "INVLPG \(number(address))"
    case .root(let root, let pcid): "MOV to CR3, root \(number(root)), PCID \(pcid)"
    case .contexts(.address(let address, let pcid)): "INVPCID of \(number(address)), PCID \(pcid)"
    case .contexts(.context(let pcid)): "INVPCID of PCID \(pcid)"
    case .contexts(.allWithGlobal): "INVPCID of everything"
    case .contexts(.all): "INVPCID of everything but global"
    case .mode: "a change of the paging mode"
    case .smep: "CR4.SMEP set"
    case .memoryTypes: "WRMSR to an MTRR"
    case .vmx(.transition(let isVPIDEnabled)): "a VM entry or exit\(isVPIDEnabled ? " with VPID" : "")"
    case .vmx(.ept(let ep4ta)): "INVEPT of EPTP \(number(ep4ta))"
    case .vmx(.everyEPT): "INVEPT of every EPTP"
    case .vmx(.address(let address, let vpid)): "INVVPID of \(number(address)), VPID \(vpid)"
    case .vmx(.vpid(let vpid)): "INVVPID of VPID \(vpid)"
    case .vmx(.everyVPID): "INVVPID of every VPID"
    case .vmx(.vpidButGlobal(let vpid)): "INVVPID of VPID \(vpid), global mappings spared"
    case .failedINVEPT(let descriptor): "INVEPT of \(number(descriptor))"
    case .failedINVVPID(let descriptor): "INVVPID of \(number(descriptor))"
    }
  }
}
