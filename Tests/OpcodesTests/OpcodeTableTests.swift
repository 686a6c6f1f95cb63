import Opcodes
import Testing

/// Each row of the opcode table says what the manual's pages say of its instruction.
@Suite struct OpcodeTableTests {
  private let opcodes: [Opcode]

  /// The table that is shipped reads without an error (`Opcode.all`).
  init() throws { opcodes = try Opcode.all() }

  private func name(_ opcode: Opcode) -> String {
    "\(opcode.mnemonic) \(String(opcode.byte, radix: 16)) in \(opcode.map)"
  }

  /// `Opcode.all`: the shipped table reads, and has rows of more than one opcode map.
  @Test func theShippedTableReads() {
    #expect(opcodes.count > 200)
    #expect(Set(opcodes.map(\.map)).isSuperset(of: [.oneByte, .escape0F]))
  }

  /// `OpcodeTable`, column `timing`: a class is one word.
  @Test func everyRowHasATimingClass() {
    for opcode in opcodes {
      let isWord = !opcode.timing.isEmpty && opcode.timing.allSatisfy(\.isLetter)
      #expect(isWord, "\(name(opcode)): '\(opcode.timing)'")
    }
  }

  /// `OpcodeTable`, column `section`: a title as the manual writes one, a name, a dash and what it does.
  @Test func everyRowCitesASection() {
    for opcode in opcodes {
      let parts = opcode.section.split(separator: "—", omittingEmptySubsequences: false)
      #expect(parts.count == 2 && parts.allSatisfy { !$0.isEmpty }, "\(name(opcode)): '\(opcode.section)'")
    }
  }

  /// `OpcodeTable`: mnemonic and handler are never left out.
  @Test func everyRowIsFilledIn() {
    for opcode in opcodes {
      #expect(!opcode.mnemonic.isEmpty && !opcode.handlerStem.isEmpty, "\(name(opcode))")
      #expect(opcode.mnemonic == opcode.mnemonic.uppercased(), "\(name(opcode))")
    }
  }

  /// SDM Vol. 2, "LOCK—Assert LOCK# Signal Prefix": the instructions it may precede, and only with a memory destination.
  @Test func lockStandsBeforeWhatTheManualLists() {
    let allowed: Set = [
      "ADD", "ADC", "AND", "BTC", "BTR", "BTS", "CMPXCHG", "CMPXCHG8B", "CMPXCHG16B", "DEC", "INC", "NEG", "NOT", "OR",
      "SBB", "SUB", "XOR", "XADD", "XCHG",
    ]
    for opcode in opcodes {
      let writesMemory: Bool
      switch opcode.operands.first {
      case .registerOrMemory, .memory: writesMemory = true
      default: writesMemory = false
      }
      #expect(opcode.allowsLock == (allowed.contains(opcode.mnemonic) && writesMemory), "\(name(opcode))")
    }
  }

  /// SDM Vol. 2, "Instruction Prefixes" and "Opcode Map": a byte operand is 8 bits wide, one of size v 16, 32 or 64.
  @Test func widthsAgreeWithOperands() {
    for opcode in opcodes {
      switch opcode.operands.first {
      case .registerOrMemory(.b), .reg(.b), .opcodeRegister(.b), .accumulator(.b):
        #expect(opcode.widths == [8], "\(name(opcode))")
      case .registerOrMemory(.v), .reg(.v), .opcodeRegister(.v), .accumulator(.v):
        #expect(!opcode.widths.contains(8), "\(name(opcode))")
      default: break
      }
      #expect(opcode.widths == opcode.widths.sorted(), "\(name(opcode))")
      #expect(Set(opcode.widths).count == opcode.widths.count, "\(name(opcode))")
    }
  }

  /// SDM Vol. 1, "Operand-Size and Address-Size Attributes" (64-bit mode): near branches and the stack's instructions
  /// have 64-bit operands without REX.W.
  @Test func nearBranchesAndStackDefaultTo64Bits() {
    let stems: Set = [
      "PUSH", "POP", "PUSHF", "POPF", "LEAVE", "J", "JMP", "CALL", "RET", "LOOP", "LOOPE", "LOOPNE", "JRCXZ",
    ]
    // Far transfers are not among them.
    for opcode in opcodes where stems.contains(opcode.mnemonic) && opcode.timing != "far" {
      #expect(opcode.defaultsTo64, "\(name(opcode))")
      #expect(opcode.usesMode, "\(name(opcode))")
      #expect(!HandlerMode.long.has(width: 32, isAlways64: opcode.isAlways64), "not encodable in 64-bit mode")
    }
  }

  /// `OpcodeTable`, attribute `ends`: what may go elsewhere than behind itself is the last of its block.
  @Test func transfersEndTheirBlock() {
    let stems: Set = [
      "J", "JMP", "CALL", "RET", "LOOP", "LOOPE", "LOOPNE", "JRCXZ", "INT", "INT3", "INT1", "IRET", "HLT", "UD2",
    ]
    for opcode in opcodes where stems.contains(opcode.mnemonic) { #expect(opcode.endsBlock, "\(name(opcode))") }
  }

  /// `OpcodeTable`, column `opcode`: `+r` stands for 8 bytes and `+c` for 16, and both begin where their bits are 0.
  @Test func spreadRowsBeginAtZero() {
    for opcode in opcodes {
      #expect([1, 8, 16].contains(opcode.spread), "\(name(opcode))")
      #expect(Int(opcode.byte) % opcode.spread == 0, "\(name(opcode))")
      let hasRegister = opcode.operands.contains {
        if case .opcodeRegister = $0 { true } else { false }
      }
      #expect(hasRegister == (opcode.spread == 8), "\(name(opcode))")
      let isConditional = [.moveIf, .setIf, .jumpIf].contains(opcode.shape)
      #expect(isConditional == (opcode.spread == 16), "\(name(opcode))")
    }
  }
}
