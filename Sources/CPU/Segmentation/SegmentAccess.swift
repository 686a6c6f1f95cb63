import Layout
import MMU

/// Segment registers in the order of their encodings.
enum Segment: Int, CaseIterable {
  case es, cs, ss, ds, fs, gs
}

/// Bits of a segment register's attributes, as in a VMCS access-rights field (SDM Vol. 3, "Guest Register State").
enum SegmentBit {
  static let accessed: UInt32 = 1 << 0
  /// Data: writable; code: readable.
  static let writable: UInt32 = 1 << 1
  /// Data: expand-down; code: conforming.
  static let expandDown: UInt32 = 1 << 2
  static let code: UInt32 = 1 << 3
  /// Code or data, not a system segment.
  static let nonSystem: UInt32 = 1 << 4
  static let present: UInt32 = 1 << 7
  static let long: UInt32 = 1 << 13
  /// D/B.
  static let big: UInt32 = 1 << 14
  static let granularity: UInt32 = 1 << 15
  static let unusable: UInt32 = 1 << 16
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// A segment register by its encoding, 0-5.
  @inline(__always) func segment(_ number: Int) -> UnsafeMutablePointer<SegmentRegister> {
    (raw + OffsetSegments).assumingMemoryBound(to: SegmentRegister.self) + number
  }

  @inline(__always) func segment(_ segment: Segment) -> UnsafeMutablePointer<SegmentRegister> {
    self.segment(segment.rawValue)
  }

  @inline(__always) package var is64Bit: Bool { pointee.mode & UInt64(ModeCodeMask) == UInt64(ModeCode64) }
  @inline(__always) package var isProtected: Bool { pointee.cr0 & 1 != 0 }
  @inline(__always) package var isVirtual8086: Bool { pointee.rflags & FlagBit.virtual8086 != 0 }
  /// IA-32e mode: 64-bit or compatibility mode.
  @inline(__always) package var isLong: Bool { pointee.efer & 1 << 10 != 0 }
  /// Real-address or virtual-8086 mode: selectors are paragraphs.
  @inline(__always) var usesParagraphs: Bool { !isProtected || isVirtual8086 }

  /// Whether CPL is 0, without a call.
  @inline(__always) var isMostPrivileged: Bool {
    !isProtected || !isVirtual8086 && segment(.ss).pointee.attributes & 0x60 == 0
  }

  /// CPL: DPL of SS, as VMX defines it; 0 in real-address mode, 3 in virtual-8086 mode.
  package var privilege: UInt8 {
    if !isProtected { return 0 }
    if isVirtual8086 { return 3 }
    return UInt8(truncatingIfNeeded: segment(.ss).pointee.attributes >> 5 & 3)
  }

  /// Linear address of some bytes in a segment, or nil when type or limit forbid the access (SDM Vol. 3, "Limit Checking",
  /// "Type Checking").
  @inline(never)
  func linear(_ number: Int, _ offset: UInt64, bytes: UInt64, isWrite: Bool) -> UInt64? {
    let segment = segment(number).pointee
    if is64Bit { return number >= Segment.fs.rawValue ? segment.base &+ offset : offset }
    let attributes = segment.attributes
    guard attributes & SegmentBit.unusable == 0 else { return nil }
    let isCode = attributes & SegmentBit.code != 0
    if !usesParagraphs {
      if isWrite {
        guard !isCode && attributes & SegmentBit.writable != 0 else { return nil }
      } else {
        guard !isCode || attributes & SegmentBit.writable != 0 else { return nil }
      }
    }
    let last = offset &+ bytes &- 1
    if !isCode && attributes & SegmentBit.expandDown != 0 {
      let top: UInt64 = attributes & SegmentBit.big != 0 ? 0xFFFF_FFFF : 0xFFFF
      guard offset > UInt64(segment.limit), last <= top else { return nil }
    } else {
      guard last <= UInt64(segment.limit) else { return nil }
    }
    return (segment.base &+ offset) & 0xFFFF_FFFF
  }

  /// Notes that a segment forbids the access a handler is about to make; `missed` then raises #GP(0) or #SS(0).
  @inline(__always) func noteViolation(isStack: Bool) { pointee.missKind = isStack ? 6 : 4 }
}

extension Processor {
  /// Works out what decides how bytes are decoded, after a change of segments, CR0.PE, RFLAGS.VM or EFER.LMA.
  package func modeChanged() {
    let s = state
    let code = s.segment(.cs).pointee
    if s.isLong && code.attributes & SegmentBit.long != 0 {
      s.pointee.mode = UInt64(ModeCode64)
      s.pointee.codeBase = 0
      return
    }
    var mode = code.attributes & SegmentBit.big != 0 && !s.isVirtual8086 ? UInt64(ModeCode32) : UInt64(ModeCode16)
    func isFlat(_ segment: Segment) -> Bool {
      let register = s.segment(segment).pointee
      let wanted = SegmentBit.writable
      let checked = SegmentBit.writable | SegmentBit.code | SegmentBit.expandDown | SegmentBit.unusable
      return register.base == 0 && register.limit == .max && register.attributes & checked == wanted
    }
    if isFlat(.ds) && isFlat(.es) && isFlat(.ss) { mode |= UInt64(ModeFlatData) }
    if code.base == 0 && code.limit == .max { mode |= UInt64(ModeFlatCode) }
    if s.segment(.ss).pointee.attributes & SegmentBit.big != 0 { mode |= UInt64(ModeStack32) }
    if !s.usesParagraphs { mode |= UInt64(ModeProtected) }
    s.pointee.mode = mode
    s.pointee.codeBase = code.base
  }
}
