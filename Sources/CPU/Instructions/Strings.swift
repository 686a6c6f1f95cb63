import Layout
import MMU

// String instructions in 64-bit mode with 64-bit addresses. Each iteration takes `immediate` cycles on top of the
// instruction's own; a repeated one stops at an iteration once the deadline has passed and goes on later from the same
// RIP, and counts as one instruction when it is done (SDM Vol. 2B, "REP/REPE/REPZ/REPNE/REPNZ—Repeat String Operation
// Prefix").

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// What RSI and RDI move by.
  @inline(__always) func stringStep<W: Word>(_: W.Type) -> UInt64 {
    pointee.rflags & FlagBit.direction == 0 ? W.bytes : 0 &- W.bytes
  }

  @inline(__always) func advance(_ register: GeneralRegister, by step: UInt64) {
    self[register] = self[register] &+ step
  }
}

/// Runs a string instruction: `iterate` does up to `limit` elements at once and says how many.
@inline(__always)
private func repeated(
  _ s: State, _ op: OpRef, untilFlag: Bool, _ iterate: (State, _ limit: UInt64) -> UInt64?
) {
  let cost = UInt64(bitPattern: op.pointee.immediate)
  guard op.has(.repeat) || op.has(.repeatNot) else {
    guard iterate(s, 1) != nil else { return leaveBlock(s, op, ExitFault) }
    return s.fallThrough(op)
  }
  while s[.rcx] != 0 {
    let now = s.cycles(before: op)
    guard now < s.pointee.deadline else { return leaveBlock(s, op, ExitStop) }
    let affordable = cost == 0 ? UInt64.max : (s.pointee.deadline &- now &+ cost &- 1) / cost
    guard let count = iterate(s, min(s[.rcx], affordable)) else { return leaveBlock(s, op, ExitFault) }
    s[.rcx] = s[.rcx] &- count
    s.pointee.cycles = s.pointee.cycles &+ count &* cost
    if untilFlag && s.flags.zero != op.has(.repeat) { break }
  }
  return s.fallThrough(op)
}

/// MOVS, "MOVS/MOVSB/MOVSW/MOVSD/MOVSQ—Move Data From String to String" (SDM Vol. 2B).
@inline(__always) func movs<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: false) { s, limit in
    let step = s.stringStep(W.self)
    let from = s[.rsi]
    let to = s[.rdi]
    if limit > 1, step == W.bytes, let source = s.readPointer(from, bytes: W.bytes),
      let target = s.writePointer(to, bytes: W.bytes)
    {
      let room = min(0x1000 &- from & 0xFFF, 0x1000 &- to & 0xFFF) / W.bytes
      let count = min(limit, room)
      let bytes = Int(truncatingIfNeeded: count &* W.bytes)
      if target <= source || target - source >= bytes {
        target.copyMemory(from: source, byteCount: bytes)
      } else {
        for offset in stride(from: 0, to: bytes, by: Int(W.bytes)) {
          (target + offset).put((source + offset).get(W.self))
        }
      }
      s.advance(.rsi, by: count &* step)
      s.advance(.rdi, by: count &* step)
      return count
    }
    guard let value = s.read(from, as: W.self), s.write(to, value) else { return nil }
    s.advance(.rsi, by: step)
    s.advance(.rdi, by: step)
    return 1
  }
}

/// STOS, "STOS/STOSB/STOSW/STOSD/STOSQ—Store String" (SDM Vol. 2B).
@inline(__always) func stos<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: false) { s, limit in
    let step = s.stringStep(W.self)
    let to = s[.rdi]
    let value = s.get(.rax, as: W.self)
    if limit > 1, step == W.bytes, let target = s.writePointer(to, bytes: W.bytes) {
      let count = min(limit, (0x1000 &- to & 0xFFF) / W.bytes)
      for index in 0..<Int(truncatingIfNeeded: count) { (target + index &* Int(W.bytes)).put(value) }
      s.advance(.rdi, by: count &* step)
      return count
    }
    guard s.write(to, value) else { return nil }
    s.advance(.rdi, by: step)
    return 1
  }
}

/// LODS, "LODS/LODSB/LODSW/LODSD/LODSQ—Load String" (SDM Vol. 2A).
@inline(__always) func lods<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: false) { s, _ in
    guard let value = s.read(s[.rsi], as: W.self) else { return nil }
    s.set(.rax, value)
    s.advance(.rsi, by: s.stringStep(W.self))
    return 1
  }
}

/// SCAS, "SCAS/SCASB/SCASW/SCASD—Scan String" (SDM Vol. 2B).
@inline(__always) func scas<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: true) { s, _ in
    guard let value = s.read(s[.rdi], as: W.self) else { return nil }
    var flags = s.flags
    _ = CMP.apply(s.get(.rax, as: W.self), value, &flags)
    s.flags = flags
    s.advance(.rdi, by: s.stringStep(W.self))
    return 1
  }
}

/// CMPS, "CMPS/CMPSB/CMPSW/CMPSD/CMPSQ—Compare String Operands" (SDM Vol. 2A).
@inline(__always) func cmps<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  return repeated(s, op, untilFlag: true) { s, _ in
    guard let a = s.read(s[.rsi], as: W.self), let b = s.read(s[.rdi], as: W.self) else { return nil }
    var flags = s.flags
    _ = CMP.apply(a, b, &flags)
    s.flags = flags
    let step = s.stringStep(W.self)
    s.advance(.rsi, by: step)
    s.advance(.rdi, by: step)
    return 1
  }
}
