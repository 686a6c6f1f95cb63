import Layout
import MMU

// Execution of MMX and SSE instructions (SDM Vol. 2, "Instruction Exception Specification" and Vol. 3, "Effect of MMX
// Instructions on MMX State").

/// What an instruction of shape `vector` computes. One of the protocols below says which operands it asks for.
protocol VectorOperation {
  /// Of XMM registers.
  static func xmm(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed
  /// Of MMX registers: the low halves.
  static func mmx(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed
}

extension VectorOperation {
  @inline(__always) static func mmx(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed { xmm(a, b, s, op) }
}

/// destination = destination op source.
protocol VectorBinary: VectorOperation {
  static func apply(_ a: Packed, _ b: Packed) -> Packed
  /// The same for operands of 64 bits, where lanes do not stay in their places.
  static func applyLow(_ a: Packed, _ b: Packed) -> Packed
}

extension VectorBinary {
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed) -> Packed { apply(a, b) }
  @inline(__always) static func xmm(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed { apply(a, b) }
  @inline(__always) static func mmx(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed { applyLow(a, b) }
}

/// destination = op source.
protocol VectorUnary: VectorOperation {
  static func apply(_ a: Packed) -> Packed
}

extension VectorUnary {
  @inline(__always) static func xmm(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed { apply(b) }
}

/// destination = op of destination, source and immediate.
protocol VectorControlled: VectorOperation {
  static func apply(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed
  /// The same for operands of 64 bits, where lanes do not stay in their places.
  static func applyLow(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed
}

extension VectorControlled {
  @inline(__always) static func applyLow(_ a: Packed, _ b: Packed, _ control: UInt8) -> Packed { apply(a, b, control) }
  @inline(__always) static func xmm(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed {
    apply(a, b, Imm.value(UInt8.self, s, op))
  }
  @inline(__always) static func mmx(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed {
    applyLow(a, b, Imm.value(UInt8.self, s, op))
  }
}

/// destination = op of destination, source and XMM0.
protocol VectorBlend: VectorOperation {
  static func apply(_ a: Packed, _ b: Packed, _ mask: Packed) -> Packed
}

extension VectorBlend {
  @inline(__always) static func xmm(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed {
    apply(a, b, XMM.get(s, 0))
  }
}

/// destination = destination shifted by the source's low quadword.
protocol VectorShift: VectorOperation {
  static func apply(_ a: Packed, _ count: UInt64) -> Packed
}

extension VectorShift {
  @inline(__always) static func xmm(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed { apply(a, b.low) }
}

/// A shift by the immediate.
enum ByImmediate<I: VectorShift>: VectorOperation {
  @inline(__always) static func xmm(_ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed {
    I.apply(a, Imm.value(UInt64.self, s, op) & 0xFF)
  }
}

// MARK: Register files

/// XMM or MMX registers.
protocol VectorFile {
  /// The exception that the instruction raises, or 0.
  static func fault(_ s: State) -> UInt8
  /// The register of an operand.
  static func get(_ s: State, _ offset: UInt8) -> Packed
  static func set(_ s: State, _ offset: UInt8, _ value: Packed)
  /// What every instruction of the file does besides, once it cannot fault any more.
  static func enter(_ s: State)
  static func result<I: VectorOperation>(_: I.Type, _ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed
  /// Number of words less 1.
  static var wordMask: UInt8 { get }
}

enum XMM: VectorFile {
  @inline(__always) static func fault(_ s: State) -> UInt8 { s.vectors.pointee.sseFault }
  @inline(__always) static func get(_ s: State, _ offset: UInt8) -> Packed {
    Packed(s.raw.load(fromByteOffset: VectorStateOffset &+ Int(offset) &* 8, as: SIMD2<UInt64>.self))
  }
  @inline(__always) static func set(_ s: State, _ offset: UInt8, _ value: Packed) {
    s.raw.storeBytes(of: value.uq, toByteOffset: VectorStateOffset &+ Int(offset) &* 8, as: SIMD2<UInt64>.self)
  }
  @inline(__always) static func enter(_ s: State) {}
  @inline(__always)
  static func result<I: VectorOperation>(_: I.Type, _ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed {
    I.xmm(a, b, s, op)
  }
  static let wordMask: UInt8 = 7
}

/// MMX registers are the significands of the x87 data registers; each instruction makes all of them valid and TOP zero,
/// and each that writes one sets its sign and exponent to ones.
enum MMX: VectorFile {
  @inline(__always) static func fault(_ s: State) -> UInt8 { s.vectors.pointee.mmxFault }
  @inline(__always) static func get(_ s: State, _ offset: UInt8) -> Packed {
    Packed(low: s.raw.load(fromByteOffset: FPURegistersOffset &+ Int(offset) &* 2, as: UInt64.self), high: 0)
  }
  @inline(__always) static func set(_ s: State, _ offset: UInt8, _ value: Packed) {
    s.raw.storeBytes(
      of: SIMD2(value.low, 0xFFFF), toByteOffset: FPURegistersOffset &+ Int(offset) &* 2, as: SIMD2<UInt64>.self)
  }
  @inline(__always) static func enter(_ s: State) {
    s.vectors.pointee.fpuFull = 0xFF
    s.vectors.pointee.fpuStatus &= ~FPUStatus.top
  }
  @inline(__always)
  static func result<I: VectorOperation>(_: I.Type, _ a: Packed, _ b: Packed, _ s: State, _ op: OpRef) -> Packed {
    I.mmx(a, b, s, op)
  }
  static let wordMask: UInt8 = 3
}

// MARK: Memory operands

/// A memory operand: its size, and whether it must be aligned.
protocol VectorMemory {
  static var bytes: UInt64 { get }
  static var isAligned: Bool { get }
  static func load(_ memory: UnsafeMutableRawPointer) -> Packed
}

/// 16 bytes, aligned.
enum M128: VectorMemory {
  @inline(__always) static var bytes: UInt64 { 16 }
  @inline(__always) static var isAligned: Bool { true }
  @inline(__always) static func load(_ memory: UnsafeMutableRawPointer) -> Packed {
    Packed(memory.loadUnaligned(as: SIMD2<UInt64>.self))
  }
}

/// 16 bytes anywhere.
enum M128Unaligned: VectorMemory {
  @inline(__always) static var bytes: UInt64 { 16 }
  @inline(__always) static var isAligned: Bool { false }
  @inline(__always) static func load(_ memory: UnsafeMutableRawPointer) -> Packed { M128.load(memory) }
}

/// 8, 4 and 2 bytes, zero-extended.
enum M64: VectorMemory {
  @inline(__always) static var bytes: UInt64 { 8 }
  @inline(__always) static var isAligned: Bool { false }
  @inline(__always) static func load(_ memory: UnsafeMutableRawPointer) -> Packed {
    Packed(low: memory.get(UInt64.self), high: 0)
  }
}

enum M32: VectorMemory {
  @inline(__always) static var bytes: UInt64 { 4 }
  @inline(__always) static var isAligned: Bool { false }
  @inline(__always) static func load(_ memory: UnsafeMutableRawPointer) -> Packed {
    Packed(low: UInt64(memory.get(UInt32.self)), high: 0)
  }
}

enum M16: VectorMemory {
  @inline(__always) static var bytes: UInt64 { 2 }
  @inline(__always) static var isAligned: Bool { false }
  @inline(__always) static func load(_ memory: UnsafeMutableRawPointer) -> Packed {
    Packed(low: UInt64(memory.get(UInt16.self)), high: 0)
  }
}

extension VectorMemory {
  /// Whether the operand lies where an instruction that asks for alignment raises #GP(0).
  @inline(__always) static func isMisplaced(_ address: UInt64) -> Bool { isAligned && address & 15 != 0 }
}

// MARK: Execution

@inline(__always)
func vector<I: VectorOperation, F: VectorFile>(_: I.Type, _: F.Type, _ s: State, _ op: OpRef) {
  let fault = F.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  let a = F.get(s, op.pointee.destination)
  F.set(s, op.pointee.destination, F.result(I.self, a, F.get(s, op.pointee.source), s, op))
  F.enter(s)
  return s.next(op)
}

@inline(__always)
func vector<I: VectorOperation, F: VectorFile, M: VectorMemory>(
  _: I.Type, _: F.Type, _: M.Type, _ s: State, _ op: OpRef
) {
  let fault = F.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  let address = s.effectiveAddress(op)
  guard _fastPath(!M.isMisplaced(address)) else { return raise(s, op, .generalProtection) }
  guard let memory = s.readPointer(address, bytes: M.bytes) else { return missed(s, op) }
  let a = F.get(s, op.pointee.destination)
  F.set(s, op.pointee.destination, F.result(I.self, a, M.load(memory), s, op))
  F.enter(s)
  return s.next(op)
}

@inline(__always)
func vectorStore<F: VectorFile, M: VectorMemory>(_: M.Type, _: F.Type, _ s: State, _ op: OpRef) {
  let fault = F.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  let address = s.effectiveAddress(op)
  guard _fastPath(!M.isMisplaced(address)) else { return raise(s, op, .generalProtection) }
  guard let memory = s.writePointer(address, bytes: M.bytes) else { return missed(s, op) }
  memory.storeBytes(of: F.get(s, op.pointee.source).uq, as: SIMD2<UInt64>.self)
  F.enter(s)
  return s.next(op)
}

// MARK: Flags

/// Flags of destination and source; nothing is written.
protocol VectorTest {
  static func apply(_ a: Packed, _ b: Packed) -> Flags
}

@inline(__always)
func vectorTest<I: VectorTest, F: VectorFile>(_: I.Type, _: F.Type, _ s: State, _ op: OpRef) {
  let fault = F.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  s.flags = I.apply(F.get(s, op.pointee.destination), F.get(s, op.pointee.source))
  return s.next(op)
}

@inline(__always)
func vectorTest<I: VectorTest, F: VectorFile, M: VectorMemory>(
  _: I.Type, _: F.Type, _: M.Type, _ s: State, _ op: OpRef
) {
  let fault = F.fault(s)
  guard _fastPath(fault == 0) else { return unavailable(s, op, fault) }
  let address = s.effectiveAddress(op)
  guard _fastPath(!M.isMisplaced(address)) else { return raise(s, op, .generalProtection) }
  guard let memory = s.readPointer(address, bytes: M.bytes) else { return missed(s, op) }
  s.flags = I.apply(F.get(s, op.pointee.destination), M.load(memory))
  return s.next(op)
}
