import Layout
import MMU

// Ops before an instruction whose memory operand is not simply a 64-bit linear address: they compute its linear address
// into the state, and the instruction's own op takes it from there as its base. Operand fields as the instruction's;
// `source` is the segment, `destination` the operand's bytes, or 0: the immediate's low half says them. Its
// high half is the unit that the instruction belongs to, whose faults come before those of the segment.

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// Base, index and displacement, truncated to the address size.
  @inline(__always) func offset(_ op: OpRef) -> UInt64 {
    let sum = effectiveAddress(op)
    if op.has(.address32) { return sum & 0xFFFF_FFFF }
    return op.has(.address16) ? sum & 0xFFFF : sum
  }
}

/// 32-bit addresses in flat segments.
func address32(_ s: State, _ op: OpRef) {
  s.pointee.linear = s.effectiveAddress(op) & 0xFFFF_FFFF
  return s.next(op)
}

/// 64-bit mode with FS, GS or 32-bit addresses.
func address64(_ s: State, _ op: OpRef) {
  let segment = Int(op.pointee.source)
  s.pointee.linear = s.offset(op) &+ (segment >= Segment.fs.rawValue ? s.segment(segment).pointee.base : 0)
  return s.next(op)
}

/// 64-bit mode, RIP-relative: the displacement and the way from the block to the instruction's end are too large a sum for
/// an op's displacement; the immediate is the way.
func addressFarFromBlock(_ s: State, _ op: OpRef) {
  let sum = s.effectiveAddress(op) &+ UInt64(bitPattern: op.pointee.immediate)
  let segment = Int(op.pointee.source)
  s.pointee.linear =
    (op.has(.address32) ? sum & 0xFFFF_FFFF : sum)
    &+ (segment >= Segment.fs.rawValue ? s.segment(segment).pointee.base : 0)
  return s.next(op)
}

/// A segment's base, limit and type.
func addressInSegment(_ s: State, _ op: OpRef) {
  let segment = Int(op.pointee.source)
  let field = UInt64(op.pointee.destination)
  let bytes = field != 0 ? field : UInt64(truncatingIfNeeded: op.pointee.immediate) & 0xFFFF_FFFF
  guard let linear = s.linear(segment, s.offset(op), bytes: bytes, isWrite: op.has(.writes)) else {
    let fault = s.fault(ofUnit: UInt8(truncatingIfNeeded: op.pointee.immediate >> 32))
    guard fault == 0 else { return unavailable(s, op, fault) }
    return raise(s, op, segment == Segment.ss.rawValue ? .stackFault : .generalProtection)
  }
  s.pointee.linear = linear
  return s.next(op)
}

/// A bit string whose bit a register numbers: it is the word that holds the bit which must lie in the segment. The
/// instruction's own op adds the word's distance; the register's offset stands in bits 48 up of the immediate.
func addressOfBit(_ s: State, _ op: OpRef) {
  let segment = Int(op.pointee.source)
  let bytes = UInt64(op.pointee.destination)
  let register = UInt8(truncatingIfNeeded: op.pointee.immediate >> 48)
  let unused = 64 &- Int64(bytes &* 8)
  let number = Int64(bitPattern: s.register(register, as: UInt64.self) &<< UInt64(unused)) &>> unused
  let distance = UInt64(bitPattern: number &>> Int64((bytes &* 8).trailingZeroBitCount)) &* bytes
  let offset = s.masked(s.effectiveAddress(op) &+ distance, op)
  guard let linear = s.linear(segment, offset, bytes: bytes, isWrite: op.has(.writes)) else {
    return raise(s, op, segment == Segment.ss.rawValue ? .stackFault : .generalProtection)
  }
  s.pointee.linear = linear &- distance
  return s.next(op)
}
