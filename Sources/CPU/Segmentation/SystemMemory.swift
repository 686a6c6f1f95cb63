import Layout
import MMU

// Accesses of the processor itself. To descriptor tables and task-state segments they are a supervisor's whatever CPL is
// (SDM Vol. 3, "Access Rights": implicit supervisor-mode accesses), to stacks those of the stack's privilege level.

extension Processor {
  /// Reads a system structure: a translation a page.
  func systemRead<W: Word>(_ linear: UInt64, as: W.Type, _ access: Access = .system) throws(Fault) -> W {
    let first = wrapped(linear)
    let value: W
    if let host = translation.filed(first, bytes: W.bytes, access) {
      value = host.loadUnaligned(as: W.self)
    } else if isInPage(first, bytes: W.bytes) {
      value = memory.read(try systemAddress(first, bytes: W.bytes, access), as: W.self)
    } else {
      var bytes: UInt64 = 0
      for index in 0..<W.bytes {
        let byte = memory.read(try systemAddress(wrapped(linear &+ index), bytes: 1, access), as: UInt8.self)
        bytes |= UInt64(byte) << (8 * index)
      }
      value = W(low: bytes)
    }
    try finishAccess(first, bytes: W.bytes, access)
    return value
  }

  @inline(__always) private func isInPage(_ linear: UInt64, bytes: UInt64) -> Bool { linear & 0xFFF <= 0x1000 - bytes }

  /// What comes after an access: alignment checks, which are a user's only, and breakpoints.
  @inline(__always) private func finishAccess(_ linear: UInt64, bytes: UInt64, _ access: Access) throws(Fault) {
    guard !access.isUser || isAligned(linear, bytes: bytes) else { throw Fault(.alignmentCheck) }
    noteAccess(linear, bytes: bytes, isWrite: access.isWrite)
  }

  /// Writes a system structure; nothing is written unless all of it can be.
  func systemWrite<W: Word>(_ linear: UInt64, _ value: W, _ access: Access = .system) throws(Fault) {
    var access = access
    access.isWrite = true
    let start = wrapped(linear)
    if let host = translation.filed(start, bytes: W.bytes, access) {
      try finishAccess(start, bytes: W.bytes, access)
      host.storeBytes(of: value, as: W.self)
      return
    }
    let isInPage = isInPage(start, bytes: W.bytes)
    let first = try systemAddress(start, bytes: isInPage ? W.bytes : 1, access)
    if !isInPage { _ = try systemAddress(wrapped(linear &+ W.bytes &- 1), bytes: 1, access) }
    try finishAccess(start, bytes: W.bytes, access)
    if !isDelivering { storesInLastOp() }
    defer { accessOp = nil }
    if isInPage {
      memory.write(first, value)
      return
    }
    for index in 0..<W.bytes {
      let address = try systemAddress(wrapped(linear &+ index), bytes: 1, access)
      memory.write(address, UInt8(truncatingIfNeeded: value.zeroExtended >> (8 * index)))
    }
  }

  /// Linear addresses outside of 64-bit and compatibility mode have 32 bits.
  private func wrapped(_ linear: UInt64) -> UInt64 { state.isLong ? linear : linear & 0xFFFF_FFFF }

  private func systemAddress(_ linear: UInt64, bytes: UInt64, _ access: Access) throws(Fault) -> PhysicalAddress {
    switch translation.translate(LinearAddress(linear), access) {
    case .physical(let address, let slot):
      guard translation.isAPICAccess(address, by: slot), let virtualization else {
        translation.file(LinearAddress(linear), address, slot, of: access)
        return address
      }
      let offset = address.value & 0xFFF
      let found = virtualization.apicAccess(access, linear: linear, offset: offset, bytes: bytes, length: 0)
      guard let found else { throw Fault(.exit) }
      return found
    case .pageFault(let code):
      state.pointee.faultAddress = linear
      throw Fault(.pageFault, code.rawValue)
    case .notCanonical: throw Fault(.generalProtection)
    case .exit(let reason):
      pendingExit = reason
      throw Fault(.exit)
    }
  }

  /// The descriptor of a selector; `vector` is what a selector beyond its table raises.
  func descriptor(_ selector: UInt16, _ vector: Vector = .generalProtection) throws(Fault) -> Descriptor {
    let parsed = Selector(selector)
    let base: UInt64
    let limit: UInt64
    if parsed.isLocal {
      guard state.pointee.ldtr.attributes & SegmentBit.unusable == 0 else { throw Fault(vector, selector: selector) }
      base = state.pointee.ldtr.base
      limit = UInt64(state.pointee.ldtr.limit)
    } else {
      base = state.pointee.gdtr.base
      limit = state.pointee.gdtr.limit
    }
    guard parsed.index + 7 <= limit else { throw Fault(vector, selector: selector) }
    let address = base &+ parsed.index
    var descriptor = Descriptor(low: try systemRead(address, as: UInt64.self), address: address)
    if state.isLong && descriptor.isSystem {
      guard parsed.index + 15 <= limit else { throw Fault(vector, selector: selector) }
      descriptor.high = try systemRead(address &+ 8, as: UInt64.self)
      guard descriptor.high >> 40 & 0x1F == 0 else { throw Fault(vector, selector: selector) }
    }
    return descriptor
  }

  /// Sets a descriptor's accessed flag, as one locked step, when it is clear.
  func markAccessed(_ descriptor: inout Descriptor) throws(Fault) {
    guard !descriptor.isSystem, !descriptor.isAccessed else { return }
    descriptor.low |= 1 << 40
    try systemWrite(descriptor.address &+ 5, UInt8(truncatingIfNeeded: descriptor.low >> 40))
  }

  /// Sets or clears a TSS descriptor's busy flag.
  func setBusy(_ isBusy: Bool, _ descriptor: inout Descriptor) throws(Fault) {
    descriptor.low = descriptor.low & ~(2 << 40) | (isBusy ? 2 << 40 : 0)
    try systemWrite(descriptor.address &+ 5, UInt8(truncatingIfNeeded: descriptor.low >> 40))
  }
}
