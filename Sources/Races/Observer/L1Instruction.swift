import CPU
import Layout
import VMX

/// An instruction of VMX that L1 has executed and that has exited to L0, with its operands as they were then. It has
/// taken place when L0 resumes L1 behind it and says so in the flags (SDM Vol. 3, "Conventions" of the VMX Instruction
/// Reference).
struct L1Instruction: Sendable {
  /// Which one.
  let instruction: VMXInstruction
  /// Where the register or memory is that VMREAD writes to.
  private let operands: VMXOperands
  /// The memory operand's first and second eight bytes, where it has them.
  let low, high: UInt64
  /// INVEPT and INVVPID: the type; VMREAD and VMWRITE: the encoding; VMWRITE: the value is in `low`.
  let register: UInt64
  /// In 64-bit mode.
  let isWide: Bool
  /// The instruction behind it.
  let next: UInt64
  /// Count of the observer's facts, L1's clock, and where the instruction lies.
  let order, cycle, rip: UInt64

  /// Reads the operands of an instruction that is about to exit.
  init(_ instruction: VMXInstruction, _ operands: VMXOperands, of processor: Processor, order: UInt64) {
    self.instruction = instruction
    self.operands = operands
    self.order = order
    isWide = processor.state.is64Bit
    (cycle, rip) = processor.instructionMoment
    let end = rip &+ UInt64(operands.length)
    next = isWide ? end : end & 0xFFFF_FFFF
    func value(_ offset: UInt8) -> UInt64 {
      let value = UnsafeRawPointer(processor.state).load(fromByteOffset: Int(offset), as: UInt64.self)
      return processor.state.is64Bit ? value : value & 0xFFFF_FFFF
    }
    switch instruction {
    case .vmptrld, .vmclear, .vmxon:
      (low, high, register) = (L1Instruction.read(operands.linear, 8, processor), 0, 0)
    case .vmwrite:
      let bytes = isWide ? 8 : 4
      low = operands.isRegister ? value(operands.other) : L1Instruction.read(operands.linear, bytes, processor)
      (high, register) = (0, value(operands.register))
    case .vmread: (low, high, register) = (0, 0, value(operands.other))
    case .invept, .invvpid:
      low = L1Instruction.read(operands.linear, 8, processor)
      high = L1Instruction.read(operands.linear &+ 8, 8, processor)
      register = value(operands.register)
    default: (low, high, register) = (0, 0, 0)
    }
  }

  /// What VMREAD has brought, now that it is done.
  func result(_ processor: Processor) -> UInt64 {
    guard operands.isRegister else { return L1Instruction.read(operands.linear, isWide ? 8 : 4, processor) }
    let value = UnsafeRawPointer(processor.state).load(fromByteOffset: Int(operands.register), as: UInt64.self)
    return isWide ? value : value & 0xFFFF_FFFF
  }

  /// Bytes of memory, found without side effects; what lies nowhere reads as zero, and the instruction cannot succeed.
  private static func read(_ linear: UInt64, _ count: Int, _ processor: Processor) -> UInt64 {
    processor.peek(linear, count: count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
