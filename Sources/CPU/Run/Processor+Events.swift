import Layout
import MMU

// Delivery of exceptions and software interrupts through the IDT of IA-32e mode, at CPL 0 (SDM Vol. 3, "Exception and
// Interrupt Handling in 64-bit Mode").

extension Processor {
  /// Classes of the double-fault table (SDM Vol. 3, "Interrupt 8—Double Fault Exception (#DF)").
  private enum FaultClass { case benign, contributory, pageFault }

  private func faultClass(_ vector: UInt8) -> FaultClass {
    switch Vector(rawValue: vector) {
    case .divideError, .invalidTSS, .segmentNotPresent, .stackFault, .generalProtection: .contributory
    case .pageFault: .pageFault
    default: .benign
    }
  }

  /// Delivers an event; a fault on the way becomes the next event, a double fault, or the shutdown state.
  func deliver(vector: UInt8, error: UInt32?, isSoftware: Bool) {
    state.pointee.cycles &+= timing.delivery
    guard !enterHandler(vector: vector, error: error, isSoftware: isSoftware), refusal == nil else { return }
    let second = state.pointee.faultVector
    if vector == Vector.doubleFault.rawValue {
      state.pointee.activity = 2
      return
    }
    let first = isSoftware ? FaultClass.benign : faultClass(vector)
    let isDouble: Bool
    switch (first, faultClass(second)) {
    case (.contributory, .contributory), (.pageFault, .contributory), (.pageFault, .pageFault): isDouble = true
    default: isDouble = false
    }
    if isDouble {
      deliver(vector: Vector.doubleFault.rawValue, error: 0, isSoftware: false)
    } else {
      let error = state.pointee.faultHasError != 0 ? state.pointee.faultError : nil
      deliver(vector: second, error: error, isSoftware: false)
    }
  }

  /// Goes through the gate; false: a fault is recorded, or a refusal.
  private func enterHandler(vector: UInt8, error: UInt32?, isSoftware: Bool) -> Bool {
    let s = state
    let external: UInt32 = isSoftware ? 0 : 1
    let selectorError = UInt32(vector) << 3 | 2 | external
    let offset = UInt64(vector) * 16
    guard offset + 15 <= s.pointee.idtr.limit else { return fail(.generalProtection, selectorError) }
    guard let low = s.read(s.pointee.idtr.base &+ offset, as: UInt64.self),
      let high = s.read(s.pointee.idtr.base &+ offset &+ 8, as: UInt64.self)
    else { return false }
    let type = low >> 40 & 0x1F
    guard type == 0xE || type == 0xF else { return fail(.generalProtection, selectorError) }
    guard low >> 47 & 1 == 1 else { return fail(.segmentNotPresent, selectorError) }
    guard low >> 32 & 7 == 0 else { return refuse("delivery through a gate with an interrupt stack") }
    let selector = UInt16(truncatingIfNeeded: low >> 16)
    guard let code = codeSegment(selector, external: external) else { return false }
    let target = low & 0xFFFF | low >> 32 & 0xFFFF_0000 | high << 32
    guard LinearAddress(target).isCanonical() else { return fail(.generalProtection, external) }
    var top = s[.rsp] & ~15
    let flags = s.rflags | (isSoftware ? 0 : FlagBit.resume)
    var frame = [
      UInt64(s.pointee.segments.2.selector), s[.rsp], flags, UInt64(s.pointee.segments.1.selector), s.pointee.rip,
    ]
    if let error { frame.append(UInt64(error)) }
    for value in frame {
      top &-= 8
      guard s.write(top, value, isStack: true) else { return false }
    }
    s[.rsp] = top
    s.pointee.segments.1 = code
    s.pointee.rip = target
    let cleared = FlagBit.trap | FlagBit.nestedTask | FlagBit.resume | FlagBit.virtual8086
    s.pointee.rflags &= ~(cleared | (type == 0xE ? FlagBit.interrupt : 0))
    return true
  }

  /// A 64-bit code segment of CPL 0 from the GDT; nil: a fault is recorded, or a refusal.
  private func codeSegment(_ selector: UInt16, external: UInt32) -> SegmentRegister? {
    let s = state
    let error = UInt32(selector & 0xFFFC) | external
    guard selector & 0xFFFC != 0 else { return failing(.generalProtection, external) }
    guard selector & 4 == 0 else {
      refusal = .gate("a code segment from the LDT")
      return nil
    }
    let offset = UInt64(selector & 0xFFF8)
    guard offset + 7 <= s.pointee.gdtr.limit else { return failing(.generalProtection, error) }
    guard let descriptor = s.read(s.pointee.gdtr.base &+ offset, as: UInt64.self) else { return nil }
    guard descriptor >> 43 & 3 == 3 else { return failing(.generalProtection, error) }
    guard descriptor >> 45 & 3 == 0 && selector & 3 == 0 else {
      refusal = .gate("a transfer to another privilege level")
      return nil
    }
    guard descriptor >> 47 & 1 == 1 else { return failing(.segmentNotPresent, error) }
    guard descriptor >> 53 & 3 == 1 else {
      refusal = .gate("a transfer to a code segment that is not 64-bit")
      return nil
    }
    return SegmentRegister(
      base: 0, limit: 0xFFFF_FFFF, attributes: UInt32(truncatingIfNeeded: descriptor >> 40 & 0xF0FF),
      selector: selector, reserved: (0, 0, 0))
  }

  private func fail(_ vector: Vector, _ error: UInt32) -> Bool {
    setFault(state, vector, error)
    return false
  }

  private func failing(_ vector: Vector, _ error: UInt32) -> SegmentRegister? {
    setFault(state, vector, error)
    return nil
  }

  private func refuse(_ what: String) -> Bool {
    refusal = .gate(what)
    return false
  }

  /// IRETQ between handlers of CPL 0 (SDM Vol. 2A, "IRET/IRETD/IRETQ—Interrupt Return").
  func interruptReturn(_ s: State, _ op: OpRef) {
    let top = s[.rsp]
    guard s.pointee.rflags & FlagBit.nestedTask == 0 else { return raise(s, op, .generalProtection) }
    guard let rip = s.read(top, as: UInt64.self, isStack: true),
      let cs = s.read(top &+ 8, as: UInt64.self, isStack: true),
      let flags = s.read(top &+ 16, as: UInt64.self, isStack: true),
      let rsp = s.read(top &+ 24, as: UInt64.self, isStack: true),
      let ss = s.read(top &+ 32, as: UInt64.self, isStack: true)
    else { return leaveBlock(s, op, ExitFault) }
    guard let code = codeSegment(UInt16(truncatingIfNeeded: cs), external: 0) else {
      return leaveBlock(s, op, refusal == nil ? ExitFault : ExitRefused)
    }
    guard UInt16(truncatingIfNeeded: ss) == s.pointee.segments.2.selector else {
      return CPU.refuse(s, op, .gate("a return to another stack segment"))
    }
    guard LinearAddress(rip).isCanonical() else { return raise(s, op, .generalProtection) }
    let effects = FlagBit.trap | FlagBit.interrupt | FlagBit.alignment
    guard flags & effects == 0 else { return CPU.refuse(s, op, .flagsWithEffects) }
    let mask: UInt64 =
      FlagBit.arithmetic | FlagBit.direction | FlagBit.ioPrivilege | FlagBit.nestedTask | FlagBit.resume
      | FlagBit.identification | 3 << 19
    s.rflags = s.rflags & ~(mask | effects) | flags & mask
    s[.rsp] = rsp
    s.pointee.segments.1 = code
    s.branch(to: rip)
  }
}
