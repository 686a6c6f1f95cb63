import Layout
import MMU

// Delivery of exceptions and interrupts in every mode (SDM Vol. 3, "Interrupt and Exception Handling", "Exception and
// Interrupt Handling in 64-bit Mode"; "Interrupt and Exception Handling in Real-Address Mode" and "in Virtual-8086 Mode").

/// Where an event comes from: decides privilege checks, EXT and RF.
package enum EventSource: Equatable {
  /// A fault, trap or abort.
  case exception
  /// INT n, INT3, INTO.
  case software
  /// INT1: a trap of its own instruction, but otherwise like an event from outside.
  case privileged
  /// INTR or NMI.
  case external
}

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
  package func deliver(vector: UInt8, error: UInt32?, source: EventSource) {
    state.pointee.cycles &+= timing.delivery
    if let takesEvents {
      state.pointee.activity = 1
      return takesEvents(vector, error)
    }
    if exitTakes(vector, error, source) { return }
    if vector == Vector.pageFault.rawValue, source == .exception { state.pointee.cr2 = state.pointee.faultAddress }
    inject(vector: vector, error: error, source: source)
  }

  /// Delivers an event that no exit can take any more; a fault on the way becomes the next one.
  package func inject(vector: UInt8, error: UInt32?, source: EventSource) {
    isDelivering = true
    defer { isDelivering = false }
    vectoring = vectored(vector, error, source)
    defer { vectoring = nil }
    let before = TransferState(state)
    let code = error
    do {
      try enterHandler(vector: vector, error: error, source: source)
      note(vector, code, source, from: before.rip, isDelivered: true)
      state.pointee.interruptShadow = 0
      state.pointee.isRepeating = 0
      // The handler may use the debug registers.
      if vector == Vector.debug.rawValue && (source == .exception || source == .privileged) {
        state.pointee.dr.7 &= ~DR7.generalDetect
      }
    } catch {
      var error = error
      // EXT: the fault comes from delivering an event that is not the program's own ("Error Code").
      if source != .software && error.vector != .pageFault && error.vector != .exit { error.error |= 1 }
      state.pointee.debugMatches = 0
      if !isTaskCommitted {
        before.restore(state)
        if source == .software || source == .privileged {
          state.pointee.rip &-= UInt64(state.pointee.faultLength)
          state.pointee.instructions &-= 1
        }
      }
      note(vector, code, source, from: before.rip, isDelivered: false)
      isFault = true
      contextChanged()
      if error.vector == .exit { return takePendingExit() }
      deliverSecond(error, after: vector, source: source)
    }
  }

  /// What kept a guest's access from being completed exits, or becomes #VE.
  ///
  /// - Parameter length: bytes of the instruction whose access it was, if it was one's.
  func takePendingExit(length: UInt16 = 0) {
    guard let reason = pendingExit else {
      virtualization?.transition()
      return
    }
    pendingExit = nil
    virtualization?.take(reason, length: UInt32(length))
  }

  private func note(_ vector: UInt8, _ error: UInt32?, _ source: EventSource, from rip: UInt64, isDelivered: Bool) {
    guard let observer else { return }
    let origin: DeliveredEvent.Origin =
      switch source {
      case .exception: .exception
      case .software, .privileged: .software
      case .external: .external
      }
    observer.delivered(
      DeliveredEvent(
        vector: vector, error: error, origin: origin, rip: rip, handler: isDelivered ? state.pointee.rip : nil),
      to: self)
  }

  private func deliverSecond(_ fault: Fault, after vector: UInt8, source: EventSource) {
    if vector == Vector.doubleFault.rawValue && source == .exception {
      vectoring = nil
      if isGuest, virtualization?.takesTripleFault() == true { return }
      state.pointee.activity = Activity.shutdown
      return
    }
    let first = source == .exception ? faultClass(vector) : .benign
    let isDouble: Bool
    switch (first, faultClass(fault.vector.rawValue)) {
    case (.contributory, .contributory), (.pageFault, .contributory), (.pageFault, .pageFault): isDouble = true
    default: isDouble = false
    }
    if isDouble {
      // An exit that #DF causes does not occur during event delivery.
      vectoring = nil
      deliver(vector: Vector.doubleFault.rawValue, error: 0, source: .exception)
    } else {
      setFault(state, fault.vector, fault.error)
      let error = state.pointee.faultHasError != 0 ? fault.error : nil
      deliver(vector: fault.vector.rawValue, error: error, source: .exception)
    }
  }

  /// What a delivery that faults must leave as it was.
  private struct TransferState {
    let rip: UInt64
    let rsp: UInt64
    let flags: UInt64
    let cs: SegmentRegister
    let ss: SegmentRegister

    init(_ s: State) {
      (rip, rsp, flags) = (s.pointee.rip, s[.rsp], s.pointee.rflags)
      (cs, ss) = (s.segment(.cs).pointee, s.segment(.ss).pointee)
    }

    func restore(_ s: State) {
      s.pointee.rip = rip
      s[.rsp] = rsp
      s.pointee.rflags = flags
      s.segment(.cs).pointee = cs
      s.segment(.ss).pointee = ss
    }
  }

  private func enterHandler(vector: UInt8, error: UInt32?, source: EventSource) throws(Fault) {
    isTaskCommitted = false
    if !state.isProtected { return try enterRealHandler(vector) }
    let external: UInt32 = source == .software ? 0 : 1
    let selectorError = UInt32(vector) << 3 | 2 | external
    let gate = try gate(vector, source, selectorError)
    if gate.system == .taskGate {
      let selector = gate.gateSelector
      try switchTask(
        to: selector, .interrupt, next: state.pointee.rip, external: external, resume: pendingResume(source))
      if let error {
        var stack = currentStack(size: state.pointee.tr.attributes & 8 != 0 ? 4 : 2)
        try push(UInt64(error), on: &stack)
        setStackPointer(stack)
      }
      return
    }
    try throughGate(gate, error: error, source: source, external: external)
  }

  /// The IDT's gate of a vector, checked as far as it does not depend on where it leads.
  private func gate(_ vector: UInt8, _ source: EventSource, _ selectorError: UInt32) throws(Fault) -> Descriptor {
    let s = state
    let size: UInt64 = s.isLong ? 16 : 8
    let offset = UInt64(vector) * size
    guard offset + size - 1 <= s.pointee.idtr.limit else { throw Fault(.generalProtection, selectorError) }
    let address = s.pointee.idtr.base &+ offset
    var gate = Descriptor(low: try systemRead(address, as: UInt64.self), address: address)
    if s.isLong { gate.high = try systemRead(address &+ 8, as: UInt64.self) }
    switch (gate.system, s.isLong) {
    case (.interruptGate32, _), (.trapGate32, _), (.interruptGate16, false), (.trapGate16, false), (.taskGate, false):
      break
    default: throw Fault(.generalProtection, selectorError)
    }
    if source == .software, gate.privilege < s.privilege { throw Fault(.generalProtection, selectorError) }
    guard gate.isPresent else { throw Fault(.segmentNotPresent, selectorError) }
    return gate
  }

  private func enterRealHandler(_ vector: UInt8) throws(Fault) {
    let s = state
    let offset = UInt64(vector) * 4
    guard offset + 3 <= s.pointee.idtr.limit else { throw Fault(.generalProtection, UInt32(vector) << 3 | 2) }
    let rip = try systemRead(s.pointee.idtr.base &+ offset, as: UInt16.self).zeroExtended
    let selector = try systemRead(s.pointee.idtr.base &+ offset &+ 2, as: UInt16.self)
    var stack = currentStack(size: 2)
    try push(s.rflags, on: &stack)
    try push(UInt64(s.segment(.cs).pointee.selector), on: &stack)
    try push(s.pointee.rip, on: &stack)
    setStackPointer(stack)
    s.pointee.rflags &= ~(FlagBit.interrupt | FlagBit.trap | FlagBit.alignment)
    setParagraph(s.segment(.cs), selector)
    s.pointee.rip = rip
    contextChanged()
  }

  private func throughGate(_ gate: Descriptor, error: UInt32?, source: EventSource, external: UInt32) throws(Fault) {
    let s = state
    let selector = gate.gateSelector
    let selectorError = UInt32(selector & 0xFFFC) | external
    guard !Selector(selector).isNull else { throw Fault(.generalProtection, external) }
    var target: Descriptor
    do { target = try descriptor(selector) } catch {
      throw error.vector == .generalProtection ? Fault(.generalProtection, selectorError) : error
    }
    guard target.isCode, target.privilege <= s.privilege else { throw Fault(.generalProtection, selectorError) }
    if s.isLong, !target.isLong || target.isBig { throw Fault(.generalProtection, selectorError) }
    guard target.isPresent else { throw Fault(.segmentNotPresent, selectorError) }
    let wasVirtual8086 = s.isVirtual8086
    let isInner = !target.isConforming && target.privilege < s.privilege
    guard !wasVirtual8086 || isInner && target.privilege == 0 else { throw Fault(.generalProtection, selectorError) }
    let is16 = gate.system == .interruptGate16 || gate.system == .trapGate16
    let size: UInt64 = s.isLong ? 8 : is16 ? 2 : 4
    let offset = s.isLong ? gate.gateOffset64 : is16 ? gate.gateOffset16 : gate.gateOffset32
    var stack: TransferStack
    if s.isLong && gate.interruptStack != 0 {
      stack = try interruptStack(gate.interruptStack, privilege: isInner ? target.privilege : s.privilege, external)
    } else if isInner {
      stack = try innerStack(target.privilege, size: size, error: external)
    } else {
      stack = currentStack(size: size)
    }
    if s.isLong { stack.pointer &= ~15 }
    try checkTarget(offset, target)
    usesLongStack = s.isLong
    defer { usesLongStack = false }
    if wasVirtual8086 {
      for segment in [Segment.gs, .fs, .ds, .es] {
        try push(UInt64(s.segment(segment).pointee.selector), on: &stack)
      }
    }
    let flags = s.rflags | pendingResume(source)
    if s.isLong, let frame = longFrame(&stack, words: error == nil ? 5 : 6) {
      let lowest = error == nil ? 0 : 1
      if let error { frame[0] = UInt64(error) }
      frame[lowest] = s.pointee.rip
      frame[lowest + 1] = UInt64(s.segment(.cs).pointee.selector)
      frame[lowest + 2] = flags
      frame[lowest + 3] = s[.rsp]
      frame[lowest + 4] = UInt64(s.segment(.ss).pointee.selector)
    } else {
      if isInner || s.isLong {
        try push(UInt64(s.segment(.ss).pointee.selector), on: &stack)
        try push(s[.rsp], on: &stack)
      }
      try push(flags, on: &stack)
      try push(UInt64(s.segment(.cs).pointee.selector), on: &stack)
      try push(s.pointee.rip, on: &stack)
      if let error { try push(UInt64(error), on: &stack) }
    }
    // The last that may fault.
    try markAccessed(&target)
    let privilege = isInner ? target.privilege : s.privilege
    s.pointee.rflags &= ~(FlagBit.trap | FlagBit.nestedTask | FlagBit.resume | FlagBit.virtual8086)
    if gate.type & 1 == 0 { s.pointee.rflags &= ~FlagBit.interrupt }
    if wasVirtual8086 {
      for segment in [Segment.gs, .fs, .ds, .es] { s.segment(segment).pointee = nullSegment(0) }
    }
    if isInner {
      s.segment(.ss).pointee = stack.segment
    }
    try setCode(selector, target, privilege: privilege)
    contextChanged()
    if s.isLong { s[.rsp] = stack.pointer } else { setStackPointer(stack) }
    s.pointee.rip = offset
  }

  /// Faults push RF set, and so does what comes between the iterations of a string instruction, so that an instruction
  /// breakpoint does not recur (SDM Vol. 3, "Instruction-Breakpoint Exception Condition").
  private func pendingResume(_ source: EventSource) -> UInt64 {
    guard source != .software else { return 0 }
    return source == .exception && isFault || state.pointee.isRepeating != 0 ? FlagBit.resume : 0
  }

  private func interruptStack(_ number: UInt64, privilege: UInt8, _ external: UInt32) throws(Fault) -> TransferStack {
    let tr = state.pointee.tr
    let offset = 28 + number * 8
    guard offset + 7 <= UInt64(tr.limit) else { throw Fault(.invalidTSS, UInt32(tr.selector & 0xFFFC) | external) }
    let pointer = try systemRead(tr.base &+ offset, as: UInt64.self)
    var segment = nullSegment(UInt16(privilege))
    segment.attributes |= UInt32(privilege) << 5
    return TransferStack(segment: segment, pointer: pointer, size: 8, isUser: privilege == 3)
  }

  // MARK: IRET

  /// IRET unblocks NMIs even if it faults ("Handling Multiple NMIs").
  private func unblockNonMaskable() {
    if isGuest, virtualization?.interruptReturn() == true { return }
    guard blocksNonMaskable else { return }
    blocksNonMaskable = false
    if isAttentionWanted { state.pointee.exit = UInt32(ExitStop) }
  }

  /// IRET, IRETD, IRETQ (SDM Vol. 2A, "IRET/IRETD/IRETQ—Interrupt Return"); the caller sees to the changed context.
  func interruptReturn(size: UInt64, next: UInt64) throws(Fault) {
    let s = state
    unblockNonMaskable()
    let isVirtualized = s.isVirtual8086 && s.pointee.rflags & FlagBit.ioPrivilege != FlagBit.ioPrivilege
    guard !isVirtualized || s.virtualizesFlags(bytes: size) else { throw Fault(.generalProtection) }
    if s.isProtected && !s.isVirtual8086 && s.pointee.rflags & FlagBit.nestedTask != 0 {
      guard !s.isLong else { throw Fault(.generalProtection) }
      let link = try systemRead(s.pointee.tr.base, as: UInt16.self)
      return try switchTask(to: link, .return, next: next)
    }
    var stack = currentStack(size: size)
    let rip = try pop(from: &stack)
    let selector = UInt16(truncatingIfNeeded: try pop(from: &stack))
    let flags = try pop(from: &stack)
    if s.usesParagraphs {
      guard rip <= UInt64(s.segment(.cs).pointee.limit), !isVirtualized || s.mayLoadVirtualized(flags) else {
        throw Fault(.generalProtection)
      }
      setStackPointer(stack)
      setParagraph(s.segment(.cs), selector)
      s.pointee.rip = rip
      if isVirtualized {
        return loadVirtualized(flags)
      }
      var mask = FlagBit.arithmetic | FlagBit.trap | FlagBit.interrupt | FlagBit.direction | FlagBit.nestedTask
      if !s.isVirtual8086 { mask |= FlagBit.ioPrivilege }
      if size > 2 { mask |= FlagBit.resume | FlagBit.alignment | FlagBit.identification }
      return setFlags(flags, mask: mask)
    }
    if flags & FlagBit.virtual8086 != 0 && s.privilege == 0 && size == 4 && !s.isLong {
      return try returnToVirtual8086(&stack, rip, selector, flags)
    }
    guard !Selector(selector).isNull else { throw Fault(.generalProtection) }
    let target = try descriptor(selector)
    let privilege = Selector(selector).privilege
    guard target.isCode, privilege >= s.privilege,
      target.isConforming ? target.privilege <= privilege : target.privilege == privilege
    else { throw Fault(.generalProtection, selector: selector) }
    try checkLongCode(selector, target)
    guard target.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
    let isOuter = privilege > s.privilege
    var outer: (segment: SegmentRegister, pointer: UInt64)?
    if isOuter || s.is64Bit {
      let pointer = try pop(from: &stack)
      let stackSelector = UInt16(truncatingIfNeeded: try pop(from: &stack))
      outer = (try outerStack(stackSelector, privilege: privilege, target), pointer)
    }
    try checkTarget(rip, target)
    let oldPrivilege = s.privilege
    if outer == nil { setStackPointer(stack) }
    try setCode(selector, target, privilege: privilege)
    s.pointee.rip = rip
    if let outer {
      s.segment(.ss).pointee = outer.segment
      modeChanged()
      setStackPointer(TransferStack(segment: outer.segment, pointer: outer.pointer, size: size))
    }
    returnFlags(flags, size: size, from: oldPrivilege)
    if isOuter { clearInaccessibleSegments() }
  }

  private func returnFlags(_ flags: UInt64, size: UInt64, from privilege: UInt8) {
    var mask = FlagBit.arithmetic | FlagBit.trap | FlagBit.direction | FlagBit.nestedTask
    if size > 2 { mask |= FlagBit.resume | FlagBit.alignment | FlagBit.identification }
    if privilege == 0 {
      mask |= FlagBit.ioPrivilege
      if size > 2 { mask |= 3 << 19 }
    }
    if UInt64(privilege) << 12 <= state.pointee.rflags & FlagBit.ioPrivilege { mask |= FlagBit.interrupt }
    setFlags(flags, mask: mask)
  }

  private func returnToVirtual8086(
    _ stack: inout TransferStack, _ rip: UInt64, _ selector: UInt16, _ flags: UInt64
  ) throws(Fault) {
    let s = state
    let pointer = try pop(from: &stack)
    var selectors: [UInt16] = []
    for _ in 0..<5 { selectors.append(UInt16(truncatingIfNeeded: try pop(from: &stack))) }
    guard rip <= 0xFFFF else { throw Fault(.generalProtection) }
    s.rflags = flags & 0x3F_7FD5 | FlagBit.fixed
    setFlags(flags, mask: FlagBit.trap)
    for (segment, selector) in zip([Segment.ss, .es, .ds, .fs, .gs], selectors) {
      setParagraph(s.segment(segment), selector)
    }
    setParagraph(s.segment(.cs), selector)
    s.pointee.rip = rip
    s[.rsp] = pointer
  }
}
