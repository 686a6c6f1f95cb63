import Layout
import MMU

// System instructions at CPL 0 in 64-bit mode. All of them end their block; the slow part is the processor's.

// MARK: Ports ("IN—Input From Port", SDM Vol. 2A; "OUT—Output to Port", Vol. 2B)

@inline(__always) func inImmediate<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return input(W.self, UInt16(truncatingIfNeeded: op.pointee.immediate & 0xFF), s, op)
}

@inline(__always) func inData<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return input(W.self, s.get(.rdx, as: UInt16.self), s, op)
}

@inline(__always) func outImmediate<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return output(W.self, UInt16(truncatingIfNeeded: op.pointee.immediate & 0xFF), s, op)
}

@inline(__always) func outData<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return output(W.self, s.get(.rdx, as: UInt16.self), s, op)
}

@inline(__always) private func input<W: Word>(_: W.Type, _ port: UInt16, _ s: State, _ op: OpRef) {
  let value = processor(s).ports.read(port: port, size: Int(W.bytes), at: s.cycles(before: op))
  s.set(.rax, W(truncatingIfNeeded: value))
  return s.fallThrough(op)
}

@inline(__always) private func output<W: Word>(_: W.Type, _ port: UInt16, _ s: State, _ op: OpRef) {
  let value = UInt32(truncatingIfNeeded: s.get(.rax, as: W.self))
  processor(s).ports.write(port: port, size: Int(W.bytes), value: value, at: s.cycles(before: op))
  return s.fallThrough(op)
}

// MARK: Interrupts

/// HLT, "HLT—Halt" (SDM Vol. 2A).
@inline(__always) func hlt(_ s: State, _ op: OpRef) {
  s.pointee.activity = 1
  s.pointee.exit = UInt32(ExitStop)
  return s.fallThrough(op)
}

/// CLI, "CLI—Clear Interrupt Flag" (SDM Vol. 2A).
@inline(__always) func cli(_ s: State, _ op: OpRef) {
  s.pointee.rflags &= ~FlagBit.interrupt
  return s.fallThrough(op)
}

/// STI, "STI—Set Interrupt Flag" (SDM Vol. 2B). Nothing raises an external interrupt yet, so the shadow shows nowhere.
@inline(__always) func sti(_ s: State, _ op: OpRef) {
  return refuse(s, op, .interrupts)
}

/// INT3, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure" (SDM Vol. 2A).
@inline(__always) func breakpoint(_ s: State, _ op: OpRef) {
  return softwareInterrupt(Vector.breakpoint.rawValue, s, op)
}

/// INT n, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure" (SDM Vol. 2A).
@inline(__always) func interrupt(_ s: State, _ op: OpRef) {
  return softwareInterrupt(UInt8(truncatingIfNeeded: op.pointee.immediate), s, op)
}

@inline(__always) private func softwareInterrupt(_ vector: UInt8, _ s: State, _ op: OpRef) {
  s.pointee.faultVector = vector
  s.pointee.faultHasError = 0
  s.pointee.exit = UInt32(ExitInterrupt)
  return s.fallThrough(op)
}

/// UD2, "UD—Undefined Instruction" (SDM Vol. 2B).
@inline(__always) func undefined(_ s: State, _ op: OpRef) { return raise(s, op, .invalidOpcode) }

/// IRETQ, "IRET/IRETD/IRETQ—Interrupt Return" (SDM Vol. 2A).
@inline(__always) func interruptReturn<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return processor(s).interruptReturn(s, op)
}

// MARK: Control

/// LGDT, "LGDT/LIDT—Load Global/Interrupt Descriptor Table Register" (SDM Vol. 2A).
@inline(__always) func loadGDT(_ s: State, _ op: OpRef) {
  guard let table = descriptorTable(s, op) else { return leaveBlock(s, op, ExitFault) }
  s.pointee.gdtr = table
  return s.fallThrough(op)
}

/// LIDT, "LGDT/LIDT—Load Global/Interrupt Descriptor Table Register" (SDM Vol. 2A).
@inline(__always) func loadIDT(_ s: State, _ op: OpRef) {
  guard let table = descriptorTable(s, op) else { return leaveBlock(s, op, ExitFault) }
  s.pointee.idtr = table
  return s.fallThrough(op)
}

private func descriptorTable(_ s: State, _ op: OpRef) -> DescriptorTableRegister? {
  let address = s.effectiveAddress(op)
  guard let limit = s.read(address, as: UInt16.self), let base = s.read(address &+ 2, as: UInt64.self) else {
    return nil
  }
  return DescriptorTableRegister(base: base, limit: UInt64(limit))
}

/// INVLPG, "INVLPG—Invalidate TLB Entries" (SDM Vol. 2A).
@inline(__always) func invlpg(_ s: State, _ op: OpRef) {
  processor(s).translation.invalidatePage(s.effectiveAddress(op))
  return s.fallThrough(op)
}

/// MOV r64, CRn, "MOV—Move to/from Control Registers" (SDM Vol. 2B).
@inline(__always) func readControl(_ s: State, _ op: OpRef) {
  return processor(s).readControlRegister(s, op)
}

/// MOV CRn, r64, "MOV—Move to/from Control Registers" (SDM Vol. 2B).
@inline(__always) func writeControl(_ s: State, _ op: OpRef) {
  return processor(s).writeControlRegister(s, op)
}

/// RDMSR, "RDMSR—Read From Model Specific Register" (SDM Vol. 2B).
@inline(__always) func readMSR(_ s: State, _ op: OpRef) {
  return processor(s).readMSR(s, op)
}

/// WRMSR, "WRMSR—Write to Model Specific Register" (SDM Vol. 2B).
@inline(__always) func writeMSR(_ s: State, _ op: OpRef) {
  return processor(s).writeMSR(s, op)
}

/// CPUID, "CPUID—CPU Identification" (SDM Vol. 2A). That it serialises shows nowhere: stores are visible at once.
@inline(__always) func cpuid(_ s: State, _ op: OpRef) {
  return processor(s).identify(s, op)
}

/// RDTSC, "RDTSC—Read Time-Stamp Counter" (SDM Vol. 2B).
@inline(__always) func readTSC(_ s: State, _ op: OpRef) {
  let count = s.cycles(before: op) &+ s.pointee.tscOffset
  s.set(.rax, UInt32(truncatingIfNeeded: count))
  s.set(.rdx, UInt32(truncatingIfNeeded: count >> 32))
  return s.next(op)
}
