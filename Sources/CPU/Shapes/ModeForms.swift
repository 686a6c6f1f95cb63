import Layout
import MMU

/// What modes differ in where an instruction uses the stack or transfers control: the stack's address and width, the
/// width of a near target and its checks.
protocol ModeForm {
  /// The stack pointer moved by some bytes.
  static func stackPointer(_ s: State, movedBy displacement: UInt64) -> UInt64
  /// Linear address of bytes at a stack pointer; nil: a violation is noted.
  static func stackLinear(_ s: State, _ pointer: UInt64, bytes: UInt64, isWrite: Bool) -> UInt64?
  /// Writes the stack pointer.
  static func setStackPointer(_ s: State, _ pointer: UInt64)
  /// The target of a near transfer as RIP takes it; nil: #GP(0).
  static func target(_ s: State, _ op: OpRef, _ rip: UInt64) -> UInt64?
  /// The target of a direct branch.
  static func direct(_ s: State, _ op: OpRef) -> UInt64
  /// Whether a direct branch stays inside CS's limit; in 64-bit mode it cannot leave the canonical addresses unseen.
  static func isDirectTargetInside(_ s: State, _ op: OpRef) -> Bool
}

/// 64-bit mode.
enum Long: ModeForm {
  @inline(__always) static func stackPointer(_ s: State, movedBy displacement: UInt64) -> UInt64 {
    s[.rsp] &+ displacement
  }
  @inline(__always)
  static func stackLinear(_ s: State, _ pointer: UInt64, bytes: UInt64, isWrite: Bool) -> UInt64? { pointer }
  @inline(__always) static func setStackPointer(_ s: State, _ pointer: UInt64) { s[.rsp] = pointer }
  @inline(__always) static func target(_ s: State, _ op: OpRef, _ rip: UInt64) -> UInt64? {
    s.isCanonical(rip) ? rip : nil
  }
  @inline(__always) static func direct(_ s: State, _ op: OpRef) -> UInt64 {
    s.pointee.rip &+ UInt64(bitPattern: op.pointee.immediate)
  }
  @inline(__always) static func isDirectTargetInside(_ s: State, _ op: OpRef) -> Bool { true }
}

/// 32-bit code with flat segments, a 32-bit stack and a 32-bit operand.
enum Flat: ModeForm {
  @inline(__always) static func stackPointer(_ s: State, movedBy displacement: UInt64) -> UInt64 {
    (s[.rsp] &+ displacement) & 0xFFFF_FFFF
  }
  @inline(__always)
  static func stackLinear(_ s: State, _ pointer: UInt64, bytes: UInt64, isWrite: Bool) -> UInt64? { pointer }
  @inline(__always) static func setStackPointer(_ s: State, _ pointer: UInt64) { s[.rsp] = pointer }
  @inline(__always) static func target(_ s: State, _ op: OpRef, _ rip: UInt64) -> UInt64? { rip & 0xFFFF_FFFF }
  @inline(__always) static func direct(_ s: State, _ op: OpRef) -> UInt64 {
    (s.pointee.rip &+ UInt64(bitPattern: op.pointee.immediate)) & 0xFFFF_FFFF
  }
  @inline(__always) static func isDirectTargetInside(_ s: State, _ op: OpRef) -> Bool { true }
}

/// Everything else: segments with bases and limits, 16-bit stacks, 16-bit operands.
enum Segmented: ModeForm {
  @inline(__always) static func stackPointer(_ s: State, movedBy displacement: UInt64) -> UInt64 {
    (s[.rsp] &+ displacement) & (s.pointee.mode & UInt64(ModeStack32) != 0 ? 0xFFFF_FFFF : 0xFFFF)
  }
  @inline(__always)
  static func stackLinear(_ s: State, _ pointer: UInt64, bytes: UInt64, isWrite: Bool) -> UInt64? {
    guard let linear = s.linear(Segment.ss.rawValue, pointer, bytes: bytes, isWrite: isWrite) else {
      s.noteViolation(isStack: true)
      return nil
    }
    return linear
  }
  @inline(__always) static func setStackPointer(_ s: State, _ pointer: UInt64) {
    if s.pointee.mode & UInt64(ModeStack32) != 0 {
      s[.rsp] = pointer
    } else {
      s.set(.rsp, UInt16(truncatingIfNeeded: pointer))
    }
  }
  @inline(__always) static func target(_ s: State, _ op: OpRef, _ rip: UInt64) -> UInt64? {
    let target = rip & (op.pointee.scale == 1 ? 0xFFFF : 0xFFFF_FFFF)
    return target <= UInt64(s.segment(.cs).pointee.limit) ? target : nil
  }
  @inline(__always) static func direct(_ s: State, _ op: OpRef) -> UInt64 {
    (s.pointee.rip &+ UInt64(bitPattern: op.pointee.immediate)) & (op.pointee.scale == 1 ? 0xFFFF : 0xFFFF_FFFF)
  }
  @inline(__always) static func isDirectTargetInside(_ s: State, _ op: OpRef) -> Bool {
    direct(s, op) <= UInt64(s.segment(.cs).pointee.limit)
  }
}

extension ModeForm {
  /// Host address of the bytes that a push will fill, and the stack pointer then; nil: go to `missed`.
  @inline(__always)
  static func pushRoom(_ s: State, bytes: UInt64) -> (memory: UnsafeMutableRawPointer, pointer: UInt64)? {
    let pointer = stackPointer(s, movedBy: 0 &- bytes)
    guard let linear = stackLinear(s, pointer, bytes: bytes, isWrite: true),
      let memory = s.writePointer(linear, bytes: bytes, isStack: true)
    else { return nil }
    return (memory, pointer)
  }

  /// Host address of the bytes on top of the stack; nil: go to `missed`.
  @inline(__always)
  static func top(_ s: State, bytes: UInt64) -> UnsafeMutableRawPointer? {
    guard let linear = stackLinear(s, stackPointer(s, movedBy: 0), bytes: bytes, isWrite: false) else { return nil }
    return s.readPointer(linear, bytes: bytes, isStack: true)
  }

  /// Pushes by the way that may fault; false: the fault is recorded. The stack pointer is not moved.
  @inline(__always)
  static func put<W: Word>(_ s: State, at pointer: UInt64, _ value: W) -> Bool {
    guard let linear = stackLinear(s, pointer, bytes: W.bytes, isWrite: true) else {
      setFault(s, .stackFault, 0)
      return false
    }
    return s.write(linear, value, isStack: true)
  }

  /// Reads the stack by the way that may fault; nil: the fault is recorded.
  @inline(__always)
  static func get<W: Word>(_ s: State, at pointer: UInt64, as: W.Type) -> W? {
    guard let linear = stackLinear(s, pointer, bytes: W.bytes, isWrite: false) else {
      setFault(s, .stackFault, 0)
      return nil
    }
    return s.read(linear, as: W.self, isStack: true)
  }
}
