import Layout
import MMU

/// Marks a destination in a register.
enum Reg {}

/// Marks an operand in memory.
enum Mem {}

/// An operand that cannot fault.
protocol Operand {
  static func value<W: Word>(_: W.Type, _ s: State, _ op: OpRef) -> W
}

/// The source register.
enum Src: Operand {
  @inline(__always) static func value<W: Word>(_: W.Type, _ s: State, _ op: OpRef) -> W {
    s.register(op.pointee.source, as: W.self)
  }
}

/// The immediate.
enum Imm: Operand {
  @inline(__always) static func value<W: Word>(_: W.Type, _ s: State, _ op: OpRef) -> W {
    W(truncatingIfNeeded: op.pointee.immediate)
  }
}

/// CL, as a count.
enum CL: Operand {
  @inline(__always) static func value<W: Word>(_: W.Type, _ s: State, _ op: OpRef) -> W {
    W(truncatingIfNeeded: s.get(.rcx, as: UInt8.self))
  }
}

extension Mem {
  /// Host address of the operand for reading.
  @inline(__always) static func read<W: Word>(_: W.Type, _ s: State, _ op: OpRef) -> UnsafeMutableRawPointer? {
    s.readPointer(s.effectiveAddress(op), bytes: W.bytes)
  }

  /// Host address of the operand for writing, or for reading and writing.
  @inline(__always) static func write<W: Word>(_: W.Type, _ s: State, _ op: OpRef) -> UnsafeMutableRawPointer? {
    s.writePointer(s.effectiveAddress(op), bytes: W.bytes)
  }
}

extension UnsafeMutableRawPointer {
  /// Guest memory is not aligned.
  @inline(__always) func get<W: Word>(_: W.Type) -> W { loadUnaligned(as: W.self) }
  /// Guest memory is not aligned.
  @inline(__always) func put<W: Word>(_ value: W) { storeBytes(of: value, as: W.self) }
}
