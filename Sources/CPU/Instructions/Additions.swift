import Layout
import MMU

// Integer instructions that came after the first ones.

// MARK: ADX

/// ADCX, "ADCX—Unsigned Integer Addition of Two Operands With Carry Flag" (SDM Vol. 2A): only CF changes.
enum ADCX: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    let (partial, first) = a.addingReportingOverflow(b)
    let (sum, second) = partial.addingReportingOverflow(flags.carryBit(W.self))
    if flags.carry != (first || second) { flags.invertCarry() }
    return sum
  }
}

/// ADOX, "ADOX—Unsigned Integer Addition of Two Operands With Overflow Flag" (SDM Vol. 2A): only OF changes.
enum ADOX: Binary {
  @inline(__always) static func apply<W: Word>(_ a: W, _ b: W, _ flags: inout Flags) -> W {
    let (partial, first) = a.addingReportingOverflow(b)
    let (sum, second) = partial.addingReportingOverflow(flags.overflow ? 1 : 0)
    if flags.overflow != (first || second) { flags.invertOverflow() }
    return sum
  }
}

// MARK: CRC32

/// CRC32, "CRC32—Accumulate CRC32 Value" (SDM Vol. 2A): the polynomial 11EDC6F41h with all bits reflected. The upper half
/// of a 64-bit destination is cleared.
@inline(__always) func crc32<W: Word>(_: W.Type, _: Reg.Type, _ s: State, _ op: OpRef) {
  accumulate(s.register(op.pointee.source, as: W.self), s, op)
  return s.next(op)
}

@inline(__always) func crc32<W: Word>(_: W.Type, _: Mem.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  accumulate(memory.get(W.self), s, op)
  return s.next(op)
}

@inline(__always) private func accumulate<W: Word>(_ source: W, _ s: State, _ op: OpRef) {
  // A source wider than the sum moves the sum out whole; one that is narrower leaves its upper bits to be moved down.
  var value = UInt64(s.register(op.pointee.destination, as: UInt32.self)) ^ source.zeroExtended
  for _ in 0..<W.bits { value = value &>> 1 ^ (0x82F6_3B78 & (0 &- (value & 1))) }
  s.setRegister(op.pointee.destination, UInt32(truncatingIfNeeded: value))
}

// MARK: Moves

/// MOVBE, "MOVBE—Move Data After Swapping Bytes" (SDM Vol. 2B).
@inline(__always) func loadSwapped<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.read(W.self, s, op) else { return missed(s, op) }
  s.setRegister(op.pointee.destination, memory.get(W.self).byteSwapped)
  return s.next(op)
}

/// MOVBE, "MOVBE—Move Data After Swapping Bytes" (SDM Vol. 2B).
@inline(__always) func storeSwapped<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  guard let memory = Mem.write(W.self, s, op) else { return missed(s, op) }
  memory.put(s.register(op.pointee.source, as: W.self).byteSwapped)
  return s.next(op)
}

/// XLAT, "XLAT/XLATB—Table Look-up Translation" (SDM Vol. 2C).
@inline(__always) func xlat(_ s: State, _ op: OpRef) {
  var address = s.masked(s[.rbx] &+ UInt64(s.get(.rax, as: UInt8.self)), op)
  if op.has(.segmented) {
    let segment = Int(op.pointee.source)
    guard let linear = s.linear(segment, address, bytes: 1, isWrite: false) else {
      return raise(s, op, segment == Segment.ss.rawValue ? .stackFault : .generalProtection)
    }
    address = linear
  }
  guard let memory = s.readPointer(address, bytes: 1) else { return missed(s, op) }
  s.set(.rax, memory.get(UInt8.self))
  return s.next(op)
}

// MARK: Compare and exchange

/// CMPXCHG8B, "CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes" (SDM Vol. 2A): memory is written in any case, and ZF is
/// the only flag.
@inline(__always) func cmpxchg8b(_ s: State, _ op: OpRef) {
  guard let memory = Mem.write(UInt64.self, s, op) else { return missed(s, op) }
  let old = memory.get(UInt64.self)
  let expected = UInt64(s.get(.rdx, as: UInt32.self)) &<< 32 | UInt64(s.get(.rax, as: UInt32.self))
  if old == expected {
    memory.put(UInt64(s.get(.rcx, as: UInt32.self)) &<< 32 | UInt64(s.get(.rbx, as: UInt32.self)))
  } else {
    s.set(.rax, UInt32(truncatingIfNeeded: old))
    s.set(.rdx, UInt32(truncatingIfNeeded: old &>> 32))
  }
  var flags = s.flags
  flags.set(zero: old == expected)
  s.flags = flags
  return s.next(op)
}

/// CMPXCHG16B, "CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes" (SDM Vol. 2A): #GP unless the operand is aligned.
@inline(__always) func cmpxchg16b(_ s: State, _ op: OpRef) {
  let address = s.effectiveAddress(op)
  guard address & 15 == 0 else { return raise(s, op, .generalProtection) }
  guard let memory = s.writePointer(address, bytes: 16) else { return missed(s, op) }
  let low = memory.get(UInt64.self)
  let high = (memory + 8).get(UInt64.self)
  let isEqual = low == s[.rax] && high == s[.rdx]
  if isEqual {
    memory.put(s[.rbx])
    (memory + 8).put(s[.rcx])
  } else {
    s[.rax] = low
    s[.rdx] = high
  }
  var flags = s.flags
  flags.set(zero: isEqual)
  s.flags = flags
  return s.next(op)
}

// MARK: Random numbers

/// RDRAND and RDSEED, "RDRAND—Read Random Number", "RDSEED—Read Random SEED" (SDM Vol. 2B): always there, so CF is set and
/// the other flags are clear. Both are fed by one SplitMix64 generator, which `ProcessorOptions.randomSeed` starts.
@inline(__always) func random<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  guard _fastPath(s.pointee.intercepts & Intercepts.random == 0) else { return guestRandom(W.self, .rdrand, s, op) }
  return drawRandom(W.self, s, op)
}

@inline(__always) func seed<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  guard _fastPath(s.pointee.intercepts & Intercepts.random == 0) else { return guestRandom(W.self, .rdseed, s, op) }
  return drawRandom(W.self, s, op)
}

@inline(never)
private func guestRandom<W: Word>(_: W.Type, _ instruction: InterceptedInstruction, _ s: State, _ op: OpRef) {
  guard !processor(s).exits(instruction, s, op) else { return }
  return drawRandom(W.self, s, op)
}

@inline(__always) private func drawRandom<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  let state = s.pointee.random &+ 0x9E37_79B9_7F4A_7C15
  s.pointee.random = state
  var value = (state ^ state &>> 30) &* 0xBF58_476D_1CE4_E5B9
  value = (value ^ value &>> 27) &* 0x94D0_49BB_1331_11EB
  s.setRegister(op.pointee.destination, W(low: value ^ value &>> 31))
  s.flags = Flags(bits: FlagBit.carry)
  return s.next(op)
}

// MARK: Which processor

/// RDPID, "RDPID—Read Processor ID" (SDM Vol. 2B): IA32_TSC_AUX.
@inline(__always) func rdpid<W: Word>(_: W.Type, _ s: State, _ op: OpRef) {
  guard _fastPath(s.pointee.intercepts & Intercepts.guest == 0) || processor(s).isEnabledForGuest(.rdtscp) else {
    return raise(s, op, .invalidOpcode)
  }
  s.setRegister(op.pointee.destination, s.pointee.tscAux)
  return s.next(op)
}

/// RDTSCP, "RDTSCP—Read Time-Stamp Counter and Processor ID" (SDM Vol. 2B).
@inline(__always) func readTSCAndProcessor(_ s: State, _ op: OpRef) {
  guard _fastPath(s.pointee.intercepts & Intercepts.guest == 0) else {
    guard processor(s).isEnabledForGuest(.rdtscp) else { return raise(s, op, .invalidOpcode) }
    guard s.mayReadTimeStamp else { return raise(s, op, .generalProtection) }
    return readGuestTSC(s, op, .rdtscp)
  }
  guard _fastPath(s.mayReadTimeStamp) else { return raise(s, op, .generalProtection) }
  s.set(.rcx, UInt32(truncatingIfNeeded: s.pointee.tscAux))
  return readTSC(s, op)
}

// MARK: Caches

/// CLFLUSH, CLFLUSHOPT and CLWB, "CLFLUSH—Flush Cache Line" (SDM Vol. 2A): with no caches all that is left is that the
/// address may fault, as for a load of a byte.
@inline(__always) func cacheLine(_ s: State, _ op: OpRef) {
  guard Mem.read(UInt8.self, s, op) != nil else {
    s.pointee.missKind |= Processor.addressOnly
    return missed(s, op)
  }
  return s.next(op)
}

// MARK: Control

/// ENTER, "ENTER—Make Stack Frame for Procedure Parameters" (SDM Vol. 2A) with 64-bit stack addresses: the immediate is
/// the size, and from bit 16 on the nesting level modulo 32. The operand size decides how much of RBP is written. Memory at
/// the new RSP must be writable, and is not written.
@inline(__always) func enter<W: Word, M: ModeForm>(_: W.Type, _: M.Type, _ s: State, _ op: OpRef) {
  var moved = 0 &- W.bytes
  let place = M.stackPointer(s, movedBy: moved)
  // With a 16-bit stack the frame is ESP, of which only SP has moved.
  let has16Bits = !s.is64Bit && s.pointee.mode & UInt64(ModeStack32) == 0
  let frame = has16Bits ? s[.rsp] & 0xFFFF_0000 | place : place
  guard M.put(s, at: place, s.get(.rbp, as: W.self)) else { return leaveBlock(s, op, ExitFault) }
  let level = UInt64(op.pointee.immediate &>> 16 & 31)
  if level > 0 {
    for index in 1..<level {
      let link = M.stackPointer(s, movedBy: s[.rbp] &- s[.rsp] &- W.bytes &* index)
      moved = moved &- W.bytes
      guard let value = M.get(s, at: link, as: W.self), M.put(s, at: M.stackPointer(s, movedBy: moved), value) else {
        return leaveBlock(s, op, ExitFault)
      }
    }
    moved = moved &- W.bytes
    guard M.put(s, at: M.stackPointer(s, movedBy: moved), W(low: frame)) else { return leaveBlock(s, op, ExitFault) }
  }
  let end = M.stackPointer(s, movedBy: moved &- UInt64(UInt16(truncatingIfNeeded: op.pointee.immediate)))
  guard let linear = M.stackLinear(s, end, bytes: W.bytes, isWrite: true) else {
    return raise(s, op, .stackFault)
  }
  guard processor(s).mayWrite(linear, bytes: W.bytes, isStack: true) else { return leaveBlock(s, op, ExitFault) }
  s.set(.rbp, W(low: frame))
  M.setStackPointer(s, end)
  return s.fallThrough(op)
}
