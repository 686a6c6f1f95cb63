import Layout
import MMU

// Far jumps, calls and returns (SDM Vol. 2A, "JMP—Jump", "CALL—Call Procedure"; Vol. 2B, "RET—Return From Procedure").

/// A stack that a transfer pushes onto before SS and RSP change.
struct TransferStack {
  var segment: SegmentRegister
  var pointer: UInt64
  /// Bytes an item takes: 2, 4 or 8.
  var size: UInt64
  /// Faults on the stack carry this selector when it is a new one.
  var selector: UInt16 = 0
  /// It is a stack of privilege level 3: accesses to it are a user's.
  var isUser = false
}

extension Processor {
  /// Pushes an item; the pointer wraps as the segment's size says.
  func push(_ value: UInt64, on stack: inout TransferStack) throws(Fault) {
    if stack.size == 8, state.is64Bit || usesLongStack,
      let host = translation.filed(stack.pointer &- 8, bytes: 8, Access(isWrite: true, isUser: stack.isUser))
    {
      host.storeBytes(of: value, as: UInt64.self)
      stack.pointer &-= 8
      return
    }
    let pointer = stackPointer(stack.pointer &- stack.size, in: stack.segment)
    let linear = try stackAddress(stack, pointer, isWrite: true)
    let access = Access(isWrite: true, isUser: stack.isUser)
    switch stack.size {
    case 2: try systemWrite(linear, UInt16(truncatingIfNeeded: value), access)
    case 4: try systemWrite(linear, UInt32(truncatingIfNeeded: value), access)
    default: try systemWrite(linear, value, access)
    }
    stack.pointer = pointer
  }

  /// Where a frame of quadwords goes that is pushed at once, if no access to it need be seen; its lowest one comes first.
  func longFrame(_ stack: inout TransferStack, words: UInt64) -> UnsafeMutablePointer<UInt64>? {
    let pointer = stack.pointer &- words * 8
    let access = Access(isWrite: true, isUser: stack.isUser)
    // Delivery aligns the stack.
    guard pointer & 7 == 0, let host = translation.filed(pointer, bytes: words * 8, access) else { return nil }
    stack.pointer = pointer
    return host.assumingMemoryBound(to: UInt64.self)
  }

  /// Pops an item.
  func pop(from stack: inout TransferStack) throws(Fault) -> UInt64 {
    if stack.size == 8, state.is64Bit || usesLongStack,
      let host = translation.filed(stack.pointer, bytes: 8, Access(isUser: stack.isUser))
    {
      stack.pointer &+= 8
      return host.loadUnaligned(as: UInt64.self)
    }
    let linear = try stackAddress(stack, stackPointer(stack.pointer, in: stack.segment), isWrite: false)
    let access = Access(isUser: stack.isUser)
    let value: UInt64
    switch stack.size {
    case 2: value = try systemRead(linear, as: UInt16.self, access).zeroExtended
    case 4: value = try systemRead(linear, as: UInt32.self, access).zeroExtended
    default: value = try systemRead(linear, as: UInt64.self, access)
    }
    stack.pointer = stackPointer(stack.pointer &+ stack.size, in: stack.segment)
    return value
  }

  private func stackPointer(_ pointer: UInt64, in segment: SegmentRegister) -> UInt64 {
    if state.is64Bit || usesLongStack { return pointer }
    return pointer & (segment.attributes & SegmentBit.big != 0 ? 0xFFFF_FFFF : 0xFFFF)
  }

  private func stackAddress(_ stack: TransferStack, _ pointer: UInt64, isWrite: Bool) throws(Fault) -> UInt64 {
    if state.is64Bit || usesLongStack {
      guard state.isCanonical(pointer) else { throw Fault(.stackFault, selector: stack.selector) }
      return pointer
    }
    let segment = stack.segment
    let last = pointer &+ stack.size &- 1
    let isExpandDown = segment.attributes & SegmentBit.expandDown != 0
    let top: UInt64 = segment.attributes & SegmentBit.big != 0 ? 0xFFFF_FFFF : 0xFFFF
    let isInside = isExpandDown ? pointer > UInt64(segment.limit) && last <= top : last <= UInt64(segment.limit)
    guard isInside else { throw Fault(.stackFault, selector: stack.selector) }
    return (segment.base &+ pointer) & 0xFFFF_FFFF
  }

  /// The stack in use.
  func currentStack(size: UInt64) -> TransferStack {
    TransferStack(
      segment: state.segment(.ss).pointee, pointer: state[.rsp], size: size, isUser: state.privilege == 3)
  }

  /// Writes RSP, ESP or SP of a stack that has been used.
  func setStackPointer(_ stack: TransferStack) {
    if state.is64Bit {
      state[.rsp] = stack.pointer
    } else if stack.segment.attributes & SegmentBit.big != 0 {
      state[.rsp] = stack.pointer & 0xFFFF_FFFF
    } else {
      state.set(.rsp, UInt16(truncatingIfNeeded: stack.pointer))
    }
  }

  // MARK: JMP and CALL

  /// A far JMP or CALL to a selector and offset.
  ///
  /// - Parameters:
  ///   - size: bytes of the operand, 2, 4 or 8: of a return address.
  ///   - next: RIP behind the instruction.
  func farTransfer(_ selector: UInt16, _ offset: UInt64, size: UInt64, isCall: Bool, next: UInt64) throws(Fault) {
    let s = state
    if s.usesParagraphs {
      guard offset <= UInt64(s.segment(.cs).pointee.limit) else { throw Fault(.generalProtection) }
      if isCall { try pushReturn(size: size, next: next) }
      setParagraph(s.segment(.cs), selector)
      s.pointee.rip = offset
      return
    }
    guard !Selector(selector).isNull else { throw Fault(.generalProtection) }
    let target = try descriptor(selector)
    if !target.isSystem {
      try codeSegment(selector, target, privilege: s.privilege)
      try checkTarget(offset, target)
      if isCall { try pushReturn(size: size, next: next) }
      try setCode(selector, target, privilege: s.privilege)
      s.pointee.rip = offset
      return
    }
    guard target.privilege >= max(s.privilege, Selector(selector).privilege) else {
      throw Fault(.generalProtection, selector: selector)
    }
    switch (target.system, s.isLong) {
    case (.callGate32, _), (.callGate16, false):
      guard target.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
      try throughCallGate(target, isCall: isCall, next: next)
    case (.taskGate, false):
      guard target.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
      try switchTask(to: target.gateSelector, isCall ? .call : .jump, next: next)
    case (.tss16Available, false), (.tss32Available, false):
      guard target.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
      try switchTask(to: selector, isCall ? .call : .jump, next: next)
    default: throw Fault(.generalProtection, selector: selector)
    }
  }

  private func pushReturn(size: UInt64, next: UInt64) throws(Fault) {
    var stack = currentStack(size: size)
    try push(UInt64(state.segment(.cs).pointee.selector), on: &stack)
    try push(next, on: &stack)
    setStackPointer(stack)
  }

  private func throughCallGate(_ gate: Descriptor, isCall: Bool, next: UInt64) throws(Fault) {
    let s = state
    let selector = gate.gateSelector
    guard !Selector(selector).isNull else { throw Fault(.generalProtection) }
    let target = try descriptor(selector)
    guard target.isCode, target.privilege <= s.privilege else { throw Fault(.generalProtection, selector: selector) }
    if s.isLong {
      guard target.isLong, !target.isBig else { throw Fault(.generalProtection, selector: selector) }
    }
    if !isCall && !target.isConforming {
      guard target.privilege == s.privilege else { throw Fault(.generalProtection, selector: selector) }
    }
    guard target.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
    let size: UInt64 = s.isLong ? 8 : gate.system == .callGate16 ? 2 : 4
    let offset = s.isLong ? gate.gateOffset64 : size == 2 ? gate.gateOffset16 : gate.gateOffset32
    let oldCode = UInt64(s.segment(.cs).pointee.selector)
    let old = s.segment(.ss).pointee
    if isCall && !target.isConforming && target.privilege < s.privilege {
      var stack = try innerStack(target.privilege, size: size, error: 0)
      try checkTarget(offset, target)
      var parameters: [UInt64] = []
      if !s.isLong {
        var source = currentStack(size: size)
        for _ in 0..<gate.parameterCount { parameters.append(try pop(from: &source)) }
      }
      let oldPointer = s[.rsp]
      usesLongStack = s.isLong
      defer { usesLongStack = false }
      try push(UInt64(old.selector), on: &stack)
      try push(oldPointer, on: &stack)
      for parameter in parameters.reversed() { try push(parameter, on: &stack) }
      try push(oldCode, on: &stack)
      try push(next, on: &stack)
      s.segment(.ss).pointee = stack.segment
      try setCode(selector, target, privilege: target.privilege)
      modeChanged()
      setStackPointer(stack)
      s.pointee.rip = offset
      return
    }
    try checkTarget(offset, target)
    if isCall {
      usesLongStack = s.isLong
      defer { usesLongStack = false }
      var stack = currentStack(size: size)
      try push(oldCode, on: &stack)
      try push(next, on: &stack)
      if s.isLong { s[.rsp] = stack.pointer } else { setStackPointer(stack) }
    }
    try setCode(selector, target, privilege: s.privilege)
    s.pointee.rip = offset
  }

  /// The stack of an inner privilege level from the TSS (SDM Vol. 3, "Stack Switching", "Stack Switching in IA-32e Mode").
  ///
  /// - Parameter error: EXT of the faults on the way.
  func innerStack(_ privilege: UInt8, size: UInt64, error: UInt32) throws(Fault) -> TransferStack {
    let tr = state.pointee.tr
    if state.isLong {
      let offset = 4 + UInt64(privilege) * 8
      guard offset + 7 <= UInt64(tr.limit) else { throw Fault(.invalidTSS, UInt32(tr.selector & 0xFFFC) | error) }
      let pointer = try systemRead(tr.base &+ offset, as: UInt64.self)
      var segment = nullSegment(UInt16(privilege))
      segment.attributes |= UInt32(privilege) << 5
      return TransferStack(segment: segment, pointer: pointer, size: size)
    }
    let is32 = tr.attributes & 8 != 0
    let offset = is32 ? 4 + UInt64(privilege) * 8 : 2 + UInt64(privilege) * 4
    guard offset + (is32 ? 5 : 3) <= UInt64(tr.limit) else {
      throw Fault(.invalidTSS, UInt32(tr.selector & 0xFFFC) | error)
    }
    let pointer: UInt64
    let selector: UInt16
    if is32 {
      pointer = try systemRead(tr.base &+ offset, as: UInt32.self).zeroExtended
      selector = try systemRead(tr.base &+ offset &+ 4, as: UInt16.self)
    } else {
      pointer = try systemRead(tr.base &+ offset, as: UInt16.self).zeroExtended
      selector = try systemRead(tr.base &+ offset &+ 2, as: UInt16.self)
    }
    let segment = try stackSegment(selector, privilege: privilege, vector: .invalidTSS)
    return TransferStack(segment: segment, pointer: pointer, size: size, selector: selector)
  }

  // MARK: RET

  /// A far return that releases some bytes of parameters.
  func farReturn(size: UInt64, releasing released: UInt64) throws(Fault) {
    let s = state
    var stack = currentStack(size: size)
    let rip = try pop(from: &stack)
    let selector = UInt16(truncatingIfNeeded: try pop(from: &stack))
    if s.usesParagraphs {
      guard rip <= UInt64(s.segment(.cs).pointee.limit) else { throw Fault(.generalProtection) }
      stack.pointer &+= released
      setStackPointer(stack)
      setParagraph(s.segment(.cs), selector)
      s.pointee.rip = rip
      return
    }
    guard !Selector(selector).isNull else { throw Fault(.generalProtection) }
    let target = try descriptor(selector)
    let privilege = Selector(selector).privilege
    guard target.isCode, privilege >= s.privilege,
      target.isConforming ? target.privilege <= privilege : target.privilege == privilege
    else { throw Fault(.generalProtection, selector: selector) }
    try checkLongCode(selector, target)
    guard target.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
    if privilege == s.privilege {
      try checkTarget(rip, target)
      stack.pointer &+= released
      setStackPointer(stack)
      try setCode(selector, target, privilege: privilege)
      s.pointee.rip = rip
      return
    }
    stack.pointer &+= released
    let pointer = try pop(from: &stack)
    let stackSelector = UInt16(truncatingIfNeeded: try pop(from: &stack))
    let segment = try outerStack(stackSelector, privilege: privilege, target)
    try checkTarget(rip, target)
    try setCode(selector, target, privilege: privilege)
    s.segment(.ss).pointee = segment
    s.pointee.rip = rip
    modeChanged()
    setStackPointer(TransferStack(segment: segment, pointer: pointer &+ released, size: size))
    clearInaccessibleSegments()
  }

  /// SS of a return to an outer level: a null selector may stand there when 64-bit code below level 3 is returned to.
  func outerStack(_ selector: UInt16, privilege: UInt8, _ code: Descriptor) throws(Fault) -> SegmentRegister {
    if Selector(selector).isNull {
      guard state.isLong, code.isLong, privilege < 3, Selector(selector).privilege == privilege else {
        throw Fault(.generalProtection)
      }
      var segment = nullSegment(selector)
      segment.attributes |= UInt32(privilege) << 5
      return segment
    }
    return try stackSegment(selector, privilege: privilege)
  }
}
