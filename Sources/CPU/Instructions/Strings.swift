import Layout
import MMU

// String instructions, in every mode. Each iteration takes `immediate` cycles on top of the instruction's own; a repeated
// one stops at an iteration once the deadline has passed and goes on later from the same RIP, and counts as one
// instruction when it is done (SDM Vol. 2B, "REP/REPE/REPZ/REPNE/REPNZ—Repeat String Operation Prefix").

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// What RSI and RDI move by.
  @inline(__always) func stringStep<W: Word>(_: W.Type) -> UInt64 {
    pointee.rflags & FlagBit.direction == 0 ? W.bytes : 0 &- W.bytes
  }

  /// Linear address of the element at RSI, in the op's segment; nil: a fault is recorded.
  @inline(__always) func stringSource<W: Word>(_: W.Type, _ op: OpRef) -> UInt64? {
    stringElement(.rsi, Int(op.pointee.source), W.bytes, isWrite: false, op)
  }

  /// Linear address of the element at RDI, in ES; nil: a fault is recorded.
  @inline(__always) func stringTarget<W: Word>(_: W.Type, _ op: OpRef, isWrite: Bool) -> UInt64? {
    stringElement(.rdi, Segment.es.rawValue, W.bytes, isWrite: isWrite, op)
  }

  @inline(__always)
  private func stringElement(
    _ register: GeneralRegister, _ segment: Int, _ bytes: UInt64, isWrite: Bool, _ op: OpRef
  ) -> UInt64? {
    let offset = masked(self[register], op)
    guard op.has(.segmented) else { return offset }
    guard let linear = linear(segment, offset, bytes: bytes, isWrite: isWrite) else {
      setFault(self, segment == Segment.ss.rawValue ? .stackFault : .generalProtection, 0)
      return nil
    }
    return linear
  }

  @inline(__always) func advance(_ register: GeneralRegister, by step: UInt64, _ op: OpRef) {
    setAddressRegister(register, self[register] &+ step, op)
  }
}

/// Runs a string instruction: `iterate` does up to `limit` elements at once and says how many; nil: a fault is recorded.
@inline(__always)
func repeated(_ s: State, _ op: OpRef, untilFlag: Bool, _ iterate: (State, _ limit: UInt64) -> UInt64?) {
  let cost = UInt64(bitPattern: op.pointee.immediate)
  guard op.has(.repeat) || op.has(.repeatNot) else {
    guard iterate(s, 1) != nil else { return leaveBlock(s, op, ExitFault) }
    return s.fallThrough(op)
  }
  let isTraced = s.pointee.rflags & FlagBit.trap != 0
  s.pointee.isRepeating = 0
  while s.counter(op) != 0 {
    let now = s.cycles(before: op)
    guard now < s.pointee.deadline else { return interrupted(s, op) }
    let affordable = cost == 0 ? UInt64.max : (s.pointee.deadline &- now &+ cost &- 1) / cost
    guard let count = iterate(s, isTraced ? 1 : min(s.counter(op), affordable)) else {
      return leaveBlock(s, op, ExitFault)
    }
    s.setAddressRegister(.rcx, s[.rcx] &- count, op)
    s.pointee.cycles = s.pointee.cycles &+ count &* cost
    if untilFlag && s.flags.zero != op.has(.repeat) { break }
    // Debug traps come between iterations.
    if (isTraced || s.pointee.debugMatches != 0) && s.counter(op) != 0 {
      if isTraced { s.pointee.debugMatches |= UInt32(DR6.singleStep) }
      return interrupted(s, op)
    }
  }
  return s.fallThrough(op)
}

/// Leaves between two iterations.
@inline(__always) private func interrupted(_ s: State, _ op: OpRef) {
  s.pointee.isRepeating = 1
  return leaveBlock(s, op, ExitStop)
}

/// Elements from an address to the end of its page.
@inline(__always) private func room<W: Word>(_ linear: UInt64, _: W.Type) -> UInt64 {
  (0x1000 &- linear & 0xFFF) / W.bytes
}

/// MOVS, "MOVS/MOVSB/MOVSW/MOVSD/MOVSQ—Move Data From String to String" (SDM Vol. 2B).
@inline(__always) func movs<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: false) { s, limit in
    let step = s.stringStep(W.self)
    guard let from = s.stringSource(W.self, op) else { return nil }
    if limit > 1, step == W.bytes, !op.has(.segmented), let source = s.readPointer(from, bytes: W.bytes),
      let to = s.stringTarget(W.self, op, isWrite: true), let target = s.writePointer(to, bytes: W.bytes)
    {
      let count = min(limit, min(room(from, W.self), room(to, W.self)))
      let bytes = Int(truncatingIfNeeded: count &* W.bytes)
      if target <= source || target - source >= bytes {
        target.copyMemory(from: source, byteCount: bytes)
      } else {
        for offset in stride(from: 0, to: bytes, by: Int(W.bytes)) {
          (target + offset).put((source + offset).get(W.self))
        }
      }
      s.advance(.rsi, by: count &* step, op)
      s.advance(.rdi, by: count &* step, op)
      return count
    }
    guard let value = s.read(from, as: W.self), let to = s.stringTarget(W.self, op, isWrite: true),
      s.write(to, value)
    else { return nil }
    s.advance(.rsi, by: step, op)
    s.advance(.rdi, by: step, op)
    return 1
  }
}

/// STOS, "STOS/STOSB/STOSW/STOSD/STOSQ—Store String" (SDM Vol. 2B).
@inline(__always) func stos<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: false) { s, limit in
    let step = s.stringStep(W.self)
    guard let to = s.stringTarget(W.self, op, isWrite: true) else { return nil }
    let value = s.get(.rax, as: W.self)
    if limit > 1, step == W.bytes, !op.has(.segmented), let target = s.writePointer(to, bytes: W.bytes) {
      let count = min(limit, room(to, W.self))
      for index in 0..<Int(truncatingIfNeeded: count) { (target + index &* Int(W.bytes)).put(value) }
      s.advance(.rdi, by: count &* step, op)
      return count
    }
    guard s.write(to, value) else { return nil }
    s.advance(.rdi, by: step, op)
    return 1
  }
}

/// LODS, "LODS/LODSB/LODSW/LODSD/LODSQ—Load String" (SDM Vol. 2A).
@inline(__always) func lods<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: false) { s, _ in
    guard let from = s.stringSource(W.self, op), let value = s.read(from, as: W.self) else { return nil }
    s.set(.rax, value)
    s.advance(.rsi, by: s.stringStep(W.self), op)
    return 1
  }
}

/// SCAS, "SCAS/SCASB/SCASW/SCASD—Scan String" (SDM Vol. 2B).
@inline(__always) func scas<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: true) { s, _ in
    guard let to = s.stringTarget(W.self, op, isWrite: false), let value = s.read(to, as: W.self) else { return nil }
    var flags = s.flags
    _ = CMP.apply(s.get(.rax, as: W.self), value, &flags)
    s.flags = flags
    s.advance(.rdi, by: s.stringStep(W.self), op)
    return 1
  }
}

/// CMPS, "CMPS/CMPSB/CMPSW/CMPSD/CMPSQ—Compare String Operands" (SDM Vol. 2A).
@inline(__always) func cmps<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: true) { s, _ in
    guard let from = s.stringSource(W.self, op), let a = s.read(from, as: W.self),
      let to = s.stringTarget(W.self, op, isWrite: false), let b = s.read(to, as: W.self)
    else { return nil }
    var flags = s.flags
    _ = CMP.apply(a, b, &flags)
    s.flags = flags
    let step = s.stringStep(W.self)
    s.advance(.rsi, by: step, op)
    s.advance(.rdi, by: step, op)
    return 1
  }
}

/// INS, "INS/INSB/INSW/INSD—Input from Port to String" (SDM Vol. 2A): the destination is checked before the port is read.
@inline(__always) func ins<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: false) { s, _ in
    let port = s.get(.rdx, as: UInt16.self)
    let processor = processor(s)
    guard processor.mayUsePort(port, bytes: Int(W.bytes)), !exits(port, W.bytes, s, op, isInput: true),
      let to = s.stringTarget(W.self, op, isWrite: true),
      processor.mayWrite(to, bytes: W.bytes, isStack: false)
    else { return nil }
    let value = processor.ports.read(port: port, size: Int(W.bytes), at: s.cycles(before: op))
    processor.notePort(port, bytes: W.bytes)
    guard s.write(to, W(truncatingIfNeeded: value)) else { return nil }
    s.advance(.rdi, by: s.stringStep(W.self), op)
    return 1
  }
}

/// OUTS, "OUTS/OUTSB/OUTSW/OUTSD—Output String to Port" (SDM Vol. 2B).
@inline(__always) func outs<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: false) { s, _ in
    let port = s.get(.rdx, as: UInt16.self)
    let processor = processor(s)
    guard processor.mayUsePort(port, bytes: Int(W.bytes)), !exits(port, W.bytes, s, op, isInput: false),
      let from = s.stringSource(W.self, op),
      let value = s.read(from, as: W.self)
    else { return nil }
    processor.ports.write(
      port: port, size: Int(W.bytes), value: UInt32(truncatingIfNeeded: value), at: s.cycles(before: op))
    processor.notePort(port, bytes: W.bytes)
    s.advance(.rsi, by: s.stringStep(W.self), op)
    return 1
  }
}

/// Whether INS or OUTS exits; a fault that is none is recorded then.
@inline(__always)
private func exits(_ port: UInt16, _ bytes: UInt64, _ s: State, _ op: OpRef, isInput: Bool) -> Bool {
  guard s.pointee.intercepts & Intercepts.guest != 0 else { return false }
  let register: GeneralRegister = isInput ? .rdi : .rsi
  let segment = isInput ? Segment.es.rawValue : Int(op.pointee.source)
  let offset = s.masked(s[register], op)
  let base = op.has(.segmented) ? s.segment(Segment(rawValue: segment) ?? .ds).pointee.base : 0
  let access = PortAccess(
    port: port, bytes: Int(bytes), isInput: isInput, isString: true,
    isRepeated: op.has(.repeat) || op.has(.repeatNot), isImmediate: false, linear: base &+ offset)
  guard processor(s).virtualization?.exits(access, length: op.pointee.length) == true else { return false }
  setFault(s, .exit, 0)
  return true
}
