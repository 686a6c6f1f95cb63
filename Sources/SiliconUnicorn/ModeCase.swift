/// A case: one instruction and, behind one that loads a segment, a read through it; what is loaded before.
struct ModeCase {
  /// Number in `ModeKnowledge.rows`.
  var row = 0
  var slot = 0
  var code: [UInt8] = []
  var gpr = [UInt64](repeating: 0, count: 16)
  var flags: UInt64 = 2
  /// Data that differ from the scenario's image: address, value, bytes.
  var patches: [(address: Int, value: UInt64, bytes: Int)] = []
  /// Operand and address size in bits.
  var width = 0
  var addressWidth = 0
  var hasMemory = false
  var prefixes: [UInt8] = []
  var hasREX = false
  var isRIPRelative = false
  /// Flags that are not compared, because the manual leaves them undefined.
  var undefined: UInt64 = 0
  var isResultUndefined = false
}

/// The registers that are compared, as words.
enum Word {
  static let rflags = 16
  static let rip = 17
  static let selectors = 18
  static let cr0 = 24
  static let cr2 = 25
  static let cr3 = 26
  static let cr4 = 27
  static let gdtBase = 28
  static let gdtLimit = 29
  static let idtBase = 30
  static let idtLimit = 31
  static let ldtr = 32
  static let tr = 33
  static let dr0 = 34
  static let dr6 = 38
  static let dr7 = 39
  static let fsBase = 40
  static let gsBase = 41
  static let kernelGSBase = 42
  static let count = 43

  static let names =
    [
      "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
      "flags", "RIP", "ES", "CS", "SS", "DS", "FS", "GS", "CR0", "CR2", "CR3", "CR4", "GDTR.base", "GDTR.limit",
      "IDTR.base", "IDTR.limit", "LDTR", "TR", "DR0", "DR1", "DR2", "DR3", "DR6", "DR7", "FS.base", "GS.base",
      "KernelGSBase",
    ]
}

/// How a case ended on a side.
enum ModeEnding: Equatable {
  /// RIP says where.
  case done
  /// With an exception or a software interrupt; Unicorn tells no error code.
  case event(UInt8)
  /// It reached outside of the memory, where the sides are not the same.
  case outside
  /// Ours does not have it.
  case refused(String)
  /// It did not end.
  case endless

  /// The name that the tables have for it.
  var name: String {
    switch self {
    case .done: return "on"
    case .event(let vector):
      let names = [
        "DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", "9", "TS", "NP", "SS", "GP", "PF", "15", "MF",
      ]
      return Int(vector) < names.count ? names[Int(vector)] : "INT"
    case .outside: return "outside"
    case .refused(let text): return text
    case .endless: return "endless"
    }
  }
}
