import Layout
import MMU

extension Processor {
  /// Loads a data segment register or SS (SDM Vol. 2B, "MOV—Move": the checks of loads into segment registers).
  func load(_ segment: Segment, _ selector: UInt16) throws(Fault) {
    let register = state.segment(segment)
    if state.usesParagraphs {
      setParagraph(register, selector)
      return
    }
    register.pointee =
      segment == .ss ? try stackSegment(selector, privilege: state.privilege) : try dataSegment(selector)
  }

  /// A selector in real-address or virtual-8086 mode.
  func setParagraph(_ register: UnsafeMutablePointer<SegmentRegister>, _ selector: UInt16) {
    register.pointee.selector = selector
    register.pointee.base = UInt64(selector) << 4
    guard state.isVirtual8086 else { return }
    register.pointee.limit = 0xFFFF
    register.pointee.attributes = 0xF3
  }

  private func dataSegment(_ selector: UInt16) throws(Fault) -> SegmentRegister {
    let parsed = Selector(selector)
    guard !parsed.isNull else { return nullSegment(selector) }
    var descriptor = try descriptor(selector)
    guard !descriptor.isSystem, descriptor.isReadable else { throw Fault(.generalProtection, selector: selector) }
    if !descriptor.isConforming {
      guard descriptor.privilege >= max(state.privilege, parsed.privilege) else {
        throw Fault(.generalProtection, selector: selector)
      }
    }
    guard descriptor.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
    try markAccessed(&descriptor)
    return descriptor.register(selector)
  }

  /// SS for a privilege level; `vector` is what a bad selector raises (#TS where it comes from a TSS).
  func stackSegment(
    _ selector: UInt16, privilege: UInt8, vector: Vector = .generalProtection
  ) throws(Fault) -> SegmentRegister {
    let parsed = Selector(selector)
    if parsed.isNull {
      guard state.is64Bit, privilege < 3, parsed.privilege == privilege else { throw Fault(vector) }
      var register = nullSegment(selector)
      register.attributes |= UInt32(privilege) << 5
      return register
    }
    var descriptor = try descriptor(selector, vector)
    guard parsed.privilege == privilege, descriptor.isWritableData, descriptor.privilege == privilege else {
      throw Fault(vector, selector: selector)
    }
    guard descriptor.isPresent else { throw Fault(.stackFault, selector: selector) }
    try markAccessed(&descriptor)
    return descriptor.register(selector)
  }

  /// What a null selector gives: base 0 as on Intel's processors, and no access but in 64-bit mode.
  func nullSegment(_ selector: UInt16) -> SegmentRegister {
    SegmentRegister(
      base: 0, limit: 0, attributes: SegmentBit.unusable, selector: selector, reserved: (0, 0, 0))
  }

  /// Data segments that an outer privilege level may not see become null (SDM Vol. 2B, "RET—Return From Procedure").
  func clearInaccessibleSegments() {
    for segment in [Segment.es, .ds, .fs, .gs] {
      let register = state.segment(segment)
      let attributes = register.pointee.attributes
      guard attributes & SegmentBit.unusable == 0 else { continue }
      let isConforming = attributes & SegmentBit.code != 0 && attributes & SegmentBit.expandDown != 0
      let privilege = UInt8(truncatingIfNeeded: attributes >> 5 & 3)
      guard !isConforming && privilege < state.privilege else { continue }
      register.pointee.selector = 0
      register.pointee.attributes |= SegmentBit.unusable
    }
  }

  /// Checks a code segment that a transfer at the same privilege goes to, without loading it.
  func codeSegment(_ selector: UInt16, _ descriptor: Descriptor, privilege: UInt8) throws(Fault) {
    guard descriptor.isCode else { throw Fault(.generalProtection, selector: selector) }
    if descriptor.isConforming {
      guard descriptor.privilege <= privilege else { throw Fault(.generalProtection, selector: selector) }
    } else {
      guard Selector(selector).privilege <= privilege, descriptor.privilege == privilege else {
        throw Fault(.generalProtection, selector: selector)
      }
    }
    guard descriptor.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
    try checkLongCode(selector, descriptor)
  }

  /// In IA-32e mode a code segment with both L and D is #GP.
  func checkLongCode(_ selector: UInt16, _ descriptor: Descriptor) throws(Fault) {
    guard !(state.isLong && descriptor.isLong && descriptor.isBig) else {
      throw Fault(.generalProtection, selector: selector)
    }
  }

  /// In IA-32e mode the base of an LDT or a TSS is a canonical address, by the processor's width ("Canonicality Checking").
  func checkSystemBase(_ descriptor: Descriptor, _ selector: UInt16) throws(Fault) {
    guard LinearAddress(descriptor.base).isCanonical(bits: model.linearBits) || !state.isLong else {
      throw Fault(.generalProtection, selector: selector)
    }
  }

  /// Whether an instruction pointer may be loaded with a code segment: canonical in 64-bit mode, inside the limit else.
  func checkTarget(_ rip: UInt64, _ descriptor: Descriptor) throws(Fault) {
    if state.isLong && descriptor.isLong {
      guard state.isCanonical(rip) else { throw Fault(.generalProtection) }
    } else {
      guard rip <= UInt64(descriptor.limit) else { throw Fault(.generalProtection) }
    }
  }

  /// Loads CS; its RPL becomes the privilege level.
  func setCode(_ selector: UInt16, _ descriptor: Descriptor, privilege: UInt8) throws(Fault) {
    var descriptor = descriptor
    try markAccessed(&descriptor)
    state.segment(.cs).pointee = descriptor.register(selector & 0xFFFC | UInt16(privilege))
  }
}
