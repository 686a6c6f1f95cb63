import Layout
import MMU

// Ways out of the middle of a block. All of them are cold, and make RIP, clock and instruction count exact.

/// Exception vectors (SDM Vol. 3, "Exception and Interrupt Vectors").
public enum Vector: UInt8, Sendable {
  /// The manual's mnemonics: #DE, #DB, NMI, #BP, #OF, #BR, #UD, #NM, #DF, #TS, #NP, #SS, #GP, #PF, #AC.
  case divideError = 0
  case debug, nonMaskable, breakpoint, overflow, boundRange, invalidOpcode, deviceNotAvailable, doubleFault
  case invalidTSS = 10
  case segmentNotPresent, stackFault, generalProtection, pageFault
  /// #MF.
  case x87FloatingPoint = 16
  case alignmentCheck
  /// #VE.
  case virtualization = 20
  /// No exception: `Processor.pendingExit` is due. It travels as a fault does.
  case exit = 0xFF
}

/// Leaves the block at the boundary before an op.
@inline(never)
func leaveBlock(_ s: State, _ op: OpRef, _ exit: Int) {
  s.pointee.cycles = s.cycles(before: op)
  s.pointee.instructions = s.pointee.instructions &- s.blockCount &+ UInt64(op.pointee.number)
  s.pointee.rip = s.pointee.rip &+ UInt64(op.pointee.ripOffset)
  s.pointee.link = nil
  s.pointee.exit = UInt32(truncatingIfNeeded: exit)
  if exit == ExitFault, s.pointee.faultVector == Vector.exit.rawValue {
    s.pointee.faultLength = UInt16(op.pointee.length)
  }
}

/// Raises an exception at an op, without an error code, or with code 0 where the vector has one.
@inline(never)
func raise(_ s: State, _ op: OpRef, _ vector: Vector) {
  setFault(s, vector, 0)
  leaveBlock(s, op, ExitFault)
}

/// Records the exception that the run loop will deliver.
func setFault(_ s: State, _ vector: Vector, _ error: UInt32) {
  s.pointee.faultVector = vector.rawValue
  switch vector {
  case .doubleFault, .invalidTSS, .segmentNotPresent, .stackFault, .generalProtection, .pageFault, .alignmentCheck:
    s.pointee.faultHasError = 1
  default: s.pointee.faultHasError = 0
  }
  s.pointee.faultError = error
}

/// Ends the run at an op that needs what is not built.
@inline(never)
func refuse(_ s: State, _ op: OpRef, _ refusal: Refusal) {
  processor(s).refusal = refusal
  leaveBlock(s, op, ExitRefused)
}

/// An access that no host pointer serves. The op that goes on is entered by a tail call from here, where nothing lies on
/// the stack: a loop that misses each time would fill it.
@inline(never)
func missed(_ s: State, _ op: OpRef) {
  guard let next = withProcessor(s, { $0.missed(s, op) }) else { return }
  return next.pointee.handler(s, next)
}

// MARK: Handlers of no instruction

/// First op of a dropped block: the link that led here is cut.
func droppedBlock(_ s: State, _ op: OpRef) {
  s.pointee.link?.pointee = nil
  leaveBlock(s, op, ExitDropped)
}

/// Before a block's first instruction, where a run may have to stop.
func lookForStop(_ s: State, _ op: OpRef) {
  guard !isStop(s, op) else { return stopBefore(s, op) }
  return s.next(op)
}

@inline(never)
private func isStop(_ s: State, _ op: OpRef) -> Bool {
  let processor = processor(s)
  let sum = s.pointee.rip &+ UInt64(op.pointee.ripOffset) &+ s.pointee.codeBase
  let linear = s.is64Bit ? sum : sum & 0xFFFF_FFFF
  let physical = s.pointee.block.map { $0.pointee.key >> 8 &+ UInt64(op.pointee.ripOffset) } ?? ~0
  guard processor.blocks.isStop(linear: linear, physical: physical, of: processor) else { return false }
  return processor.reportsStop(linear, retired: s.pointee.instructions &- s.blockCount &+ UInt64(op.pointee.number))
}

@inline(never)
private func stopBefore(_ s: State, _ op: OpRef) {
  processor(s).isAtStopAddress = true
  leaveBlock(s, op, ExitStop)
}

/// Behind the last op of a block that no branch ends.
func continueBehind(_ s: State, _ op: OpRef) { s.fallThrough(op) }

/// Behind the last op of a block's prefix, at the boundary where the run loop wants to look.
func stopHere(_ s: State, _ op: OpRef) {
  s.pointee.rip = s.pointee.rip &+ UInt64(op.pointee.ripOffset)
  s.pointee.link = nil
}

/// Behind an op that runs alone.
func ranAlone(_ s: State, _ op: OpRef) { s.pointee.fellThrough = 1 }

/// A row of shape `refused`: its number stands in the immediate, its unit in the source.
@inline(__always) func refusedByName(_ s: State, _ op: OpRef) {
  return refuse(s, op, row: Int(truncatingIfNeeded: op.pointee.immediate))
}

/// Ends the run at an op whose row of the opcode table is not built, if nothing keeps the instruction from executing.
@inline(never)
func refuse(_ s: State, _ op: OpRef, row: Int) {
  let fault = s.fault(ofUnit: op.pointee.source)
  guard fault == 0 else { return unavailable(s, op, fault) }
  let processor = processor(s)
  let rip = s.pointee.codeBase &+ s.pointee.rip &+ UInt64(op.pointee.ripOffset)
  refuse(
    s, op, .instruction(processor.decoder.opcode(ofRow: row).mnemonic, bytes: processor.peek(rip, count: 15)))
}

/// An instruction whose registers CR0, CR4 or a pending x87 error keep it from: raises the vector.
@inline(never)
func unavailable(_ s: State, _ op: OpRef, _ fault: UInt8) {
  setFault(s, Vector(rawValue: fault) ?? .invalidOpcode, 0)
  guard fault != Vector.x87FloatingPoint.rawValue || s.pointee.cr0 & CR0.numericError != 0 else {
    return refuse(s, op, .gate("an x87 error with CR0.NE = 0"))
  }
  leaveBlock(s, op, ExitFault)
}

/// More than 15 bytes.
func tooLong(_ s: State, _ op: OpRef) { raise(s, op, .generalProtection) }
