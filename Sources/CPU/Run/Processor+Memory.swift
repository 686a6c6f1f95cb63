import EPTTLB
import Layout
import MMU

// The long way of an access: translation, and then either a host pointer is filed and the op runs again, or the op runs
// alone with a pointer for this once: to bytes gathered from two pages, to a page in which code is marked, to where RAM
// ends.

extension Processor {
  /// In `missKind`: the address is all that counts, no byte is to be read.
  static let addressOnly: UInt32 = 8

  /// The single memory operand of an op found no host pointer.
  ///
  /// - Returns: the op that goes on, this one if it will find one now; nil: the block has been left.
  @inline(never)
  func missed(_ s: State, _ op: OpRef) -> OpRef? {
    let linear = s.pointee.missAddress
    let bytes = UInt64(s.pointee.missSize)
    let isWrite = s.pointee.missKind & 1 != 0
    let isStack = s.pointee.missKind & 2 != 0 || op.isBasedOnStack
    guard s.pointee.missKind & 4 == 0 else {
      setFault(s, isStack ? .stackFault : .generalProtection, 0)
      return left(s, op, ExitFault)
    }
    let access = Access(isWrite: isWrite, isUser: translation.isUser)
    if s.pointee.missKind == 0, let host = translation.staleReadAgain(linear, bytes: bytes) {
      return readAlone(s, op, linear, bytes, at: host)
    }
    guard let first = physical(linear, access, isStack: isStack, by: op) else { return left(s, op, ExitFault) }
    if translation.isAPICAccess(first.address, by: first.slot) {
      return accessVirtualAPIC(s, op, linear, bytes, access, first.address)
    }
    guard linear & 0xFFF &+ bytes <= 0x1000 else {
      return stage(s, op, linear, bytes, access, first, isStack: isStack)
    }
    guard isAligned(linear, bytes: bytes) else {
      setFault(s, .alignmentCheck, 0)
      return left(s, op, ExitFault)
    }
    if translation.file(LinearAddress(linear), first.address, first.slot, isWrite: isWrite), goesOn(s, op) {
      return op
    }
    guard !translation.isHidden(first.address, by: first.slot), !memory.isInWindow(first.address),
      let host = isWrite && !memory.isPlainRAM(first.address, bytes: bytes)
        ? nil : memory.host(first.address, bytes: bytes)
    else {
      if s.pointee.missKind & Processor.addressOnly != 0 { return finish(s, op, true, blocks.drops) }
      return stage(s, op, linear, bytes, access, first, isStack: isStack)
    }
    guard isWrite else {
      translation.keepStaleRead(linear, first.slot, at: host)
      return readAlone(s, op, linear, bytes, at: host)
    }
    let drops = blocks.drops
    memory.willStore(first.address, bytes: bytes)
    let isFinished = alone(s, op, linear, bytes, at: host)
    if s.pointee.exit != UInt32(ExitFault) {
      accessOp = op
      memory.stored(first.address, bytes: bytes)
      accessOp = nil
      noteAccess(linear, bytes: bytes, isWrite: true)
    }
    return finish(s, op, isFinished, drops)
  }

  /// Runs an op that reads with a host pointer for this once.
  private func readAlone(
    _ s: State, _ op: OpRef, _ linear: UInt64, _ bytes: UInt64, at host: UnsafeMutableRawPointer
  ) -> OpRef? {
    let drops = blocks.drops
    let isFinished = alone(s, op, linear, bytes, at: host)
    if s.pointee.exit != UInt32(ExitFault) { noteAccess(linear, bytes: bytes, isWrite: false) }
    return finish(s, op, isFinished, drops)
  }

  /// Whether the block may go on behind this op: what the access has cost leaves time for all of it, and no mapping was
  /// dropped. Otherwise the run loop looks, and fetches the next instruction anew.
  private func goesOn(_ s: State, _ op: OpRef) -> Bool {
    s.pointee.exit == UInt32(ExitNone) && (op.has(.ends) || s.pointee.cycles <= s.pointee.deadline)
  }

  /// Runs an op on the virtual-APIC page in place of the APIC-access page, or leaves the block for an exit.
  private func accessVirtualAPIC(
    _ s: State, _ op: OpRef, _ linear: UInt64, _ bytes: UInt64, _ access: Access, _ address: PhysicalAddress
  ) -> OpRef? {
    guard let virtual = virtualAPIC(linear, bytes, access, address, length: op.pointee.length) else {
      return left(s, op, ExitFault)
    }
    let isStack = s.pointee.missKind & 2 != 0 || op.isBasedOnStack
    let next = stage(s, op, linear, bytes, access, (virtual, Translation.noMapping), isStack: isStack)
    if access.isWrite, s.pointee.exit != UInt32(ExitFault) {
      virtualization?.apicWritten(offset: address.value & 0xFFF)
      guard let next else { return nil }
      // What the write asks for comes behind this instruction.
      return s.pointee.deadline == 0 ? left(s, next, ExitStop) : next
    }
    return next
  }

  /// Where an access to the APIC-access page goes; nil: it exits, which is recorded as a fault is.
  private func virtualAPIC(
    _ linear: UInt64, _ bytes: UInt64, _ access: Access, _ address: PhysicalAddress, length: UInt8
  ) -> PhysicalAddress? {
    let offset = address.value & 0xFFF
    if let found = virtualization?.apicAccess(
      access, linear: linear, offset: offset, bytes: bytes, length: length)
    {
      return found
    }
    setFault(state, .exit, 0)
    return nil
  }

  /// Runs an op on bytes gathered from where they lie, and puts them back if it may have written.
  private func stage(
    _ s: State, _ op: OpRef, _ linear: UInt64, _ bytes: UInt64, _ access: Access,
    _ first: (address: PhysicalAddress, slot: Slot), isStack: Bool
  ) -> OpRef? {
    let head = min(bytes, 0x1000 &- linear & 0xFFF)
    var second = PhysicalAddress(first.address.value &+ head)
    if head < bytes {
      guard let found = physical(linear &+ head, access, isStack: isStack, by: op) else {
        return left(s, op, ExitFault)
      }
      second = found.address
    }
    guard isAligned(linear, bytes: bytes) else {
      setFault(s, .alignmentCheck, 0)
      return left(s, op, ExitFault)
    }
    let buffer = s.raw + BounceOffset
    accessOp = op
    busRead(first.address, UnsafeMutableRawBufferPointer(start: buffer, count: Int(head)))
    busRead(second, UnsafeMutableRawBufferPointer(start: buffer + Int(head), count: Int(bytes &- head)))
    let drops = blocks.drops
    let isFinished = alone(s, op, linear, bytes, at: buffer)
    if access.isWrite && s.pointee.exit != UInt32(ExitFault) {
      busWrite(first.address, UnsafeRawBufferPointer(start: buffer, count: Int(head)))
      busWrite(second, UnsafeRawBufferPointer(start: buffer + Int(head), count: Int(bytes &- head)))
    }
    accessOp = nil
    if s.pointee.exit != UInt32(ExitFault) { noteAccess(linear, bytes: bytes, isWrite: access.isWrite) }
    return finish(s, op, isFinished, drops)
  }

  /// Runs one op with a host pointer for this once.
  ///
  /// - Returns: whether the op handed over to the one behind it; false: it ended the block, or faulted.
  private func alone(
    _ s: State, _ op: OpRef, _ linear: UInt64, _ bytes: UInt64, at host: UnsafeMutableRawPointer
  ) -> Bool {
    let entry = s.hostPointer(linear)
    let saved = entry.pointee
    let tag = s.hostTag(linear, bytes: bytes)
    entry.pointee.readTag = tag
    entry.pointee.writeTag = tag
    entry.pointee.addend = UInt64(UInt(bitPattern: host)) &- linear
    alone[0] = op.pointee
    UnsafeMutableRawPointer(alone + 1).initializeMemory(as: UInt8.self, repeating: 0, count: 32)
    if !op.has(.ends) { alone[1] = DecodedOp(ranAlone) }
    s.pointee.fellThrough = 0
    let purges = translation.purges
    alone.pointee.handler(s, alone)
    entry.pointee = saved
    if purges != translation.purges {
      // It may have been derived from what was dropped meanwhile.
      entry.pointee.readTag = ~0
      entry.pointee.writeTag = ~0
    }
    return s.pointee.fellThrough != 0
  }

  /// The op behind one that ran alone, unless the block must end there.
  private func finish(_ s: State, _ op: OpRef, _ isFinished: Bool, _ drops: UInt64) -> OpRef? {
    guard isFinished else { return nil }
    let next = op + 1
    guard drops == blocks.drops, goesOn(s, op) else { return left(s, next, ExitStop) }
    return next
  }

  /// Leaves the block; nil.
  private func left(_ s: State, _ op: OpRef, _ exit: Int) -> OpRef? {
    leaveBlock(s, op, exit)
    return nil
  }

  /// Translates for data; a fault is recorded.
  ///
  /// - Parameter op: the op whose access it is, if that is not the last of its block.
  func physical(
    _ linear: UInt64, _ access: Access, isStack: Bool, by op: OpRef? = nil
  ) -> (address: PhysicalAddress, slot: Slot)? {
    if let op { accessOp = op }
    defer { if op != nil { accessOp = nil } }
    switch translation.translate(LinearAddress(linear), access) {
    case .physical(let address, let slot): return (address, slot)
    case .pageFault(let code):
      state.pointee.faultAddress = linear
      setFault(state, .pageFault, code.rawValue)
    case .notCanonical: setFault(state, isStack ? .stackFault : .generalProtection, 0)
    case .exit(let reason):
      pendingExit = reason
      setFault(state, .exit, 0)
    }
    return nil
  }

  // MARK: The bus

  /// Reads memory, or a device, as this processor sees it.
  func busRead(_ address: PhysicalAddress, _ target: UnsafeMutableRawBufferPointer) {
    guard address.page == translation.hiddenPage, target.count <= 8 else { return memory.read(address, into: target) }
    let value = readAPIC(address.value & 0xFFF, bytes: target.count)
    withUnsafeBytes(of: value) { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<target.count])) }
  }

  /// Writes memory, or a device, as this processor sees it.
  func busWrite(_ address: PhysicalAddress, _ source: UnsafeRawBufferPointer) {
    guard address.page == translation.hiddenPage, source.count <= 8 else { return memory.write(address, source) }
    var value: UInt64 = 0
    withUnsafeMutableBytes(of: &value) { $0.copyMemory(from: source) }
    writeAPIC(address.value & 0xFFF, value, bytes: source.count)
  }

  /// Cycle of the access under way: that of its instruction's start. Instructions that are not run by `missed` are the
  /// last of their block.
  public var accessCycle: UInt64 {
    if let accessOp { return state.cycles(before: accessOp) }
    guard let block = state.pointee.block else { return state.pointee.cycles }
    return state.cycles(before: OpRef(block.ops + Int(block.pointee.lastOp)))
  }

  /// Cycle and instruction pointer of the instruction under way, one that accesses memory or is the last of its block.
  public var instructionMoment: (cycle: UInt64, rip: UInt64) {
    guard accessOp == nil, let block = state.pointee.block else { return translation.storingMoment }
    let last = OpRef(block.ops + Int(block.pointee.lastOp))
    return (state.cycles(before: last), state.pointee.rip &+ UInt64(last.pointee.ripOffset))
  }

  // MARK: Accesses of instructions with more than one memory operand

  /// Reads up to 8 bytes; nil: a fault is recorded.
  package func readSlow(_ linear: UInt64, bytes: UInt64, isStack: Bool) -> UInt64? {
    var value: UInt64 = 0
    storesInLastOp()
    defer { accessOp = nil }
    guard
      transfer(
        linear, bytes: bytes, Access(isUser: translation.isUser), isStack: isStack,
        busRead, &value)
    else { return nil }
    return value
  }

  /// Writes up to 8 bytes; false: a fault is recorded, and nothing is written.
  package func writeSlow(_ linear: UInt64, _ value: UInt64, bytes: UInt64, isStack: Bool) -> Bool {
    var value = value
    storesInLastOp()
    defer { accessOp = nil }
    return transfer(
      linear, bytes: bytes, Access(isWrite: true, isUser: translation.isUser), isStack: isStack,
      { self.busWrite($0, UnsafeRawBufferPointer($1)) }, &value)
  }

  /// Notes that the instruction under way is the last one of the running block, as all are that access memory other than
  /// through their one memory operand: a store, and a use of a stale mapping, tells where it came from.
  func storesInLastOp() {
    accessOp = state.pointee.block.map { OpRef($0.ops + Int($0.pointee.lastOp)) }
  }

  /// Whether bytes may be written; false: a fault is recorded.
  func mayWrite(_ linear: UInt64, bytes: UInt64, isStack: Bool) -> Bool {
    let access = Access(isWrite: true, isUser: translation.isUser)
    guard physical(linear, access, isStack: isStack) != nil else { return false }
    guard linear & 0xFFF &+ bytes > 0x1000 else { return true }
    return physical((linear | 0xFFF) &+ 1, access, isStack: isStack) != nil
  }

  private func transfer(
    _ linear: UInt64, bytes: UInt64, _ access: Access, isStack: Bool,
    _ body: (PhysicalAddress, UnsafeMutableRawBufferPointer) -> Void, _ value: inout UInt64
  ) -> Bool {
    let head = min(bytes, 0x1000 &- linear & 0xFFF)
    guard var first = physical(linear, access, isStack: isStack) else { return false }
    let isVirtualAPIC = translation.isAPICAccess(first.address, by: first.slot)
    let offset = first.address.value & 0xFFF
    if isVirtualAPIC {
      let length = state.pointee.block.map { $0.ops[Int($0.pointee.lastOp)].length } ?? 0
      guard let found = virtualAPIC(linear, bytes, access, first.address, length: length) else { return false }
      first.address = found
    }
    var second: (address: PhysicalAddress, slot: Slot)?
    if head < bytes {
      second = physical(linear &+ head, access, isStack: isStack)
      guard second != nil else { return false }
    } else if !isVirtualAPIC {
      _ = translation.file(LinearAddress(linear), first.address, first.slot, isWrite: access.isWrite)
    }
    guard isAligned(linear, bytes: bytes) else {
      setFault(state, .alignmentCheck, 0)
      return false
    }
    withUnsafeMutableBytes(of: &value) { buffer in
      guard let start = buffer.baseAddress else { return }
      body(first.address, UnsafeMutableRawBufferPointer(start: start, count: Int(head)))
      if let second {
        body(second.address, UnsafeMutableRawBufferPointer(start: start + Int(head), count: Int(bytes &- head)))
      }
    }
    noteAccess(linear, bytes: bytes, isWrite: access.isWrite)
    if isVirtualAPIC, access.isWrite { virtualization?.apicWritten(offset: offset) }
    return true
  }

  /// Whether an access lies where alignment checks let it: words, doublewords and quadwords at multiples of their size
  /// (SDM Vol. 3, "Interrupt 17—Alignment Check Exception (#AC)"). Operands of 16 bytes have their own rules.
  @inline(__always) func isAligned(_ linear: UInt64, bytes: UInt64) -> Bool {
    !translation.controls.checksAlignment || bytes > 8 || linear & (bytes &- 1) == 0
  }

  /// Bytes at a linear address as far as they lie in RAM or ROM, read without side effects; for messages.
  ///
  /// A translation that the TLB has goes before memory's: these are the bytes that the next instruction is fetched from.
  public func peek(_ linear: UInt64, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let address = linear &+ UInt64(bytes.count)
      let inPage = min(UInt64(count - bytes.count), 0x1000 - address & 0xFFF)
      guard let physical = physical(of: address), let host = memory.host(physical, bytes: inPage) else { break }
      bytes += UnsafeRawBufferPointer(start: host, count: Int(inPage))
    }
    return bytes
  }

  /// Where a linear address lies, found without side effects; nil: nowhere.
  public func physical(of linear: UInt64) -> PhysicalAddress? {
    // Whatever may be seen: SMAP and protection keys hide nothing from a person.
    var controls = translation.controls
    controls.supervisorAccessPrevention = false
    (controls.userKeys, controls.supervisorKeys) = (0, 0)
    var address = LinearAddress(linear)
    if !controls.mode.isLong { address.value &= 0xFFFF_FFFF }
    if controls.mode == .none, controls.ept == nil { return PhysicalAddress(controls.onBus(address.value)) }
    controls.ept?.isLooking = true
    guard !controls.mode.isLong || state.isCanonical(address.value) else { return nil }
    if let slot = translation.cache.translation(
      controls.ept == nil ? .linear : .combined, address.value, controls.tag)
    {
      return PhysicalAddress(controls.onBus(translation.cache.physical(slot, address.value)))
    }
    guard case .mapped(let entry) = Walk(address, Access(), controls, memory, sideEffects: false).outcome else {
      return nil
    }
    return PhysicalAddress(controls.onBus(entry.physical(address.value)))
  }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// Reads memory; nil: a fault is recorded, leave with `ExitFault`.
  @inline(__always) func read<W: Word>(_ linear: UInt64, as: W.Type, isStack: Bool = false) -> W? {
    if let memory = readPointer(linear, bytes: W.bytes) { return memory.get(W.self) }
    guard let value = processor(self).readSlow(linear, bytes: W.bytes, isStack: isStack) else { return nil }
    return W(low: value)
  }

  /// Writes memory; false: a fault is recorded, leave with `ExitFault`.
  @inline(__always) func write<W: Word>(_ linear: UInt64, _ value: W, isStack: Bool = false) -> Bool {
    if let memory = writePointer(linear, bytes: W.bytes) {
      memory.put(value)
      return true
    }
    return processor(self).writeSlow(linear, value.zeroExtended, bytes: W.bytes, isStack: isStack)
  }
}

/// Prefixes and properties that a handler or the run loop asks an op for: `Detail…`.
@frozen public struct OpDetail: OptionSet, Sendable {
  /// The bits of `DecodedOp.detail`.
  public let rawValue: UInt8
  /// A set.
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  static let address16 = OpDetail(rawValue: 1)
  static let `repeat` = OpDetail(rawValue: 2)
  static let repeatNot = OpDetail(rawValue: 4)
  static let ends = OpDetail(rawValue: 8)
  static let address32 = OpDetail(rawValue: 16)
  static let segmented = OpDetail(rawValue: 32)
  static let writes = OpDetail(rawValue: 64)
}

extension UnsafePointer where Pointee == DecodedOp {
  @inline(__always) func has(_ detail: OpDetail) -> Bool { pointee.detail & detail.rawValue != 0 }

  /// Whether the memory operand's base is RSP or RBP: SS is its segment.
  @inline(__always) var isBasedOnStack: Bool { pointee.base == 4 * 8 || pointee.base == 5 * 8 }
}
