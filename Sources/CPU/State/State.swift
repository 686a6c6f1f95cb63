import Layout

/// A processor's architectural state; lives at a fixed address as long as its processor.
public typealias State = UnsafeMutablePointer<ProcessorState>
/// A decoded op; its block's next op lies behind it.
public typealias OpRef = UnsafePointer<DecodedOp>

/// General registers in the order of their encodings.
public enum GeneralRegister: Int, CaseIterable, Sendable {
  /// The manual's names.
  case rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  @inline(__always) var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self) }

  /// The register operand at a byte offset.
  @inline(__always) func register<W: Word>(_ offset: UInt8, as: W.Type) -> W {
    raw.load(fromByteOffset: Int(offset), as: W.self)
  }

  /// Writes the register operand at a byte offset.
  @inline(__always) func setRegister<W: Word>(_ offset: UInt8, _ value: W) {
    W.store(value, to: raw + Int(offset))
  }

  /// A general register, 64 bits.
  @inlinable @inline(__always) public subscript(_ register: GeneralRegister) -> UInt64 {
    get { UnsafeRawPointer(self).load(fromByteOffset: register.rawValue &* 8, as: UInt64.self) }
    nonmutating set {
      UnsafeMutableRawPointer(self).storeBytes(of: newValue, toByteOffset: register.rawValue &* 8, as: UInt64.self)
    }
  }

  /// A general register's low part; written as an instruction of that operand size does.
  @inline(__always) func get<W: Word>(_ register: GeneralRegister, as: W.Type) -> W {
    raw.load(fromByteOffset: register.rawValue &* 8, as: W.self)
  }

  /// Writes a general register's low part as an instruction of that operand size does.
  @inline(__always) func set<W: Word>(_ register: GeneralRegister, _ value: W) {
    W.store(value, to: raw + register.rawValue &* 8)
  }

  /// The lazy arithmetic flags.
  @inline(__always) var flags: Flags {
    get { Flags(result: pointee.flagResult, carries: pointee.flagCarries) }
    nonmutating set {
      pointee.flagResult = newValue.result
      pointee.flagCarries = newValue.carries
    }
  }

  /// RFLAGS as PUSHF gives it.
  public var rflags: UInt64 {
    @inline(__always) get { pointee.rflags | flags.bits }
    nonmutating set {
      flags = Flags(bits: newValue)
      pointee.rflags = newValue & ~FlagBit.arithmetic | FlagBit.fixed
    }
  }

  /// Linear address of a memory operand in 64-bit mode whose segment has base 0 (SDM Vol. 1, "Memory Operands in 64-Bit
  /// Mode").
  @inline(__always) func effectiveAddress(_ op: OpRef) -> UInt64 {
    let base = raw.load(fromByteOffset: Int(op.pointee.base), as: UInt64.self)
    let index = raw.load(fromByteOffset: Int(op.pointee.index), as: UInt64.self)
    let displacement = UInt64(bitPattern: Int64(op.pointee.displacement))
    return base &+ index &<< UInt64(op.pointee.scale) &+ displacement
  }

  /// Hands over to the next op of the block.
  @inline(__always) func next(_ op: OpRef) {
    let next = op + 1
    return next.pointee.handler(self, next)
  }

  /// Cycles at the boundary before an op of the running block.
  @inline(__always) func cycles(before op: OpRef) -> UInt64 {
    pointee.cycles &- blockCycles &+ UInt64(op.pointee.cyclesBefore)
  }

  @inline(__always) var blockCycles: UInt64 { pointee.block.map { UInt64($0.pointee.cycles) } ?? 0 }
  @inline(__always) var blockCount: UInt64 { pointee.block.map { UInt64($0.pointee.count) } ?? 0 }
}

extension DecodedOp {
  /// An op without operands: no base, no index, no place in a block yet.
  init(_ handler: @escaping Handler) {
    self.init(
      handler: handler, immediate: 0, displacement: 0, destination: 0, source: 0, base: UInt8(OffsetZero),
      index: UInt8(OffsetZero), scale: 0, number: 0, length: 0, detail: 0, ripOffset: 0, cyclesBefore: 0)
  }
}
