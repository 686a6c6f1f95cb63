import Opcodes
import Silicon
import Tables

/// A row of the opcode table that both sides can run, and what a case must know of it.
struct ModeRow {
  let opcode: Opcode
  let undefined: [UndefinedRule]

  var isString: Bool { opcode.shape == .string }
  var isShift: Bool { [.shift, .doubleShift, .bitTest].contains(opcode.shape) }

  /// Control or debug registers that are drawn.
  var controls: [UInt8] {
    switch opcode.byte {
    case 0x20: [0, 2, 3, 4, 1]
    case 0x21: [0, 1, 2, 3, 4, 5, 6, 7]
    default: [0, 1, 2, 3]
    }
  }

  /// LDS and its like.
  var loadsFarPointer: Bool { ["LDS", "LES", "LSS", "LFS", "LGS"].contains(opcode.mnemonic) }
  /// JMP, CALL through a far pointer in memory.
  var isFarIndirect: Bool { opcode.byte == 0xFF && opcode.map == .oneByte && (opcode.digit == 3 || opcode.digit == 5) }
  /// Its source is a selector.
  var takesSelector: Bool {
    if opcode.byte == 0x8E && opcode.map == .oneByte { return true }
    return ["LAR", "LSL", "VERR", "VERW", "LLDT", "LTR", "ARPL"].contains(opcode.mnemonic)
  }

  var loadsSegment: Bool {
    if loadsFarPointer || opcode.byte == 0x8E && opcode.map == .oneByte { return true }
    guard opcode.mnemonic == "POP", case .fixedSegment = opcode.operands.first else { return false }
    return true
  }

  /// The number of the segment register that it loads.
  func loadedSegment(_ draft: ModeDraft) -> Int? {
    if case .fixedSegment(let number) = opcode.operands.first { return Int(number) }
    if let number = ["LES": 0, "LSS": 2, "LDS": 3, "LFS": 4, "LGS": 5][opcode.mnemonic] { return number }
    return draft.reg < 6 ? Int(draft.reg) : nil
  }

  func bytes(_ size: Opcode.Size, width: Int) -> Int {
    switch size {
    case .b: 1
    case .w: 2
    case .d: 4
    case .q: 8
    case .v: max(width, 16) / 8
    case .z: width == 16 ? 2 : 4
    case .y: width == 64 ? 8 : 4
    }
  }

  /// Bytes of the memory operand, or more.
  func memoryBytes(width: Int) -> Int {
    for operand in opcode.operands {
      switch operand {
      case .registerOrMemory(let size), .offset(let size): return bytes(size, width: width)
      case .memory: return 16
      default: continue
      }
    }
    return 8
  }

  func immediate(_ draft: inout ModeDraft) -> UInt64 {
    switch opcode.mnemonic {
    // Nesting beyond a few levels reads what nobody has written.
    case "ENTER":
      return draft.it.code.last == 0xC8
        ? UInt64(draft.random.below(0x200)) : UInt64(draft.random.below(draft.random.once(in: 3) ? 6 : 1))
    case "RET": return UInt64(draft.random.below(0x40))
    case "INT": return UInt64(draft.random.below(256))
    default: return draft.random.value()
    }
  }

  /// Gives the memory operand a value that suits.
  func fill(_ draft: inout ModeDraft, _ bytes: Int) {
    let target = draft.target
    let size = max(draft.it.width, 16) / 8
    if isFarIndirect || loadsFarPointer {
      let far = draft.farTarget()
      draft.patch(target, far.offset, bytes: size)
      draft.patch(target &+ UInt64(size), UInt64(loadsFarPointer ? draft.selector() : far.selector), bytes: 2)
    } else if takesSelector {
      draft.patch(target, UInt64(draft.selector()), bytes: 2)
    } else if opcode.isNearIndirect {
      draft.patch(target, draft.codeOffset(), bytes: draft.is64 ? 8 : size)
    } else if opcode.mnemonic == "CMPXCHG", draft.random.once(in: 2) {
      draft.patch(target, draft.it.gpr[0], bytes: min(bytes, 8))
    } else if draft.random.once(in: 2) {
      draft.patch(target, draft.random.value(), bytes: min(bytes, 8))
    }
  }
}

extension ModeDraft {
  /// What an instruction wants of registers and of the stack before its addresses are made.
  mutating func chooseRoles() {
    let bits = it.addressWidth
    if row.isString {
      set(1, UInt64(random.below(12)), bits: bits)
      set(6, place(64) &- base(override ?? 3), bits: bits)
      set(7, place(64) &- base(0), bits: bits)
    }
    if opcode.operands.last == .cl { set(1, random.count(), bits: 8) }
    if opcode.shape == .divide && random.once(in: 2) { chooseDividend() }
    if opcode.shape == .bitTest, opcode.operands.last == .reg(.v), isMemory {
      set(Int(reg), signed(random.next(), bits: 12), bits: max(it.width, 16))
    }
    if row.takesSelector && !isMemory { set(Int(rm), UInt64(selector()), bits: 16) }
    // SP keeps its value, which may lie beyond CS's limit: Unicorn does not look at that.
    if opcode.isNearIndirect && rm == 4 && !isMemory { rm = 0 }
    if opcode.isNearIndirect && !isMemory { set(Int(rm), codeOffset(), bits: 64) }
    switch opcode.mnemonic {
    case "XLAT": set(3, place(0x100) &- base(override ?? 3), bits: bits)
    case "LOOP", "LOOPE", "LOOPNE", "JRCXZ": if random.once(in: 2) { set(1, UInt64(random.below(3)), bits: bits) }
    case "LEAVE", "ENTER": set(5, it.gpr[4] &+ UInt64(random.below(0x100)), bits: 64)
    case "RDMSR", "WRMSR": chooseModelSpecificRegister()
    case "RET", "IRET", "POPF", "POP": fillStack()
    case "ARPL": if !isMemory && reg == rm { reg = (rm + 1) & 7 }
    default: break
    }
  }

  private mutating func chooseDividend() {
    if it.width == 8 {
      set(0, it.gpr[0] & 0xFF | UInt64(random.below(4)) << 8, bits: 16)
    } else {
      let isNegative = it.gpr[0] >> UInt64(it.width - 1) & 1 != 0
      set(2, isNegative && random.once(in: 2) ? ~0 : UInt64(random.below(3)), bits: it.width)
    }
  }

  private mutating func chooseModelSpecificRegister() {
    let known: [UInt64] = [0x174, 0x175, 0x176, 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084, 0xC000_0102]
    set(1, random.pick(known), bits: 32)
    set(2, random.once(in: 4) ? random.next() : 0, bits: 32)
  }

  /// Selectors, offsets and flags where the instruction will pop them.
  private mutating func fillStack() {
    let size = is64 && opcode.defaultsTo64 ? (it.width == 16 ? 2 : 8) : max(it.width, 16) / 8
    var linear = base(2) &+ (it.gpr[4] & stackMask)
    func push(_ draft: inout ModeDraft, _ value: UInt64) {
      draft.patch(linear, value, bytes: size)
      linear &+= UInt64(size)
    }
    let flags = random.next() & 0x24_4ED5 | UInt64(random.below(4)) << 12 | 2
    switch (opcode.mnemonic, opcode.byte) {
    case ("POPF", _): push(&self, flags)
    case ("POP", _): if case .fixedSegment = opcode.operands.first { push(&self, UInt64(selector())) }
    case ("RET", 0xC2), ("RET", 0xC3): push(&self, codeOffset())
    default:
      let far = farTarget()
      push(&self, far.offset)
      push(&self, UInt64(far.selector))
      if opcode.mnemonic == "IRET" { push(&self, flags) }
      // RET with an immediate takes these from further up.
      push(&self, UInt64(ModeLayout.data + 0x2000))
      push(&self, UInt64(selector()))
    }
  }
}

/// The rows that are run, and those that are not.
struct ModeKnowledge {
  private(set) var rows: [ModeRow] = []
  private(set) var skipped: [SkippedRow] = []

  init(only: String? = nil) throws(TableError) {
    var reasons: [String: String] = [:]
    for row in try Table("unicorn exclusions", UnicornTables.exclusions).rows {
      reasons[row["mnemonic"] + "|" + row["encoding"]] = row["reason"]
    }
    let undefined = try Knowledge.undefinedRules()
    for opcode in try Opcode.all() where only == nil || opcode.mnemonic == only {
      let name = opcode.mnemonic
      var reason = reasons[name + "|"] ?? reasons[name + "|" + opcode.encoding]
      if opcode.shape == .refused { reason = "refused" }
      if opcode.unit != .general || opcode.map.isVEX { reason = "vector registers and VEX are compared with the host" }
      if let reason {
        skipped.append(SkippedRow(mnemonic: name, encoding: opcode.encoding, reason: reason))
      } else {
        rows.append(ModeRow(opcode: opcode, undefined: undefined[name] ?? []))
      }
    }
  }
}
